use drishti_ledger::{QuarantineFilter, SealingKey};
use drishti_model::ManualClock;

use super::*;
use crate::{Installation, LakeLocation};

async fn services(folder: &std::path::Path) -> Services {
    let installation = Installation {
        lake: LakeLocation::folder(&folder.join("lake")).unwrap(),
        ledger_url: format!("sqlite://{}", folder.join("ledger.db").display()),
        key: SealingKey::generate().unwrap(),
        holder: "test".to_owned(),
        proxy: None,
        declared_in: None,
        knowledge: crate::watch::KnowledgeFiles::default(),
    };
    let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    Services::open(installation, Arc::new(ManualClock::new(now)))
        .await
        .unwrap()
}

fn event(number: usize) -> String {
    format!(
        r#"{{"gid":"{number}","created_at":"2026-05-01T00:00:00.000Z","event_type":"user_login_succeeded","actor":{{"actor_type":"user"}}}}"#
    )
}

async fn ingest(
    bounds: Bounds,
    text: String,
) -> (Services, SourceName, IngestSummary, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let services = services(folder.path()).await;
    let name = SourceName::new("files").unwrap();
    let input = Box::new(std::io::Cursor::new(text.into_bytes()));
    let summary = services
        .ingest_within(bounds, &name, "test.jsonl", input, |_| ())
        .await
        .unwrap();
    (services, name, summary, folder)
}

#[tokio::test]
async fn a_large_file_is_committed_in_batches() {
    let bounds = Bounds {
        batch_events: 4_000,
        ..Bounds::default()
    };
    let lines: Vec<String> = (1..=10_000).map(event).collect();
    let (services, name, summary, _folder) = ingest(bounds, lines.join("\n")).await;
    assert_eq!(
        (summary.read, summary.stored, summary.duplicates),
        (10_000, 10_000, 0)
    );
    // Chunks of 4,096, 4,096 and the rest.
    assert_eq!(services.lake.last_sequence(&name).await.unwrap(), 3);
    assert_eq!(
        services.ledger.progress(&name).await.unwrap().lake_sequence,
        3
    );
}

#[tokio::test]
async fn the_bytes_that_a_run_keeps_of_refused_events_are_bounded() {
    let bounds = Bounds {
        quarantine_bytes: 1_000,
        ..Bounds::default()
    };
    let bad = |number: usize| format!("{number}{}", "x".repeat(300));
    let lines: Vec<String> = (1..=5).map(bad).collect();
    let (services, _, summary, _folder) = ingest(bounds, lines.join("\n")).await;
    assert_eq!(summary.quarantined, 5);
    let incomplete = summary.incomplete.unwrap();
    assert!(
        incomplete.contains("2 of the refused events were counted but not kept"),
        "{incomplete}"
    );
    let filter = QuarantineFilter {
        limit: 100,
        ..QuarantineFilter::default()
    };
    assert_eq!(services.quarantine(filter).await.unwrap().len(), 3);
}

#[tokio::test]
async fn waiting_refused_events_are_stored_before_the_end() {
    let lines: Vec<String> = (0..REFUSED_WAITING_MAX + 10)
        .map(|number| format!("bad {number}"))
        .collect();
    let (services, _, summary, _folder) = ingest(Bounds::default(), lines.join("\n")).await;
    assert_eq!(summary.quarantined, 2_010);
    assert_eq!(summary.problems.len(), PROBLEMS_SHOWN_MAX);
    assert_eq!(summary.incomplete, None);
    let counts = services.ledger.quarantine_counts().await.unwrap();
    assert_eq!(counts.values().sum::<u64>(), 2_010);
}
