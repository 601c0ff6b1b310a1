//! Sources: adding, changing, testing and removing them, and how they stand.

mod add;
mod bounds;
mod declare;
mod overview;
mod sumo;
mod test;

pub use add::AddSource;
pub use bounds::{
    BACKFILL_DAYS, CATEGORY_CHARACTERS_MAX, CONCURRENT_READS, DESCRIPTION_CHARACTERS_MAX,
    DROP_OFF_SECONDS, FIELD_KEY_CHARACTERS_MAX, FIELD_VALUE_CHARACTERS_MAX, FIELDS_MAX,
    OVERLAP_SECONDS, POLL_INTERVAL_SECONDS, REQUESTS_PER_MINUTE,
};
pub use overview::SourceOverview;
pub use sumo::sumo_source;
pub use test::{Capability, ConnectionTest, TEST_TIME_MAX};

use drishti_ledger::LedgerError;
use drishti_model::{DesiredState, SourceName};

use crate::{ServiceError, Services, Source, SourceChange};

/// Under which name a removal takes the lease, so that not even a collector of this process counts as the same holder.
const REMOVER: &str = "removal";

impl Services {
    /// Changes a source, if the change is a valid one. With `expected_revision`, only where the source still has it.
    pub async fn update_source(
        &self,
        name: &SourceName,
        mut change: SourceChange,
        expected_revision: Option<i64>,
    ) -> Result<Source, ServiceError> {
        let known = self.present(name).await?;
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
            test::client(&profile.api_url, token)?;
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
        self.want(name, DesiredState::Paused).await
    }

    /// Takes a source up again.
    pub async fn resume_source(&self, name: &SourceName) -> Result<Source, ServiceError> {
        self.present(name).await?;
        self.want(name, DesiredState::Running).await
    }

    /// Forgets a source with its token, quarantine and accounts; its events stay in the lake. Where somebody works on it, they stop
    /// first and forget it then.
    pub async fn remove_source(&self, name: &SourceName) -> Result<(), ServiceError> {
        self.want(name, DesiredState::Removed).await?;
        let remover = Self {
            holder: format!("{} ({REMOVER})", self.holder).into(),
            ..self.clone()
        };
        match remover.lease(name).await {
            Ok(_) => {}
            Err(ServiceError::Held { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        self.ledger.delete_source(name).await.map_err(named)
    }

    /// The source, unless it is being removed.
    async fn present(&self, name: &SourceName) -> Result<Source, ServiceError> {
        self.ledger
            .source(name)
            .await?
            .filter(|source| source.desired != DesiredState::Removed)
            .ok_or_else(|| ServiceError::NoSuchSource(name.clone()))
    }

    async fn want(&self, name: &SourceName, desired: DesiredState) -> Result<Source, ServiceError> {
        let change = SourceChange {
            desired: Some(desired),
            ..SourceChange::default()
        };
        let now = self.clock.now();
        let changed = self.ledger.update_source(name, change, None, now).await;
        changed.map_err(named)
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
