use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use drishti_model::{HealthSeverity, HealthStatus, Severity, SourceName, SourceState};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::error::{Fault, LedgerError, Step};
use crate::tables::{
    alert, generation, health_event, policy_setting, progress, source, source_status,
};
use crate::value::{
    health_status, micros, moment, moment_if_any, ranked, severity, source_name, word,
};
use crate::{AlertState, Ledger, ROWS_MAX};

/// What a look at the ledger sees of what changes by itself: cheap enough to be had again every other second, whoever made the
/// change. It is compared with the look before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Where each source stands.
    pub sources: BTreeMap<SourceName, SourceStanding>,
    /// Revisions of what was set about policies.
    pub policies: BTreeMap<String, i64>,
    /// How far each evaluation is: changes with everything that detection says.
    pub evaluations: BTreeMap<i64, i64>,
    /// The alerts that changed since the time that was asked for, the newest change first.
    pub alerts: Vec<AlertStanding>,
    /// The newest health events, the newest first.
    pub health: Vec<HealthNote>,
}

/// Where a source stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceStanding {
    /// One more with each change of its configuration.
    pub revision: i64,
    /// Its state, as its newest health event has it.
    pub state: SourceState,
    /// Whether it works.
    pub status: HealthStatus,
    /// When Asana was last asked for events.
    pub last_poll_at: Option<DateTime<Utc>>,
    /// Time of its newest event.
    pub last_event_at: Option<DateTime<Utc>>,
    /// Events stored in the lake.
    pub events_stored: i64,
    /// Different events that failed validation.
    pub events_quarantined: i64,
}

/// Where an alert stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertStanding {
    /// Which one.
    pub id: String,
    /// Of which source.
    pub source: SourceName,
    /// How bad it is.
    pub severity: Severity,
    /// How far people are with it.
    pub state: AlertState,
    /// Whether nobody is to be called about it: a suppression or a daily cap keeps it quiet.
    pub is_quiet: bool,
    /// One more with each change by people.
    pub revision: i64,
    /// When it was first saved.
    pub created_at: DateTime<Utc>,
    /// When it was last changed, by detection or people.
    pub updated_at: DateTime<Utc>,
}

/// A health event in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthNote {
    /// Greater than that of every earlier event.
    pub id: i64,
    /// Of which source.
    pub source: SourceName,
    /// What happened, as a name.
    pub name: String,
    /// How bad it is.
    pub severity: HealthSeverity,
}

impl Ledger {
    /// Looks at what changes by itself: at most so many alerts that changed at `alerts_since` or later, and so many health events.
    pub async fn look(
        &self,
        alerts_since: DateTime<Utc>,
        alerts_max: u64,
        health_max: u64,
    ) -> Result<Look, LedgerError> {
        let looked = async {
            let snapshot = self.snapshot().await?;
            let look = Look {
                sources: sources(&snapshot).await?,
                policies: policies(&snapshot).await?,
                evaluations: evaluations(&snapshot).await?,
                alerts: alerts(&snapshot, alerts_since, alerts_max).await?,
                health: health(&snapshot, health_max).await?,
            };
            snapshot.commit().await?;
            Ok(look)
        };
        looked
            .await
            .map_err(|fault: Fault| self.failed("looking for changes", fault))
    }

    /// How many alerts there are of each source.
    pub async fn alert_totals(&self) -> Result<BTreeMap<SourceName, u64>, LedgerError> {
        let rows: Result<Vec<(String, i64)>, _> = alert::Entity::find()
            .select_only()
            .column(alert::Column::Source)
            .column_as(alert::Column::Id.count(), "alerts")
            .group_by(alert::Column::Source)
            .limit(ROWS_MAX)
            .into_tuple()
            .all(self.database())
            .await;
        let totals = rows.map_err(Fault::from).and_then(|rows| {
            rows.into_iter()
                .map(|(source, alerts)| Ok((source_name(source)?, alerts.unsigned_abs())))
                .collect()
        });
        totals.map_err(|fault: Fault| self.failed("counting the alerts of each source", fault))
    }
}

#[derive(FromQueryResult)]
struct ProgressRow {
    source: String,
    newest_event_at: Option<i64>,
    last_poll_at: Option<i64>,
    events_stored: i64,
    events_quarantined: i64,
}

async fn sources(snapshot: &DatabaseTransaction) -> Step<BTreeMap<SourceName, SourceStanding>> {
    let revisions: Vec<(String, i64)> = source::Entity::find()
        .select_only()
        .column(source::Column::Name)
        .column(source::Column::Revision)
        .limit(ROWS_MAX)
        .into_tuple()
        .all(snapshot)
        .await?;
    let states: Vec<(String, String, String)> = source_status::Entity::find()
        .select_only()
        .column(source_status::Column::Source)
        .column(source_status::Column::State)
        .column(source_status::Column::Status)
        .limit(ROWS_MAX)
        .into_tuple()
        .all(snapshot)
        .await?;
    let rows = progress::Entity::find()
        .select_only()
        .column(progress::Column::Source)
        .column(progress::Column::NewestEventAt)
        .column(progress::Column::LastPollAt)
        .column(progress::Column::EventsStored)
        .column(progress::Column::EventsQuarantined)
        .limit(ROWS_MAX)
        .into_model::<ProgressRow>()
        .all(snapshot)
        .await?;
    let mut states: BTreeMap<String, (String, String)> = states
        .into_iter()
        .map(|(source, state, health)| (source, (state, health)))
        .collect();
    let mut progress: BTreeMap<String, ProgressRow> = rows
        .into_iter()
        .map(|row| (row.source.clone(), row))
        .collect();
    let mut standings = BTreeMap::new();
    for (name, revision) in revisions {
        let parts = states.remove(&name).zip(progress.remove(&name));
        let Some(((state, health), row)) = parts else {
            continue;
        };
        let standing = SourceStanding {
            revision,
            state: word(&state)?,
            status: health_status(&health)?,
            last_poll_at: moment_if_any(row.last_poll_at)?,
            last_event_at: moment_if_any(row.newest_event_at)?,
            events_stored: row.events_stored,
            events_quarantined: row.events_quarantined,
        };
        standings.insert(source_name(name)?, standing);
    }
    Ok(standings)
}

async fn policies(snapshot: &DatabaseTransaction) -> Step<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = policy_setting::Entity::find()
        .select_only()
        .column(policy_setting::Column::Policy)
        .column(policy_setting::Column::Revision)
        .limit(ROWS_MAX)
        .into_tuple()
        .all(snapshot)
        .await?;
    Ok(rows.into_iter().collect())
}

async fn evaluations(snapshot: &DatabaseTransaction) -> Step<BTreeMap<i64, i64>> {
    let rows: Vec<(i64, i64)> = generation::Entity::find()
        .select_only()
        .column(generation::Column::Id)
        .column(generation::Column::Sequence)
        .filter(generation::Column::Active.eq(true))
        .limit(ROWS_MAX)
        .into_tuple()
        .all(snapshot)
        .await?;
    Ok(rows.into_iter().collect())
}

#[derive(FromQueryResult)]
struct AlertRow {
    id: String,
    source: String,
    severity: i16,
    state: String,
    suppressed_by: Option<i64>,
    capped: bool,
    revision: i64,
    created_at: i64,
    updated_at: i64,
}

async fn alerts(
    snapshot: &DatabaseTransaction,
    since: DateTime<Utc>,
    most: u64,
) -> Step<Vec<AlertStanding>> {
    let rows = alert::Entity::find()
        .select_only()
        .columns([
            alert::Column::Id,
            alert::Column::Source,
            alert::Column::Severity,
            alert::Column::State,
            alert::Column::SuppressedBy,
            alert::Column::Capped,
            alert::Column::Revision,
            alert::Column::CreatedAt,
            alert::Column::UpdatedAt,
        ])
        .filter(alert::Column::UpdatedAt.gte(micros(since)))
        .order_by_desc(alert::Column::UpdatedAt)
        .limit(most.min(ROWS_MAX))
        .into_model::<AlertRow>()
        .all(snapshot)
        .await?;
    let standing = |row: AlertRow| {
        Ok(AlertStanding {
            id: row.id,
            source: source_name(row.source)?,
            severity: ranked(row.severity)?,
            state: word(&row.state)?,
            is_quiet: row.suppressed_by.is_some() || row.capped,
            revision: row.revision,
            created_at: moment(row.created_at)?,
            updated_at: moment(row.updated_at)?,
        })
    };
    rows.into_iter().map(standing).collect()
}

async fn health(snapshot: &DatabaseTransaction, most: u64) -> Step<Vec<HealthNote>> {
    let rows: Vec<(i64, String, String, String)> = health_event::Entity::find()
        .select_only()
        .column(health_event::Column::Id)
        .column(health_event::Column::Source)
        .column(health_event::Column::Name)
        .column(health_event::Column::Severity)
        .order_by_desc(health_event::Column::Id)
        .limit(most.min(ROWS_MAX))
        .into_tuple()
        .all(snapshot)
        .await?;
    let note = |(id, source, name, level): (i64, String, String, String)| {
        Ok(HealthNote {
            id,
            source: source_name(source)?,
            name,
            severity: severity(&level)?,
        })
    };
    rows.into_iter().map(note).collect()
}
