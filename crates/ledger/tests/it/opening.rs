use std::path::Path;

use drishti_ledger::{Ledger, LedgerError, QuarantineFilter, SealingKey};
use drishti_model::Secret;

use crate::place::{Place, at, name, new_source};
use crate::progress::range;
use crate::stand::{Stand, detected};

/// Bytes 0 to 31: the key of the ledgers in `tests/fixtures`.
const FIXTURE_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(crate) async fn twice_at_once(place: Place) {
    let openings = (0..8).map(|_| {
        let (url, key) = (place.url.clone(), place.key.clone());
        tokio::spawn(async move { Ledger::open(&url, key).await })
    });
    let openings: Vec<_> = openings.collect();
    let mut ledgers = Vec::new();
    for opening in openings {
        ledgers.push(opening.await.unwrap().unwrap());
    }
    ledgers[0]
        .add_source(new_source("asana"), at(0))
        .await
        .unwrap();
    for ledger in &ledgers {
        ledger.ping().await.unwrap();
        ledger.check().await.unwrap();
        assert!(ledger.source(&name("asana")).await.unwrap().is_some());
    }
}

pub(crate) async fn a_newer_schema_is_refused(place: Place) {
    place.open().await.close().await;
    let newer = "insert into seaql_migrations (version, applied_at) values ('v9999_future', 0)";
    place.execute(newer).await;
    let refused = place.try_open().await.unwrap_err();
    assert!(
        matches!(&refused, LedgerError::Newer { version, .. } if version == "v9999_future"),
        "{refused}"
    );
    assert!(refused.advice().unwrap().contains("newer Drishti"));
}

/// The fixture is what version 1 made: a source with a token, some progress, one quarantined event, a setting.
pub(crate) async fn a_ledger_of_version_1_is_brought_up_to_date(place: Place) {
    let dump = match &place.folder {
        Some(_) => "v0001.sqlite.sql",
        None => "v0001.postgres.sql",
    };
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let dump = std::fs::read_to_string(fixtures.join(dump)).unwrap();
    if let Some(path) = place.url.strip_prefix("sqlite://") {
        std::fs::write(path, "").unwrap();
    }
    place.execute(&dump).await;
    let place = Place {
        key: SealingKey::from_base64(&Secret::new(FIXTURE_KEY)).unwrap(),
        ..place
    };
    let ledger = place.open().await;
    let source = name("asana");
    let token = ledger.token(&source).await.unwrap().unwrap();
    assert_eq!(token.expose(), "2/1201/asana:token");
    let progress = ledger.progress(&source).await.unwrap();
    assert_eq!((progress.lake_sequence, progress.events_stored), (3, 7));
    assert_eq!(progress.coverage.ranges(), [range(0, 10)]);
    assert_eq!(
        ledger.setting("colour").await.unwrap().as_deref(),
        Some("blue")
    );
    let quarantine = QuarantineFilter {
        limit: 9,
        ..QuarantineFilter::default()
    };
    let quarantined = ledger.quarantine(quarantine).await.unwrap();
    let raw = ledger.quarantine_raw(quarantined[0].id).await.unwrap();
    assert_eq!(raw, Some(b"{".to_vec()));

    // And what came later works.
    let lease = ledger.acquire_lease(&source, "node", chrono::TimeDelta::seconds(60), at(0));
    let lease = lease.await.unwrap().unwrap();
    let generation = ledger
        .begin_detection(&lease, "engine", at(0))
        .await
        .unwrap();
    let mut stand = Stand {
        ledger,
        source,
        lease,
        generation: generation.id,
        sequence: 0,
    };
    stand.settle(vec![detected("a", &[1])]).await;
    assert_eq!(stand.ids().await, ["a"]);
    stand.ledger.close().await;
    place.open().await.close().await;
}
