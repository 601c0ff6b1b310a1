use drishti_ledger::AlertState;
use drishti_model::{HealthSeverity, HealthStatus, Severity, SourceName, SourceScope, SourceState};

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An alert is new or has changed.
    Alert {
        /// Which one.
        id: String,
        /// Of which source.
        source: SourceName,
        /// How bad it is.
        severity: Severity,
        /// How far people are with it.
        state: AlertState,
        /// One more with each change by people.
        revision: i64,
        /// Whether it was not there before.
        is_new: bool,
        /// Whether nobody is to be called about it.
        is_quiet: bool,
    },
    /// Alerts of a source are gone.
    AlertsGone {
        /// Of which source.
        source: SourceName,
    },
    /// A source is new, stands elsewhere, was asked for events or has newer ones.
    Source {
        /// Which one.
        name: SourceName,
        /// Its state, as its newest health event has it.
        state: SourceState,
        /// Whether it works.
        status: HealthStatus,
    },
    /// A source is gone.
    SourceGone {
        /// Which one.
        name: SourceName,
    },
    /// Something happened to the health of a source.
    Health {
        /// Which health event.
        id: i64,
        /// Of which source.
        source: SourceName,
        /// What happened, as a name.
        name: String,
        /// How bad it is.
        severity: HealthSeverity,
    },
    /// Something was set about a policy.
    Policy {
        /// Which one.
        name: String,
    },
    /// Events were collected.
    Events {
        /// Of which source.
        source: SourceName,
        /// How many.
        count: u64,
    },
    /// More has changed than can be told one by one: everything is to be read anew.
    Everything,
}

impl Change {
    /// Whether those may know who see only the sources of `scope`.
    pub fn is_visible(&self, scope: &SourceScope) -> bool {
        match self {
            Self::Alert { source, .. }
            | Self::AlertsGone { source }
            | Self::Source { name: source, .. }
            | Self::SourceGone { name: source }
            | Self::Health { source, .. }
            | Self::Events { source, .. } => scope.has(source),
            // Policies are those of all sources together.
            Self::Policy { .. } => scope.is_all(),
            Self::Everything => true,
        }
    }
}
