//! Reading a source's events in the order in which they happened.

use std::collections::VecDeque;

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::DeltaTable;
use deltalake::arrow::array::AsArray;
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::TimestampMicrosecondType;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::SendableRecordBatchStream;
use deltalake::datafusion::functions_aggregate::expr_fn::min;
use deltalake::datafusion::prelude::{col, lit};
use drishti_model::{EnrichedEvent, SourceName, TimeRange};
use futures::StreamExt as _;

use crate::events::within;
use crate::rows::enriched_from_columns;
use crate::table::rows_by_day;
use crate::{Lake, LakeError, schema};

/// Memory for sorting one day, in bytes; a larger day is sorted on disk.
const SORT_BYTES_MAX: usize = 256 << 20;

/// The events of one source in the order of `created_at`, then `gid`. They are those of one version of the table.
pub struct InOrder {
    lake: Lake,
    table: DeltaTable,
    source: SourceName,
    range: TimeRange,
    days: VecDeque<NaiveDate>,
    day: Option<SendableRecordBatchStream>,
}

impl Lake {
    /// The events of `source` whose `created_at` is in `range`, in order. Nothing is read before [`InOrder::next`].
    pub async fn in_order(
        &self,
        source: &SourceName,
        range: TimeRange,
    ) -> Result<InOrder, LakeError> {
        let table = self.newest().await?;
        let days = rows_by_day(&table)
            .map_err(|error| self.opening(error))?
            .into_keys()
            .filter(|day| (range.start.date_naive()..=range.end.date_naive()).contains(day))
            .collect();
        Ok(InOrder {
            lake: self.clone(),
            table,
            source: source.clone(),
            range,
            days,
            day: None,
        })
    }

    /// `created_at` of the oldest event of `source` that came with a batch behind `sequence`; `None` where there is no such batch.
    pub async fn oldest_behind(
        &self,
        source: &SourceName,
        sequence: i64,
    ) -> Result<Option<DateTime<Utc>>, LakeError> {
        let table = self.newest().await?;
        let context = self.session(SORT_BYTES_MAX);
        let frame = self.scan(&context, &table).await?;
        let oldest = async {
            let fresh = col("source")
                .eq(lit(source.as_str()))
                .and(col("batch").gt(lit(sequence)));
            let oldest = frame
                .filter(fresh)?
                .aggregate(vec![], vec![min(col("created_at"))])?;
            let batches = oldest.collect().await?;
            let Some(batch) = batches.first() else {
                return Ok(None);
            };
            let times = cast(batch.column(0), &schema::timestamp())?;
            let times = times.as_primitive::<TimestampMicrosecondType>();
            Ok(times.iter().next().flatten())
        };
        let oldest = oldest
            .await
            .map_err(|error: DataFusionError| self.query_error(&error, SORT_BYTES_MAX))?;
        Ok(oldest.and_then(DateTime::from_timestamp_micros))
    }
}

impl InOrder {
    /// The next events, some thousand at a time; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<EnrichedEvent>>, LakeError> {
        loop {
            let mut day = match self.day.take() {
                Some(day) => day,
                None => match self.days.pop_front() {
                    Some(day) => self.begin(day).await?,
                    None => return Ok(None),
                },
            };
            let Some(batch) = day.next().await else {
                continue;
            };
            self.day = Some(day);
            let batch = batch.map_err(|error| self.lake.query_error(&error, SORT_BYTES_MAX))?;
            if batch.num_rows() > 0 {
                return enriched_from_columns(&batch)
                    .map(Some)
                    .map_err(LakeError::Columns);
            }
        }
    }

    async fn begin(&mut self, day: NaiveDate) -> Result<SendableRecordBatchStream, LakeError> {
        let context = self.lake.session(SORT_BYTES_MAX);
        let frame = self.lake.scan(&context, &self.table).await?;
        let rows = async {
            let condition = col(schema::PARTITION)
                .eq(crate::events::day(day))
                .and(within(self.range))
                .and(col("source").eq(lit(self.source.as_str())));
            frame
                .filter(condition)?
                .sort(vec![
                    col("created_at").sort(true, false),
                    col("gid").sort(true, false),
                ])?
                .execute_stream()
                .await
        };
        rows.await
            .map_err(|error| self.lake.query_error(&error, SORT_BYTES_MAX))
    }
}
