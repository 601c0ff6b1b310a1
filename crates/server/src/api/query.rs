//! SQL over what was collected.

use axum::Json;
use axum::extract::State;
use drishti_services::{Format, QueryLimits, Services};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::Body;
use crate::bounds::QUERY_ROWS_MAX;
use crate::problem::{Code, Failure, Problem};

/// Rows of an answer where the caller does not say.
const ROWS_DEFAULT: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(run_query))
}

/// A question.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// One `select` over `events`, `sources` and `accounts`.
    sql: String,
    /// Most rows of the answer: 1 to 10,000, 1,000 where it is left out.
    #[schema(minimum = 1, maximum = 10_000)]
    limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
struct QueryAnswer {
    /// Names of the columns, in order.
    columns: Vec<String>,
    /// The rows, each an object; a column that is null in a row is left out there.
    #[schema(value_type = Vec<Object>)]
    rows: Box<RawValue>,
    /// Whether there are more rows than were asked for.
    is_truncated: bool,
}

/// Ask in SQL, within limits of rows, time and memory. Nothing can be changed by it.
#[utoipa::path(
    post,
    path = "/query",
    tag = "events",
    request_body = Query,
    responses((status = 200, description = "The answer.", body = QueryAnswer), Failure<'static>)
)]
async fn run_query(
    State(services): State<Services>,
    Body(query): Body<Query>,
) -> Result<Json<QueryAnswer>, Problem> {
    let rows = query.limit.unwrap_or(ROWS_DEFAULT);
    if !(1..=QUERY_ROWS_MAX).contains(&rows) {
        let detail = format!("`limit` is {rows}, expected 1 to {QUERY_ROWS_MAX}");
        return Err(Problem::new(Code::InvalidBody, detail));
    }
    let limits = QueryLimits {
        rows,
        ..QueryLimits::default()
    };
    let answer = services.query(&query.sql, &limits).await?;
    let mut text = Vec::new();
    answer
        .write(Format::Json, &mut text)
        .map_err(drishti_services::ServiceError::from)?;
    let rows = serde_json::from_slice(&text).map_err(|error| Problem::internal(&error))?;
    Ok(Json(QueryAnswer {
        columns: answer.columns(),
        rows,
        is_truncated: answer.is_truncated(),
    }))
}
