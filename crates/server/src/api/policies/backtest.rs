use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use drishti_model::SourceName;
use drishti_services::Services;
use drishti_services::backtest::{Backtest, BacktestDay, BacktestSample, Trial};
use drishti_services::detect::Policy;
use drishti_services::policies::DraftCheck;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::Body;
use crate::parameters::{Path, source_name};
use crate::problem::{Code, Failure, Problem};

/// Days that are looked at where the caller does not say.
const DAYS_DEFAULT: u32 = 30;

/// Most days that are looked at.
const DAYS_MAX: u32 = 3_660;

/// Longest time in which events are read for an answer; below that of a request.
const BACKTEST_TIME_MAX: Duration = Duration::from_mins(1);

/// The same for a preview, for which somebody waits at every change.
const PREVIEW_TIME_MAX: Duration = Duration::from_secs(20);

/// What to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BacktestRequest {
    /// How many days back: 1 to 3,660, 30 where it is left out.
    #[schema(minimum = 1, maximum = 3_660)]
    days: Option<u32>,
    /// Only the events of this source.
    source: Option<String>,
    /// A changed version, as the text of its file, to be compared with the one in force.
    text: Option<String>,
}

/// A policy that is being written, to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewRequest {
    /// The whole file, in YAML.
    text: String,
    /// How many days back: 1 to 3,660, 30 where it is left out.
    #[schema(minimum = 1, maximum = 3_660)]
    days: Option<u32>,
    /// Only the events of this source.
    source: Option<String>,
}

/// What a policy would have said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BacktestAnswer {
    /// Events in the span.
    events: u64,
    /// How many of them the version that was tried could not judge: they lack what it counts, compares or groups by.
    not_evaluable: u64,
    /// How many events an activity policy looked at, by their types, those before the span that count into it among them.
    looked_at: u64,
    /// The fields that the policy asks for and some of those events lack, the most frequent first.
    lacking: Vec<LackingField>,
    /// Matches of the version that was tried; some together make an alert.
    matches: u64,
    /// Alerts of the version that was tried.
    alerts: u64,
    /// What there was on each day (UTC); days without matches and alerts are left out.
    days: BTreeMap<NaiveDate, Day>,
    /// Whom and what the matches are about: those with the most alerts, then matches.
    entities: Vec<Entity>,
    /// How many there are of those.
    entity_count: u64,
    /// The first of the alerts.
    samples: Vec<Sample>,
    /// Up to when events were read, where the time did not suffice for all or there are too many alerts; null: all were.
    #[schema(required)]
    read_until: Option<DateTime<Utc>>,
    /// When it would be paused because it matches too often; later matches are not counted.
    #[schema(required)]
    paused_at: Option<DateTime<Utc>>,
    /// How it differs from the version in force, where another was tried.
    #[schema(required)]
    difference: Option<Difference>,
}

/// A field that some events lack.
#[derive(Debug, Serialize, ToSchema)]
struct LackingField {
    /// The field.
    field: String,
    /// How many events lack it.
    events: u64,
}

/// What there was on one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BacktestDay)]
struct Day {
    /// Alerts that begin.
    alerts: u64,
    /// Matches.
    matches: u64,
}

/// Somebody or something that matches are about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BacktestEntity)]
struct Entity {
    /// `person`, `service_account`, `app`, `address`, `resource` or `organisation`.
    kind: &'static str,
    /// Its id.
    id: String,
    /// A name, where one is known.
    #[schema(required)]
    name: Option<String>,
    /// Alerts.
    alerts: u64,
    /// Matches.
    matches: u64,
}

/// One alert that would have been raised.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BacktestSample)]
struct Sample {
    /// Name of the source.
    source: String,
    /// When.
    time: DateTime<Utc>,
    /// How bad.
    severity: &'static str,
    /// In one line.
    title: String,
    /// Whom or what it is about.
    entity: String,
    /// The first events that it rests on, by gid.
    events: Vec<String>,
}

/// How two versions differ.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BacktestDifference)]
struct Difference {
    /// Alerts of the version in force.
    alerts_in_force: u64,
    /// How many only the version that was tried raises.
    added_count: u64,
    /// How many only the version in force raises.
    removed_count: u64,
    /// The first that only the version that was tried raises.
    added: Vec<Sample>,
    /// The first that only the version in force raises.
    removed: Vec<Sample>,
}

impl From<BacktestSample> for Sample {
    fn from(sample: BacktestSample) -> Self {
        Self {
            source: sample.source,
            time: sample.time,
            severity: sample.severity.as_str(),
            title: sample.title,
            entity: sample.entity,
            events: sample.events,
        }
    }
}

impl From<BacktestDay> for Day {
    fn from(BacktestDay { alerts, matches }: BacktestDay) -> Self {
        Self { alerts, matches }
    }
}

impl From<Backtest> for BacktestAnswer {
    fn from(outcome: Backtest) -> Self {
        let shown = |samples: Vec<BacktestSample>| samples.into_iter().map(Sample::from).collect();
        let lacking = outcome.lacking.into_iter().map(|lacking| LackingField {
            field: lacking.field,
            events: lacking.events,
        });
        let entities = outcome.entities.into_iter().map(|entity| Entity {
            kind: entity.kind,
            id: entity.id,
            name: entity.name,
            alerts: entity.alerts,
            matches: entity.matches,
        });
        let days = outcome.days.into_iter();
        Self {
            events: outcome.events,
            not_evaluable: outcome.not_evaluable,
            looked_at: outcome.looked_at,
            lacking: lacking.collect(),
            matches: outcome.matches,
            alerts: outcome.alerts,
            days: days.map(|(day, of_day)| (day, of_day.into())).collect(),
            entities: entities.collect(),
            entity_count: outcome.entity_count,
            samples: shown(outcome.samples),
            read_until: outcome.read_until,
            paused_at: outcome.paused_at,
            difference: outcome.difference.map(|difference| Difference {
                alerts_in_force: difference.alerts_in_force,
                added_count: difference.added_count,
                removed_count: difference.removed_count,
                added: shown(difference.added),
                removed: shown(difference.removed),
            }),
        }
    }
}

/// Try a policy, or a changed version of it, on the events in the lake. Nothing is stored. After a minute, what was read until then is
/// the answer.
#[utoipa::path(
    post,
    path = "/policies/{name}/backtest",
    tag = "policies",
    params(("name" = String, Path, description = "Name of the policy.")),
    request_body = BacktestRequest,
    responses((status = 200, description = "What it would have said.", body = BacktestAnswer), Failure<'static>)
)]
pub(crate) async fn backtest_policy(
    State(services): State<Services>,
    Path(name): Path<String>,
    Body(request): Body<BacktestRequest>,
) -> Result<Json<BacktestAnswer>, Problem> {
    let (days, source) = span(request.days, request.source.as_deref())?;
    let changed = match request.text {
        Some(text) => Some(read(text).await?),
        None => None,
    };
    let trial = services
        .trial(&name, changed, days, source.as_ref())
        .await?;
    let trial = Trial {
        time_max: Some(BACKTEST_TIME_MAX),
        ..trial
    };
    Ok(Json(services.try_policy(trial).await?.into()))
}

/// Try a policy that is being written on the events in the lake. Nothing is stored. After 20 seconds, what was read until then is the
/// answer.
#[utoipa::path(
    post,
    path = "/policies/previews",
    tag = "policies",
    request_body = PreviewRequest,
    responses((status = 200, description = "What it would have said.", body = BacktestAnswer), Failure<'static>)
)]
pub(crate) async fn preview_policy(
    State(services): State<Services>,
    Body(request): Body<PreviewRequest>,
) -> Result<Json<BacktestAnswer>, Problem> {
    let (days, source) = span(request.days, request.source.as_deref())?;
    let trial = Trial {
        tried: read(request.text).await?,
        compared: None,
        days,
        source,
        time_max: Some(PREVIEW_TIME_MAX),
    };
    Ok(Json(services.try_policy(trial).await?.into()))
}

fn span(days: Option<u32>, source: Option<&str>) -> Result<(u32, Option<SourceName>), Problem> {
    let days = days.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        let detail = format!("`days` is {days}, expected 1 to {DAYS_MAX}");
        return Err(Problem::new(Code::InvalidBody, detail));
    }
    let source = source.map(|name| source_name("source", name)).transpose()?;
    Ok((days, source))
}

/// The policy in a text.
async fn read(text: String) -> Result<Arc<Policy>, Problem> {
    let check = tokio::task::spawn_blocking(move || DraftCheck::of(text));
    let check = check.await.map_err(|error| Problem::internal(&error))?;
    let policy = check.policy()?;
    Ok(Arc::clone(policy))
}
