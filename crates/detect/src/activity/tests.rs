mod correlations;
mod explained;
mod findings;
mod replay;

use std::path::PathBuf;
use std::sync::Arc;

use drishti_model::EnrichedEvent;
use serde_json::Value;

use super::*;
use crate::Pack;
use crate::policy::example;

/// The policy in a text.
fn policy(text: &str) -> Arc<Policy> {
    let pack = Pack::parse(&[(PathBuf::from("policy.yml"), text.to_owned())]);
    assert_eq!(pack.errors, [], "{text}");
    Arc::clone(&pack.policies[0])
}

/// What is wrong with the policy in a text.
fn fault(text: &str) -> PolicyError {
    let pack = Pack::parse(&[(PathBuf::from("policy.yml"), text.to_owned())]);
    let error = pack.errors.into_iter().next();
    error.unwrap_or_else(|| panic!("{text}"))
}

fn engine(policies: &[Arc<Policy>]) -> ActivityEngine {
    let (engine, errors) = ActivityEngine::new(policies);
    assert_eq!(errors, []);
    engine
}

fn events(items: &[Value]) -> Vec<EnrichedEvent> {
    example::events(items).unwrap()
}

/// What a policy finds at events.
fn found(text: &str, items: &[Value]) -> Vec<Finding> {
    let mut engine = engine(&[policy(text)]);
    let mut findings = Vec::new();
    for event in &events(items) {
        engine.evaluate(event, &People::default(), &mut findings);
    }
    findings
}
