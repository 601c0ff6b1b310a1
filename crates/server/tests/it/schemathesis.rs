//! Every operation of the document, tried with what it asks for and with what it does not.

use drishti_model::{Role, SourceScope};
use serde_json::json;

use crate::app::{API_TOKEN, App};
use crate::sample::{events, lines};
use crate::{asana, python};

/// Pinned, so that the test means the same tomorrow.
const PACKAGES: [&str; 1] = ["schemathesis==4.32.5"];

/// What must hold for every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method";

#[tokio::test(flavor = "multi_thread")]
async fn no_request_breaks_the_server_or_gets_an_answer_outside_the_document() {
    let app = App::start().await;
    app.ingest("acme", &lines(&events(50))).await;
    app.ingest("acme", &["broken".to_owned()]).await;
    app.add_operator("mara", Role::Analyst, SourceScope::All)
        .await;
    let range = json!({"name": "office", "networks": ["192.0.2.0/24"], "category": "corporate"});
    app.post("/api/v1/ranges", &range).await.ok();
    let asana = asana::start().await;
    let document = app.url("/api/v1/openapi.json");
    let authorization = format!("Authorization: Bearer {API_TOKEN}");
    python::output(("schemathesis", "schemathesis"), &PACKAGES, |command| {
        command
            .current_dir(app.folder.path())
            .env("PYTHONPATH", python::scripts())
            .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
            .env("ASANA_URL", asana)
            .args(["run", &document, "--header", &authorization])
            .args(["--phases", "coverage,fuzzing", "--checks", CHECKS])
            .args(["--max-examples", "15", "--seed", "1", "--no-shrink"])
            .args(["--continue-on-failure", "--generation-deterministic"])
            // It has no end to wait for.
            .args(["--exclude-path", "/api/v1/stream"]);
    })
    .await;
    app.get("/api/v1/sources").await.ok();
    app.stop().await;
}
