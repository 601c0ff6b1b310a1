use axum::Json;
use axum::extract::State;
use drishti_services::Services;
use drishti_services::sources::Capability;
use serde::Serialize;
use utoipa::ToSchema;

use crate::parameters::Named;
use crate::problem::{Failure, Problem};

/// One thing that collection needs.
#[derive(Debug, Serialize, ToSchema)]
struct CapabilityTest {
    /// `token`, `workspace`, `audit_log` or `users`.
    name: &'static str,
    /// Whether it is there.
    ok: bool,
    /// The HTTP status that Asana answered with; null where it was not asked or did not answer.
    #[schema(required)]
    status: Option<u16>,
    /// What was found, or Asana's words.
    words: String,
    /// What to do; empty where nothing needs doing.
    advice: String,
}

impl From<Capability> for CapabilityTest {
    fn from(capability: Capability) -> Self {
        Self {
            name: capability.name,
            ok: capability.ok,
            status: capability.status,
            words: capability.words,
            advice: capability.advice,
        }
    }
}

/// What a connection can do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionTest {
    /// Whether everything is there.
    ok: bool,
    /// The parts, each by itself.
    capabilities: Vec<CapabilityTest>,
}

/// Ask Asana, with the source's token, for each thing that collection needs.
#[utoipa::path(
    post,
    path = "/sources/{name}/test",
    tag = "sources",
    params(("name" = String, Path, description = "Name of the source.")),
    responses((status = 200, description = "What works and what does not.", body = ConnectionTest), Failure<'static>)
)]
pub(crate) async fn test_source(
    State(services): State<Services>,
    Named(name): Named,
) -> Result<Json<ConnectionTest>, Problem> {
    let test = services.test_source(&name).await?;
    let capabilities = test.capabilities.into_iter();
    Ok(Json(ConnectionTest {
        ok: test.ok,
        capabilities: capabilities.map(CapabilityTest::from).collect(),
    }))
}
