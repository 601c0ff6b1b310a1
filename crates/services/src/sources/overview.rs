//! How sources stand.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use drishti_ledger::SourceStatus;
use drishti_model::{CollectSettings, SourceName, TimeRange};

use crate::{Progress, ServiceError, Services, Source};

/// A source and all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceOverview {
    /// What is configured.
    pub source: Source,
    /// Where it stands; `None` only while it is being removed.
    pub status: Option<SourceStatus>,
    /// Spans of time that are known complete, oldest first.
    pub coverage: Vec<TimeRange>,
    /// Spans that are not, from the first that is known or planned up to where late events are still waited for.
    pub gaps: Vec<TimeRange>,
    /// Spans of the first fetch, or of a gap's, that are complete.
    pub windows_done: u64,
    /// All of them.
    pub windows_total: u64,
    /// Events in quarantine.
    pub quarantined: u64,
    /// Seconds since Asana was last asked; `None` before the first time.
    pub lag_seconds: Option<i64>,
}

impl Services {
    /// All sources, by name.
    pub async fn sources(&self) -> Result<Vec<SourceOverview>, ServiceError> {
        let mut statuses = self.ledger.statuses().await?;
        let quarantined = self.ledger.quarantine_counts().await?;
        let mut overviews = Vec::new();
        for source in self.ledger.sources().await? {
            let status = statuses.remove(&source.name);
            if let Some(overview) = self.overview(source, status, &quarantined).await? {
                overviews.push(overview);
            }
        }
        Ok(overviews)
    }

    /// One source.
    pub async fn source(&self, name: &SourceName) -> Result<SourceOverview, ServiceError> {
        let missing = || ServiceError::NoSuchSource(name.clone());
        let source = self.ledger.source(name).await?.ok_or_else(missing)?;
        let status = self.ledger.status(name).await?;
        let quarantined = self.ledger.quarantine_counts().await?;
        let overview = self.overview(source, status, &quarantined).await?;
        overview.ok_or_else(missing)
    }

    /// `None` where the source was removed meanwhile.
    async fn overview(
        &self,
        source: Source,
        status: Option<SourceStatus>,
        quarantined: &BTreeMap<SourceName, u64>,
    ) -> Result<Option<SourceOverview>, ServiceError> {
        let progress = match self.ledger.progress(&source.name).await {
            Ok(progress) => progress,
            Err(drishti_ledger::LedgerError::NoSuchSource(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let now = self.clock.now();
        let last_poll_at = status.as_ref().and_then(|status| status.last_poll_at);
        let settled = now - sweep_lag_max(&source.profile.collect);
        let done = progress.windows.iter().filter(|window| window.done);
        Ok(Some(SourceOverview {
            gaps: gaps(&progress, settled),
            windows_done: done.count() as u64,
            windows_total: progress.windows.len() as u64,
            quarantined: quarantined.get(&source.name).copied().unwrap_or_default(),
            lag_seconds: last_poll_at.map(|last| (now - last).num_seconds()),
            coverage: progress.coverage.ranges().to_vec(),
            source,
            status,
        }))
    }
}

/// How old a moment may get before a source that works has swept it: an overlap, the time to the next sweep, and the pause of the
/// poller before it.
fn sweep_lag_max(settings: &CollectSettings) -> TimeDelta {
    let seconds = |seconds| TimeDelta::seconds(i64::from(seconds));
    seconds(settings.overlap_seconds) * 2 + seconds(settings.poll_interval_seconds)
}

fn gaps(progress: &Progress, until: chrono::DateTime<chrono::Utc>) -> Vec<TimeRange> {
    let planned = progress.windows.iter().map(|window| window.range.start);
    let covered = progress.coverage.ranges().iter().map(|range| range.start);
    let first = planned.chain(covered).min();
    first
        .and_then(|first| TimeRange::new(first, until))
        .map_or_else(Vec::new, |within| progress.coverage.gaps(within))
}
