//! Policies in, alerts out.
//!
//! Everything here is synchronous and pure: events, tables, people and policies come in as arguments, findings go out. Nothing
//! reads the clock, a database or the network; files are read only where their path is an argument.

mod activity;
mod alert;
mod anomaly;
mod baseline;
mod detector;
pub mod enrich;
mod finding;
mod habits;
mod journal;
mod people;
mod policy;
mod presence;
mod state;
mod verdict;

pub use activity::{ActivityEngine, Field, FieldCensus, FieldKind, fields};
pub use alert::{
    ALERT_EVENTS_KNOWN_MAX, Alert, AlertGrouper, Change, GROUPS_MAX, GroupingSettings,
    PolicyLimits, Suppression,
};
pub use anomaly::{
    AnomalyEngine, BaselineSizes, DETECTORS, Parameter, ParameterRange, detector_parameters,
};
pub use baseline::{ADDRESSES_MAX, OAUTH_APPS_MAX, PEOPLE_MAX, VALUES_MAX};
pub use detector::{ActivityStage, AnomalyStage, Detector, ENGINE_VERSION, NotEvaluable};
pub use finding::{
    Comparison, Entity, EntityKind, EventReference, Explanation, FINDING_EVENTS_MAX, Finding,
    PolicyId, Rarity,
};
pub use habits::{ActionHabit, HabitReader, Habits, HourHabit, PeerHabit, PlaceHabit, Usual};
pub use people::{People, PersonFacts, Terminated};
pub use policy::{
    Activity, AfterResolution, Audience, Evaluate, FilterFile, Grouping, Mode, POLICIES_MAX,
    POLICY_FILE_BYTES_MAX, Pack, Policy, PolicyError, PolicyKind, PolicyTest, Remark, RemarkLevel,
    Scope, SeverityCase, Subject, TestReport, TestResult, lint, run_tests,
};
pub use presence::{Presence, Presences};
pub use state::StateRow;
pub use verdict::Verdict;
