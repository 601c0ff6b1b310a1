use std::path::Path;

use drishti_asana::{
    DEPTH_MAX, EVENT_BYTES_MAX, EVENT_TYPE_CHARACTERS_MAX, GID_CHARACTERS_MAX, parse_event,
};
use proptest::prelude::*;

use crate::json::{Json, any_object, any_string_content, any_value, escaped, object_of, quoted};

const ACTOR: &[&str] = &["actor_type", "gid", "name", "email"];
const RESOURCE: &[&str] = &["resource_type", "resource_subtype", "gid", "name", "email"];
const CONTEXT: &[&str] = &[
    "context_type",
    "api_authentication_method",
    "client_ip_address",
    "user_agent",
    "oauth_app_name",
    "rule_name",
    "on_behalf_of_user_id",
];
const REQUIRED: &[&str] = &["gid", "created_at", "event_type", "actor"];
const TIMES: &[&str] = &[
    "2024-10-18T04:42:40.072Z",
    "2024-10-18T04:42:40Z",
    "2024-10-18T04:42:40.072123456Z",
    "2024-10-18T04:42:40.072+05:30",
    "2024-10-18t04:42:40.072z",
    "2016-12-31T23:59:60.500Z",
    "0000-01-01T00:30:00.000+01:00",
    "9999-12-31T23:59:59.999Z",
];

fn minimal() -> String {
    r#"{"gid":"1","created_at":"2024-10-18T04:42:40.072Z","event_type":"t","actor":{}}"#.to_owned()
}

/// `minimal()` with `value` under `key`.
fn with(key: &str, value: &str) -> String {
    let mut fields = vec![(key.to_owned(), value.to_owned())];
    fields.extend([
        ("gid".to_owned(), quoted("1")),
        ("created_at".to_owned(), quoted(TIMES[0])),
        ("event_type".to_owned(), quoted("t")),
        ("actor".to_owned(), "{}".to_owned()),
    ]);
    object_of(fields)
}

fn assert_lossless(raw: &str) {
    let event = parse_event(raw).unwrap();
    let back = event.to_json();
    assert_eq!(Json::parse(&back), Json::parse(raw), "{raw}\n{back}");
    assert!(!back.contains(['\n', '\r']), "{back}");
    assert_eq!(parse_event(&back).unwrap(), event);
}

fn reason(raw: &str) -> String {
    parse_event(raw).unwrap_err().reason
}

fn any_event() -> impl Strategy<Value = String> {
    let identifier = "[0-9]{1,16}|[a-zäß目😀\"\\\\]{1,16}";
    let required = (
        identifier.prop_map(|gid| quoted(&gid)),
        prop::sample::select(TIMES).prop_map(quoted),
        identifier.prop_map(|kind| escaped(&kind)),
        any_object(ACTOR),
    );
    let or_any = |object| prop::option::of(prop_oneof![4 => object, 1 => any_value().boxed()]);
    let optional = (
        prop::option::of(any_value()),
        or_any(any_object(RESOURCE).boxed()),
        prop::option::of(any_value()),
        or_any(any_object(CONTEXT).boxed()),
    );
    let unknown = prop::collection::vec((any_string_content(), any_value()), 0..4);
    (required, optional, unknown)
        .prop_map(|(required, optional, unknown)| {
            let (gid, created_at, event_type, actor) = required;
            let (category, resource, details, context) = optional;
            let known = [
                ("gid", Some(gid)),
                ("created_at", Some(created_at)),
                ("event_type", Some(event_type)),
                ("actor", Some(actor)),
                ("event_category", category),
                ("resource", resource),
                ("details", details),
                ("context", context),
            ];
            let known = known
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)));
            known.chain(unknown).collect::<Vec<_>>()
        })
        .prop_shuffle()
        .prop_map(object_of)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn every_event_comes_back_as_it_was(raw in any_event()) {
        // An unknown key may by chance have a required one's name and come first.
        if let Ok(event) = parse_event(&raw) {
            prop_assert_eq!(Json::parse(&event.to_json()), Json::parse(&raw));
            assert_lossless(&raw);
        } else {
            prop_assert!(REQUIRED.iter().any(|key| parse_event(&raw).unwrap_err().reason.contains(key)));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), cut in any::<prop::sample::Index>(), raw in any_event()) {
        drop(parse_event(&text));
        let at = cut.index(raw.len());
        let beginning: String = raw.char_indices().take_while(|(index, _)| *index < at).map(|(_, c)| c).collect();
        prop_assert!(parse_event(&beginning).is_err());
    }
}

#[test]
fn a_whole_event_fills_every_field() {
    let raw = r#"{"gid":"12","created_at":"2024-10-18T04:42:40.072Z","event_type":"a","event_category":"b",
        "actor":{"actor_type":"user","gid":"3","name":"N","email":"e@x"},
        "resource":{"resource_type":"task","resource_subtype":"milestone","gid":"4","name":"R","email":"r@x"},
        "details":{"method":["SAML"]},
        "context":{"context_type":"api","api_authentication_method":"oauth","client_ip_address":"::1","user_agent":"u",
        "oauth_app_name":"o","rule_name":"r","on_behalf_of_user_id":1208549725691543}}"#;
    let event = parse_event(raw).unwrap();
    assert_eq!(event.gid, "12");
    assert_eq!(event.created_at.timestamp_millis(), 1_729_226_560_072);
    assert_eq!(event.event_category.as_deref(), Some("b"));
    assert_eq!(event.actor.email.as_deref(), Some("e@x"));
    assert_eq!(
        event.resource.resource_subtype.as_deref(),
        Some("milestone")
    );
    assert_eq!(event.details.as_deref(), Some(r#"{"method":["SAML"]}"#));
    assert_eq!(
        event.context.on_behalf_of_user_id,
        Some(1_208_549_725_691_543)
    );
    assert_eq!(event.context.rule_name.as_deref(), Some("r"));
    assert_eq!(event.extra, None);
    assert_lossless(raw);
}

#[test]
fn what_has_no_field_stands_in_extra_at_its_place() {
    let cases = [
        (
            "resource",
            r#"{"name":null,"foo":1,"gid":"7"}"#,
            r#"{"resource":{"foo":1,"name":null}}"#,
        ),
        ("resource", "{}", r#"{"resource":{}}"#),
        ("resource", "null", r#"{"resource":null}"#),
        ("resource", "[1]", r#"{"resource":[1]}"#),
        ("context", "{}", r#"{"context":{}}"#),
        ("context", "\"web\"", r#"{"context":"web"}"#),
        (
            "context",
            r#"{"on_behalf_of_user_id":"12"}"#,
            r#"{"context":{"on_behalf_of_user_id":"12"}}"#,
        ),
        (
            "context",
            r#"{"on_behalf_of_user_id":-0}"#,
            r#"{"context":{"on_behalf_of_user_id":-0}}"#,
        ),
        (
            "context",
            r#"{"on_behalf_of_user_id":1e3}"#,
            r#"{"context":{"on_behalf_of_user_id":1e3}}"#,
        ),
        (
            "context",
            r#"{"on_behalf_of_user_id":92233720368547758080}"#,
            r#"{"context":{"on_behalf_of_user_id":92233720368547758080}}"#,
        ),
        (
            "actor",
            r#"{"gid":1,"name":"\ud800","x":{}}"#,
            r#"{"actor":{"gid":1,"name":"\ud800","x":{}}}"#,
        ),
        ("event_category", "12", r#"{"event_category":12}"#),
        ("new_key", "true", r#"{"new_key":true}"#),
        ("", "1.0", r#"{"":1.0}"#),
        (
            "created_at",
            "\"2024-10-18T04:42:40Z\"",
            r#"{"created_at":"2024-10-18T04:42:40Z"}"#,
        ),
        ("created_at", "\"2024-10-18T04:42:40.072\\u005A\"", ""),
    ];
    for (key, value, extra) in cases {
        let raw = with(key, value);
        let event = parse_event(&raw).unwrap();
        assert_eq!(event.extra.unwrap_or_default(), extra, "{raw}");
        assert_lossless(&raw);
    }
}

#[test]
fn details_of_any_type_are_kept_as_text() {
    for details in [
        "{}",
        "null",
        "[]",
        "\"text\"",
        "1.50",
        "{\"a\" : 1.0}",
        "\"\\ud800\"",
    ] {
        let raw = with("details", details);
        assert_eq!(parse_event(&raw).unwrap().details.as_deref(), Some(details));
        assert_lossless(&raw);
    }
    let pretty = with("details", "{\r\n  \"a\": 1\r\n}");
    assert_eq!(
        parse_event(&pretty).unwrap().details.as_deref(),
        Some("{  \"a\": 1}")
    );
}

#[test]
fn times_are_kept_to_the_microsecond() {
    let at = |time: &str| {
        parse_event(&with("created_at", &quoted(time)))
            .unwrap()
            .created_at
    };
    assert_eq!(
        at("2024-10-18T04:42:40.072123456Z").timestamp_micros(),
        1_729_226_560_072_123
    );
    assert_eq!(
        at("2024-10-18T10:12:40.072+05:30").timestamp_micros(),
        1_729_226_560_072_000
    );
    assert_eq!(
        at("2016-12-31T23:59:60.500Z").timestamp_micros(),
        1_483_228_800_500_000
    );
}

#[test]
fn a_required_field_that_is_wrong_is_named_with_what_was_found() {
    let identifier = "a string of 1 to 128 characters without control characters";
    let time = "a time as in RFC 3339";
    let cases = [
        ("gid", "12", "is a number", identifier),
        ("gid", "null", "is null", identifier),
        ("gid", "\"\"", "has 0 characters", identifier),
        ("gid", "\"1\\u0000\"", "has a control character", identifier),
        (
            "gid",
            "\"\\udfff\"",
            "is a string that is not valid Unicode",
            identifier,
        ),
        ("created_at", "1729226560", "is a number", time),
        (
            "created_at",
            "\"\\ud800\"",
            "is a string that is not valid Unicode",
            time,
        ),
        (
            "created_at",
            "\"2022-12-16 19:30\"",
            "is `2022-12-16 19:30`",
            time,
        ),
        ("created_at", "\"\"", "is ``", time),
        ("actor", "null", "is null", "an object"),
        ("actor", "\"user\"", "is a string", "an object"),
        ("actor", "false", "is a boolean", "an object"),
        ("actor", "[]", "is an array", "an object"),
    ];
    for (key, value, found, expected) in cases {
        let reason = reason(&with(key, value));
        assert_eq!(reason, format!("`{key}` {found}, expected {expected}"));
    }
}

#[test]
fn a_required_field_that_is_missing_is_named() {
    for key in REQUIRED {
        let raw = minimal().replacen(&format!("\"{key}\""), "\"other\"", 1);
        let beginning = format!("`{key}` is missing, expected");
        assert!(reason(&raw).starts_with(&beginning), "{raw}");
    }
}

#[test]
fn what_is_no_object_is_rejected() {
    let cases = [
        ("[]", "an array"),
        ("\"x\"", "a string"),
        (" 12", "a number"),
        ("true", "a boolean"),
        ("null", "null"),
        ("\u{feff}{}", "no JSON"),
        ("", "empty"),
        (" \r\n", "empty"),
    ];
    for (raw, found) in cases {
        assert_eq!(
            reason(raw),
            format!("the event is {found}, expected an object")
        );
    }
}

#[test]
fn a_rejection_names_the_event_where_it_can() {
    let gid_of = |raw: &str| parse_event(raw).unwrap_err().gid;
    assert_eq!(gid_of(&with("actor", "1")).as_deref(), Some("1"));
    assert_eq!(gid_of(r#"{"gid":"7","x":"#).as_deref(), Some("7"));
    assert_eq!(gid_of(r#"{"gid":7}"#), None);
    assert_eq!(gid_of(r#"{"gid":"7","gid":"8"}"#).as_deref(), Some("8"));
}

#[test]
fn a_key_twice_is_rejected_wherever_it_is_read() {
    let cases = [
        (
            r#"{"gid":"1","gid":"1","#,
            "duplicate key `gid` in the event",
        ),
        (
            r#"{"x":1,"x":1,"gid":"1","#,
            "duplicate key `x` in the event",
        ),
        (
            r#"{"\u0078":1,"x":1,"gid":"1","#,
            "duplicate key `x` in the event",
        ),
        (
            r#"{"gid":"1","resource":{"gid":"1","gid":"2"},"#,
            "duplicate key `gid` in `resource`",
        ),
        (
            r#"{"gid":"1","context":{"a":1,"b":2,"a":1},"#,
            "duplicate key `a` in `context`",
        ),
    ];
    for (beginning, expected) in cases {
        let raw = minimal().replacen(r#"{"gid":"1","#, beginning, 1);
        assert_eq!(reason(&raw), expected);
    }
    assert_eq!(
        reason(&with("actor", r#"{"z":1,"z":1}"#)),
        "duplicate key `z` in `actor`"
    );
    assert_lossless(&with("details", r#"{"z":1,"y":[]}"#));
}

#[test]
fn broken_json_is_rejected() {
    for raw in [
        "{",
        "{}}",
        "{\"gid\":\"1\" \"x\":1}",
        "{\"gid\":01}",
        "{'gid':1}",
        "{\"gid\":\"a\nb\"}",
        "{\"\\ud800\":1}",
        "{\"gid\":NaN}",
        "{\"a\":tru}",
        "{\"a\":[}]}",
        "{\"gid\":\"1\",}",
    ] {
        assert!(
            reason(raw).starts_with("the event is not valid JSON: "),
            "{raw}: {}",
            reason(raw)
        );
    }
    let half = with("actor", r#"{"\udc00":1}"#);
    assert!(reason(&half).starts_with("`actor` is not valid JSON: "));
}

#[test]
fn depth_is_bounded_without_recursion() {
    let nested = |depth: usize| with("details", &("[".repeat(depth) + &"]".repeat(depth)));
    assert_lossless(&nested(DEPTH_MAX - 1));
    assert_eq!(
        reason(&nested(DEPTH_MAX)),
        "the event is nested more than 64 deep"
    );
    assert_eq!(
        reason(&nested(100_000)),
        "the event is nested more than 64 deep"
    );
    assert_eq!(
        reason(&"{\"a\":".repeat(100_000)),
        "the event is nested more than 64 deep"
    );
    let wide = with("details", &format!("[{}]", vec!["[{}]"; 1_000].join(",")));
    assert_lossless(&wide);
    assert_lossless(&with("details", &quoted(&"[{".repeat(1_000))));
}

#[test]
fn sizes_are_bounded() {
    let padded = |bytes: usize| {
        let padding = bytes - with("details", "\"\"").len();
        with("details", &quoted(&"x".repeat(padding)))
    };
    assert_lossless(&padded(EVENT_BYTES_MAX));
    assert_eq!(
        reason(&padded(EVENT_BYTES_MAX + 1)),
        "the event has 1048577 bytes, at most 1048576 are allowed"
    );
    let long = |characters: usize| quoted(&"é".repeat(characters));
    assert_lossless(&with("gid", &long(GID_CHARACTERS_MAX)));
    assert!(
        reason(&with("gid", &long(GID_CHARACTERS_MAX + 1))).starts_with("`gid` has 129 characters")
    );
    assert_lossless(&with("event_type", &long(EVENT_TYPE_CHARACTERS_MAX)));
    assert!(
        reason(&with("event_type", &long(EVENT_TYPE_CHARACTERS_MAX + 1)))
            .starts_with("`event_type` has 257")
    );
}

#[test]
fn a_reason_is_short_and_harmless_whatever_the_event() {
    let key = quoted(&"\u{1b}".repeat(50_000));
    let raw = format!("{{{key}:1,{key}:1,\"gid\":\"1\"}}");
    let found = reason(&raw);
    assert!(
        found.starts_with("duplicate key `\u{fffd}") && found.chars().count() < 200,
        "{found}"
    );
    let time = reason(&with("created_at", &quoted(&"\u{202e}x".repeat(100_000))));
    assert!(
        time.chars().count() < 200 && !time.contains('\u{202e}'),
        "{time}"
    );
}

/// The public samples are not part of the repository; where they lie beside it, they are read.
#[test]
fn the_public_samples_come_back_as_they_were() {
    let samples =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/asana-samples.jsonl");
    let Ok(text) = std::fs::read_to_string(samples) else {
        return;
    };
    for line in text.lines() {
        let sample: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_lossless(&sample["event"].to_string());
    }
    assert!(text.lines().count() > 0);
}
