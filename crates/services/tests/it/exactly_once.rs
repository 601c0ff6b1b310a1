//! Whatever the form and packing of events, each is stored once, as it was.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use drishti_asana::parse_event;
use proptest::prelude::*;
use serde_json::Value;

use crate::ingest::{gzip, pretty, zstd};
use crate::place::{Place, event_at, ingest, now, stored};

#[derive(Clone, Copy, Debug)]
enum Form {
    Lines,
    Pages,
    Array,
    Indented,
}

#[derive(Clone, Copy, Debug)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

fn written(events: &[String], form: Form) -> String {
    let page =
        |events: &[String]| format!("{{\"data\":[{}],\"next_page\":null}}", events.join(","));
    match form {
        Form::Lines => events
            .iter()
            .flat_map(|event| [event.as_str(), "\n"])
            .collect(),
        Form::Pages => events.chunks(3).map(page).collect::<Vec<_>>().join("\n"),
        Form::Array => format!("[{}]", events.join(",")),
        Form::Indented => events.iter().map(|event| pretty(event) + "\n").collect(),
    }
}

/// Events with few different gids, so that some come twice, and with everything that JSON text can hold.
fn any_event() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "",
        "plain",
        "\"[{\\",
        "é\u{1f600}\u{2028}",
        "\n\t",
        "\u{fffd}",
    ]);
    let extra = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
        prop::collection::vec(text.clone(), 0..3).prop_map(Value::from),
    ];
    (0_u64..30, text, extra, 0_i64..5).prop_map(|(gid, text, extra, days)| {
        let time = now() - TimeDelta::days(days * i64::try_from(gid % 3).unwrap());
        let mut event: Value = serde_json::from_str(&event_at(gid, time)).unwrap();
        event["actor"]["name"] = text.into();
        event["details"] = extra.clone();
        event["new_key"] = extra;
        event.to_string()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_in_is_there_once(
        events in prop::collection::vec(any_event(), 0..40),
        form in prop::sample::select(vec![Form::Lines, Form::Pages, Form::Array, Form::Indented]),
        packing in prop::sample::select(vec![Packing::Plain, Packing::Gzip, Packing::Zstd]),
    ) {
        let mut first: BTreeMap<String, String> = BTreeMap::new();
        let mut distinct = Vec::new();
        for text in &events {
            let event = parse_event(text).unwrap();
            // A gid's time never changes: that of the first decides which of them are meant.
            match first.get(&event.gid) {
                Some(known) if parse_event(known).unwrap().created_at != event.created_at => continue,
                Some(_) => {}
                None => { first.insert(event.gid, text.clone()); }
            }
            distinct.push(text.clone());
        }
        let text = written(&distinct, form).into_bytes();
        let bytes = match packing {
            Packing::Plain => text,
            Packing::Gzip => gzip(&text),
            Packing::Zstd => zstd(&text),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            let services = place.open().await;
            let summary = ingest(&services, bytes.clone()).await;
            let (all, once) = (distinct.len() as u64, first.len() as u64);
            assert_eq!((summary.read, summary.stored, summary.duplicates), (all, once, all - once));
            assert_eq!((summary.quarantined, summary.incomplete), (0, None));
            let again = ingest(&services, bytes).await;
            assert_eq!((again.stored, again.duplicates), (0, all));
            let found = stored(&services).await;
            assert_eq!(found.len() as u64, once);
            for stored in found {
                let given: Value = serde_json::from_str(&first[&stored.event.gid]).unwrap();
                assert_eq!(serde_json::from_str::<Value>(&stored.event.to_json()).unwrap(), given);
            }
        });
    }
}
