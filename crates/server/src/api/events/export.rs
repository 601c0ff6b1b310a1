use axum::body::Body;
use axum::extract::State;
use axum::http::Uri;
use axum::response::IntoResponse;
use drishti_services::{ExportFormat, Services};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::filters::EventParameters;
use crate::bounds::EXPORT_EVENTS_MAX;
use crate::download::{Bytes, headers};
use crate::parameters::{Parameters, word};
use crate::principal::{Author, Scope};
use crate::problem::{Failure, Problem};

/// What file is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormatParameters {
    /// `csv` or `parquet` for the columns of the lake, `jsonl` for the events in Asana's own JSON.
    #[param(pattern = "^(csv|jsonl|parquet)$")]
    format: String,
}

/// Take events as a file, newest first: CSV in which no text is a formula, JSON lines or Parquet. There is none where over 1,000,000
/// events fit, so that a part is never taken for all of them. A file that could not be written to its end breaks off.
#[utoipa::path(
    get,
    path = "/events/export",
    tag = "events",
    params(EventParameters, FormatParameters),
    responses(
        (status = 200, description = "The file.", content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
            (inline(Bytes) = "application/vnd.apache.parquet"),
        )),
        Failure<'static>
    )
)]
pub(crate) async fn export_events(
    State(services): State<Services>,
    Scope(scope): Scope,
    Author(author): Author,
    uri: Uri,
    Parameters(filters, wanted): Parameters<EventParameters, FormatParameters>,
) -> Result<impl IntoResponse, Problem> {
    let format: ExportFormat = word("format", &wanted.format)?;
    let range = filters.range()?;
    let filter = filters.into_filter(range, scope)?;
    let details = json!({ "query": uri.query() });
    let about = ("events", format.as_str());
    let told = services.note_with(&author, "exported", about, Some(details));
    told.await?;
    let events = services.export_events(&filter, format, EXPORT_EVENTS_MAX);
    let headers = headers("events", format, services.clock().now());
    Ok((headers, Body::from_stream(events.await?)))
}
