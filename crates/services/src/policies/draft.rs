//! Policies that are being written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use drishti_detect::{
    Detector, GroupingSettings, Pack, Policy, PolicyError, Remark, RemarkLevel, TestResult, lint,
    run_tests,
};

use serde_json::Value;

use crate::ServiceError;

/// What a text is called that has no file. A policy that gives itself no name is called after it, and so after nothing.
const FILE: &str = "unnamed.yml";
const NAMELESS: &str = "sigma.unnamed";

/// Most events of all tests of a policy that is checked here, repetitions counted: some seconds of work.
const DRAFT_EVENTS_MAX: u64 = 100_000;

/// Names that addresses of the API and of the web app have: a policy that is called so could not be reached.
const RESERVED: [&str; 5] = ["checks", "counts", "new", "previews", "vocabulary"];

/// What there is to say of a text that is to be a policy.
#[derive(Clone, Debug, Default)]
pub struct DraftCheck {
    /// The policy, where it can be read.
    pub policy: Option<Arc<Policy>>,
    /// Faults and advice, in the order of their lines.
    pub remarks: Vec<Remark>,
    /// The examples in it, run.
    pub tests: Vec<TestResult>,
}

impl DraftCheck {
    /// Looks through `text` and runs its examples: some milliseconds of work, or seconds where it has hundreds of events.
    pub fn of(text: String) -> Self {
        let pack = Pack::parse(&[(PathBuf::from(FILE), text)]);
        let policy = pack.policies.first().cloned();
        if let Some(policy) = &policy
            && let Some(error) = too_many_events(policy)
        {
            return Self {
                remarks: vec![remark(error)],
                tests: Vec::new(),
                policy: Some(Arc::clone(policy)),
            };
        }
        let mut remarks = lint(&pack);
        if let Some(policy) = &policy {
            remarks.extend(badly_named(policy).map(remark));
            let (_, faults) = detector(policy);
            remarks.extend(faults.into_iter().map(remark));
        }
        if !pack.filters.is_empty() {
            let error = PolicyError::new(Path::new(FILE), "filters alone are no policy");
            let advice =
                "keep them in a file of their own in the folder of policies (`docs/POLICIES.md`)";
            remarks.push(remark(error.advise(advice)));
        }
        remarks.sort_by_key(|remark| remark.line);
        let report = run_tests(&pack, |policy| {
            let (detector, faults) = detector(policy);
            faults.into_iter().next().map_or(Ok(detector), Err)
        });
        Self {
            policy,
            remarks,
            tests: report.results,
        }
    }

    /// The policy, if it could be put in force: it can be read, and no remark is an error.
    pub fn policy(&self) -> Result<&Arc<Policy>, ServiceError> {
        let mut errors = self.remarks.iter();
        let error = errors.find(|remark| remark.level == RemarkLevel::Error);
        match (&self.policy, error) {
            (Some(policy), None) => Ok(policy),
            (_, error) => Err(ServiceError::InvalidPolicy {
                line: error.and_then(|remark| remark.line),
                problem: error
                    .map_or("there is no policy in it", |remark| &remark.text)
                    .to_owned(),
                advice: error
                    .and_then(|remark| remark.advice.clone())
                    .unwrap_or_default(),
            }),
        }
    }
}

fn detector(policy: &Arc<Policy>) -> (Detector, Vec<PolicyError>) {
    let policies = [Arc::clone(policy)];
    Detector::new("draft", &policies, GroupingSettings::default())
}

/// Events that are repeated are made one by one, so they are counted before.
fn too_many_events(policy: &Policy) -> Option<PolicyError> {
    let times = |event: &Value| event.pointer("/repeat/times").and_then(Value::as_u64);
    let events = policy.tests.iter().flat_map(|test| &test.events);
    let count = events.fold(0, |count: u64, event| {
        count.saturating_add(times(event).unwrap_or(1))
    });
    (count > DRAFT_EVENTS_MAX).then(|| {
        let problem = format!(
            "its tests have {count} events together, at most {DRAFT_EVENTS_MAX} are tried here"
        );
        let error = PolicyError::in_policy(policy, &["drishti", "tests"], problem);
        error.advise("repeat events less often, or keep the policy in a file")
    })
}

fn badly_named(policy: &Policy) -> Option<PolicyError> {
    let name = policy.id.as_str();
    if name == NAMELESS {
        let error = PolicyError::in_policy(policy, &["drishti"], "the policy has no name");
        let advice = "write one under `drishti`, such as `name: own.exports_at_night`";
        return Some(error.advise(advice));
    }
    RESERVED.contains(&name).then(|| {
        let problem = format!("no policy can be called `{name}`");
        let error = PolicyError::in_policy(policy, &["drishti", "name"], problem);
        error.advise(format!("call it `own.{name}`"))
    })
}

fn remark(error: PolicyError) -> Remark {
    Remark {
        file: error.file,
        line: error.line,
        level: RemarkLevel::Error,
        code: "unusable".to_owned(),
        text: error.problem,
        advice: error.advice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(times: u64) -> DraftCheck {
        DraftCheck::of(format!(
            "title: Exports\nlogsource: {{product: asana}}\ndetection:\n  export: {{event_type: workspace_export_started}}\n  \
             condition: export\ndrishti:\n  name: own.exports\n  tests:\n    - name: one\n      fires: false\n      events:\n        \
             - {{event_type: user_login_succeeded, repeat: {{times: {times}}}}}\n"
        ))
    }

    #[test]
    fn filters_alone_are_no_policy() {
        let text = "title: Our robot\nlogsource: {product: asana}\nfilter:\n  rules: [any_rule]\n  robot: {actor.email: robot@example.com}\n  condition: not robot\n";
        let refused = DraftCheck::of(text.to_owned()).policy().unwrap_err();
        assert!(refused.to_string().contains("filters alone"), "{refused}");
    }

    #[test]
    fn events_beyond_the_budget_are_not_tried() {
        let refused = draft(DRAFT_EVENTS_MAX + 1);
        assert!(refused.tests.is_empty());
        let error = refused.policy().unwrap_err().to_string();
        assert!(error.contains("100001 events"), "{error}");
        assert_eq!(draft(5).tests.len(), 1);
    }
}
