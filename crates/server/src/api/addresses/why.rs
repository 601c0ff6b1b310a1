use axum::Json;
use axum::extract::State;
use drishti_services::Services;
use drishti_services::detect::enrich::{Provenance, parse_address};
use serde::Serialize;
use utoipa::ToSchema;

use crate::parameters::Path;
use crate::problem::{Failure, Problem};

/// What is known of an address.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressStatements {
    /// Everything that is said of it; nothing where nothing is.
    statements: Vec<Statement>,
}

/// One thing that is said of an address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AddressStatement)]
struct Statement {
    /// Such as `country`, `asn`, `category` or `tag`.
    fact: &'static str,
    /// What it is.
    value: String,
    /// Who says so: which range, feed or database, of which day, and the very network.
    origin: String,
    /// Why it does not count; null where it does.
    #[schema(required)]
    overruled: Option<String>,
}

impl From<Provenance> for Statement {
    fn from(provenance: Provenance) -> Self {
        Self {
            fact: provenance.fact.as_str(),
            value: provenance.value,
            origin: provenance.origin.to_string(),
            overruled: provenance.overruled,
        }
    }
}

/// Say what is known of an address, and who says so.
#[utoipa::path(
    get,
    path = "/addresses/{address}",
    tag = "addresses",
    params(("address" = String, Path, description = "IPv4 or IPv6 address.")),
    responses((status = 200, description = "What is known.", body = AddressStatements), Failure<'static>)
)]
pub(crate) async fn explain_address(
    State(services): State<Services>,
    Path(address): Path<String>,
) -> Result<Json<AddressStatements>, Problem> {
    if parse_address(&address).is_none() {
        return Err(Problem::parameter("address", "it is no IP address"));
    }
    let knowledge = services.knowledge().await?;
    let statements = knowledge.enricher.why(&address).into_iter();
    Ok(Json(AddressStatements {
        statements: statements.map(Statement::from).collect(),
    }))
}
