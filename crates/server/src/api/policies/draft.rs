use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use drishti_services::detect::{Detector, GroupingSettings, Pack, RemarkLevel, lint, run_tests};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::body::Body;
use crate::problem::{Failure, Problem};

/// A policy that is being written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyDraft {
    /// The whole file, in YAML.
    text: String,
}

/// What there is to say of a draft.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyCheck {
    /// Whether it could be put in force.
    is_valid: bool,
    /// Its stable name, where it can be read.
    #[schema(required)]
    name: Option<String>,
    /// Faults and advice.
    remarks: Vec<DraftRemark>,
    /// The examples in it, run.
    tests: Vec<DraftTest>,
}

/// Something about a draft.
#[derive(Debug, Serialize, ToSchema)]
struct DraftRemark {
    /// `error`: it can't be put in force; `warning`: it is probably not meant; `hint`.
    level: &'static str,
    /// In which line, where that is known.
    #[schema(required)]
    line: Option<usize>,
    /// What is wrong.
    problem: String,
    /// What to do.
    #[schema(required)]
    advice: Option<String>,
}

/// An example of a draft, run.
#[derive(Debug, Serialize, ToSchema)]
struct DraftTest {
    /// Its name.
    name: String,
    /// Whether it came out as the draft says.
    passed: bool,
    /// What came out instead.
    #[schema(required)]
    problem: Option<String>,
}

/// Check a policy that is being written: faults with their lines, advice, and its examples. Nothing is stored.
#[utoipa::path(
    post,
    path = "/policies/checks",
    tag = "policies",
    request_body = PolicyDraft,
    responses((status = 200, description = "What there is to say.", body = PolicyCheck), Failure<'static>)
)]
pub(crate) async fn check_policy(
    Body(draft): Body<PolicyDraft>,
) -> Result<Json<PolicyCheck>, Problem> {
    let checked = tokio::task::spawn_blocking(move || check(draft.text));
    let checked = checked.await.map_err(|error| Problem::internal(&error))?;
    Ok(Json(checked))
}

fn check(text: String) -> PolicyCheck {
    let pack = Pack::parse(&[(PathBuf::from("policy.yml"), text)]);
    let remarks = lint(&pack).into_iter().map(|remark| DraftRemark {
        level: match remark.level {
            RemarkLevel::Hint => "hint",
            RemarkLevel::Warning => "warning",
            RemarkLevel::Error => "error",
        },
        line: remark.line,
        problem: remark.text,
        advice: remark.advice,
    });
    let remarks: Vec<DraftRemark> = remarks.collect();
    let report = run_tests(&pack, |policy| {
        let policies = [Arc::clone(policy)];
        let (detector, errors) = Detector::new("draft", &policies, GroupingSettings::default());
        errors.into_iter().next().map_or(Ok(detector), Err)
    });
    let tests = report.results.into_iter().map(|result| DraftTest {
        name: result.test,
        passed: result.failure.is_none(),
        problem: result.failure,
    });
    PolicyCheck {
        is_valid: report.errors.is_empty()
            && remarks.iter().all(|remark| remark.level != "error")
            && !pack.policies.is_empty(),
        name: pack.policies.first().map(|policy| policy.id.to_string()),
        remarks,
        tests: tests.collect(),
    }
}
