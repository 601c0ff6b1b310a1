use std::path::PathBuf;

use super::*;

const POLICY: &str = "title: SAML made optional
logsource: {product: asana}
detection:
  selection: {event_type: saml, details.new_value: optional}
  condition: selection
level: high
drishti:
  name: asana.saml
  mode: off
  tests:
    - {name: good, fires: true, severity: high, events: [{event_type: saml, details: {new_value: optional}}]}
    - {name: good near miss, fires: false, events: [{event_type: saml, details: {new_value: required}}]}
    - {name: silent, fires: true, events: [{event_type: saml, details: {new_value: required}}]}
    - {name: loud <&>, fires: false, events: [{event_type: saml, details: {new_value: optional}}]}
    - {name: other, fires: true, severity: low, events: [{event_type: saml, details: {new_value: optional}}]}
    - {name: broken, fires: true, events: [{}]}
";

fn report() -> TestReport {
    let files = [
        (PathBuf::from("p/saml.yml"), POLICY.to_owned()),
        (PathBuf::from("p/broken.yml"), "title: [".to_owned()),
    ];
    run_tests(&Pack::parse(&files), |policy| {
        let (engine, errors) = ActivityEngine::new(std::slice::from_ref(policy));
        errors.into_iter().next().map_or(Ok(engine), Err)
    })
}

#[test]
fn a_report_reads_like_that_of_a_test_runner() {
    let report = report();
    assert!(!report.passed());
    let text = report.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "[PASS] asana.saml: good");
    assert_eq!(lines[1], "[PASS] asana.saml: good near miss");
    assert_eq!(lines[2], "[FAIL] asana.saml: silent");
    assert_eq!(
        lines[3],
        "       p/saml.yml: must find something, but found nothing; of the last event: `selection` asks that \
         `details.new_value` is `optional`; it is `required`"
    );
    assert_eq!(
        lines[5],
        "       p/saml.yml: must find nothing, but found `SAML made optional` (high) at 2026-01-05T09:00:00+00:00: An event with \
         `event_type` `saml` and `details.new_value` `optional`."
    );
    assert!(lines[7].ends_with("must be low, but is high: `SAML made optional`"));
    assert!(lines[9].ends_with("event 1: `event_type` is missing"));
    assert!(lines[10].starts_with("[FAIL] p/broken.yml:"));
    assert_eq!(
        lines[11],
        "6 tests of 1 policies: 2 passed, 4 failed; 1 could not be tested"
    );
}

#[test]
fn programs_read_it_too() {
    let report = report();
    let xml = report.junit();
    assert!(
        xml.contains("<testsuites tests=\"6\" failures=\"4\" errors=\"1\">"),
        "{xml}"
    );
    assert!(xml.contains("<testcase classname=\"asana.saml\" name=\"good\"/>"));
    assert!(xml.contains("name=\"loud &lt;&amp;&gt;\""));
    assert_eq!(
        xml.matches("<testsuite ").count(),
        xml.matches("</testsuite>").count()
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["results"][0]["failure"], serde_json::Value::Null);
    assert_eq!(json["results"][2]["policy"], "asana.saml");
    assert_eq!(json["errors"][0]["file"], "p/broken.yml");
}

/// The policies in `docs/POLICIES.md` do what the page says, and it names every field and check.
#[test]
fn the_page_about_policies_is_true() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/POLICIES.md");
    let page = std::fs::read_to_string(path).unwrap();
    let files: Vec<(PathBuf, String)> = page
        .split("```yaml\n")
        .skip(1)
        .enumerate()
        .map(|(index, rest)| {
            let text = rest.split("```").next().unwrap_or_default();
            (PathBuf::from(format!("{index}.yml")), text.to_owned())
        })
        .collect();
    assert_eq!(files.len(), 3);
    let report = run_tests(&Pack::parse(&files), |policy| {
        let (engine, errors) = ActivityEngine::new(std::slice::from_ref(policy));
        errors.into_iter().next().map_or(Ok(engine), Err)
    });
    assert!(report.passed(), "{report}");
    for field in crate::activity::FIELDS {
        assert!(page.contains(&format!("`{field}`")), "{field}");
    }
}
