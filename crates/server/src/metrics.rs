//! What Prometheus reads: the state of the installation at the time of asking, from the ledger and the lake. Nothing is counted here.
//!
//! What is not known has no sample: a source that was never polled has no age of its last poll, and a lake that does not answer has
//! no size.

use std::fmt;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{HealthStatus, SourceState};
use drishti_services::sources::SourceOverview;
use drishti_services::{Services, SourceStatus, Statistics};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::problem::{Failure, Problem};

/// The media type of the `OpenMetrics` text format, which Prometheus asks for by itself.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where they are.
pub(crate) const PATH: &str = "/metrics";

type Labels = Vec<(&'static str, String)>;

/// One metric and its samples.
#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    kind: MetricType,
    samples: Vec<(Labels, f64)>,
}

/// Everything read for one scrape.
#[derive(Debug)]
struct Scrape(Vec<Family>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in &self.0 {
            let mut metric =
                encoder.encode_descriptor(family.name, family.help, None, family.kind)?;
            for (labels, value) in &family.samples {
                if labels.is_empty() {
                    write(&mut metric, family.kind, *value)?;
                } else {
                    write(&mut metric.encode_family(labels)?, family.kind, *value)?;
                }
            }
        }
        Ok(())
    }
}

fn write(sample: &mut MetricEncoder<'_>, kind: MetricType, value: f64) -> Result<(), fmt::Error> {
    match kind {
        MetricType::Counter => sample.encode_counter::<NoLabelSet, _, f64>(&value, None),
        _ => sample.encode_gauge(&value),
    }
}

/// The metrics of the installation. Strangers may read them where the configuration says so.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    operation_id = "get_metrics",
    responses(
        (
            status = 200,
            description = "Metrics in the OpenMetrics text format.",
            body = String,
            content_type = "application/openmetrics-text"
        ),
        Failure<'static>
    )
)]
pub(crate) async fn metrics(
    State(services): State<Services>,
) -> Result<impl IntoResponse, Problem> {
    let mut families = vec![build()];
    let sources = services.sources().await;
    families.push(answers(
        "drishti_ledger_up",
        "Whether the ledger answers.",
        &sources,
    ));
    if let Ok(sources) = sources {
        families.extend(of_sources(&sources, services.clock().now()));
    }
    let lake = services.lake_statistics().await;
    families.push(answers(
        "drishti_lake_up",
        "Whether the lake answers.",
        &lake,
    ));
    if let Ok(statistics) = lake {
        families.extend(of_lake(statistics));
    }
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(families)));
    let mut body = String::new();
    text::encode(&mut body, &registry).map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], body))
}

fn gauge(name: &'static str, help: &'static str, value: f64) -> Family {
    Family {
        name,
        help,
        kind: MetricType::Gauge,
        samples: vec![(Labels::new(), value)],
    }
}

fn build() -> Family {
    let version = ("version", env!("CARGO_PKG_VERSION").to_owned());
    Family {
        samples: vec![(vec![version], 1.0)],
        ..gauge("drishti_build_info", "The program that runs.", 1.0)
    }
}

fn answers<T, E: fmt::Display>(
    name: &'static str,
    help: &'static str,
    answer: &Result<T, E>,
) -> Family {
    if let Err(error) = answer {
        tracing::warn!(metric = name, %error, "a part of the installation did not answer");
    }
    gauge(name, help, f64::from(u8::from(answer.is_ok())))
}

fn of_lake(statistics: Statistics) -> [Family; 3] {
    [
        gauge(
            "drishti_lake_files",
            "Data files of the lake.",
            number(statistics.files),
        ),
        gauge(
            "drishti_lake_bytes",
            "Bytes of these files.",
            number(statistics.bytes),
        ),
        gauge(
            "drishti_lake_rows",
            "Events in the lake.",
            number(statistics.rows),
        ),
    ]
}

/// One metric of every source that has a value for it.
fn each(
    sources: &[SourceOverview],
    kind: MetricType,
    name: &'static str,
    help: &'static str,
    value: impl Fn(&SourceOverview) -> Option<f64>,
) -> Family {
    let sample = |source| Some((vec![label(source)], value(source)?));
    Family {
        name,
        help,
        kind,
        samples: sources.iter().filter_map(sample).collect(),
    }
}

fn label(source: &SourceOverview) -> (&'static str, String) {
    ("source", source.source.name.to_string())
}

fn of_sources(sources: &[SourceOverview], now: DateTime<Utc>) -> Vec<Family> {
    let mut families = vec![states(sources)];
    families.extend(counts(sources));
    families.extend(ages(sources, now));
    families.extend(completeness(sources));
    families
}

fn counts(sources: &[SourceOverview]) -> [Family; 5] {
    let counter = |name, help, count: fn(&SourceStatus) -> i64| {
        each(sources, MetricType::Counter, name, help, |source| {
            source.status.as_ref().map(count).map(number)
        })
    };
    [
        counter(
            "drishti_source_events_stored",
            "Events stored in the lake.",
            |status| status.events_stored,
        ),
        counter(
            "drishti_source_events_duplicate",
            "Events that were there already.",
            |status| status.events_duplicate,
        ),
        counter(
            "drishti_source_events_quarantined",
            "Different events that failed validation.",
            |status| status.events_quarantined,
        ),
        counter(
            "drishti_source_errors",
            "Errors since the source was added.",
            |status| status.error_total,
        ),
        counter(
            "drishti_source_warnings",
            "Warnings since the source was added.",
            |status| status.warning_total,
        ),
    ]
}

fn ages(sources: &[SourceOverview], now: DateTime<Utc>) -> [Family; 2] {
    let age = |name, help, time: fn(&SourceStatus) -> Option<DateTime<Utc>>| {
        each(sources, MetricType::Gauge, name, help, |source| {
            let time = source.status.as_ref().and_then(time)?;
            Some((now - time).as_seconds_f64())
        })
    };
    [
        age(
            "drishti_source_last_poll_age_seconds",
            "Time since Asana was last asked.",
            |status| status.last_poll_at,
        ),
        age(
            "drishti_source_last_event_age_seconds",
            "Time since the newest event.",
            |status| status.last_event_at,
        ),
    ]
}

fn completeness(sources: &[SourceOverview]) -> [Family; 6] {
    let gauge = |name, help, value: fn(&SourceOverview) -> Option<f64>| {
        each(sources, MetricType::Gauge, name, help, value)
    };
    [
        gauge(
            "drishti_source_healthy",
            "Whether the source works.",
            |source| {
                let status = source.status.as_ref()?.status;
                Some(f64::from(u8::from(status == HealthStatus::Healthy)))
            },
        ),
        gauge(
            "drishti_source_quarantine_entries",
            "Events in quarantine now.",
            |source| Some(number(source.quarantined)),
        ),
        gauge(
            "drishti_source_coverage_gap_seconds",
            "Time not known to be complete.",
            |source| {
                let lengths = source.gaps.iter().map(|gap| gap.end - gap.start);
                Some(lengths.sum::<TimeDelta>().as_seconds_f64())
            },
        ),
        gauge(
            "drishti_source_unread_seconds",
            "Time since the source was last collected, while nobody follows it.",
            |source| {
                let length = source.unread.map(|unread| unread.end - unread.start);
                Some(length.unwrap_or_default().as_seconds_f64())
            },
        ),
        gauge(
            "drishti_source_windows_done",
            "Spans of the first fetch that are stored.",
            |source| Some(number(source.windows_done)),
        ),
        gauge(
            "drishti_source_windows",
            "Spans of the first fetch that are planned.",
            |source| Some(number(source.windows_total)),
        ),
    ]
}

/// The state of each source: 1 for the one that it is in, 0 for the others.
fn states(sources: &[SourceOverview]) -> Family {
    let known = sources
        .iter()
        .filter_map(|source| Some((source, source.state()?)));
    let samples = known.flat_map(|(source, state)| {
        SourceState::ALL.into_iter().map(move |other| {
            let labels = vec![label(source), ("state", other.as_str().to_owned())];
            (labels, f64::from(u8::from(state == other)))
        })
    });
    Family {
        name: "drishti_source_state",
        help: "The state that the source is in.",
        kind: MetricType::Gauge,
        samples: samples.collect(),
    }
}

/// A count as the only kind of number that the format has.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts beyond 2^53 are out of reach"
)]
fn number(count: impl TryInto<i64>) -> f64 {
    count.try_into().unwrap_or(i64::MAX) as f64
}
