use axum::Json;
use drishti_services::detect::RemarkLevel;
use drishti_services::policies::DraftCheck;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::kind;
use crate::body::Body;
use crate::problem::{Failure, Problem};

/// A policy that is being written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyDraft {
    /// The whole file, in YAML.
    pub(super) text: String,
}

/// What there is to say of a draft.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyCheck {
    /// Whether it could be put in force.
    is_valid: bool,
    /// Its stable name, where it can be read.
    #[schema(required)]
    name: Option<String>,
    /// `activity` or `anomaly`, where it can be read.
    #[schema(required)]
    kind: Option<&'static str>,
    /// Faults and advice, in the order of their lines.
    remarks: Vec<DraftRemark>,
    /// The examples in it, run.
    tests: Vec<DraftTest>,
}

/// Something about a draft.
#[derive(Debug, Serialize, ToSchema)]
struct DraftRemark {
    /// `error`: it can't be put in force; `warning`: it is probably not meant; `hint`.
    level: &'static str,
    /// What kind of remark it is, by a stable name.
    code: String,
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
    let check = DraftCheck::of(text);
    let remarks = check.remarks.iter().map(|remark| DraftRemark {
        level: match remark.level {
            RemarkLevel::Hint => "hint",
            RemarkLevel::Warning => "warning",
            RemarkLevel::Error => "error",
        },
        code: remark.code.clone(),
        line: remark.line,
        problem: remark.text.clone(),
        advice: remark.advice.clone(),
    });
    let tests = check.tests.iter().map(|result| DraftTest {
        name: result.test.clone(),
        passed: result.failure.is_none(),
        problem: result.failure.clone(),
    });
    let policy = check.policy.as_ref();
    PolicyCheck {
        is_valid: check.policy().is_ok(),
        name: policy.map(|policy| policy.id.to_string()),
        kind: policy.map(|policy| kind(policy)),
        remarks: remarks.collect(),
        tests: tests.collect(),
    }
}
