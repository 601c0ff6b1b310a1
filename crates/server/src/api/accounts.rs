//! Who is in the workspaces, as the last sync saw them.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use drishti_services::{AccountFilter, ServiceError, Services, StoredAccount};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor;
use crate::parameters::{Parameters, page, page_size, source_name, word};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(list_accounts))
}

/// Which accounts are meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AccountParameters {
    /// Name of the source.
    source: Option<String>,
    /// `admin`, `guest`, `view_only` or `member`.
    role: Option<String>,
    /// `active`, `inactive`, `gone` or `unknown`.
    status: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Most accounts of the page: 1 to 500, 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A person in a workspace.
#[derive(Debug, Serialize, ToSchema)]
struct Account {
    /// Name of the source.
    source: String,
    /// Asana's id of the person.
    user_gid: String,
    /// Display name, where Asana gives one.
    #[schema(required)]
    name: Option<String>,
    /// E-mail address, where Asana gives one.
    #[schema(required)]
    email: Option<String>,
    /// `admin`, `guest`, `view_only` or `member`.
    role: &'static str,
    /// `active` (joined or invited), `inactive`, `gone` or `unknown`.
    status: &'static str,
    /// When the membership was made.
    #[schema(required)]
    joined_at: Option<DateTime<Utc>>,
    /// Begin of the first sync that saw it.
    first_seen_at: DateTime<Utc>,
    /// Begin of the last sync that saw it.
    last_seen_at: DateTime<Utc>,
    /// When a complete sync first missed it; null while it is there.
    #[schema(required)]
    gone_at: Option<DateTime<Utc>>,
}

impl From<StoredAccount> for Account {
    fn from(stored: StoredAccount) -> Self {
        let account = stored.account;
        Self {
            source: stored.source.into(),
            user_gid: account.user_gid,
            name: account.name,
            email: account.email,
            role: account.role.as_str(),
            status: account.status.as_str(),
            joined_at: account.joined_at,
            first_seen_at: stored.first_seen_at,
            last_seen_at: stored.last_seen_at,
            gone_at: stored.gone_at,
        }
    }
}

/// Accounts by source and id.
#[derive(Debug, Serialize, ToSchema)]
struct AccountPage {
    /// The accounts.
    accounts: Vec<Account>,
    /// Where the next page begins; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List the people of the workspaces, as the last sync saw them.
#[utoipa::path(
    get,
    path = "/accounts",
    tag = "sources",
    params(AccountParameters),
    responses((status = 200, description = "One page of accounts.", body = AccountPage), Failure<'static>)
)]
async fn list_accounts(
    State(services): State<Services>,
    Scope(scope): Scope,
    Parameters(parameters, _): Parameters<AccountParameters>,
) -> Result<Json<AccountPage>, Problem> {
    let limit = page_size(parameters.limit)?;
    let source = parameters.source.as_deref();
    let filter = AccountFilter {
        source: source.map(|name| source_name("source", name)).transpose()?,
        scope,
        role: parameters
            .role
            .map(|text| word("role", &text))
            .transpose()?,
        status: parameters
            .status
            .map(|text| word("status", &text))
            .transpose()?,
        after: parameters
            .cursor
            .as_deref()
            .map(cursor::decode)
            .transpose()?,
        limit: limit as u64 + 1,
    };
    let accounts = services.ledger().accounts(filter).await;
    let (accounts, next_cursor) = page(accounts.map_err(ServiceError::from)?, limit, |last| {
        cursor::encode(&(&last.source, &last.account.user_gid))
    });
    Ok(Json(AccountPage {
        accounts: accounts.into_iter().map(Account::from).collect(),
        next_cursor,
    }))
}
