use drishti_ledger::{Ledger, LedgerError};
use sea_orm::{ConnectionTrait, Database};

use crate::place::{Place, at, name, new_source};

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
    let database = Database::connect(&place.url).await.unwrap();
    let newer = "insert into seaql_migrations (version, applied_at) values ('v9999_future', 0)";
    database.execute_unprepared(newer).await.unwrap();
    database.close().await.unwrap();
    let refused = place.try_open().await.unwrap_err();
    assert!(
        matches!(&refused, LedgerError::Newer { version, .. } if version == "v9999_future"),
        "{refused}"
    );
    assert!(refused.advice().unwrap().contains("newer Drishti"));
}
