//! Reading events by filters, without SQL text.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::DeltaTable;
use deltalake::datafusion::common::ScalarValue;
use deltalake::datafusion::dataframe::DataFrame;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::prelude::{Expr, col, lit};
use drishti_model::{AddressFacts, AuditEvent, Device, SourceScope, TimeRange};

use crate::facets::ValueFilter;
use crate::pages::PageKey;
use crate::query::QueryLimits;
use crate::rows::{days_since_epoch, stored_from_columns};
use crate::table::rows_by_day;
use crate::{Lake, LakeError, schema};

/// Most events of one page.
const PAGE_ROWS_MAX: usize = 1_000;

/// Rows of the newest days that are looked through first for those that fit a filter; whole days are taken until there are as many.
const FIRST_STRIDE_ROWS: u64 = 50_000;

/// By how much each further stride into the past is longer than the one before, so that a rare event costs few strides.
const STRIDE_GROWTH: u64 = 8;

/// An event with what the lake adds.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Name of the source that it came from.
    pub source: String,
    /// Number of the batch that brought it.
    pub batch: i64,
    /// When it was collected.
    pub collected_at: DateTime<Utc>,
    /// The event.
    pub event: AuditEvent,
    /// What was known of its client address when it was stored.
    pub address: Option<Arc<AddressFacts>>,
    /// What its user agent says.
    pub device: Option<Arc<Device>>,
}

/// Where a page of events, newest first, ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventPosition {
    /// `created_at` of its last event.
    pub created_at: DateTime<Utc>,
    /// Gid of its last event.
    pub gid: String,
    /// Source of its last event.
    pub source: String,
}

/// Which events are meant: all filters that are set must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventFilter {
    /// Instance name of the source.
    pub source: Option<String>,
    /// Only of sources in this scope.
    pub scope: SourceScope,
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
    /// Values of fields that it has, or has not.
    pub values: Vec<ValueFilter>,
}

impl EventFilter {
    /// The filters on anything but time.
    pub(crate) fn conditions(&self) -> Vec<Expr> {
        let mut all = Vec::new();
        let mut equal = |name: &str, value: &Option<String>| {
            all.extend(value.as_deref().map(|value| col(name).eq(lit(value))));
        };
        equal("source", &self.source);
        equal("client_ip_address", &self.ip_address);
        equal("gid", &self.gid);
        if let Some(names) = self.scope.names() {
            let names = names.iter().map(|name| lit(name.as_str()));
            all.push(col("source").in_list(names.collect(), false));
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
        all.extend(self.values.iter().filter_map(ValueFilter::condition));
        if let Some(text) = &self.text {
            let pattern = format!("%{}%", escaped(text));
            all.extend(
                SEARCHED
                    .iter()
                    .map(|name| col(*name).ilike(lit(&pattern)))
                    .reduce(Expr::or),
            );
        }
        all
    }
}

/// `text` as a pattern of `like` that means nothing but itself.
pub(crate) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
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

pub(crate) fn moment(time: DateTime<Utc>) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(
        Some(time.timestamp_micros()),
        Some("UTC".into()),
    ))
}

pub(crate) fn day(date: NaiveDate) -> Expr {
    lit(ScalarValue::Date32(Some(days_since_epoch(date))))
}

/// The days from `first` to `last`.
pub(crate) fn days(first: NaiveDate, last: NaiveDate) -> Expr {
    col(schema::PARTITION)
        .gt_eq(day(first))
        .and(col(schema::PARTITION).lt_eq(day(last)))
}

/// The span by the partition, so that whole days are skipped, and by the exact time.
pub(crate) fn within(range: TimeRange) -> Expr {
    days(range.start.date_naive(), range.end.date_naive())
        .and(col("created_at").gt_eq(moment(range.start)))
        .and(col("created_at").lt(moment(range.end)))
}

/// What comes after `position`, newest first.
fn after(position: &EventPosition) -> Expr {
    let time = moment(position.created_at);
    let same_time = col("created_at").eq(time.clone());
    let same_gid = col("gid").eq(lit(&position.gid));
    let lower_gid = col("gid").lt(lit(&position.gid));
    let lower_source = col("source").lt(lit(&position.source));
    col("created_at")
        .lt(time)
        .or(same_time.and(lower_gid.or(same_gid.and(lower_source))))
}

impl Lake {
    /// The newest events that fit `filter` and come after `position`, at most `limit` (and never more than 1,000). Looks into the
    /// past by longer and longer strides, and no further than it must. A page that was read of the same version is not read again.
    pub async fn events(
        &self,
        filter: &EventFilter,
        position: Option<&EventPosition>,
        limit: usize,
    ) -> Result<Arc<[StoredEvent]>, LakeError> {
        let limit = limit.min(PAGE_ROWS_MAX);
        let table = self.newest().await?;
        let key = PageKey {
            version: table.version().unwrap_or_default(),
            filter: filter.clone(),
            position: position.cloned(),
            limit,
        };
        let read = self.read_page(&table, filter, position, limit);
        self.0.pages.get(&key, read).await
    }

    async fn read_page(
        &self,
        table: &DeltaTable,
        filter: &EventFilter,
        position: Option<&EventPosition>,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, LakeError> {
        let first = filter.range.map(|range| range.start.date_naive());
        let last = filter.range.map(|range| range.end.date_naive());
        let last = last
            .into_iter()
            .chain(position.map(|position| position.created_at.date_naive()))
            .min();
        let stored: Vec<(NaiveDate, u64)> = rows_by_day(table)
            .map_err(|error| self.opening(error))?
            .into_iter()
            .rev()
            .filter(|(day, _)| {
                first.is_none_or(|first| first <= *day) && last.is_none_or(|last| *day <= last)
            })
            .collect();
        let conditions = filter.conditions();
        let mut stride_rows = if filter.gid.is_some() {
            // It is at one place only, so that going by strides would only take longer.
            u64::MAX
        } else if conditions.is_empty() {
            u64::try_from(limit).unwrap_or(u64::MAX)
        } else {
            FIRST_STRIDE_ROWS
        };
        let conditions = conditions
            .into_iter()
            .chain(filter.range.map(within))
            .chain(position.map(after))
            .reduce(Expr::and);
        let frame = self.reading(table).await?;
        let search = async {
            let mut events = Vec::new();
            let mut rest = stored.as_slice();
            while events.len() < limit
                && let Some((stride, older)) = next_stride(rest, stride_rows)
            {
                let condition = conditions.iter().cloned().fold(stride, Expr::and);
                let page = newest_first(frame.clone().filter(condition)?, limit - events.len())?;
                for batch in page.collect().await? {
                    events.extend(stored_from_columns(&batch)?);
                }
                rest = older;
                stride_rows = stride_rows.saturating_mul(STRIDE_GROWTH);
            }
            Ok(events)
        };
        self.within_time(search).await
    }

    pub(crate) async fn reading(&self, table: &DeltaTable) -> Result<DataFrame, LakeError> {
        let context = self.asking(QueryLimits::default().memory_bytes);
        self.scan(&context, table).await
    }

    pub(crate) async fn within_time<T>(
        &self,
        work: impl Future<Output = Result<T, DataFusionError>>,
    ) -> Result<T, LakeError> {
        let limits = QueryLimits::default();
        tokio::time::timeout(limits.time, work)
            .await
            .map_err(|_| LakeError::QueryTime(limits.time.as_secs()))?
            .map_err(|error| self.query_error(&error, limits.memory_bytes))
    }
}

/// The next days to look through, so many that they have `rows`, and the days that are left.
fn next_stride(stored: &[(NaiveDate, u64)], rows: u64) -> Option<(Expr, &[(NaiveDate, u64)])> {
    let (newest, _) = stored.first()?;
    let mut seen = 0_u64;
    let enough = stored.iter().position(|(_, rows_of_day)| {
        seen = seen.saturating_add(*rows_of_day);
        seen >= rows
    });
    let (stride, older) = stored.split_at(enough.map_or(stored.len(), |index| index + 1));
    let (oldest, _) = stride.last()?;
    Some((days(*oldest, *newest), older))
}

fn newest_first(frame: DataFrame, limit: usize) -> Result<DataFrame, DataFusionError> {
    sorted(frame)?.limit(0, Some(limit))
}

/// The events, newest first.
pub(crate) fn sorted(frame: DataFrame) -> Result<DataFrame, DataFusionError> {
    frame.sort(vec![
        col("created_at").sort(false, false),
        col("gid").sort(false, false),
        col("source").sort(false, false),
    ])
}
