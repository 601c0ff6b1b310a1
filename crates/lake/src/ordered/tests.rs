use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use drishti_model::{AddressFacts, AuditEvent, Context, Device, Resource};

use super::*;
use crate::LakeLocation;

const DAY_MINUTES: i64 = 24 * 60;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

/// One of many different events: few values come often, some are missing, several happen at once.
fn event(number: i64) -> EnrichedEvent {
    let one_of = |what: &str, values: i64| {
        let value = number % (values + 1);
        (value > 0).then(|| format!("{what} {value}"))
    };
    let event = AuditEvent {
        gid: (number * 7_919 % 10_007).to_string(),
        created_at: at(number * 37 % (3 * DAY_MINUTES)),
        event_type: format!("type_{}", number % 3),
        resource: Resource {
            resource_type: one_of("type", 2).map(|_| "user".to_owned()),
            gid: one_of("resource", 400),
            ..Resource::default()
        },
        context: Context {
            client_ip_address: one_of("address", 5),
            user_agent: one_of("agent", 4),
            on_behalf_of_user_id: (number % 11 == 0).then_some(number),
            ..Context::default()
        },
        details: one_of("details", 300),
        extra: one_of("extra", 2),
        ..AuditEvent::default()
    };
    // What was known of an address changes now and then.
    let facts = AddressFacts {
        country: one_of("country", 2),
        asn: (number % 500 > 250).then_some(64_500),
        latitude: (number % 2 == 0).then_some(1.5),
        ..AddressFacts::default()
    };
    let device = Device {
        browser: one_of("browser", 4),
        ..Device::default()
    };
    let known = event.context.client_ip_address.is_some() && facts != AddressFacts::default();
    let named = event.context.user_agent.is_some() && device != Device::default();
    EnrichedEvent {
        address: known.then(|| Arc::new(facts)),
        device: named.then(|| Arc::new(device)),
        event,
    }
}

async fn put(lake: &Lake, source: &str, numbers: impl Iterator<Item = i64>) {
    let source = SourceName::new(source).unwrap();
    let sequence = lake.last_sequence(&source).await.unwrap() + 1;
    let mut append = lake.append(&source, sequence, at(0)).await.unwrap();
    let events: Vec<EnrichedEvent> = numbers.map(event).collect();
    append.write(&events).await.unwrap();
    append.commit().await.unwrap();
}

async fn all_of(mut day: Day, texts: Texts) -> Vec<EnrichedEvent> {
    let (mut all, mut shared, mut room) = (Vec::new(), Shared::default(), Vec::new());
    while let Some(events) = day.next(texts, &mut shared, &mut room).await.unwrap() {
        all.extend(events);
    }
    all
}

/// Events of `source` as they are held in memory, each day compared with what the engine sorts.
async fn both_ways(
    lake: &Lake,
    source: &str,
    (from, to): (i64, i64),
    event_types: Option<Vec<String>>,
    texts: Texts,
) -> usize {
    let query = DayQuery {
        lake: lake.clone(),
        table: lake.newest().await.unwrap(),
        source: SourceName::new(source).unwrap(),
        range: TimeRange::new(at(from), at(to)).unwrap(),
        event_types,
        texts,
    };
    let mut events = 0;
    for day in days_of(&query.table, &query.source, query.range).unwrap() {
        let packed = query.packed(&day).await.unwrap().unwrap();
        let packed = all_of(Day::Packed(packed), texts).await;
        let sorted = all_of(query.sorted(day.day).await.unwrap(), texts).await;
        assert_eq!(packed, sorted, "{source} {from} {to} {texts:?}");
        events += packed.len();
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn days_in_memory_are_those_that_the_engine_sorts() {
    let folder = tempfile::tempdir().unwrap();
    let location = LakeLocation::folder(folder.path()).unwrap();
    let (lake, _) = Lake::open(location).await.unwrap();
    for start in [0, 1_000, 2_000] {
        put(&lake, "acme", start..start + 1_000).await;
        put(&lake, "other", start + 500..start + 900).await;
    }
    let all = (0, 3 * DAY_MINUTES);
    let part = (DAY_MINUTES / 2, 2 * DAY_MINUTES + 30);
    for is_merged in [false, true] {
        if is_merged {
            // Events of both sources stand in the same files now.
            lake.compact().await.unwrap();
        }
        for texts in [Texts::All, Texts::OfHabits] {
            assert_eq!(both_ways(&lake, "acme", all, None, texts).await, 3_000);
            assert_eq!(both_ways(&lake, "other", all, None, texts).await, 1_200);
            let in_part = both_ways(&lake, "acme", part, None, texts).await;
            assert!((1_000..2_500).contains(&in_part), "{in_part}");
            let types = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect());
            let of_type = types(&["type_1", "unknown"]);
            assert_eq!(both_ways(&lake, "acme", all, of_type, texts).await, 1_000);
            assert_eq!(both_ways(&lake, "acme", all, types(&[]), texts).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_outside_of_the_span_are_not_even_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let location = LakeLocation::folder(folder.path()).unwrap();
    let (lake, _) = Lake::open(location).await.unwrap();
    for number in 1..=5 {
        put(&lake, "acme", std::iter::once(number)).await;
    }
    put(&lake, "other", std::iter::once(3)).await;
    let table = lake.newest().await.unwrap();
    let files = |from: i64, to: i64| {
        let range = TimeRange::new(at(from), at(to)).unwrap();
        let days = days_of(&table, &SourceName::new("acme").unwrap(), range).unwrap();
        let files = days.iter().flat_map(|day| &day.files);
        (
            files.clone().count(),
            files.filter(|file| file.is_whole).count(),
        )
    };
    // One event each, 37 minutes apart; the one of the other source is in the span, too.
    assert_eq!(files(0, DAY_MINUTES), (6, 5));
    assert_eq!(files(3 * 37, 4 * 37), (2, 1));
    assert_eq!(files(3 * 37 + 1, 4 * 37), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_may_be_too_large_for_memory_are_sorted_by_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let location = LakeLocation::folder(folder.path()).unwrap();
    let (lake, _) = Lake::open(location).await.unwrap();
    put(&lake, "acme", 0..100).await;
    let query = DayQuery {
        table: lake.newest().await.unwrap(),
        lake,
        source: SourceName::new("acme").unwrap(),
        range: TimeRange::new(at(0), at(DAY_MINUTES)).unwrap(),
        event_types: None,
        texts: Texts::All,
    };
    let mut days = days_of(&query.table, &query.source, query.range).unwrap();
    let day = days.first_mut().unwrap();
    let small = query.in_order(day).await.unwrap();
    assert!(matches!(small, Day::Packed(_)));
    for rows in [None, Some(u64::from(u32::MAX))] {
        day.files.first_mut().unwrap().rows = rows;
        let large = query.in_order(day).await.unwrap();
        assert!(matches!(large, Day::Sorted { .. }), "{rows:?}");
    }
}
