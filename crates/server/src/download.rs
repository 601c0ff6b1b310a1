//! Answers that are files.

use axum::http::HeaderName;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use chrono::{DateTime, Utc};
use drishti_services::ExportFormat;
use utoipa::ToSchema;

/// Bytes as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only described in the document, never built")]
pub(crate) struct Bytes(Vec<u8>);

/// What a browser needs to keep an answer as a file, named by what it holds and when it was made.
pub(crate) fn headers(
    what: &str,
    format: ExportFormat,
    now: DateTime<Utc>,
) -> [(HeaderName, String); 2] {
    let kind = match format {
        ExportFormat::Csv => "text/csv; charset=utf-8",
        ExportFormat::JsonLines => "application/x-ndjson",
        ExportFormat::Parquet => "application/vnd.apache.parquet",
    };
    let time = now.format("%Y-%m-%dT%H%M%SZ");
    let name = format!("{what}-{time}.{}", format.as_str());
    [
        (CONTENT_TYPE, kind.to_owned()),
        (
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ]
}
