//! What the product does, without HTTP of its own, SQL text or a command line.
//!
//! [`Services`] joins the lake, the ledger and a clock; everything the command line and the API offer is a method on it or one of
//! the parts here:
//!
//! * [`collect`] keeps one supervised task per source that fetches Asana's audit log;
//! * [`ingest`](Services::ingest) takes events from files through the same intake;
//! * [`sources`] adds, changes and tests sources; [`quarantine`] lists and replays what was refused;
//! * [`alerts`], [`recorded`], [`capped`] and [`risk`] show what was found; [`people`] shows about whom; [`policies`], [`ranges`] and [`suppressions`] are what the
//!   owner sets about it;
//! * [`live`] tells of changes as they come;
//! * [`access`] is who may do what, and who did;
//! * [`maintenance`] compacts, retains and vacuums the lake.
//!
//! # Invariants
//! * Events reach the lake first, durably; then one ledger transaction moves the cursor. A crash anywhere repeats a batch, and the
//!   lake drops what it has.
//! * Whoever writes for a source holds its lease.

mod error;
mod evaluators;
mod holder;
mod installation;
mod intake;
mod query_tables;
mod words;

pub mod about;
pub mod access;
pub mod alerts;
pub mod backtest;
pub mod capped;
pub mod collect;
pub mod doctor;
pub mod enrichment;
pub mod ingest;
pub mod live;
pub mod maintenance;
pub mod people;
pub mod policies;
pub mod quarantine;
pub mod ranges;
pub mod recorded;
pub mod risk;
pub mod search;
pub mod sources;
pub mod suppressions;
pub mod tables;
pub mod views;
pub mod watch;

pub use drishti_asana::Proxy;
pub use drishti_detect as detect;
pub use drishti_lake::{
    Answer, EventFilter, EventPosition, ExportFormat, FACET_VALUES_MAX, Facet, FacetField, Format,
    HistogramBucket, LakeError, LakeLocation, PlaceSeen, QUERY_STACK_BYTES, QueryLimits,
    Statistics, StoredEvent, ValueFilter, ValueKind,
};
pub use drishti_ledger::{
    ALERTS_AT_ONCE_MAX, AccountFilter, AlertChange, AlertCursor, AlertFilter, AlertOrder,
    AlertState, ApiToken, Assignee, AuditFilter, Classification, HealthFilter, Ledger, LedgerError,
    NewApiToken, NewSavedView, NewSource, Operator, OperatorChange, PersonFact, PolicyCount,
    PolicyOverrides, PolicySettings, Progress, QuarantineEntry, QuarantineFilter, SavedView,
    SealingKey, Session, SignalFilter, Source, SourceChange, SourceStatus, StoredAccount,
    StoredAuditEntry, StoredHealthEvent, Triage, VIEW_NAME_CHARS_MAX, VIEW_QUERY_BYTES_MAX,
    Verdicts, ViewPage, token_author,
};
pub use error::ServiceError;
pub use holder::holder_name;
pub use installation::{Installation, Services};
pub use intake::{CLOCK_AHEAD_MAX, EARLIEST_EVENT_YEAR};
pub use query_tables::{QueryColumn, QueryTable};
pub use words::{grouped, shell_word};
