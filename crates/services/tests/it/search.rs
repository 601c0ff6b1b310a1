use std::time::Duration;

use drishti_model::{
    Account, AccountRole, AccountStatus, CollectSettings, Secret, SourceProfile, SourceScope,
    TimeRange,
};
use drishti_services::sources::AddSource;
use drishti_services::{EventFilter, LakeError, QueryLimits, ServiceError, Services};
use serde_json::{Value, json};

use crate::place::{Place, event, ingest, input, name, now, stored_gids};

async fn rows(services: &Services, sql: &str) -> Vec<Value> {
    let answer = services
        .query(sql, &QueryLimits::default(), &SourceScope::All)
        .await
        .unwrap();
    answer
        .to_json()
        .unwrap()
        .into_iter()
        .map(Value::Object)
        .collect()
}

/// A source with Sumo Logic's metadata, and one event in it.
async fn with_source(services: &Services) {
    let add = AddSource {
        name: name("asana"),
        workspace_gid: Some("1201".to_owned()),
        token: Some(Secret::new("2/1201/88:hidden")),
        profile: SourceProfile {
            workspace_gid: None,
            api_url: SourceProfile::API_URL.to_owned(),
            description: "the whole organisation".to_owned(),
            category: "saas/asana".to_owned(),
            fields: [("team".to_owned(), "security".to_owned())].into(),
            collect: CollectSettings::default(),
        },
        declared: false,
    };
    services.add_source(add).await.unwrap();
    services
        .ingest(&name("asana"), "x", input(event(1)), |_| ())
        .await
        .unwrap();
}

#[tokio::test]
async fn metadata_of_sources_is_joined() {
    let place = Place::new();
    let services = place.open().await;
    with_source(&services).await;
    ingest(&services, event(2)).await;
    let sql = r#"select e.gid, s._source, s."_sourceCategory", s._source_category, s.fields, s.description, s.workspace_gid
        from events e join Sources s on s.name = e.source order by e.gid"#;
    let found = rows(&services, sql).await;
    assert_eq!(
        found[0],
        json!({
            "gid": "1", "_source": "asana", "_sourceCategory": "saas/asana", "_source_category": "saas/asana",
            "fields": r#"{"team":"security"}"#, "description": "the whole organisation", "workspace_gid": "1201",
        })
    );
    assert_eq!(found[1]["_source"], "files");
    assert_eq!(found[1]["workspace_gid"], Value::Null);
    let everything = rows(&services, "select * from sources").await;
    assert!(!format!("{everything:?}").contains("hidden"));
}

#[tokio::test]
async fn accounts_are_joined_however_many() {
    let place = Place::new();
    let services = place.open().await;
    with_source(&services).await;
    let account = |number: u32| Account {
        user_gid: number.to_string(),
        name: (number == 88).then(|| "Mara Lindqvist".to_owned()),
        email: None,
        role: if number == 88 {
            AccountRole::Admin
        } else {
            AccountRole::Member
        },
        status: AccountStatus::Active,
        joined_at: (number == 88).then(now),
    };
    let accounts: Vec<Account> = (0..10_001).map(account).collect();
    let ledger = services.ledger();
    let sync = ledger
        .begin_account_sync(&name("asana"), now())
        .await
        .unwrap();
    ledger.store_accounts(&sync, &accounts).await.unwrap();
    ledger.finish_account_sync(sync, now()).await.unwrap();

    let counted = rows(
        &services,
        "select count(*) as n, count(distinct user_gid) as people from ACCOUNTS",
    )
    .await;
    assert_eq!(counted, [json!({"n": 10_001, "people": 10_001})]);
    let sql = "select a.name, a.email, a.role, a.status, a.joined_at from events e \
        join accounts a on a.source = e.source and a.user_gid = e.actor_gid";
    assert_eq!(
        rows(&services, sql).await,
        [json!({
            "name": "Mara Lindqvist", "email": null, "role": "admin", "status": "active", "joined_at": "2026-05-28T20:26:40.000Z",
        })]
    );
}

#[tokio::test]
async fn all_tables_are_listed() {
    let place = Place::new();
    let services = place.open().await;
    let sql =
        "select table_name from information_schema.tables where table_schema = 'public' order by 1";
    let tables = rows(&services, sql).await;
    assert_eq!(
        tables,
        [
            json!({"table_name": "accounts"}),
            json!({"table_name": "events"}),
            json!({"table_name": "sources"})
        ]
    );
}

#[tokio::test]
async fn limits_are_kept_and_errors_told() {
    let place = Place::new();
    let services = place.open().await;
    ingest(
        &services,
        format!("{}\n{}\n{}", event(1), event(2), event(3)),
    )
    .await;
    let limits = QueryLimits {
        rows: 2,
        ..QueryLimits::default()
    };
    let answer = services
        .query("select gid from events", &limits, &SourceScope::All)
        .await
        .unwrap();
    assert_eq!((answer.rows(), answer.is_truncated()), (2, true));
    let error = services
        .query("drop table events", &limits, &SourceScope::All)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ServiceError::Lake(LakeError::Query(_))),
        "{error}"
    );
    assert_eq!(stored_gids(&services).await, [1, 2, 3]);
}

#[tokio::test]
async fn events_and_histogram_are_the_lakes() {
    let place = Place::new();
    let services = place.open().await;
    ingest(&services, format!("{}\n{}", event(1), event(2))).await;
    let filter = EventFilter {
        gid: Some("2".to_owned()),
        ..EventFilter::default()
    };
    let found = services.events(&filter, None, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    let range = TimeRange::new(now() - chrono::TimeDelta::hours(1), now());
    let filter = EventFilter {
        range,
        ..EventFilter::default()
    };
    let bars = services
        .histogram(&filter, Duration::from_mins(5))
        .await
        .unwrap();
    assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), 2);
    assert_eq!(services.lake_statistics().await.unwrap().rows, 2);
}
