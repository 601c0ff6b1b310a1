use std::time::Duration;

use drishti_asana::AsanaError;
use drishti_lake::LakeError;
use drishti_ledger::LedgerError;
use drishti_model::{ErrorKind, NameError, SourceName};
use thiserror::Error;

/// What can go wrong in a service. [`ServiceError::advice`] says what to do.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// Asana could not be read.
    #[error(transparent)]
    Asana(#[from] AsanaError),
    /// The lake could not be read or written.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The ledger could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no such source.
    #[error("no source is called `{0}`")]
    NoSuchSource(SourceName),
    /// A source without what it needs to be collected.
    #[error("source `{name}` can't be collected: {missing}")]
    Incomplete {
        /// Which source.
        name: SourceName,
        /// What is missing.
        missing: &'static str,
    },
    /// Another process works on the source.
    #[error("source `{name}` is being worked on by {holder}")]
    Held {
        /// Which source.
        name: SourceName,
        /// Who holds it.
        holder: String,
    },
    /// The lease ended while working.
    #[error("the lease on source `{0}` was lost to another process")]
    LeaseLost(SourceName),
    /// A setting is outside its bounds.
    #[error("setting `{field}` of a source: {problem}")]
    Setting {
        /// Which setting.
        field: &'static str,
        /// What is wrong with it, and what it may be.
        problem: String,
    },
    /// A name that can't be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A Sumo Logic document that can't be understood.
    #[error("reading a Sumo Logic source: {0}")]
    SumoSource(String),
    /// The token sees no workspace.
    #[error("the token sees no workspace")]
    NoWorkspace,
    /// Asana showed a workspace without any people.
    #[error("asana shows nobody in the workspace of source `{0}`")]
    NobodySeen(SourceName),
    /// A file or stream could not be read.
    #[error("reading `{origin}`")]
    Read {
        /// The file's name, or `-`.
        origin: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A task of ours ended in a way that it never should.
    #[error("{0} stopped unexpectedly")]
    TaskDied(&'static str),
}

impl ServiceError {
    /// Whose fault it is, and so whether trying again can help.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Asana(error) => error.kind(),
            Self::Incomplete { .. } | Self::Setting { .. } | Self::NoWorkspace => {
                ErrorKind::ThirdPartyConfig
            }
            _ => ErrorKind::FirstPartyGeneric,
        }
    }

    /// What to do, in plain words; empty where the text says it all.
    pub fn advice(&self) -> String {
        match self {
            Self::Asana(error) => error.advice().to_string(),
            Self::Ledger(error) => error.advice().unwrap_or_default().to_owned(),
            Self::Lake(LakeError::Gone(_)) => "Put the lake folder back from a backup and restart the source. Without a backup, restart Drishti: it begins a new lake and fetches again what Asana still has (90 days).".to_owned(),
            Self::Lake(
                LakeError::Location { .. }
                | LakeError::Query(_)
                | LakeError::QueryTime(_)
                | LakeError::QueryMemory(_)
                | LakeError::AnswerSize(_),
            ) => String::new(),
            Self::Lake(_) => "Look at the cause above: a full disk, missing rights or an unreachable object store are the usual ones. Drishti tries again by itself.".to_owned(),
            Self::NoSuchSource(_) => "`drishti sources list` shows the names.".to_owned(),
            Self::Incomplete { .. } => "Give it with `drishti sources update`.".to_owned(),
            Self::Held { .. } => "Wait until it is done, pause the source (`drishti sources pause`) or stop the other process; the lease of one that is gone ends by itself within a minute.".to_owned(),
            Self::NoWorkspace => "Use the token of a service account of the organisation (Admin Console, Apps, Service accounts).".to_owned(),
            _ => String::new(),
        }
    }

    /// How long Asana wants to be left alone, where it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Asana(error) => error.retry_after(),
            _ => None,
        }
    }

    /// A stable name for health events and problem documents.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Asana(error) => match error.status() {
                Some(401) => "TokenRejected",
                Some(402) => "PlanTooLow",
                Some(403) => "AccessDenied",
                Some(404) => "WorkspaceNotFound",
                Some(429) => "RateLimited",
                Some(500..=599) => "AsanaUnavailable",
                Some(_) => "AsanaRefused",
                None if error.kind() == ErrorKind::ThirdPartyConfig => "SettingsInvalid",
                None => "AsanaUnreachable",
            },
            Self::Lake(error) if error.is_gone() => "LakeGone",
            Self::Lake(_) => "LakeFailed",
            Self::Ledger(_) => "LedgerFailed",
            Self::NoSuchSource(_) => "NoSuchSource",
            Self::Incomplete { .. } => "SourceIncomplete",
            Self::Held { .. } => "HeldElsewhere",
            Self::LeaseLost(_) => "LeaseLost",
            Self::Setting { .. } | Self::Name(_) | Self::SumoSource(_) => "SettingsInvalid",
            Self::NoWorkspace => "NoWorkspace",
            Self::NobodySeen(_) => "NobodySeen",
            Self::Read { .. } => "ReadFailed",
            Self::TaskDied(_) => "TaskDied",
        }
    }
}
