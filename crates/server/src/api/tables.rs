//! Files of places and lists of addresses: how they stand, and fetching them anew.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use drishti_services::Services;
use drishti_services::tables::{TableOutcome, TableView, TablesUpdate, TablesView};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::principal::Author;
use crate::problem::{Failure, Problem, ProblemDocument};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list_tables))
        .routes(routes!(update_tables))
}

/// A file of places or a list of addresses, and how it stands.
#[derive(Debug, Serialize, ToSchema)]
struct Table {
    /// `places` or `feed`.
    kind: &'static str,
    /// What it is called: a feed's name, the name of a file.
    name: String,
    /// The tag that a feed gives to its addresses; null for files of places.
    #[schema(required)]
    tag: Option<String>,
    /// Its file, or the address that it is fetched from, without what may be secret.
    from: String,
    /// Whether it is fetched from an address.
    is_fetched: bool,
    /// Under which licence it is used, where the configuration says so.
    #[schema(required)]
    licence: Option<String>,
    /// What a database calls itself, or `CSV`; null for feeds and what is not in use.
    #[schema(required)]
    format: Option<String>,
    /// Networks that it names; null where it does not tell.
    #[schema(required)]
    entries: Option<u64>,
    /// Lines that are no address and are left out.
    refused: u64,
    /// The first twenty of those.
    refusals: Vec<RefusedLine>,
    /// Columns of a table that mean nothing here: a misspelt one is among them.
    ignored_columns: Vec<String>,
    /// As of when it is; null where its file is not there.
    #[schema(required)]
    as_of: Option<DateTime<Utc>>,
    /// Whether it is so old that it deserves a warning; null where its age is not known.
    #[schema(required)]
    is_old: Option<bool>,
    /// `in_use`, `unreadable` or `missing`.
    state: &'static str,
}

/// A line that was not taken.
#[derive(Debug, Serialize, ToSchema)]
struct RefusedLine {
    /// Its number, from 1; of a STIX bundle, that of the object.
    line: u64,
    /// Why.
    reason: String,
}

impl From<TableView> for Table {
    fn from(view: TableView) -> Self {
        let refusals = view.refusals.into_iter();
        Self {
            kind: view.kind.as_str(),
            name: view.name,
            tag: view.tag,
            from: view.from,
            is_fetched: view.is_fetched,
            licence: view.licence,
            format: view.format,
            entries: view.entries,
            refused: view.refused,
            refusals: refusals
                .map(|refusal| RefusedLine {
                    line: refusal.line,
                    reason: refusal.reason,
                })
                .collect(),
            ignored_columns: view.ignored_columns,
            as_of: view.as_of,
            is_old: view.is_old,
            state: match (view.is_in_use, view.has_file) {
                (true, _) => "in_use",
                (false, true) => "unreadable",
                (false, false) => "missing",
            },
        }
    }
}

/// One fetching of all tables.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TablesUpdate)]
struct Update {
    /// Who asked for it.
    author: String,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it was done; null while it goes on.
    #[schema(required)]
    ended_at: Option<DateTime<Utc>>,
    /// What became of each table so far.
    outcomes: Vec<Outcome>,
}

/// What became of a table that was to be fetched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TableOutcome)]
struct Outcome {
    /// From where, without what may be secret.
    from: String,
    /// Its size; null where it could not be fetched.
    #[schema(required)]
    bytes: Option<u64>,
    /// Why it could not be fetched or taken, so that the old one stays; null where it was.
    #[schema(required)]
    problem: Option<String>,
}

impl From<TableOutcome> for Outcome {
    fn from(outcome: TableOutcome) -> Self {
        Self {
            from: outcome.from,
            bytes: outcome.bytes,
            problem: outcome.problem,
        }
    }
}

impl From<TablesUpdate> for Update {
    fn from(update: TablesUpdate) -> Self {
        Self {
            author: update.author,
            started_at: update.started_at,
            ended_at: update.ended_at,
            outcomes: update.outcomes.into_iter().map(Outcome::from).collect(),
        }
    }
}

/// All files of places and lists of addresses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tables)]
struct TableList {
    /// Files of places in the order of preference, then feeds by name.
    tables: Vec<Table>,
    /// When what is in use was read; null where nothing could be.
    #[schema(required)]
    read_at: Option<DateTime<Utc>>,
    /// Why what the files hold now can't be used; null where it is in use.
    #[schema(required)]
    problem: Option<String>,
    /// The last fetching since the server started; null where there was none.
    #[schema(value_type = Option<Update>, required)]
    update: Option<Update>,
}

impl From<TablesView> for TableList {
    fn from(view: TablesView) -> Self {
        Self {
            tables: view.tables.into_iter().map(Table::from).collect(),
            read_at: view.read_at,
            problem: view.problem,
            update: view.update.map(Update::from),
        }
    }
}

/// List the files of places and lists of addresses that the configuration names, and how they stand.
#[utoipa::path(
    get,
    path = "/tables",
    tag = "addresses",
    responses((status = 200, description = "All tables.", body = TableList), Failure<'static>)
)]
async fn list_tables(State(services): State<Services>) -> Result<Json<TableList>, Problem> {
    Ok(Json(services.tables().await?.into()))
}

/// Fetch the tables that have an address anew, and use them. It goes on by itself; the list of tables tells how far it is. A table
/// that can't be read as what it is to be never takes the place of the one before.
#[utoipa::path(
    post,
    path = "/tables/update",
    tag = "addresses",
    responses(
        (status = 202, description = "It has begun.", body = Update),
        (status = 409, description = "`update_running`: it is under way.", body = ProblemDocument<'static>, content_type = "application/problem+json"),
        Failure<'static>
    )
)]
async fn update_tables(
    State(services): State<Services>,
    Author(author): Author,
) -> Result<(StatusCode, Json<Update>), Problem> {
    let update = services.start_tables_update(&author).await?;
    Ok((StatusCode::ACCEPTED, Json(update.into())))
}
