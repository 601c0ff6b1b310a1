//! The same lake in an object store, and the table read by an independent program.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use drishti_lake::{EventFilter, Lake, LakeError, LakeLocation};
use drishti_model::Context;
use serde_json::{Value, json};

use crate::house::{
    House, all_events, event, events, number, put, rows, source, stored_gids, try_put,
};
use crate::python::{S3Server, read_table};

fn options(endpoint: &str) -> BTreeMap<String, String> {
    [
        ("aws_endpoint", endpoint),
        ("allow_http", "true"),
        ("aws_access_key_id", "test"),
        ("aws_secret_access_key", "test"),
        ("aws_region", "us-east-1"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

async fn open(endpoint: &str, address: &str) -> Lake {
    let location = LakeLocation::parse(address, options(endpoint)).unwrap();
    Lake::open(location).await.unwrap().0
}

/// The rows of the lake in the form of the Python script.
async fn as_rows(lake: &Lake) -> Value {
    let mut stored = all_events(lake).await;
    stored.sort_by(|one, other| one.event.gid.cmp(&other.event.gid));
    stored
        .into_iter()
        .map(|stored| {
            let at = stored.event.created_at;
            json!({
                "source": stored.source,
                "gid": stored.event.gid,
                "created_at": at.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string(),
                "event_type": stored.event.event_type,
                "actor_gid": stored.event.actor.gid,
                "details": stored.event.details,
                "batch": stored.batch,
                "on_behalf_of_user_id": stored.event.context.on_behalf_of_user_id,
                "event_date": at.date_naive().to_string(),
            })
        })
        .collect()
}

async fn fill(lake: &Lake) {
    let mut odd = event("odd", 3 * 24 * 60);
    odd.created_at += TimeDelta::microseconds(123_456);
    odd.details = Some("{\"text\":\"\u{1f600} 100%\"}".to_owned());
    odd.context = Context {
        on_behalf_of_user_id: Some(i64::MAX),
        ..Context::default()
    };
    put(lake, "a", &events(100..130)).await;
    put(lake, "a", &events(120..140)).await;
    put(lake, "a", &[odd]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_package_deltalake_reads_the_same_rows() {
    let house = House::new().await;
    fill(&house.lake).await;
    let expected = as_rows(&house.lake).await;
    let address = house.path().display().to_string();
    let read = read_table(&address, &json!({}));
    assert_eq!(read["files"], 3);
    assert_eq!(read["rows"], expected);
    house.lake.compact().await.unwrap();
    let read = read_table(&address, &json!({}));
    assert_eq!(read["files"], 2);
    assert_eq!(read["rows"], expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lake_in_an_object_store_does_the_same() {
    let server = S3Server::start();
    let address = "s3://lake/some/prefix";
    let lake = open(&server.endpoint, address).await;
    assert_eq!(lake.address(), "s3://lake/some/prefix/");
    fill(&lake).await;
    assert_eq!(rows(&lake).await, 41);
    assert_eq!(put(&lake, "a", &events(100..140)).await.duplicates, 40);
    let refused = try_put(&lake, "a", 1, &events(0..1)).await;
    assert!(
        matches!(refused, Err(LakeError::Superseded { .. })),
        "{refused:?}"
    );
    let sql =
        "select count(*) from events where actor_gid = '2' and event_date = date '2026-03-01'";
    let expected = (100..140).filter(|gid| gid % 7 == 2).count();
    assert_eq!(number(&lake, sql).await, i64::try_from(expected).unwrap());
    let filter = EventFilter {
        actor: Some("2".to_owned()),
        ..EventFilter::default()
    };
    assert!(lake.events(&filter, None, 100).await.unwrap().len() >= expected);

    let before = as_rows(&lake).await;
    let compacted = lake.compact().await.unwrap();
    assert_eq!((compacted.files_removed, compacted.files_added), (2, 1));
    assert_eq!(as_rows(&lake).await, before);
    assert_eq!(lake.vacuum(TimeDelta::zero()).await.unwrap(), 0);

    let python = json!({
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    });
    assert_eq!(read_table(address, &python)["rows"], before);
}

/// Appends ten batches, whatever the other writer does.
async fn write(lake: Lake, name: &'static str) -> usize {
    let mut superseded = 0;
    loop {
        let written = lake.last_sequence(&source(name)).await.unwrap();
        if written >= 10 {
            return superseded;
        }
        match try_put(
            &lake,
            name,
            written + 1,
            &events(written * 5..written * 5 + 10),
        )
        .await
        {
            Ok(_) => {}
            Err(LakeError::Superseded { .. }) => superseded += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_in_an_object_store_store_each_event_once() {
    let server = S3Server::start();
    let address = "s3://lake/race";
    let (one, other) = (
        open(&server.endpoint, address).await,
        open(&server.endpoint, address).await,
    );
    let writers = [(one.clone(), "a"), (other.clone(), "a"), (other, "b")]
        .map(|(lake, name)| tokio::spawn(write(lake, name)));
    for writer in writers {
        writer.await.unwrap();
    }
    let stored = stored_gids(&one).await;
    assert_eq!(stored.len(), 2 * (10 * 5 + 5));
    assert!(stored.values().all(|copies| *copies == 1));
}
