//! SQL over what was collected.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use drishti_model::SourceScope;
use drishti_services::{
    Answer, ExportFormat, Format, LakeError, QueryLimits, QueryTable, ServiceError, Services,
    ValueKind,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::Body;
use crate::bounds::{QUERY_EXPORT_ROWS_MAX, QUERY_ROWS_MAX, SQL_BYTES_MAX};
use crate::download::{Bytes, headers};
use crate::principal::{Author, Scope};
use crate::problem::{Code, Failure, Problem};

/// Rows of an answer where the caller does not say.
const ROWS_DEFAULT: usize = 1_000;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(run_query))
        .routes(routes!(export_query))
        .routes(routes!(list_query_tables))
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
    /// What their values are: `text`, `number`, `boolean`, `time`, `date`, `list` or `other`.
    kinds: Vec<&'static str>,
    /// The rows, each an object.
    #[schema(value_type = Vec<Object>)]
    rows: Box<RawValue>,
    /// Whether there are more rows than were asked for.
    is_truncated: bool,
}

/// What a query can ask.
#[derive(Debug, Serialize, ToSchema)]
struct QueryTables {
    /// Tables.
    tables: Vec<Table>,
    /// Names of functions.
    functions: Vec<String>,
}

/// A table.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueryTable)]
struct Table {
    /// Its name.
    name: &'static str,
    /// What a row of it is.
    meaning: &'static str,
    /// Its columns, in order.
    columns: Vec<Column>,
}

/// A column.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueryColumn)]
struct Column {
    /// Its name.
    name: String,
    /// What its values are: `text`, `number`, `boolean`, `time`, `date`, `list` or `other`.
    kind: &'static str,
    /// What they mean.
    meaning: &'static str,
}

impl From<QueryTable> for Table {
    fn from(table: QueryTable) -> Self {
        let columns = table.columns.into_iter();
        Self {
            name: table.name,
            meaning: table.meaning,
            columns: columns
                .map(|column| Column {
                    name: column.name,
                    kind: column.kind.as_str(),
                    meaning: column.meaning,
                })
                .collect(),
        }
    }
}

/// A question whose answer is wanted as a file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QueryExport {
    /// One `select` over `events`, `sources` and `accounts`.
    sql: String,
    /// `csv`, `jsonl` or `parquet`.
    format: String,
}

/// Ask in SQL, within limits of rows, time and memory. Nothing can be changed by it. Who may see only some sources is answered as if
/// there were no others.
#[utoipa::path(
    post,
    path = "/query",
    tag = "events",
    request_body = Query,
    responses((status = 200, description = "The answer.", body = QueryAnswer), Failure<'static>)
)]
async fn run_query(
    State(services): State<Services>,
    Scope(scope): Scope,
    Body(query): Body<Query>,
) -> Result<Json<QueryAnswer>, Problem> {
    let rows = query.limit.unwrap_or(ROWS_DEFAULT);
    if !(1..=QUERY_ROWS_MAX).contains(&rows) {
        let detail = format!("`limit` is {rows}, expected 1 to {QUERY_ROWS_MAX}");
        return Err(Problem::new(Code::InvalidBody, detail));
    }
    let answer = ask(&services, &query.sql, rows, &scope).await?;
    let mut text = Vec::new();
    answer.write(Format::Json, &mut text).map_err(failed)?;
    let rows = serde_json::from_slice(&text).map_err(|error| Problem::internal(&error))?;
    Ok(Json(QueryAnswer {
        columns: answer.columns(),
        kinds: answer.kinds().into_iter().map(ValueKind::as_str).collect(),
        rows,
        is_truncated: answer.is_truncated(),
    }))
}

/// Take the answer to a question in SQL as a file. There is none where it has over 100,000 rows.
#[utoipa::path(
    post,
    path = "/query/export",
    tag = "events",
    request_body = QueryExport,
    responses(
        (status = 200, description = "The file.", content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
            (inline(Bytes) = "application/vnd.apache.parquet"),
        )),
        Failure<'static>
    )
)]
async fn export_query(
    State(services): State<Services>,
    Scope(scope): Scope,
    Author(author): Author,
    Body(query): Body<QueryExport>,
) -> Result<impl IntoResponse, Problem> {
    let format: ExportFormat = query
        .format
        .parse()
        .map_err(|error: String| Problem::new(Code::InvalidBody, format!("`format`: {error}")))?;
    let answer = ask(&services, &query.sql, QUERY_EXPORT_ROWS_MAX, &scope).await?;
    let (about, details) = (("query", format.as_str()), json!({ "sql": query.sql }));
    let told = services.note_with(&author, "exported", about, Some(details));
    told.await?;
    if answer.is_truncated() {
        let detail = format!("the answer has over {QUERY_EXPORT_ROWS_MAX} rows");
        return Err(Problem::new(Code::QueryTooLarge, detail)
            .with_hint("Narrow the query, or end it with a `limit`."));
    }
    let file = answer.to_file(format).map_err(failed)?;
    let headers = headers("query", format, services.clock().now());
    Ok((headers, file))
}

/// List what a query can ask: tables, their columns and what these mean, and functions.
#[utoipa::path(
    get,
    path = "/query/tables",
    tag = "events",
    responses((status = 200, description = "Tables and functions.", body = QueryTables), Failure<'static>)
)]
async fn list_query_tables(State(services): State<Services>) -> Result<Json<QueryTables>, Problem> {
    let tables = services.query_tables().await?;
    Ok(Json(QueryTables {
        tables: tables.into_iter().map(Table::from).collect(),
        functions: services.query_functions(),
    }))
}

async fn ask(
    services: &Services,
    sql: &str,
    rows: usize,
    scope: &SourceScope,
) -> Result<Answer, Problem> {
    if sql.len() > SQL_BYTES_MAX {
        let detail = format!(
            "`sql` has {} bytes, at most {SQL_BYTES_MAX} are allowed",
            sql.len()
        );
        return Err(Problem::new(Code::InvalidBody, detail));
    }
    let limits = QueryLimits {
        rows,
        ..QueryLimits::default()
    };
    Ok(services.query(sql, &limits, scope).await?)
}

fn failed(error: LakeError) -> Problem {
    ServiceError::from(error).into()
}
