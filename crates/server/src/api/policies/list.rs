use axum::Json;
use axum::extract::State;
use chrono::{Days, NaiveDate, NaiveTime};
use drishti_services::{Classification, ServiceError, Services, Verdicts};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::PolicySummary;
use crate::parameters::{Parameters, source_name};
use crate::problem::{Failure, Problem};

/// Days of counts where the caller does not say.
const COUNT_DAYS_DEFAULT: u64 = 30;

/// Most days of counts.
const COUNT_DAYS_MAX: u64 = 400;

/// The policies in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyList {
    /// By file, the shipped ones first.
    policies: Vec<PolicySummary>,
    /// Files that can't be read, and so are not in force.
    broken: Vec<String>,
}

/// List the policies in force.
#[utoipa::path(
    get,
    path = "/policies",
    tag = "policies",
    responses((status = 200, description = "All policies.", body = PolicyList), Failure<'static>)
)]
pub(crate) async fn list_policies(
    State(services): State<Services>,
) -> Result<Json<PolicyList>, Problem> {
    let settings = services.policy_settings().await?;
    let knowledge = services.knowledge().await?;
    let policies = knowledge.policies_with(&settings);
    let shown = policies.iter().map(|policy| {
        let set = settings.iter().find(|set| set.policy == policy.id.as_str());
        PolicySummary::new(policy, knowledge.origin(&policy.id), set)
    });
    let broken = knowledge.pack.errors.iter();
    Ok(Json(PolicyList {
        policies: shown.collect(),
        broken: broken.map(ToString::to_string).collect(),
    }))
}

/// Which counts are meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountParameters {
    /// Only those of this policy.
    policy: Option<String>,
    /// Only those of this source.
    source: Option<String>,
    /// How many days (UTC), today among them: 1 to 400, 30 where it is left out.
    #[param(minimum = 1, maximum = 400)]
    days: Option<u64>,
}

/// What policies came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyCounts {
    /// The newest day first; days without any are left out.
    counts: Vec<PolicyDay>,
    /// What people made of the alerts that began in those days, of all sources. Alerts that nobody was called for are left out.
    verdicts: Vec<PolicyVerdicts>,
}

/// What people made of the alerts of one policy.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyVerdicts {
    /// Name of the policy.
    policy: String,
    /// Not resolved yet.
    open: u64,
    /// Resolved as true positives.
    true_positive: u64,
    /// Resolved as benign.
    benign: u64,
    /// Resolved as false positives.
    false_positive: u64,
}

impl PolicyVerdicts {
    fn new(policy: String, verdicts: &Verdicts) -> Self {
        let of = |class| verdicts.resolved.get(&class).copied().unwrap_or_default();
        Self {
            policy,
            open: verdicts.open,
            true_positive: of(Classification::TruePositive),
            benign: of(Classification::Benign),
            false_positive: of(Classification::FalsePositive),
        }
    }
}

/// What one policy came to on one day.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyDay {
    /// Name of the policy.
    policy: String,
    /// The day of the events (UTC).
    day: NaiveDate,
    /// Matches.
    matches: u64,
    /// Alerts that began.
    alerts: u64,
    /// Matches that a suppression kept quiet.
    suppressed: u64,
    /// Alerts beyond the daily cap.
    capped: u64,
    /// Events that it could not judge: they lack what it asks for, counts, compares or groups by.
    not_evaluable: u64,
}

/// Count what policies came to, by day. Events that are not settled yet don't count.
#[utoipa::path(
    get,
    path = "/policies/counts",
    tag = "policies",
    params(CountParameters),
    responses((status = 200, description = "The counts.", body = PolicyCounts), Failure<'static>)
)]
pub(crate) async fn list_policy_counts(
    State(services): State<Services>,
    Parameters(parameters, _): Parameters<CountParameters>,
) -> Result<Json<PolicyCounts>, Problem> {
    let days = parameters.days.unwrap_or(COUNT_DAYS_DEFAULT);
    if !(1..=COUNT_DAYS_MAX).contains(&days) {
        let problem = format!("it is {days}, expected 1 to {COUNT_DAYS_MAX}");
        return Err(Problem::parameter("days", problem));
    }
    let source = parameters.source.as_deref();
    let source = source.map(|name| source_name("source", name)).transpose()?;
    let today = services.clock().now().date_naive();
    let since = today.checked_sub_days(Days::new(days - 1)).unwrap_or(today);
    let ledger = services.ledger();
    let counts = ledger.policy_counts(source.as_ref(), parameters.policy.as_deref(), since);
    let counts = counts.await.map_err(ServiceError::from)?.into_iter();
    let verdicts = ledger.verdicts(since.and_time(NaiveTime::MIN).and_utc());
    let mut verdicts = verdicts.await.map_err(ServiceError::from)?;
    if let Some(policy) = &parameters.policy {
        verdicts.retain(|known, _| known == policy);
    }
    Ok(Json(PolicyCounts {
        counts: counts
            .map(|of| PolicyDay {
                policy: of.policy,
                day: of.day,
                matches: of.matches,
                alerts: of.alerts,
                suppressed: of.suppressed,
                capped: of.capped,
                not_evaluable: of.not_evaluable,
            })
            .collect(),
        verdicts: verdicts
            .into_iter()
            .map(|(policy, of)| PolicyVerdicts::new(policy, &of))
            .collect(),
    }))
}
