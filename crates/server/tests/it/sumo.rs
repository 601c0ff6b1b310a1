//! Sources in the words of Sumo Logic's API.

use drishti_model::{CollectSettings, Role, SourceProfile, SourceScope};
use drishti_server::BODY_BYTES_MAX;
use drishti_services::sources::AddSource;
use reqwest::header::IF_MATCH;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::app::{API_TOKEN, ASANA_TOKEN, Answer, App, name};
use crate::python;

const COLLECTORS: &str = "/api/v1/collectors";
const SOURCES: &str = "/api/v1/collectors/1/sources";

const PACKAGES: [&str; 2] = ["sumologic-sdk==0.2.1", "requests==2.34.2"];

fn document(name: &str) -> Value {
    json!({
        "api.version": "v1",
        "source": {
            "config": {"name": name, "personalAccessToken": ASANA_TOKEN, "workspaceID": "1201"},
            "schemaRef": {"type": "Asana"},
            "sourceType": "Universal"
        }
    })
}

async fn add(app: &App, name: &str) -> Value {
    let added = app.post(SOURCES, &document(name)).await;
    assert_eq!(added.status, 201, "{}", added.text);
    added.json()["source"].take()
}

fn path(source: &Value) -> String {
    format!("{SOURCES}/{}", source["id"])
}

/// Sumo Logic's code and our own of a failure that has this status.
fn failure(answer: &Answer, status: u16) -> (String, String) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/json");
    let error = answer.json();
    assert_eq!(error["status"], status);
    assert!(
        !error["message"].as_str().unwrap().is_empty(),
        "{}",
        answer.text
    );
    let word = |key: &str| error[key].as_str().unwrap().to_owned();
    (word("code"), word("id"))
}

fn put(app: &App, path: &str, tag: &str, body: &Value) -> RequestBuilder {
    let request = app.request(Method::PUT, path).json(body);
    request.header(IF_MATCH, tag)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_manages_a_source() {
    let app = App::start().await;
    let endpoint = app.url("/api");
    let printed = python::output(("python", "sumo"), &PACKAGES, |command| {
        command
            .args([endpoint.as_str(), "api-token"])
            .env("ACCESS_KEY", API_TOKEN)
            .env("ASANA_TOKEN", ASANA_TOKEN);
    });
    let found: Value = serde_json::from_str(&printed.await).unwrap();
    assert_eq!(
        found,
        json!({
            "collector": "Drishti",
            "stale": [412, "PreconditionFailed"],
            "restarted": 200,
            "removed": [200, ""],
            "left": []
        })
    );
    let trail = app.get("/api/v1/audit?kind=source").await.ok();
    let actions: Vec<_> = trail["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["removed", "restarted", "changed", "added"]);
    app.stop().await;
}

#[tokio::test]
async fn a_token_is_shown_as_access_id_and_key() {
    let app = App::start().await;
    let order =
        json!({"name": "sumo: terraform", "role": "viewer", "expires_at": "2026-04-01T00:00:00Z"});
    let made = app.post("/api/v1/tokens", &order).await.ok();
    let secret = made["secret"].as_str().unwrap().to_owned();
    let with = |id: &str, key: &str| {
        let request = app.request_without_token(Method::GET, COLLECTORS);
        request.basic_auth(id, Some(key))
    };
    for request in [
        with("sumo: terraform", &secret),
        with("api-token", API_TOKEN),
        app.request(Method::GET, COLLECTORS),
    ] {
        app.send(request).await.ok();
    }
    for request in [
        with("another", &secret),
        with("sumo: terraform", API_TOKEN),
        with("", &secret),
        with("api-token", ""),
        app.request_without_token(Method::GET, COLLECTORS)
            .header("authorization", "Basic !"),
        app.request_without_token(Method::GET, COLLECTORS),
    ] {
        let refused = app.send(request).await;
        assert_eq!(
            failure(&refused, 401),
            ("unauthorized".into(), "unauthorized".into())
        );
    }
    // The rest of the API knows nothing of it.
    let elsewhere = app.request_without_token(Method::GET, "/api/v1/sources");
    let elsewhere = elsewhere.basic_auth("api-token", Some(API_TOKEN));
    assert_eq!(app.send(elsewhere).await.problem(401), "unauthorized");
    // A viewer's token looks and changes nothing.
    let request = app.request_without_token(Method::POST, SOURCES);
    let request = request.basic_auth("sumo: terraform", Some(&secret));
    let refused = app.send(request.json(&document("x"))).await;
    assert_eq!(
        failure(&refused, 403),
        ("forbidden".into(), "forbidden".into())
    );
    app.stop().await;
}

#[tokio::test]
async fn a_source_of_another_scope_is_not_there() {
    let app = App::start().await;
    let (own, other) = (add(&app, "own").await, add(&app, "other").await);
    let scope = SourceScope::of(Some([name("own")]));
    app.add_operator("admin", Role::Admin, scope).await;
    let cookie = app.sign_in("admin").await;
    let listed = app
        .send(app.request_of(&cookie, Method::GET, SOURCES))
        .await
        .ok();
    assert_eq!(listed["sources"], json!([own]));
    for (method, path) in [
        (Method::GET, path(&other)),
        (Method::DELETE, path(&other)),
        (Method::PUT, path(&other)),
        (Method::POST, format!("{}/action/restart", path(&other))),
    ] {
        let request = app.request_of(&cookie, method, &path);
        let answer = app.send(request.json(&document("other"))).await;
        assert_eq!(failure(&answer, 404).1, "no_such_source");
    }
    app.stop().await;
}

#[tokio::test]
async fn what_is_not_there_and_what_is_wrong_is_said_in_their_words() {
    let app = App::start().await;
    let source = add(&app, "Asana").await;
    let own = path(&source);
    for (path, code) in [
        ("/api/v1/collectors/2", "not_found"),
        ("/api/v1/collectors/x/sources", "not_found"),
        ("/api/v1/collectors/name/nobody", "not_found"),
        ("/api/v1/collectors/1/sources/7", "no_such_source"),
        ("/api/v1/collectors/1/sources/-1", "no_such_source"),
        ("/api/v1/collectors/1/nothing", "not_found"),
    ] {
        let answer = app.get(path).await;
        assert_eq!(
            failure(&answer, 404),
            ("notfound".into(), code.into()),
            "{path}"
        );
    }
    for path in [
        "/api/v1/collectors?filter=all",
        "/api/v1/collectors?limit=0",
        "/api/v1/collectors?offset=-1",
        "/api/v1/collectors?page=1",
        "/api/v1/collectors/1/sources?limit=many",
        "/api/v1/collectors/1/sources?download=perhaps",
    ] {
        let answer = app.get(path).await;
        assert_eq!(failure(&answer, 400).1, "invalid_parameter", "{path}");
    }
    let method = app.request(Method::POST, "/api/v1/collectors");
    let answer = app.send(method.json(&json!({}))).await;
    assert_eq!(failure(&answer, 405).0, "method.unsupported");

    let twice = app.post(SOURCES, &document("Asana")).await;
    let expected = ("DuplicateResourceName".into(), "source_exists".into());
    assert_eq!(failure(&twice, 400), expected);
    let mut without = document("x");
    without["source"]["config"]["workspaceID"] = json!("");
    let mut misspelt = document("x");
    misspelt["source"]["config"]["workspaceId"] = json!("1201");
    for body in [without, misspelt, json!({}), json!([]), document("a/b")] {
        let refused = app.post(SOURCES, &body).await;
        assert_eq!(failure(&refused, 400).0, "createValidationError", "{body}");
    }
    for (kind, body, status) in [
        ("application/json", "{\"source\":".to_owned(), 400),
        ("text/plain", "{}".to_owned(), 415),
        ("application/json", " ".repeat(BODY_BYTES_MAX + 1), 413),
    ] {
        let request = app.request(Method::POST, SOURCES);
        let request = request.header("content-type", kind).body(body);
        failure(&app.send(request).await, status);
    }
    let answer = app
        .send(app.request(Method::PUT, &own).json(&document("Asana")))
        .await;
    assert!(
        failure(&answer, 400).1 == "invalid_parameter",
        "{}",
        answer.text
    );
    let stale = app.send(put(&app, &own, "\"7\"", &document("Asana"))).await;
    assert_eq!(failure(&stale, 412).0, "PreconditionFailed");
    let renamed = app.send(put(&app, &own, "\"1\"", &document("Other"))).await;
    assert_eq!(failure(&renamed, 400).0, "createValidationError");
    assert_eq!(app.get(&own).await.ok()["source"], source);
    app.stop().await;
}

#[tokio::test]
async fn lists_have_parts_and_a_form_to_import() {
    let app = App::start().await;
    for name in ["a", "b", "c"] {
        add(&app, name).await;
    }
    app.ingest("only files", &[]).await;
    let names = async |query: &str| {
        let listed = app.get(&format!("{SOURCES}{query}")).await.ok();
        let sources = listed["sources"].as_array().unwrap().iter();
        let names = sources.map(|source| source["config"]["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["a", "b", "c"]);
    assert_eq!(names("?limit=1&offset=1").await, ["b"]);
    assert_eq!(names("?offset=7").await, [""; 0]);
    let collectors = async |filter: &str| {
        let listed = app.get(&format!("{COLLECTORS}?filter={filter}")).await.ok();
        listed["collectors"].as_array().unwrap().len()
    };
    assert_eq!(
        (collectors("hosted").await, collectors("dead").await),
        (1, 0)
    );
    let file = app
        .get(&format!("{SOURCES}?download=true&limit=1"))
        .await
        .ok();
    assert_eq!(
        file,
        json!({
            "api.version": "v1",
            "sources": [{
                "config": {
                    "name": "a",
                    "description": "",
                    "category": "",
                    "fields": {},
                    "personalAccessToken": "********",
                    "workspaceID": "1201"
                },
                "schemaRef": {"type": "Asana"},
                "sourceType": "Universal"
            }]
        })
    );
    app.stop().await;
}

#[tokio::test]
async fn a_token_is_not_sent_elsewhere_than_it_was_given_for() {
    let app = App::start().await;
    let own = path(&add(&app, "Asana").await);
    let mut body = document("Asana");
    body["source"]["config"]["apiUrl"] = json!("https://asana.example.org/api/1.0");
    body["source"]["config"]["personalAccessToken"] = json!("********");
    let refused = app.send(put(&app, &own, "\"1\"", &body)).await;
    assert_eq!(failure(&refused, 400).0, "createValidationError");
    assert!(refused.text.contains("not sent to another address"));
    body["source"]["config"]["personalAccessToken"] = json!(ASANA_TOKEN);
    let changed = app.send(put(&app, &own, "\"1\"", &body)).await.ok();
    assert_eq!(
        changed["source"]["config"]["apiUrl"],
        "https://asana.example.org/api/1.0"
    );
    app.stop().await;
}

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
            description: String::new(),
            category: String::new(),
            fields: [].into(),
            collect: CollectSettings::default(),
        },
        declared: true,
    };
    app.services.declare_source(declared).await.unwrap();
    let listed = app.get(SOURCES).await.ok();
    let own = path(&listed["sources"][0]);
    let changed = app.send(put(&app, &own, "\"1\"", &document("acme"))).await;
    let expected = ("CannotModifySources".into(), "source_declared".into());
    assert_eq!(failure(&changed, 400), expected);
    let removed = app.send(app.request(Method::DELETE, &own)).await;
    assert_eq!(failure(&removed, 400), expected);
    app.stop().await;
}
