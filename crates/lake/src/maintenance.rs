//! Compaction, retention, vacuum, and how big the lake is.

use std::collections::HashSet;
use std::num::NonZeroU64;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use deltalake::datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use deltalake::datafusion::scalar::ScalarValue;
use deltalake::operations::optimize::OptimizeType;
use deltalake::operations::vacuum::VacuumMode;
use deltalake::{DeltaTable, DeltaTableError};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;

use crate::rearrange::{TRIES_MAX, guarded, is_overtaken};
use crate::rows::days_since_epoch;
use crate::{Lake, LakeError, schema};

/// Size that compaction makes files of, in bytes.
const FILE_BYTES: NonZeroU64 = NonZeroU64::new(256 << 20).unwrap();

/// Files younger than this are never vacuumed: a query may still be reading them.
pub const VACUUM_AGE_MIN: TimeDelta = TimeDelta::hours(1);

/// Unfinished files are left alone this long: a large batch may still be writing them.
const STAGED_AGE_MIN: TimeDelta = TimeDelta::days(1);

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Small files that went.
    pub files_removed: u64,
    /// Larger files that came.
    pub files_added: u64,
}

/// How big the lake is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Version of the Delta table.
    pub version: u64,
    /// Data files of that version.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
}

impl Lake {
    /// Merges the small files of each day. Appends may go on meanwhile; where another process merges at the same time, one of both
    /// leaves it to the other.
    pub async fn compact(&self) -> Result<Compacted, LakeError> {
        let table = self.newest().await?;
        match self.compact_from(table).await {
            Err(error) if is_overtaken(&error) => Ok(Compacted::default()),
            outcome => outcome.map_err(|error| self.maintenance_error("compacting", error)),
        }
    }

    pub(crate) async fn compact_from(
        &self,
        mut table: DeltaTable,
    ) -> Result<Compacted, DeltaTableError> {
        let properties = schema::writer_properties()?;
        let mut config = SessionConfig::new();
        // Readers in other languages fail on files whose schema has view types (`lake.md`, "Independent readers").
        config
            .options_mut()
            .execution
            .parquet
            .schema_force_view_types = false;
        // A runtime of its own: the footers of files that go shall not stay in the caches of queries.
        let session = SessionContext::new_with_config(config);
        let (merged, metrics) = guarded(&table)
            .optimize()
            .with_session_state(Arc::new(session.state()))
            .with_type(OptimizeType::Compact)
            .with_target_size(FILE_BYTES)
            .with_writer_properties(properties)
            .await?;
        table.state = merged.state;
        self.set_current(&table);
        Ok(Compacted {
            files_removed: metrics.num_files_removed,
            files_added: metrics.num_files_added,
        })
    }

    /// Forgets all days before `first_day_kept`. The files go with the next vacuum.
    pub async fn retain(&self, first_day_kept: NaiveDate) -> Result<u64, LakeError> {
        let mut tries = 1;
        loop {
            let table = self.newest().await?;
            match self.retain_of(table, first_day_kept).await {
                Err(error) if is_overtaken(&error) && tries < TRIES_MAX => tries += 1,
                outcome => {
                    return outcome
                        .map_err(|error| self.maintenance_error("removing old days from", error));
                }
            }
        }
    }

    pub(crate) async fn retain_of(
        &self,
        mut table: DeltaTable,
        first_day_kept: NaiveDate,
    ) -> Result<u64, DeltaTableError> {
        let too_old = col(schema::PARTITION).lt(lit(ScalarValue::Date32(Some(days_since_epoch(
            first_day_kept,
        )))));
        let (left, metrics) = guarded(&table).delete().with_predicate(too_old).await?;
        table.state = left.state;
        self.set_current(&table);
        Ok(metrics.num_removed_files as u64)
    }

    /// Deletes files that no version of the last `age` needs, and what writes that were broken off left behind; `age` is at least
    /// [`VACUUM_AGE_MIN`]. Returns how many.
    pub async fn vacuum(&self, age: TimeDelta) -> Result<u64, LakeError> {
        let age = age.max(VACUUM_AGE_MIN);
        let failed = |error| self.maintenance_error("vacuuming", error);
        let table = self.newest().await?;
        let store = table.log_store().object_store(None);
        // Delta counts files of the log that an earlier run deleted, too.
        let present: HashSet<Path> = store
            .list(None)
            .map_ok(|file| file.location)
            .try_collect()
            .await
            .map_err(|error| failed(error.into()))?;
        // Delta itself would delete every file that it does not know, whoever put it there.
        let (_, needless) = table
            .vacuum()
            .with_mode(VacuumMode::Full)
            .with_retention_period(age)
            .with_enforce_retention_duration(false)
            .with_dry_run(true)
            .await
            .map_err(failed)?;
        let needless: Vec<Path> = needless
            .files_deleted
            .iter()
            .map(|file| Path::from(file.as_str()))
            .filter(|file| present.contains(file) && is_data_file(file))
            .collect();
        let mut deleted = needless.len() as u64;
        store
            .delete_stream(futures::stream::iter(needless.into_iter().map(Ok)).boxed())
            .try_for_each(|_| std::future::ready(Ok(())))
            .await
            .map_err(|error| failed(error.into()))?;
        if let Some(folder) = self.0.folder.clone() {
            let age = age.max(STAGED_AGE_MIN).to_std().unwrap_or(Duration::MAX);
            deleted += tokio::task::spawn_blocking(move || folder.sweep(age))
                .await
                .map_err(std::io::Error::other)
                .flatten()
                .map_err(|source| LakeError::Folder {
                    doing: "removing left-over files from",
                    path: self.address(),
                    source,
                })?;
        }
        Ok(deleted)
    }

    /// How big the lake is, from its log alone.
    pub async fn statistics(&self) -> Result<Statistics, LakeError> {
        let table = self.newest().await?;
        sum_up(&table).map_err(|error| self.opening(error))
    }

    pub(crate) fn maintenance_error(
        &self,
        doing: &'static str,
        source: DeltaTableError,
    ) -> LakeError {
        self.or_gone(LakeError::Maintenance {
            doing,
            address: self.address(),
            source,
        })
    }
}

/// Whether a file is named as Drishti names its data files: in the folder of a day, `part-….parquet`.
fn is_data_file(file: &Path) -> bool {
    let mut parts = file.parts();
    let (folder, name) = (parts.next(), parts.next());
    let is_day = |folder: &str| {
        let day = folder.strip_prefix(schema::PARTITION);
        day.and_then(|day| day.strip_prefix('='))
            .is_some_and(|day| day.parse::<NaiveDate>().is_ok())
    };
    let is_part = |name: &str| {
        name.starts_with("part-")
            && FilePath::new(name)
                .extension()
                .is_some_and(|extension| extension == "parquet")
    };
    parts.next().is_none()
        && folder.is_some_and(|folder| is_day(folder.as_ref()))
        && name.is_some_and(|name| is_part(name.as_ref()))
}

fn sum_up(table: &DeltaTable) -> Result<Statistics, DeltaTableError> {
    let mut statistics = Statistics {
        version: table.version().unwrap_or_default(),
        ..Statistics::default()
    };
    for file in table.snapshot()?.log_data() {
        statistics.files += 1;
        statistics.bytes += u64::try_from(file.size()).unwrap_or_default();
        statistics.rows += file.num_records().unwrap_or_default() as u64;
    }
    Ok(statistics)
}
