use drishti_services::live::Change;
use serde::Serialize;
use utoipa::ToSchema;

/// What is told: small, and what it is about is to be read by its own address.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum StreamChange<'a> {
    /// The stream has begun, and nothing was missed since the event that was named, if one was.
    Ready,
    /// Changes were missed: what is shown is to be read anew.
    Reset,
    /// An alert is new or has changed.
    Alert {
        /// Its id.
        id: &'a str,
        /// Name of its source.
        source: &'a str,
        /// `informational`, `low`, `medium`, `high` or `critical`.
        severity: &'static str,
        /// `new`, `in_review` or `resolved`.
        state: &'static str,
        /// One more with each change by people.
        revision: i64,
        /// Whether it was not there before.
        is_new: bool,
        /// Whether a suppression or a daily cap keeps it quiet.
        is_quiet: bool,
    },
    /// Alerts are gone, because detection no longer finds them.
    AlertsGone {
        /// Name of their source.
        source: &'a str,
    },
    /// A source is new, changed, was asked for events or has newer ones.
    Source {
        /// Its name.
        name: &'a str,
        /// The state of its newest health event, such as `Collecting`; `Pending` where it only takes files.
        state: &'static str,
        /// `Healthy` or `Unhealthy`.
        status: &'static str,
    },
    /// A source is gone.
    SourceGone {
        /// Its name.
        name: &'a str,
    },
    /// A health event.
    Health {
        /// Its number.
        id: i64,
        /// Name of the source.
        source: &'a str,
        /// What happened, as a name.
        name: &'a str,
        /// `Information`, `Warning` or `Error`.
        severity: &'static str,
    },
    /// Something was set about a policy. Told to those who may see all sources.
    Policy {
        /// Name of the policy.
        name: &'a str,
    },
    /// Events were collected.
    Events {
        /// Name of the source.
        source: &'a str,
        /// How many.
        count: u64,
    },
}

impl<'a> From<&'a Change> for StreamChange<'a> {
    fn from(change: &'a Change) -> Self {
        match change {
            Change::Alert {
                id,
                source,
                severity,
                state,
                revision,
                is_new,
                is_quiet,
            } => Self::Alert {
                id,
                source: source.as_str(),
                severity: severity.as_str(),
                state: state.as_str(),
                revision: *revision,
                is_new: *is_new,
                is_quiet: *is_quiet,
            },
            Change::AlertsGone { source } => Self::AlertsGone {
                source: source.as_str(),
            },
            Change::Source {
                name,
                state,
                status,
            } => Self::Source {
                name: name.as_str(),
                state: state.as_str(),
                status: status.as_str(),
            },
            Change::SourceGone { name } => Self::SourceGone {
                name: name.as_str(),
            },
            Change::Health {
                id,
                source,
                name,
                severity,
            } => Self::Health {
                id: *id,
                source: source.as_str(),
                name,
                severity: severity.as_str(),
            },
            Change::Policy { name } => Self::Policy { name },
            Change::Events { source, count } => Self::Events {
                source: source.as_str(),
                count: *count,
            },
            Change::Everything => Self::Reset,
        }
    }
}
