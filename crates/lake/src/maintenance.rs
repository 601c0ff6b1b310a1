//! Compaction, retention, vacuum, and how big the lake is.

use std::collections::HashSet;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use deltalake::datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use deltalake::datafusion::scalar::ScalarValue;
use deltalake::operations::optimize::OptimizeType;
use deltalake::operations::vacuum::VacuumMode;
use deltalake::{DeltaTable, DeltaTableError};
use futures::TryStreamExt;

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
    /// Merges the small files of each day. Appends may go on meanwhile.
    pub async fn compact(&self) -> Result<Compacted, LakeError> {
        let failed = |error| self.maintenance_error("compacting", error);
        let table = self.newest().await?;
        let properties = schema::writer_properties()
            .map_err(DeltaTableError::from)
            .map_err(failed)?;
        let mut config = SessionConfig::new();
        // Readers in other languages fail on files whose schema has view types (`lake.md`, "Independent readers").
        config
            .options_mut()
            .execution
            .parquet
            .schema_force_view_types = false;
        let session = SessionContext::new_with_config_rt(config, Arc::clone(&self.0.runtime));
        let (table, metrics) = table
            .optimize()
            .with_session_state(Arc::new(session.state()))
            .with_type(OptimizeType::Compact)
            .with_target_size(FILE_BYTES)
            .with_writer_properties(properties)
            .await
            .map_err(failed)?;
        self.set_current(&table);
        Ok(Compacted {
            files_removed: metrics.num_files_removed,
            files_added: metrics.num_files_added,
        })
    }

    /// Forgets all days before `first_day_kept`. The files go with the next vacuum.
    pub async fn retain(&self, first_day_kept: NaiveDate) -> Result<u64, LakeError> {
        let table = self.newest().await?;
        let too_old = col(schema::PARTITION).lt(lit(ScalarValue::Date32(Some(days_since_epoch(
            first_day_kept,
        )))));
        let (table, metrics) = table
            .delete()
            .with_predicate(too_old)
            .await
            .map_err(|error| self.maintenance_error("removing old days from", error))?;
        self.set_current(&table);
        Ok(metrics.num_removed_files as u64)
    }

    /// Deletes files that no version of the last `age` needs, and what writes that were broken off left behind; `age` is at least
    /// [`VACUUM_AGE_MIN`]. Returns how many.
    pub async fn vacuum(&self, age: TimeDelta) -> Result<u64, LakeError> {
        let age = age.max(VACUUM_AGE_MIN);
        let failed = |error| self.maintenance_error("vacuuming", error);
        let table = self.newest().await?;
        // Delta counts files of the log that an earlier run deleted, too.
        let present: HashSet<String> = table
            .log_store()
            .object_store(None)
            .list(None)
            .map_ok(|file| file.location.to_string())
            .try_collect()
            .await
            .map_err(|error| failed(error.into()))?;
        let (table, metrics) = table
            .vacuum()
            .with_mode(VacuumMode::Full)
            .with_retention_period(age)
            .with_enforce_retention_duration(false)
            .await
            .map_err(failed)?;
        self.set_current(&table);
        let files = metrics.files_deleted.iter();
        let mut deleted = files.filter(|file| present.contains(*file)).count() as u64;
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

    fn maintenance_error(&self, doing: &'static str, source: DeltaTableError) -> LakeError {
        self.or_gone(LakeError::Maintenance { doing, source })
    }
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
