//! The audit trail: who did what.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use drishti_services::{AuditFilter, Services, StoredAuditEntry};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor;
use crate::parameters::{Parameters, page_size};
use crate::problem::{Failure, Problem};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(list_audit))
}

/// Which entries are meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AuditParameters {
    /// Who did it: an operator, `token NAME`, `api token`, or a user of the command line.
    author: Option<String>,
    /// To what kind of thing, such as `operator` or `policy`.
    kind: Option<String>,
    /// To which one.
    subject: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Most entries of the page: 1 to 500, 100 where it is left out. It has fewer where they are long.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// What somebody did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
struct Entry {
    /// Greater than that of every earlier entry.
    id: i64,
    /// When.
    at: DateTime<Utc>,
    /// Who; `unknown` where a sign-in failed.
    author: String,
    /// What was done, such as `added`, `changed`, `removed` or `signed in`.
    action: String,
    /// To what kind of thing.
    kind: String,
    /// To which one.
    subject: String,
    /// It before; null where it was not there, or nothing is told of it.
    #[schema(value_type = Option<Object>, required)]
    before: Option<Value>,
    /// It after; null where it is gone, or nothing is told of it.
    #[schema(value_type = Option<Object>, required)]
    after: Option<Value>,
}

impl From<StoredAuditEntry> for Entry {
    fn from(StoredAuditEntry { id, entry }: StoredAuditEntry) -> Self {
        let parsed = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            id,
            at: entry.at,
            author: entry.author,
            action: entry.action,
            kind: entry.subject_kind,
            subject: entry.subject,
            before: parsed(entry.before),
            after: parsed(entry.after),
        }
    }
}

/// Entries of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
struct AuditPage {
    /// The entries, the newest first.
    entries: Vec<Entry>,
    /// Where the next page begins; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List who did what, the newest first.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "access",
    params(AuditParameters),
    responses((status = 200, description = "One page of entries.", body = AuditPage), Failure<'static>)
)]
async fn list_audit(
    State(services): State<Services>,
    Parameters(parameters, _): Parameters<AuditParameters>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = page_size(parameters.limit)?;
    let cursor = parameters.cursor.as_deref();
    let filter = AuditFilter {
        subject_kind: parameters.kind,
        subject: parameters.subject,
        author: parameters.author,
        before_id: cursor.map(cursor::decode).transpose()?,
        limit: limit as u64,
    };
    let (entries, has_more) = services.audit(&filter).await?;
    let last = entries.last().filter(|_| has_more);
    let next_cursor = last.map(|last| cursor::encode(&last.id));
    Ok(Json(AuditPage {
        entries: entries.into_iter().map(Entry::from).collect(),
        next_cursor,
    }))
}
