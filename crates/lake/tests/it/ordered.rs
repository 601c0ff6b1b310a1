//! Reading in the order in which things happened, and finding what came late.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_lake::Lake;
use drishti_model::{
    AddressCategory, AddressFacts, AuditEvent, Context, Device, DeviceKind, EnrichedEvent,
    TimeRange,
};

use crate::house::{House, enriched, event, noon, put, source};

const DAY_MINUTES: i64 = 24 * 60;

fn days(from: i64, to: i64) -> TimeRange {
    TimeRange::new(noon() + TimeDelta::days(from), noon() + TimeDelta::days(to)).unwrap()
}

async fn read(lake: &Lake, name: &str, range: TimeRange) -> Vec<(DateTime<Utc>, String)> {
    let mut reader = lake.in_order(&source(name), range).await.unwrap();
    let mut found = Vec::new();
    while let Some(events) = reader.next().await.unwrap() {
        found.extend(
            events
                .into_iter()
                .map(|row| (row.event.created_at, row.event.gid)),
        );
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_the_order_of_their_times_then_of_their_gids() {
    let house = House::new().await;
    let minutes = [4 * DAY_MINUTES, 3, DAY_MINUTES + 7, 1, 2 * DAY_MINUTES];
    for (batch, minute) in minutes.into_iter().enumerate() {
        let same_time = ["b", "c", "a"].map(|gid| event(&format!("{gid}{batch}"), minute));
        put(&house.lake, "acme", &same_time).await;
        put(&house.lake, "other", &[event("x", minute)]).await;
    }
    let all = read(&house.lake, "acme", days(-1, 10)).await;
    assert_eq!(all.len(), 15);
    assert!(all.is_sorted());
    assert_eq!(all[0].1, "a3");
    // The end belongs to the next span, and every event to one.
    let first = read(&house.lake, "acme", days(0, 2)).await;
    let rest = read(&house.lake, "acme", days(2, 9)).await;
    assert_eq!((first.len(), rest.len()), (9, 6));
    assert_eq!([first, rest].concat(), all);
    assert_eq!(read(&house.lake, "nobody", days(-1, 10)).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_events_of_some_types_can_be_asked_for() {
    let house = House::new().await;
    let of_type = |gid: &str, minute, event_type: &str| {
        let mut row = event(gid, minute);
        row.event_type = event_type.to_owned();
        row
    };
    let rows = [
        of_type("1", 1, "task_deleted"),
        of_type("2", 2, "user_invited"),
        of_type("3", DAY_MINUTES, "task_deleted"),
        of_type("4", 20 * DAY_MINUTES, "task_deleted"),
    ];
    put(&house.lake, "acme", &rows).await;
    put(&house.lake, "other", &rows).await;
    let (acme, range) = (source("acme"), days(-1, 9));
    let counts = house.lake.count_by_type(&acme, range).await.unwrap();
    let expected = [("task_deleted", 2), ("user_invited", 1)];
    assert!(
        counts
            .iter()
            .map(|(kind, rows)| (kind.as_str(), *rows))
            .eq(expected)
    );
    for (types, expected) in [
        (&["task_deleted"][..], &["1", "3"][..]),
        (&["task_deleted", "user_invited", "'"], &["1", "2", "3"]),
        (&["unknown"], &[]),
        (&[], &[]),
    ] {
        let types = types.iter().map(ToString::to_string).collect();
        let reader = house.lake.in_order(&acme, range).await.unwrap();
        let mut reader = reader.of_types(types);
        let mut found = Vec::new();
        while let Some(events) = reader.next().await.unwrap() {
            found.extend(events.into_iter().map(|row| row.event.gid));
        }
        assert_eq!(found, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn details_are_left_out_where_nobody_asks_for_them() {
    let house = House::new().await;
    let mut row = event("1", 1);
    row.details = Some(r#"{"new_value":"public"}"#.to_owned());
    row.extra = Some(r#"{"unknown":[1]}"#.to_owned());
    put(&house.lake, "acme", std::slice::from_ref(&row)).await;
    let (acme, range) = (source("acme"), days(-1, 9));
    let mut reader = house.lake.in_order(&acme, range).await.unwrap();
    let whole = reader.next().await.unwrap().unwrap();
    assert_eq!(whole, enriched(std::slice::from_ref(&row)));
    let reader = house.lake.in_order(&acme, range).await.unwrap();
    let bare = reader.for_habits().next().await.unwrap().unwrap();
    (row.details, row.extra) = (None, None);
    assert_eq!(bare, enriched(&[row]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_event_behind_a_batch_is_found() {
    let house = House::new().await;
    let oldest = async |sequence| {
        let oldest = house.lake.oldest_behind(&source("acme"), sequence).await;
        oldest.unwrap()
    };
    assert_eq!(oldest(0).await, None);
    put(&house.lake, "acme", &[event("1", 10), event("2", 5)]).await;
    put(&house.lake, "other", &[event("1", -10)]).await;
    put(&house.lake, "acme", &[event("3", 20), event("4", 8)]).await;
    let minute = |minutes| Some(noon() + TimeDelta::minutes(minutes));
    assert_eq!(oldest(0).await, minute(5));
    assert_eq!(oldest(1).await, minute(8));
    assert_eq!(oldest(2).await, None);
    house.lake.compact().await.unwrap();
    assert_eq!(oldest(1).await, minute(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_of_an_event_comes_back() {
    let house = House::new().await;
    let facts = AddressFacts {
        country: Some("DE".to_owned()),
        region: Some("Berlin".to_owned()),
        city: Some("Berlin".to_owned()),
        latitude: Some(52.52),
        longitude: Some(13.41),
        asn: Some(u32::MAX),
        organization: Some("Example, Ltd.".to_owned()),
        category: Some(AddressCategory::Vpn),
        tags: vec!["tor_exit".to_owned(), "vpn".to_owned()],
    };
    let elsewhere = AddressFacts {
        country: Some("FR".to_owned()),
        latitude: Some(0.0),
        tags: vec!["own".to_owned()],
        ..AddressFacts::default()
    };
    let device = Device {
        browser: Some("Chrome".to_owned()),
        os: None,
        kind: Some(DeviceKind::Pc),
        tags: vec!["outdated_browser".to_owned(), "robot".to_owned()],
    };
    let with = |gid: &str, address: Option<&AddressFacts>, device: Option<&Device>| EnrichedEvent {
        event: AuditEvent {
            context: Context {
                client_ip_address: Some("192.0.2.1".to_owned()),
                user_agent: Some("agent".to_owned()),
                ..Context::default()
            },
            ..event(gid, 1)
        },
        address: address.cloned().map(Arc::new),
        device: device.cloned().map(Arc::new),
    };
    // One address whose facts changed in between: each event keeps its own.
    let events = [
        with("1", Some(&facts), Some(&device)),
        with("2", Some(&facts), None),
        with("3", Some(&elsewhere), Some(&device)),
        with("4", None, None),
        with("5", Some(&facts), Some(&device)),
    ];
    let mut append = house.lake.append(&source("acme"), 1, noon()).await.unwrap();
    append.write(&events).await.unwrap();
    append.commit().await.unwrap();
    house.lake.compact().await.unwrap();
    let mut reader = house
        .lake
        .in_order(&source("acme"), days(-1, 1))
        .await
        .unwrap();
    let read = reader.next().await.unwrap().unwrap();
    assert_eq!(read, events);
    assert!(Arc::ptr_eq(
        read[0].address.as_ref().unwrap(),
        read[1].address.as_ref().unwrap()
    ));
    let stored = crate::house::all_events(&house.lake).await;
    let newest = (stored[0].event.gid.as_str(), stored[0].address.as_deref());
    assert_eq!(newest, ("5", Some(&facts)));
    let countries = crate::house::ask(
        &house.lake,
        "select ip_country, ip_asn, ip_tags, device_kind from events where gid = '1'",
    )
    .await;
    assert_eq!(
        serde_json::to_value(&countries).unwrap(),
        serde_json::json!([{"ip_country": "DE", "ip_asn": u32::MAX, "ip_tags": "tor_exit,vpn", "device_kind": "pc"}])
    );
}
