//! How sources stand.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_ledger::SourceStatus;
use drishti_model::{CollectSettings, DesiredState, SourceName, SourceState, TimeRange};

use crate::{Progress, ServiceError, Services, Source};

/// Why a source is in no state.
const ONLY_TAKES_FILES: &str = "it only takes events from files";

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
    /// The time up to there that nobody has read since the source was last collected, as between two runs of `drishti collect`. It
    /// is no gap: the next run begins with it.
    pub unread: Option<TimeRange>,
    /// Spans of the first fetch, or of a gap's, that are complete.
    pub windows_done: u64,
    /// All of them.
    pub windows_total: u64,
    /// Events in quarantine.
    pub quarantined: u64,
    /// Seconds since Asana was last asked; `None` before the first time.
    pub lag_seconds: Option<i64>,
}

impl SourceOverview {
    /// In which state it is; `None` for a source that only takes events from files, which nobody collects.
    pub fn state(&self) -> Option<SourceState> {
        if self.source.desired == DesiredState::Removed {
            return Some(SourceState::Stopping);
        }
        let state = self.status.as_ref()?.state;
        let only_takes_files = self.source.profile.workspace_gid.is_none();
        (state != SourceState::Pending || !only_takes_files).then_some(state)
    }
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
        mut status: Option<SourceStatus>,
        quarantined: &BTreeMap<SourceName, u64>,
    ) -> Result<Option<SourceOverview>, ServiceError> {
        let progress = match self.ledger.progress(&source.name).await {
            Ok(progress) => progress,
            Err(drishti_ledger::LedgerError::NoSuchSource(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let now = self.clock.now();
        let last_poll_at = status.as_ref().and_then(|status| status.last_poll_at);
        let lag_max = sweep_lag_max(&source.profile.collect);
        let is_followed = status.as_ref().is_some_and(|status| {
            status.state == SourceState::Collecting
                && last_poll_at.is_some_and(|last| now - last <= lag_max)
        });
        let (gaps, unread) = open_spans(&progress, now - lag_max, is_followed);
        if let Some(status) = &mut status
            && status.state == SourceState::Pending
            && source.profile.workspace_gid.is_none()
        {
            ONLY_TAKES_FILES.clone_into(&mut status.reason);
        }
        let done = progress.windows.iter().filter(|window| window.done);
        Ok(Some(SourceOverview {
            gaps,
            unread,
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

/// The gaps, and the unread time behind the last of them. Where somebody follows the source there is none of that: what should have
/// been read by now is a gap.
fn open_spans(
    progress: &Progress,
    until: DateTime<Utc>,
    is_followed: bool,
) -> (Vec<TimeRange>, Option<TimeRange>) {
    let mut gaps = progress
        .collected_since
        .and_then(|first| TimeRange::new(first, until))
        .map_or_else(Vec::new, |within| progress.coverage.gaps(within));
    let unread = gaps.pop_if(|last| last.end == until && !is_followed);
    (gaps, unread)
}
