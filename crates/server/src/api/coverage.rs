//! Which spans of time are known to be complete.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use drishti_model::TimeRange;
use drishti_services::Services;
use drishti_services::sources::SourceOverview;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::parameters::Named;
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list_coverage))
        .routes(routes!(get_coverage))
}

/// A span of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Span {
    /// First moment.
    start: DateTime<Utc>,
    /// First moment after it.
    end: DateTime<Utc>,
}

impl From<&TimeRange> for Span {
    fn from(range: &TimeRange) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }
}

/// What of a source's time is known to be complete.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceCoverage {
    /// Name of the source.
    source: String,
    /// The spans known to be complete, oldest first.
    complete: Vec<Span>,
    /// The spans between the first known or planned and now that are not.
    gaps: Vec<Span>,
    /// Length of the gaps.
    gap_seconds: i64,
    /// The time since the source was last collected, which the next collection begins with; null while it is followed.
    #[schema(required)]
    unread: Option<Span>,
    /// Spans of the first fetch that are stored.
    windows_done: u64,
    /// Spans of the first fetch that are planned.
    windows_total: u64,
}

impl From<&SourceOverview> for SourceCoverage {
    fn from(overview: &SourceOverview) -> Self {
        let lengths = overview.gaps.iter().map(|gap| gap.end - gap.start);
        Self {
            source: overview.source.name.to_string(),
            complete: overview.coverage.iter().map(Span::from).collect(),
            gaps: overview.gaps.iter().map(Span::from).collect(),
            gap_seconds: lengths.map(|length| length.num_seconds()).sum(),
            unread: overview.unread.as_ref().map(Span::from),
            windows_done: overview.windows_done,
            windows_total: overview.windows_total,
        }
    }
}

/// The coverage of all sources.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Coverages {
    /// One entry a source, by name.
    sources: Vec<SourceCoverage>,
}

/// Show which spans of time are complete, of all sources.
#[utoipa::path(
    get,
    path = "/coverage",
    tag = "sources",
    responses((status = 200, description = "Coverage by source.", body = Coverages), Failure<'static>)
)]
async fn list_coverage(
    State(services): State<Services>,
    Scope(scope): Scope,
) -> Result<Json<Coverages>, Problem> {
    let overviews = services.sources().await?;
    let seen = overviews
        .iter()
        .filter(|overview| scope.has(&overview.source.name));
    Ok(Json(Coverages {
        sources: seen.map(SourceCoverage::from).collect(),
    }))
}

/// Show which spans of time are complete, of one source.
#[utoipa::path(
    get,
    path = "/sources/{name}/coverage",
    tag = "sources",
    params(("name" = String, Path, description = "Name of the source.")),
    responses((status = 200, description = "Coverage of the source.", body = SourceCoverage), Failure<'static>)
)]
async fn get_coverage(
    State(services): State<Services>,
    Named(name): Named,
) -> Result<Json<SourceCoverage>, Problem> {
    let overview = services.source(&name).await?;
    Ok(Json(SourceCoverage::from(&overview)))
}
