//! The shipped anomaly policies: their own tests, and what they must have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use drishti_detect::{AnomalyEngine, DETECTORS, Pack, PolicyKind, run_tests};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/anomaly")
}

/// The shipped pack.
pub(crate) fn pack() -> Pack {
    let pack = Pack::load(&folder());
    assert!(pack.errors.is_empty(), "{:?}", pack.errors);
    pack
}

#[test]
fn the_tests_of_the_pack_pass() {
    let report = run_tests(&pack(), |policy| {
        let (engine, errors) = AnomalyEngine::new(std::slice::from_ref(policy));
        errors.into_iter().next().map_or(Ok(engine), Err)
    });
    assert!(report.passed(), "{report}");
    assert!(report.results.len() > 150, "{report}");
}

#[test]
fn every_detector_has_one_policy_with_examples_and_advice() {
    let mut detectors = BTreeSet::new();
    for policy in pack().policies {
        let PolicyKind::Anomaly { detector, .. } = &policy.kind else {
            panic!("{} is no anomaly policy", policy.id);
        };
        assert_eq!(policy.id.as_str(), format!("anomaly.{detector}"));
        assert!(detectors.insert(detector.clone()), "{detector}");
        assert!(policy.tests.iter().any(|test| test.fires), "{detector}");
        assert!(policy.tests.iter().any(|test| !test.fires), "{detector}");
        assert!(!policy.runbook.is_empty() && !policy.description.is_empty());
        assert!(!policy.false_positives.is_empty() && !policy.references.is_empty());
        let is_technique = |tag: &String| tag.starts_with("attack.t");
        assert!(policy.tags.iter().any(is_technique), "{detector}");
    }
    assert_eq!(detectors, DETECTORS.map(str::to_owned).into());
}
