//! Asana's refusals, word for word where a source has the words (`asana-api.md` sections 2.2 and 4).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::dice::Dice;
use crate::names;

const HELP: &str = "For more information on API status codes and how to handle them, read the docs on errors: https://developers.asana.com/docs/errors";

/// The content type of every answer of the API.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    status: StatusCode,
    message: String,
    phrase: Option<String>,
    retry_after_seconds: Option<u64>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            phrase: None,
            retry_after_seconds: None,
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Not Authorized")
    }

    pub(super) fn missing(parameter: &str) -> Self {
        Self::bad_request(format!("{parameter}: Missing input"))
    }

    pub(super) fn not_an_id(parameter: &str, given: &str) -> Self {
        Self::bad_request(format!("{parameter}: Not a recognized ID: {given}"))
    }

    pub(super) fn unknown(parameter: &str, given: &str) -> Self {
        let message = format!("{parameter}: Unknown object: {given}");
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(super) fn invalid_offset() -> Self {
        Self::bad_request("offset: Your pagination token is invalid.")
    }

    pub(super) fn expired_offset() -> Self {
        Self::bad_request("offset: Your pagination token has expired.")
    }

    pub(super) fn rate_limited(retry_after_seconds: u64) -> Self {
        let message = "You've made too many requests and hit a rate limit. Please retry after the given amount of time.";
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, message)
        }
    }

    pub(super) fn server_error(dice: &mut Dice) -> Self {
        let words: Vec<&str> = names::PHRASES.iter().map(|list| dice.pick(list)).collect();
        Self {
            phrase: Some(words.join(" ")),
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut error = json!({"message": self.message, "help": HELP});
        if let Some(phrase) = self.phrase {
            error["phrase"] = phrase.into();
        }
        let body = json!({"errors": [error]}).to_string();
        let mut response = (self.status, [(header::CONTENT_TYPE, JSON)], body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The answer to an unknown path or a wrong method, with or without a token.
pub(super) fn no_route() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "No matching route for request")
}

/// What a load balancer says when there is nobody behind it: not JSON.
pub(super) fn from_the_balancer(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    let page = format!(
        "<html><body><h1>{} {reason}</h1></body></html>\n",
        status.as_u16()
    );
    (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}
