//! The same events give the same findings, however they are cut, previewed, and interrupted.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const COUNT: &str = "title: rule
name: a
logsource: {product: asana}
detection: {s: {event_type: a}, condition: s}
---
title: rule
name: b
logsource: {product: asana}
detection: {s: {event_type: b}, condition: s}
---
title: many
name: many
correlation: {type: event_count, rules: [a], group-by: [actor.gid], timespan: 5m, condition: {gte: 3}}
generate: true
---
title: values
name: values
correlation: {type: value_count, rules: [a], group-by: [actor.gid], timespan: 90m, condition: {field: details.v, gte: 2}}
---
title: order
drishti: {name: asana.order}
correlation: {type: temporal_ordered, rules: [many, b], group-by: [actor.gid], timespan: 2h}
";

const BOUNDS: Bounds = Bounds {
    groups: 8,
    hits: 40,
};

fn small() -> ActivityEngine {
    ActivityEngine::with_bounds(&[policy(COUNT)], BOUNDS).0
}

fn run(engine: &mut ActivityEngine, events: &[EnrichedEvent]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for event in events {
        engine.evaluate(event, &People::default(), &mut findings);
    }
    findings
}

/// What the ledger does with rows.
fn save(engine: &mut ActivityEngine, rows: &mut std::collections::BTreeMap<String, Vec<u8>>) {
    for row in engine.take_changes() {
        match row.value {
            Some(value) => rows.insert(row.key, value),
            None => rows.remove(&row.key),
        };
    }
}

fn happened() -> impl Strategy<Value = Vec<EnrichedEvent>> {
    let one = (0_u32..40, prop::bool::ANY, 0_u32..12, 0_u32..3);
    prop::collection::vec(one, 1..120).prop_map(|all| {
        let mut minute = 0;
        let items: Vec<Value> = all
            .into_iter()
            .map(|(later, b, who, value)| {
                minute += later / 10;
                json!({
                    "created_at": format!("2026-01-{:02}T{:02}:{:02}:00Z", 5 + minute / 1_440, minute / 60 % 24, minute % 60),
                    "event_type": if b { "b" } else { "a" },
                    "actor": {"gid": (who % 10).to_string()},
                    "details": {"v": value},
                })
            })
            .collect();
        events(&items)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn findings_do_not_depend_on_batches_previews_and_restarts(
        events in happened(),
        cuts in prop::collection::vec((0_usize..120, prop::bool::ANY, prop::bool::ANY), 0..6),
    ) {
        let expected = run(&mut small(), &events);
        let mut engine = small();
        let mut rows = std::collections::BTreeMap::new();
        let mut findings = Vec::new();
        let mut from = 0;
        let mut cuts = cuts;
        cuts.sort_unstable();
        for (cut, preview, restart) in cuts {
            let cut = cut.min(events.len());
            findings.extend(run(&mut engine, &events[from..cut]));
            from = cut;
            if preview {
                engine.begin_preview();
                let previewed = run(&mut engine, &events[from..]);
                prop_assert_eq!(&expected[findings.len()..], &previewed[..]);
                engine.end_preview();
            }
            save(&mut engine, &mut rows);
            if restart {
                engine = small();
                let saved = rows.iter().map(|(key, value)| StateRow {
                    key: key.clone(),
                    value: Some(value.clone()),
                });
                engine.restore(saved.collect());
            }
        }
        findings.extend(run(&mut engine, &events[from..]));
        prop_assert_eq!(findings, expected);
    }
}

#[test]
fn a_changed_rule_counts_anew_and_a_changed_text_does_not() {
    let item = |minute: u32| json!({"event_type": "a", "created_at": format!("2026-01-05T09:{minute:02}:00Z"), "actor": {"gid": "1"}, "details": {"v": minute}});
    let first = events(&[item(0), item(1)]);
    let third = events(&[item(2)]);
    for (from, to, found) in [
        ("title: values", "title: many values", 2),
        ("event_type: a", "event_type: [a, c]", 1),
        ("timespan: 90m", "timespan: 91m", 1),
    ] {
        let mut engine = engine(&[policy(COUNT)]);
        run(&mut engine, &first);
        let rows = engine.take_changes();
        let mut changed = super::engine(&[policy(&COUNT.replace(from, to))]);
        changed.restore(rows);
        // The rule itself speaks each time, the count of values from the second time on.
        assert_eq!(run(&mut changed, &third).len(), found, "{to}");
    }
}
