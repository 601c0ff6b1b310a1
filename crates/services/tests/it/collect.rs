//! Collecting from the simulator over HTTP into a real lake and ledger.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{
    Clock, CollectSettings, ErrorKind, ManualClock, Secret, SourceName, SourceProfile, SourceState,
    TimeRange,
};
use drishti_services::sources::AddSource;
use drishti_services::{
    AccountFilter, HealthFilter, Installation, LakeLocation, QueryLimits, SealingKey, ServiceError,
    Services, StoredHealthEvent,
};
use drishti_simulator::SimulateArgs;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

const TOKEN: &str = "simulated-token";
const PEOPLE: u32 = 40;
const DAYS: u32 = 6;

fn frozen_at() -> DateTime<Utc> {
    "2026-10-01T12:00:00Z".parse().unwrap()
}

struct FrozenAtStart;

impl drishti_simulator::Clock for FrozenAtStart {
    fn now(&self) -> DateTime<Utc> {
        frozen_at()
    }
}

/// A simulated Asana, a home folder, and the services over it.
struct Stand {
    folder: TempDir,
    address: String,
    clock: Arc<ManualClock>,
    services: Services,
    name: SourceName,
    http: reqwest::Client,
    _simulator: DropGuard,
}

impl Stand {
    async fn new(faults: &[&str]) -> Self {
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

    async fn add_source(&self) {
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
        let add = AddSource {
            name: self.name.clone(),
            workspace_gid: None,
            token: Some(Secret::new(TOKEN)),
            profile,
            declared: false,
        };
        self.services.add_source(add).await.unwrap();
    }

    async fn collect(&self) -> drishti_services::collect::CollectProgress {
        self.services
            .collect_once(&self.name, |_| (), CancellationToken::new())
            .await
            .unwrap()
    }

    async fn control(&self, path: &str, body: Value) {
        let url = format!("{}/simulator/{path}", self.address);
        let answer = self.http.put(url).body(body.to_string());
        let answer = answer.header("content-type", "application/json").send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Moves the clock of Asana and of this machine.
    async fn advance(&self, delta: TimeDelta) {
        self.clock.advance(delta);
        self.control("clock", json!({"advance_seconds": delta.num_seconds()})).await;
    }

    async fn truth(&self) -> Vec<String> {
        let url = format!("{}/simulator/truth", self.address);
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let mut gids: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        gids.sort();
        assert!(gids.len() > 500, "the simulator has hardly any events");
        gids
    }

    async fn stored(&self) -> Vec<String> {
        let limits = QueryLimits {
            rows: 1_000_000,
            ..QueryLimits::default()
        };
        let answer = self.services.query("select gid from events", &limits).await.unwrap();
        let rows = answer.to_json().unwrap();
        let mut gids: Vec<String> = rows
            .iter()
            .map(|row| row["gid"].as_str().unwrap().to_owned())
            .collect();
        gids.sort();
        gids
    }

    /// The lake has exactly Asana's events, each once.
    async fn assert_complete(&self) {
        let (stored, truth) = (self.stored().await, self.truth().await);
        let distinct: BTreeSet<&String> = stored.iter().collect();
        assert_eq!(distinct.len(), stored.len(), "some events are stored twice");
        let missing: Vec<&String> = truth.iter().filter(|gid| !distinct.contains(gid)).collect();
        assert!(missing.is_empty(), "{} of {} are missing", missing.len(), truth.len());
        assert_eq!(stored.len(), truth.len(), "events that Asana doesn't have");
    }

    async fn health(&self) -> Vec<StoredHealthEvent> {
        let filter = HealthFilter {
            source: Some(self.name.clone()),
            before_id: None,
            limit: 1_000,
        };
        self.services.ledger().health_events(filter).await.unwrap()
    }

    async fn has_event(&self, name: &str) -> bool {
        self.health().await.iter().any(|stored| stored.event.name == name)
    }

    async fn state(&self) -> SourceState {
        self.services.ledger().status(&self.name).await.unwrap().unwrap().state
    }

    async fn wait_for_state(&self, state: SourceState) {
        let mut last = self.state().await;
        let reached = async {
            while last != state {
                tokio::time::interval(Duration::from_millis(20)).tick().await;
                tokio::task::yield_now().await;
                last = self.state().await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(60), reached).await.is_err() {
            panic!("the source did not become {state}: {:#?}", self.health().await.first());
        }
    }

}

async fn open(folder: &TempDir, clock: &Arc<ManualClock>, holder: &str) -> Services {
    let installation = Installation {
        lake: LakeLocation::folder(&folder.path().join("lake")).unwrap(),
        ledger_url: format!("sqlite://{}", folder.path().join("ledger.sqlite").display()),
        key: SealingKey::from_base64(&Secret::new(format!("{}=", "A".repeat(43)))).unwrap(),
        holder: holder.to_owned(),
    };
    Services::open(installation, Arc::clone(clock) as Arc<dyn Clock>).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_collected_once_and_covered() {
    let stand = Stand::new(&[]).await;
    let progress = stand.collect().await;
    assert!(progress.caught_up && progress.windows_done == progress.windows_total, "{progress:?}");
    stand.assert_complete().await;
    let overview = stand.services.source(&stand.name).await.unwrap();
    assert_eq!(overview.gaps, []);
    let [covered] = overview.coverage.as_slice() else {
        panic!("one whole span expected: {:?}", overview.coverage)
    };
    assert_eq!(covered.start, frozen_at() - TimeDelta::days(i64::from(DAYS)));
    assert_eq!(covered.end, frozen_at() - TimeDelta::seconds(900));
    let accounts = stand.services.ledger().accounts(AccountFilter { limit: 1_000, ..AccountFilter::default() }).await.unwrap();
    assert!(accounts.len() >= PEOPLE as usize / 2, "{} accounts", accounts.len());

    let again = stand.collect().await;
    assert_eq!(again.stored, 0);
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_that_pass_lose_nothing() {
    let faults = [
        "server_error=0.03", "cut=0.03", "broken_json=0.03", "expired_offset=0.05", "rate_limited=0.03", "repeated=0.05",
    ];
    let stand = Stand::new(&faults).await;
    stand.collect().await;
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_become_visible_late_are_found() {
    let stand = Stand::new(&["late=0.2", "late_seconds=600"]).await;
    stand.collect().await;
    let before = stand.stored().await.len();
    for _ in 0..6 {
        stand.advance(TimeDelta::minutes(7)).await;
        stand.collect().await;
    }
    stand.assert_complete().await;
    assert!(stand.stored().await.len() > before, "nothing happened meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_that_expired_between_two_runs_is_replaced_by_a_time() {
    let stand = Stand::new(&["offset_lifetime_seconds=60"]).await;
    stand.collect().await;
    stand.advance(TimeDelta::hours(3)).await;
    stand.collect().await;
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_fetched_again() {
    let stand = Stand::new(&[]).await;
    stand.collect().await;
    let lost = TimeRange {
        start: frozen_at() - TimeDelta::days(3),
        end: frozen_at() - TimeDelta::days(2),
    };
    let ledger = stand.services.ledger();
    let lifetime = TimeDelta::seconds(60);
    let lease = ledger.acquire_lease(&stand.name, "test", lifetime, frozen_at()).await.unwrap().unwrap();
    let advance = drishti_ledger::Advance { uncovered: vec![lost], ..drishti_ledger::Advance::default() };
    ledger.advance(&lease, advance, frozen_at()).await.unwrap();
    ledger.release_lease(&lease).await.unwrap();
    assert_eq!(stand.services.source(&stand.name).await.unwrap().gaps, [lost]);
    let progress = stand.collect().await;
    assert!(progress.windows_total >= 4 && progress.duplicates > 0, "{progress:?}");
    assert_eq!(stand.services.source(&stand.name).await.unwrap().gaps, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_was_lost_is_filled_again_and_said_so() {
    let stand = Stand::new(&[]).await;
    stand.collect().await;
    let services = stand.services.clone();
    std::fs::remove_dir_all(stand.folder.path().join("lake")).unwrap();
    let gone = services.collect_once(&stand.name, |_| (), CancellationToken::new()).await;
    assert!(matches!(&gone, Err(ServiceError::Lake(error)) if error.is_gone()), "{gone:?}");
    let stand = Stand { services: open(&stand.folder, &stand.clock, "node-1").await, ..stand };
    stand.collect().await;
    assert!(stand.has_event("LakeBehind").await);
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_events_are_set_aside_and_the_others_stored() {
    let stand = Stand::new(&["malformed=0.05"]).await;
    let progress = stand.collect().await;
    assert!(progress.quarantined > 0);
    stand.assert_complete().await;
    let entries = stand.services.quarantine(drishti_services::QuarantineFilter { source: None, after_id: None, limit: 5 }).await.unwrap();
    assert!(entries.iter().all(|entry| !entry.reason.is_empty() && entry.origin == "audit log"), "{entries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_never_work_on_one_source_at_once() {
    let stand = Stand::new(&["slow=1", "slow_milliseconds=30"]).await;
    let other = open(&stand.folder, &stand.clock, "node-2").await;
    let first = stand.services.collect_once(&stand.name, |_| (), CancellationToken::new());
    let second = other.collect_once(&stand.name, |_| (), CancellationToken::new());
    let (first, second) = tokio::join!(first, second);
    let outcomes = [first, second];
    let held = outcomes.iter().filter(|outcome| matches!(outcome, Err(ServiceError::Held { .. }))).count();
    assert_eq!(held, 1, "{outcomes:?}");
    stand.collect().await;
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_stops_the_source_until_it_is_restarted() {
    let stand = Stand::new(&[]).await;
    let stop = CancellationToken::new();
    let collector = tokio::spawn(stand.services.collector().run(stop.clone()));
    stand.wait_for_state(SourceState::Collecting).await;
    stand.control("faults", json!({"token_revoked": true})).await;
    stand.wait_for_state(SourceState::Error).await;
    let status = stand.services.ledger().status(&stand.name).await.unwrap().unwrap();
    assert_eq!(status.kind, Some(ErrorKind::ThirdPartyConfig));
    assert_eq!(status.event_name, "TokenRejected");
    assert!(!status.advice.is_empty());
    stand.control("faults", json!({})).await;
    stand.services.restart_source(&stand.name).await.unwrap();
    stand.wait_for_state(SourceState::Collecting).await;
    stop.cancel();
    collector.await.unwrap();
    stand.collect().await;
    stand.assert_complete().await;
    let seen: Vec<SourceState> = stand.health().await.iter().map(|stored| stored.event.state).collect();
    for state in [SourceState::Started, SourceState::Initialized, SourceState::Authenticated, SourceState::Collecting, SourceState::Error] {
        assert!(seen.contains(&state), "{state} was not reported: {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_paused_resumed_and_removed_while_it_is_collected() {
    let stand = Stand::new(&[]).await;
    let stop = CancellationToken::new();
    let collector = tokio::spawn(stand.services.collector().run(stop.clone()));
    stand.wait_for_state(SourceState::Collecting).await;
    stand.services.pause_source(&stand.name).await.unwrap();
    stand.wait_for_state(SourceState::Paused).await;
    stand.services.resume_source(&stand.name).await.unwrap();
    stand.wait_for_state(SourceState::Collecting).await;
    stand.services.remove_source(&stand.name).await.unwrap();
    let gone = async {
        while stand.services.ledger().source(&stand.name).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.unwrap();
    assert!(!stand.stored().await.is_empty(), "its events stay");
    stop.cancel();
    collector.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_is_named_and_loses_nothing() {
    let stand = Stand::new(&[]).await;
    stand.clock.advance(TimeDelta::days(3));
    stand.collect().await;
    assert!(stand.has_event("ClockSkew").await);
    stand.assert_complete().await;
    stand.clock.advance(TimeDelta::days(-6));
    stand.control("clock", json!({"advance_seconds": 3_600})).await;
    stand.collect().await;
    stand.assert_complete().await;
}
