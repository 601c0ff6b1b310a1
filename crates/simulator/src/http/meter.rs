//! Counts what was asked and answered, so that tests can see whether a client keeps to its limits.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::DATE;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Value, json};

use super::Service;
use crate::clock::date_time;

const AUDIT_LOG: &str = "/api/1.0/workspaces/{workspace}/audit_log_events";

/// The counters. Paths are those of the route table, so that there are only so many.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    answers: Mutex<BTreeMap<(String, u16), u64>>,
    audit_log_in_flight: AtomicU64,
    audit_log_in_flight_most: AtomicU64,
}

/// Counts down when a request is over, also when its client has gone away.
struct InFlight<'a>(&'a AtomicU64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Meter {
    fn enter(&self) -> InFlight<'_> {
        let now = self.audit_log_in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.audit_log_in_flight_most
            .fetch_max(now, Ordering::SeqCst);
        InFlight(&self.audit_log_in_flight)
    }

    fn count(&self, path: String, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((path, status)).or_default() += 1;
    }

    /// `requests`: path to status to count; `audit_log_in_flight_most`.
    pub(crate) fn report(&self) -> Value {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut requests = json!({});
        for ((path, status), count) in answers.iter() {
            requests[path.as_str()][status.to_string()] = (*count).into();
        }
        json!({
            "requests": requests,
            "audit_log_in_flight_most": self.audit_log_in_flight_most.load(Ordering::SeqCst),
        })
    }
}

/// Counts a request to the API.
pub(super) async fn measure(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let path = matched.map_or("no route", MatchedPath::as_str).to_owned();
    let in_flight = (path == AUDIT_LOG).then(|| service.meter.enter());
    let response = next.run(request).await;
    drop(in_flight);
    service.meter.count(path, response.status().as_u16());
    response
}

/// The header with which Asana names the version of its API (`asana-api.md` section 4).
pub(super) async fn name_the_service(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let version = HeaderValue::from_static("1.1");
    response
        .headers_mut()
        .insert("x-asana-api-version", version);
    response
}

/// The `Date` header by the simulated clock, so that a client that goes by the server's time goes by this one.
pub(super) async fn tell_the_time(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    let now = date_time(service.now());
    let mut response = next.run(request).await;
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(DATE, date);
    }
    response
}
