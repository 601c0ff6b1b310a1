use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use drishti_services::{QuarantineEntry, QuarantineFilter, Services};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::view::tell;
use crate::body::Body;
use crate::bounds::{PAGE_MAX, QUARANTINE_ANSWER_BYTES_MAX, REPLAY_IDS_MAX};
use crate::download::Bytes;
use crate::parameters::{Named, NamedEntry, Parameters, page, page_size};
use crate::principal::Author;
use crate::problem::{Code, Failure, Problem};

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QuarantineParameters {
    /// Only those after the one with this id: `next_after` of the page before.
    after: Option<i64>,
    /// Most entries of the page: 1 to 500, 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// An event that failed validation, without its bytes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quarantined {
    /// Greater than that of every earlier entry.
    id: i64,
    /// Name of the source.
    source: String,
    /// Where it was first seen: the name of a file, or `audit log`.
    origin: String,
    /// Its line there.
    #[schema(required)]
    line: Option<i64>,
    /// Its gid, where it has one.
    #[schema(required)]
    gid: Option<String>,
    /// What was wrong with it.
    reason: String,
    /// Its length as it came.
    raw_bytes: i64,
    /// Whether only its beginning is kept.
    truncated: bool,
    /// How often the same bytes came.
    times_seen: i64,
    /// When they first came.
    first_seen_at: DateTime<Utc>,
    /// When they last came.
    last_seen_at: DateTime<Utc>,
}

impl From<QuarantineEntry> for Quarantined {
    fn from(entry: QuarantineEntry) -> Self {
        Self {
            id: entry.id,
            source: entry.source.into(),
            origin: entry.origin,
            line: entry.line,
            gid: entry.gid,
            reason: entry.reason,
            raw_bytes: entry.raw_bytes,
            truncated: entry.truncated,
            times_seen: entry.times_seen,
            first_seen_at: entry.first_seen_at,
            last_seen_at: entry.last_seen_at,
        }
    }
}

/// Quarantined events, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantinePage {
    /// The entries.
    entries: Vec<Quarantined>,
    /// Where the next page begins; null at the end.
    #[schema(required)]
    next_after: Option<i64>,
}

/// What to replay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// Ids of entries, at most 1,000; none means all of the source.
    #[serde(default)]
    #[schema(max_items = 1000)]
    ids: Vec<i64>,
}

/// An entry that stays in quarantine.
#[derive(Debug, Serialize, ToSchema)]
struct StillRefused {
    /// Its id.
    id: i64,
    /// What is wrong with it.
    reason: String,
}

/// What a replay did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// Events that were accepted and so left the quarantine.
    accepted: u64,
    /// Those of them that are new in the lake.
    stored: u64,
    /// Entries of a source that is being collected: whoever does it tries them within seconds.
    queued: u64,
    /// Entries that stay.
    still_refused_total: usize,
    /// The first 500 of them, with what is wrong with them now.
    still_refused: Vec<StillRefused>,
}

/// List a source's events that failed validation, oldest first.
#[utoipa::path(
    get,
    path = "/sources/{name}/quarantine",
    tag = "sources",
    params(("name" = String, Path, description = "Name of the source."), QuarantineParameters),
    responses((status = 200, description = "One page of entries.", body = QuarantinePage), Failure<'static>)
)]
pub(crate) async fn list_quarantine(
    State(services): State<Services>,
    Named(name): Named,
    Parameters(parameters, _): Parameters<QuarantineParameters>,
) -> Result<Json<QuarantinePage>, Problem> {
    let limit = page_size(parameters.limit)?;
    services.source(&name).await?;
    let filter = QuarantineFilter {
        source: Some(name),
        after_id: parameters.after,
        limit: limit as u64 + 1,
    };
    let entries = services.quarantine(filter).await?;
    let (entries, next_after) = page(entries, limit, |entry| entry.id);
    Ok(Json(QuarantinePage {
        entries: entries.into_iter().map(Quarantined::from).collect(),
        next_after,
    }))
}

/// Show the bytes of an event that failed validation as they came, but not beyond 8 MB.
#[utoipa::path(
    get,
    path = "/sources/{name}/quarantine/{id}/raw",
    tag = "sources",
    params(
        ("name" = String, Path, description = "Name of the source."),
        ("id" = i64, Path, description = "Id of the entry.")
    ),
    responses(
        (status = 200, description = "The bytes, which may be no text at all.", body = inline(Bytes), content_type = "application/octet-stream"),
        Failure<'static>
    )
)]
pub(crate) async fn get_quarantined_bytes(
    State(services): State<Services>,
    NamedEntry(name, id): NamedEntry,
    Author(author): Author,
) -> Result<impl IntoResponse, Problem> {
    services.source(&name).await?;
    let nothing = || {
        let detail = format!("source `{name}` has nothing with the id {id} in quarantine");
        Problem::new(Code::NotFound, detail)
    };
    let entry = services.quarantine_entry(id).await?;
    if entry.is_none_or(|entry| entry.source != name) {
        return Err(nothing());
    }
    let raw = services.quarantine_beginning(id, QUARANTINE_ANSWER_BYTES_MAX);
    let raw = raw.await?.ok_or_else(nothing)?;
    let (about, details) = (("source", name.as_str()), json!({ "id": id }));
    let told = services.note_with(&author, "quarantined event read", about, Some(details));
    told.await?;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CONTENT_DISPOSITION, "attachment"),
    ];
    Ok((headers, raw))
}

/// Try quarantined events again, for when the program or the clock has been put right.
#[utoipa::path(
    post,
    path = "/sources/{name}/quarantine/replay",
    tag = "sources",
    params(("name" = String, Path, description = "Name of the source.")),
    request_body = Replay,
    responses((status = 200, description = "What became of them.", body = Replayed), Failure<'static>)
)]
pub(crate) async fn replay_quarantine(
    State(services): State<Services>,
    Named(name): Named,
    Author(author): Author,
    Body(Replay { ids }): Body<Replay>,
) -> Result<Json<Replayed>, Problem> {
    if ids.len() > REPLAY_IDS_MAX {
        let detail = format!(
            "`ids` has {} entries, at most {REPLAY_IDS_MAX} are allowed",
            ids.len()
        );
        return Err(Problem::new(Code::InvalidBody, detail)
            .with_hint("Leave `ids` out to replay all of the source."));
    }
    services.source(&name).await?;
    // Before, so that nothing is done that is not told.
    tell(&services, &author, "quarantine replayed", &name).await?;
    let summary = services.replay_quarantine(Some(&name), &ids).await?;
    let refused = summary.still_refused.into_iter();
    Ok(Json(Replayed {
        accepted: summary.replayed,
        stored: summary.stored,
        queued: summary.queued,
        still_refused_total: refused.len(),
        still_refused: refused
            .take(PAGE_MAX)
            .map(|(id, reason)| StillRefused { id, reason })
            .collect(),
    }))
}
