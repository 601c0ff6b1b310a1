//! The ledger: Drishti's application database, on SQLite or PostgreSQL with one query code.
//!
//! It keeps what must survive a restart and is not an event: [sources](Source) and their sealed tokens, how far each is collected
//! ([`Progress`]), which spans are known complete, what was set aside ([`QuarantineEntry`]), health, accounts, settings, secrets,
//! and who works on a source ([`Lease`]); of detecting what the engines remember ([`Generation`]), [alerts](Alert) and what people make
//! of them ([`Triage`]), what is set about policies and addresses, who may sign in ([`Operator`]), and the audit trail. Events themselves are in the lake.
//! `docs/LEDGER.md` tells of the tables.
//!
//! * Every change is one transaction: it is there whole and durable when the call returns, or not at all.
//! * Whoever moves a source's progress shows a [`Lease`]; its fence is checked inside the transaction, so a holder that was
//!   overtaken can't write ([`LedgerError::LeaseLost`]).
//! * Time is an argument. Secrets are sealed with a [`SealingKey`] that is not in the database.

mod accounts;
mod address;
mod alerts;
mod api_tokens;
mod audit;
mod changes;
mod credentials;
mod detection;
mod enrichment;
mod error;
mod health;
mod leases;
mod migrations;
mod open;
mod openid;
mod operators;
mod own_policies;
mod people_facts;
mod people_seen;
mod policies;
mod policy_days;
mod policy_files;
mod progress;
mod quarantine;
mod repeatable;
mod risk;
mod rows;
mod secrets;
mod sessions;
mod settings;
mod signals;
mod sources;
mod sqlite;
mod suppressions;
mod tables;
mod transaction;
mod trim;
mod value;
mod views;

pub use accounts::{AccountFilter, AccountSync, StoredAccount, SyncSummary};
pub use alerts::{
    ALERT_COMMENT_CHARS_MAX, ALERT_EVENTS_FIRST, ALERT_EVENTS_MAX, ALERT_HISTORY_MAX,
    ALERT_ID_BYTES_MAX, ALERT_JSON_BYTES_MAX, ALERT_TEXT_CHARS_MAX, ALERTED_ENTITIES_MAX,
    ALERTS_AT_ONCE_MAX, Alert, AlertAction, AlertChange, AlertChanges, AlertCounts, AlertCursor,
    AlertDetail, AlertEntity, AlertEvent, AlertFilter, AlertHistory, AlertOrder, AlertReasons,
    AlertState, Assignee, Classification, DETECTION_AUTHOR, DetectedAlert, OpenAlerts, Triage,
    Verdicts,
};
pub use api_tokens::{API_TOKENS_MAX, ApiToken, NewApiToken, TOKEN_NAME_CHARS_MAX, token_author};
pub use audit::{AUDIT_JSON_BYTES_MAX, AuditEntry, AuditFilter, StoredAuditEntry};
pub use changes::{AlertStanding, HealthNote, Look, SourceStanding};
pub use credentials::OperatorSecrets;
pub use detection::{
    DetectionStep, Generation, Preview, STATE_BYTES_MAX, SavedStep, StateChange, StateKind,
    StateRow,
};
pub use enrichment::{
    FEED_LOCATION_CHARS_MAX, FEEDS_MAX, Feed, FeedFetch, IpRange, NewFeed, RANGES_MAX,
};
pub use error::LedgerError;
pub use health::{HEALTH_EVENTS_MAX, HealthFilter, SourceStatus, StoredHealthEvent};
pub use leases::Lease;
pub use open::{BUSY_SECONDS_MAX, CHECK_BYTES_MAX, Ledger};
pub use openid::{OPENID_AUTHOR, OpenIdIdentity, OpenIdSignIn};
pub use operators::{NewOperator, OPERATORS_MAX, Operator, OperatorChange};
pub use own_policies::{OWN_POLICIES_MAX, OWN_POLICY_BYTES_MAX, OwnPolicy};
pub use people_facts::{PEOPLE_FACTS_MAX, PEOPLE_PROVIDERS_MAX, PeopleProvider, PersonFact};
pub use people_seen::{PEOPLE_SEEN_MAX, PeopleSeen, PersonSeen};
pub use policies::{POLICY_SETTINGS_MAX, PolicyOverrides, PolicyPause, PolicySettings, PolicyStep};
pub use policy_days::PolicyCount;
pub use policy_files::POLICY_FILES_AUTHOR;
pub use progress::{Advance, Position, Progress, Window};
pub use quarantine::{QUARANTINE_RAW_BYTES_MAX, QuarantineEntry, QuarantineFilter, Quarantined};
pub use repeatable::{
    KeptAnswer, REPEATABLE_ANSWER_BYTES_MAX, REPEATABLE_REQUESTS_MAX, REPEATABLE_SPAN,
    RepeatableRequest, Repetition,
};
pub use risk::{PersonRisk, RISK_ADDENDS_MAX, RISK_DAYS, RiskAddend, RiskCause, RiskEvent};
pub use secrets::SealingKey;
pub use sessions::{SESSIONS_MAX, Session, SessionSpan};
pub use signals::{SIGNAL_EVENTS_MAX, SIGNALS_A_DAY_MAX, Signal, SignalFilter, StoredSignal};
pub use sources::{NewSource, Source, SourceChange};
pub use suppressions::{
    NewSuppression, SUPPRESSION_DAYS_MAX, SUPPRESSIONS_MAX, Suppression, SuppressionHits,
};
pub use trim::{KeptDays, Trimmed};
pub use views::{
    NewSavedView, SavedView, VIEW_NAME_CHARS_MAX, VIEW_QUERY_BYTES_MAX, VIEWS_MAX,
    VIEWS_OF_OWNER_MAX, ViewAuthor, ViewPage,
};

/// Most rows that one listing returns, whatever limit it is asked for.
pub const ROWS_MAX: u64 = 10_000;
/// Most characters of a name that people give, such as that of a range or an author.
pub const NAME_CHARS_MAX: usize = 200;
/// Most characters of a reason that people give.
pub const REASON_CHARS_MAX: usize = 2_000;
/// Most bytes of a piece of JSON that people give, such as the parameters of a policy.
pub const JSON_BYTES_MAX: usize = 64 << 10;
