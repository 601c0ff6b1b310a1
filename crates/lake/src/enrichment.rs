//! Saying anew of stored events what is known of their addresses and devices.

use chrono::NaiveDate;
use deltalake::datafusion::prelude::col;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaTable, DeltaTableError};
use drishti_model::{AuditEvent, EnrichedEvent};
use futures::StreamExt as _;

use crate::rearrange::{TRIES_MAX, guarded};
use crate::rows::{enriched_from_columns, with_enrichment};
use crate::table::rows_by_day;
use crate::{Lake, LakeError, schema};

impl Lake {
    /// The days that have events, the oldest first.
    pub async fn days(&self) -> Result<Vec<NaiveDate>, LakeError> {
        let table = self.newest().await?;
        let days = rows_by_day(&table).map_err(|error| self.opening(error))?;
        Ok(days.into_keys().collect())
    }

    /// Lets the events of one day, of all sources, say of addresses and devices what `enrich` says now; gives how many say something
    /// else than before. The day changes whole or not at all; appends of this process wait meanwhile.
    pub async fn enrich_again(
        &self,
        day: NaiveDate,
        enrich: &(dyn Fn(AuditEvent) -> EnrichedEvent + Sync),
    ) -> Result<u64, LakeError> {
        let _appends_wait = self.0.writer.lock().await;
        let mut tries = 1;
        loop {
            let table = self.newest().await?;
            match self.enrich_day_of(table, day, enrich).await {
                Err(error) if error.is_overtaken() && tries < TRIES_MAX => tries += 1,
                outcome => return outcome,
            }
        }
    }

    pub(crate) async fn enrich_day_of(
        &self,
        table: DeltaTable,
        day: NaiveDate,
        enrich: &(dyn Fn(AuditEvent) -> EnrichedEvent + Sync),
    ) -> Result<u64, LakeError> {
        let failed = |error| self.maintenance_error("enriching the events of", error);
        let properties = schema::writer_properties()
            .map_err(DeltaTableError::from)
            .map_err(failed)?;
        let mut writer = RecordBatchWriter::for_table(&table)
            .map_err(failed)?
            .with_writer_properties(properties);
        let columns = writer.arrow_schema();
        let context = self.session(usize::MAX);
        let frame = self.scan(&context, &table).await?;
        let mut rows = frame
            .filter(col(schema::PARTITION).eq(crate::events::day(day)))
            .map_err(LakeError::Engine)?
            .execute_stream()
            .await
            .map_err(|error| self.query_error(&error, usize::MAX))?;
        let mut changed = 0;
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| self.query_error(&error, usize::MAX))?;
            let again: Vec<EnrichedEvent> = enriched_from_columns(&batch)
                .map_err(LakeError::Columns)?
                .into_iter()
                .map(|stored| enrich(stored.event))
                .collect();
            let (batch, differing) =
                with_enrichment(&batch, &again, &columns).map_err(LakeError::Columns)?;
            changed += differing;
            writer.write(batch).await.map_err(failed)?;
        }
        if changed == 0 {
            return Ok(0);
        }
        let files = writer.flush().await.map_err(failed)?;
        self.replace_day(table, day, files).await.map_err(failed)?;
        Ok(changed)
    }

    /// Lets `files` take the place of those that `table` has of a day.
    async fn replace_day(
        &self,
        mut table: DeltaTable,
        day: NaiveDate,
        files: Vec<Add>,
    ) -> Result<(), DeltaTableError> {
        let snapshot = table.snapshot()?;
        let day = day.to_string();
        let stored = snapshot.log_data();
        let replaced = stored.iter().filter(|file| {
            let values = file.partition_values_map();
            values.get(schema::PARTITION).and_then(Option::as_deref) == Some(&day)
        });
        let actions = replaced
            .map(|file| Action::Remove(file.remove_action(false)))
            .chain(files.into_iter().map(rearranged).map(Action::Add))
            .collect();
        let properties = CommitProperties::default()
            .with_create_checkpoint(false)
            .with_cleanup_expired_logs(Some(false));
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(
                Some(snapshot),
                guarded(&table).log_store(),
                DeltaOperation::Write {
                    mode: SaveMode::Overwrite,
                    partition_by: Some(vec![schema::PARTITION.to_owned()]),
                    predicate: Some(format!("{} = '{day}'", schema::PARTITION)),
                },
            )
            .await?;
        table.state = Some(commit.snapshot());
        self.set_current(&table);
        Ok(())
    }
}

/// To Delta this is as a compaction: the same events, so that appends go on and those who follow the table don't read them twice.
fn rearranged(file: Add) -> Add {
    Add {
        data_change: false,
        ..file
    }
}
