//! Writing a batch, once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::arrow::array::AsArray;
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::DataType;
use deltalake::datafusion::prelude::{col, lit};
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaResult, DeltaTable, DeltaTableError};
use drishti_model::{AuditEvent, SourceName};
use tokio::sync::OwnedMutexGuard;

use crate::gids::{Day, GIDS_IN_MEMORY_MAX, GidSet, KnownGids};
use crate::rows::{self, Stamp};
use crate::table::{application, last_sequence};
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
    writer: RecordBatchWriter,
    source: SourceName,
    sequence: i64,
    collected_at: DateTime<Utc>,
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
            known,
            table,
            writer,
            source: source.clone(),
            sequence,
            collected_at,
            fresh: BTreeMap::new(),
            stored: 0,
            duplicates: 0,
        })
    }

    fn append_error(&self, source: &SourceName, error: DeltaTableError) -> LakeError {
        self.gone(&error).unwrap_or_else(|| LakeError::Append {
            source_name: source.clone(),
            source: error,
        })
    }
}

impl Append {
    /// Adds those of `events` that are not in the lake yet.
    pub async fn write(&mut self, events: &[AuditEvent]) -> Result<(), LakeError> {
        let dates: BTreeSet<NaiveDate> = events
            .iter()
            .map(|event| event.created_at.date_naive())
            .collect();
        for date in dates {
            self.load_day(date).await?;
        }
        let mut fresh = Vec::with_capacity(events.len());
        for event in events {
            let date = event.created_at.date_naive();
            let day = (self.source.clone(), date);
            let known = self
                .known
                .day(&day)
                .is_some_and(|gids| gids.contains(&event.gid));
            if !known && self.fresh.entry(date).or_default().insert(&event.gid) {
                fresh.push(event);
            }
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
        let columns = rows::to_columns(&stamp, &fresh, &self.writer.arrow_schema())
            .map_err(LakeError::Columns)?;
        self.writer
            .write(columns)
            .await
            .map_err(|error| self.lake.append_error(&self.source, error))
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
            return Ok(appended);
        }
        if let Err(error) = self.commit_files().await {
            self.known.forget(&self.source);
            let mut table = self.table.clone();
            let superseded = match table.update_state().await {
                Ok(()) => last_sequence(&table, &self.source).await.unwrap_or(0) >= self.sequence,
                Err(_) => false,
            };
            return Err(if superseded {
                LakeError::Superseded {
                    source_name: self.source.clone(),
                    sequence: self.sequence,
                }
            } else {
                self.lake.append_error(&self.source, error)
            });
        }
        self.lake.set_current(&self.table);
        for (date, gids) in std::mem::take(&mut self.fresh) {
            self.known.add((self.source.clone(), date), gids);
        }
        self.known.wrote(&self.source, self.sequence);
        let everything = self.known.mark();
        self.known.shrink(GIDS_IN_MEMORY_MAX, everything);
        appended.sequence = Some(self.sequence);
        Ok(appended)
    }

    /// Sees to it that the gids of a day are in memory, until this batch ends.
    async fn load_day(&mut self, date: NaiveDate) -> Result<(), LakeError> {
        let day: Day = (self.source.clone(), date);
        if self.known.day(&day).is_none() {
            let gids = self.load_gids(date).await?;
            self.known.add(day, gids);
            self.known.shrink(GIDS_IN_MEMORY_MAX, self.used_since);
        }
        Ok(())
    }

    /// Reads the gids of one day from the table.
    async fn load_gids(&self, date: NaiveDate) -> Result<GidSet, LakeError> {
        let mut gids = GidSet::default();
        let context = self.lake.session(usize::MAX);
        let batches = self
            .lake
            .scan(&context, &self.table)
            .await?
            .filter(
                col(schema::PARTITION)
                    .eq(lit(deltalake::datafusion::scalar::ScalarValue::Date32(Some(
                        rows::days_since_epoch(date),
                    ))))
                    .and(col("source").eq(lit(self.source.as_str()))),
            )
            .and_then(|frame| frame.select_columns(&["gid"]))
            .map_err(LakeError::Engine)?
            .collect()
            .await
            .map_err(LakeError::Engine)?;
        for batch in batches {
            let column = cast(batch.column(0), &DataType::Utf8).map_err(LakeError::Columns)?;
            for gid in column.as_string::<i32>().iter().flatten() {
                gids.insert(gid);
            }
        }
        Ok(gids)
    }

    /// Finishes the files, then commits them: the commit never names a file that is not durable.
    async fn commit_files(&mut self) -> DeltaResult<()> {
        let files = self.writer.flush().await?;
        let properties = CommitProperties::default()
            .with_max_retries(COMMIT_TRIES_MAX)
            .with_application_transaction(Transaction::new(
                application(&self.source),
                self.sequence,
            ));
        let commit = CommitBuilder::from(properties)
            .with_actions(files.into_iter().map(Action::Add).collect())
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
