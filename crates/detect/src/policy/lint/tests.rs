use std::path::PathBuf;

use super::*;

const GOOD: &str = "title: SAML made optional
id: 3f1c5b58-4a4e-4c9f-9f5b-0f6a0c7e0a01
status: stable
description: Anybody with a password gets in.
date: 2026-11-25
tags: [attack.persistence, attack.t1556]
logsource: {product: asana, service: audit}
detection:
  selection:
    event_type: workspace_saml_settings_changed
    details.new_value: optional
  office:
    ip.category: corporate
    ip.country|exists: true
  known:
    ip.category|exists: true
  country:
    ip.country|exists: true
  condition: selection and known and country and not office
falsepositives: [Planned change of the provider]
level: high
drishti:
  name: asana.saml
  title: '{actor.email} made SAML optional'
  group_by: [details.anything]
  severities:
    - when: {details.new_value: optional}
      level: low
  runbook: Ask.
  tests:
    - {name: fires, fires: true, events: [{event_type: x}]}
    - {name: misses, fires: false, events: [{event_type: x}]}
";

fn remarks(text: &str) -> Vec<Remark> {
    lint(&Pack::parse(&[(PathBuf::from("p.yml"), text.to_owned())]))
}

#[test]
fn a_good_policy_gets_no_remark() {
    assert_eq!(remarks(GOOD), []);
    let anomaly = "title: Impossible travel
id: 3f1c5b58-4a4e-4c9f-9f5b-0f6a0c7e0a02
status: stable
description: Two places too far apart.
date: 2026-11-25
tags: [attack.t1078]
level: medium
drishti:
  name: anomaly.impossible_travel
  detector: impossible_travel
  runbook: Ask.
  tests:
    - {name: fires, fires: true, events: [{event_type: x}]}
    - {name: misses, fires: false, events: [{event_type: x}]}
";
    assert_eq!(remarks(anomaly), []);
}

/// What is replaced by what, and the remark that follows.
const CASES: [(&str, &str, &str, usize, &str); 16] = [
    (
        "title: SAML",
        "title: [",
        "unreadable",
        2,
        "not readable as YAML",
    ),
    (
        "  runbook: Ask.\n",
        "",
        "no_runbook",
        22,
        "`drishti.runbook`",
    ),
    (", attack.t1556", "", "no_technique", 6, "attack.t1078"),
    (
        "fires: true",
        "fires: false",
        "no_firing_test",
        30,
        "drishti.tests",
    ),
    (
        "fires: false",
        "fires: true",
        "no_near_miss",
        30,
        "drishti.tests",
    ),
    (
        "events: [{event_type: x}]",
        "events: [{event: x}]",
        "unreadable_test",
        30,
        "`event_type` is missing",
    ),
    (
        "workspace_saml_settings_changed",
        "workspace_saml_setting_changed",
        "unknown_event_type",
        10,
        "did you mean `workspace_saml_settings_changed`?",
    ),
    (
        "details.new_value: optional",
        "detail.new_value: optional",
        "unknown_field",
        11,
        "`detail.new_value`",
    ),
    (
        "{actor.email}",
        "{actor.mail}",
        "unknown_field",
        24,
        "did you mean `actor.email`?",
    ),
    (
        "[details.anything]",
        "[actor.emails]",
        "unknown_field",
        25,
        "did you mean `actor.email`?",
    ),
    (
        "      level: low\n",
        "      level: low\n    - when: {details.new_value: optional}\n      level: high\n",
        "unreachable_severity",
        26,
        "severity 2",
    ),
    (
        "selection and known",
        "selection",
        "unused_selection",
        15,
        "`known`",
    ),
    (
        "known and country and ",
        "not known and country and ",
        "unknown_passes",
        13,
        "`ip.category|neq`",
    ),
    (
        "details.new_value: optional",
        "details.new_value: '%admins%'",
        "placeholder",
        11,
        "looks like a placeholder",
    ),
    (
        "status: stable",
        "status: stabel",
        "invalid_status",
        3,
        "stabel",
    ),
    (
        "date: 2026-11-25",
        "date: 25.11.2026",
        "invalid_date",
        5,
        "",
    ),
];

#[test]
fn every_check_speaks_at_its_line() {
    for (from, to, code, line, words) in CASES {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let remarks = remarks(&text);
        let found = remarks
            .iter()
            .find(|remark| remark.code == code)
            .unwrap_or_else(|| panic!("{code}: {remarks:?}"));
        assert_eq!(found.line, Some(line), "{found}");
        assert!(found.to_string().contains(words), "{found}");
    }
}

#[test]
fn later_documents_keep_their_lines() {
    let second = "---
title: second
status: stabel
logsource: {product: asana}
detection:
  a: {event_type: task_deleted}
  condition: a
";
    let text = [GOOD, second].concat();
    let remarks = remarks(&text);
    let found = remarks
        .iter()
        .find(|remark| remark.code == "invalid_status")
        .unwrap();
    let line = text
        .lines()
        .position(|line| line == "status: stabel")
        .unwrap()
        + 1;
    assert_eq!(found.line, Some(line));
    assert_eq!(found.level, RemarkLevel::Error);
}
