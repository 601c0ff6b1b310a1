//! The vocabulary of Drishti, without input or output.
//!
//! Every other crate speaks in these types: an [`AuditEvent`] and the people in it, a source and its states, the spans of time
//! that are known complete ([`Coverage`]), a [`Clock`] that is always an argument, and the [`Secret`] type. Nothing here reads a
//! file, a socket, a database or the time of day (the one exception is [`SystemClock`], which the binary creates once).

mod access;
mod account;
mod clock;
mod coverage;
mod enrichment;
mod event;
mod health;
mod secret;
mod severity;
mod source;

pub use access::{Role, SourceScope};
pub use account::{Account, AccountRole, AccountStatus};
pub use clock::{Clock, ManualClock, SystemClock};
pub use coverage::{Coverage, TimeRange};
pub use enrichment::{AddressCategory, AddressFacts, Device, DeviceKind, EnrichedEvent};
pub use event::{Actor, AuditEvent, Context, Resource, canonical_time};
pub use health::{ErrorKind, HealthEvent, HealthSeverity, HealthStatus};
pub use secret::Secret;
pub use severity::Severity;
pub use source::{
    Backfill, CollectSettings, DesiredState, NameError, SourceName, SourceProfile, SourceState,
};
