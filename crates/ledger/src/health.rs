use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use drishti_model::{
    ErrorKind, HealthEvent, HealthSeverity, HealthStatus, SourceName, SourceScope, SourceState,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction,
    EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use crate::error::{Fault, LedgerError, Step};
use crate::sources::within;
use crate::tables::{health_event, progress, source_status};
use crate::transaction::hold_source;
use crate::value::{
    health_status, micros, moment, moment_if_any, severity, source_name, text, word,
};
use crate::{Ledger, ROWS_MAX};

/// Most health events kept of one source; older ones go.
pub const HEALTH_EVENTS_MAX: u64 = 1_000;

/// Where a source stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStatus {
    /// Its state.
    pub state: SourceState,
    /// Since when it is in that state.
    pub since: DateTime<Utc>,
    /// Whether it works.
    pub status: HealthStatus,
    /// Whose fault it is where it does not.
    pub kind: Option<ErrorKind>,
    /// Name of the newest health event.
    pub event_name: String,
    /// What happened, in words.
    pub reason: String,
    /// What to do, in words; empty where nothing needs doing.
    pub advice: String,
    /// Errors since it was last healthy.
    pub error_count: i64,
    /// Warnings since it was last healthy.
    pub warning_count: i64,
    /// Errors since it was added.
    pub error_total: i64,
    /// Warnings since it was added.
    pub warning_total: i64,
    /// When Asana was last asked for events.
    pub last_poll_at: Option<DateTime<Utc>>,
    /// Time of its newest event.
    pub last_event_at: Option<DateTime<Utc>>,
    /// Events stored in the lake.
    pub events_stored: i64,
    /// Events that were there already.
    pub events_duplicate: i64,
    /// Different events that failed validation.
    pub events_quarantined: i64,
}

/// Which health events to list.
#[derive(Clone, Debug, Default)]
pub struct HealthFilter {
    /// Only of this source.
    pub source: Option<SourceName>,
    /// Only of sources in this scope.
    pub scope: SourceScope,
    /// Only older than this one.
    pub before_id: Option<i64>,
    /// How many at most, up to [`ROWS_MAX`].
    pub limit: u64,
}

/// A health event and its place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHealthEvent {
    /// Greater than that of every earlier event.
    pub id: i64,
    /// The event.
    pub event: HealthEvent,
}

impl Ledger {
    /// Appends a health event, lets the status follow it, counts it, and lets events beyond [`HEALTH_EVENTS_MAX`] go.
    pub async fn record_health(&self, event: &HealthEvent) -> Result<(), LedgerError> {
        let write = self
            .write(format!("recording the health of source `{}`", event.source))
            .await?;
        let outcome = record(&write.transaction, event).await;
        write.finish(outcome).await
    }

    /// Where a source stands; `None` where there is no such source.
    pub async fn status(&self, name: &SourceName) -> Result<Option<SourceStatus>, LedgerError> {
        let found = async {
            let status = source_status::Entity::find_by_id(name.as_str())
                .one(self.database())
                .await?;
            let progress = progress::Entity::find_by_id(name.as_str())
                .one(self.database())
                .await?;
            status
                .zip(progress)
                .map(|(status, progress)| status_from_rows(status, &progress))
                .transpose()
        };
        found.await.map_err(|fault: Fault| {
            self.failed(format!("reading the status of source `{name}`"), fault)
        })
    }

    /// Where each source stands.
    pub async fn statuses(&self) -> Result<BTreeMap<SourceName, SourceStatus>, LedgerError> {
        self.read_statuses()
            .await
            .map_err(|fault| self.failed("reading the status of the sources", fault))
    }

    async fn read_statuses(&self) -> Step<BTreeMap<SourceName, SourceStatus>> {
        let progress_rows = progress::Entity::find().all(self.database()).await?;
        let mut progress_of: BTreeMap<String, progress::Model> = progress_rows
            .into_iter()
            .map(|row| (row.source.clone(), row))
            .collect();
        let mut statuses = BTreeMap::new();
        for row in source_status::Entity::find().all(self.database()).await? {
            if let Some(progress) = progress_of.remove(&row.source) {
                statuses.insert(
                    source_name(row.source.clone())?,
                    status_from_rows(row, &progress)?,
                );
            }
        }
        Ok(statuses)
    }

    /// Health events, newest first.
    pub async fn health_events(
        &self,
        filter: HealthFilter,
    ) -> Result<Vec<StoredHealthEvent>, LedgerError> {
        let mut query = health_event::Entity::find()
            .order_by_desc(health_event::Column::Id)
            .limit(filter.limit.min(ROWS_MAX));
        if let Some(source) = &filter.source {
            query = query.filter(health_event::Column::Source.eq(source.as_str()));
        }
        if let Some(within) = within(health_event::Column::Source, &filter.scope) {
            query = query.filter(within);
        }
        if let Some(before) = filter.before_id {
            query = query.filter(health_event::Column::Id.lt(before));
        }
        let rows = query.all(self.database()).await.map_err(Fault::from);
        let events = rows.and_then(|rows| rows.into_iter().map(event_from_row).collect());
        events.map_err(|fault: Fault| self.failed("reading the health events", fault))
    }
}

async fn record(transaction: &DatabaseTransaction, event: &HealthEvent) -> Step<()> {
    hold_source(transaction, &event.source).await?;
    let row = health_event::ActiveModel {
        id: NotSet,
        source: Set(event.source.to_string()),
        at: Set(micros(event.at)),
        state: Set(event.state.as_str().to_owned()),
        status: Set(event.status.as_str().to_owned()),
        severity: Set(event.severity.as_str().to_owned()),
        kind: Set(event.kind.map(|kind| kind.as_str().to_owned())),
        name: Set(text(&event.name)),
        reason: Set(text(&event.reason)),
        advice: Set(text(&event.advice)),
    };
    health_event::Entity::insert(row)
        .exec_without_returning(transaction)
        .await?;
    let status = source_status::Entity::find_by_id(event.source.as_str())
        .one(transaction)
        .await?;
    let status = status.ok_or_else(|| Fault::Unreadable("the source has no status".to_owned()))?;
    followed(status, event)
        .into_active_model()
        .reset_all()
        .update(transaction)
        .await?;
    trim(transaction, &event.source).await
}

/// The status after `event`.
fn followed(mut status: source_status::Model, event: &HealthEvent) -> source_status::Model {
    if status.state != event.state.as_str() {
        event.state.as_str().clone_into(&mut status.state);
        status.since = micros(event.at);
    }
    if event.status == HealthStatus::Healthy {
        status.error_count = 0;
        status.warning_count = 0;
    }
    let errors = i64::from(event.severity == HealthSeverity::Error);
    let warnings = i64::from(event.severity == HealthSeverity::Warning);
    source_status::Model {
        status: event.status.as_str().to_owned(),
        kind: event.kind.map(|kind| kind.as_str().to_owned()),
        event_name: text(&event.name),
        reason: text(&event.reason),
        advice: text(&event.advice),
        error_count: status.error_count + errors,
        warning_count: status.warning_count + warnings,
        error_total: status.error_total + errors,
        warning_total: status.warning_total + warnings,
        ..status
    }
}

async fn trim(transaction: &DatabaseTransaction, source: &SourceName) -> Step<()> {
    let oldest_to_go: Option<i64> = health_event::Entity::find()
        .select_only()
        .column(health_event::Column::Id)
        .filter(health_event::Column::Source.eq(source.as_str()))
        .order_by_desc(health_event::Column::Id)
        .offset(HEALTH_EVENTS_MAX)
        .limit(1)
        .into_tuple()
        .one(transaction)
        .await?;
    if let Some(id) = oldest_to_go {
        health_event::Entity::delete_many()
            .filter(health_event::Column::Source.eq(source.as_str()))
            .filter(health_event::Column::Id.lte(id))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

fn status_from_rows(row: source_status::Model, progress: &progress::Model) -> Step<SourceStatus> {
    Ok(SourceStatus {
        state: word(&row.state)?,
        since: moment(row.since)?,
        status: health_status(&row.status)?,
        kind: row.kind.as_deref().map(word).transpose()?,
        event_name: row.event_name,
        reason: row.reason,
        advice: row.advice,
        error_count: row.error_count,
        warning_count: row.warning_count,
        error_total: row.error_total,
        warning_total: row.warning_total,
        last_poll_at: moment_if_any(progress.last_poll_at)?,
        last_event_at: moment_if_any(progress.newest_event_at)?,
        events_stored: progress.events_stored,
        events_duplicate: progress.events_duplicate,
        events_quarantined: progress.events_quarantined,
    })
}

fn event_from_row(row: health_event::Model) -> Step<StoredHealthEvent> {
    Ok(StoredHealthEvent {
        id: row.id,
        event: HealthEvent {
            source: source_name(row.source)?,
            at: moment(row.at)?,
            state: word(&row.state)?,
            status: health_status(&row.status)?,
            severity: severity(&row.severity)?,
            kind: row.kind.as_deref().map(word).transpose()?,
            name: row.name,
            reason: row.reason,
            advice: row.advice,
        },
    })
}
