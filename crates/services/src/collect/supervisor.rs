//! One task per source, as the ledger wants it.

use std::collections::BTreeMap;
use std::time::Duration;

use drishti_ledger::Source;
use drishti_model::{DesiredState, SourceName, SourceState};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::task::{PAUSED, Task};
use crate::words::chain;
use crate::{ServiceError, Services};

/// Time between two looks at the sources in the ledger, which other processes change too.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Keeps a task running for each source that should be collected.
pub struct Collector {
    services: Services,
    running: BTreeMap<SourceName, Running>,
    /// Tasks that were told to stop. A source waits for the end of its own, the others don't.
    stopping: BTreeMap<SourceName, JoinHandle<()>>,
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
            stopping: BTreeMap::new(),
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
        for name in names {
            self.stop(&name);
        }
        for (name, task) in self.stopping {
            end(&name, task).await;
        }
    }

    /// Starts, restarts and stops tasks so that they fit the ledger.
    async fn look(&mut self) -> Result<(), ServiceError> {
        self.reap().await;
        let sources = self.services.ledger.sources().await?;
        let forgotten: Vec<SourceName> = self
            .running
            .keys()
            .filter(|name| !sources.iter().any(|source| source.name == **name))
            .cloned()
            .collect();
        for name in forgotten {
            self.stop(&name);
        }
        for source in sources {
            let name = source.name.clone();
            if let Err(error) = self.fit(source).await {
                tracing::error!(source = %name, error = chain(&error), "a source does not follow the ledger");
            }
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
        if source.desired == DesiredState::Running
            && (source.profile.workspace_gid.is_none() || is_current)
        {
            return Ok(());
        }
        if source.desired == DesiredState::Removed && self.running.contains_key(&name) {
            let reason = "being removed; its events stay in the lake";
            self.note(&name, SourceState::Stopping, reason).await;
        }
        self.stop(&name);
        self.reap().await;
        if self.stopping.contains_key(&name) {
            return Ok(());
        }
        match source.desired {
            DesiredState::Running => {
                self.paused.remove(&name);
                self.start(source, version);
            }
            DesiredState::Paused => {
                if self.paused.insert(name.clone(), version.0) != Some(version.0) {
                    self.note(&name, SourceState::Paused, PAUSED).await;
                }
            }
            DesiredState::Removed => {
                // Whoever else works on it forgets it when that ends; this is looked at again as long as it is there.
                self.services.forget(&name).await?;
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

    /// Tells a task to stop, which it may take its time for.
    fn stop(&mut self, name: &SourceName) {
        if let Some(running) = self.running.remove(name) {
            running.stop.cancel();
            self.stopping.insert(name.clone(), running.task);
        }
    }

    /// Lets tasks go that have ended.
    async fn reap(&mut self) {
        let ended = self.stopping.extract_if(.., |_, task| task.is_finished());
        for (name, task) in ended.collect::<Vec<_>>() {
            end(&name, task).await;
        }
    }

    async fn note(&self, name: &SourceName, state: SourceState, reason: &str) {
        if let Err(error) = self.services.report_state(name, state, reason).await {
            tracing::error!(source = %name, error = chain(&error), "the ledger did not take a health event");
        }
    }
}

async fn end(name: &SourceName, task: JoinHandle<()>) {
    if let Err(error) = task.await {
        tracing::error!(source = %name, %error, "a source's task broke down");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installation::for_tests;

    #[tokio::test]
    async fn a_source_that_takes_long_to_stop_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let (services, slow) = for_tests(folder.path()).await;
        let other = SourceName::new("other").unwrap();
        let known = services.ledger.source(&slow).await.unwrap().unwrap();
        let new = drishti_ledger::NewSource {
            name: other.clone(),
            profile: known.profile,
            token: None,
            declared: false,
        };
        let now = services.clock.now();
        services.ledger.add_source(new, now).await.unwrap();
        let mut collector = Collector::new(services.clone());
        let (stop, written) = (CancellationToken::new(), CancellationToken::new());
        let still_writing = written.clone();
        let outdated = Running {
            version: (0, 0),
            stop: stop.clone(),
            task: tokio::spawn(async move { still_writing.cancelled().await }),
        };
        collector.running.insert(slow.clone(), outdated);
        for _ in 0..2 {
            collector.look().await.unwrap();
            assert!(stop.is_cancelled());
            assert!(collector.running.contains_key(&other));
            assert!(!collector.running.contains_key(&slow), "it has not ended");
        }
        written.cancel();
        while !collector.running.contains_key(&slow) {
            tokio::task::yield_now().await;
            collector.look().await.unwrap();
        }
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        collector.run(shutdown).await;
    }
}
