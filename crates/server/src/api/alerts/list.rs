use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use drishti_services::{AlertCursor, Assignee, Services};
use serde::Serialize;
use utoipa::ToSchema;

use super::filters::{AlertParameters, AlertPlace, place};
use super::view::Alert;
use crate::parameters::{Parameters, page, page_size};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

/// Alerts in the order that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertPage {
    /// The alerts.
    alerts: Vec<Alert>,
    /// Where the next page begins; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List alerts.
#[utoipa::path(
    get,
    path = "/alerts",
    tag = "alerts",
    params(AlertParameters, AlertPlace),
    responses((status = 200, description = "One page of alerts.", body = AlertPage), Failure<'static>)
)]
pub(crate) async fn list_alerts(
    State(services): State<Services>,
    Scope(scope): Scope,
    Parameters(parameters, order): Parameters<AlertParameters, AlertPlace>,
) -> Result<Json<AlertPage>, Problem> {
    let limit = page_size(order.limit)?;
    let filter = order.put(parameters.filter(scope)?, limit)?;
    let alerts = services.alerts(&filter).await?;
    let (alerts, next_cursor) = page(alerts, limit, |last| {
        place(&AlertCursor {
            severity: last.severity,
            last_event_at: last.last_event_at,
            id: last.id.clone(),
        })
    });
    Ok(Json(AlertPage {
        alerts: alerts.into_iter().map(Alert::from).collect(),
        next_cursor,
    }))
}

/// How many alerts there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertCounts {
    /// In each state.
    states: BTreeMap<&'static str, u64>,
    /// Of each severity.
    severities: BTreeMap<&'static str, u64>,
    /// Of each policy.
    policies: BTreeMap<String, u64>,
    /// How those policies are called in one line.
    policy_titles: BTreeMap<String, String>,
    /// That each person looks after; `-` stands for nobody.
    assignees: BTreeMap<String, u64>,
    /// Opened on each day (UTC); days without any are left out.
    days: BTreeMap<NaiveDate, u64>,
    /// The same of each severity; what there is none of is left out.
    day_severities: BTreeMap<NaiveDate, BTreeMap<&'static str, u64>>,
}

/// Count alerts by state, severity, policy, assignee and day.
#[utoipa::path(
    get,
    path = "/alerts/counts",
    tag = "alerts",
    params(AlertParameters),
    responses((status = 200, description = "The counts.", body = AlertCounts), Failure<'static>)
)]
pub(crate) async fn count_alerts(
    State(services): State<Services>,
    Scope(scope): Scope,
    Parameters(parameters, _): Parameters<AlertParameters>,
) -> Result<Json<AlertCounts>, Problem> {
    let counts = services.alert_counts(&parameters.filter(scope)?).await?;
    let states = counts.states.into_iter();
    let severities = counts.severities.into_iter();
    let assignees = counts.assignees.into_iter().map(|(assignee, of)| {
        let name = match assignee {
            Assignee::Nobody => "-".to_owned(),
            Assignee::Somebody(name) => name,
        };
        (name, of)
    });
    let days = counts.days.iter();
    let days = days.map(|(day, counts)| (*day, counts.values().sum()));
    let day_severities = counts.days.iter().map(|(day, counts)| {
        let words = counts.iter();
        let words = words.map(|(severity, of)| (severity.as_str(), *of));
        (*day, words.collect())
    });
    Ok(Json(AlertCounts {
        states: states.map(|(state, of)| (state.as_str(), of)).collect(),
        severities: severities
            .map(|(severity, of)| (severity.as_str(), of))
            .collect(),
        policies: counts.policies,
        policy_titles: counts.policy_titles,
        assignees: assignees.collect(),
        days: days.collect(),
        day_severities: day_severities.collect(),
    }))
}
