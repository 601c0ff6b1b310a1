//! Reading events by filters, without SQL text.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deltalake::arrow::array::AsArray;
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use deltalake::datafusion::common::ScalarValue;
use deltalake::datafusion::dataframe::DataFrame;
use deltalake::datafusion::functions::expr_fn::{date_bin, lower, strpos};
use deltalake::datafusion::functions_aggregate::expr_fn::count;
use deltalake::datafusion::prelude::{Expr, col, lit};
use drishti_model::{AuditEvent, TimeRange};

use crate::query::QueryLimits;
use crate::rows::{days_since_epoch, from_columns};
use crate::{Lake, LakeError, schema};

/// Most events of one page.
const PAGE_ROWS_MAX: usize = 1_000;

/// Most bars of one histogram.
const HISTOGRAM_BUCKETS_MAX: i64 = 10_000;

/// An event with what the lake adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Name of the source that it came from.
    pub source: String,
    /// Number of the batch that brought it.
    pub batch: i64,
    /// When it was collected.
    pub collected_at: DateTime<Utc>,
    /// The event.
    pub event: AuditEvent,
}

/// Where a page of events, newest first, ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPosition {
    /// `created_at` of its last event.
    pub created_at: DateTime<Utc>,
    /// Gid of its last event.
    pub gid: String,
    /// Source of its last event.
    pub source: String,
}

/// Which events are meant: all filters that are set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Instance name of the source.
    pub source: Option<String>,
    /// Span of `created_at`.
    pub range: Option<TimeRange>,
    /// One of these types.
    pub event_types: Vec<String>,
    /// One of these categories.
    pub event_categories: Vec<String>,
    /// Gid or e-mail address of who did it.
    pub actor: Option<String>,
    /// Gid or e-mail address of what it was done to.
    pub resource: Option<String>,
    /// Client address, as Asana wrote it.
    pub ip_address: Option<String>,
    /// Gid of the event.
    pub gid: Option<String>,
    /// Text that stands somewhere in names, addresses, the user agent or the details, whatever its case.
    pub text: Option<String>,
}

/// One bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistogramBucket {
    /// First moment of the bar.
    pub start: DateTime<Utc>,
    /// Events in it.
    pub count: u64,
}

impl EventFilter {
    fn conditions(&self) -> Vec<Expr> {
        let mut all = Vec::new();
        let mut equal = |name: &str, value: &Option<String>| {
            all.extend(value.as_deref().map(|value| col(name).eq(lit(value))));
        };
        equal("source", &self.source);
        equal("client_ip_address", &self.ip_address);
        equal("gid", &self.gid);
        if let Some(range) = self.range {
            all.extend(within(range));
        }
        for (name, values) in [
            ("event_type", &self.event_types),
            ("event_category", &self.event_categories),
        ] {
            if !values.is_empty() {
                all.push(col(name).in_list(values.iter().map(lit).collect(), false));
            }
        }
        for (who, value) in [("actor", &self.actor), ("resource", &self.resource)] {
            if let Some(value) = value {
                let kind = if value.contains('@') { "email" } else { "gid" };
                all.push(col(format!("{who}_{kind}")).eq(lit(value)));
            }
        }
        if let Some(text) = &self.text {
            let text = text.to_lowercase();
            all.extend(
                SEARCHED
                    .iter()
                    .map(|name| strpos(lower(col(*name)), lit(&text)).gt(lit(0)))
                    .reduce(Expr::or),
            );
        }
        all
    }
}

/// The columns that free text is looked for in.
const SEARCHED: [&str; 9] = [
    "event_type",
    "actor_name",
    "actor_email",
    "resource_name",
    "resource_email",
    "client_ip_address",
    "user_agent",
    "oauth_app_name",
    "details",
];

fn moment(time: DateTime<Utc>) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(
        Some(time.timestamp_micros()),
        Some("UTC".into()),
    ))
}

fn day(time: DateTime<Utc>) -> Expr {
    lit(ScalarValue::Date32(Some(days_since_epoch(
        time.date_naive(),
    ))))
}

/// The span by the partition, so that whole days are skipped, and by the exact time.
fn within(range: TimeRange) -> [Expr; 4] {
    [
        col(schema::PARTITION).gt_eq(day(range.start)),
        col(schema::PARTITION).lt_eq(day(range.end)),
        col("created_at").gt_eq(moment(range.start)),
        col("created_at").lt(moment(range.end)),
    ]
}

impl Lake {
    /// The newest events that fit `filter` and come after `position`, at most `limit` (and never more than 1,000).
    pub async fn events(
        &self,
        filter: &EventFilter,
        position: Option<&EventPosition>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, LakeError> {
        let after = position.map(|position| {
            let (same_time, same_gid) = (
                col("created_at").eq(moment(position.created_at)),
                col("gid").eq(lit(&position.gid)),
            );
            col("created_at")
                .lt(moment(position.created_at))
                .or(same_time
                    .clone()
                    .and(col("gid").lt(lit(&position.gid))))
                .or(same_time
                    .and(same_gid)
                    .and(col("source").lt(lit(&position.source))))
        });
        let bound = position.map(|position| col(schema::PARTITION).lt_eq(day(position.created_at)));
        let frame = self
            .filtered(filter.conditions().into_iter().chain(after).chain(bound))
            .await?
            .sort(vec![
                col("created_at").sort(false, false),
                col("gid").sort(false, false),
                col("source").sort(false, false),
            ])
            .and_then(|frame| frame.limit(0, Some(limit.min(PAGE_ROWS_MAX))))
            .map_err(LakeError::Engine)?;
        let mut events = Vec::new();
        for batch in within_time(frame.collect()).await? {
            events.extend(from_columns(&batch).map_err(LakeError::Columns)?);
        }
        Ok(events)
    }

    /// How many events fit `filter` in each `bucket` of time, oldest first; empty buckets are left out. A bucket of whole days
    /// without other filters than source and span of whole days is answered from the partitions alone.
    pub async fn histogram(
        &self,
        filter: &EventFilter,
        bucket: Duration,
    ) -> Result<Vec<HistogramBucket>, LakeError> {
        let seconds = i64::try_from(bucket.as_secs()).unwrap_or(i64::MAX).max(1);
        if let Some(range) = filter.range
            && (range.end - range.start).num_seconds() / seconds > HISTOGRAM_BUCKETS_MAX
        {
            return Err(LakeError::Query(format!(
                "the histogram would have over {HISTOGRAM_BUCKETS_MAX} bars; ask for wider bars or a shorter time"
            )));
        }
        let start = if seconds == 86_400 {
            col(schema::PARTITION)
        } else {
            let stride = lit(ScalarValue::new_interval_mdn(0, 0, seconds.saturating_mul(1_000_000_000)));
            date_bin(stride, col("created_at"), moment(DateTime::UNIX_EPOCH))
        };
        let frame = self
            .filtered(filter.conditions())
            .await?
            .aggregate(vec![start.alias("start")], vec![count(lit(1)).alias("events")])
            .and_then(|frame| frame.sort(vec![col("start").sort(true, false)]))
            .and_then(|frame| frame.limit(0, usize::try_from(HISTOGRAM_BUCKETS_MAX).ok()))
            .map_err(LakeError::Engine)?;
        let mut buckets = Vec::new();
        for batch in within_time(frame.collect()).await? {
            let starts = cast(batch.column(0), &schema::timestamp()).map_err(LakeError::Columns)?;
            let counts = cast(batch.column(1), &DataType::Int64).map_err(LakeError::Columns)?;
            let starts = starts.as_primitive::<TimestampMicrosecondType>();
            let counts = counts.as_primitive::<Int64Type>();
            buckets.extend(starts.values().iter().zip(counts.values()).filter_map(
                |(start, count)| {
                    Some(HistogramBucket {
                        start: DateTime::from_timestamp_micros(*start)?,
                        count: u64::try_from(*count).ok()?,
                    })
                },
            ));
        }
        Ok(buckets)
    }

    async fn filtered(
        &self,
        conditions: impl IntoIterator<Item = Expr>,
    ) -> Result<DataFrame, LakeError> {
        let table = self.newest().await?;
        let context = self.session(QueryLimits::default().memory_bytes);
        let frame = self.scan(&context, &table).await?;
        match conditions.into_iter().reduce(Expr::and) {
            Some(condition) => frame.filter(condition).map_err(LakeError::Engine),
            None => Ok(frame),
        }
    }
}

async fn within_time<T>(
    work: impl Future<Output = Result<T, deltalake::datafusion::error::DataFusionError>>,
) -> Result<T, LakeError> {
    let limit = QueryLimits::default().time;
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| LakeError::QueryTime(limit.as_secs()))?
        .map_err(LakeError::Engine)
}
