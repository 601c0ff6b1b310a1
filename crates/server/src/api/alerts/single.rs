use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use drishti_model::{SourceName, SourceScope};
use drishti_services::alerts::AlertStory;
use drishti_services::{
    ALERTS_AT_ONCE_MAX, AlertChange, LedgerError, ServiceError, Services, Triage,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::{Alert, Story};
use crate::body::Body;
use crate::parameters::{Path, word};
use crate::preconditions::{IfMatch, etag};
use crate::principal::{Author, Scope};
use crate::problem::{ChangeFailure, Code, Failure, Problem};

/// Show one alert: why, its events, its history.
#[utoipa::path(
    get,
    path = "/alerts/{id}",
    tag = "alerts",
    params(("id" = String, Path, description = "Its id, or at least six characters that no other begins with.")),
    responses(
        (status = 200, description = "The alert.", body = Story, headers(("ETag" = String, description = "Its revision."))),
        Failure<'static>
    )
)]
pub(crate) async fn get_alert(
    State(services): State<Services>,
    Scope(scope): Scope,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    visible(&services, &scope, &id).await.map(answer)
}

/// The alert, which is not there for those who may not see its source.
pub(super) async fn visible(
    services: &Services,
    scope: &SourceScope,
    id: &str,
) -> Result<AlertStory, Problem> {
    let story = services.alert(id).await?;
    let source = SourceName::new(story.alert.source.as_str());
    if source.is_ok_and(|source| scope.has(&source)) {
        Ok(story)
    } else {
        Err(ServiceError::NoSuchAlert(id.to_owned()).into())
    }
}

fn answer(story: AlertStory) -> Response {
    let tag = etag(story.alert.revision);
    ([(ETAG, tag)], Json(Story::from(story))).into_response()
}

/// What to change of an alert. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertPatch {
    /// `new`, `in_review` or `resolved`.
    state: Option<String>,
    /// What it was, with `resolved`: `true_positive`, `benign` or `false_positive`.
    classification: Option<String>,
    /// How that is known, with `resolved`.
    reason: Option<String>,
    /// Who looks after it; empty for nobody.
    assignee: Option<String>,
    /// Something to remember.
    comment: Option<String>,
}

impl AlertPatch {
    fn change(self) -> Result<AlertChange, Problem> {
        let invalid = |detail: &str| Problem::new(Code::InvalidBody, detail);
        let is_resolved = self.state.as_deref() == Some("resolved");
        if !is_resolved && (self.classification.is_some() || self.reason.is_some()) {
            return Err(invalid(
                "`classification` and `reason` go with `state`: `resolved`",
            ));
        }
        let triage = match self.state.as_deref() {
            None => None,
            Some("new") => Some(Triage::New),
            Some("in_review") => Some(Triage::InReview),
            Some("resolved") => {
                let classification = self.classification.ok_or_else(|| {
                    invalid("`resolved` needs a `classification`: `true_positive`, `benign` or `false_positive`")
                })?;
                Some(Triage::Resolved {
                    classification: word("classification", &classification)?,
                    reason: self.reason.unwrap_or_default(),
                })
            }
            Some(_) => {
                return Err(invalid("`state` is `new`, `in_review` or `resolved`"));
            }
        };
        Ok(AlertChange {
            triage,
            assignee: self
                .assignee
                .map(|name| Some(name).filter(|name| !name.is_empty())),
            comment: self.comment,
        })
    }
}

/// Change what people make of an alert.
#[utoipa::path(
    patch,
    path = "/alerts/{id}",
    tag = "alerts",
    params(
        ("id" = String, Path, description = "Its id, or at least six characters that no other begins with."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is made for.")
    ),
    request_body = AlertPatch,
    responses(
        (status = 200, description = "The changed alert.", body = Story, headers(("ETag" = String, description = "Its revision."))),
        ChangeFailure<'static>
    )
)]
pub(crate) async fn change_alert(
    State(services): State<Services>,
    Scope(scope): Scope,
    Path(id): Path<String>,
    Author(author): Author,
    IfMatch(revision): IfMatch,
    Body(patch): Body<AlertPatch>,
) -> Result<Response, Problem> {
    let change = patch.change()?;
    let id = visible(&services, &scope, &id).await?.alert.id;
    let alert = services.triage(&id, &change, revision, &author).await?;
    Ok(answer(services.alert(&alert.id).await?))
}

/// The same change for several alerts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertPatches {
    /// Which, 1,000 at most.
    alerts: Vec<AlertRevision>,
    /// What to change of each.
    change: AlertPatch,
}

/// One of several alerts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AlertRevision {
    /// Its whole id.
    id: String,
    /// The revision that the change is made for; any, where it is left out.
    revision: Option<i64>,
}

/// What became of several changes.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlertOutcomes {
    /// In the order in which they were given.
    outcomes: Vec<AlertOutcome>,
}

/// What became of one change: the alert, or why not.
#[derive(Serialize, ToSchema)]
struct AlertOutcome {
    /// Its id.
    id: String,
    /// The changed alert.
    #[schema(required)]
    alert: Option<Alert>,
    /// Why it was not changed.
    #[schema(required)]
    problem: Option<String>,
}

/// Make the same change to several alerts. One that can't be changed does not keep the others.
#[utoipa::path(
    post,
    path = "/alerts/changes",
    tag = "alerts",
    request_body = AlertPatches,
    responses((status = 200, description = "What became of each.", body = AlertOutcomes), Failure<'static>)
)]
pub(crate) async fn change_alerts(
    State(services): State<Services>,
    Scope(scope): Scope,
    Author(author): Author,
    Body(patches): Body<AlertPatches>,
) -> Result<Json<AlertOutcomes>, Problem> {
    let asked = patches.alerts.len();
    if asked == 0 || asked > ALERTS_AT_ONCE_MAX {
        return Err(Problem::new(
            Code::InvalidBody,
            format!("`alerts` has {asked} entries, expected 1 to {ALERTS_AT_ONCE_MAX}"),
        ));
    }
    let change = patches.change.change()?;
    let mut hidden = BTreeSet::new();
    let mut alerts = Vec::new();
    for alert in &patches.alerts {
        if is_visible(&services, &scope, &alert.id).await? {
            alerts.push((alert.id.clone(), alert.revision));
        } else {
            hidden.insert(alert.id.as_str());
        }
    }
    let mut made = services
        .triage_all(&alerts, &change, &author)
        .await?
        .into_iter();
    let outcomes = patches.alerts.iter().filter_map(|alert| {
        if hidden.contains(alert.id.as_str()) {
            return Some(Err(LedgerError::NoSuchAlert(alert.id.clone())));
        }
        made.next()
    });
    let outcomes: Vec<_> = outcomes.collect();
    let outcomes = patches.alerts.into_iter().zip(outcomes);
    let outcomes = outcomes.map(|(AlertRevision { id, .. }, outcome)| match outcome {
        Ok(alert) => AlertOutcome {
            id,
            alert: Some(alert.into()),
            problem: None,
        },
        Err(error) => AlertOutcome {
            id,
            alert: None,
            problem: Some(error.to_string()),
        },
    });
    Ok(Json(AlertOutcomes {
        outcomes: outcomes.collect(),
    }))
}

/// Whether an alert may be seen, or there is none, which its change will say.
async fn is_visible(
    services: &Services,
    scope: &SourceScope,
    id: &str,
) -> Result<bool, ServiceError> {
    if scope.is_all() {
        return Ok(true);
    }
    let detail = services.ledger().alert(id).await?;
    Ok(detail.is_none_or(|detail| scope.has(&detail.alert.source)))
}
