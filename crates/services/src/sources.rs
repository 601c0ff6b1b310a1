//! Sources: adding, changing, testing and removing them, and how they stand.

mod add;
mod bounds;
mod declare;
mod overview;
mod remove;
mod sumo;
mod test;

pub use add::AddSource;
pub use bounds::{
    BACKFILL_DAYS, CATEGORY_CHARACTERS_MAX, CONCURRENT_READS, DESCRIPTION_CHARACTERS_MAX,
    DROP_OFF_SECONDS, FIELD_KEY_CHARACTERS_MAX, FIELD_VALUE_CHARACTERS_MAX, FIELDS_MAX,
    OVERLAP_SECONDS, POLL_INTERVAL_SECONDS, REQUESTS_PER_MINUTE,
};
pub use overview::SourceOverview;
pub use remove::Removal;
pub use sumo::{SUMO_SCHEMA, SUMO_SOURCE_TYPES, sumo_change, sumo_id, sumo_source};
pub use test::{Capability, ConnectionTest, TEST_TIME_MAX};

use drishti_ledger::LedgerError;
use drishti_model::{DesiredState, SourceName};

use crate::{ServiceError, Services, Source, SourceChange};

impl Services {
    /// Changes a source, if the change is a valid one. With `expected_revision`, only where the source still has it. What a
    /// configuration file says of a source can't be changed here: its next reading would undo it.
    pub async fn update_source(
        &self,
        name: &SourceName,
        change: SourceChange,
        expected_revision: Option<i64>,
    ) -> Result<Source, ServiceError> {
        let known = self.present(name).await?;
        if change.profile.is_some() || change.token.is_some() {
            self.check_not_declared(&known)?;
        }
        let elsewhere = change
            .profile
            .as_ref()
            .is_some_and(|profile| profile.api_url != known.profile.api_url);
        if elsewhere && known.has_token && change.token.is_none() {
            return Err(ServiceError::Refused {
                doing: format!("changing source `{name}`"),
                problem: "its token is not sent to another address than it was given for"
                    .to_owned(),
                advice: "Give the token together with the new address.".to_owned(),
            });
        }
        self.change_source(known, change, expected_revision).await
    }

    async fn change_source(
        &self,
        known: Source,
        mut change: SourceChange,
        expected_revision: Option<i64>,
    ) -> Result<Source, ServiceError> {
        let name = &known.name;
        if let Some(profile) = &mut change.profile {
            bounds::check_profile(profile)?;
            let workspace = known.profile.workspace_gid.clone();
            if profile.workspace_gid.is_none() {
                profile.workspace_gid = workspace;
            } else if workspace.is_some() && profile.workspace_gid != workspace {
                self.check_nothing_is_collected(name).await?;
            }
        }
        if let Some(token) = &change.token {
            let profile = change.profile.as_ref().unwrap_or(&known.profile);
            test::client(&profile.api_url, token, self.proxy.as_ref())?;
        }
        let now = self.clock.now();
        let changed = self
            .ledger
            .update_source(name, change, expected_revision, now)
            .await;
        changed.map_err(named)
    }

    /// Lets a source begin anew: the way out of a configuration error.
    pub async fn restart_source(&self, name: &SourceName) -> Result<Source, ServiceError> {
        self.present(name).await?;
        let restarted = self.ledger.request_restart(name, self.clock.now()).await;
        restarted.map_err(named)
    }

    /// Sets a source aside: everything is kept, nothing is fetched.
    pub async fn pause_source(&self, name: &SourceName) -> Result<Source, ServiceError> {
        self.present(name).await?;
        self.want(name, DesiredState::Paused, None).await
    }

    /// Takes a source up again.
    pub async fn resume_source(&self, name: &SourceName) -> Result<Source, ServiceError> {
        self.present(name).await?;
        self.want(name, DesiredState::Running, None).await
    }

    /// The source, unless it is being removed.
    pub(crate) async fn present(&self, name: &SourceName) -> Result<Source, ServiceError> {
        self.ledger
            .source(name)
            .await?
            .filter(|source| source.desired != DesiredState::Removed)
            .ok_or_else(|| ServiceError::NoSuchSource(name.clone()))
    }

    async fn want(
        &self,
        name: &SourceName,
        desired: DesiredState,
        expected_revision: Option<i64>,
    ) -> Result<Source, ServiceError> {
        let change = SourceChange {
            desired: Some(desired),
            ..SourceChange::default()
        };
        let now = self.clock.now();
        let changed = self
            .ledger
            .update_source(name, change, expected_revision, now);
        changed.await.map_err(named)
    }

    fn check_not_declared(&self, source: &Source) -> Result<(), ServiceError> {
        if !source.declared {
            return Ok(());
        }
        Err(ServiceError::Declared {
            name: source.name.clone(),
            file: self.declared_in.as_deref().map(str::to_owned),
        })
    }

    /// Another workspace under the same name would mix two organisations' events.
    async fn check_nothing_is_collected(&self, name: &SourceName) -> Result<(), ServiceError> {
        let progress = self.ledger.progress(name).await.map_err(named)?;
        if progress.lake_sequence == 0 && progress.coverage.ranges().is_empty() {
            return Ok(());
        }
        Err(ServiceError::Setting {
            field: "workspace_gid",
            problem: "events of another workspace are stored under this name; add a source for the new one".to_owned(),
        })
    }
}

/// The ledger's error, in this crate's words where it has some.
fn named(error: LedgerError) -> ServiceError {
    match error {
        LedgerError::NoSuchSource(name) => ServiceError::NoSuchSource(name),
        error => error.into(),
    }
}
