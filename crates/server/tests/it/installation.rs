//! What an installation is made of, its tables, and what an owner should look at.

use drishti_model::{Role, SourceScope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{API_TOKEN, App};
use crate::sample::{events, lines};

const RETENTION: &str = "/api/v1/installation/retention";

#[tokio::test]
async fn an_installation_says_what_it_is_made_of() {
    let app = App::start().await;
    app.ingest("acme", &lines(&events(10))).await;
    let about = app.get("/api/v1/installation").await.ok();
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&about["ledger_kind"], &about["lake_kind"]),
        (&json!("sqlite"), &json!("folder"))
    );
    assert_eq!(about["configuration"], "/etc/drishti.toml");
    assert_eq!(about["lake_events"], 10);
    assert!(about["lake"].as_str().unwrap().ends_with("lake"));
    assert_eq!(about["detection"][0]["source"], "acme");
    let nothing = json!({"days": null, "is_declared": false, "complete_since": null});
    assert_eq!(about["retention"], nothing);

    // Where everything is, is nothing for those who only read.
    app.add_operator("mara", Role::Viewer, SourceScope::All)
        .await;
    let cookie = app.sign_in("mara").await;
    let request = app.request_of(&cookie, Method::GET, "/api/v1/installation");
    let seen = app.send(request).await;
    assert_eq!(seen.ok()["lake"], Value::Null);
    let folder = app.folder.path().display().to_string();
    assert!(
        !seen.text.contains(&folder) && !seen.text.contains("/etc/"),
        "{}",
        seen.text
    );
    app.stop().await;
}

#[tokio::test]
async fn the_retention_is_set_within_bounds_and_told() {
    let app = App::start().await;
    let put = |days: Value| {
        app.send(
            app.request(Method::PUT, RETENTION)
                .json(&json!({ "days": days })),
        )
    };
    assert_eq!(put(json!(400)).await.ok()["days"], 400);
    for days in [json!(0), json!(36_501)] {
        assert_eq!(put(days).await.problem(422), "invalid_setting");
    }
    for days in [json!(-1), json!("1")] {
        assert_eq!(put(days).await.problem(400), "invalid_body");
    }
    // What is left out is not for ever.
    let empty = app.send(app.request(Method::PUT, RETENTION).json(&json!({})));
    assert_eq!(empty.await.problem(400), "invalid_body");
    assert_eq!(put(json!(36_500)).await.ok()["days"], 36_500);
    assert_eq!(put(Value::Null).await.ok()["days"], Value::Null);
    // The same again is no change.
    put(Value::Null).await.ok();
    let trail = app.get("/api/v1/audit?kind=setting").await.ok();
    let changes: Vec<_> = trail["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["before"]["value"].clone(),
                entry["after"]["value"].clone(),
            )
        })
        .collect();
    let expected = [
        (json!(36_500), Value::Null),
        (json!(400), json!(36_500)),
        (Value::Null, json!(400)),
    ];
    assert_eq!(changes, expected);
    app.stop().await;
}

#[tokio::test]
async fn the_doctor_says_what_to_do() {
    let app = App::start().await;
    app.ingest("acme", &["broken".to_owned()]).await;
    let found = app.get("/api/v1/doctor").await.ok();
    let findings = found["findings"].as_array().unwrap();
    let of = |check: &str| {
        findings
            .iter()
            .find(|finding| finding["check"] == check)
            .unwrap()
    };
    assert_eq!(of("ledger")["is_ok"], true);
    assert_eq!(of("lake")["is_ok"], true);
    let quarantine = of("source acme, quarantine");
    assert_eq!(
        (&quarantine["is_ok"], &quarantine["found"]),
        (&json!(false), &json!("1 event was refused"))
    );
    assert!(
        quarantine["advice"]
            .as_str()
            .unwrap()
            .contains("quarantine list")
    );
    assert_eq!(
        app.get("/api/v1/doctor?asks=1").await.problem(400),
        "invalid_parameter"
    );
    app.stop().await;
}

#[tokio::test]
async fn tables_without_an_address_are_not_fetched() {
    let app = App::start().await;
    let tables = app.get("/api/v1/tables").await.ok();
    assert_eq!(
        (&tables["tables"], &tables["update"]),
        (&json!([]), &Value::Null)
    );
    assert!(tables["read_at"].is_string());
    let refused = app.post("/api/v1/tables/update", &json!({})).await;
    assert_eq!(refused.problem(422), "invalid_setting");
    assert!(!refused.text.contains(API_TOKEN));
    app.stop().await;
}
