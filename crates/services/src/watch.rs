//! Evaluating what is in the lake: each source's events, in the order in which they happened, once and for good.
//!
//! Detection reads from the lake, whoever wrote there, so that live traffic, files and a rebuild take the same way. Up to a time W
//! everything of a source is known to be there: events before W are evaluated for good, and what the detector remembers after them
//! is saved with W in one ledger transaction with the alerts. What lies behind W is evaluated at once, too, as a *preview*, which
//! the next one replaces: so an event that becomes visible late changes nothing that was said for good.
//!
//! * [`Knowledge`] is what detection and enrichment go by: policies, places, ranges, feeds.
//! * A watcher evaluates one source, under its lease.
//! * Events that turn up before W (a file with old events) make it evaluate everything anew, beside what is in use.

use std::sync::Arc;
use std::time::Duration;

use drishti_detect::Policy;
use drishti_ledger::{Lease, LedgerError};

mod evaluation;
mod explain;
mod fresh;
mod grouping;
mod knowledge;
mod people;
mod saving;
mod settled;
mod told;
mod watcher;

pub use explain::Explained;
pub(crate) use fresh::Known;
pub(crate) use knowledge::modified;
pub use knowledge::{Knowledge, KnowledgeFiles, KnowledgeWarning, NamedFile, TableOrigin};
pub(crate) use people::people;
pub(crate) use watcher::Watcher;

use crate::words::chain;
use crate::{ServiceError, Services};

/// Longest time between two looks for what has settled meanwhile.
const WATCH_INTERVAL: Duration = Duration::from_mins(1);

/// Time between two tries after a failure.
const FAILURE_WAIT: Duration = Duration::from_secs(20);

/// What an evaluation came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct WatchSummary {
    /// Events evaluated for good.
    pub events: u64,
    /// Alerts that began or grew.
    pub alerts: u64,
    /// Alerts that were not there before.
    pub opened: u64,
}

impl Services {
    /// Evaluates what is in the lake of a source that nobody is working on, and has not been evaluated.
    pub async fn watch_once(
        &self,
        source: &drishti_model::SourceName,
    ) -> Result<WatchSummary, ServiceError> {
        self.leased(source, "detection", |worker, lease| async move {
            worker.evaluate_all(lease).await
        })
        .await
    }

    /// The same, under a lease that is held already.
    pub(crate) async fn evaluate_all(&self, lease: Lease) -> Result<WatchSummary, ServiceError> {
        let mut watcher = Watcher::open(self, lease).await?;
        watcher.step().await
    }

    /// Evaluates what comes, as soon as it has come, for as long as the lease is held. What goes wrong is told, and tried again: that
    /// nothing is evaluated must not keep anything from being collected. Ends only where the lease is lost.
    pub(crate) async fn watch(&self, lease: Lease) -> ServiceError {
        let mut watcher: Option<Watcher> = None;
        loop {
            let news = self.news.notified();
            let outcome = self.watch_step(&lease, &mut watcher).await;
            let wait = match outcome {
                Ok(_) => WATCH_INTERVAL,
                Err(ServiceError::LeaseLost(source)) => return ServiceError::LeaseLost(source),
                Err(ServiceError::Ledger(LedgerError::LeaseLost(source))) => {
                    return ServiceError::LeaseLost(source);
                }
                Err(error) => {
                    // What is remembered may be half of a step further than what is saved.
                    watcher = None;
                    self.tell_of_failure(&lease, &error).await;
                    FAILURE_WAIT
                }
            };
            tokio::select! {
                () = news => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn watch_step(
        &self,
        lease: &Lease,
        watcher: &mut Option<Watcher>,
    ) -> Result<WatchSummary, ServiceError> {
        let mut open = match watcher.take() {
            Some(open) if !open.is_outdated().await? => open,
            _ => Watcher::open(self, lease.clone()).await?,
        };
        let summary = open.step().await?;
        *watcher = Some(open);
        Ok(summary)
    }

    /// Notes that events are collected but not evaluated.
    async fn tell_of_failure(&self, lease: &Lease, error: &ServiceError) {
        const NAME: &str = "DetectionFailed";
        let source = &lease.source;
        let reason = format!("events are collected but not evaluated: {}", chain(error));
        tracing::error!(%source, "{reason}");
        let told = async {
            let status = self.ledger.status(source).await?;
            match status {
                Some(status) if status.event_name != NAME => {
                    let advice = error.advice();
                    self.report_warning(source, status.state, NAME, reason, &advice)
                        .await
                }
                _ => Ok(()),
            }
        };
        if let Err(unsaid) = told.await {
            tracing::error!(%source, %unsaid, "the ledger did not take a health event");
        }
    }

    /// Evaluates all events of a source anew, from the first one on, beside what is in use, which the outcome then replaces.
    pub async fn rebuild(
        &self,
        source: &drishti_model::SourceName,
    ) -> Result<WatchSummary, ServiceError> {
        self.leased(source, "rebuild", |worker, lease| async move {
            let mut watcher = Watcher::open(&worker, lease).await?;
            watcher.rebuild().await
        })
        .await
    }

    /// [`ServiceError::Held`] where another process works on one of these sources, so that [`Services::rebuild`] would be refused.
    pub async fn ensure_free(
        &self,
        sources: &[drishti_model::SourceName],
    ) -> Result<(), ServiceError> {
        for source in sources {
            let lease = self.lease(source).await?;
            self.ledger.release_lease(&lease).await?;
        }
        Ok(())
    }

    /// Reads policies, places, ranges and feeds anew at the next use: something about them has changed.
    pub async fn forget_knowledge(&self) {
        *self.knowledge.lock().await = None;
    }

    /// The policies in force, with what was set about them.
    pub async fn policies(&self) -> Result<Vec<Arc<Policy>>, ServiceError> {
        let settings = self.ledger.all_policy_settings().await?;
        Ok(self.knowledge().await?.policies_with(&settings))
    }
}
