//! Signing in and out, and the own second factor.

mod methods;
mod openid;
mod totp;

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use drishti_model::Secret;
use drishti_services::Services;
use drishti_services::access::{SignIn, SignInError, expires_at};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operators::names_of;
use crate::authentication::CSRF_HEADER;
use crate::body::Body;
use crate::cookie;
use crate::principal::{Client, SignedIn};
use crate::problem::{Code, Failure, OpenFailure, Problem, ProblemDocument};

pub(crate) use methods::Provider;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(get_session, begin_session, end_session))
        .routes(routes!(methods::get_session_methods))
        .routes(routes!(openid::begin_openid))
        .routes(routes!(openid::finish_openid))
        .routes(routes!(
            totp::begin_totp,
            totp::confirm_totp,
            totp::remove_totp
        ))
}

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// The name of the operator.
    name: String,
    /// The password.
    #[schema(value_type = String, format = Password, write_only)]
    password: Secret,
    /// The code that the authenticator shows, where a second factor is set up. Each counts once.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    code: Option<Secret>,
}

/// Who is signed in, and until when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionView {
    /// Who.
    operator: SignedInOperator,
    /// When it ends if there are no more requests.
    expires_at: DateTime<Utc>,
    /// The header that every request but GET needs, with the value `drishti`.
    csrf_header: &'static str,
}

/// The operator of a session.
#[derive(Debug, Serialize, ToSchema)]
struct SignedInOperator {
    /// The name to sign in with.
    name: String,
    /// For people.
    display_name: String,
    /// `viewer`, `analyst`, `reviewer`, `auditor` or `admin`.
    role: &'static str,
    /// The sources that they may see; null for all.
    #[schema(required)]
    sources: Option<Vec<String>>,
    /// Whether a second factor is set up.
    has_totp: bool,
    /// Whether they have a password here.
    has_password: bool,
}

impl From<drishti_services::Session> for SessionView {
    fn from(session: drishti_services::Session) -> Self {
        let expires_at = expires_at(&session);
        let operator = session.operator;
        Self {
            operator: SignedInOperator {
                sources: names_of(&operator.scope),
                name: operator.name,
                display_name: operator.display_name,
                role: operator.role.as_str(),
                has_totp: operator.has_totp,
                has_password: operator.has_password,
            },
            expires_at,
            csrf_header: CSRF_HEADER,
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let code = match error {
            SignInError::Service(error) => return error.into(),
            SignInError::TooManyAttempts { wait } => return Self::too_many_attempts(wait),
            SignInError::WrongCredentials => Code::WrongCredentials,
            SignInError::CodeNeeded => Code::SecondFactorNeeded,
        };
        Self::new(code, error.to_string())
    }
}

/// Sign in.
#[utoipa::path(
    post,
    path = "/session",
    tag = "access",
    security(()),
    request_body = Credentials,
    responses(
        (status = 200, description = "The session; the cookie shows it from now on.", body = SessionView),
        (status = 401, description = "`wrong_credentials`, or `code_needed`.", body = ProblemDocument<'static>, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts; `Retry-After` says when there is room for another.", body = ProblemDocument<'static>, content_type = "application/problem+json"),
        OpenFailure<'static>
    )
)]
async fn begin_session(
    State(services): State<Services>,
    client: Client,
    Body(credentials): Body<Credentials>,
) -> Result<Response, Problem> {
    let attempt = SignIn {
        name: credentials.name,
        password: credentials.password,
        code: credentials.code.filter(|code| !code.is_empty()),
        address: client.address,
    };
    let signed_in = services.sign_in(attempt).await?;
    let cookie = cookie::kept(&signed_in.secret, client.is_encrypted)?;
    let view = SessionView::from(signed_in.session);
    Ok(([(SET_COOKIE, cookie)], Json(view)).into_response())
}

/// Show who is signed in; null for nobody, and for programs with a token.
#[utoipa::path(
    get,
    path = "/session",
    tag = "access",
    security(()),
    responses((status = 200, description = "The session, or null.", body = Option<SessionView>), OpenFailure<'static>)
)]
async fn get_session(
    State(services): State<Services>,
    client: Client,
    headers: HeaderMap,
) -> Result<Json<Option<SessionView>>, Problem> {
    let Some(secret) = cookie::shown(&headers, client.is_encrypted) else {
        return Ok(Json(None));
    };
    let session = services.session(&secret).await?;
    Ok(Json(session.map(SessionView::from)))
}

/// Sign out.
#[utoipa::path(
    delete,
    path = "/session",
    tag = "access",
    responses((status = 204, description = "The session is gone."), Failure<'static>)
)]
async fn end_session(
    State(services): State<Services>,
    SignedIn(open): SignedIn,
    client: Client,
) -> Result<Response, Problem> {
    let operator = &open.session.operator.name;
    services.sign_out(&open.secret, operator).await?;
    let cookie = cookie::forgotten(client.is_encrypted)?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}
