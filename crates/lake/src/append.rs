//! Writing a batch, once.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::arrow::array::AsArray;
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, SchemaRef};
use deltalake::datafusion::prelude::{col, lit};
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, Transaction};
use deltalake::protocol::checkpoints::create_checkpoint;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::writer::RecordBatchWriter;
use deltalake::{DeltaResult, DeltaTable, DeltaTableError};
use drishti_model::{EnrichedEvent, SourceName};
use tokio::sync::OwnedMutexGuard;

use crate::files::Files;
use crate::gids::{Day, GidSet, KnownGids};
use crate::rows::{self, Stamp};
use crate::table::{CHECKPOINT_INTERVAL_COMMITS, application, last_sequence, rows_by_day};
use crate::{Lake, LakeError, schema};

/// Commits that another process may win in a row before an append gives up.
const COMMIT_TRIES_MAX: usize = 50;

/// A batch being written. Nothing of it is visible before [`Append::commit`]; dropped, it leaves at most files that the next
/// vacuum removes.
pub struct Append {
    lake: Lake,
    table: DeltaTable,
    known: OwnedMutexGuard<KnownGids>,
    used_since: u64,
    files: Files,
    columns: SchemaRef,
    source: SourceName,
    sequence: i64,
    collected_at: DateTime<Utc>,
    /// The days that have events in the table, of whichever source.
    stored_days: BTreeMap<NaiveDate, u64>,
    fresh: BTreeMap<NaiveDate, GidSet>,
    stored: u64,
    duplicates: u64,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Events that are new in the lake.
    pub stored: u64,
    /// Events that were there already, or twice in the batch.
    pub duplicates: u64,
    /// The batch's number; `None` where nothing was new and so nothing was committed.
    pub sequence: Option<i64>,
}

impl Lake {
    /// Begins batch number `sequence` of `source`; numbers grow by one, the first is 1. Waits while another batch is being written.
    pub async fn append(
        &self,
        source: &SourceName,
        sequence: i64,
        collected_at: DateTime<Utc>,
    ) -> Result<Append, LakeError> {
        let mut known = std::sync::Arc::clone(&self.0.writer).lock_owned().await;
        let table = self.newest().await?;
        let failed = |error| self.append_error(source, error);
        let newest = last_sequence(&table, source).await.map_err(failed)?;
        if newest >= sequence {
            known.forget(source);
            return Err(LakeError::Superseded {
                source_name: source.clone(),
                sequence,
            });
        }
        known.trust(source, newest);
        let properties = schema::writer_properties()
            .map_err(DeltaTableError::from)
            .map_err(failed)?;
        let writer = RecordBatchWriter::for_table(&table)
            .map_err(failed)?
            .with_writer_properties(properties);
        Ok(Append {
            lake: self.clone(),
            used_since: known.mark(),
            stored_days: rows_by_day(&table).map_err(failed)?,
            known,
            table,
            columns: writer.arrow_schema(),
            files: Files::begin(writer),
            source: source.clone(),
            sequence,
            collected_at,
            fresh: BTreeMap::new(),
            stored: 0,
            duplicates: 0,
        })
    }

    /// Reads the gids of one day of a source from the table.
    async fn gids_of(
        &self,
        table: &DeltaTable,
        source: &SourceName,
        date: NaiveDate,
    ) -> Result<GidSet, LakeError> {
        let mut gids = GidSet::default();
        let context = self.session(usize::MAX);
        let batches = self
            .scan(&context, table)
            .await?
            .filter(
                col(schema::PARTITION)
                    .eq(lit(deltalake::datafusion::scalar::ScalarValue::Date32(
                        Some(rows::days_since_epoch(date)),
                    )))
                    .and(col("source").eq(lit(source.as_str()))),
            )
            .and_then(|frame| frame.select_columns(&["gid"]))
            .map_err(LakeError::Engine)?
            .collect()
            .await
            .map_err(|error| self.or_gone(LakeError::Engine(error)))?;
        for batch in batches {
            let column = cast(batch.column(0), &DataType::Utf8).map_err(LakeError::Columns)?;
            for gid in column.as_string::<i32>().iter().flatten() {
                gids.insert(gid);
            }
        }
        Ok(gids)
    }

    fn append_error(&self, source: &SourceName, error: DeltaTableError) -> LakeError {
        self.or_gone(LakeError::Append {
            source_name: source.clone(),
            address: self.address(),
            source: error,
        })
    }
}

impl Append {
    /// Adds those of `events` that are not in the lake yet.
    pub async fn write(&mut self, events: &[EnrichedEvent]) -> Result<(), LakeError> {
        let mut days: BTreeMap<NaiveDate, Vec<&EnrichedEvent>> = BTreeMap::new();
        for event in events {
            days.entry(event.event.created_at.date_naive())
                .or_default()
                .push(event);
        }
        let mut fresh = Vec::with_capacity(events.len());
        for (date, events) in days {
            self.load_day(date).await?;
            let known = self.known.day(&(self.source.clone(), date));
            let in_batch = self.fresh.entry(date).or_default();
            fresh.extend(events.into_iter().filter(|row| {
                let gid = &row.event.gid;
                !known.is_some_and(|gids| gids.contains(gid)) && in_batch.insert(gid)
            }));
        }
        self.stored += fresh.len() as u64;
        self.duplicates += (events.len() - fresh.len()) as u64;
        if fresh.is_empty() {
            return Ok(());
        }
        let stamp = Stamp {
            source: &self.source,
            sequence: self.sequence,
            collected_at: self.collected_at,
        };
        let rows = rows::to_columns(&stamp, &fresh, &self.columns).map_err(LakeError::Columns)?;
        let written = self.files.write(rows).await;
        written.map_err(|error| self.lake.append_error(&self.source, error))
    }

    /// Events added so far.
    pub fn stored(&self) -> u64 {
        self.stored
    }

    /// Makes the batch visible and durable.
    pub async fn commit(mut self) -> Result<Appended, LakeError> {
        let mut appended = Appended {
            stored: self.stored,
            duplicates: self.duplicates,
            sequence: None,
        };
        if self.stored == 0 {
            self.make_room();
            return Ok(appended);
        }
        let files = match self.files.finish().await {
            Ok(files) => files,
            Err(error) => return Err(self.lake.append_error(&self.source, error)),
        };
        match self.commit_files(&files).await {
            Ok(()) => {
                for (date, gids) in std::mem::take(&mut self.fresh) {
                    self.known.add((self.source.clone(), date), gids);
                }
            }
            Err(error) => {
                // What is known of the days is read again when it is needed: this batch alone would not be a whole day.
                self.known.forget(&self.source);
                self.settle(error, &files).await?;
            }
        }
        self.lake.set_current(&self.table);
        self.known.wrote(&self.source, self.sequence);
        self.make_room();
        self.write_checkpoint().await;
        appended.sequence = Some(self.sequence);
        Ok(appended)
    }

    /// Forgets what is held beyond the bound; this batch's days are no longer needed either.
    fn make_room(&mut self) {
        let everything = self.known.mark();
        self.known.shrink(everything);
    }

    /// Finds out what a commit that failed came to: the entry may have been written before the failure.
    async fn settle(&mut self, error: DeltaTableError, files: &[Add]) -> Result<(), LakeError> {
        let error = self.lake.append_error(&self.source, error);
        if error.is_gone() || self.table.update_state().await.is_err() {
            return Err(error);
        }
        let (Ok(snapshot), Ok(newest)) = (
            self.table.snapshot(),
            last_sequence(&self.table, &self.source).await,
        ) else {
            return Err(error);
        };
        let ours = |path: &str| files.iter().any(|file| file.path == path);
        if newest < self.sequence {
            Err(error)
        } else if snapshot.log_data().iter().any(|file| ours(&file.path())) {
            Ok(())
        } else {
            Err(LakeError::Superseded {
                source_name: self.source.clone(),
                sequence: self.sequence,
            })
        }
    }

    /// Sums up the log now and then. The batch is in the lake already, so a failure is only worth a warning: the next one does it.
    async fn write_checkpoint(&mut self) {
        let version = self.table.version().unwrap_or_default();
        if !(version + 1).is_multiple_of(CHECKPOINT_INTERVAL_COMMITS) {
            return;
        }
        if let Err(error) = create_checkpoint(&self.table, None).await {
            tracing::warn!(version, error = %error, "could not write a checkpoint of the lake's log");
        }
    }

    /// Sees to it that the gids of a day are in memory, until this batch ends.
    async fn load_day(&mut self, date: NaiveDate) -> Result<(), LakeError> {
        let day: Day = (self.source.clone(), date);
        if self.known.day(&day).is_some() {
            return Ok(());
        }
        let gids = if self.stored_days.contains_key(&date) {
            self.lake.gids_of(&self.table, &self.source, date).await?
        } else {
            GidSet::default()
        };
        self.known.add(day, gids);
        self.known.shrink(self.used_since);
        Ok(())
    }

    /// Commits files that are finished and durable. Checkpoints and cleaning are left to later, where their failure is not one of
    /// the commit.
    async fn commit_files(&mut self, files: &[Add]) -> DeltaResult<()> {
        let properties = CommitProperties::default()
            .with_max_retries(COMMIT_TRIES_MAX)
            .with_create_checkpoint(false)
            .with_cleanup_expired_logs(Some(false))
            .with_application_transaction(Transaction::new(
                application(&self.source),
                self.sequence,
            ));
        let commit = CommitBuilder::from(properties)
            .with_actions(files.iter().cloned().map(Action::Add).collect())
            .build(
                Some(self.table.snapshot()?),
                self.table.log_store(),
                DeltaOperation::Write {
                    mode: SaveMode::Append,
                    partition_by: Some(vec![schema::PARTITION.to_owned()]),
                    predicate: None,
                },
            )
            .await?;
        self.table.state = Some(commit.snapshot());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use drishti_model::AuditEvent;

    use super::*;
    use crate::LakeLocation;

    #[tokio::test(flavor = "multi_thread")]
    async fn days_that_had_to_be_forgotten_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let location = LakeLocation::folder(folder.path()).unwrap();
        let (lake, _) = Lake::open(location).await.unwrap();
        *lake.0.writer.lock().await = KnownGids::with_room_for(10);
        let source = SourceName::new("a").unwrap();
        let day = |day: i32| -> Vec<EnrichedEvent> {
            (0..8)
                .map(|gid| AuditEvent {
                    gid: format!("{day}{gid}"),
                    created_at: DateTime::UNIX_EPOCH + TimeDelta::days(day.into()),
                    ..AuditEvent::default()
                })
                .map(EnrichedEvent::from)
                .collect()
        };
        let mut sequence = 0;
        for (events, stored) in [
            (day(1), 8),
            (day(2), 8),
            (day(3), 8),
            (day(1), 0),
            (day(2), 0),
            // More gids than there is room for, in one batch.
            ([day(1), day(2), day(3), day(4)].concat(), 8),
            ([day(4), day(1)].concat(), 0),
        ] {
            let mut append = lake
                .append(&source, sequence + 1, DateTime::UNIX_EPOCH)
                .await
                .unwrap();
            append.write(&events).await.unwrap();
            let appended = append.commit().await.unwrap();
            assert_eq!(appended.stored, stored);
            sequence = appended.sequence.unwrap_or(sequence);
            assert!(lake.0.writer.lock().await.len() <= 10);
        }
        assert_eq!(lake.statistics().await.unwrap().rows, 32);
    }
}
