use serde::{Deserialize, Serialize};

use crate::Finding;

/// Why a policy speaks about an event, or why it does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "why")]
pub enum Verdict {
    /// It speaks.
    Raised(Box<Finding>),
    /// It does not: the reasons, a sentence each, the nearest miss first.
    Quiet(Vec<String>),
    /// It cannot tell, because the event lacks something: what, a sentence.
    NotEvaluable(String),
}
