//! Signing in and out, and the second factor.

use chrono::TimeDelta;
use drishti_model::{Role, SourceScope};
use drishti_services::access::{
    ATTEMPTS_OF_ADDRESS_MAX, ATTEMPTS_OF_NAME_MAX, ATTEMPTS_SPAN, SESSION_SPAN,
};
use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::app::{Answer, App, PASSWORD, now};

const SESSION: &str = "/api/v1/session";

async fn with_mara() -> App {
    let app = App::start().await;
    let scope = SourceScope::of(Some([crate::app::name("acme")]));
    app.add_operator("mara", Role::Analyst, scope).await;
    app
}

fn credentials(name: &str, password: &str) -> Value {
    json!({"name": name, "password": password})
}

/// What the authenticator shows that was set up with this address.
fn code(uri: &str, app: &App) -> String {
    let (_, rest) = uri.split_once("secret=").unwrap();
    let secret = rest.split('&').next().unwrap();
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build().unwrap();
    let seconds = app.services.clock().now().timestamp();
    totp.generate(u64::try_from(seconds).unwrap()).to_string()
}

/// Actions of the audit trail, the oldest first.
async fn actions(app: &App) -> Vec<String> {
    let trail = app.get("/api/v1/audit?kind=session").await.ok();
    let entries = trail["entries"].as_array().unwrap().iter().rev();
    let words = |key: &str, entry: &Value| entry[key].as_str().unwrap().to_owned();
    entries
        .map(|entry| {
            format!(
                "{}: {} {}",
                words("author", entry),
                words("action", entry),
                words("subject", entry)
            )
        })
        .collect()
}

#[tokio::test]
async fn an_operator_signs_in_and_out() {
    let app = with_mara().await;
    let answer = app.try_sign_in(&credentials(" Mara ", PASSWORD)).await;
    let session = answer.ok();
    let operator = json!({
        "name": "mara", "display_name": "mara", "role": "analyst", "sources": ["acme"], "has_totp": false,
        "has_password": true
    });
    assert_eq!(session["operator"], operator);
    assert_eq!(session["csrf_header"], "X-Requested-With");
    assert_eq!(session["expires_at"], json!(now() + SESSION_SPAN.idle));
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("drishti_session="), "{set}");
    assert!(
        set.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800"),
        "{set}"
    );
    let cookie = answer.cookie();
    assert_eq!(cookie.len(), "drishti_session=".len() + 43);
    let shown = app
        .send(app.request_of(&cookie, Method::GET, SESSION))
        .await;
    assert_eq!(shown.ok(), session);
    let ended = app
        .send(app.request_of(&cookie, Method::DELETE, SESSION))
        .await;
    assert_eq!(ended.status, 204);
    assert!(
        ended.headers["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    let shown = app
        .send(app.request_of(&cookie, Method::GET, SESSION))
        .await;
    assert_eq!(shown.ok(), Value::Null);
    let again = app
        .send(app.request_of(&cookie, Method::DELETE, SESSION))
        .await;
    assert_eq!(again.problem(401), "unauthorized");
    assert_eq!(
        actions(&app).await,
        ["mara: signed in mara", "mara: signed out mara"]
    );
    // A token is nobody's session.
    assert_eq!(app.get(SESSION).await.ok(), Value::Null);
    let stranger = app.request_without_token(Method::GET, SESSION);
    assert_eq!(app.send(stranger).await.ok(), Value::Null);
    app.stop().await;
}

#[tokio::test]
async fn wrong_names_and_passwords_are_answered_alike() {
    let app = with_mara().await;
    app.add_operator("ben", Role::Viewer, SourceScope::All)
        .await;
    let disabled = app.request(Method::PATCH, "/api/v1/operators/ben");
    app.send(disabled.json(&json!({"is_enabled": false})))
        .await
        .ok();
    let mut answers = Vec::new();
    for (name, password) in [
        ("mara", "correct horse batterx"),
        ("nobody", PASSWORD),
        ("ben", PASSWORD),
        ("", ""),
        ("mara", &"x".repeat(100_000)),
        ("mara\0", PASSWORD),
        ("' or 1=1 --", PASSWORD),
    ] {
        let answer = app.try_sign_in(&credentials(name, password)).await;
        assert_eq!(answer.problem(401), "wrong_credentials", "{name}");
        assert!(!answer.headers.contains_key("set-cookie"));
        answers.push(answer.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    // Once a minute and name; names that nobody has are not told, and are one.
    let failed = |who: &str| format!("unknown: sign-in failed {who}");
    assert_eq!(
        actions(&app).await,
        [failed("mara"), failed("unknown"), failed("ben")]
    );
    app.clock.advance(TimeDelta::minutes(1));
    app.try_sign_in(&credentials("other", PASSWORD)).await;
    assert_eq!(actions(&app).await.len(), 4);
    for body in [
        json!({}),
        json!({"name": "mara"}),
        json!({"name": "mara", "password": PASSWORD, "x": 1}),
    ] {
        assert_eq!(app.try_sign_in(&body).await.problem(400), "invalid_body");
    }
    app.stop().await;
}

#[tokio::test]
async fn too_many_attempts_have_to_wait() {
    let app = with_mara().await;
    app.add_operator("ben", Role::Viewer, SourceScope::All)
        .await;
    for _ in 0..ATTEMPTS_OF_NAME_MAX {
        let wrong = app
            .try_sign_in(&credentials("mara", "wrong password"))
            .await;
        assert_eq!(wrong.problem(401), "wrong_credentials");
    }
    let refused = app.try_sign_in(&credentials("mara", PASSWORD)).await;
    assert_eq!(refused.problem(429), "too_many_attempts");
    let wait: i64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(wait, ATTEMPTS_SPAN.num_seconds() + 1);
    app.sign_in("ben").await;
    let audit = app.get("/api/v1/audit?kind=session&subject=mara").await;
    assert_eq!(audit.ok()["entries"][0]["action"], "sign-in locked");
    app.clock.advance(TimeDelta::seconds(wait));
    app.sign_in("mara").await;
    // From one address, whatever the name.
    for number in 1..ATTEMPTS_OF_ADDRESS_MAX {
        let wrong = app
            .try_sign_in(&credentials(&format!("x{number}"), "x"))
            .await;
        assert_eq!(wrong.problem(401), "wrong_credentials");
    }
    let refused = app.try_sign_in(&credentials("ben", PASSWORD)).await;
    assert_eq!(refused.problem(429), "too_many_attempts");
    app.stop().await;
}

#[tokio::test]
async fn sessions_end_by_themselves() {
    let app = with_mara().await;
    let cookie = app.sign_in("mara").await;
    let ask = async || {
        app.send(app.request_of(&cookie, Method::GET, SESSION))
            .await
    };
    app.clock.advance(SESSION_SPAN.idle - TimeDelta::seconds(1));
    assert_eq!(ask().await.status, 200);
    app.clock.advance(SESSION_SPAN.idle - TimeDelta::seconds(1));
    assert_eq!(ask().await.status, 200);
    app.clock.advance(SESSION_SPAN.idle);
    assert_eq!(ask().await.ok(), Value::Null);

    let cookie = app.sign_in("mara").await;
    let begun = app.services.clock().now();
    let ask = async || {
        app.send(app.request_of(&cookie, Method::GET, SESSION))
            .await
    };
    let mut last = json!(null);
    for _ in 0..15 {
        app.clock.advance(TimeDelta::hours(11));
        let session = ask().await.ok();
        if session.is_null() {
            break;
        }
        last = session["expires_at"].clone();
    }
    assert_eq!(last, json!(begun + SESSION_SPAN.longest));
    app.clock.advance(TimeDelta::hours(11));
    assert_eq!(ask().await.ok(), Value::Null);
    // What needs a session is refused.
    let refused = app.request_of(&cookie, Method::GET, "/api/v1/sources");
    assert_eq!(app.send(refused).await.problem(401), "unauthorized");
    app.stop().await;
}

#[tokio::test]
async fn changes_with_a_cookie_need_the_header_and_the_own_origin() {
    let app = with_mara().await;
    let cookie = app.sign_in("mara").await;
    let body = json!({"alerts": [{"id": "none"}], "change": {"comment": "x"}});
    let path = "/api/v1/alerts/changes";
    let own = format!("http://{}", app.address);
    for (header, origin, status) in [
        (None, None, 403),
        (Some("XMLHttpRequest"), None, 403),
        (Some("drishti"), None, 200),
        (Some("drishti"), Some(own.as_str()), 200),
        (Some("drishti"), Some("http://evil.example"), 403),
        (Some("drishti"), Some("null"), 403),
        (None, Some(own.as_str()), 403),
    ] {
        let mut request = app
            .request_without_token(Method::POST, path)
            .header("cookie", &cookie)
            .json(&body);
        if let Some(header) = header {
            request = request.header("x-requested-with", header);
        }
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = app.send(request).await;
        if status == 403 {
            assert_eq!(
                answer.problem(403),
                "cross_site_request",
                "{header:?} {origin:?}"
            );
        }
        assert_eq!(answer.status, status, "{header:?} {origin:?}");
    }
    let read = app.request_without_token(Method::GET, "/api/v1/alerts");
    assert_eq!(app.send(read.header("cookie", &cookie)).await.status, 200);
    // Nor does a page of another site sign anybody in.
    let foreign = app.request_without_token(Method::POST, SESSION);
    let foreign = foreign.header("origin", "https://evil.example");
    let refused = app.send(foreign.json(&credentials("mara", PASSWORD))).await;
    assert_eq!(refused.problem(403), "cross_site_request");
    app.stop().await;
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_and_removed() {
    let app = with_mara().await;
    let cookie = app.sign_in("mara").await;
    let path = "/api/v1/session/totp";
    let send = async |method: Method, body: Value| -> Answer {
        app.send(app.request_of(&cookie, method, path).json(&body))
            .await
    };
    let early = send(Method::PUT, json!({"code": "000000"})).await;
    assert_eq!(early.problem(422), "invalid_setting");
    assert_eq!(
        send(Method::POST, json!({})).await.problem(400),
        "invalid_body"
    );
    let wrong = send(Method::POST, json!({"password": "wrong password"})).await;
    assert_eq!(wrong.problem(422), "wrong_password");
    let password = json!({"password": PASSWORD});
    let offered = send(Method::POST, password.clone()).await.ok();
    let uri = offered["uri"].as_str().unwrap().to_owned();
    assert!(uri.starts_with("otpauth://totp/Drishti:mara?"), "{uri}");
    // Until it is confirmed it is not asked for.
    app.sign_in("mara").await;
    let wrong = send(Method::PUT, json!({"code": "no code"})).await;
    assert_eq!(wrong.problem(422), "invalid_setting");
    let confirmed = send(Method::PUT, json!({"code": code(&uri, &app)})).await;
    assert_eq!(confirmed.status, 204);
    let with_code = |code: &str| json!({"name": "mara", "password": PASSWORD, "code": code});
    for (body, problem) in [
        (credentials("mara", PASSWORD), "code_needed"),
        (with_code(""), "code_needed"),
        (with_code("no code"), "code_needed"),
        // It was used to confirm.
        (with_code(&code(&uri, &app)), "code_needed"),
        (
            json!({"name": "mara", "password": "wrong password", "code": "1"}),
            "wrong_credentials",
        ),
    ] {
        let refused = app.try_sign_in(&body).await;
        assert_eq!(refused.problem(401), problem, "{body}");
    }
    app.clock.advance(TimeDelta::seconds(30));
    let newest = with_code(&code(&uri, &app));
    let session = app.try_sign_in(&newest).await.ok();
    assert_eq!(session["operator"]["has_totp"], true);
    assert_eq!(app.try_sign_in(&newest).await.problem(401), "code_needed");
    let again = send(Method::POST, password).await;
    assert_eq!(again.problem(409), "second_factor_exists");
    let wrong = send(Method::DELETE, json!({"password": "wrong password"})).await;
    assert_eq!(wrong.problem(422), "wrong_password");
    let removed = send(Method::DELETE, json!({"password": PASSWORD})).await;
    assert_eq!(removed.status, 204);
    app.sign_in("mara").await;
    app.stop().await;
}
