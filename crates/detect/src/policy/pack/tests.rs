use chrono::TimeDelta;
use drishti_model::Severity;
use serde_json::json;

use super::*;
use crate::policy::frame::{SEVERITY_CASES_MAX, TESTS_MAX};
use crate::{AfterResolution, Mode, PolicyKind, Subject};

const RULE: &str = "title: SAML made optional
id: 3f1c5b58-4a4e-4c9f-9f5b-0f6a0c7e0a01
level: high
logsource: {product: asana}
detection:
  selection: {event_type: workspace_saml_settings_changed}
  condition: selection
";

const WHOLE: &str = "title: SAML made optional
id: 3f1c5b58-4a4e-4c9f-9f5b-0f6a0c7e0a02
status: stable
description: Anybody with a password gets in.
references: [https://example.com/saml]
date: 2026-11-25
tags: [attack.persistence, attack.t1556]
our_own_key: accepted
logsource: {product: asana, service: audit}
detection:
  selection: {event_type: workspace_saml_settings_changed}
  condition: selection
falsepositives: [Planned change]
level: high
drishti:
  name: asana.saml_made_optional
  mode: record
  title: '{actor.email} made SAML sign-in optional'
  subject: organisation
  group_by: [resource.gid]
  window: 2h
  threshold: 3
  after_resolution: open_anew
  severities:
    - when: {details.new_value: [off, false]}
      level: critical
    - level: none
  scope:
    include: {roles: [admin]}
    exclude: {people: [ada@example.com], groups: [on call]}
  runbook: |
    Ask who did it.
  tests:
    - name: required to optional
      fires: true
      severity: high
      people: [{gid: '1', role: admin}]
      events: [{event_type: workspace_saml_settings_changed}]
    - {name: near, fires: false, events: [{event_type: x}]}
";

fn parse(texts: &[&str]) -> Pack {
    let files: Vec<(PathBuf, String)> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| (PathBuf::from(format!("{index}.yml")), (*text).to_owned()))
        .collect();
    Pack::parse(&files)
}

fn refused(text: &str) -> PolicyError {
    let pack = parse(&[text]);
    assert!(pack.policies.is_empty(), "{text}");
    pack.errors.into_iter().next().unwrap()
}

#[test]
fn every_key_is_read() {
    let pack = parse(&[WHOLE]);
    assert_eq!(pack.errors, []);
    let policy = &pack.policies[0];
    assert_eq!(policy.id.as_str(), "asana.saml_made_optional");
    assert_eq!(policy.severity, Severity::High);
    assert_eq!(policy.mode, Mode::Record);
    assert_eq!(policy.tags, ["attack.persistence", "attack.t1556"]);
    assert_eq!(policy.false_positives, ["Planned change"]);
    assert_eq!(policy.runbook, "Ask who did it.\n");
    assert_eq!(policy.scope.include.roles, ["admin"]);
    assert_eq!(policy.scope.exclude.groups, ["on call"]);
    assert_eq!(policy.grouping.window, TimeDelta::hours(2));
    assert_eq!(policy.grouping.threshold, 3);
    assert_eq!(policy.grouping.after_resolution, AfterResolution::OpenAnew);
    let PolicyKind::Activity(activity) = &policy.kind else {
        panic!("{:?}", policy.kind)
    };
    assert_eq!(activity.subject, Subject::Organisation);
    assert_eq!(activity.group_by, ["resource.gid"]);
    assert_eq!(
        activity.severities[0].when,
        Some(json!({"details.new_value": ["off", false]}))
    );
    assert_eq!(activity.severities[0].severity, Some(Severity::Critical));
    assert_eq!(activity.severities[1].severity, None);
    assert_eq!(policy.tests.len(), 2);
    assert_eq!(policy.tests[0].severity, Some(Severity::High));
    assert_eq!(
        policy.tests[0].people,
        [json!({"gid": "1", "role": "admin"})]
    );
}

#[test]
fn a_plain_sigma_rule_is_a_policy() {
    let pack = parse(&[RULE]);
    assert_eq!(pack.errors, []);
    let policy = &pack.policies[0];
    assert_eq!(
        policy.id.as_str(),
        "sigma.3f1c5b58-4a4e-4c9f-9f5b-0f6a0c7e0a01"
    );
    assert_eq!(policy.mode, Mode::Alert);
}

#[test]
fn a_detector_has_parameters_and_no_detection() {
    let pack = parse(&["title: Travel
drishti:
  name: anomaly.impossible_travel
  detector: impossible_travel
  parameters: {learning_days: 7}
"]);
    assert_eq!(pack.errors, []);
    let PolicyKind::Anomaly {
        detector,
        parameters,
    } = &pack.policies[0].kind
    else {
        panic!()
    };
    assert_eq!(detector, "impossible_travel");
    assert_eq!(parameters.get("learning_days"), Some(&json!(7)));
}

/// Under `drishti:`, which is line 8: what is wrong, on which line, and what is said.
const FAULTS: [(&str, usize, &str, &str); 16] = [
    (
        "  nmae: a.b\n",
        9,
        "unknown key `nmae`",
        "did you mean `name`?",
    ),
    (
        "  scope:\n    inclde: {}\n",
        10,
        "unknown key `inclde` under `drishti.scope`",
        "`include`",
    ),
    (
        "  scope: {include: {teams: []}}\n",
        9,
        "unknown key `teams`",
        "known are people",
    ),
    (
        "  scope: {include: {roles: [boss]}}\n",
        9,
        "no role",
        "use admin",
    ),
    ("  name: Not Good\n", 9, "is no name", ""),
    ("  name: 'x'\n  window: soon\n", 10, "is no time", ""),
    ("  threshold: 0\n", 9, "at least 1", ""),
    ("  threshold: many\n", 9, "`threshold`: ", ""),
    ("  mode: loud\n", 9, "`mode`: ", ""),
    (
        "  severities:\n    - level: high\n    - {when: {a: b}, level: hgih}\n",
        11,
        "no severity",
        "",
    ),
    (
        "  severities:\n    - when: {a: b}\n",
        10,
        "`level` is missing",
        "",
    ),
    (
        "  tests:\n    - name: x\n      fires: true\n",
        10,
        "needs `events`",
        "",
    ),
    (
        "  tests:\n    - name: x\n      events: [{}]\n",
        10,
        "`fires` is missing",
        "",
    ),
    (
        "  detector: x\n",
        9,
        "either a `detection` or a `detector`",
        "",
    ),
    ("  parameters: {}\n", 9, "`parameters` are for", ""),
    (
        "  name: x\n---\ntitle: b\ndrishti: {}\n",
        11,
        "two documents",
        "keep one",
    ),
];

fn check_fault(text: &str, line: usize, problem: &str, advice: &str) {
    let error = refused(text);
    assert!(error.problem.contains(problem), "{text}\n{error}");
    assert_eq!(error.line, Some(line), "{text}\n{error}");
    let advised = error.advice.as_deref().unwrap_or_default();
    assert!(advised.contains(advice), "{error}");
    assert!(
        error.to_string().starts_with(&format!("0.yml:{line}: ")),
        "{error}"
    );
}

#[test]
fn faults_have_a_line_and_advice() {
    for (drishti, line, problem, advice) in FAULTS {
        check_fault(&format!("{RULE}drishti:\n{drishti}"), line, problem, advice);
    }
    for (text, line, problem, advice) in [
        (RULE.replace("high", "severe"), 3, "no severity", ""),
        (
            "title: a\nid: 1\n".to_owned(),
            1,
            "nothing is looked for",
            "write a Sigma detection",
        ),
        (
            "level: low\ndetection: {}\n".to_owned(),
            1,
            "`title` is missing",
            "",
        ),
        (
            "title: [\n".to_owned(),
            2,
            "not readable as YAML",
            "indentation",
        ),
        (
            "title: a\ndrishti: {detector: x, subject: app}\n".to_owned(),
            2,
            "`subject` is for",
            "",
        ),
    ] {
        check_fault(&text, line, problem, advice);
    }
}

#[test]
fn names_and_ids_are_taken_once() {
    let other = WHOLE.replace("0a02", "0a03");
    let third = WHOLE.replace("saml_made_optional", "other");
    let pack = parse(&[WHOLE, &other, &third, RULE]);
    assert_eq!(pack.policies.len(), 2);
    let problems: Vec<&str> = pack
        .errors
        .iter()
        .map(|error| error.problem.as_str())
        .collect();
    assert_eq!(
        problems,
        [
            "the name `asana.saml_made_optional` is already taken by 0.yml",
            "the id `3f1c5b58-4a4e-4c9f-9f5b-0f6a0c7e0a02` is already taken by 0.yml"
        ]
    );
}

#[test]
fn bounds_are_kept() {
    let large = format!("{RULE}# {}", "x".repeat(POLICY_FILE_BYTES_MAX));
    assert!(refused(&large).problem.contains("larger than"));
    let many = "    - {name: x, fires: true, events: [{}]}\n".repeat(TESTS_MAX + 1);
    assert!(
        refused(&format!("{RULE}drishti:\n  tests:\n{many}"))
            .problem
            .contains("tests")
    );
    let case = "    - level: low\n".repeat(SEVERITY_CASES_MAX + 1);
    let text = format!("{RULE}drishti:\n  severities:\n{case}");
    assert!(refused(&text).problem.contains("severities"));
    let texts: Vec<(PathBuf, String)> = (0..=POLICIES_MAX)
        .map(|index| {
            let text = format!("title: a\ndrishti: {{name: x{index}, detector: d}}\n");
            (PathBuf::from("x.yml"), text)
        })
        .collect();
    let pack = Pack::parse(&texts);
    assert_eq!((pack.policies.len(), pack.errors.len()), (POLICIES_MAX, 1));
}

#[test]
fn a_folder_is_read_in_the_order_of_its_paths() {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("b/two.yaml", RULE);
    put("a/one.yml", WHOLE);
    put("a/broken.yml", "title: [");
    put("a/readme.md", "nothing");
    fs::write(folder.path().join("a/latin.yml"), [0x74, 0xff]).unwrap();
    let pack = Pack::load(folder.path());
    let names: Vec<&str> = pack
        .policies
        .iter()
        .map(|policy| policy.id.as_str())
        .collect();
    assert_eq!(names.len(), 2);
    assert_eq!(names[0], "asana.saml_made_optional");
    let problems: Vec<&str> = pack
        .errors
        .iter()
        .map(|error| error.problem.as_str())
        .collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("reading the file"));
    assert!(problems[1].starts_with("not readable as YAML"));
    let missing = Pack::load(&folder.path().join("missing"));
    assert!(missing.errors[0].problem.starts_with("listing the folder"));
}

mod damaged {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::lint;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// A damaged file is a policy or an error, and nothing worse.
        #[test]
        fn no_text_stops_the_pack(
            cuts in prop::collection::vec((0_usize..2_000, 0_usize..40, "[ -~\n]{0,6}"), 1..4),
        ) {
            let mut text: Vec<char> = WHOLE.chars().collect();
            for (from, length, put) in cuts {
                let from = from.min(text.len());
                let to = (from + length).min(text.len());
                text.splice(from..to, put.chars());
            }
            let text: String = text.into_iter().collect();
            let pack = parse(&[&text, RULE]);
            prop_assert_eq!(pack.policies.len() + pack.errors.len(), 2);
            lint(&pack);
        }
    }
}
