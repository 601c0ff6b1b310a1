//! A simulated Asana, a home folder, and the services over it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{
    Clock, CollectSettings, ManualClock, Secret, SourceName, SourceProfile, SourceScope,
    SourceState,
};
use drishti_services::sources::AddSource;
use drishti_services::{
    HealthFilter, Installation, LakeLocation, QueryLimits, SealingKey, Services, StoredHealthEvent,
};
use drishti_simulator::SimulateArgs;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(super) const TOKEN: &str = "simulated-token";
pub(super) const PEOPLE: u32 = 40;
pub(super) const DAYS: u32 = 6;

pub(super) fn frozen_at() -> DateTime<Utc> {
    "2026-10-01T12:00:00Z".parse().unwrap()
}

struct FrozenAtStart;

impl drishti_simulator::Clock for FrozenAtStart {
    fn now(&self) -> DateTime<Utc> {
        frozen_at()
    }
}

/// A simulated Asana, a home folder, and the services over it.
pub(super) struct Stand {
    pub(super) folder: TempDir,
    pub(super) address: String,
    pub(super) clock: Arc<ManualClock>,
    pub(super) services: Services,
    pub(super) name: SourceName,
    pub(super) http: reqwest::Client,
    pub(super) _simulator: DropGuard,
}

impl Stand {
    pub(super) async fn new(faults: &[&str]) -> Self {
        let args = SimulateArgs {
            listen: "127.0.0.1:0".parse().unwrap(),
            people: PEOPLE,
            days: DAYS,
            freeze_at: Some(frozen_at()),
            fault: faults.iter().map(ToString::to_string).collect(),
            ..SimulateArgs::default()
        };
        let listener = drishti_simulator::bind(&args).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(drishti_simulator::serve(
            args,
            Arc::new(FrozenAtStart),
            listener,
            stop.clone(),
        ));
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(frozen_at()));
        let services = open(&folder, &clock, "node-1").await;
        let stand = Self {
            folder,
            address,
            clock,
            services,
            name: SourceName::new("acme").unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            _simulator: stop.drop_guard(),
        };
        stand.add_source().await;
        stand
    }

    pub(super) async fn add_source(&self) {
        self.services.add_source(self.source()).await.unwrap();
    }

    fn source(&self) -> AddSource {
        let profile = SourceProfile {
            workspace_gid: None,
            api_url: format!("{}/api/1.0", self.address),
            description: String::new(),
            category: String::new(),
            fields: std::collections::BTreeMap::default(),
            collect: CollectSettings {
                backfill_days: DAYS,
                requests_per_minute: 0,
                poll_interval_seconds: 1,
                ..CollectSettings::default()
            },
        };
        AddSource {
            name: self.name.clone(),
            workspace_gid: None,
            token: Some(Secret::new(TOKEN)),
            profile,
            declared: false,
        }
    }

    pub(super) async fn collect(&self) -> drishti_services::collect::CollectProgress {
        self.services
            .collect_once(&self.name, |_| (), CancellationToken::new())
            .await
            .unwrap()
    }

    pub(super) async fn control(&self, path: &str, body: Value) {
        let url = format!("{}/simulator/{path}", self.address);
        let answer = self.http.put(url).body(body.to_string());
        let answer = answer
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap();
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
    }

    /// Moves the clock of Asana and of this machine.
    pub(super) async fn advance(&self, delta: TimeDelta) {
        self.clock.advance(delta);
        self.control("clock", json!({"advance_seconds": delta.num_seconds()}))
            .await;
    }

    pub(super) async fn truth(&self) -> Vec<String> {
        let url = format!("{}/simulator/truth", self.address);
        let text = self
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let mut gids: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        gids.sort();
        assert!(gids.len() > 500, "the simulator has hardly any events");
        gids
    }

    pub(super) async fn stored(&self) -> Vec<String> {
        let limits = QueryLimits {
            rows: 1_000_000,
            ..QueryLimits::default()
        };
        let answer = self
            .services
            .query("select gid from events", &limits, &SourceScope::All)
            .await
            .unwrap();
        let rows = answer.to_json().unwrap();
        let mut gids: Vec<String> = rows
            .iter()
            .map(|row| row["gid"].as_str().unwrap().to_owned())
            .collect();
        gids.sort();
        gids
    }

    /// The lake has exactly Asana's events, each once.
    pub(super) async fn assert_complete(&self) {
        let (stored, truth) = (self.stored().await, self.truth().await);
        let distinct: BTreeSet<&String> = stored.iter().collect();
        assert_eq!(distinct.len(), stored.len(), "some events are stored twice");
        let missing: Vec<&String> = truth.iter().filter(|gid| !distinct.contains(gid)).collect();
        assert!(
            missing.is_empty(),
            "{} of {} are missing",
            missing.len(),
            truth.len()
        );
        assert_eq!(stored.len(), truth.len(), "events that Asana doesn't have");
    }

    pub(super) async fn health(&self) -> Vec<StoredHealthEvent> {
        let filter = HealthFilter {
            source: Some(self.name.clone()),
            before_id: None,
            limit: 1_000,
            ..HealthFilter::default()
        };
        self.services.ledger().health_events(filter).await.unwrap()
    }

    pub(super) async fn wait_for_event(&self, name: &str) {
        self.wait_until(&format!("a health event {name}"), async || {
            self.has_event(name).await
        })
        .await;
    }

    /// Waits until so many sessions have begun to collect under a collector that runs.
    pub(super) async fn wait_for_sessions(&self, sessions: usize) {
        self.wait_until(&format!("{sessions} sessions"), async || {
            let events = self.health().await;
            let began = events
                .iter()
                .filter(|stored| stored.event.name == "Authenticated");
            // One more of the run before.
            began.count() > sessions
        })
        .await;
    }

    /// Waits until Asana was asked so often for new events.
    pub(super) async fn wait_for_polls(&self, polls: u64) {
        let before = self.audit_log_requests().await;
        self.wait_until(&format!("{polls} polls"), async || {
            self.audit_log_requests().await >= before + polls
        })
        .await;
    }

    pub(super) async fn wait_until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let mut look = tokio::time::interval(Duration::from_millis(20));
        let waited = async {
            while !is_so().await {
                look.tick().await;
            }
        };
        if tokio::time::timeout(Duration::from_mins(1), waited)
            .await
            .is_err()
        {
            panic!(
                "waited in vain for {what}: {:#?}",
                self.health().await.first()
            );
        }
    }

    /// Requests for the audit log that Asana has answered.
    pub(super) async fn audit_log_requests(&self) -> u64 {
        let url = format!("{}/simulator/stats", self.address);
        let text = self
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let stats: Value = serde_json::from_str(&text).unwrap();
        let answers = &stats["requests"]["/api/1.0/workspaces/{workspace}/audit_log_events"];
        let counts = answers.as_object().into_iter().flatten();
        counts.filter_map(|(_, count)| count.as_u64()).sum()
    }

    pub(super) async fn has_event(&self, name: &str) -> bool {
        self.health()
            .await
            .iter()
            .any(|stored| stored.event.name == name)
    }

    pub(super) async fn state(&self) -> SourceState {
        self.services
            .ledger()
            .status(&self.name)
            .await
            .unwrap()
            .unwrap()
            .state
    }

    pub(super) async fn wait_for_state(&self, state: SourceState) {
        let mut last = self.state().await;
        let reached = async {
            while last != state {
                tokio::time::interval(Duration::from_millis(20))
                    .tick()
                    .await;
                tokio::task::yield_now().await;
                last = self.state().await;
            }
        };
        if tokio::time::timeout(Duration::from_mins(1), reached)
            .await
            .is_err()
        {
            panic!(
                "the source did not become {state}: {:#?}",
                self.health().await.first()
            );
        }
    }
}

pub(super) async fn open(folder: &TempDir, clock: &Arc<ManualClock>, holder: &str) -> Services {
    let installation = Installation {
        lake: LakeLocation::folder(&folder.path().join("lake")).unwrap(),
        ledger_url: format!("sqlite://{}", folder.path().join("ledger.sqlite").display()),
        key: SealingKey::from_base64(&Secret::new(format!("{}=", "A".repeat(43)))).unwrap(),
        holder: holder.to_owned(),
        proxy: None,
        declared_in: None,
        knowledge: drishti_services::watch::KnowledgeFiles::default(),
    };
    Services::open(installation, Arc::clone(clock) as Arc<dyn Clock>)
        .await
        .unwrap()
}
