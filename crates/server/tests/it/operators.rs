//! Operators, and who may change them.

use drishti_model::{Role, SourceScope};
use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};

use crate::app::{Answer, App, PASSWORD};

const OPERATORS: &str = "/api/v1/operators";

async fn change(app: &App, name: &str, tag: Option<&str>, body: &Value) -> Answer {
    let mut request = app
        .request(Method::PATCH, &format!("{OPERATORS}/{name}"))
        .json(body);
    if let Some(tag) = tag {
        request = request.header(IF_MATCH, tag);
    }
    app.send(request).await
}

fn new(name: &str) -> Value {
    json!({"name": name, "role": "viewer", "password": PASSWORD})
}

#[tokio::test]
async fn operators_are_added_changed_and_removed() {
    let app = App::start().await;
    let mut body = new("mara");
    body["sources"] = json!(["acme"]);
    let added = app.post(OPERATORS, &body).await;
    assert_eq!(
        (added.status, &added.headers["etag"]),
        (201, &"\"1\"".parse().unwrap())
    );
    let path = format!("{OPERATORS}/mara");
    let shown = app.get(&path).await.ok();
    assert_eq!(shown, added.json());
    assert_eq!(
        (&shown["display_name"], &shown["sources"]),
        (&json!("mara"), &json!(["acme"]))
    );
    let all = app.get(OPERATORS).await.ok();
    assert_eq!(all["operators"], json!([shown]));

    let promoted = json!({"role": "analyst", "display_name": "Mara K."});
    let changed = change(&app, "mara", Some("\"1\""), &promoted).await.ok();
    assert_eq!(
        (&changed["role"], &changed["sources"]),
        (&json!("analyst"), &json!(["acme"]))
    );
    let everywhere = change(&app, "mara", None, &json!({"sources": null}))
        .await
        .ok();
    assert_eq!(everywhere["sources"], json!(null));
    let stale = change(&app, "mara", Some("\"1\""), &promoted).await;
    assert_eq!(stale.problem(412), "revision_conflict");
    let removed = app.send(app.request(Method::DELETE, &path)).await;
    assert_eq!(removed.status, 204);
    assert_eq!(app.get(&path).await.problem(404), "no_such_operator");

    let trail = app
        .get("/api/v1/audit?kind=operator&subject=mara&author=api%20token")
        .await
        .ok();
    let entries = trail["entries"].as_array().unwrap();
    let actions: Vec<&str> = entries
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["removed", "changed", "changed", "added"]);
    assert_eq!(entries[2]["after"]["role"], "analyst");
    assert!(!trail.to_string().contains("argon2"), "{trail}");
    app.stop().await;
}

#[tokio::test]
async fn what_no_operator_can_be_is_refused() {
    let app = App::start().await;
    app.post(OPERATORS, &new("mara")).await.ok();
    for (key, value, status, code) in [
        ("name", json!("mara"), 409, "operator_exists"),
        ("name", json!("Mara K"), 422, "invalid_setting"),
        ("name", json!("detection"), 422, "invalid_setting"),
        ("password", json!("short"), 422, "invalid_setting"),
        ("role", json!("root"), 400, "invalid_parameter"),
        ("sources", json!(["a/b"]), 422, "invalid_setting"),
        (
            "display_name",
            json!("x".repeat(1_000)),
            422,
            "invalid_setting",
        ),
        ("token", json!("x"), 400, "invalid_body"),
    ] {
        let mut body = new("ben");
        body[key] = value;
        assert_eq!(
            app.post(OPERATORS, &body).await.problem(status),
            code,
            "{body}"
        );
    }
    let mut body = new("a-very-long-name");
    body["password"] = json!("A-very-long-name");
    assert_eq!(
        app.post(OPERATORS, &body).await.problem(422),
        "invalid_setting"
    );
    for (body, code) in [
        (json!({"role": "root"}), "invalid_parameter"),
        (json!({"name": "ben"}), "invalid_body"),
        (json!({"sources": "acme"}), "invalid_body"),
    ] {
        assert_eq!(
            change(&app, "mara", None, &body).await.problem(400),
            code,
            "{body}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn the_last_admin_can_not_go() {
    let app = App::start().await;
    app.add_operator("root", Role::Admin, SourceScope::All)
        .await;
    let scoped = SourceScope::of(Some([crate::app::name("acme")]));
    app.add_operator("half", Role::Admin, scoped).await;
    for body in [
        json!({"role": "viewer"}),
        json!({"is_enabled": false}),
        json!({"sources": ["acme"]}),
    ] {
        assert_eq!(
            change(&app, "root", None, &body).await.problem(409),
            "last_admin",
            "{body}"
        );
    }
    let path = format!("{OPERATORS}/root");
    let removed = app.send(app.request(Method::DELETE, &path)).await;
    assert_eq!(removed.problem(409), "last_admin");
    app.add_operator("second", Role::Admin, SourceScope::All)
        .await;
    let removed = app.send(app.request(Method::DELETE, &path)).await;
    assert_eq!(removed.status, 204);
    app.stop().await;
}

#[tokio::test]
async fn what_changes_an_operator_ends_the_sessions() {
    let app = App::start().await;
    app.add_operator("mara", Role::Viewer, SourceScope::All)
        .await;
    let is_in = async |cookie: &str| {
        let request = app.request_of(cookie, Method::GET, "/api/v1/sources");
        app.send(request).await.status == 200
    };
    for (body, stays) in [
        (json!({"display_name": "Mara K."}), true),
        (json!({"role": "analyst"}), false),
        (json!({"sources": ["acme"]}), false),
        (json!({"is_enabled": false}), false),
    ] {
        let cookie = app.sign_in("mara").await;
        change(&app, "mara", None, &body).await.ok();
        assert_eq!(is_in(&cookie).await, stays, "{body}");
    }
    app.stop().await;
}

/// Another password than everybody's.
const FRESH: &str = "a fresh and long one";

/// Operators, and the cookies of `root` and `mara`.
async fn with_three() -> (App, String, String) {
    let app = App::start().await;
    for (name, role) in [
        ("root", Role::Admin),
        ("mara", Role::Viewer),
        ("ben", Role::Viewer),
    ] {
        app.add_operator(name, role, SourceScope::All).await;
    }
    let (root, mara) = (app.sign_in("root").await, app.sign_in("mara").await);
    (app, root, mara)
}

async fn set_password(app: &App, cookie: &str, name: &str, body: &Value) -> Answer {
    let path = format!("{OPERATORS}/{name}/password");
    let request = app.request_of(cookie, Method::POST, &path);
    app.send(request.json(body)).await
}

#[tokio::test]
async fn passwords_are_not_changed_by_whoever_comes_along() {
    let (app, root, mara) = with_three().await;
    let new = |password: &str| json!({"password": password});
    let exchanged = |password: &str, old: &str| json!({"password": password, "old_password": old});
    for (cookie, name, body, status, code) in [
        (&mara, "ben", new(FRESH), 403, "forbidden"),
        (&mara, "ben", exchanged(FRESH, PASSWORD), 403, "forbidden"),
        (&mara, "mara", new(FRESH), 400, "invalid_body"),
        (
            &mara,
            "mara",
            exchanged(FRESH, "wrong"),
            422,
            "wrong_password",
        ),
        (
            &mara,
            "mara",
            exchanged("short", PASSWORD),
            422,
            "invalid_setting",
        ),
        (&root, "root", new(FRESH), 400, "invalid_body"),
        (&root, "nobody", new(FRESH), 404, "no_such_operator"),
        (&root, "mara", new("short"), 422, "invalid_setting"),
    ] {
        let refused = set_password(&app, cookie, name, &body).await;
        assert_eq!(refused.problem(status), code, "{name} {body}");
    }
    app.sign_in("mara").await;
    app.stop().await;
}

#[tokio::test]
async fn passwords_are_changed_by_their_owner_and_reset_by_admins() {
    let (app, root, mara) = with_three().await;
    let own = json!({"password": FRESH, "old_password": PASSWORD});
    assert_eq!(set_password(&app, &mara, "mara", &own).await.status, 204);
    let ended = app.request_of(&mara, Method::GET, "/api/v1/session");
    assert_eq!(app.send(ended).await.ok(), Value::Null);
    let old = json!({"name": "mara", "password": PASSWORD});
    assert_eq!(
        app.try_sign_in(&old).await.problem(401),
        "wrong_credentials"
    );
    let fresh = json!({"name": "mara", "password": FRESH});
    app.try_sign_in(&fresh).await.ok();
    let reset = json!({"password": PASSWORD, "remove_totp": true});
    assert_eq!(set_password(&app, &root, "mara", &reset).await.status, 204);
    app.sign_in("mara").await;
    let trail = app
        .get("/api/v1/audit?subject=mara&kind=operator")
        .await
        .ok();
    let entries = trail["entries"].as_array().unwrap().iter();
    let told: Vec<_> = entries
        .filter(|entry| entry["action"] == "password changed")
        .map(|entry| entry["author"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["root", "mara"]);
    app.stop().await;
}
