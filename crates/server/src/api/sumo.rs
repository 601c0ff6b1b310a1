//! Sumo Logic's API of collectors and sources, so that its clients manage sources here (`sumo-panther.md`, section 1.7). There is one
//! collector, which is this installation.

mod collectors;
mod failure;
mod single;
mod sources;
mod view;

pub(crate) use failure::{SumoError, in_their_words};

use drishti_model::SourceScope;
use drishti_services::Services;
use drishti_services::sources::{SourceOverview, sumo_id};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::{Code, Problem};

/// Where all of it is.
pub(crate) const PATH: &str = "/api/v1/collectors";

/// The number of the one collector.
const COLLECTOR_ID: u64 = 1;

/// Entries of a list where the caller does not say, as in Sumo Logic's API.
const LIMIT_DEFAULT: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(collectors::list_sumo_collectors))
        .routes(routes!(collectors::get_sumo_collector))
        .routes(routes!(collectors::get_sumo_collector_by_name))
        .routes(routes!(
            sources::list_sumo_sources,
            sources::create_sumo_source
        ))
        .routes(routes!(
            single::get_sumo_source,
            single::update_sumo_source,
            single::delete_sumo_source
        ))
        .routes(routes!(single::restart_sumo_source))
}

/// Refuses every collector but the one.
fn check_collector(id: &str) -> Result<(), Problem> {
    if id.parse() == Ok(COLLECTOR_ID) {
        return Ok(());
    }
    let detail = format!("there is one collector here, and its id is {COLLECTOR_ID}");
    Err(Problem::new(Code::NotFound, detail))
}

/// The sources that the caller may see and that collect from Asana, by name: Sumo Logic's clients know no others.
async fn visible(services: &Services, scope: &SourceScope) -> Result<Vec<SourceOverview>, Problem> {
    let mut sources = services.sources().await?;
    sources.retain(|overview| {
        scope.has(&overview.source.name) && overview.source.profile.workspace_gid.is_some()
    });
    Ok(sources)
}

/// The source with this id.
async fn source(
    services: &Services,
    scope: &SourceScope,
    (collector, id): (&str, &str),
) -> Result<SourceOverview, Problem> {
    check_collector(collector)?;
    let found = visible(services, scope).await?;
    let mut found = found
        .into_iter()
        .filter(|overview| id.parse() == Ok(sumo_id(&overview.source)));
    found.next().ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Problem {
    let detail = format!("there is no source with the id `{id}`");
    Problem::new(Code::NoSuchSource, detail)
}

/// A part of a list, as `limit` and `offset` ask.
fn part<T>(
    entries: Vec<T>,
    limit: Option<usize>,
    offset: Option<usize>,
) -> Result<Vec<T>, Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if limit == 0 {
        return Err(Problem::parameter("limit", "it is 0, expected 1 or more"));
    }
    let entries = entries.into_iter().skip(offset.unwrap_or_default());
    Ok(entries.take(limit).collect())
}
