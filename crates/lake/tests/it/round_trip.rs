//! Every value of an event comes back as it went in.

use chrono::{DateTime, Utc};
use drishti_model::{Actor, AuditEvent, Context, Resource};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::string::string_regex;

use crate::house::{House, all_events, put};

fn text() -> BoxedStrategy<String> {
    prop_oneof![
        Just(String::new()),
        Just("\u{0}\u{1f600}\"\\'%_\r\n\u{feff}".to_owned()),
        any::<String>(),
        string_regex("[a-z0-9.@:]{1,40}").unwrap(),
    ]
    .boxed()
}

fn maybe() -> BoxedStrategy<Option<String>> {
    option::of(text()).boxed()
}

fn json() -> BoxedStrategy<Option<String>> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map(text(), inner, 0..4)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    });
    option::of(value.prop_map(|value| value.to_string())).boxed()
}

/// An object under keys that are no fields, as the parser leaves it in `extra`.
fn extra() -> BoxedStrategy<Option<String>> {
    option::of((json(), json()).prop_map(|(one, other)| {
        let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
        format!(
            r#"{{"x_one":{},"actor":{{"x_two":{}}}}}"#,
            or_null(one),
            or_null(other)
        )
    }))
    .boxed()
}

fn moment() -> BoxedStrategy<DateTime<Utc>> {
    // From 1970 to 2100, and the last microsecond of a day.
    prop_oneof![0_i64..4_102_444_800_000_000, Just(1_772_409_599_999_999)]
        .prop_map(|microseconds| DateTime::from_timestamp_micros(microseconds).unwrap())
        .boxed()
}

fn event() -> BoxedStrategy<AuditEvent> {
    let actor =
        (maybe(), maybe(), maybe(), maybe()).prop_map(|(actor_type, gid, name, email)| Actor {
            actor_type,
            gid,
            name,
            email,
        });
    let resource = (maybe(), maybe(), maybe(), maybe(), maybe()).prop_map(
        |(resource_type, resource_subtype, gid, name, email)| Resource {
            resource_type,
            resource_subtype,
            gid,
            name,
            email,
        },
    );
    let context = (
        maybe(),
        maybe(),
        maybe(),
        maybe(),
        maybe(),
        maybe(),
        any::<Option<i64>>(),
    )
        .prop_map(
            |(
                context_type,
                method,
                client_ip_address,
                user_agent,
                oauth_app_name,
                rule_name,
                user,
            )| Context {
                context_type,
                api_authentication_method: method,
                client_ip_address,
                user_agent,
                oauth_app_name,
                rule_name,
                on_behalf_of_user_id: user,
            },
        );
    (
        moment(),
        text(),
        maybe(),
        actor,
        resource,
        context,
        json(),
        extra(),
    )
        .prop_map(
            |(created_at, event_type, event_category, actor, resource, context, details, extra)| {
                AuditEvent {
                    gid: String::new(),
                    created_at,
                    event_type,
                    event_category,
                    actor,
                    resource,
                    context,
                    details,
                    extra,
                }
            },
        )
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn events_come_back_as_they_went_in(mut events in vec(event(), 1..30), compacted: bool) {
        for (index, event) in events.iter_mut().enumerate() {
            event.gid = format!("{index:03}");
        }
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mut stored = runtime.block_on(async {
            let house = House::new().await;
            let (some, more) = events.split_at(events.len() / 2);
            put(&house.lake, "a", some).await;
            put(&house.lake, "a", more).await;
            if compacted {
                house.lake.compact().await.unwrap();
            }
            all_events(&house.lake).await
        });
        stored.sort_by(|one, other| one.event.gid.cmp(&other.event.gid));
        prop_assert_eq!(stored.len(), events.len());
        for (stored, event) in stored.iter().zip(&events) {
            prop_assert_eq!(&stored.event, event);
            prop_assert_eq!(stored.event.to_json(), event.to_json());
            prop_assert_eq!(&stored.source, "a");
        }
    }
}
