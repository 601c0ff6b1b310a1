//! What `sigma.md` says of rules, and each gap between it and `rsigma`.

mod refused;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::policy::example;
use crate::{ActivityEngine, Pack, People, PolicyError};

/// A file with this `detection`, whose lines are indented by two.
fn file(detection: &str) -> Vec<(PathBuf, String)> {
    let text = format!(
        "title: rule\nid: rule-id\nname: rule\nlogsource: {{product: asana, service: audit}}\ndetection:\n{detection}"
    );
    vec![(PathBuf::from("rule.yml"), text)]
}

fn fires(files: &[(PathBuf, String)], event: &Value) -> bool {
    let pack = Pack::parse(files);
    assert_eq!(pack.errors, [], "{files:?}");
    let (mut engine, errors) = ActivityEngine::new(&pack.policies);
    assert_eq!(errors, []);
    let mut findings = Vec::new();
    for event in example::events(std::slice::from_ref(event)).unwrap() {
        engine.evaluate(&event, &People::default(), &mut findings);
    }
    !findings.is_empty()
}

/// Whether one selection matches an event with these details.
fn selection(items: &str, details: &Value) -> bool {
    let event = json!({"event_type": "x", "details": details});
    fires(
        &file(&format!("  a:\n    {items}\n  condition: a\n")),
        &event,
    )
}

fn refused(detection: &str) -> PolicyError {
    let pack = Pack::parse(&file(detection));
    pack.errors
        .into_iter()
        .next()
        .unwrap_or_else(|| panic!("{detection}"))
}

fn check(cases: &[(&str, Value, bool)]) {
    for (items, details, matched) in cases {
        assert_eq!(selection(items, details), *matched, "{items} {details}");
    }
}

#[test]
fn texts_are_compared_without_case_unless_cased() {
    check(&[
        ("details.v: Abc", json!({"v": "aBC"}), true),
        ("details.v|cased: Abc", json!({"v": "aBC"}), false),
        ("details.v|cased: Abc", json!({"v": "Abc"}), true),
        ("details.v|contains: B", json!({"v": "abc"}), true),
        ("details.v|contains|cased: B", json!({"v": "abc"}), false),
        ("details.v: Ä", json!({"v": "ä"}), true),
        ("details.v: [x, y]", json!({"v": "y"}), true),
        ("details.v|contains|all: [x, y]", json!({"v": "xzy"}), true),
        ("details.v|contains|all: [x, y]", json!({"v": "x"}), false),
        ("details.v: x", json!({"v": ["w", "x"]}), true),
        ("details.v: 5", json!({"v": 5}), true),
        ("details.v: 5", json!({"v": "5"}), true),
        ("details.v: ''", json!({"v": ""}), true),
        ("details.v: ''", json!({"v": null}), false),
        ("details.v: ''", json!({}), false),
    ]);
}

/// rsigma lets `*` end at a line's end, and binds `startswith` with a wildcard to the wrong end.
#[test]
fn wildcards_are_as_sigma_says() {
    check(&[
        ("details.v: a*c", json!({"v": "aXXC"}), true),
        ("details.v: a?c", json!({"v": "abc"}), true),
        ("details.v: a?c", json!({"v": "abbc"}), false),
        ("details.v: 'a*c'", json!({"v": "a\nb\nc"}), true),
        (r"details.v: a\*c", json!({"v": "a*c"}), true),
        (r"details.v: a\*c", json!({"v": "abc"}), false),
        (r"details.v: a\\*", json!({"v": r"a\b"}), true),
        (r"details.v: a\\\*c", json!({"v": r"a\*c"}), true),
        (r"details.v: a\\\*c", json!({"v": r"a\bc"}), false),
        (r"details.v: a\b", json!({"v": r"a\b"}), true),
        (r"details.v: a\\\\b", json!({"v": r"a\\b"}), true),
        ("details.v|startswith: a*c", json!({"v": "abcd"}), true),
        ("details.v|startswith: b*c", json!({"v": "abcd"}), false),
        ("details.v|endswith: b*d", json!({"v": "abcd"}), true),
        ("details.v|endswith: b*c", json!({"v": "abcd"}), false),
        ("details.v|contains: b?d", json!({"v": "abcde"}), true),
        ("details.v|neq: a*", json!({"v": "b"}), true),
        ("details.v|neq: a*", json!({"v": "abc"}), false),
        ("details.v|neq: a*", json!({}), false),
        ("details.v|cased: A*", json!({"v": "abc"}), false),
        ("details.v: [a*, 5]", json!({"v": 5}), true),
    ]);
}

/// rsigma takes null as missing for `exists`, and an empty list as never.
#[test]
fn null_missing_and_empty_differ() {
    check(&[
        ("details.v: null", json!({"v": null}), true),
        ("details.v: null", json!({}), true),
        ("details.v: null", json!({"v": ""}), false),
        ("details.v: []", json!({}), true),
        ("details.v|exists: true", json!({"v": null}), true),
        ("details.v|exists: true", json!({}), false),
        ("details.v|exists: false", json!({"v": null}), false),
        ("details.v|exists: false", json!({}), true),
        ("details.v|neq: a", json!({"v": "b"}), true),
        ("details.v|neq: [a, b]", json!({"v": "b"}), false),
        ("details.v|neq: 5", json!({"v": 6}), true),
        ("details.v|neq: a", json!({}), false),
        ("details.v|neq: null", json!({"v": "b"}), true),
        ("details.v|neq: null", json!({}), false),
    ]);
}

/// YAML 1.1 reads `off`, `no`, `on` and `yes` as truth values, YAML 1.2 as texts.
#[test]
fn either_spelling_of_a_truth_value_matches() {
    let off = [json!("off"), json!("OFF"), json!(false), json!("false")];
    let on = [json!("on"), json!(true), json!("true")];
    for (items, words, other) in [
        ("details.v: off", &off[..], &on[..]),
        ("details.v: 'off'", &off, &on),
        ("details.v: false", &off, &on),
        ("details.v: [off, other]", &off, &on),
        ("details.v: on", &on, &off),
        ("details.v: true", &on, &off),
        ("details.v: yes", &[json!("yes"), json!(true)], &off),
        ("details.v: no", &[json!("no"), json!(false)], &on),
        ("details.v|neq: off", &on, &off),
    ] {
        for value in words {
            assert!(selection(items, &json!({"v": value})), "{items} {value}");
        }
        for value in other {
            assert!(!selection(items, &json!({"v": value})), "{items} {value}");
        }
    }
    check(&[("details.v|contains: off", json!({"v": false}), false)]);
}

/// rsigma refuses `re` with `startswith` and the like.
#[test]
fn regular_expressions_find_anywhere_and_keep_case() {
    check(&[
        ("details.v|re: b.d", json!({"v": "abcde"}), true),
        ("details.v|re: B.D", json!({"v": "abcde"}), false),
        ("details.v|re|i: B.D", json!({"v": "abcde"}), true),
        ("details.v|re|s: a.b", json!({"v": "a\nb"}), true),
        ("details.v|re: a.b", json!({"v": "a\nb"}), false),
        ("details.v|re|m: ^b$", json!({"v": "a\nb"}), true),
        ("details.v|re|contains: b.d", json!({"v": "abcde"}), true),
        ("details.v|re|startswith: b", json!({"v": "abc"}), false),
        ("details.v|re|startswith: x|a", json!({"v": "abc"}), true),
        ("details.v|re|endswith: c|x", json!({"v": "abc"}), true),
        ("details.v|re|endswith: b", json!({"v": "abc"}), false),
    ]);
}

#[test]
fn numbers_networks_and_references_compare() {
    let address =
        |address: &str| json!({"event_type": "x", "context": {"client_ip_address": address}});
    for (network, client, matched) in [
        ("10.0.0.0/8", "10.1.2.3", true),
        ("10.0.0.0/8", "11.1.2.3", false),
        ("2001:db8::/32", "2001:db8:1::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("0.0.0.0/0", "192.0.2.1", true),
        ("192.0.2.1/32", "192.0.2.1", true),
    ] {
        let files = file(&format!(
            "  a: {{context.client_ip_address|cidr: '{network}'}}\n  condition: a\n"
        ));
        assert_eq!(
            fires(&files, &address(client)),
            matched,
            "{network} {client}"
        );
    }
    check(&[
        ("details.v|gt: 5", json!({"v": 6}), true),
        ("details.v|gte: 5", json!({"v": 5}), true),
        ("details.v|lt: 5", json!({"v": 5}), false),
        ("details.v|lte: 5.5", json!({"v": "5.5"}), true),
        ("details.v|gt: 5", json!({}), false),
        (
            "details.v|fieldref: details.w",
            json!({"v": "a", "w": "A"}),
            true,
        ),
        ("details.v|fieldref: details.w", json!({"v": "a"}), false),
        (
            "details.v|fieldref|endswith: details.w",
            json!({"v": "ab", "w": "B"}),
            true,
        ),
        (
            "details.v|fieldref|neq: details.w",
            json!({"v": "a", "w": "b"}),
            true,
        ),
        (
            "details.v|fieldref|neq: details.w",
            json!({"v": "a", "w": "a"}),
            false,
        ),
    ]);
}

/// rsigma takes an unknown field as different.
#[test]
fn what_is_unknown_is_not_different() {
    check(&[
        (
            "details.v|fieldref|neq: details.w",
            json!({"v": "a"}),
            false,
        ),
        (
            "details.v|fieldref|neq: details.w",
            json!({"w": "a"}),
            false,
        ),
    ]);
}

/// rsigma knows the parts of a time only for equality.
#[test]
fn parts_of_a_time_compare() {
    let event = json!({"event_type": "x", "created_at": "2026-11-28T23:59:30Z", "details": {"until": "2027-01-04T05:06:07+02:00"}});
    for (items, matched) in [
        ("created_at|hour: 23", true),
        ("created_at|hour: [1, 23]", true),
        ("created_at|minute: 59", true),
        ("created_at|day: 28", true),
        ("created_at|week: 48", true),
        ("created_at|month: 11", true),
        ("created_at|year: 2026", true),
        ("created_at|hour: 22", false),
        ("created_at|hour|gte: 22", true),
        ("created_at|hour|lt: 7", false),
        ("created_at|hour|neq: 22", true),
        ("details.until|hour: 3", true),
        ("details.until|year|gt: 2026", true),
        ("details.nothing|hour|gte: 0", false),
        ("hour|gte: 22", true),
        ("weekday: [saturday, sunday]", true),
    ] {
        let files = file(&format!("  a:\n    {items}\n  condition: a\n"));
        assert_eq!(fires(&files, &event), matched, "{items}");
    }
}

/// rsigma replaces a `-` anywhere, and never a `/`.
#[test]
fn dashes_are_replaced_where_an_option_begins() {
    check(&[
        (
            "details.v|windash|contains: ' -f'",
            json!({"v": "x /f"}),
            true,
        ),
        (
            "details.v|windash|contains: ' /f'",
            json!({"v": "x –f"}),
            true,
        ),
        (
            "details.v|windash|contains: a-b",
            json!({"v": "a/b"}),
            false,
        ),
        (
            "details.v|windash|contains|all: [' -f', ' -g']",
            json!({"v": "x /f -g"}),
            true,
        ),
        (
            "details.v|windash|contains|all: [' -f', ' -g']",
            json!({"v": "x /f"}),
            false,
        ),
    ]);
    let fault = refused("  a: {details.v|windash: '-a -b -c -d -e'}\n  condition: a\n");
    assert!(
        fault.problem.contains("`windash` with more than"),
        "{fault}"
    );
}

#[test]
fn encodings_are_known() {
    check(&[
        ("details.v|base64: abc", json!({"v": "YWJj"}), true),
        (
            "details.v|base64offset|contains: foo",
            json!({"v": "AGZvbwA="}),
            true,
        ),
        ("details.v|utf16le|base64: a", json!({"v": "YQA="}), true),
        ("details.v|wide|base64: a", json!({"v": "YQA="}), true),
        ("details.v|utf16be|base64: a", json!({"v": "AGE="}), true),
    ]);
}

/// rsigma never finds a number as a keyword, and wants all keywords in one text.
#[test]
fn keywords_look_everywhere() {
    let event = json!({"event_type": "x", "resource": {"name": "Quarterly plan"}, "details": {"a": [{"b": 4711}]}});
    for (detection, matched) in [
        ("  a: [nothing, PLAN]\n  condition: a\n", true),
        ("  a: [nothing]\n  condition: a\n", false),
        ("  a: [4711]\n  condition: a\n", true),
        ("  a: ['q*plan']\n  condition: a\n", true),
        ("  a: {'|all': [quarterly, 4711]}\n  condition: a\n", true),
        ("  a: {'|all': [quarterly, 4712]}\n  condition: a\n", false),
        (
            "  a: {'|all': [quarterly, 4711], event_type: x}\n  condition: a\n",
            true,
        ),
        (
            "  a: {'|all': [quarterly, 4711], event_type: y}\n  condition: a\n",
            false,
        ),
    ] {
        assert_eq!(fires(&file(detection), &event), matched, "{detection}");
    }
}

/// rsigma knows a `*` at one place of a pattern only, and takes `all of` nothing as true.
#[test]
fn conditions_are_as_sigma_says() {
    let event = json!({"event_type": "x"});
    let section = "  sel_a: {event_type: x}\n  sel_b: {event_type: y}\n  _hidden: {event_type: y}\n  b_sel_c: {event_type: x}\n";
    for (condition, matched) in [
        ("sel_a", true),
        ("sel_a and sel_b", false),
        ("sel_a or sel_b and sel_b", true),
        ("not sel_b and sel_a", true),
        ("not (sel_a or sel_b)", false),
        ("1 of sel_*", true),
        ("all of sel_*", false),
        ("any of *_b", false),
        ("all of *sel*", false),
        ("all of b*sel*c", true),
        ("1 of them", true),
        ("all of them", false),
        ("1 of _*", false),
    ] {
        let files = file(&format!("{section}  condition: {condition}\n"));
        assert_eq!(fires(&files, &event), matched, "{condition}");
    }
    let files = file(&format!("{section}  condition: [sel_b, sel_a]\n"));
    assert!(fires(&files, &event));
    let maps = file("  a: [{event_type: y}, {event_type: x}]\n  condition: a\n");
    assert!(fires(&maps, &event));
    for (condition, words) in [
        ("1 of filter_*", "no selection has a name like `filter_*`"),
        ("2 of sel_*", "Sigma has no `2 of`"),
        ("sel_x", "no selection is called `sel_x`"),
    ] {
        let fault = refused(&format!("{section}  condition: {condition}\n"));
        assert!(fault.problem.contains(words), "{fault}");
        assert_eq!(fault.line, Some(10), "{fault}");
    }
}

/// rsigma leaves patterns in a filter's condition as they are, which then name the rule's selections.
#[test]
fn filters_narrow_the_rules_that_they_name() {
    let rule = "  a: {event_type: [x, y]}\n  condition: 1 of them\n";
    let filter = |rules: &str, source: &str, condition: &str| {
        format!(
            "{rule}---\ntitle: own network\nlogsource: {{{source}}}\nfilter:\n  rules: {rules}\n  a: {{ip.category: corporate}}\n  b: {{ip.category: vpn}}\n  condition: {condition}\n"
        )
    };
    let event = |category: &str| json!({"event_type": "x", "ip": {"category": category}});
    for rules in ["[rule-id]", "[rule]", "any"] {
        let files = file(&filter(rules, "product: asana", "not 1 of them"));
        assert!(!fires(&files, &event("corporate")), "{rules}");
        assert!(!fires(&files, &event("vpn")), "{rules}");
        assert!(fires(&files, &event("risky")), "{rules}");
        assert!(fires(&files, &json!({"event_type": "x"})), "{rules}");
    }
    for (rules, source) in [
        ("[other]", "product: asana"),
        ("any", "product: asana, category: c"),
    ] {
        let pack = Pack::parse(&file(&filter(rules, source, "not a")));
        assert!(
            pack.errors[0].problem.contains("fits no rule"),
            "{:?}",
            pack.errors
        );
    }
}
