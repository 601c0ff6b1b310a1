//! What is not to be told until a time.

use serde::{Deserialize, Serialize};

/// What a match must be like for a suppression to keep it quiet; what is left out does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppressionConditions {
    /// Only about whoever or whatever has this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
}
