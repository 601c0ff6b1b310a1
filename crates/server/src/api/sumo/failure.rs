use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::PATH;
use crate::problem::{Code, Said};

/// A failure in the form of Sumo Logic's API.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SumoError {
    /// The HTTP status.
    status: u16,
    /// The code that the rest of this API has for it.
    id: &'static str,
    /// The code that Sumo Logic has for it.
    code: &'static str,
    /// What went wrong, and what to do.
    message: String,
}

/// What every operation can answer with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described in the document, never built")]
pub(crate) enum SumoFailure {
    /// Nobody has signed in.
    #[response(status = 401)]
    Unauthorized(SumoError),
    /// Any other failure.
    #[response(status = "default")]
    Other(SumoError),
}

/// Says problems below [`PATH`] as Sumo Logic's clients expect them.
pub(crate) async fn in_their_words(request: Request, next: Next) -> Response {
    let is_theirs = request
        .uri()
        .path()
        .strip_prefix(PATH)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut response = next.run(request).await;
    let said = response.extensions_mut().remove::<Said>();
    match said {
        Some(said) if is_theirs => translated(response, &said),
        _ => response,
    }
}

fn translated(problem: Response, said: &Said) -> Response {
    let (status, code) = word(said.code, problem.status());
    let error = SumoError {
        status: status.as_u16(),
        id: said.code.word(),
        code,
        message: match said.hint.as_str() {
            "" => said.detail.clone(),
            hint => format!("{}. {hint}", said.detail),
        },
    };
    let (parts, _) = problem.into_parts();
    let mut response = (status, axum::Json(error)).into_response();
    let kept = parts
        .headers
        .into_iter()
        .filter_map(|(name, value)| Some((name?, value)));
    for (name, value) in kept {
        // The length is that of the other body.
        if name != CONTENT_TYPE && name != axum::http::header::CONTENT_LENGTH {
            response.headers_mut().insert(name, value);
        }
    }
    *response.extensions_mut() = parts.extensions;
    response
}

/// Sumo Logic's status and code (`sumo-panther.md`, section 1.7).
fn word(code: Code, status: StatusCode) -> (StatusCode, &'static str) {
    match code {
        Code::SourceExists => (StatusCode::BAD_REQUEST, "DuplicateResourceName"),
        Code::SourceDeclared => (StatusCode::BAD_REQUEST, "CannotModifySources"),
        Code::InvalidBody | Code::InvalidSetting => {
            (StatusCode::BAD_REQUEST, "createValidationError")
        }
        Code::RevisionConflict => (status, "PreconditionFailed"),
        _ => {
            let code = match status.as_u16() {
                401 => "unauthorized",
                403 => "forbidden",
                404 => "notfound",
                405 => "method.unsupported",
                415 => "contenttype.invalid",
                429 => "rate.limit.exceeded",
                400..500 => "BadRequest",
                503 => "service.unavailable",
                _ => "internal.error",
            };
            (status, code)
        }
    }
}
