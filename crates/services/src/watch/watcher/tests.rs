use std::sync::Arc;

use drishti_ledger::{PersonFact, PolicyOverrides};
use drishti_model::{ManualClock, SourceName};

use super::*;
use crate::watch::KnowledgeFiles;
use crate::{Installation, LakeLocation, SealingKey};

const EVENT: &str = r#"{"gid":"1","created_at":"2026-03-01T10:00:00.000Z","event_type":"user_login_succeeded","actor":{"actor_type":"user","gid":"7"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_people_set_and_who_they_are_is_taken_up_at_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let installation = Installation {
        lake: LakeLocation::folder(&folder.path().join("lake")).unwrap(),
        ledger_url: format!("sqlite://{}", folder.path().join("ledger.db").display()),
        key: SealingKey::generate().unwrap(),
        holder: "test".to_owned(),
        proxy: None,
        declared_in: None,
        knowledge: KnowledgeFiles::default(),
    };
    let now = "2026-03-02T10:00:00Z".parse().unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let services = Services::open(installation, clock).await.unwrap();
    let source = SourceName::new("files").unwrap();
    let events = Box::new(EVENT.as_bytes());
    services
        .ingest(&source, "events.jsonl", events, |_| ())
        .await
        .unwrap();
    let lease = services.lease(&source).await.unwrap();
    let ledger = &services.ledger;
    let fact = PersonFact {
        gid: Some("7".to_owned()),
        told_by: "hr.csv".to_owned(),
        ..PersonFact::default()
    };
    let set = PolicyOverrides {
        daily_cap: Some(3),
        ..PolicyOverrides::default()
    };
    let watcher = Watcher::open(&services, lease.clone()).await.unwrap();
    assert!(!watcher.is_outdated().await.unwrap());
    ledger
        .replace_people_facts("hr", &[fact], "mara", now)
        .await
        .unwrap();
    assert!(watcher.is_outdated().await.unwrap());
    let watcher = Watcher::open(&services, lease).await.unwrap();
    assert!(!watcher.is_outdated().await.unwrap());
    ledger
        .set_policy_overrides("any", &set, None, "mara", now)
        .await
        .unwrap();
    assert!(watcher.is_outdated().await.unwrap());
}
