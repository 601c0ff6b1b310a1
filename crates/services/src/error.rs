use std::time::Duration;

use chrono::TimeDelta;
use drishti_asana::AsanaError;
use drishti_detect::enrich::EnrichError;
use drishti_lake::LakeError;
use drishti_ledger::LedgerError;
use drishti_model::{ErrorKind, NameError, SourceName};
use thiserror::Error;

use crate::policies::Origin;

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
    /// A source that its owner has set aside.
    #[error("source `{0}` is paused")]
    Paused(SourceName),
    /// A source that stands in a configuration file, which would undo a change made elsewhere.
    #[error("source `{name}` is kept as {} says", quoted(.file.as_deref()))]
    Declared {
        /// Which source.
        name: SourceName,
        /// The configuration file, where it is known.
        file: Option<String>,
    },
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
    /// No event has this gid.
    #[error("no event in the lake has the gid `{0}`")]
    NoSuchEvent(String),
    /// No alert has this id, or several begin with it.
    #[error("no alert, or more than one, has an id that begins with `{0}`")]
    NoSuchAlert(String),
    /// No policy has this name.
    #[error("no policy is called `{0}`")]
    NoSuchPolicy(String),
    /// A policy that is to be written has a name that another one has.
    #[error("a policy called `{name}` is there, which {}", .origin.told())]
    PolicyTaken {
        /// Which.
        name: String,
        /// Where it comes from.
        origin: Origin,
    },
    /// A policy that was not written here can't be written anew or removed here.
    #[error("policy `{name}` {}", .origin.told())]
    NotOwnPolicy {
        /// Which.
        name: String,
        /// Where it comes from.
        origin: Origin,
    },
    /// A text is no policy that could be put in force.
    #[error("{}{problem}", line_of(*.line))]
    InvalidPolicy {
        /// In which line, where that is known.
        line: Option<usize>,
        /// What is wrong.
        problem: String,
        /// What to do about it; empty where the problem says it.
        advice: String,
    },
    /// Nobody is known by this, or several are.
    #[error("nobody, or more than one person, is known as `{0}`")]
    NoSuchPerson(String),
    /// What was given can't be taken; nothing was changed.
    #[error("{doing}: {problem}")]
    Refused {
        /// What was to be done.
        doing: String,
        /// What is wrong with what was given.
        problem: String,
        /// What to give instead; empty where the problem says it.
        advice: String,
    },
    /// A file could not be fetched.
    #[error("fetching `{from}`: {problem}")]
    Fetch {
        /// Its address, without what may be secret.
        from: String,
        /// Why not.
        problem: String,
    },
    /// Tables are being fetched already.
    #[error("tables are being fetched already")]
    UpdateRunning,
    /// A configuration file says for how many days events are kept.
    #[error("{} says for how many days events are kept", quoted(.file.as_deref()))]
    RetentionDeclared {
        /// The configuration file, where it is known.
        file: Option<String>,
    },
    /// What is known of addresses could not be read.
    #[error(transparent)]
    Enrich(#[from] EnrichError),
    /// Somebody does not know the password that they say is theirs.
    #[error("the password is not the one of this operator")]
    WrongPassword,
    /// Too many passwords or codes of one operator were tried.
    #[error("too many attempts with the name of this operator")]
    TooManyAttempts {
        /// How long to wait.
        wait: TimeDelta,
    },
    /// A second factor is set up already.
    #[error("a second factor is set up already")]
    HasTotp,
    /// More passwords are waiting to be checked than should.
    #[error("too many passwords are being checked at once")]
    Busy,
    /// A password could not be hashed, or a second factor not be made.
    #[error("working on a secret of an operator: {0}")]
    Hash(String),
    /// The threads on which events are judged can't be started.
    #[error("starting the threads that evaluate events")]
    Threads(#[source] rayon::ThreadPoolBuildError),
    /// A task of ours ended in a way that it never should.
    #[error("{0} stopped unexpectedly")]
    TaskDied(&'static str),
}

impl ServiceError {
    /// Whose fault it is, and so whether trying again can help.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Asana(error) => error.kind(),
            Self::Incomplete { .. }
            | Self::Setting { .. }
            | Self::NoWorkspace
            | Self::Paused(_)
            | Self::RetentionDeclared { .. }
            | Self::Declared { .. } => ErrorKind::ThirdPartyConfig,
            _ => ErrorKind::FirstPartyGeneric,
        }
    }

    /// What to do, in plain words; empty where the text says it all.
    pub fn advice(&self) -> String {
        match self {
            Self::Asana(error) => error.advice().to_string(),
            Self::Ledger(LedgerError::SourceExists(_)) => "Take another name, or change the source that has it with `drishti sources update`; `drishti sources list` shows all of them.".to_owned(),
            Self::Ledger(LedgerError::PolicyExists(_)) => "Take another name, or change the policy that has it.".to_owned(),
            Self::Ledger(LedgerError::NoSuchRange(_)) => "`drishti ranges list` shows the names.".to_owned(),
            Self::Ledger(LedgerError::RangeExists(_)) => "Take another name, or change the range that has it with `drishti ranges change`.".to_owned(),
            Self::Ledger(LedgerError::NoSuchSuppression(_)) => "`drishti suppressions list --all` shows the numbers.".to_owned(),
            Self::Ledger(LedgerError::NoSuchOperator(_)) => "`drishti operators list` shows the names.".to_owned(),
            Self::Ledger(LedgerError::OperatorExists(_) | LedgerError::ApiTokenExists(_) | LedgerError::ViewExists(_)) | Self::PolicyTaken { .. } => "Take another name.".to_owned(),
            Self::Ledger(LedgerError::LastAdmin(_)) => "Make another operator an admin of all sources first.".to_owned(),
            Self::Ledger(error) => error.advice().unwrap_or_default().to_owned(),
            Self::Lake(LakeError::Gone(_)) => "Put the lake folder back from a backup, then restart Drishti: it does not go on with a folder that took the place of the one it opened. Without a backup, restart it all the same: it begins a new lake and fetches again what Asana still has (90 days).".to_owned(),
            Self::Lake(LakeError::Superseded { .. }) => "Another process wrote events of this source at the same time, which its lease should prevent: see that no older Drishti writes to this lake, and that all of them use the same ledger. Nothing is lost; Drishti reads where the lake stands and goes on by itself.".to_owned(),
            Self::Lake(LakeError::Query(words)) if is_about_a_table(words) => "The tables are `events`, `sources` and `accounts`; docs/LAKE.md names their columns.".to_owned(),
            Self::Lake(
                LakeError::Location { .. }
                | LakeError::Query(_)
                | LakeError::QueryTime(_)
                | LakeError::QueryMemory(_)
                | LakeError::AnswerSize(_)
                | LakeError::ExportSize { .. },
            ) => String::new(),
            Self::Lake(_) => "Look at the cause above: a full disk, missing rights or an unreachable object store are the usual ones. Drishti tries again by itself.".to_owned(),
            Self::NoSuchSource(_) => "`drishti sources list` shows the names.".to_owned(),
            Self::Paused(_) => "`drishti sources resume` takes it up again.".to_owned(),
            Self::Declared { .. } => "Change it there, then start `drishti serve` anew. Where it stands there no longer, that start lets it be changed and removed like any other.".to_owned(),
            Self::UpdateRunning => "Wait until that is done.".to_owned(),
            Self::RetentionDeclared { .. } => "Change `retention_days` there, then start `drishti serve` anew.".to_owned(),
            Self::Incomplete { .. } => "Give it with `drishti sources update`.".to_owned(),
            Self::Held { .. } => "Wait until it is done, pause the source (`drishti sources pause`) or stop the other process; the lease of one that is gone ends by itself within a minute.".to_owned(),
            Self::NoSuchAlert(_) => "`drishti alerts list` shows the ids; six characters are enough where no other begins with them.".to_owned(),
            Self::NoSuchPolicy(_) => "`drishti policies list` shows the names.".to_owned(),
            Self::NoSuchPerson(_) => "Give the gid or the e-mail address; `drishti people list --text …` shows them.".to_owned(),
            Self::Refused { advice, .. } | Self::InvalidPolicy { advice, .. } => advice.clone(),
            Self::NotOwnPolicy { origin: Origin::File, .. } => "Change or remove its file; mode, severity, scope and parameters can be set.".to_owned(),
            Self::NotOwnPolicy { .. } => "Set its mode, severity, scope or parameters, or save a copy under another name and switch it off.".to_owned(),
            Self::NoSuchEvent(_) => "Give the event's `gid` as `drishti query` shows it; an event that has just happened may not have been collected yet.".to_owned(),
            Self::Fetch { .. } => "Check the address in the configuration, and that it can be reached from here; the file that was fetched before is used as it is.".to_owned(),
            Self::Enrich(EnrichError::Range { .. }) => "Give each network to one range only; docs/ENRICHMENT.md tells what a range may be.".to_owned(),
            Self::Enrich(_) => "Mend or replace the file, or leave it out; docs/ENRICHMENT.md tells the forms that are understood.".to_owned(),
            Self::LeaseLost(_) => "Another process took over, because this one could not renew its lease in time: a machine that slept or was overloaded, or clocks that differ. Nothing is lost, and Drishti looks again by itself. If it comes again and again, set the clocks (NTP).".to_owned(),
            Self::HasTotp => "Remove it first, which takes the password.".to_owned(),
            Self::Busy => "Try again in a second.".to_owned(),
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
            Self::Lake(LakeError::Superseded { .. }) => "Superseded",
            Self::Lake(_) => "LakeFailed",
            Self::Ledger(_) => "LedgerFailed",
            Self::NoSuchSource(_) => "NoSuchSource",
            Self::Paused(_) => "SourcePaused",
            Self::Declared { .. } => "SourceDeclared",
            Self::Incomplete { .. } => "SourceIncomplete",
            Self::Held { .. } => "HeldElsewhere",
            Self::LeaseLost(_) => "LeaseLost",
            Self::Setting { .. } | Self::Name(_) | Self::SumoSource(_) => "SettingsInvalid",
            Self::NoWorkspace => "NoWorkspace",
            Self::NobodySeen(_) => "NobodySeen",
            Self::Read { .. } => "ReadFailed",
            Self::NoSuchEvent(_) => "NoSuchEvent",
            Self::NoSuchAlert(_) => "NoSuchAlert",
            Self::NoSuchPolicy(_) => "NoSuchPolicy",
            Self::PolicyTaken { .. } => "PolicyTaken",
            Self::NotOwnPolicy { .. } => "NotOwnPolicy",
            Self::InvalidPolicy { .. } => "InvalidPolicy",
            Self::NoSuchPerson(_) => "NoSuchPerson",
            Self::Refused { .. } => "Refused",
            Self::Fetch { .. } => "FetchFailed",
            Self::UpdateRunning => "UpdateRunning",
            Self::RetentionDeclared { .. } => "RetentionDeclared",
            Self::Enrich(_) => "TablesUnreadable",
            Self::WrongPassword => "WrongPassword",
            Self::TooManyAttempts { .. } => "TooManyAttempts",
            Self::HasTotp => "HasSecondFactor",
            Self::Busy => "Busy",
            Self::Hash(_) => "HashFailed",
            Self::Threads(_) => "NoThreads",
            Self::TaskDied(_) => "TaskDied",
        }
    }
}

fn line_of(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!("line {line}: "))
}

fn quoted(file: Option<&str>) -> String {
    file.map_or_else(
        || "a configuration file".to_owned(),
        |file| format!("`{file}`"),
    )
}

/// Whether a query was refused because of a table that there is none of.
fn is_about_a_table(words: &str) -> bool {
    words.contains("table '") && words.contains("not found")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a folder was that the program had open does not come back with a folder of its name.
    #[test]
    fn advice_leads_out_of_the_trouble() {
        let name = SourceName::new("acme").unwrap();
        let gone = ServiceError::Lake(LakeError::Gone("lake".to_owned()));
        let told = format!("{gone}: {}", gone.advice());
        assert!(told.contains("then restart Drishti"), "{told}");
        assert!(!told.contains("restart the source"), "{told}");
        let superseded = ServiceError::Lake(LakeError::Superseded {
            source_name: name.clone(),
            sequence: 7,
        });
        assert_eq!(superseded.name(), "Superseded");
        let lost = ServiceError::LeaseLost(name);
        for error in [superseded, lost] {
            let advice = error.advice();
            assert!(advice.contains("Another process"), "{error}: {advice}");
            assert!(!advice.contains("full disk"), "{error}: {advice}");
        }
    }
}
