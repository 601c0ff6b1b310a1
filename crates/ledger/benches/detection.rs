//! What the ledger takes and gives for detection: `cargo bench -p drishti-ledger`.
//!
//! `DRISHTI_BENCH_LEDGER` names another ledger than a temporary SQLite file; it must have no source `bench`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first fault, and prints its figures"
)]

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_ledger::{
    AlertCursor, AlertEntity, AlertEvent, AlertFilter, AlertOrder, DetectedAlert, DetectionStep,
    Lease, Ledger, NewSource, Preview, SealingKey, StateChange, StateKind,
};
use drishti_model::{CollectSettings, Severity, SourceName, SourceProfile};

/// People with a baseline each.
const ROWS: usize = 100_000;
/// Bytes of a baseline.
const ROW_BYTES: usize = 2_000;
/// Rows of one step while a history is evaluated.
const ROWS_OF_A_STEP: usize = 5_000;
/// Alerts in the list.
const ALERTS: usize = 20_000;
/// Alerts of a page.
const PAGE: u64 = 50;

fn say(name: &str, value: impl std::fmt::Display) {
    println!("{name:<64} {value}");
}

async fn timed<T>(name: &str, doing: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let value = doing.await;
    let milliseconds = started.elapsed().as_secs_f64() * 1_000.0;
    say(name, format_args!("{milliseconds:>9.1} ms"));
    value
}

fn at(second: usize) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::try_from(second).unwrap())
}

async fn begin(ledger: &Ledger) -> Lease {
    let name = SourceName::new("bench").unwrap();
    let profile = SourceProfile {
        workspace_gid: None,
        api_url: SourceProfile::API_URL.to_owned(),
        description: String::new(),
        category: String::new(),
        fields: std::collections::BTreeMap::new(),
        collect: CollectSettings::default(),
    };
    let new = NewSource {
        name: name.clone(),
        profile,
        token: None,
        declared: false,
    };
    ledger.add_source(new, at(0)).await.unwrap();
    let lifetime = TimeDelta::days(1);
    let lease = ledger.acquire_lease(&name, "bench", lifetime, at(0)).await;
    lease.unwrap().unwrap()
}

fn states(from: usize, count: usize) -> Vec<StateChange> {
    let value = |row: usize| {
        let digits = row.to_string();
        digits.bytes().cycle().take(ROW_BYTES).collect()
    };
    (from..from + count)
        .map(|row| StateChange {
            kind: StateKind::Anomaly,
            key: format!("person:{row:016}"),
            value: Some(value(row)),
        })
        .collect()
}

fn alerts(from: usize, count: usize) -> Vec<DetectedAlert> {
    (from..from + count)
        .map(|number| DetectedAlert {
            id: format!("{:064}", number * 7_919 % ALERTS),
            policy: format!("anomaly.policy_{}", number % 24),
            policy_title: "A policy".to_owned(),
            title: format!("Somebody did something unusual ({number})"),
            severity: Severity::ALL[number % 5],
            entity: AlertEntity {
                kind: "person".to_owned(),
                id: (number % 3_000).to_string(),
                name: Some(format!("person{}@example.com", number % 3_000)),
            },
            dedup: number.to_string(),
            opened_at: at(number),
            first_event_at: at(number),
            last_event_at: at(number),
            match_count: 1,
            event_count: 3,
            events: (0..3)
                .map(|event| AlertEvent {
                    created_at: at(number),
                    gid: (number * 10 + event).to_string(),
                })
                .collect(),
            explanation: format!("{{\"seen\":\"{}\"}}", "x".repeat(600)),
            finding: format!("{{\"events\":\"{}\"}}", "x".repeat(1_000)),
            suppressed_by: None,
            capped: false,
        })
        .collect()
}

struct Bench {
    ledger: Ledger,
    lease: Lease,
    generation: i64,
    sequence: i64,
}

impl Bench {
    async fn save(&mut self, step: DetectionStep) {
        self.sequence += 1;
        let step = DetectionStep {
            generation: self.generation,
            sequence: self.sequence,
            ..step
        };
        let saved = self.ledger.save_detection(&self.lease, &step, at(0)).await;
        saved.unwrap();
    }

    /// A whole history: all states, all alerts.
    async fn history(&mut self) {
        let steps = ROWS / ROWS_OF_A_STEP;
        for number in 0..steps {
            let some = ALERTS / steps;
            let step = DetectionStep {
                settled_until: Some(at(number)),
                state: states(number * ROWS_OF_A_STEP, ROWS_OF_A_STEP),
                alerts: alerts(number * some, some),
                ..DetectionStep::default()
            };
            self.save(step).await;
        }
    }

    async fn read(&self) -> usize {
        let mut bytes = 0;
        let take = |row: drishti_ledger::StateRow| bytes += row.value.len();
        let read = self
            .ledger
            .read_detection_state(self.generation, take)
            .await;
        read.unwrap();
        bytes
    }

    async fn page(&self, order: AlertOrder, after: Option<AlertCursor>) -> AlertCursor {
        let filter = AlertFilter {
            order,
            after,
            limit: PAGE,
            ..AlertFilter::default()
        };
        let alerts = self.ledger.alerts(&filter).await.unwrap();
        AlertCursor::at(alerts.last().unwrap())
    }
}

async fn ask(bench: &Bench) {
    let place = timed(
        "first page, the worst first",
        bench.page(AlertOrder::Worst, None),
    )
    .await;
    let next = bench.page(AlertOrder::Worst, Some(place));
    timed("next page", next).await;
    timed(
        "first page, the newest first",
        bench.page(AlertOrder::Newest, None),
    )
    .await;
    let text = AlertFilter {
        text: Some("person2999@".to_owned()),
        limit: PAGE,
        ..AlertFilter::default()
    };
    timed("searching for a person", bench.ledger.alerts(&text))
        .await
        .unwrap();
    let all = AlertFilter::default();
    timed(
        "counting all alerts in four ways",
        bench.ledger.alert_counts(&all),
    )
    .await
    .unwrap();
}

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let url = std::env::var_os("DRISHTI_BENCH_LEDGER").map_or_else(
        || format!("sqlite://{}", folder.path().join("ledger.db").display()),
        |url| url.into_string().unwrap(),
    );
    let key = SealingKey::generate().unwrap();
    let ledger = Ledger::open(&url, key).await.unwrap();
    let lease = begin(&ledger).await;
    let generation = ledger.begin_detection(&lease, "1", at(0)).await.unwrap();
    let mut bench = Bench {
        ledger: ledger.clone(),
        lease: lease.clone(),
        generation: generation.id,
        sequence: 0,
    };
    say("ledger", ledger.place());
    say("rows of state, of 2 kB", ROWS);
    say("alerts, of 3 events", ALERTS);
    timed("saving a history, in 20 steps", bench.history()).await;
    let bytes = timed("reading all states", bench.read()).await;
    assert_eq!(bytes, ROWS * ROW_BYTES);
    let step = DetectionStep {
        state: states(0, 500),
        alerts: alerts(0, 2),
        preview: Preview {
            alerts: alerts(10, 5),
            ..Preview::default()
        },
        ..DetectionStep::default()
    };
    timed(
        "a step of 500 states, 2 alerts, 5 previewed",
        bench.save(step.clone()),
    )
    .await;
    timed("the same again", bench.save(step)).await;

    ask(&bench).await;
    let rebuild = ledger.begin_rebuild(&lease, "2", at(0)).await.unwrap();
    let mut rebuild = Bench {
        generation: rebuild.id,
        sequence: 0,
        ..bench
    };
    timed("rebuilding it all", rebuild.history()).await;
    let changes = timed(
        "putting the rebuild in its place",
        ledger.finish_rebuild(&lease, None, at(0)),
    );
    let changes = changes.await.unwrap();
    assert!(changes.opened.is_empty() && changes.removed.is_empty());
    ledger.close().await;
}
