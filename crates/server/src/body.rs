//! JSON bodies, read so that no value of theirs comes back in a refusal: one of them may be a token.

use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use crate::guard::body_too_large;
use crate::problem::{Code, Problem};

/// Beginnings of what serde says that name keys and never values.
const HARMLESS: [&str; 3] = ["missing field ", "unknown field ", "duplicate field "];

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body as its text.
pub(crate) struct BodyText(pub(crate) String);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let BodyText(text) = BodyText::from_request(request, state).await?;
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            Problem::new(
                Code::InvalidBody,
                refusal(&error.path().to_string(), error.inner()),
            )
        })?;
        deserializer
            .end()
            .map_err(|error| Problem::new(Code::InvalidBody, refusal(".", &error)))?;
        Ok(Self(value))
    }
}

impl<S: Send + Sync> FromRequest<S> for BodyText {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "the body must be JSON, and the header `Content-Type` must say so: application/json",
            ));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| unread(&error))?;
        let text = String::from_utf8(bytes.into())
            .map_err(|_| Problem::new(Code::InvalidBody, "the body is not UTF-8"))?;
        Ok(Self(text))
    }
}

/// Reads the body to its end before anything is done for the request: whoever is slow to send it keeps nothing from others.
pub(crate) async fn read_whole(
    State(limit): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let reading = Bytes::from_request(Request::from_parts(parts.clone(), body), &());
    let in_time = tokio::time::timeout(limit, reading).await;
    let read = in_time.map_or_else(
        |_| {
            let seconds = limit.as_secs();
            let detail = format!("the body was not there within {seconds} seconds");
            Err(Problem::new(Code::BodyTooSlow, detail))
        },
        |read| read.map_err(|error| unread(&error)),
    );
    match read {
        Ok(bytes) => next.run(Request::from_parts(parts, bytes.into())).await,
        Err(problem) => problem.into_response(),
    }
}

/// Why a body could not be read.
pub(crate) fn unread(error: &BytesRejection) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        body_too_large()
    } else {
        Problem::new(Code::InvalidBody, "the body could not be read to its end")
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn refusal(path: &str, error: &serde_json::Error) -> String {
    let words = error.to_string();
    let what = if HARMLESS
        .iter()
        .any(|beginning| words.starts_with(beginning))
    {
        words
    } else if error.is_data() {
        format!(
            "another type or value than expected, in line {}",
            error.line()
        )
    } else {
        format!(
            "not valid JSON at line {}, column {}",
            error.line(),
            error.column()
        )
    };
    if path == "." {
        what
    } else {
        format!("`{path}`: {what}")
    }
}
