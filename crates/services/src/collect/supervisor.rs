//! One task per source, as the ledger wants it.

use std::collections::BTreeMap;
use std::time::Duration;

use drishti_ledger::Source;
use drishti_model::{DesiredState, SourceName, SourceState};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::task::Task;
use crate::words::chain;
use crate::{ServiceError, Services};

/// Time between two looks at the sources in the ledger, which other processes change too.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Keeps a task running for each source that should be collected.
pub struct Collector {
    services: Services,
    running: BTreeMap<SourceName, Running>,
    /// Sources that were found paused and are noted so.
    paused: BTreeMap<SourceName, i64>,
}

struct Running {
    version: (i64, i64),
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Collector {
    pub(crate) fn new(services: Services) -> Self {
        Self {
            services,
            running: BTreeMap::new(),
            paused: BTreeMap::new(),
        }
    }

    /// Supervises until `shutdown`, then stops every task and waits for it: what was read is written first.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            if let Err(error) = self.look().await {
                tracing::error!(
                    error = chain(&error),
                    "the sources can't be read from the ledger"
                );
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
                () = shutdown.cancelled() => break,
            }
        }
        let names: Vec<SourceName> = self.running.keys().cloned().collect();
        for running in self.running.values() {
            running.stop.cancel();
        }
        for name in names {
            self.stop(&name).await;
        }
    }

    /// Starts, restarts and stops tasks so that they fit the ledger.
    async fn look(&mut self) -> Result<(), ServiceError> {
        let sources = self.services.ledger.sources().await?;
        let forgotten: Vec<SourceName> = self
            .running
            .keys()
            .filter(|name| !sources.iter().any(|source| source.name == **name))
            .cloned()
            .collect();
        for name in forgotten {
            self.stop(&name).await;
        }
        for source in sources {
            self.fit(source).await?;
        }
        Ok(())
    }

    async fn fit(&mut self, source: Source) -> Result<(), ServiceError> {
        let name = source.name.clone();
        let version = (source.revision, source.restart_generation);
        let is_current = self
            .running
            .get(&name)
            .is_some_and(|running| running.version == version && !running.task.is_finished());
        match source.desired {
            DesiredState::Running if source.profile.workspace_gid.is_none() || is_current => {}
            DesiredState::Running => {
                self.stop(&name).await;
                self.paused.remove(&name);
                self.start(source, version);
            }
            DesiredState::Paused => {
                self.stop(&name).await;
                if self.paused.insert(name.clone(), version.0) != Some(version.0) {
                    self.note(&name, SourceState::Paused, "paused by its owner")
                        .await;
                }
            }
            DesiredState::Removed => {
                if self.running.contains_key(&name) {
                    self.note(
                        &name,
                        SourceState::Stopping,
                        "being removed; its events stay in the lake",
                    )
                    .await;
                    self.stop(&name).await;
                }
                self.services.ledger.delete_source(&name).await?;
            }
        }
        Ok(())
    }

    fn start(&mut self, source: Source, version: (i64, i64)) {
        let stop = CancellationToken::new();
        let name = source.name.clone();
        let task = tokio::spawn(Task::new(self.services.clone(), source).run(stop.clone()));
        let running = Running {
            version,
            stop,
            task,
        };
        self.running.insert(name, running);
    }

    async fn stop(&mut self, name: &SourceName) {
        if let Some(running) = self.running.remove(name) {
            running.stop.cancel();
            if let Err(error) = running.task.await {
                tracing::error!(source = %name, %error, "a source's task broke down");
            }
        }
    }

    async fn note(&self, name: &SourceName, state: SourceState, reason: &str) {
        if let Err(error) = self.services.report_state(name, state, reason).await {
            tracing::error!(source = %name, error = chain(&error), "the ledger did not take a health event");
        }
    }
}
