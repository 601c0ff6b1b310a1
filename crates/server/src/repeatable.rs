//! Creations that can be repeated safely: whoever sends `Idempotency-Key` has a request made once, however often it comes.
//!
//! That a request has begun is durable before it is made, and its answer after it. Where the server ended in between, nobody knows
//! whether it was made: the repetition is refused and says so, and nothing is ever made twice.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use drishti_services::Services;
use drishti_services::access::{KeptAnswer, Repeatable, Repetition};

use crate::authentication::permission;
use crate::body::unread;
use crate::bounds::{IDEMPOTENCY_KEY_CHARACTERS_MAX, REQUEST_TIME_MAX};
use crate::permissions::Creation;
use crate::principal::Principal;
use crate::problem::{Code, Problem, Said};

/// The header that makes a request a repeatable one.
pub(crate) const KEY_HEADER: &str = "idempotency-key";

/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Headers of an answer that are kept with it.
const KEPT_HEADERS: [HeaderName; 3] = [CONTENT_TYPE, ETAG, LOCATION];

/// Most bytes of an answer that is held in memory to be kept; no creation answers more.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Makes a creation once where its caller asks for that.
pub(crate) async fn made_once(
    State(services): State<Services>,
    request: Request,
    next: Next,
) -> Response {
    let creation = permission(&request).creation;
    let principal = request.extensions().get::<Principal>().cloned();
    let (Some(creation), Some(principal)) = (creation, principal) else {
        return next.run(request).await;
    };
    match key(request.headers()) {
        Ok(None) => next.run(request).await,
        Ok(Some(key)) => {
            let made = make_once(services, creation, &principal, &key, request, next);
            made.await.unwrap_or_else(IntoResponse::into_response)
        }
        Err(problem) => problem.into_response(),
    }
}

/// The key of a request, where it has one.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut shown = headers.get_all(KEY_HEADER).iter();
    let Some(first) = shown.next() else {
        return Ok(None);
    };
    let key = first.to_str().unwrap_or_default().trim();
    let is_good = (1..=IDEMPOTENCY_KEY_CHARACTERS_MAX).contains(&key.len());
    if is_good && shown.next().is_none() {
        return Ok(Some(key.to_owned()));
    }
    let problem = format!("give one, of 1 to {IDEMPOTENCY_KEY_CHARACTERS_MAX} ASCII characters");
    Err(Problem::parameter("Idempotency-Key", problem))
}

async fn make_once(
    services: Services,
    creation: Creation,
    principal: &Principal,
    key: &str,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts.clone(), body);
    let body = Bytes::from_request(request, &())
        .await
        .map_err(|error| unread(&error))?;
    let repeatable = Repeatable::new(
        &owner(principal),
        key,
        &[
            parts.method.as_str(),
            &parts.uri.to_string(),
            &STANDARD.encode(&body),
        ],
    );
    match services.begin_repeatable(&repeatable).await? {
        Repetition::First => {
            let request = Request::from_parts(parts, Body::from(body));
            // In a task of its own: it goes on where the caller, who may have lost the connection, waits no longer.
            let made = tokio::spawn(make(services, creation, repeatable, request, next));
            made.await.map_err(|error| Problem::internal(&error))
        }
        Repetition::Answered(answer) => answered(answer),
        Repetition::Begun(at) => {
            let longest = TimeDelta::from_std(2 * REQUEST_TIME_MAX);
            let is_over = longest.is_ok_and(|longest| services.clock().now() - at > longest);
            Err(unanswered(is_over))
        }
        Repetition::Other => Err(Problem::new(
            Code::KeyReused,
            "this key was used with another request",
        )
        .with_hint("Make a new key for each request that is not a repetition.")),
        Repetition::TooMany => Err(Problem::too_many_keys()),
    }
}

/// Whose keys these are: what was answered to somebody who saw more must not be answered to them now.
fn owner(principal: &Principal) -> String {
    let Principal {
        name, role, scope, ..
    } = principal;
    let sources: Vec<_> = scope.names().into_iter().flatten().collect();
    let token = principal.token_id();
    format!("{name} {token:?} {role} {} {sources:?}", scope.is_all())
}

fn unanswered(is_over: bool) -> Problem {
    if is_over {
        return Problem::new(
            Code::OutcomeUnknown,
            "the first request with this key was broken off, and may have been made or not",
        )
        .with_hint("See whether it was; if not, send it with another key.");
    }
    Problem::new(
        Code::RequestInProgress,
        "the first request with this key is still worked on; ask again in a moment",
    )
}

fn answered(answer: KeptAnswer) -> Result<Response, Problem> {
    let Some(body) = answer.body else {
        return Err(Problem::new(
            Code::AlreadyDone,
            "this was done by the first request with this key, whose answer is not kept",
        )
        .with_hint(
            "A secret is told once. Remove what was made, and make another with a new key.",
        ));
    };
    let status = StatusCode::from_u16(answer.status).map_err(|error| Problem::internal(&error))?;
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.remove(CONTENT_TYPE);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Makes a request, and keeps what came of it.
#[expect(clippy::disallowed_methods, reason = "it is read up to a limit")]
async fn make(
    services: Services,
    creation: Creation,
    repeatable: Repeatable,
    request: Request,
    next: Next,
) -> Response {
    let Ok(response) = tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await else {
        let detail = "no answer in time; whether it was made is not known";
        return Problem::new(Code::TooSlow, detail).into_response();
    };
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, ANSWER_BYTES_MAX).await else {
        return Problem::new(Code::Internal, "the answer could not be read").into_response();
    };
    let kept = if parts.status.is_success() {
        let answer = kept(creation, parts.status, &parts.headers, &body);
        services.answer_repeatable(&repeatable, answer).await
    } else if is_unclear(&parts) {
        // It may have been made all the same.
        Ok(())
    } else {
        services.forget_repeatable(&repeatable).await
    };
    if let Err(error) = kept {
        tracing::error!(%error, "an answer could not be kept for its repetition");
    }
    Response::from_parts(parts, Body::from(body))
}

/// Whether a failure leaves open if the request was made: something failed here, or the ledger stopped to answer.
fn is_unclear(parts: &Parts) -> bool {
    let said = parts.extensions.get::<Said>();
    parts.status == StatusCode::INTERNAL_SERVER_ERROR
        || said.is_some_and(|said| said.code == Code::NotReady)
}

fn kept(creation: Creation, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> KeptAnswer {
    let headers = KEPT_HEADERS.iter().filter_map(|name| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), value.to_owned()))
    });
    let body = match creation {
        Creation::Plain => String::from_utf8(body.to_vec()).ok(),
        Creation::Secret => None,
    };
    KeptAnswer {
        status: status.as_u16(),
        headers: headers.collect(),
        body,
    }
}
