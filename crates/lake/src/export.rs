//! Events as files.

use std::str::FromStr;
use std::sync::Arc;

use deltalake::arrow::error::ArrowError;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::prelude::{Expr, col};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::events::{day, sorted, within};
use crate::file::FileWriter;
use crate::query::QueryLimits;
use crate::table::rows_by_day;
use crate::{EventFilter, Lake, LakeError, schema};

/// What a file of events is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// The columns of the lake, for spreadsheets: no text is a formula.
    Csv,
    /// Asana's own JSON, key for key, one event a line.
    JsonLines,
    /// The columns of the lake.
    Parquet,
}

impl ExportFormat {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}

impl FromStr for ExportFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Csv, Self::JsonLines, Self::Parquet];
        let mut all = all.into_iter();
        all.find(|format| format.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not one of csv, jsonl, parquet"))
    }
}

impl Lake {
    /// The events that fit `filter`, newest first, as the bytes of a file, which are made as fast as they are taken. Where they are
    /// more than `most`, there is no file: a part of the events must not be taken for all of them.
    pub async fn export(
        &self,
        filter: &EventFilter,
        format: ExportFormat,
        most: u64,
    ) -> Result<BoxStream<'static, Result<Vec<u8>, LakeError>>, LakeError> {
        let table = self.newest().await?;
        let days: Vec<_> = rows_by_day(&table)
            .map_err(|error| self.opening(error))?
            .into_keys()
            .rev()
            .filter(|day| {
                let range = filter.range;
                range.is_none_or(|range| {
                    (range.start.date_naive()..=range.end.date_naive()).contains(day)
                })
            })
            .collect();
        let conditions = filter.conditions().into_iter();
        let condition = conditions.chain(filter.range.map(within)).reduce(Expr::and);
        let frame = self.reading(&table).await?;
        let frame = match condition {
            Some(condition) => frame.filter(condition).map_err(LakeError::Engine)?,
            None => frame,
        };
        let counted = self.within_time(frame.clone().count()).await?;
        let found = u64::try_from(counted).unwrap_or(u64::MAX);
        if found > most {
            return Err(LakeError::ExportSize { found, most });
        }
        let schema = Arc::clone(frame.schema().inner());
        let writer = match format {
            ExportFormat::Csv => Ok(FileWriter::csv(&schema)),
            ExportFormat::JsonLines => Ok(FileWriter::Events),
            ExportFormat::Parquet => FileWriter::parquet(&schema),
        };
        let mut writer = writer.map_err(LakeError::Columns)?;
        // Day by day, so that no more than a day is sorted at once.
        let rows = stream::iter(days)
            .map(Ok)
            .and_then(move |date| {
                let frame = frame.clone();
                async move {
                    let of_day = frame.filter(col(schema::PARTITION).eq(day(date)))?;
                    sorted(of_day)?.execute_stream().await
                }
            })
            .try_flatten()
            .map(Some)
            .chain(stream::once(async { None }));
        let lake = self.clone();
        let failed = move |error: &DataFusionError| {
            lake.query_error(error, QueryLimits::default().memory_bytes)
        };
        let unwritten = |error: ArrowError| LakeError::Columns(error);
        let bytes = rows.map(move |batch| match batch {
            Some(Ok(batch)) => writer.write(&batch).map_err(unwritten),
            Some(Err(error)) => Err(failed(&error)),
            None => writer.finish().map_err(unwritten),
        });
        Ok(bytes
            .try_filter(|bytes| std::future::ready(!bytes.is_empty()))
            .boxed())
    }
}
