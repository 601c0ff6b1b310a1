use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, NaiveDate, Utc};
use drishti_services::Services;
use drishti_services::backtest::{Backtest, BacktestSample};
use drishti_services::detect::{Pack, Policy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::Body;
use crate::parameters::source_name;
use crate::problem::{Code, Failure, Problem};

/// Days that are looked at where the caller does not say.
const DAYS_DEFAULT: u32 = 30;

/// Most days that are looked at.
const DAYS_MAX: u32 = 3_660;

/// What to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BacktestRequest {
    /// How many days back: 1 to 3,660, 30 where it is left out.
    days: Option<u32>,
    /// Only the events of this source.
    source: Option<String>,
    /// A changed version, as the text of its file, to be compared with the one in force.
    text: Option<String>,
}

/// What a policy would have said.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BacktestAnswer {
    /// Events in the span.
    events: u64,
    /// How many of them the version that was tried could not judge: they lack what it counts, compares or groups by.
    not_evaluable: u64,
    /// Alerts of the version that was tried.
    alerts: u64,
    /// Alerts by day (UTC); days without any are left out.
    days: BTreeMap<NaiveDate, u64>,
    /// The first of them.
    samples: Vec<Sample>,
    /// How it differs from the version in force, where another was tried.
    #[schema(required)]
    difference: Option<Difference>,
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
        }
    }
}

impl From<Backtest> for BacktestAnswer {
    fn from(outcome: Backtest) -> Self {
        let shown = |samples: Vec<BacktestSample>| samples.into_iter().map(Sample::from).collect();
        Self {
            events: outcome.events,
            not_evaluable: outcome.not_evaluable,
            alerts: outcome.alerts,
            days: outcome.days,
            samples: shown(outcome.samples),
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

/// Try a policy, or a changed version of it, on the events in the lake. Nothing is stored.
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
    let days = request.days.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        let detail = format!("`days` is {days}, expected 1 to {DAYS_MAX}");
        return Err(Problem::new(Code::InvalidBody, detail));
    }
    let source = request.source.as_deref();
    let source = source.map(|name| source_name("source", name)).transpose()?;
    let changed = request.text.map(read).transpose()?;
    if changed.is_none() {
        services.policy(&name).await?;
    }
    let outcome = services.backtest(&name, changed, days, source.as_ref());
    Ok(Json(outcome.await?.into()))
}

/// The policy in a text.
fn read(text: String) -> Result<Arc<Policy>, Problem> {
    let pack = Pack::parse(&[(PathBuf::from("policy.yml"), text)]);
    let fault = |detail: String| Problem::new(Code::InvalidPolicy, detail);
    if let Some(error) = pack.errors.first() {
        return Err(fault(error.to_string()));
    }
    let policy = pack.policies.into_iter().next();
    policy.ok_or_else(|| fault("`text` holds no policy".to_owned()))
}
