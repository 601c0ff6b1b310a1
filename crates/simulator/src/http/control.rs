//! `/simulator`: switches and the truth, for those who test with it. No token is asked for.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Json, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, routing};
use bytes::Bytes;
use futures::stream::poll_fn;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Service;
use super::audit_log::parse_time;
use crate::SimulatorError;
use crate::archive::Archive;
use crate::clock::{Millis, date_time};
use crate::faults::FaultPlan;
use crate::render::TIME_FORMAT;
use crate::roster;

/// Slots of truth that wait for a slow reader.
const TRUTH_QUEUE_SLOTS: usize = 4;

pub(super) fn router() -> Router<Arc<Service>> {
    Router::new()
        .route("/faults", get(faults).put(set_faults))
        .route("/clock", get(clock).put(advance_clock))
        .route("/stats", routing::get(stats))
        .route("/truth", routing::get(truth))
        .route("/labels", routing::get(labels))
        .route("/people.csv", routing::get(people))
}

fn refused(error: &SimulatorError) -> Response {
    let status = match error {
        SimulatorError::ClockRuns => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    };
    (status, Json(json!({"error": error.to_string()}))).into_response()
}

async fn faults(State(service): State<Arc<Service>>) -> Json<FaultPlan> {
    Json(FaultPlan::clone(&service.faults()))
}

/// Replaces the whole plan; what is not named does not go wrong any more. `{"preset": "all"}` takes a named plan.
async fn set_faults(State(service): State<Arc<Service>>, Json(body): Json<Value>) -> Response {
    match read_plan(&body) {
        Ok(plan) => {
            service.set_faults(plan.clone());
            Json(plan).into_response()
        }
        Err(error) => refused(&error),
    }
}

fn read_plan(body: &Value) -> Result<FaultPlan, SimulatorError> {
    let refuse = |reason: String| SimulatorError::Fault {
        fault: body.to_string(),
        reason,
    };
    if let Some(preset) = body.get("preset") {
        let plan = preset.as_str().and_then(FaultPlan::preset);
        return plan.ok_or_else(|| refuse("there is no such preset".to_owned()));
    }
    if !body.is_object() {
        return Err(refuse("it is not an object".to_owned()));
    }
    let plan = FaultPlan::deserialize(body).map_err(|error| refuse(error.to_string()))?;
    plan.validated()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u64,
}

async fn clock(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(time_told(&service, service.now()))
}

async fn advance_clock(
    State(service): State<Arc<Service>>,
    Json(Advance { advance_seconds }): Json<Advance>,
) -> Response {
    match service.clock.advance(advance_seconds) {
        Ok(now) => Json(time_told(&service, now)).into_response(),
        Err(error) => refused(&error),
    }
}

fn time_told(service: &Service, now: Millis) -> Value {
    let now = date_time(now).format(TIME_FORMAT).to_string();
    json!({"now": now, "frozen": service.clock.frozen()})
}

async fn stats(State(service): State<Arc<Service>>) -> Json<Value> {
    let mut report = service.meter.report();
    let (plans, chunks) = service.archive.cached_bytes();
    report["cached_bytes"] = json!({"plans": plans, "events": chunks});
    Json(report)
}

/// The gids of all well-formed events that can be read now, one a line, in order.
async fn truth(
    State(service): State<Arc<Service>>,
    Query(parameters): Query<Parameters>,
) -> Response {
    by_slot(service, &parameters, "text/plain", Archive::truth)
}

/// The labels of those of them that have one, as JSONL.
async fn labels(
    State(service): State<Arc<Service>>,
    Query(parameters): Query<Parameters>,
) -> Response {
    by_slot(
        service,
        &parameters,
        "application/jsonl",
        Archive::labels_now,
    )
}

/// The people of a workspace now, as an HR system would export them.
async fn people(
    State(service): State<Arc<Service>>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let Some(workspace) = workspace(&service, &parameters) else {
        return unreadable("workspace");
    };
    let mut csv = roster::HEADER.to_owned();
    let chosen = service
        .organisations()
        .find(|organisation| organisation.number == workspace);
    if let Some(organisation) = chosen {
        roster::write(organisation, service.now(), &mut csv);
    }
    ([(header::CONTENT_TYPE, "text/csv")], csv).into_response()
}

type Parameters = BTreeMap<String, String>;

fn unreadable(name: &str) -> Response {
    let error = json!({"error": format!("reading `{name}`")});
    (StatusCode::BAD_REQUEST, Json(error)).into_response()
}

/// The number of the workspace that is named; the first one if none is.
fn workspace(service: &Service, parameters: &Parameters) -> Option<u8> {
    let Some(text) = parameters.get("workspace") else {
        return Some(0);
    };
    service
        .organisations()
        .find(|organisation| organisation.workspace_gid().to_string() == *text)
        .map(|organisation| organisation.number)
}

/// What is told about one slot of a workspace.
type Lines = fn(&Archive, u8, u32, &Range<Millis>, (Millis, &FaultPlan)) -> Vec<u8>;

/// Lines that are made slot by slot as they are read.
fn by_slot(
    service: Arc<Service>,
    parameters: &Parameters,
    content_type: &'static str,
    tell: Lines,
) -> Response {
    let time = |name: &str, otherwise: Millis| match parameters.get(name) {
        Some(text) => parse_time(text),
        None => Some(otherwise),
    };
    let now = service.now();
    let Some(start) = time("start_at", 0) else {
        return unreadable("start_at");
    };
    let Some(end) = time("end_at", Millis::MAX) else {
        return unreadable("end_at");
    };
    let Some(workspace) = workspace(&service, parameters) else {
        return unreadable("workspace");
    };
    let span = start..end.min(now + 1);
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, Infallible>>(TRUTH_QUEUE_SLOTS);
    tokio::task::spawn_blocking(move || {
        let faults = service.faults();
        let archive = &service.archive;
        for slot in archive.slots(&span) {
            let lines = tell(archive, workspace, slot, &span, (now, &faults));
            if !lines.is_empty() && sender.blocking_send(Ok(lines.into())).is_err() {
                break;
            }
        }
    });
    let lines = poll_fn(move |context| receiver.poll_recv(context));
    (
        [(header::CONTENT_TYPE, content_type)],
        Body::from_stream(lines),
    )
        .into_response()
}
