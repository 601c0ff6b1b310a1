//! The shipped activity policies: their own tests, what they must have, and the table of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use drishti_detect::{ActivityEngine, Mode, Pack, Policy, PolicyKind, PolicyTest, lint, run_tests};
use drishti_model::Severity;

/// Where everything that is shipped lies.
fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

fn pack() -> Pack {
    let pack = Pack::load(&shipped("policies/asana"));
    assert!(pack.errors.is_empty(), "{:?}", pack.errors);
    pack
}

#[test]
fn every_shipped_file_is_read() {
    let pack = Pack::load(&shipped("policies"));
    assert!(pack.errors.is_empty(), "{:?}", pack.errors);
    assert!(pack.policies.len() > 110, "{}", pack.policies.len());
    let (_, errors) = ActivityEngine::new(&pack.policies);
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn the_tests_of_the_pack_pass() {
    let report = run_tests(&pack(), |policy| {
        let (engine, errors) = ActivityEngine::new(std::slice::from_ref(policy));
        errors.into_iter().next().map_or(Ok(engine), Err)
    });
    assert!(report.passed(), "{report}");
    assert!(report.results.len() > 350, "{}", report.results.len());
}

#[test]
fn there_is_nothing_to_remark() {
    let remarks = lint(&pack());
    assert!(remarks.is_empty(), "{remarks:?}");
}

#[test]
fn every_policy_is_named_explained_and_tested_both_ways() {
    for policy in &pack().policies {
        let id = policy.id.as_str();
        let stem = policy.file.file_stem().unwrap().to_str().unwrap();
        assert_eq!(id, format!("asana.{stem}"));
        let PolicyKind::Activity(activity) = &policy.kind else {
            panic!("{id} is no activity policy");
        };
        assert!(activity.alert_title.contains('{'), "{id}: nobody is named");
        assert!(policy.tests.iter().any(|test| test.fires), "{id}");
        assert!(policy.tests.iter().any(|test| !test.fires), "{id}");
        for severity in severities(policy) {
            let shows = |test: &PolicyTest| test.severity == Some(severity);
            assert!(
                policy.tests.iter().any(shows),
                "{id}: no test is {severity}"
            );
        }
        assert!(!policy.runbook.is_empty(), "{id}");
        assert!(!policy.description.is_empty(), "{id}");
        assert!(!policy.false_positives.is_empty(), "{id}");
        assert!(!policy.references.is_empty(), "{id}");
        let technique = policy.tags.iter().any(|tag| tag.starts_with("attack.t"));
        assert!(technique || policy.mode == Mode::Record, "{id}");
    }
}

#[test]
fn ids_are_random_and_there_is_one_for_each_document() {
    for policy in pack().policies {
        let documents = policy.text.split("\n---\n");
        for document in documents {
            let id = document.lines().find_map(|line| line.strip_prefix("id: "));
            let id = id.unwrap_or_else(|| panic!("{} has a document without id", policy.id));
            let parts: Vec<&str> = id.split('-').collect();
            let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{}: {id}", policy.id);
            assert!(parts[2].starts_with('4'), "{}: {id}", policy.id);
        }
    }
}

/// Columns of a row in `docs/PACK.md` after the name: mode and severity.
fn rows(table: &str) -> BTreeMap<&str, (&str, &str)> {
    table
        .lines()
        .filter_map(|line| {
            let (_, rest) = line.split_once("`asana.")?;
            let (name, rest) = rest.split_once("` |")?;
            let mut columns = rest.split('|').map(str::trim);
            Some((name, (columns.next()?, columns.next()?)))
        })
        .collect()
}

/// How bad a match can be.
fn severities(policy: &Policy) -> BTreeSet<Severity> {
    let PolicyKind::Activity(activity) = &policy.kind else {
        return BTreeSet::new();
    };
    let cases = &activity.severities;
    let usual = cases.iter().all(|case| case.when.is_some());
    let cases = cases.iter().filter_map(|case| case.severity);
    cases.chain(usual.then_some(policy.severity)).collect()
}

fn mode(policy: &Policy) -> &'static str {
    match policy.mode {
        Mode::Alert => "alert",
        Mode::Record => "record",
        Mode::Off => "off",
    }
}

#[test]
fn the_table_in_the_documentation_is_the_pack() {
    let table = fs::read_to_string(shipped("docs/PACK.md")).unwrap();
    let rows = rows(&table);
    let pack = pack();
    for policy in &pack.policies {
        let name = policy.id.as_str().trim_start_matches("asana.");
        let (told, severity) = rows
            .get(name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(*told, mode(policy), "{name}");
        let severities = severities(policy);
        let (least, most) = (severities.first().unwrap(), severities.last().unwrap());
        let expected = if least == most {
            least.to_string()
        } else {
            format!("{least} to {most}")
        };
        assert_eq!(*severity, expected, "{name}");
    }
    assert_eq!(rows.len(), pack.policies.len(), "{:?}", rows.keys());
}
