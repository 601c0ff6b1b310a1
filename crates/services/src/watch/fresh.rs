//! Taking up changed policies, places, feeds and ranges while running.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use drishti_detect::Pack;
use drishti_ledger::{IpRange, OwnPolicy};
use tokio_util::sync::CancellationToken;

use super::{Knowledge, KnowledgeFiles};
use crate::words::chain;
use crate::{ServiceError, Services};

/// Time between two looks whether files or ranges have changed.
const LOOK_INTERVAL: Duration = Duration::from_secs(20);

/// What is known, and what the files and ranges were like when they were read.
pub(crate) struct Known {
    pub(crate) knowledge: Arc<Knowledge>,
    version: Version,
    /// When they were read.
    pub(crate) read_at: DateTime<Utc>,
    /// Why what they have become meanwhile can't be read; `None` where it is what is known.
    pub(crate) problem: Option<String>,
}

/// Of each file, when it was changed and how long it is; `None` where it is not there.
#[derive(PartialEq, Eq)]
struct Version {
    files: Vec<(PathBuf, Option<(SystemTime, u64)>)>,
    stored: Stored,
}

/// What stands in the ledger.
#[derive(Clone, PartialEq, Eq)]
struct Stored {
    ranges: Vec<IpRange>,
    policies: Vec<OwnPolicy>,
}

impl Version {
    fn of(files: &KnowledgeFiles, stored: Stored) -> Self {
        let policies = files.folder.as_deref().map(Pack::files).unwrap_or_default();
        let feeds = files.feeds.iter().map(|feed| feed.path.clone());
        let files = policies
            .into_iter()
            .chain(files.places.clone())
            .chain(feeds);
        Self {
            files: files.map(with_state).collect(),
            stored,
        }
    }
}

fn with_state(path: PathBuf) -> (PathBuf, Option<(SystemTime, u64)>) {
    let metadata = std::fs::metadata(&path).ok();
    let state = metadata.and_then(|file| Some((file.modified().ok()?, file.len())));
    (path, state)
}

impl Services {
    /// What detection and enrichment go by; read at the first use.
    pub async fn knowledge(&self) -> Result<Arc<Knowledge>, ServiceError> {
        let mut known = self.knowledge.lock().await;
        if let Some(known) = known.as_ref() {
            return Ok(Arc::clone(&known.knowledge));
        }
        let read = self.read_knowledge(None).await?;
        let knowledge = Arc::clone(&read.knowledge);
        *known = Some(read);
        Ok(knowledge)
    }

    /// Takes up policies, places, feeds and ranges that have changed since they were read; true where some have. What can't be read
    /// is an error, and what was known stays.
    pub async fn refresh_knowledge(&self) -> Result<bool, ServiceError> {
        let mut known = self.knowledge.lock().await;
        let Some(before) = known.as_mut() else {
            return Ok(false);
        };
        let stored = self.stored_knowledge().await?;
        let files = Arc::clone(&self.knowledge_files);
        let version = tokio::task::spawn_blocking(move || Version::of(&files, stored));
        let version = version.await.map_err(|_| DIED)?;
        if version == before.version {
            before.problem = None;
            return Ok(false);
        }
        match self.read_knowledge(Some(version)).await {
            Ok(read) => *before = read,
            Err(error) => {
                before.problem = Some(chain(&error));
                return Err(error);
            }
        }
        drop(known);
        self.news.notify_waiters();
        Ok(true)
    }

    /// Takes up what has changed until `shutdown`. What can't be read is told, and tried again.
    pub async fn keep_knowledge_fresh(&self, shutdown: CancellationToken) {
        let mut told = String::new();
        loop {
            let wait = tokio::time::sleep(LOOK_INTERVAL);
            if shutdown.run_until_cancelled(wait).await.is_none() {
                return;
            }
            match self.refresh_knowledge().await {
                Ok(true) => tracing::info!("policies, tables and ranges were read anew"),
                Ok(false) => told.clear(),
                Err(error) => {
                    let error = chain(&error);
                    if error != told {
                        tracing::warn!(
                            error,
                            "policies, tables and ranges have changed and can't be read; the old ones stay"
                        );
                        told = error;
                    }
                }
            }
        }
    }

    async fn stored_knowledge(&self) -> Result<Stored, ServiceError> {
        Ok(Stored {
            ranges: self.ledger.ranges().await?,
            policies: self.ledger.own_policies().await?,
        })
    }

    async fn read_knowledge(&self, version: Option<Version>) -> Result<Known, ServiceError> {
        let stored = match &version {
            Some(version) => version.stored.clone(),
            None => self.stored_knowledge().await?,
        };
        let files = Arc::clone(&self.knowledge_files);
        let read_at = self.clock.now();
        let read = tokio::task::spawn_blocking(move || {
            // Before the files are read: what changes meanwhile is seen the next time.
            let version = version.unwrap_or_else(|| Version::of(&files, stored));
            let Stored { ranges, policies } = &version.stored;
            let read = Knowledge::read(&files, ranges, policies);
            read.map(|knowledge| Known {
                knowledge: Arc::new(knowledge),
                version,
                read_at,
                problem: None,
            })
        });
        let read = read.await.map_err(|_| DIED)??;
        for warning in read.knowledge.warnings(self.clock.now()) {
            tracing::warn!("{}", warning.found);
        }
        Ok(read)
    }
}

const DIED: ServiceError = ServiceError::TaskDied("the reading of policies and tables");
