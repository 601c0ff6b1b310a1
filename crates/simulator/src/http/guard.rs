//! What stands before every route of the API: the token, and the faults.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream::{StreamExt, once};

use super::Service;
use super::call::GoodBody;
use super::failure::{self, Failure};
use crate::dice::Key;
use crate::faults::{BodyDamage, Refusal, RequestFate};

/// Refuses, delays, damages, or lets through.
pub(super) async fn guard(
    State(service): State<Arc<Service>>,
    mut request: Request,
    next: Next,
) -> Response {
    // Asana answers a wrong method like an unknown path, before it looks at the token.
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return failure::no_route().into_response();
    }
    let faults = service.faults();
    if faults.token_revoked || !authorized(request.headers(), &service.token) {
        return Failure::unauthorized().into_response();
    }
    let number = service.requests.fetch_add(1, Ordering::Relaxed);
    let fate = RequestFate::of(&faults, service.request_key, number);
    if fate.slow {
        tokio::time::sleep(Duration::from_millis(faults.slow_milliseconds)).await;
    }
    if let Some(refusal) = fate.refusal {
        return match refusal {
            Refusal::RateLimited => {
                Failure::rate_limited(faults.retry_after_seconds).into_response()
            }
            Refusal::ServerError => {
                Failure::server_error(&mut Key::new(fate.word).dice()).into_response()
            }
            Refusal::BadGateway => failure::from_the_balancer(StatusCode::BAD_GATEWAY),
            Refusal::Unavailable => failure::from_the_balancer(StatusCode::SERVICE_UNAVAILABLE),
        };
    }
    request.extensions_mut().insert(faults);
    request.extensions_mut().insert(fate);
    let response = next.run(request).await;
    let body = response.extensions().get::<GoodBody>().cloned();
    match (fate.damage, body) {
        (Some(damage), Some(GoodBody(body))) => damaged(response, damage, &body),
        _ => response,
    }
}

fn authorized(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok());
    given.and_then(|value| value.strip_prefix("Bearer ")) == Some(token)
}

/// Half of the body: as if that were all, or with the length of the whole and a broken connection.
fn damaged(mut response: Response, damage: BodyDamage, body: &Bytes) -> Response {
    let half = body.slice(..body.len() / 2);
    *response.body_mut() = match damage {
        BodyDamage::Broken => Body::from(half),
        BodyDamage::Cut => {
            let breaks = once(async {
                // The first half must have left before the connection breaks.
                tokio::task::yield_now().await;
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            });
            let halves = once(async { Ok::<_, io::Error>(half) }).chain(breaks);
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
            Body::from_stream(halves)
        }
    };
    response
}
