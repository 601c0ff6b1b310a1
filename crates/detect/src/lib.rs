//! Policies in, alerts out.
//!
//! Everything here is synchronous and pure: events, tables, people and policies come in as arguments, findings go out. Nothing
//! reads the clock, a database or the network; files are read only where their path is an argument.

mod activity;
pub mod enrich;
mod finding;
mod people;
mod policy;
mod state;
mod verdict;

pub use activity::ActivityEngine;
pub use finding::{
    Comparison, Entity, EntityKind, EventReference, Explanation, FINDING_EVENTS_MAX, Finding,
    PolicyId, Rarity,
};
pub use people::{People, PersonFacts, Terminated};
pub use policy::{
    Activity, AfterResolution, Audience, Evaluate, Grouping, Mode, POLICIES_MAX,
    POLICY_FILE_BYTES_MAX, Pack, Policy, PolicyError, PolicyKind, PolicyTest, Scope, SeverityCase,
    Subject, TestReport, TestResult, run_tests,
};
pub use state::StateRow;
pub use verdict::Verdict;
