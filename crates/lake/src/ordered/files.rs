//! Which files have the events of a day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use deltalake::arrow::array::{Array as _, ArrayRef, AsArray as _};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, TimestampMicrosecondType};
use deltalake::datafusion::common::Column;
use deltalake::datafusion::physical_optimizer::pruning::PruningStatistics as _;
use deltalake::{DeltaResult, DeltaTable};
use drishti_model::{SourceName, TimeRange};
use object_store::path::Path;

use crate::histogram::LOG_STEP_MICROSECONDS;
use crate::schema;

/// The files of one day that may have events of a source in a span.
#[derive(Clone)]
pub(super) struct DayFiles {
    pub(super) day: NaiveDate,
    pub(super) files: Vec<StoredFile>,
}

/// A file of the table.
#[derive(Clone)]
pub(super) struct StoredFile {
    pub(super) path: Path,
    bytes: u64,
    /// `None` where the log does not tell, or some are deleted.
    pub(super) rows: Option<u64>,
    /// Whether all its events are of the source and in the span.
    pub(super) is_whole: bool,
}

impl DayFiles {
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    pub(super) fn rows(&self) -> Option<u64> {
        self.files.iter().map(|file| file.rows).sum()
    }
}

/// The days of `range` that have files, the oldest first, as far as the log of the table tells.
pub(super) fn days_of(
    table: &DeltaTable,
    source: &SourceName,
    range: TimeRange,
) -> DeltaResult<Vec<DayFiles>> {
    let log = table.snapshot()?.log_data();
    let (created_at, of) = (Column::from_name("created_at"), Column::from_name("source"));
    let first = Told::times(log.min_values(&created_at))?;
    let last = Told::times(log.max_values(&created_at))?;
    let lowest = Told::names(log.min_values(&of))?;
    let highest = Told::names(log.max_values(&of))?;
    let (start, end) = (range.start.timestamp_micros(), range.end.timestamp_micros());
    let mut days: BTreeMap<NaiveDate, Vec<StoredFile>> = BTreeMap::new();
    for (place, file) in log.iter().enumerate() {
        let values = file.partition_values_map();
        let day = values.get(schema::PARTITION).and_then(Option::as_deref);
        let Some(day) = day.and_then(|day| day.parse::<NaiveDate>().ok()) else {
            continue;
        };
        if !(range.start.date_naive()..=range.end.date_naive()).contains(&day) {
            continue;
        }
        let (first, last) = (first.time(place), last.time(place));
        // The log has milliseconds.
        let last = last.map(|last| last.saturating_add(LOG_STEP_MICROSECONDS));
        if first.is_some_and(|first| first >= end) || last.is_some_and(|last| last < start) {
            continue;
        }
        let is_inside =
            first.is_some_and(|first| first >= start) && last.is_some_and(|last| last < end);
        let is_source = |names: &Told| names.name(place) == Some(source.as_str());
        let rows = file
            .num_records()
            .filter(|_| file.deletion_vector_descriptor().is_none());
        days.entry(day).or_default().push(StoredFile {
            path: file.object_store_path(),
            bytes: u64::try_from(file.size()).unwrap_or_default(),
            rows: rows.map(|rows| rows as u64),
            is_whole: is_inside && is_source(&lowest) && is_source(&highest),
        });
    }
    let days = days.into_iter();
    Ok(days.map(|(day, files)| DayFiles { day, files }).collect())
}

/// What the log says of each file, as far as it does.
struct Told(Option<ArrayRef>);

impl Told {
    fn times(values: Option<ArrayRef>) -> DeltaResult<Self> {
        let times = values.map(|values| cast(&values, &schema::timestamp()));
        Ok(Self(times.transpose()?))
    }

    fn names(values: Option<ArrayRef>) -> DeltaResult<Self> {
        let names = values.map(|values| cast(&values, &DataType::Utf8));
        Ok(Self(names.transpose()?))
    }

    fn time(&self, file: usize) -> Option<i64> {
        let times = self
            .0
            .as_ref()?
            .as_primitive_opt::<TimestampMicrosecondType>()?;
        times.is_valid(file).then(|| times.value(file))
    }

    fn name(&self, file: usize) -> Option<&str> {
        let names = self.0.as_ref()?.as_string_opt::<i32>()?;
        names.is_valid(file).then(|| names.value(file))
    }
}
