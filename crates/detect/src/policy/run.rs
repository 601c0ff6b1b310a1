//! Runs the tests in policies' files.

mod junit;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use drishti_model::EnrichedEvent;
use serde::Serialize;

use super::{Mode, Pack, Policy, PolicyError, PolicyTest, example};
use crate::{ActivityEngine, Finding, People, PolicyId, Verdict};

/// What turns events into findings. Events are given in the order of their times.
pub trait Evaluate {
    /// Adds what is found at an event to `findings`.
    fn evaluate(&mut self, event: &EnrichedEvent, people: &People, findings: &mut Vec<Finding>);

    /// Why `policy` says nothing about an event, if that can be told.
    fn explain(
        &self,
        _event: &EnrichedEvent,
        _people: &People,
        _policy: &Policy,
    ) -> Option<Verdict> {
        None
    }
}

impl Evaluate for ActivityEngine {
    fn evaluate(&mut self, event: &EnrichedEvent, people: &People, findings: &mut Vec<Finding>) {
        Self::evaluate(self, event, people, findings);
    }

    fn explain(&self, event: &EnrichedEvent, people: &People, policy: &Policy) -> Option<Verdict> {
        Some(Self::explain(self, event, people, policy))
    }
}

/// How the tests of a pack went. `Display` is for people, `Serialize` and [`TestReport::junit`] for programs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TestReport {
    /// In the order of the pack.
    pub results: Vec<TestResult>,
    /// Files and policies that could not be tested.
    pub errors: Vec<PolicyError>,
}

/// How one test went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestResult {
    /// Whose test.
    pub policy: PolicyId,
    /// In which file.
    pub file: PathBuf,
    /// Its name.
    pub test: String,
    /// Why it failed; `None`: it passed.
    pub failure: Option<String>,
}

impl TestReport {
    /// Whether everything could be read and every test passed.
    pub fn passed(&self) -> bool {
        self.errors.is_empty() && self.failures() == 0
    }

    /// How many tests failed.
    pub fn failures(&self) -> usize {
        let failed = |result: &&TestResult| result.failure.is_some();
        self.results.iter().filter(failed).count()
    }

    /// The report in the form that build servers read.
    pub fn junit(&self) -> String {
        junit::write(self)
    }
}

/// Runs every test of a pack, each with a fresh evaluator. `evaluator` makes one for a policy that is switched on.
pub fn run_tests<E: Evaluate>(
    pack: &Pack,
    mut evaluator: impl FnMut(&Arc<Policy>) -> Result<E, PolicyError>,
) -> TestReport {
    let mut report = TestReport {
        errors: pack.errors.clone(),
        ..TestReport::default()
    };
    for policy in &pack.policies {
        // What is off, only recorded or narrowed from elsewhere must find the same.
        let mut policy = Policy::clone(policy);
        policy.mode = Mode::Alert;
        policy.filters.clear();
        let policy = Arc::new(policy);
        for test in &policy.tests {
            let failure = match evaluator(&policy) {
                Ok(mut evaluator) => run(&mut evaluator, &policy, test).err(),
                Err(error) => {
                    report.errors.push(error);
                    break;
                }
            };
            report.results.push(TestResult {
                policy: policy.id.clone(),
                file: policy.file.clone(),
                test: test.name.clone(),
                failure,
            });
        }
    }
    report
}

fn run(evaluator: &mut impl Evaluate, policy: &Policy, test: &PolicyTest) -> Result<(), String> {
    let people = example::people(&test.people)?;
    let events = example::events(&test.events)?;
    let mut all = Vec::new();
    for event in &events {
        evaluator.evaluate(event, &people, &mut all);
    }
    let found: Vec<&Finding> = all
        .iter()
        .filter(|finding| finding.policy == policy.id)
        .collect();
    match (test.fires, found.last()) {
        (true, None) => Err(silence(evaluator, policy, &events, &people)),
        (false, Some(finding)) => Err(format!(
            "must find nothing, but found `{}` ({}) at {}: {}",
            finding.title,
            finding.severity,
            finding.at.to_rfc3339(),
            finding.explanation.seen,
        )),
        (true, Some(finding)) => match test.severity {
            Some(severity) if severity != finding.severity => Err(format!(
                "must be {severity}, but is {}: `{}`",
                finding.severity, finding.title,
            )),
            _ => Ok(()),
        },
        (false, None) => Ok(()),
    }
}

fn silence(
    evaluator: &impl Evaluate,
    policy: &Policy,
    events: &[EnrichedEvent],
    people: &People,
) -> String {
    let verdict = events
        .last()
        .and_then(|event| evaluator.explain(event, people, policy));
    let why = match verdict {
        Some(Verdict::Quiet(reasons)) => format!("; of the last event: {}", reasons.join("; ")),
        Some(Verdict::NotEvaluable(reason)) => format!("; of the last event: {reason}"),
        Some(Verdict::Raised(_)) | None => String::new(),
    };
    format!("must find something, but found nothing{why}")
}

impl fmt::Display for TestReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for result in &self.results {
            let word = if result.failure.is_none() {
                "PASS"
            } else {
                "FAIL"
            };
            writeln!(formatter, "[{word}] {}: {}", result.policy, result.test)?;
            if let Some(failure) = &result.failure {
                writeln!(formatter, "       {}: {failure}", result.file.display())?;
            }
        }
        for error in &self.errors {
            writeln!(formatter, "[FAIL] {error}")?;
        }
        let mut policies: Vec<&PolicyId> =
            self.results.iter().map(|result| &result.policy).collect();
        policies.dedup();
        let failures = self.failures();
        write!(
            formatter,
            "{} tests of {} policies: {} passed, {failures} failed",
            self.results.len(),
            policies.len(),
            self.results.len() - failures,
        )?;
        match self.errors.len() {
            0 => writeln!(formatter),
            errors => writeln!(formatter, "; {errors} could not be tested"),
        }
    }
}

#[cfg(test)]
mod tests;
