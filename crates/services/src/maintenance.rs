//! Looking after the lake and the ledger: merging small files, forgetting old days, deleting what nothing needs.

mod retention;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use drishti_lake::VACUUM_AGE_MIN;
use drishti_ledger::{KeptDays, Trimmed};
use tokio_util::sync::CancellationToken;

use crate::words::chain;
use crate::{CLOCK_AHEAD_MAX, EventFilter, ServiceError, Services};

pub use retention::{RETENTION_DAYS_MAX, RetentionView};

/// Small files beyond one a day that make a compaction due before its hour.
pub const COMPACT_FILES_MAX: u64 = 200;

/// Time between two looks at what is due.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);

/// Time between two compactions of a lake that is written to.
const COMPACT_INTERVAL: TimeDelta = TimeDelta::hours(1);

/// Time between two runs of vacuum, of retention, and of trimming.
const DAILY: TimeDelta = TimeDelta::days(1);

/// Time after which something that failed is tried again.
const RETRY_INTERVAL: TimeDelta = TimeDelta::minutes(10);

/// Bytes of data that compaction leaves in one file.
const COMPACTED_FILE_BYTES: u64 = 256 << 20;

/// Where the ledger keeps the first day of which the lake has not removed anything.
const FIRST_DAY_KEPT: &str = "maintenance.first_day_kept";

const DAY: Duration = Duration::from_hours(24);

/// How the lake is looked after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceSettings {
    /// Days that events are kept, counted by when they happened, one at least; `None` keeps them as long as is set in the ledger, and
    /// for ever where nothing is.
    pub retention_days: Option<u32>,
}

/// What one look did; `None` where something was not due, or failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Small files that were merged.
    pub files_merged: Option<u64>,
    /// Files of days that are no longer kept.
    pub files_retired: Option<u64>,
    /// Files that were deleted.
    pub files_deleted: Option<u64>,
    /// Resolved alerts, signals, addends of risk, counts and suppressions that were too old.
    pub findings_trimmed: Option<u64>,
}

/// What looking after the lake and the ledger is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Compact,
    Retain,
    Vacuum,
    Trim,
}

impl Job {
    pub(crate) const ALL: [Self; 4] = [Self::Compact, Self::Retain, Self::Vacuum, Self::Trim];

    /// A stable name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Compact => "compaction",
            Self::Retain => "retention",
            Self::Vacuum => "vacuum",
            Self::Trim => "trimming",
        }
    }

    /// Where the ledger keeps when it was last done, whichever process did it.
    pub(crate) fn done_key(self) -> &'static str {
        match self {
            Self::Compact => "maintenance.compacted_at",
            Self::Retain => "maintenance.retained_at",
            Self::Vacuum => "maintenance.vacuumed_at",
            Self::Trim => "maintenance.trimmed_at",
        }
    }

    /// Where the ledger keeps when it last failed.
    pub(crate) fn failed_key(self) -> &'static str {
        match self {
            Self::Compact => "maintenance.compaction_failed_at",
            Self::Retain => "maintenance.retention_failed_at",
            Self::Vacuum => "maintenance.vacuum_failed_at",
            Self::Trim => "maintenance.trimming_failed_at",
        }
    }
}

impl Services {
    /// Looks after the lake until `shutdown`. What fails is logged and tried again.
    pub async fn maintain(&self, settings: MaintenanceSettings, shutdown: CancellationToken) {
        loop {
            if let Err(error) = self.maintain_once(settings).await {
                tracing::warn!(
                    error = chain(&error),
                    "looking after the lake failed; trying again"
                );
            }
            let wait = tokio::time::sleep(LOOK_INTERVAL);
            if shutdown.run_until_cancelled(wait).await.is_none() {
                return;
            }
        }
    }

    /// Does what is due, once.
    pub async fn maintain_once(
        &self,
        settings: MaintenanceSettings,
    ) -> Result<Maintained, ServiceError> {
        let mut maintained = Maintained::default();
        if self.compaction_is_due().await? {
            maintained.files_merged = self.attempt(Job::Compact, self.merge_files()).await?;
        }
        let retention_days = match settings.retention_days {
            Some(days) => Some(days),
            None => self.retention().await?.days,
        };
        if let Some(days) = retention_days
            && self.is_due(Job::Retain, DAILY).await?
        {
            maintained.files_retired = self.attempt(Job::Retain, self.retain(days)).await?;
        }
        if self.is_due(Job::Vacuum, DAILY).await? {
            let vacuum = async { Ok(self.lake.vacuum(VACUUM_AGE_MIN).await?) };
            maintained.files_deleted = self.attempt(Job::Vacuum, vacuum).await?;
        }
        if self.is_due(Job::Trim, DAILY).await? {
            let trim = self.trim_findings(retention_days);
            maintained.findings_trimmed = self.attempt(Job::Trim, trim).await?;
        }
        Ok(maintained)
    }

    /// Merges the small files of the lake now.
    pub async fn compact_now(&self) -> Result<(), ServiceError> {
        self.merge_files().await?;
        self.note(Job::Compact.done_key()).await
    }

    /// Merges small files if bulk work has left many of them. A failure is logged: the work itself is done.
    pub(crate) async fn compact_after_bulk(&self) {
        let compacted = async {
            if self.excess_files().await? > COMPACT_FILES_MAX {
                self.compact_now().await?;
            }
            Ok::<(), ServiceError>(())
        };
        if let Err(error) = compacted.await {
            tracing::warn!(error = chain(&error), "small files were not merged");
        }
    }

    async fn compaction_is_due(&self) -> Result<bool, ServiceError> {
        if !self.is_due(Job::Compact, TimeDelta::zero()).await? {
            return Ok(false);
        }
        let excess = self.excess_files().await?;
        Ok(excess > COMPACT_FILES_MAX
            || excess > 0 && self.is_due(Job::Compact, COMPACT_INTERVAL).await?)
    }

    /// Files beyond those that compaction would leave.
    async fn excess_files(&self) -> Result<u64, ServiceError> {
        let statistics = self.lake.statistics().await?;
        if statistics.files < 2 {
            return Ok(0);
        }
        let days = self.lake.histogram(&EventFilter::default(), DAY).await?;
        let needed = days.len() as u64 + statistics.bytes / COMPACTED_FILE_BYTES;
        Ok(statistics.files.saturating_sub(needed))
    }

    async fn merge_files(&self) -> Result<u64, ServiceError> {
        let compacted = self.lake.compact().await?;
        tracing::info!(
            files_removed = compacted.files_removed,
            files_added = compacted.files_added,
            "small files merged"
        );
        Ok(compacted.files_removed)
    }

    /// Forgets what is older than `days`. Age is counted from the newest event in the lake, whichever source it came by, and by the
    /// clock only as far as that agrees: one that jumped ahead would take days for good that are to be kept.
    async fn retain(&self, days: u32) -> Result<u64, ServiceError> {
        let events = self.lake.events(&EventFilter::default(), None, 1).await?;
        let Some(newest) = events.first().map(|stored| stored.event.created_at) else {
            return Ok(0);
        };
        let today = self.clock.now().min(newest + CLOCK_AHEAD_MAX);
        let first_day_kept = (today - TimeDelta::days(i64::from(days.max(1)))).date_naive();
        // Noted before, so that whoever evaluates all events anew never takes what is left for everything there was.
        let noted = self.first_day_kept().await?.map(|at| at.date_naive());
        let oldest = self.lake.days().await?.into_iter().next();
        if oldest.is_some_and(|oldest| oldest < first_day_kept) && noted < Some(first_day_kept) {
            let day = first_day_kept.to_string();
            let now = self.clock.now();
            self.ledger.set_setting(FIRST_DAY_KEPT, &day, now).await?;
        }
        let files = self.lake.retain(first_day_kept).await?;
        tracing::info!(%first_day_kept, files, "old days removed");
        Ok(files)
    }

    /// When the first day begins of which the lake has not removed anything; `None` where it never did.
    pub(crate) async fn first_day_kept(&self) -> Result<Option<DateTime<Utc>>, ServiceError> {
        let day = self.ledger.setting(FIRST_DAY_KEPT).await?;
        let day: Option<NaiveDate> = day.and_then(|day| day.parse().ok());
        Ok(day.map(|day| day.and_time(NaiveTime::MIN).and_utc()))
    }

    /// Lets old findings go. Resolved alerts stay as long as the lake has their events: evaluated anew, those would raise them again.
    async fn trim_findings(&self, retention_days: Option<u32>) -> Result<u64, ServiceError> {
        let usual = KeptDays::default();
        let alerts = retention_days.zip(usual.alerts);
        let kept = KeptDays {
            alerts: alerts.map(|(days, usual)| usual.max(i64::from(days) + 1)),
            ..usual
        };
        let Trimmed {
            alerts,
            signals,
            risk,
            policy_counts,
            suppressions,
        } = self.ledger.trim_detection(kept, self.clock.now()).await?;
        let trimmed = alerts + signals + risk + policy_counts + suppressions;
        tracing::info!(
            alerts,
            signals,
            risk,
            policy_counts,
            suppressions,
            "old findings removed"
        );
        Ok(trimmed)
    }

    /// Does a job and notes when; a failure is logged.
    async fn attempt(
        &self,
        job: Job,
        work: impl Future<Output = Result<u64, ServiceError>>,
    ) -> Result<Option<u64>, ServiceError> {
        match work.await {
            Ok(files) => {
                self.note(job.done_key()).await?;
                Ok(Some(files))
            }
            Err(error) => {
                let job_key = job.failed_key();
                tracing::warn!(job_key, error = chain(&error), "trying again later");
                self.note(job_key).await?;
                Ok(None)
            }
        }
    }

    /// Whether a job was not done for `interval`, and did not fail just now.
    async fn is_due(&self, job: Job, interval: TimeDelta) -> Result<bool, ServiceError> {
        let now = self.clock.now();
        // A time ahead of the clock was noted before the clock was set back.
        let passed = |since: Option<DateTime<Utc>>, interval| {
            since.is_none_or(|since| since > now || now - since >= interval)
        };
        Ok(passed(self.noted(job.done_key()).await?, interval)
            && passed(self.noted(job.failed_key()).await?, RETRY_INTERVAL))
    }

    pub(crate) async fn noted(&self, key: &str) -> Result<Option<DateTime<Utc>>, ServiceError> {
        let text = self.ledger.setting(key).await?;
        Ok(text.and_then(|text| text.parse().ok()))
    }

    async fn note(&self, key: &str) -> Result<(), ServiceError> {
        let now = self.clock.now();
        Ok(self.ledger.set_setting(key, &now.to_rfc3339(), now).await?)
    }
}
