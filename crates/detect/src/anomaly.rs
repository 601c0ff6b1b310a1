//! Detectors that compare an event with what is usual: code with published parameters (`docs/DETECTION.md`).
//!
//! Each event is judged on what was known before it, and is learned from once afterwards. Only what a detector says depends on its
//! policy; what is usual does not, so a changed policy needs no new learning.

mod address;
mod administration;
mod apps;
mod borders;
mod catalogue;
mod country;
mod dormant;
mod engine;
mod failures;
mod hours;
mod impersonation;
mod leaving;
mod mass;
mod moment;
mod new_activity;
mod newness;
mod parameters;
mod patience;
mod programs;
mod rarity;
mod spray;
mod terminated;
mod travel;
mod weakened;
mod words;

pub use catalogue::{DETECTORS, detector_parameters};
pub use engine::{AnomalyEngine, BaselineSizes};
pub(crate) use moment::ACTIVE_DAYS_MIN;
pub use parameters::{Parameter, ParameterRange};
