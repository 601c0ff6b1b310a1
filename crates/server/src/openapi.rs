//! The routes and the document that describes them, which are the same thing.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::{Extension, middleware::from_fn_with_state};
use drishti_services::Services;
use utoipa::Modify;
use utoipa::OpenApi;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::{Gate, permitted};
use crate::body::read_whole;
use crate::bounds::{BODY_TIME_MAX, IDEMPOTENCY_KEY_CHARACTERS_MAX};
use crate::guard::not_found;
use crate::permissions::PERMISSIONS;
use crate::places::{Places, one_of_few};
use crate::problem::OpenFailure;
use crate::repeatable::made_once;
use crate::{api, metrics, probes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Drishti",
        description = "Asana's audit log, complete and on your own disk. Every failure is a problem document (RFC 9457) with a \
                       stable `code`. Times are in RFC 3339, UTC. Lists are read page by page with the cursor of the page before.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Schemes),
    // Failures are not found by themselves.
    components(schemas(crate::api::sumo::SumoError)),
    security(("token" = []), ("session" = [])),
    tags(
        (name = "sources", description = "What is collected, and how it stands."),
        (name = "sumo", description = "The same in the words of Sumo Logic's API, for its clients. Its failures are Sumo Logic's, and HTTP basic takes the name and secret of a token."),
        (name = "events", description = "What was collected."),
        (name = "alerts", description = "What was found in it, and what becomes of that."),
        (name = "policies", description = "What is looked for."),
        (name = "people", description = "How risky people are."),
        (name = "addresses", description = "What is known of addresses."),
        (name = "access", description = "Who may do what, and who did."),
        (name = "views", description = "Views of the web app's pages that people keep."),
        (name = "installation", description = "What the installation is made of, and how it stands."),
        (name = "operation", description = "For those who watch over the server: no personal data. Probes are open to all who can reach it.")
    )
)]
struct Description;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token of the installation, or one of a program."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
        let basic = HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some(
                "The name and the secret of a token, for Sumo Logic's clients only.",
            ))
            .build();
        components.add_security_scheme("access_key", SecurityScheme::Http(basic));
        let cookie = ApiKeyValue::with_description(
            "drishti_session",
            "The session of an operator; over https its name is `__Host-drishti_session`. Whatever is no GET needs the header `X-Requested-With: drishti` with it.",
        );
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
        components.add_security_scheme("session", cookie);
    }
}

/// All described routes, behind the gate, and their document.
pub(crate) fn routes(gate: Gate) -> (Router<Services>, String) {
    let places = Places::new();
    let behind_gate = api::routes()
        .fallback(not_found)
        .layer(from_fn_with_state(places.clone(), one_of_few))
        .layer(from_fn_with_state(gate.services.clone(), made_once))
        .layer(from_fn_with_state(BODY_TIME_MAX, read_whole))
        .layer(from_fn_with_state(gate.clone(), permitted));
    // A probe never waits for a place, and a sign of life, which costs nothing, is never refused.
    let beside = described_routes()
        .layer(from_fn_with_state(places, one_of_few))
        .routes(routes!(probes::readyz))
        .layer(from_fn_with_state(gate, permitted))
        .routes(routes!(probes::healthz));
    described(behind_gate, beside)
}

/// The routes without personal data, but for probes.
fn described_routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(document))
        .routes(routes!(metrics::metrics))
}

fn described(
    behind_gate: OpenApiRouter<Services>,
    beside: OpenApiRouter<Services>,
) -> (Router<Services>, String) {
    let (router, document) = OpenApiRouter::with_openapi(Description::openapi())
        .nest("/api/v1", behind_gate)
        .merge(beside)
        .split_for_parts();
    let mut document = document;
    for row in PERMISSIONS.iter().filter(|row| row.creation.is_some()) {
        let operations = document.paths.paths.get_mut(row.path);
        if let Some(operation) = operations.and_then(|item| operation(item, row.method)) {
            operation
                .parameters
                .get_or_insert_default()
                .push(key_parameter().into());
        }
    }
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    (router, text)
}

fn operation<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "POST" => item.post.as_mut(),
        "PATCH" => item.patch.as_mut(),
        _ => None,
    }
}

/// The header with which a creation can be repeated.
fn key_parameter() -> Parameter {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(IDEMPOTENCY_KEY_CHARACTERS_MAX));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A word of your own, such as a UUID: a request with the same one within 24 hours is not made again, but answered as the first.",
        ))
        .schema(Some(key))
        .build()
}

/// The `OpenAPI` 3.1 document of all routes, as JSON.
pub fn openapi() -> String {
    let beside = described_routes()
        .routes(routes!(probes::readyz))
        .routes(routes!(probes::healthz));
    described(api::routes(), beside).1
}

/// The document, ready to be answered.
#[derive(Clone)]
pub(crate) struct Document(Arc<str>);

impl Document {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "operation",
    operation_id = "get_openapi",
    security(()),
    responses((status = 200, description = "The OpenAPI 3.1 document.", body = Object), OpenFailure<'static>)
)]
async fn document(Extension(document): Extension<Document>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document.0.to_string())
}
