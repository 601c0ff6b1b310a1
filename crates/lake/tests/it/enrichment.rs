//! Enriching stored events anew.

use std::sync::Arc;

use drishti_lake::{Lake, StoredEvent};
use drishti_model::{AddressFacts, AuditEvent, Context, Device, EnrichedEvent};

use crate::house::{
    House, all_events, data_files, event, events, put, source, stored_gids, try_put,
};

const DAY_MINUTES: i64 = 24 * 60;

/// Every event is from `country`, on an outdated browser.
fn from(country: &'static str) -> impl Fn(AuditEvent) -> EnrichedEvent + Sync {
    let address = Arc::new(AddressFacts {
        country: Some(country.to_owned()),
        latitude: Some(52.5),
        longitude: Some(13.4),
        tags: vec!["vpn".to_owned(), "office".to_owned()],
        ..AddressFacts::default()
    });
    let device = Arc::new(Device {
        browser: Some("Firefox".to_owned()),
        tags: vec!["outdated_browser".to_owned()],
        ..Device::default()
    });
    move |event| EnrichedEvent {
        event,
        address: Some(Arc::clone(&address)),
        device: Some(Arc::clone(&device)),
    }
}

fn addressed(gid: &str, minutes: i64) -> AuditEvent {
    AuditEvent {
        context: Context {
            client_ip_address: Some("192.0.2.7".to_owned()),
            user_agent: Some("Mozilla/5.0".to_owned()),
            ..Context::default()
        },
        ..event(gid, minutes)
    }
}

async fn countries(lake: &Lake) -> Vec<(String, Option<String>)> {
    let mut all: Vec<_> = all_events(lake)
        .await
        .into_iter()
        .map(|stored| {
            let country = stored.address.and_then(|facts| facts.country.clone());
            (stored.event.gid, country)
        })
        .collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_says_what_is_known_now_and_nothing_else_changes() {
    let house = House::new().await;
    let odd = AuditEvent {
        details: Some(r#"{"old_value":"Büro\"","n":[1,null]}"#.to_owned()),
        extra: Some(r#"{"unheard_of":true}"#.to_owned()),
        ..addressed("odd", 5)
    };
    put(&house.lake, "a", &[odd, addressed("1", 1)]).await;
    let of_two_days = [addressed("1", 2), addressed("2", DAY_MINUTES)];
    put(&house.lake, "b", &of_two_days).await;
    let before = all_events(&house.lake).await;
    let [first, second] = house.lake.days().await.unwrap()[..] else {
        panic!("two days");
    };
    assert_eq!(
        house.lake.enrich_again(first, &from("DE")).await.unwrap(),
        3
    );
    let known = |country: Option<&str>| country.map(str::to_owned);
    let expected = [
        ("1", known(Some("DE"))),
        ("1", known(Some("DE"))),
        ("2", None),
        ("odd", known(Some("DE"))),
    ];
    let expected = expected.map(|(gid, country)| (gid.to_owned(), country));
    assert_eq!(countries(&house.lake).await, expected);

    // Source, batch, time of collection, details and extra keys are as they were; what enrichment says is read back whole.
    let enrich = from("DE");
    let expected: Vec<StoredEvent> = before
        .into_iter()
        .map(|stored| {
            if stored.event.created_at.date_naive() == second {
                return stored;
            }
            let again = enrich(stored.event.clone());
            StoredEvent {
                address: again.address,
                device: again.device,
                ..stored
            }
        })
        .collect();
    assert_eq!(all_events(&house.lake).await, expected);

    // Nothing is written where nothing is new, and what was stored is still known to be there.
    let files = data_files(&house.path()).len();
    assert_eq!(
        house.lake.enrich_again(first, &from("DE")).await.unwrap(),
        0
    );
    assert_eq!(data_files(&house.path()).len(), files);
    assert_eq!(
        house.lake.enrich_again(first, &from("FR")).await.unwrap(),
        3
    );
    let nowhere = first - chrono::TimeDelta::days(9);
    assert_eq!(
        house.lake.enrich_again(nowhere, &from("FR")).await.unwrap(),
        0
    );
    let again = put(&house.lake, "a", &[event("1", 1), event("3", 3)]).await;
    assert_eq!((again.stored, again.duplicates), (1, 1));
    let none = |event: AuditEvent| EnrichedEvent::from(event);
    assert_eq!(house.lake.enrich_again(first, &none).await.unwrap(), 3);
    assert!(
        countries(&house.lake)
            .await
            .iter()
            .all(|(_, country)| country.is_none())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn appends_of_others_go_on_meanwhile_and_none_is_lost() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..10)).await;
    let day = house.lake.days().await.unwrap()[0];
    let second = house.second_handle().await;
    let writer = tokio::spawn(async move {
        for batch in 1..20 {
            try_put(
                &second,
                "a",
                batch + 1,
                &events(batch * 10..batch * 10 + 10),
            )
            .await
            .unwrap();
        }
    });
    for country in ["DE", "FR", "IN", "PL"] {
        // Whoever is overtaken again and again says so; nothing is half done then.
        _ = house.lake.enrich_again(day, &from(country)).await;
    }
    writer.await.unwrap();
    let stored = stored_gids(&house.lake).await;
    assert_eq!(stored.len(), 200);
    assert!(stored.values().all(|copies| *copies == 1));
    house.lake.enrich_again(day, &from("US")).await.unwrap();
    assert_eq!(stored_gids(&house.lake).await, stored);
    house.lake.compact().await.unwrap();
    assert_eq!(stored_gids(&house.lake).await, stored);
    assert_eq!(house.lake.last_sequence(&source("a")).await.unwrap(), 20);
}
