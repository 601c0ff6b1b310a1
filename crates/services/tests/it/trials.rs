//! What a trial of a policy says is what was said as the events came.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use drishti_ledger::PersonFact;
use drishti_services::tables::fetch;
use drishti_services::watch::NamedFile;
use drishti_services::{AlertFilter, Services};
use drishti_simulator::{Attacks, SimulateArgs};
use url::Url;

use crate::place::{Place, ingest, now};
use crate::stand::{Frozen, asana};

/// What the simulator publishes of addresses besides their places.
const FEEDS: [&str; 4] = [
    "tor-exits.txt",
    "vpn.netset",
    "hosting.netset",
    "malicious.netset",
];

/// The shipped detectors, all of them as if they alerted.
fn detectors() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/anomaly");
    let files = std::fs::read_dir(folder).unwrap().map(|file| {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        (
            path,
            text.replace("\n  mode: record\n", "\n  mode: alert\n"),
        )
    });
    files.collect()
}

fn under_attack(args: &mut SimulateArgs) {
    args.people = 80;
    args.days = 45;
    args.attacks = Attacks::all();
}

/// An installation that knows what an attacked organisation's addresses and people are, and has evaluated its events.
async fn evaluated(place: &mut Place, tables: &Path) -> Services {
    let asana = asana(under_attack).await;
    let root = asana.api_url.strip_suffix("/api/1.0").unwrap();
    for file in FEEDS.into_iter().chain(["places.csv"]) {
        let address = Url::parse(&format!("{root}/feeds/{file}")).unwrap();
        fetch(&address, &tables.join(file)).await.unwrap();
    }
    let feed = |file: &str| NamedFile {
        name: file.replace(['.', '-'], "_"),
        path: tables.join(file),
    };
    place.feeds = FEEDS.map(feed).to_vec();
    place.places = vec![tables.join("places.csv")];
    place.policies = detectors();
    let services = place.open().await;
    let mut args = SimulateArgs {
        freeze_at: Some(now()),
        ..SimulateArgs::default()
    };
    under_attack(&mut args);
    let people = drishti_simulator::people(&args, Arc::new(Frozen)).unwrap();
    let ledger = services.ledger();
    ledger
        .replace_people_facts("hr", &facts(&people), "mara", now())
        .await
        .unwrap();
    let mut events = Vec::new();
    drishti_simulator::export(&args, Arc::new(Frozen), &mut events).unwrap();
    ingest(&services, events).await;
    services
}

fn facts(people: &str) -> Vec<PersonFact> {
    let fact = |line: &str| {
        let columns: Vec<&str> = line.split(',').collect();
        let time = |column: &str| column.parse().ok();
        PersonFact {
            gid: Some(columns[0].to_owned()),
            leaving_since: time(columns[4]),
            terminated_since: time(columns[5]),
            told_by: "hr".to_owned(),
            ..PersonFact::default()
        }
    };
    people.lines().skip(1).map(fact).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_of_each_detector_says_what_was_said_live() {
    let tables = tempfile::tempdir().unwrap();
    let mut place = Place::new();
    let services = evaluated(&mut place, tables.path()).await;
    let mut live: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for alert in services.all_alerts(AlertFilter::default()).await.unwrap() {
        let said = (alert.time, alert.severity, alert.title);
        live.entry(alert.policy_id).or_default().push(said);
    }
    assert!(live.len() >= 12, "{:?} speak", live.keys());
    for policy in services.policies().await.unwrap() {
        let tried = services.backtest(policy.id.as_str(), None, 60, None);
        let tried = tried.await.unwrap();
        let said = live.remove(policy.id.as_str()).unwrap_or_default();
        assert_eq!(tried.alerts, said.len() as u64, "{}", policy.id);
        for sample in tried.samples {
            let sample = (sample.time, sample.severity, sample.title);
            assert!(said.contains(&sample), "{}: {sample:?}", policy.id);
        }
    }
}
