//! What a source's owner sees of it, and what he can't change here.

use drishti_model::SourceProfile;
use drishti_services::sources::AddSource;
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, name};

#[tokio::test]
async fn a_source_of_the_configuration_file_is_changed_only_there() {
    let app = App::start().await;
    let declared = AddSource {
        name: name("acme"),
        workspace_gid: Some("1201".to_owned()),
        token: None,
        profile: SourceProfile {
            workspace_gid: None,
            api_url: SourceProfile::API_URL.to_owned(),
            description: "of the file".to_owned(),
            category: String::new(),
            fields: [].into(),
            collect: drishti_model::CollectSettings::default(),
        },
        declared: true,
    };
    app.services.declare_source(declared).await.unwrap();
    let path = "/api/v1/sources/acme";
    let change = |body: Value| app.send(app.request(Method::PATCH, path).json(&body));
    for body in [
        json!({"description": "of the API"}),
        json!({"token": "2/1201/88:another"}),
        json!({"collect": {"poll_interval_seconds": 30}}),
    ] {
        let refused = change(body).await;
        assert_eq!(refused.problem(409), "source_declared");
        let problem = refused.json();
        assert_eq!(
            problem["detail"],
            "source `acme` is kept as `/etc/drishti.toml` says"
        );
        assert!(
            problem["hint"]
                .as_str()
                .unwrap()
                .contains("Change it there")
        );
    }
    let removed = app.send(app.request(Method::DELETE, path)).await;
    assert_eq!(removed.problem(409), "source_declared");
    let source = app.get(path).await.ok();
    assert_eq!(
        (
            &source["description"],
            &source["desired"],
            &source["revision"]
        ),
        (&json!("of the file"), &json!("running"), &json!(1))
    );
    for action in ["pause", "resume", "restart"] {
        app.post(&format!("{path}/{action}"), &json!({})).await.ok();
    }
    app.stop().await;
}

#[tokio::test]
async fn a_source_of_files_has_no_state() {
    let app = App::start().await;
    app.ingest("files", &[]).await;
    let source = app.get("/api/v1/sources/files").await.ok();
    assert_eq!(source["status"]["state"], Value::Null);
    assert_eq!(
        source["status"]["reason"],
        "it only takes events from files"
    );
    assert_eq!(source["coverage"]["unread"], Value::Null);
    app.stop().await;
}

#[tokio::test]
async fn the_bytes_of_a_quarantined_event_are_shown_as_they_came() {
    let app = App::start().await;
    let broken = "{\"gid\": \"7\",   <script>\u{1b}[31m";
    app.ingest("acme", &[broken.to_owned()]).await;
    app.ingest("other", &[]).await;
    let list = app.get("/api/v1/sources/acme/quarantine").await.ok();
    let id = list["entries"][0]["id"].as_i64().unwrap();
    let raw = |source: &str, id: String| format!("/api/v1/sources/{source}/quarantine/{id}/raw");
    let shown = app.get(&raw("acme", id.to_string())).await;
    assert_eq!((shown.status, shown.text.as_str()), (200, broken));
    assert_eq!(shown.headers["content-type"], "application/octet-stream");
    assert_eq!(shown.headers["content-disposition"], "attachment");
    for (source, id) in [
        ("acme", id + 1),
        ("other", id),
        ("acme", -1),
        ("acme", i64::MIN),
    ] {
        let missing = app.get(&raw(source, id.to_string())).await;
        assert_eq!(missing.problem(404), "not_found", "{source} {id}");
    }
    let nobody = app.get(&raw("nobody", id.to_string())).await;
    assert_eq!(nobody.problem(404), "no_such_source");
    for id in ["x", "1.5", "99999999999999999999"] {
        let refused = app.get(&raw("acme", id.to_owned())).await;
        assert_eq!(refused.problem(400), "invalid_parameter", "{id}");
    }
    app.stop().await;
}

#[tokio::test]
async fn only_the_beginning_of_a_very_long_one_is_answered() {
    let app = App::start().await;
    let most = drishti_server::QUARANTINE_ANSWER_BYTES_MAX;
    app.ingest("acme", &["x".repeat(most + 1)]).await;
    let list = app.get("/api/v1/sources/acme/quarantine").await.ok();
    let entry = &list["entries"][0];
    assert_eq!(entry["raw_bytes"], most + 1);
    let path = format!("/api/v1/sources/acme/quarantine/{}/raw", entry["id"]);
    assert_eq!(app.get(&path).await.text.len(), most);
    app.stop().await;
}
