//! The ledger: Drishti's application database, on SQLite or PostgreSQL with one query code.
//!
//! It keeps what must survive a restart and is not an event: [sources](Source) and their sealed tokens, how far each is collected
//! ([`Progress`]), which spans are known complete, what was set aside ([`QuarantineEntry`]), health, accounts, settings, secrets,
//! and who works on a source ([`Lease`]). Events themselves are in the lake. `docs/LEDGER.md` tells of the tables.
//!
//! * Every change is one transaction: it is there whole and durable when the call returns, or not at all.
//! * Whoever moves a source's progress shows a [`Lease`]; its fence is checked inside the transaction, so a holder that was
//!   overtaken can't write ([`LedgerError::LeaseLost`]).
//! * Time is an argument. Secrets are sealed with a [`SealingKey`] that is not in the database.

mod accounts;
mod address;
mod error;
mod health;
mod leases;
mod migrations;
mod open;
mod progress;
mod quarantine;
mod secrets;
mod settings;
mod sources;
mod sqlite;
mod tables;
mod transaction;
mod value;

pub use accounts::{AccountFilter, AccountSync, StoredAccount, SyncSummary};
pub use error::LedgerError;
pub use health::{HEALTH_EVENTS_MAX, HealthFilter, SourceStatus, StoredHealthEvent};
pub use leases::Lease;
pub use open::{BUSY_SECONDS_MAX, CHECK_BYTES_MAX, Ledger};
pub use progress::{Advance, Position, Progress, Window};
pub use quarantine::{QUARANTINE_RAW_BYTES_MAX, QuarantineEntry, QuarantineFilter, Quarantined};
pub use secrets::SealingKey;
pub use sources::{NewSource, Source, SourceChange};

/// Most rows that one listing returns, whatever limit it is asked for.
pub const ROWS_MAX: u64 = 10_000;
