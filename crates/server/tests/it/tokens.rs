//! API tokens, and the trail of what is done with them.

use chrono::TimeDelta;
use drishti_model::{Role, SourceScope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{App, now};

const TOKENS: &str = "/api/v1/tokens";

fn order(name: &str, role: &str) -> Value {
    json!({"name": name, "role": role, "expires_at": now() + TimeDelta::days(30)})
}

async fn ask(app: &App, secret: &str, method: Method, path: &str) -> crate::app::Answer {
    let request = app.request_without_token(method, path);
    app.send(request.bearer_auth(secret).json(&json!({}))).await
}

#[tokio::test]
async fn a_token_lets_a_program_in_until_it_ends() {
    let app = App::start().await;
    app.add_operator("root", Role::Admin, SourceScope::All)
        .await;
    app.ingest("acme", &[]).await;
    app.ingest("other", &[]).await;
    let cookie = app.sign_in("root").await;
    let mut body = order("export", "admin");
    body["sources"] = json!(["acme"]);
    let request = app.request_of(&cookie, Method::POST, TOKENS);
    let made = app.send(request.json(&body)).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("drishti_"));
    assert_eq!(secret.len(), "drishti_".len() + 43);
    assert_eq!(made["token"]["created_by"], "root");
    let listed = app.get(TOKENS).await;
    assert_eq!(listed.ok()["tokens"], json!([made["token"]]));
    assert!(!listed.text.contains(&secret));

    let paused = ask(&app, &secret, Method::POST, "/api/v1/sources/acme/pause").await;
    assert_eq!(paused.ok()["desired"], "paused");
    let other = ask(&app, &secret, Method::POST, "/api/v1/sources/other/pause").await;
    assert_eq!(other.problem(404), "no_such_source");
    assert_eq!(
        ask(&app, &secret, Method::GET, TOKENS).await.problem(403),
        "forbidden"
    );
    let used = app.get(TOKENS).await.ok();
    assert_eq!(used["tokens"][0]["used_at"], json!(now()));
    let trail = app.get("/api/v1/audit?author=token%20export").await.ok();
    assert_eq!(trail["entries"][0]["action"], "paused");
    assert_eq!(trail["entries"][0]["subject"], "acme");

    app.clock.advance(TimeDelta::days(30));
    assert_eq!(
        ask(&app, &secret, Method::GET, "/api/v1/sources")
            .await
            .problem(401),
        "unauthorized"
    );
    app.clock.set(now());
    assert_eq!(
        ask(&app, &secret, Method::GET, "/api/v1/sources")
            .await
            .status,
        200
    );
    let path = format!("{TOKENS}/{}", made["token"]["id"]);
    assert_eq!(
        app.send(app.request(Method::DELETE, &path)).await.status,
        204
    );
    assert_eq!(
        ask(&app, &secret, Method::GET, "/api/v1/sources")
            .await
            .problem(401),
        "unauthorized"
    );
    assert_eq!(
        app.send(app.request(Method::DELETE, &path))
            .await
            .problem(404),
        "no_such_token"
    );
    let odd = app.request(Method::DELETE, &format!("{TOKENS}/x"));
    assert_eq!(app.send(odd).await.problem(400), "invalid_parameter");
    app.stop().await;
}

#[tokio::test]
async fn what_no_token_can_be_is_refused() {
    let app = App::start().await;
    app.post(TOKENS, &order("export", "viewer")).await.ok();
    let far = now() + TimeDelta::days(367);
    for (key, value, status, code) in [
        ("name", json!("export"), 409, "token_exists"),
        ("name", json!(" "), 422, "invalid_setting"),
        ("name", json!("a\u{7}b"), 422, "invalid_setting"),
        ("role", json!("root"), 400, "invalid_parameter"),
        ("expires_at", json!("tomorrow"), 400, "invalid_parameter"),
        ("expires_at", json!(now()), 422, "invalid_setting"),
        ("expires_at", json!(far), 422, "invalid_setting"),
        ("sources", json!(["a/b"]), 422, "invalid_setting"),
        ("secret", json!("x"), 400, "invalid_body"),
    ] {
        let mut body = order("soar", "viewer");
        body[key] = value;
        assert_eq!(
            app.post(TOKENS, &body).await.problem(status),
            code,
            "{body}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_token_goes_with_the_rights_of_whoever_made_it() {
    let app = App::start().await;
    for name in ["root", "mara"] {
        app.add_operator(name, Role::Admin, SourceScope::All).await;
    }
    let cookie = app.sign_in("mara").await;
    let make = async |name: &str, role: &str, secret: Option<&str>| {
        let request = match secret {
            None => app.request_of(&cookie, Method::POST, TOKENS),
            Some(secret) => app
                .request_without_token(Method::POST, TOKENS)
                .bearer_auth(secret),
        };
        let made = app.send(request.json(&order(name, role))).await.ok();
        made["secret"].as_str().unwrap().to_owned()
    };
    let admin = make("admin", "admin", None).await;
    let child = make("child", "viewer", Some(&admin)).await;
    let viewer = make("viewer", "viewer", None).await;
    let demoted = app.request(Method::PATCH, "/api/v1/operators/mara");
    app.send(demoted.json(&json!({"role": "analyst"})))
        .await
        .ok();
    let reads = async |secret: &str| {
        let path = "/api/v1/sources";
        ask(&app, secret, Method::GET, path).await.status
    };
    assert_eq!(
        (
            reads(&admin).await,
            reads(&child).await,
            reads(&viewer).await
        ),
        (401, 401, 200)
    );
    let trail = app.get("/api/v1/audit?kind=api%20token&author=api%20token");
    let trail = trail.await.ok();
    let told: Vec<_> = trail["entries"].as_array().unwrap().iter().collect();
    let told: Vec<_> = told
        .iter()
        .map(|entry| (&entry["action"], &entry["subject"]))
        .collect();
    let revoked = json!("revoked");
    assert_eq!(
        told,
        [(&revoked, &json!("child")), (&revoked, &json!("admin"))]
    );
    let gone = app.request(Method::DELETE, "/api/v1/operators/mara");
    assert_eq!(app.send(gone).await.status, 204);
    assert_eq!(reads(&viewer).await, 401);
    app.stop().await;
}

#[tokio::test]
async fn a_token_makes_none_that_holds_longer() {
    let app = App::start().await;
    let mut short = order("short", "admin");
    short["expires_at"] = json!(now() + TimeDelta::days(1));
    let made = app.post(TOKENS, &short).await.ok();
    let secret = made["secret"].as_str().unwrap();
    let send = async |body: Value| {
        let request = app.request_without_token(Method::POST, TOKENS);
        app.send(request.bearer_auth(secret).json(&body)).await
    };
    let refused = send(order("long", "viewer")).await;
    assert_eq!(refused.problem(422), "invalid_setting");
    let mut same = order("same", "viewer");
    same["expires_at"] = short["expires_at"].clone();
    assert_eq!(send(same).await.status, 201);
    let long = order(&"x".repeat(195), "viewer");
    assert_eq!(
        app.post(TOKENS, &long).await.problem(422),
        "invalid_setting"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_trail_is_read_page_by_page() {
    let app = App::start().await;
    for number in 0..5 {
        let made = app
            .post(TOKENS, &order(&format!("t{number}"), "viewer"))
            .await;
        assert_eq!(made.status, 201);
    }
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut parameters = vec![("limit", "2"), ("kind", "api token")];
        parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = app.query("/api/v1/audit", &parameters).await.ok();
        let entries = page["entries"].as_array().unwrap().iter();
        seen.extend(entries.map(|entry| entry["subject"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, ["t4", "t3", "t2", "t1", "t0"]);
    let refused = app.query("/api/v1/audit", &[("cursor", "AAAA")]).await;
    assert_eq!(refused.problem(400), "invalid_cursor");
    app.stop().await;
}
