//! Reading events: pages, filters, histograms, and what can't be asked.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::app::{App, NOW};
use crate::sample::{TYPES, events, first, lines};

const EVENTS: &str = "/api/v1/events";
const FACETS: &str = "/api/v1/events/facets";
const HISTOGRAM: &str = "/api/v1/events/histogram";

/// How many events the source `acme` has.
const COUNT: usize = 240;

async fn filled() -> App {
    let app = App::start().await;
    app.ingest("acme", &lines(&events(COUNT))).await;
    // The same gids at the same times, from another source.
    app.ingest("beta", &lines(&events(10))).await;
    app
}

/// The events of all pages, each page as long as `limit` says.
async fn all_pages(app: &App, parameters: &[(&str, &str)], limit: usize) -> Vec<Value> {
    let limit_text = limit.to_string();
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut parameters = parameters.to_vec();
        parameters.push(("limit", &limit_text));
        if let Some(cursor) = &cursor {
            parameters.push(("cursor", cursor));
        }
        let page = app.query(EVENTS, &parameters).await.ok();
        let shown = page["events"].as_array().unwrap();
        all.extend(shown.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => {
                assert_eq!(shown.len(), limit);
                cursor = Some(next.to_owned());
            }
            None => return all,
        }
    }
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn all_pages_together_are_everything_once_newest_first() {
    let app = filled().await;
    let whole = all_pages(&app, &[], 500).await;
    assert_eq!(whole.len(), COUNT + 10);
    for limit in [7, 125, 250] {
        assert_eq!(all_pages(&app, &[], limit).await, whole, "{limit}");
    }
    let beta = [("source", "beta")];
    assert_eq!(
        all_pages(&app, &beta, 1).await,
        all_pages(&app, &beta, 10).await
    );
    let place = |shown: &Value| {
        let event = &shown["event"];
        let at = time(event["created_at"].as_str().unwrap());
        (at, event["gid"].to_string(), shown["source"].to_string())
    };
    assert!(
        whole
            .windows(2)
            .all(|pair| place(&pair[0]) > place(&pair[1]))
    );
    app.stop().await;
}

#[tokio::test]
async fn an_event_is_given_back_key_for_key() {
    let app = filled().await;
    let original = events(COUNT);
    let shown = all_pages(&app, &[("source", "acme")], 500).await;
    let given: Vec<&Value> = shown.iter().map(|shown| &shown["event"]).collect();
    assert_eq!(given.len(), original.len());
    for event in &original {
        assert!(given.contains(&event), "{event}");
    }
    assert_eq!(shown[0]["batch"], 1);
    assert_eq!(time(shown[0]["collected_at"].as_str().unwrap()), time(NOW));
    app.stop().await;
}

/// How many events the parameters find, and whether each is one that `fits`.
async fn check(app: &App, parameters: &[(&str, &str)], fits: impl Fn(&Value, usize) -> bool) {
    let expected: Vec<Value> = events(COUNT)
        .into_iter()
        .enumerate()
        .filter(|(index, event)| fits(event, *index))
        .map(|(_, event)| event)
        .collect();
    let mut parameters = parameters.to_vec();
    parameters.push(("source", "acme"));
    let mut found = all_pages(app, &parameters, 500).await;
    found.sort_by_key(|shown| shown["event"]["gid"].to_string());
    let found: Vec<Value> = found
        .into_iter()
        .map(|shown| shown["event"].clone())
        .collect();
    assert_eq!(found, expected, "{parameters:?}");
}

#[tokio::test]
async fn filters_find_what_fits_all_of_them() {
    let app = filled().await;
    check(&app, &[("event_type", "task_deleted")], |event, _| {
        event["event_type"] == "task_deleted"
    })
    .await;
    check(
        &app,
        &[
            ("event_type", "task_deleted"),
            ("event_type", "user_login_failed"),
        ],
        |event, _| {
            event["event_type"] == "task_deleted" || event["event_type"] == "user_login_failed"
        },
    )
    .await;
    check(&app, &[("event_category", "logins")], |event, _| {
        event["event_category"] == "logins"
    })
    .await;
    check(&app, &[("actor", "7001")], |event, _| {
        event["actor"]["gid"] == "7001"
    })
    .await;
    check(&app, &[("actor", "7002@example.org")], |event, _| {
        event["actor"]["gid"] == "7002"
    })
    .await;
    check(&app, &[("resource", "883")], |event, _| {
        event["resource"]["gid"] == "883"
    })
    .await;
    check(&app, &[("ip", "203.0.113.4")], |_, index| index % 5 == 4).await;
    check(&app, &[("gid", "1200000000000017")], |event, _| {
        event["gid"] == "1200000000000017"
    })
    .await;
    check(&app, &[("q", "o'neil \"BOB\"")], |_, index| index % 3 == 2).await;
    check(&app, &[("q", "50% of \\ the _plan_")], |_, _| true).await;
    check(&app, &[("q", "\"number\":7}")], |_, index| index == 7).await;
    check(
        &app,
        &[
            ("actor", "7001"),
            ("event_type", "task_deleted"),
            ("ip", "203.0.113.0"),
        ],
        |_, index| index % 3 == 0 && index % 4 == 2 && index % 5 == 0,
    )
    .await;
    check(&app, &[], |_, _| true).await;
    for name in ["q", "actor", "event_type", "from", "limit"] {
        let refused = app.query("/api/v1/events", &[(name, "")]).await;
        assert_eq!(refused.problem(400), "invalid_parameter", "{name}");
    }
    check(&app, &[("q", "nowhere")], |_, _| false).await;
    app.stop().await;
}

#[tokio::test]
async fn a_span_has_its_first_moment_and_not_its_last() {
    let app = filled().await;
    let (from, to) = (
        first() + TimeDelta::minutes(29 * 10),
        first() + TimeDelta::minutes(29 * 20),
    );
    let [from_text, to_text] = [from, to].map(|time| time.to_rfc3339());
    let at = |event: &Value| time(event["created_at"].as_str().unwrap());
    check(&app, &[("from", &from_text)], |event, _| at(event) >= from).await;
    check(&app, &[("to", &to_text)], |event, _| at(event) < to).await;
    check(
        &app,
        &[("from", &from_text), ("to", &to_text)],
        |event, _| (from..to).contains(&at(event)),
    )
    .await;
    let elsewhere = from.with_timezone(&chrono::FixedOffset::east_opt(19_800).unwrap());
    check(&app, &[("from", &elsewhere.to_rfc3339())], |event, _| {
        at(event) >= from
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn the_bars_of_a_histogram_add_up() {
    let app = filled().await;
    for bucket in ["1m", "29m", "1h", "6h", "1d", "7d", "366d"] {
        let from = if bucket == "1m" {
            "2026-03-05T00:00:00Z"
        } else {
            "2026-01-01T00:00:00Z"
        };
        let parameters = [("bucket", bucket), ("from", from), ("source", "acme")];
        let histogram = app.query(HISTOGRAM, &parameters).await.ok();
        let width = i64::try_from(histogram["bucket_seconds"].as_u64().unwrap()).unwrap();
        let mut expected = std::collections::BTreeMap::<i64, u64>::new();
        for event in events(COUNT) {
            let at = time(event["created_at"].as_str().unwrap()).timestamp();
            *expected.entry(at.div_euclid(width) * width).or_default() += 1;
        }
        let found: std::collections::BTreeMap<i64, u64> = histogram["bars"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bar| {
                (
                    time(bar["start"].as_str().unwrap()).timestamp(),
                    bar["count"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{bucket}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_histogram_takes_the_same_filters_as_a_list() {
    let app = filled().await;
    let (kind, category) = TYPES[0];
    for filter in [
        vec![],
        vec![("event_type", kind)],
        vec![("event_category", category), ("actor", "7001")],
        vec![
            ("q", "o'neil"),
            ("from", "2026-03-06T00:00:00Z"),
            ("to", "2026-03-07T12:34:56.789Z"),
        ],
    ] {
        let listed = all_pages(&app, &filter, 500).await.len();
        let histogram = app.query(HISTOGRAM, &filter).await.ok();
        let bars = histogram["bars"].as_array().unwrap().iter();
        let counted: u64 = bars.map(|bar| bar["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, listed as u64, "{filter:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_histogram_says_which_time_it_counted() {
    let app = filled().await;
    let histogram = app.get(HISTOGRAM).await.ok();
    assert_eq!(histogram["from"], "2025-12-11T12:00:00Z");
    assert_eq!(histogram["to"], "2026-03-11T12:00:00Z");
    assert_eq!(histogram["bucket_seconds"], 86_400);
    app.stop().await;
}

#[tokio::test]
async fn a_histogram_has_no_more_bars_than_the_bound() {
    let app = filled().await;
    let of_minutes = async |minutes: i64| {
        let to = (first() + TimeDelta::minutes(minutes)).to_rfc3339();
        let from = first().to_rfc3339();
        app.query(HISTOGRAM, &[("bucket", "1m"), ("from", &from), ("to", &to)])
            .await
    };
    let most = drishti_server::HISTOGRAM_BARS_MAX;
    assert_eq!(of_minutes(most).await.status, 200);
    assert_eq!(of_minutes(most + 1).await.problem(400), "invalid_parameter");
    app.stop().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_never_breaks_anything() {
    let app = filled().await;
    let long = "x".repeat(drishti_server::PARAMETER_CHARACTERS_MAX + 1);
    let refused = [
        ("from", "yesterday"),
        ("from", "2026-03-01"),
        ("from", "2026-02-30T00:00:00Z"),
        ("from", "-5000-01-01T00:00:00Z"),
        ("to", "262142-12-31T00:00:00Z"),
        ("to", "1767225600"),
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "-1"),
        ("limit", "1e3"),
        ("limit", "99999999999999999999999999"),
        ("limit", "ten"),
        ("cursor", "next"),
        ("cursor", "%00"),
        ("cursor", "WzEsIjEiXQ"),
        ("cursor", "WzkyMjMzNzIwMzY4NTQ3NzU4MDcsIiIsIiJd"),
        ("q", "a\0b"),
        ("q", "\u{1b}[31m"),
        ("gid", "1\n2"),
        ("source", "\0"),
        ("actor", "\u{7f}"),
        ("q", &long),
        ("event_typo", "task_deleted"),
        ("bucket", "1d"),
        ("", "nothing"),
        ("\0", "x"),
    ];
    for (name, value) in refused {
        let answer = app.query(EVENTS, &[(name, value)]).await;
        let code = answer.problem(400);
        let expected = if name == "cursor" {
            "invalid_cursor"
        } else {
            "invalid_parameter"
        };
        assert_eq!(code, expected, "{name}={value:?}: {}", answer.text);
    }
    for (name, value) in [
        ("bucket", ""),
        ("bucket", "0d"),
        ("bucket", "1s"),
        ("bucket", "367d"),
        ("bucket", "-1h"),
        ("bucket", "99999999999999999999d"),
        ("bucket", "1d; drop table events"),
        ("limit", "10"),
    ] {
        let answer = app.query(HISTOGRAM, &[(name, value)]).await;
        assert_eq!(answer.problem(400), "invalid_parameter", "{name}={value}");
    }
    let backwards = [
        ("from", "2026-03-02T00:00:00Z"),
        ("to", "2026-03-01T00:00:00Z"),
    ];
    for path in [EVENTS, HISTOGRAM] {
        assert_eq!(
            app.query(path, &backwards).await.problem(400),
            "invalid_parameter"
        );
        let twice = app.get(&format!("{path}?actor=1&actor=2")).await;
        assert_eq!(twice.problem(400), "invalid_parameter");
    }
    app.stop().await;
}

#[tokio::test]
async fn strange_values_that_could_be_meant_find_nothing() {
    let app = filled().await;
    for value in [
        "'; drop table events; --",
        "' or '1'='1",
        "%",
        "_",
        "\\",
        "\"",
        "💥",
        "null",
        "{}",
        "../../etc/passwd",
    ] {
        for name in [
            "source",
            "event_type",
            "event_category",
            "actor",
            "resource",
            "ip",
            "gid",
        ] {
            let page = app.query(EVENTS, &[(name, value)]).await.ok();
            assert_eq!(
                page,
                json!({"events": [], "next_cursor": null}),
                "{name}={value}"
            );
        }
        assert!(app.query(EVENTS, &[("q", value)]).await.ok()["events"].is_array());
    }
    for raw in [
        "actor=%FF%FE",
        "q=%ED%A0%80",
        "q=%",
        "q=%zz",
        "&&&",
        "actor",
        "=",
        "q=a+b%2B",
    ] {
        let answer = app.get(&format!("{EVENTS}?{raw}")).await;
        assert!(matches!(answer.status, 200 | 400), "{raw}: {}", answer.text);
    }
    let ends = [
        ("from", "1970-01-01T00:00:00Z"),
        ("to", "9999-12-31T23:59:59.999999Z"),
    ];
    assert_eq!(
        app.query(EVENTS, &ends).await.ok()["events"]
            .as_array()
            .unwrap()
            .len(),
        100
    );
    app.stop().await;
}

#[tokio::test]
async fn a_lake_without_events_has_an_empty_page() {
    let app = App::start().await;
    assert_eq!(
        app.get(EVENTS).await.ok(),
        json!({"events": [], "next_cursor": null})
    );
    assert_eq!(app.get(HISTOGRAM).await.ok()["bars"], json!([]));
    app.stop().await;
}

#[tokio::test]
async fn the_most_frequent_values_are_counted() {
    let app = App::start().await;
    app.ingest("acme", &lines(&events(40))).await;
    let span = [
        ("from", "2026-03-01T00:00:00Z"),
        ("to", "2026-03-20T00:00:00Z"),
    ];
    let ask = async |more: &[(&str, &str)]| {
        let parameters = [&span[..], more].concat();
        app.query(FACETS, &parameters).await
    };
    let facets = ask(&[
        ("field", "event_type"),
        ("field", "oauth_app_name"),
        ("field", "event_type"),
    ])
    .await
    .ok();
    let facets = facets["facets"].as_array().unwrap();
    assert_eq!(facets.len(), 2);
    assert_eq!(facets[0]["values"].as_array().unwrap().len(), 4);
    assert_eq!(
        facets[0]["values"][0],
        json!({"value": "task_deleted", "count": 10})
    );
    assert_eq!(facets[1]["values"], json!([{"value": null, "count": 40}]));
    let most = ask(&[
        ("field", "client_ip_address"),
        ("values", "2"),
        ("event_type", "task_deleted"),
    ])
    .await
    .ok();
    let most = &most["facets"][0];
    assert_eq!(
        (
            most["values"].as_array().unwrap().len(),
            &most["is_truncated"]
        ),
        (2, &json!(true))
    );
    let hours = ask(&[("field", "hour"), ("field", "weekday"), ("values", "24")])
        .await
        .ok();
    let sum = |facet: &Value| -> u64 {
        let values = facet["values"].as_array().unwrap().iter();
        values.filter_map(|value| value["count"].as_u64()).sum()
    };
    assert_eq!(
        hours["facets"][0]["values"][0],
        json!({"value": "6", "count": 6})
    );
    assert!(
        hours["facets"]
            .as_array()
            .unwrap()
            .iter()
            .all(|facet| sum(facet) == 40)
    );
    app.stop().await;
}

#[tokio::test]
async fn fields_and_numbers_of_values_have_bounds() {
    let app = App::start().await;
    for parameters in [
        &[][..],
        &[("field", "details")],
        &[("field", "hour"), ("values", "0")],
        &[("field", "hour"), ("values", "201")],
    ] {
        assert_eq!(
            app.query(FACETS, parameters).await.problem(400),
            "invalid_parameter",
            "{parameters:?}"
        );
    }
    app.stop().await;
}
