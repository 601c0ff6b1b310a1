use serde_json::json;

use super::*;
use crate::policy::{PolicyKind, SeverityCase};

/// Rules `a`, `b` and `c` for the event types of the same names, and a correlation.
fn text(correlation: &str) -> String {
    let rules = ["a", "b", "c"].map(|name| {
        format!(
            "title: rule {name}\nname: {name}\nlogsource: {{product: asana}}\ndetection:\n  s: {{event_type: {name}}}\n  condition: s\n---\n"
        )
    });
    rules.concat()
        + "title: many\nname: many\nlevel: high\ndrishti: {name: asana.many, title: '{count} by {actor.email}'}\ncorrelation:\n"
        + correlation
}

/// Events written as `minute type person value`; `-` is unknown.
fn happened(written: &str) -> Vec<Value> {
    written
        .split(", ")
        .map(|event| {
            let parts: Vec<&str> = event.split(' ').collect();
            let minutes: u32 = parts[0].parse().unwrap();
            let known = |place: usize| {
                let value = parts.get(place).copied().unwrap_or("x");
                (value != "-").then_some(value)
            };
            let number: Option<f64> = known(3).and_then(|value| value.parse().ok());
            json!({
                "created_at": format!("2026-01-05T{:02}:{:02}:00Z", minutes / 60, minutes % 60),
                "event_type": parts[1],
                "actor": known(2).map_or(json!({}), |who| json!({"email": who})),
                "details": {"value": number.map_or(json!(known(3)), |number| json!(number))},
            })
        })
        .collect()
}

/// At which minutes a correlation speaks, with what it counted.
fn spoken(correlation: &str, written: &str) -> Vec<(i64, f64)> {
    found(&text(correlation), &happened(written))
        .iter()
        .filter_map(|finding| {
            // Rules that are not counted speak themselves, and compare nothing.
            let value = finding.explanation.comparisons.first()?.seen;
            let minute = finding.at.timestamp().rem_euclid(86_400) / 60;
            Some((minute, value))
        })
        .collect()
}

#[test]
fn events_are_counted_for_each_group() {
    let count = "  type: event_count\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 10m\n  condition: {gte: 3}\n";
    for (written, minutes) in [
        ("1 a x, 2 a x, 3 a x", vec![(3, 3.0)]),
        ("1 a x, 2 a y, 3 a x, 4 a y", vec![]),
        (
            "1 a x, 2 a x, 3 b x, 4 a x, 5 a x",
            vec![(4, 3.0), (5, 4.0)],
        ),
        // The edge of the window belongs to it.
        ("1 a x, 2 a x, 11 a x", vec![(11, 3.0)]),
        ("1 a x, 2 a x, 12 a x", vec![]),
        // What is unknown belongs to no group.
        ("1 a -, 2 a -, 3 a -", vec![]),
        // Not cut at the hour.
        ("58 a x, 59 a x, 61 a x", vec![(61, 3.0)]),
    ] {
        assert_eq!(spoken(count, written), minutes, "{written}");
    }
    let both = count.replace("rules: [a]", "rules: [a, b]");
    assert_eq!(spoken(&both, "1 a x, 2 b x, 3 a x"), [(3, 3.0)]);
    for (condition, minutes) in [
        ("{gt: 2}", vec![3, 4]),
        ("{lt: 2}", vec![1]),
        ("{lte: 2}", vec![1, 2]),
        ("{eq: 3}", vec![3]),
        ("{neq: 3}", vec![1, 2, 4]),
        ("{gt: 1, lte: 3}", vec![2, 3]),
    ] {
        let count = count.replace("{gte: 3}", condition);
        let found: Vec<i64> = spoken(&count, "1 a x, 2 a x, 3 a x, 4 a x")
            .iter()
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(found, minutes, "{condition}");
    }
    // Nobody to group by: everything counts together.
    let together = count.replace("  group-by: [actor.email]\n", "");
    assert_eq!(spoken(&together, "1 a x, 2 a y, 3 a -"), [(3, 3.0)]);
}

#[test]
fn different_values_are_counted() {
    let count = "  type: value_count\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 10m\n  condition: {field: details.value, gte: 2}\n";
    for (written, minutes) in [
        ("1 a x p, 2 a x p, 3 a x q", vec![(3, 2.0)]),
        ("1 a x p, 2 a y q", vec![]),
        ("1 a x p, 12 a x q, 13 a x q, 14 a x p", vec![(14, 2.0)]),
        ("1 a x -, 2 a x p", vec![]),
    ] {
        assert_eq!(spoken(count, written), minutes, "{written}");
    }
    let pairs = count.replace("details.value", "[details.value, gid]");
    assert_eq!(spoken(&pairs, "1 a x p, 2 a x p"), [(2, 2.0)]);
}

/// rsigma never compares a percentile with its limit.
#[test]
fn numbers_are_added_up() {
    let correlation = |kind: &str, condition: &str| {
        format!(
            "  type: {kind}\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 10m\n  condition: {{field: details.value, {condition}}}\n"
        )
    };
    for (kind, condition, written, minutes) in [
        (
            "value_sum",
            "gte: 10",
            "1 a x 4, 2 a x 5, 3 a x 1",
            vec![(3, 10.0)],
        ),
        ("value_sum", "gte: 10", "1 a x 4, 2 a x z, 13 a x 9", vec![]),
        ("value_avg", "gt: 4", "1 a x 4, 2 a x 5", vec![(2, 4.5)]),
        (
            "value_median",
            "gte: 3",
            "1 a x 1, 2 a x 3, 3 a x 9",
            vec![(3, 3.0)],
        ),
        (
            "value_percentile",
            "percentile: 90, gt: 8",
            "1 a x 1, 2 a x 3, 3 a x 11",
            vec![(3, 9.4)],
        ),
        (
            "value_percentile",
            "percentile: 0, lte: 1",
            "1 a x 2, 2 a x 1",
            vec![(2, 1.0)],
        ),
    ] {
        let found = spoken(&correlation(kind, condition), written);
        let rounded: Vec<(i64, f64)> = found
            .iter()
            .map(|(at, value)| (*at, (value * 1e6).round() / 1e6))
            .collect();
        assert_eq!(rounded, minutes, "{kind} {condition}");
    }
}

/// rsigma takes any one of several rules for all of them, if there is no condition.
#[test]
fn rules_meet_in_time() {
    let temporal =
        "  type: temporal\n  rules: [a, b]\n  group-by: [actor.email]\n  timespan: 10m\n";
    let ordered = temporal.replace("temporal", "temporal_ordered");
    let three = ordered.replace("[a, b]", "[a, b, c]");
    let unless = format!("{temporal}  condition: a and not b\n");
    let two = temporal.replace("[a, b]", "[a, b, c]") + "  condition: {gte: 2}\n";
    let twice = ordered.replace("[a, b]", "[a, a, b]");
    for (correlation, written, minutes) in [
        (temporal, "1 a x, 2 b x", vec![2]),
        (temporal, "1 b x, 2 a x", vec![2]),
        (temporal, "1 a x, 2 a x", vec![]),
        (temporal, "1 a x, 2 b y", vec![]),
        (temporal, "1 a x, 12 b x", vec![]),
        (&ordered, "1 a x, 2 b x, 3 b x", vec![2, 3]),
        (&ordered, "1 b x, 2 a x", vec![]),
        (&ordered, "1 a x, 2 b x, 3 a x", vec![2]),
        (&three, "1 a x, 2 c x, 3 b x, 4 c x", vec![4]),
        (&three, "1 b x, 2 a x, 3 c x", vec![]),
        (&unless, "1 a x, 2 b x, 3 a x", vec![1]),
        (&two, "1 a x, 2 c x", vec![2]),
        (&twice, "1 a x, 2 b x", vec![]),
        (&twice, "1 a x, 2 a x, 3 b x", vec![3]),
    ] {
        let found: Vec<i64> = spoken(correlation, written)
            .iter()
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(found, minutes, "{correlation} {written}");
    }
}

#[test]
fn windows_may_be_cut_or_follow_sessions() {
    let count = "  type: event_count\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 10m\n  condition: {gte: 2}\n";
    let tumbling = format!("{count}  window: tumbling\n");
    let session = format!("{count}  window: session\n  gap: 2m\n");
    for (correlation, written, minutes) in [
        (&tumbling, "8 a x, 11 a x, 12 a x", vec![12]),
        (&session, "1 a x, 3 a x, 6 a x, 8 a x", vec![3, 8]),
        (
            &session,
            "1 a x, 3 a x, 5 a x, 7 a x, 9 a x, 11 a x, 13 a x",
            vec![3, 5, 7, 9, 11],
        ),
    ] {
        let found: Vec<i64> = spoken(correlation, written)
            .iter()
            .map(|(at, _)| *at)
            .collect();
        assert_eq!(found, minutes, "{correlation} {written}");
    }
}

#[test]
fn aliases_name_the_field_of_each_rule() {
    let correlation = "  type: temporal\n  rules: [a, b]\n  group-by: [who]\n  timespan: 10m\n  aliases:\n    who: {a: actor.email, b: details.value}\n";
    let found = found(&text(correlation), &happened("1 a x, 2 b other x"));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].explanation.seen.contains("`who` `x`"),
        "{}",
        found[0].explanation.seen
    );
}

#[test]
fn correlations_feed_correlations() {
    let chain = text("  type: event_count\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 10m\n  condition: {gte: 2}\n")
        .replace("drishti: {name: asana.many, title: '{count} by {actor.email}'}\n", "")
        + "---\ntitle: then\ndrishti: {name: asana.then}\nlevel: critical\ncorrelation:\n  type: temporal_ordered\n  rules: [many, b]\n  group-by: [actor.email]\n  timespan: 1h\n";
    let at = |written: &str| -> Vec<i64> {
        found(&chain, &happened(written))
            .iter()
            .map(|finding| finding.at.timestamp() / 60 % 60)
            .collect()
    };
    assert_eq!(at("1 a x, 2 a x, 3 b x"), [3]);
    assert_eq!(at("1 a x, 3 b x"), Vec::<i64>::new());
    assert_eq!(at("1 b x, 2 a x, 3 a x"), Vec::<i64>::new());
}

#[test]
fn rules_speak_themselves_only_if_asked_or_not_counted() {
    let count = "  type: event_count\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 10m\n  condition: {gte: 2}\n";
    let titles = |text: &str| -> Vec<String> {
        found(text, &happened("1 a x, 2 a x, 3 b x"))
            .into_iter()
            .map(|finding| finding.severity.to_string())
            .collect()
    };
    assert_eq!(titles(&text(count)), ["high", "high"]);
    let generated = text(count) + "generate: true\n";
    assert_eq!(titles(&generated), ["high", "high", "high", "high"]);
    let leveled = generated.replace("name: a\n", "name: a\nlevel: low\n");
    assert_eq!(titles(&leveled), ["low", "low", "high", "high"]);
}

#[test]
fn a_finding_names_the_events_that_it_rests_on() {
    let count = "  type: event_count\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 1d\n  condition: {gte: 3}\n";
    let finding = found(&text(count), &happened("1 a x, 2 a y, 3 a x, 64 a x")).remove(0);
    let gids: Vec<&str> = finding
        .events
        .iter()
        .map(|event| event.gid.as_str())
        .collect();
    assert_eq!(gids, ["1", "3", "4"]);
    assert_eq!(finding.events[2].created_at, finding.at);
    assert_eq!(finding.title, "3 by x");
    assert_eq!(
        finding.explanation.expected,
        "Not at least 3 events within 1 day of the same `actor.email`, counting events in which `event_type` is `a`."
    );
    assert_eq!(
        finding.explanation.seen,
        "3 events within 1 day for `actor.email` `x`, the last of them an event with `event_type` `a`."
    );
    assert_eq!(
        finding.explanation.comparisons[0].what,
        "events within 1 day"
    );
    let many: Vec<String> = (0..300).map(|minute| format!("{minute} a x")).collect();
    let last = found(&text(count), &happened(&many.join(", ")))
        .pop()
        .unwrap();
    let gids: Vec<&str> = last.events.iter().map(|event| event.gid.as_str()).collect();
    assert_eq!(gids.len(), FINDING_EVENTS_MAX);
    assert_eq!((gids[0], gids[1], gids[99]), ("1", "202", "300"));
}

#[test]
fn severities_may_look_at_the_count() {
    let count = "  type: event_count\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 1d\n  condition: {gte: 2}\n";
    let text = text(count).replace(
        "drishti: {",
        "drishti: {severities: [{when: {count|gte: 3}, level: critical}], ",
    );
    let PolicyKind::Activity(activity) = &policy(&text).kind else {
        panic!()
    };
    assert!(matches!(
        activity.severities[..],
        [SeverityCase { when: Some(_), .. }]
    ));
    let severities: Vec<String> = found(&text, &happened("1 a x, 2 a x, 3 a x"))
        .iter()
        .map(|finding| finding.severity.to_string())
        .collect();
    assert_eq!(severities, ["high", "critical"]);
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let count = "  type: event_count\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 10m\n  condition: {gte: 2}\n";
    let many: Vec<&str> = vec!["a"; 51];
    for (from, to, words) in [
        ("[a]", "[missing]", "the file has no rule `missing`"),
        ("[a]", "[many]", "wait for each other"),
        ("  rules: [a]\n", "", "needs `rules`"),
        (
            "rules: [a]",
            &format!("rules: [{}]", many.join(", ")),
            "more than 50 rules",
        ),
        ("event_count", "value_count", "needs `field`"),
        ("event_count", "every_count", "Unknown correlation type"),
        ("gte: 2", "gte: 10001", "counts more than 10000"),
        ("{gte: 2}", "{}", "must have an operator"),
        ("timespan: 10m", "timespan: 10x", "invalid timespan"),
        (
            "timespan: 10m",
            "timespan: 0s",
            "looks back more than nothing",
        ),
        ("timespan: 10m", "timespan: 32d", "at most 31 days"),
        (
            "event_count",
            "temporal\n  condition: a and d",
            "stands twice",
        ),
    ] {
        let error = fault(&text(&count.replace(from, to)));
        assert!(error.problem.contains(words), "{to}: {error}");
        assert!(error.line.is_some(), "{to}: {error}");
    }
    let temporal =
        "  type: temporal\n  rules: [a, b]\n  group-by: [actor.email]\n  timespan: 10m\n";
    for (condition, words) in [
        ("a and d", "`d` is not among"),
        ("1 of them", "cannot stand"),
    ] {
        let error = fault(&text(&format!("{temporal}  condition: {condition}\n")));
        assert!(error.problem.contains(words), "{error}");
    }
    let twins = text(count) + "---\ntitle: other\nname: many\ncorrelation:\n" + count;
    assert!(
        fault(&twins)
            .problem
            .contains("two correlations are called `many`")
    );
}

#[test]
fn a_group_remembers_a_bounded_number_of_events() {
    let count = "  type: event_count\n  rules: [a]\n  group-by: [actor.email]\n  timespan: 1d\n  condition: {gte: 2}\n";
    let repeated = json!({"event_type": "a", "actor": {"email": "x"}, "repeat": {"times": 1_200, "every": "1s"}});
    let last = found(&text(count), &[repeated]).pop().unwrap();
    assert_eq!(last.title, "1000 or more by x");
}
