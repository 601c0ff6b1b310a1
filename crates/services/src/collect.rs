//! Collecting: Asana's audit log into the lake, complete and once.
//!
//! A [`Collector`] keeps one task per source. A task takes the source's lease, compares ledger and lake, and runs a
//! session: the spans of time that are not known complete are fetched in planned windows side by side, while a poller
//! follows the newest events by offset and reads the last minutes again and again (a sweep), so that events which became
//! visible late are found. All of them hand pages to one writer, which is the only one to touch lake and ledger.

mod accounts;
mod fetch;
mod health;
mod plan;
mod poller;
mod refused;
mod replays;
mod session;
mod silence;
mod supervisor;
mod task;
mod windows;
mod writer;

pub use supervisor::Collector;

use drishti_model::{DesiredState, SourceName};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::{ServiceError, Services};
use supervisor::LOOK_INTERVAL;

/// How far a collection has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CollectProgress {
    /// Windows of the first fetch, or of gaps, that are complete.
    pub windows_done: u64,
    /// All of them.
    pub windows_total: u64,
    /// Events stored since the collection began.
    pub stored: u64,
    /// Events that were there already.
    pub duplicates: u64,
    /// Events that were set aside and had not been before.
    pub quarantined: u64,
    /// Whether everything up to now has been read.
    pub caught_up: bool,
}

impl Services {
    /// The supervisor of all sources of this installation.
    pub fn collector(&self) -> Collector {
        Collector::new(self.clone())
    }

    /// Collects one source until everything up to now is in the lake, then returns; sooner where its owner pauses or removes it
    /// meanwhile. One that is paused is refused. `progress` is called after each batch.
    pub async fn collect_once(
        &self,
        name: &SourceName,
        progress: impl Fn(CollectProgress) + Send + Sync + 'static,
        stop: CancellationToken,
    ) -> Result<CollectProgress, ServiceError> {
        let source = self.present(name).await?;
        if source.desired == DesiredState::Paused {
            return Err(ServiceError::Paused(name.clone()));
        }
        if source.profile.workspace_gid.is_none() {
            return Err(ServiceError::Incomplete {
                name: name.clone(),
                missing: "it has no workspace",
            });
        }
        let unwanted = stop.child_token();
        let collecting = task::Task::new(self.clone(), source);
        let mut collecting = Box::pin(collecting.once(Box::new(progress), unwanted.clone()));
        let collected = tokio::select! {
            collected = &mut collecting => collected,
            () = self.until_unwanted(name) => {
                unwanted.cancel();
                collecting.await
            }
        };
        self.compact_after_bulk().await;
        collected
    }

    /// Returns when the owner pauses or removes a source.
    async fn until_unwanted(&self, name: &SourceName) {
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            match self.ledger.source(name).await {
                Ok(Some(source)) if source.desired == DesiredState::Running => {}
                Ok(_) => return,
                // Whoever collects has the same ledger, and tells.
                Err(error) => {
                    tracing::debug!(source = %name, %error, "looking whether a source is wanted");
                }
            }
        }
    }
}
