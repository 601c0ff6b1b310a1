//! What those see who watch over the server.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use drishti_model::{ErrorKind, HealthEvent, HealthSeverity, HealthStatus, SourceState};
use reqwest::Method;

use crate::app::{App, name, now};
use crate::sample::{events, lines};

#[tokio::test]
async fn the_server_says_what_it_is() {
    let app = App::start().await;
    let welcome = app.send(app.request_without_token(Method::GET, "/")).await;
    assert_eq!(welcome.status, 200);
    // The app where this was built with it, else how to build it.
    let is_app = welcome.headers["content-type"] == "text/html";
    assert!(is_app || welcome.text.contains("npm --prefix web run build"));
    assert_eq!(app.get("/healthz").await.ok()["status"], "alive");
    assert_eq!(app.get("/readyz").await.ok()["status"], "ready");
    let document = app.get("/api/v1/openapi.json").await;
    assert_eq!(document.text, drishti_server::openapi());
    app.stop().await;
}

#[tokio::test]
async fn a_server_whose_ledger_is_gone_is_alive_but_not_ready() {
    let app = App::start().await;
    app.services.ledger().clone().close().await;
    assert_eq!(app.get("/healthz").await.status, 200);
    let answer = app.get("/readyz").await;
    assert_eq!(answer.problem(503), "not_ready");
    assert!(answer.text.contains("ledger"));
    let metrics = read(&app.get("/metrics").await.text);
    assert_eq!(metrics["drishti_ledger_up"], 0);
    assert_eq!(metrics["drishti_lake_up"], 1);
    let failed = app.get("/api/v1/sources").await;
    assert_eq!(failed.problem(503), "not_ready");
    assert!(
        !failed.text.contains("ledger.db") && !failed.text.contains("pool"),
        "{}",
        failed.text
    );
    app.stop().await;
}

#[tokio::test]
async fn strangers_read_the_metrics_only_where_they_may() {
    for is_open in [false, true] {
        let app = App::start_set_up(|options| options.metrics_are_open = is_open).await;
        let request = app.request_without_token(Method::GET, "/metrics");
        let answer = app.send(request).await;
        if is_open {
            assert_eq!(answer.status, 200);
        } else {
            assert_eq!(answer.problem(401), "unauthorized");
        }
        assert_eq!(app.get("/metrics").await.status, 200);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_server_whose_lake_is_gone_is_not_ready() {
    let app = App::start().await;
    app.ingest("acme", &lines(&events(10))).await;
    std::fs::remove_dir_all(app.folder.path().join("lake")).unwrap();
    let answer = app.get("/readyz").await;
    assert_eq!(answer.problem(503), "not_ready");
    assert!(answer.text.contains("lake"));
    let metrics = read(&app.get("/metrics").await.text);
    assert_eq!(metrics["drishti_lake_up"], 0);
    assert!(!metrics.contains_key("drishti_lake_rows"));
    let failed = app.get("/api/v1/events").await;
    assert_eq!(failed.problem(500), "internal");
    let folder = app.folder.path().display().to_string();
    assert!(!failed.text.contains(&folder), "{}", failed.text);
    app.stop().await;
}

/// Samples after twenty events, one of them twice, two that are broken, and an error.
const EXPECTED: [(&str, i64); 18] = [
    (
        concat!(
            "drishti_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"}"
        ),
        1,
    ),
    ("drishti_ledger_up", 1),
    ("drishti_lake_up", 1),
    ("drishti_lake_rows", 20),
    ("drishti_source_events_stored_total{source=\"acme\"}", 20),
    ("drishti_source_events_duplicate_total{source=\"acme\"}", 1),
    (
        "drishti_source_events_quarantined_total{source=\"acme\"}",
        2,
    ),
    ("drishti_source_quarantine_entries{source=\"acme\"}", 2),
    ("drishti_source_errors_total{source=\"acme\"}", 1),
    ("drishti_source_warnings_total{source=\"acme\"}", 0),
    ("drishti_source_healthy{source=\"acme\"}", 0),
    ("drishti_source_healthy{source=\"with \\\"quotes\\\"\"}", 1),
    ("drishti_source_coverage_gap_seconds{source=\"acme\"}", 0),
    ("drishti_source_unread_seconds{source=\"acme\"}", 0),
    ("drishti_source_windows{source=\"acme\"}", 0),
    ("drishti_source_windows_done{source=\"acme\"}", 0),
    ("drishti_source_state{source=\"acme\",state=\"Error\"}", 1),
    (
        "drishti_source_state{source=\"acme\",state=\"Collecting\"}",
        0,
    ),
];

#[tokio::test]
async fn the_metrics_say_how_everything_stands() {
    let app = App::start().await;
    let mut lines = lines(&events(20));
    lines.extend([
        "{\"gid\":\"1\"}".to_owned(),
        "broken".to_owned(),
        lines[0].clone(),
    ]);
    app.ingest("acme", &lines).await;
    app.ingest("with \"quotes\"", &[]).await;
    for (state, severity) in [
        (SourceState::Started, HealthSeverity::Information),
        (SourceState::Error, HealthSeverity::Error),
    ] {
        let event = HealthEvent {
            source: name("acme"),
            at: now(),
            state,
            status: HealthStatus::Unhealthy,
            severity,
            kind: Some(ErrorKind::ThirdPartyGeneric),
            name: "AsanaUnavailable".to_owned(),
            reason: "it does not answer".to_owned(),
            advice: String::new(),
        };
        app.services.ledger().record_health(&event).await.unwrap();
    }
    app.clock.advance(TimeDelta::seconds(5));
    let answer = app.get("/metrics").await;
    let metrics = read(&answer.text);
    for (metric, value) in EXPECTED {
        assert_eq!(
            metrics.get(metric),
            Some(&value),
            "{metric} in\n{}",
            answer.text
        );
    }
    assert!(metrics["drishti_lake_files"] > 0 && metrics["drishti_lake_bytes"] > 0);
    let newest = "drishti_source_last_event_age_seconds{source=\"acme\"}";
    let seconds = (now() - crate::sample::first()).num_seconds() - 9 * 29 * 60 + 5;
    assert_eq!(metrics[newest], seconds);
    // Never polled: unknown, not zero.
    assert!(!metrics.contains_key("drishti_source_last_poll_age_seconds{source=\"acme\"}"));
    let states = metrics
        .iter()
        .filter(|(metric, _)| metric.starts_with("drishti_source_state{source=\"acme\""));
    assert_eq!(states.map(|(_, value)| value).sum::<i64>(), 1);
    // A source that only takes files is in no state.
    let none = "drishti_source_state{source=\"with \\\"quotes\\\"\"";
    assert!(!metrics.keys().any(|metric| metric.starts_with(none)));
    app.stop().await;
}

/// The samples of a text in the `OpenMetrics` format; panics where it is none: each sample belongs to the metric announced last, no
/// metric is announced twice, no sample stands there twice, and the text ends as it must. All numbers of the tests are whole.
fn read(text: &str) -> BTreeMap<String, i64> {
    let body = text.strip_suffix("# EOF\n").unwrap();
    let mut samples = BTreeMap::new();
    let mut types = BTreeMap::new();
    let mut family = String::new();
    for line in body.lines() {
        if let Some(announced) = line.strip_prefix("# TYPE ") {
            let (metric, kind) = announced.split_once(' ').unwrap();
            assert!(matches!(kind, "gauge" | "counter"), "{line}");
            assert_eq!(
                types.insert(metric.to_owned(), kind.to_owned()),
                None,
                "{line}"
            );
            family = if kind == "counter" {
                format!("{metric}_total")
            } else {
                metric.to_owned()
            };
        } else if let Some(help) = line.strip_prefix("# HELP ") {
            assert!(help.split_once(' ').unwrap().1.ends_with('.'), "{line}");
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let labels = sample
                .strip_prefix(&family)
                .unwrap_or_else(|| panic!("{line}"));
            assert!(
                labels.is_empty() || (labels.starts_with('{') && labels.ends_with('}')),
                "{line}"
            );
            assert_eq!(
                samples.insert(
                    sample.to_owned(),
                    value.strip_suffix(".0").unwrap().parse().unwrap()
                ),
                None,
                "{line}"
            );
        }
    }
    samples
}
