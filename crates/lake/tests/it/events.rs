//! Filters, pages and histograms, compared with the same asked of a plain list.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_lake::{EventFilter, EventPosition, HistogramBucket, Lake, LakeError};
use drishti_model::{Actor, AuditEvent, Context, Resource, SourceName, SourceScope, TimeRange};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::house::{House, data_files, event, events, noon, put};

/// What the filters mean, said a second time.
fn fits(filter: &EventFilter, source: &str, event: &AuditEvent) -> bool {
    let is = |wanted: &Option<String>, value: Option<&str>| {
        wanted.as_deref().is_none_or(|wanted| value == Some(wanted))
    };
    let one_of = |wanted: &[String], value: Option<&str>| {
        wanted.is_empty() || wanted.iter().any(|wanted| value == Some(wanted.as_str()))
    };
    let who = |wanted: &Option<String>, gid: &Option<String>, email: &Option<String>| {
        is(wanted, gid.as_deref())
            || wanted
                .as_deref()
                .is_some_and(|wanted| wanted.contains('@') && email.as_deref() == Some(wanted))
    };
    let texts = [
        Some(event.event_type.as_str()),
        event.actor.name.as_deref(),
        event.actor.email.as_deref(),
        event.resource.name.as_deref(),
        event.resource.email.as_deref(),
        event.context.client_ip_address.as_deref(),
        event.context.user_agent.as_deref(),
        event.context.oauth_app_name.as_deref(),
        event.details.as_deref(),
    ];
    let has_text = |wanted: &str| {
        texts
            .iter()
            .flatten()
            .any(|text| text.to_lowercase().contains(&wanted.to_lowercase()))
    };
    filter.scope.has(&SourceName::new(source).unwrap())
        && is(&filter.source, Some(source))
        && filter
            .range
            .is_none_or(|range| range.start <= event.created_at && event.created_at < range.end)
        && one_of(&filter.event_types, Some(&event.event_type))
        && one_of(&filter.event_categories, event.event_category.as_deref())
        && who(&filter.actor, &event.actor.gid, &event.actor.email)
        && who(&filter.resource, &event.resource.gid, &event.resource.email)
        && is(
            &filter.ip_address,
            event.context.client_ip_address.as_deref(),
        )
        && is(&filter.gid, Some(&event.gid))
        && filter.text.as_deref().is_none_or(has_text)
}

const NAMES: [&str; 4] = ["Ada", "100%_sure", "O'Neil \"Quote\" \\n", "Ünal"];
const MAILS: [&str; 2] = ["ada@example.com", "bob@example.com"];
const ADDRESSES: [&str; 2] = ["192.0.2.1", "2001:db8::1"];
const TYPES: [&str; 3] = ["task_created", "user_login_failed", "x_unknown"];

fn any_of(values: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    option::of(select(values).prop_map(str::to_owned))
}

fn any_event() -> impl Strategy<Value = (bool, AuditEvent)> {
    (
        any::<bool>(),
        // Few moments over five days, so that many events share theirs.
        (0_i64..5, 0_i64..4, select(vec![0, 0, -1_i64])),
        select(TYPES.as_slice()),
        any_of(&["logins", "sharing"]),
        (any_of(&["1", "2"]), any_of(&NAMES), any_of(&MAILS)),
        (any_of(&["1", "2"]), any_of(&MAILS)),
        any_of(&ADDRESSES),
        any_of(&["{\"a\":\"50%\"}", "[\"_\"]"]),
    )
        .prop_map(
            |(
                other,
                (day, hour, microseconds),
                event_type,
                event_category,
                (gid, name, email),
                (onto, mail),
                ip,
                details,
            )| {
                let event = AuditEvent {
                    created_at: noon()
                        + TimeDelta::days(day)
                        + TimeDelta::hours(6 * hour)
                        + TimeDelta::microseconds(microseconds),
                    event_type: event_type.to_owned(),
                    event_category,
                    actor: Actor {
                        gid,
                        name,
                        email,
                        ..Actor::default()
                    },
                    resource: Resource {
                        gid: onto,
                        email: mail,
                        ..Resource::default()
                    },
                    context: Context {
                        client_ip_address: ip,
                        ..Context::default()
                    },
                    details,
                    ..AuditEvent::default()
                };
                (other, event)
            },
        )
}

fn any_range() -> impl Strategy<Value = Option<TimeRange>> {
    option::of(
        (-30_i64..130, 1_i64..160, 0_i64..2).prop_map(|(start, length, microseconds)| TimeRange {
            start: noon() + TimeDelta::hours(start),
            end: noon() + TimeDelta::hours(start + length) - TimeDelta::microseconds(microseconds),
        }),
    )
}

fn any_scope() -> impl Strategy<Value = SourceScope> {
    let names = vec(select(vec!["a", "b", "c"]), 0..3);
    option::weighted(0.3, names).prop_map(|names| {
        SourceScope::of(
            names.map(|names| names.into_iter().map(|text| SourceName::new(text).unwrap())),
        )
    })
}

fn any_filter() -> impl Strategy<Value = EventFilter> {
    let only_time = any_range().prop_map(|range| EventFilter {
        range,
        ..EventFilter::default()
    });
    prop_oneof![2 => filter_of_much(), 1 => only_time]
}

fn filter_of_much() -> impl Strategy<Value = EventFilter> {
    let texts = [
        "ada", "%", "_", "\\", "'", "\"", "ünal", "100%_S", "50%", "LOGIN", "nothing",
    ];
    let texts = option::weighted(0.3, select(texts.to_vec()).prop_map(str::to_owned));
    let who = || {
        option::weighted(
            0.2,
            select(vec!["1", "2", "ada@example.com"]).prop_map(str::to_owned),
        )
    };
    (
        (option::weighted(0.2, Just("b".to_owned())), any_scope()),
        any_range(),
        vec(select(TYPES.as_slice()).prop_map(str::to_owned), 0..3),
        vec(Just("logins".to_owned()), 0..2),
        (who(), who()),
        option::weighted(0.2, select(ADDRESSES.as_slice()).prop_map(str::to_owned)),
        option::weighted(0.1, (0_usize..40).prop_map(|gid| format!("{gid:02}"))),
        texts,
    )
        .prop_map(
            |(
                (source, scope),
                range,
                event_types,
                event_categories,
                (actor, resource),
                ip_address,
                gid,
                text,
            )| EventFilter {
                source,
                scope,
                range,
                event_types,
                event_categories,
                actor,
                resource,
                ip_address,
                gid,
                text,
                values: Vec::new(),
            },
        )
}

/// Every page of `size` rows until the last.
async fn pages(lake: &Lake, filter: &EventFilter, size: usize) -> Vec<(String, AuditEvent)> {
    let mut all = Vec::new();
    let mut position = None;
    loop {
        let page = lake.events(filter, position.as_ref(), size).await.unwrap();
        assert!(page.len() <= size);
        let Some(last) = page.last() else { return all };
        position = Some(EventPosition {
            created_at: last.event.created_at,
            gid: last.event.gid.clone(),
            source: last.source.clone(),
        });
        let short = page.len() < size;
        all.extend(
            page.iter()
                .map(|stored| (stored.source.clone(), stored.event.clone())),
        );
        if short {
            return all;
        }
    }
}

/// The bars of `events`, counted one by one.
fn bars(events: &[(String, AuditEvent)], bucket: Duration) -> Vec<HistogramBucket> {
    let seconds = i64::try_from(bucket.as_secs()).unwrap();
    let mut counts = BTreeMap::new();
    for (_, event) in events {
        let start = event.created_at.timestamp().div_euclid(seconds) * seconds;
        *counts
            .entry(DateTime::<Utc>::from_timestamp(start, 0).unwrap())
            .or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(start, count)| HistogramBucket { start, count })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn pages_and_histograms_agree_with_a_plain_list(
        generated in vec(any_event(), 1..40),
        filters in vec((any_filter(), 1_usize..9, select(vec![1_u64, 7, 13, 24, 48, 168])), 6),
        compacted: bool,
    ) {
        let events: Vec<(String, AuditEvent)> = generated
            .into_iter()
            .enumerate()
            .map(|(index, (other, mut event))| {
                // Pairs share a gid, mostly in different sources.
                event.gid = format!("{:02}", index / 2 * 2 + usize::from(!other && index % 2 == 1));
                (if other { "b" } else { "a" }.to_owned(), event)
            })
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let house = House::new().await;
            for half in events.chunks(events.len().div_ceil(2)) {
                for name in ["a", "b"] {
                    let batch: Vec<_> = half.iter().filter(|(source, _)| source == name).map(|(_, event)| event.clone()).collect();
                    put(&house.lake, name, &batch).await;
                }
            }
            if compacted {
                house.lake.compact().await.unwrap();
            }
            for (filter, size, hours) in &filters {
                let mut expected: Vec<_> = events.iter().filter(|(source, event)| fits(filter, source, event)).cloned().collect();
                expected.sort_by(|one, other| {
                    let key = |(source, event): &(String, AuditEvent)| (event.created_at, event.gid.clone(), source.clone());
                    key(other).cmp(&key(one))
                });
                assert_eq!(pages(&house.lake, filter, *size).await, expected, "{filter:?}");
                let bucket = Duration::from_secs(hours * 3_600);
                let histogram = house.lake.histogram(filter, bucket).await.unwrap();
                assert_eq!(histogram, bars(&expected, bucket), "{filter:?} {bucket:?}");
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_at_most_a_thousand_rows() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..1_005)).await;
    let page = house
        .lake
        .events(&EventFilter::default(), None, usize::MAX)
        .await
        .unwrap();
    assert_eq!(page.len(), 1_000);
    let none = house.lake.events(&EventFilter::default(), None, 0).await;
    assert!(none.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_histogram_has_at_most_ten_thousand_bars() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..10_001)).await;
    let minute = Duration::from_mins(1);
    let filter = EventFilter::default();
    let error = house.lake.histogram(&filter, minute).await.unwrap_err();
    assert!(
        matches!(error, LakeError::Query(_)) && error.to_string().contains("over 10000 bars"),
        "{error}"
    );
    let narrower = EventFilter {
        range: TimeRange::new(noon(), noon() + TimeDelta::minutes(10_000)),
        ..filter
    };
    let bars = house.lake.histogram(&narrower, minute).await.unwrap();
    assert_eq!(bars.len(), 10_000);
    assert!(bars.iter().all(|bar| bar.count == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_events_are_found_without_reading_old_days() {
    let house = House::new().await;
    put(&house.lake, "a", &[event("old", 0)]).await;
    let unreadable = data_files(&house.path()).remove(0);
    let month = 30 * 24 * 60;
    let month_later: Vec<_> = (0..50_000)
        .map(|gid| event(&gid.to_string(), month + gid / 100))
        .collect();
    put(&house.lake, "a", &month_later).await;
    fs::write(unreadable, "no Parquet").unwrap();
    // A process that has read none of the files before.
    let lake = house.second_handle().await;
    let everything = EventFilter::default();
    assert_eq!(lake.events(&everything, None, 50).await.unwrap().len(), 50);
    let rare = EventFilter {
        text: Some("nowhere".to_owned()),
        ..everything
    };
    assert!(
        lake.events(&rare, None, 50).await.is_err(),
        "the old day was not looked through"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_tells_is_counted_without_reading_files() {
    let house = House::new().await;
    // Four days from noon on, of which the range cuts the first.
    let four_days: Vec<_> = (0..4 * 24)
        .map(|hour| event(&hour.to_string(), hour * 60))
        .collect();
    put(&house.lake, "a", &four_days).await;
    house.lake.compact().await.unwrap();
    let lake = house.second_handle().await;
    let day = Duration::from_hours(24);
    let filter = EventFilter {
        range: TimeRange::new(noon() + TimeDelta::hours(6), noon() + TimeDelta::days(5)),
        ..EventFilter::default()
    };
    let events: Vec<_> = four_days
        .iter()
        .skip(6)
        .map(|event| ("a".to_owned(), event.clone()))
        .collect();
    let expected = bars(&events, day);
    assert_eq!(lake.histogram(&filter, day).await.unwrap(), expected);

    for file in data_files(&house.path()) {
        if !file
            .to_string_lossy()
            .contains(&noon().date_naive().to_string())
        {
            fs::write(file, "no Parquet").unwrap();
        }
    }
    let lake = house.second_handle().await;
    assert_eq!(lake.histogram(&filter, day).await.unwrap(), expected);
    let hour = Duration::from_hours(1);
    lake.histogram(&filter, hour)
        .await
        .expect_err("hours of a day were counted unread");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_read_again_when_something_has_been_stored() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..10)).await;
    let everything = EventFilter::default();
    let page = house.lake.events(&everything, None, 5).await.unwrap();
    for file in data_files(&house.path()) {
        fs::write(file, "no Parquet").unwrap();
    }
    let again = house.lake.events(&everything, None, 5).await.unwrap();
    assert_eq!(again, page);
    house
        .lake
        .events(&everything, None, 6)
        .await
        .expect_err("another page was not read");
    put(&house.lake, "a", &events(10..12)).await;
    house
        .lake
        .events(&everything, None, 5)
        .await
        .expect_err("the page of another version was not read");
}
