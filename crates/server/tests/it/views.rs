//! Views that people keep.

use drishti_model::{Role, SourceScope};
use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};

use crate::app::{Answer, App, name};

const VIEWS: &str = "/api/v1/views";

fn view(name: &str, is_shared: bool) -> Value {
    json!({"page": "alerts", "name": name, "query": "severity=high&text=%F0%9F%8E%89", "is_shared": is_shared})
}

async fn send(app: &App, cookie: &str, method: Method, path: &str, body: Value) -> Answer {
    let request = app.request_of(cookie, method, path);
    app.send(request.json(&body)).await
}

async fn names(app: &App, cookie: &str, path: &str) -> Vec<String> {
    let listed = send(app, cookie, Method::GET, path, json!({})).await.ok();
    let views = listed["views"].as_array().unwrap().iter();
    views
        .map(|view| view["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_view_is_kept_changed_and_removed() {
    let app = App::start().await;
    app.add_operator("mara", Role::Viewer, SourceScope::All)
        .await;
    let mara = app.sign_in("mara").await;
    let added = send(&app, &mara, Method::POST, VIEWS, view("High 🎉", false)).await;
    assert_eq!(
        (added.status, &added.headers["etag"]),
        (201, &"\"1\"".parse().unwrap())
    );
    let added = added.ok();
    assert_eq!(
        (&added["owner"], &added["is_own"], &added["is_removable"]),
        (&json!("mara"), &json!(true), &json!(true))
    );
    assert_eq!(added["query"], "severity=high&text=%F0%9F%8E%89");
    let again = send(&app, &mara, Method::POST, VIEWS, view("High 🎉", true)).await;
    assert_eq!(again.problem(409), "view_exists");
    assert_eq!(
        names(&app, &mara, "/api/v1/views?page=alerts").await,
        ["High 🎉"]
    );
    assert!(
        names(&app, &mara, "/api/v1/views?page=events")
            .await
            .is_empty()
    );

    let path = format!("{VIEWS}/{}", added["id"]);
    let put = |tag: &str, body: Value| {
        let request = app
            .request_of(&mara, Method::PUT, &path)
            .header(IF_MATCH, tag.to_owned());
        app.send(request.json(&body))
    };
    let changed = put("\"1\"", view("Higher", true)).await.ok();
    assert_eq!(
        (&changed["revision"], &changed["is_shared"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        put("\"1\"", view("Late", true)).await.problem(412),
        "revision_conflict"
    );
    let gone = send(&app, &mara, Method::DELETE, &path, json!({})).await;
    assert_eq!(gone.status, 204);
    let gone = send(&app, &mara, Method::DELETE, &path, json!({})).await;
    assert_eq!(gone.problem(404), "no_such_view");
    app.stop().await;
}

#[tokio::test]
async fn what_can_be_no_view_is_refused() {
    let app = App::start().await;
    for (body, status) in [
        (json!({"page": "settings", "name": "x", "query": ""}), 400),
        (json!({"page": "alerts", "name": "x"}), 400),
        (
            json!({"page": "alerts", "name": "x", "query": "", "more": 1}),
            400,
        ),
        (json!({"page": "alerts", "name": " ", "query": ""}), 422),
        (json!({"page": "alerts", "name": "x", "query": "a\nb"}), 422),
        (
            json!({"page": "alerts", "name": "x".repeat(101), "query": ""}),
            422,
        ),
        (
            json!({"page": "alerts", "name": "x", "query": "q".repeat(7_001)}),
            422,
        ),
    ] {
        let refused = app.post(VIEWS, &body).await;
        refused.problem(status);
    }
    assert_eq!(
        app.get("/api/v1/views?page=nowhere").await.problem(400),
        "invalid_parameter"
    );
    let missing = app
        .send(app.request(Method::DELETE, "/api/v1/views/x"))
        .await;
    assert_eq!(missing.problem(400), "invalid_parameter");
    app.stop().await;
}

#[tokio::test]
async fn others_see_what_is_shared_and_change_nothing() {
    let app = App::start().await;
    for (who, role) in [
        ("mara", Role::Viewer),
        ("ben", Role::Analyst),
        ("root", Role::Admin),
    ] {
        app.add_operator(who, role, SourceScope::All).await;
    }
    let mara = app.sign_in("mara").await;
    send(&app, &mara, Method::POST, VIEWS, view("Mine", false))
        .await
        .ok();
    let shared = send(&app, &mara, Method::POST, VIEWS, view("Ours", true))
        .await
        .ok();
    let path = format!("{VIEWS}/{}", shared["id"]);
    let ben = app.sign_in("ben").await;
    assert_eq!(names(&app, &ben, VIEWS).await, ["Ours"]);
    let seen = send(&app, &ben, Method::GET, VIEWS, json!({})).await.ok();
    assert_eq!(
        (
            &seen["views"][0]["is_own"],
            &seen["views"][0]["is_removable"]
        ),
        (&json!(false), &json!(false))
    );
    for (method, body) in [
        (Method::PUT, view("Theirs", true)),
        (Method::DELETE, json!({})),
    ] {
        assert_eq!(
            send(&app, &ben, method, &path, body).await.problem(404),
            "no_such_view"
        );
    }
    let root = app.sign_in("root").await;
    assert_eq!(
        send(&app, &root, Method::DELETE, &path, json!({}))
            .await
            .status,
        204
    );
    assert_eq!(names(&app, &mara, VIEWS).await, ["Mine"]);
    app.stop().await;
}

#[tokio::test]
async fn a_view_tells_nobody_of_sources_that_they_may_not_see() {
    let app = App::start().await;
    let scope = SourceScope::of(Some([name("acme")]));
    app.add_operator("root", Role::Admin, SourceScope::All)
        .await;
    app.add_operator("eve", Role::Viewer, scope).await;
    let root = app.sign_in("root").await;
    for (name, page, query) in [
        ("of acme", "alerts", "source=acme"),
        ("of other", "alerts", "state=new&source=other"),
        ("of both", "events", "source=acme&source=%6Fther"),
        ("chosen", "events", "is=source:other"),
        ("left out", "events", "not=source%3Aother"),
        ("of all", "events", ""),
        ("sql", "query", "sql=select+*+from+events"),
    ] {
        let body = json!({"page": page, "name": name, "query": query, "is_shared": true});
        send(&app, &root, Method::POST, VIEWS, body).await.ok();
    }
    let eve = app.sign_in("eve").await;
    assert_eq!(names(&app, &eve, VIEWS).await, ["of acme", "of all"]);
    app.stop().await;
}
