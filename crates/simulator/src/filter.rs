//! Which events a reader asks for.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::plan::Entry;
use crate::scene::Stage;

/// The filters of the audit log; all given ones must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    /// Inclusive.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub(crate) start_at: Option<Millis>,
    /// Exclusive.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub(crate) end_at: Option<Millis>,
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub(crate) event_type: Option<String>,
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub(crate) actor_type: Option<String>,
    #[serde(rename = "g", skip_serializing_if = "Option::is_none")]
    pub(crate) actor_gid: Option<u64>,
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub(crate) resource_gid: Option<u64>,
}

impl Filter {
    /// Chooses by more than time.
    pub(crate) fn looks_inside(&self) -> bool {
        self.event_type.is_some()
            || self.actor_type.is_some()
            || self.actor_gid.is_some()
            || self.resource_gid.is_some()
    }

    /// Whether an event within the time bounds is asked for.
    pub(crate) fn matches(&self, stage: &Stage, slot_start: Millis, entry: &Entry) -> bool {
        if let Some(event_type) = &self.event_type
            && stage.catalogue.kind(entry.kind).event_type != event_type
        {
            return false;
        }
        if self.actor_type.is_none() && self.actor_gid.is_none() && self.resource_gid.is_none() {
            return true;
        }
        let scene = stage.scene(slot_start, entry);
        self.actor_type
            .as_ref()
            .is_none_or(|actor_type| scene.who.actor_type() == actor_type)
            && self
                .actor_gid
                .is_none_or(|gid| scene.actor_gid() == Some(gid))
            && self
                .resource_gid
                .is_none_or(|gid| scene.resource_gid() == gid)
    }
}
