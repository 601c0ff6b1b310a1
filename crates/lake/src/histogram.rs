//! Counting events over time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use deltalake::arrow::array::AsArray;
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, TimestampMicrosecondType, UInt64Type};
use deltalake::datafusion::common::{Column, ScalarValue};
use deltalake::datafusion::dataframe::DataFrame;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::functions::expr_fn::date_bin;
use deltalake::datafusion::functions_aggregate::expr_fn::count;
use deltalake::datafusion::physical_optimizer::pruning::PruningStatistics as _;
use deltalake::datafusion::prelude::{Expr, col, lit};
use deltalake::{DeltaResult, DeltaTable};
use drishti_model::TimeRange;

use crate::events::{day, days, moment, within};
use crate::{EventFilter, Lake, LakeError, schema};

/// Most bars of one histogram.
const HISTOGRAM_BUCKETS_MAX: usize = 10_000;

/// Seconds of a day, the length of a partition.
const DAY_SECONDS: i64 = 86_400;

/// Most days that are read one by one because the log does not tell enough of them; where there are more, the whole span is read.
const DAYS_READ_MAX: usize = 20;

/// By how much the last time of a file can be later than the log says: it has milliseconds.
pub(crate) const LOG_STEP_MICROSECONDS: i64 = 999;

/// One bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistogramBucket {
    /// First moment of the bar.
    pub start: DateTime<Utc>,
    /// Events in it.
    pub count: u64,
}

/// Events by the start of their bar, in seconds since 1970.
#[derive(Default)]
struct Bars {
    counts: BTreeMap<i64, u64>,
    bar_seconds: i64,
}

impl Bars {
    fn of_seconds(bar_seconds: i64) -> Self {
        Self {
            counts: BTreeMap::new(),
            bar_seconds,
        }
    }

    fn start(&self, microseconds: i64) -> i64 {
        let seconds = microseconds.div_euclid(1_000_000);
        seconds.div_euclid(self.bar_seconds) * self.bar_seconds
    }

    fn add(&mut self, microseconds: i64, events: u64) {
        *self.counts.entry(self.start(microseconds)).or_default() += events;
    }

    /// Adds the rows of `frame`, of which `time` says when they were.
    async fn add_rows(&mut self, frame: DataFrame, time: Expr) -> Result<(), DataFusionError> {
        let grouped = frame.aggregate(
            vec![time.alias("start")],
            vec![count(lit(1)).alias("events")],
        )?;
        for batch in grouped.collect().await? {
            let times = cast(batch.column(0), &schema::timestamp())?;
            let counts = cast(batch.column(1), &DataType::UInt64)?;
            let times = times.as_primitive::<TimestampMicrosecondType>().values();
            let counts = counts.as_primitive::<UInt64Type>().values();
            for (time, events) in times.iter().zip(counts) {
                self.add(*time, *events);
            }
        }
        Ok(())
    }
}

impl Lake {
    /// How many events fit `filter` in each `bucket` of time, oldest first; empty buckets are left out. Buckets start at multiples
    /// of their length since 1970. Without filters on anything but time, files whose events are all in one bucket are counted by
    /// the log of the table and not read.
    pub async fn histogram(
        &self,
        filter: &EventFilter,
        bucket: Duration,
    ) -> Result<Vec<HistogramBucket>, LakeError> {
        let seconds = i64::try_from(bucket.as_secs()).unwrap_or(i64::MAX).max(1);
        let table = self.newest().await?;
        let mut bars = Bars::of_seconds(seconds);
        let conditions = filter.conditions().into_iter().reduce(Expr::and);
        let spans = if conditions.is_none() {
            let told = count_by_log(&table, filter.range, seconds);
            let (counted, unread) = told.map_err(|error| self.opening(error))?;
            bars = counted;
            unread
        } else {
            spans(filter.range, seconds)
        };
        if !spans.is_empty() {
            let frame = self.reading(&table).await?;
            let read = async {
                for span in spans {
                    let condition = span.into_iter().chain(conditions.clone()).reduce(Expr::and);
                    let frame = match condition {
                        Some(condition) => frame.clone().filter(condition)?,
                        None => frame.clone(),
                    };
                    bars.add_rows(frame, time(seconds)).await?;
                }
                Ok(bars)
            };
            bars = self.within_time(read).await?;
        }
        if bars.counts.len() > HISTOGRAM_BUCKETS_MAX {
            return Err(LakeError::Query(format!(
                "the histogram would have over {HISTOGRAM_BUCKETS_MAX} bars; ask for wider bars or a shorter time"
            )));
        }
        let bucket = |(start, count)| {
            let start = DateTime::from_timestamp(start, 0)?;
            Some(HistogramBucket { start, count })
        };
        Ok(bars.counts.into_iter().filter_map(bucket).collect())
    }
}

/// When an event was, as exactly as bars of `seconds` need it: of whole days the partition tells enough.
fn time(seconds: i64) -> Expr {
    if seconds % DAY_SECONDS == 0 {
        return col(schema::PARTITION);
    }
    let nanoseconds = seconds.saturating_mul(1_000_000_000);
    let length = lit(ScalarValue::new_interval_mdn(0, 0, nanoseconds));
    date_bin(length, col("created_at"), moment(DateTime::UNIX_EPOCH))
}

/// What is to be read for bars over `range`; `None` stands for everything. For bars of whole days its ends are apart from the whole
/// days between, which the partitions alone answer.
fn spans(range: Option<TimeRange>, seconds: i64) -> Vec<Option<Expr>> {
    let Some(range) = range else {
        return vec![None];
    };
    let midnight = |time: DateTime<Utc>| time.date_naive().and_time(NaiveTime::MIN).and_utc();
    let (first, last) = (midnight(range.start), midnight(range.end));
    let first_whole = if first == range.start {
        first
    } else {
        first + TimeDelta::days(1)
    };
    if seconds % DAY_SECONDS != 0 || first_whole >= last {
        return vec![Some(within(range))];
    }
    let ends = [
        TimeRange::new(range.start, first_whole),
        TimeRange::new(last, range.end),
    ];
    let ends = ends.into_iter().flatten().map(within).reduce(Expr::or);
    let last_whole = last.date_naive() - TimeDelta::days(1);
    let whole = days(first_whole.date_naive(), last_whole);
    ends.into_iter().chain([whole]).map(Some).collect()
}

/// The bars as far as the log of the table tells them, and what else is to be read.
fn count_by_log(
    table: &DeltaTable,
    range: Option<TimeRange>,
    seconds: i64,
) -> DeltaResult<(Bars, Vec<Option<Expr>>)> {
    let everything = || Ok((Bars::of_seconds(seconds), spans(range, seconds)));
    let log = table.snapshot()?.log_data();
    let created_at = Column::from_name("created_at");
    let (Some(first), Some(last)) = (log.min_values(&created_at), log.max_values(&created_at))
    else {
        return everything();
    };
    let first = cast(&first, &schema::timestamp())?;
    let last = cast(&last, &schema::timestamp())?;
    let times = first
        .as_primitive::<TimestampMicrosecondType>()
        .iter()
        .zip(last.as_primitive::<TimestampMicrosecondType>());
    let start = range.map_or(i64::MIN, |range| range.start.timestamp_micros());
    let end = range.map_or(i64::MAX, |range| range.end.timestamp_micros());
    let mut told: BTreeMap<NaiveDate, Vec<(i64, u64)>> = BTreeMap::new();
    let mut untold = BTreeSet::new();
    let bars = Bars::of_seconds(seconds);
    for (file, (first, last)) in log.iter().zip(times) {
        let values = file.partition_values_map();
        let date = values.get(schema::PARTITION).and_then(Option::as_deref);
        let Some(date) = date.and_then(|date| date.parse().ok()) else {
            return everything();
        };
        match (first, last, file.num_records()) {
            (Some(first), Some(last), Some(rows)) => {
                let last = last.saturating_add(LOG_STEP_MICROSECONDS);
                if last < start || end <= first {
                    continue;
                }
                let is_inside = start <= first && last < end;
                if is_inside && bars.start(first) == bars.start(last) {
                    told.entry(date).or_default().push((first, rows as u64));
                } else {
                    untold.insert(date);
                }
            }
            _ => drop(untold.insert(date)),
        }
    }
    if untold.len() > DAYS_READ_MAX {
        return everything();
    }
    Ok(merged(bars, told, &untold, range))
}

/// The bars of the days that are told wholly, and the condition of the others.
fn merged(
    mut bars: Bars,
    told: BTreeMap<NaiveDate, Vec<(i64, u64)>>,
    untold: &BTreeSet<NaiveDate>,
    range: Option<TimeRange>,
) -> (Bars, Vec<Option<Expr>>) {
    let whole = told.into_iter().filter(|(date, _)| !untold.contains(date));
    for (time, events) in whole.flat_map(|(_, files)| files) {
        bars.add(time, events);
    }
    if untold.is_empty() {
        return (bars, Vec::new());
    }
    let days = untold.iter().copied().map(day).collect();
    let condition = col(schema::PARTITION).in_list(days, false);
    let condition = range.map(within).into_iter().fold(condition, Expr::and);
    (bars, vec![Some(condition)])
}
