use axum::Json;
use axum::extract::State;
use drishti_services::Services;
use drishti_services::doctor::Finding;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::parameters::Parameters;
use crate::problem::{Failure, Problem};

/// How far to look.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DoctorParameters {
    /// Whether Asana is asked, too, what the tokens of the sources may do.
    #[serde(default)]
    asks_asana: bool,
}

/// What was looked at, and what was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
struct CheckShown {
    /// What was looked at.
    check: String,
    /// Whether it is as it should be.
    is_ok: bool,
    /// What was found.
    found: String,
    /// What to do; empty where nothing needs doing.
    advice: String,
}

impl From<Finding> for CheckShown {
    fn from(finding: Finding) -> Self {
        Self {
            check: finding.check,
            is_ok: finding.ok,
            found: finding.found,
            advice: finding.advice,
        }
    }
}

/// What an owner should look at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Findings {
    /// In the order in which it was looked at.
    findings: Vec<CheckShown>,
}

/// Examine the installation, as `drishti doctor` does but for its files.
#[utoipa::path(
    get,
    path = "/doctor",
    tag = "installation",
    params(DoctorParameters),
    responses((status = 200, description = "What was found.", body = Findings), Failure<'static>)
)]
pub(crate) async fn examine(
    State(services): State<Services>,
    Parameters(parameters, _): Parameters<DoctorParameters>,
) -> Result<Json<Findings>, Problem> {
    let findings = services.examine(parameters.asks_asana).await.into_iter();
    Ok(Json(Findings {
        findings: findings.map(CheckShown::from).collect(),
    }))
}
