//! API tokens: what programs show instead of a session.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use drishti_services::{NewApiToken, Services};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operators::{names_of, scope_of};
use crate::body::Body;
use crate::parameters::{Path, moment, word};
use crate::principal::{Author, Principal};
use crate::problem::{Failure, Problem};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list_tokens, create_token))
        .routes(routes!(delete_token))
}

/// A token of a program, without the token itself.
#[derive(Debug, Serialize, ToSchema)]
struct ApiToken {
    /// Names it.
    id: i64,
    /// Tells it from others; changes are made by `token NAME`.
    name: String,
    /// `viewer`, `analyst`, `reviewer`, `auditor` or `admin`.
    role: &'static str,
    /// The sources that it may see; null for all.
    #[schema(required)]
    sources: Option<Vec<String>>,
    /// Who made it.
    created_by: String,
    /// When.
    created_at: DateTime<Utc>,
    /// Until when it holds.
    expires_at: DateTime<Utc>,
    /// When it was last used, to a few minutes.
    #[schema(required)]
    used_at: Option<DateTime<Utc>>,
}

impl From<drishti_services::ApiToken> for ApiToken {
    fn from(token: drishti_services::ApiToken) -> Self {
        Self {
            id: token.id,
            sources: names_of(&token.scope),
            name: token.name,
            role: token.role.as_str(),
            created_by: token.created_by,
            created_at: token.created_at,
            expires_at: token.expires_at,
            used_at: token.used_at,
        }
    }
}

/// All tokens.
#[derive(Debug, Serialize, ToSchema)]
struct ApiTokens {
    /// The newest first; those that have expired, too.
    tokens: Vec<ApiToken>,
}

/// List the API tokens.
#[utoipa::path(
    get,
    path = "/tokens",
    tag = "access",
    responses((status = 200, description = "All tokens, the newest first.", body = ApiTokens), Failure<'static>)
)]
async fn list_tokens(State(services): State<Services>) -> Result<Json<ApiTokens>, Problem> {
    let tokens = services.api_tokens().await?.into_iter();
    Ok(Json(ApiTokens {
        tokens: tokens.map(ApiToken::from).collect(),
    }))
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenOrder {
    /// Tells it from others.
    name: String,
    /// What it may do, no more than you: `viewer`, `analyst`, `reviewer`, `auditor` or `admin`.
    role: String,
    /// The sources that it may see; all where it is left out or null.
    sources: Option<Vec<String>>,
    /// Until when it holds (RFC 3339), at most 366 days ahead, and no longer than the token that makes it.
    expires_at: String,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
struct MadeToken {
    /// What the program shows as `Authorization: Bearer …`. It is not told again.
    secret: String,
    /// What is known of it from now on.
    token: ApiToken,
}

/// Make an API token.
#[utoipa::path(
    post,
    path = "/tokens",
    tag = "access",
    request_body = TokenOrder,
    responses((status = 201, description = "The token, which is shown this once.", body = MadeToken), Failure<'static>)
)]
async fn create_token(
    State(services): State<Services>,
    principal: Principal,
    Body(order): Body<TokenOrder>,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    let new = NewApiToken {
        role: word("role", &order.role)?,
        scope: scope_of(order.sources)?,
        expires_at: moment("expires_at", &order.expires_at)?,
        name: order.name,
    };
    let (secret, token) = services.add_api_token(new, principal.as_maker()).await?;
    let made = MadeToken {
        secret: secret.expose().to_owned(),
        token: token.into(),
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Remove an API token, and those that were made with it: whoever shows them is let in no more.
#[utoipa::path(
    delete,
    path = "/tokens/{id}",
    tag = "access",
    params(("id" = i64, Path, description = "Id of the token.")),
    responses((status = 204, description = "It is gone."), Failure<'static>)
)]
async fn delete_token(
    State(services): State<Services>,
    Path(id): Path<String>,
    Author(author): Author,
) -> Result<StatusCode, Problem> {
    let id = id
        .parse()
        .map_err(|error| Problem::parameter("id", error))?;
    services.remove_api_token(id, &author).await?;
    Ok(StatusCode::NO_CONTENT)
}
