//! Signing in with a provider, which may lie.

use axum::http::StatusCode;
use chrono::TimeDelta;
use drishti_model::{Role, Secret, SourceScope};
use drishti_services::access::{GroupRole, OpenId, OpenIdSettings};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, App, PASSWORD, now};
use crate::provider::{CLIENT_SECRET, Provider, Signer};

const START: &str = "/api/v1/session/openid";

async fn with_provider(change: impl FnOnce(&mut OpenIdSettings)) -> (App, Provider) {
    let provider = Provider::start().await;
    let mut settings = provider.settings();
    change(&mut settings);
    let app =
        App::start_set_up(|options| options.openid = Some(OpenId::new(settings).unwrap())).await;
    (app, provider)
}

/// Goes to the provider: the address there, and the cookie of the attempt.
async fn begin(app: &App, to: &str) -> (String, String) {
    let request = app.request_without_token(Method::GET, START);
    let answer = app.send(request.query(&[("to", to)])).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    (location(&answer), answer.cookie())
}

/// Comes back from it.
async fn come_back(app: &App, cookie: &str, query: &str) -> Answer {
    let path = format!("{START}/callback?{query}");
    let request = app.request_without_token(Method::GET, &path);
    let answer = app.send(request.header("cookie", cookie)).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    for secret in [CLIENT_SECRET, "code-"] {
        assert!(!format!("{:?}", answer.headers).contains(secret));
    }
    answer
}

async fn sign_in(app: &App, provider: &Provider) -> Answer {
    let (address, cookie) = begin(app, "/").await;
    come_back(app, &cookie, &provider.authorize(&address)).await
}

fn location(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// The cookies that an answer sets.
fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.get_all("set-cookie").iter();
    set.map(|set| set.to_str().unwrap().to_owned()).collect()
}

fn session_of(answer: &Answer) -> String {
    let set = cookies(answer);
    let session = set.iter().find(|set| set.starts_with("drishti_session="));
    session.unwrap().split(';').next().unwrap().to_owned()
}

fn is_refused(answer: &Answer, failure: &str) {
    let to = location(answer);
    assert!(
        to.starts_with(&format!("/sign-in?failure={failure}")),
        "{failure}: {to}"
    );
    let set = cookies(answer);
    assert!(
        set.iter().all(|set| !set.starts_with("drishti_session=")),
        "{set:?}"
    );
}

async fn operator(app: &App, name: &str) -> Value {
    app.get(&format!("/api/v1/operators/{name}")).await.ok()
}

#[tokio::test]
async fn somebody_signs_in_with_the_provider() {
    let (app, provider) = with_provider(|_| {}).await;
    let methods = app
        .send(app.request_without_token(Method::GET, "/api/v1/session/methods"))
        .await;
    let expected = json!({"openid": {"display": "Example", "path": START}});
    assert_eq!(methods.ok(), expected);
    let (address, cookie) = begin(&app, "/alerts/3f9c?tab=events").await;
    let back = come_back(&app, &cookie, &provider.authorize(&address)).await;
    assert_eq!(location(&back), "/alerts/3f9c?tab=events");
    let set = cookies(&back);
    assert!(
        set.iter()
            .any(|set| set.starts_with("drishti_openid=;") && set.contains("Max-Age=0"))
    );
    let session = session_of(&back);
    let request = app.request_of(&session, Method::GET, "/api/v1/session");
    let shown = app.send(request).await.ok();
    let expected = json!({
        "name": "mara@example.com", "display_name": "Mara K.", "role": "viewer", "sources": null,
        "has_totp": false, "has_password": false
    });
    assert_eq!(shown["operator"], expected);
    // The second time they are known, and what an admin has set stays.
    let path = "/api/v1/operators/mara@example.com";
    let change = app
        .request(Method::PATCH, path)
        .json(&json!({"role": "analyst"}));
    app.send(change).await.ok();
    sign_in(&app, &provider).await;
    assert_eq!(operator(&app, "mara@example.com").await["role"], "analyst");
    let trail = app.get("/api/v1/audit?kind=operator").await.ok();
    let actions: Vec<_> = trail["entries"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| {
            format!(
                "{} {}",
                entry["author"].as_str().unwrap(),
                entry["action"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        actions,
        [
            "openid added",
            "openid joined to the provider",
            "api token changed"
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn there_is_no_password_to_guess_set_or_add_a_factor_to() {
    let (app, provider) = with_provider(|_| {}).await;
    let session = session_of(&sign_in(&app, &provider).await);
    for password in ["", PASSWORD] {
        let wrong = json!({"name": "mara@example.com", "password": password});
        assert_eq!(
            app.try_sign_in(&wrong).await.problem(401),
            "wrong_credentials"
        );
    }
    let new = Secret::new(PASSWORD);
    let reset = app
        .services
        .reset_password("mara@example.com", &new, false, "test");
    assert!(reset.await.is_err());
    let totp = app.request_of(&session, Method::POST, "/api/v1/session/totp");
    let totp = totp.json(&json!({"password": PASSWORD}));
    assert_eq!(app.send(totp).await.problem(422), "invalid_setting");
    app.stop().await;
}

#[tokio::test]
async fn groups_are_read_anew_each_time() {
    let (app, provider) = with_provider(|settings| {
        let acme = SourceScope::of(Some([crate::app::name("acme")]));
        settings.default_role = None;
        settings.roles = [
            (
                "soc".to_owned(),
                GroupRole {
                    role: Role::Analyst,
                    scope: acme,
                },
            ),
            (
                "audit".to_owned(),
                GroupRole {
                    role: Role::Auditor,
                    scope: SourceScope::All,
                },
            ),
        ]
        .into();
    })
    .await;
    is_refused(&sign_in(&app, &provider).await, "no_role");
    provider.set(|behaviour| behaviour.claims = json!({"groups": ["soc", "other"]}));
    let first = session_of(&sign_in(&app, &provider).await);
    let mara = operator(&app, "mara@example.com").await;
    assert_eq!(
        (&mara["role"], &mara["sources"]),
        (&json!("analyst"), &json!(["acme"]))
    );
    provider.set(|behaviour| behaviour.claims = json!({"groups": "audit"}));
    let second = session_of(&sign_in(&app, &provider).await);
    let mara = operator(&app, "mara@example.com").await;
    assert_eq!(
        (&mara["role"], &mara["sources"]),
        (&json!("auditor"), &json!(null))
    );
    // What they might do before ends with its sessions.
    let of = async |session: &str| {
        let request = app.request_of(session, Method::GET, "/api/v1/session");
        app.send(request).await.ok()["operator"]["role"].take()
    };
    assert_eq!(
        (of(&first).await, of(&second).await),
        (json!(null), json!("auditor"))
    );
    provider.set(|behaviour| behaviour.claims = json!({"groups": []}));
    is_refused(&sign_in(&app, &provider).await, "no_role");
    app.stop().await;
}

#[tokio::test]
async fn only_those_who_are_meant_get_in() {
    let (app, provider) = with_provider(|settings| settings.adds_operators = false).await;
    is_refused(&sign_in(&app, &provider).await, "unknown_operator");
    let new = json!({"name": "mara@example.com", "role": "analyst"});
    app.post("/api/v1/operators", &new).await.ok();
    session_of(&sign_in(&app, &provider).await);
    // Another subject with the same name is somebody else, and so is an operator with a password.
    provider.set(|behaviour| behaviour.claims = json!({"sub": "8"}));
    is_refused(&sign_in(&app, &provider).await, "name_taken");
    app.add_operator("ben", Role::Admin, SourceScope::All).await;
    provider.set(|behaviour| behaviour.claims = json!({"sub": "9", "email": "ben"}));
    is_refused(&sign_in(&app, &provider).await, "name_taken");
    // The subject counts, whatever the name becomes.
    provider.set(|behaviour| behaviour.claims = json!({"email": "mara.k@example.com"}));
    session_of(&sign_in(&app, &provider).await);
    let disable = app.request(Method::PATCH, "/api/v1/operators/mara@example.com");
    app.send(disable.json(&json!({"is_enabled": false})))
        .await
        .ok();
    is_refused(&sign_in(&app, &provider).await, "disabled");
    provider.set(|behaviour| behaviour.claims = json!({"email": "<img onerror=x>"}));
    is_refused(&sign_in(&app, &provider).await, "no_name");
    app.stop().await;
}

#[tokio::test]
async fn tokens_that_lie_are_refused() {
    let (app, provider) = with_provider(|_| {}).await;
    let seconds = now().timestamp();
    for claims in [
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"iss": "https://evil.example"}),
        json!({"aud": "another"}),
        json!({"aud": ["another"]}),
        json!({"aud": ["drishti", "another"]}),
        json!({"aud": ["drishti", "another"], "azp": "another"}),
        json!({"azp": "another"}),
        json!({"aud": null}),
        json!({"exp": seconds - 61}),
        json!({"exp": null}),
        json!({"exp": "never"}),
        json!({"iat": seconds + 120}),
        json!({"iat": null}),
        json!({"nbf": seconds + 120}),
        json!({"sub": ""}),
        json!({"sub": null}),
        json!({"sub": "x".repeat(256)}),
    ] {
        provider.set(|behaviour| behaviour.claims = claims.clone());
        is_refused(&sign_in(&app, &provider).await, "token_refused");
    }
    provider.set(|behaviour| {
        behaviour.claims =
            json!({"aud": ["drishti", "another"], "azp": "drishti", "exp": seconds - 59});
    });
    session_of(&sign_in(&app, &provider).await);
    app.stop().await;
}

#[tokio::test]
async fn only_the_keys_of_the_provider_sign() {
    let (app, provider) = with_provider(|_| {}).await;
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "None", "kid": "one"}),
        json!({"alg": "HS256", "kid": "one"}),
        json!({"alg": "RS384", "kid": "one"}),
        json!({"alg": "PS256", "kid": "one"}),
        json!({"alg": "ES256", "kid": "one"}),
        json!({"alg": "RS256", "kid": "another"}),
        json!({"alg": "RS256", "kid": "one", "crit": ["exp"]}),
        json!({"kid": "one"}),
        json!([]),
    ] {
        provider.set(|behaviour| behaviour.header = Some(header.clone()));
        is_refused(&sign_in(&app, &provider).await, "token_refused");
    }
    for signature in [vec![], vec![0; 256], b"x".repeat(100_000)] {
        provider.set(|behaviour| {
            behaviour.header = None;
            behaviour.signature = Some(signature.clone());
        });
        is_refused(&sign_in(&app, &provider).await, "token_refused");
    }
    // Keys that are no more, or none that can be used, once they have been asked for anew.
    let later = now() + TimeDelta::minutes(61);
    app.clock.set(later);
    provider.set(|behaviour| {
        behaviour.signature = None;
        behaviour.claims = json!({"iat": later.timestamp(), "exp": later.timestamp() + 300});
        behaviour.published = Some(json!([{"kty": "oct", "kid": "one", "k": "AAAA"}, 7, {}]));
    });
    is_refused(&sign_in(&app, &provider).await, "token_refused");
    provider.set(|behaviour| behaviour.published = None);
    app.clock.advance(TimeDelta::seconds(61));
    session_of(&sign_in(&app, &provider).await);
    app.stop().await;
}

#[tokio::test]
async fn keys_that_change_are_asked_for_anew_and_not_too_often() {
    let (app, provider) = with_provider(|_| {}).await;
    session_of(&sign_in(&app, &provider).await);
    session_of(&sign_in(&app, &provider).await);
    let asked = || provider.behaviour.lock().unwrap().keys_asked;
    assert_eq!(asked(), 1);
    provider.set(|behaviour| {
        behaviour.signer = Signer::p256();
        behaviour.key_id = "two".to_owned();
    });
    is_refused(&sign_in(&app, &provider).await, "token_refused");
    assert_eq!(asked(), 1);
    app.clock.advance(TimeDelta::seconds(61));
    session_of(&sign_in(&app, &provider).await);
    assert_eq!(asked(), 2);
    app.stop().await;
}

#[tokio::test]
async fn an_answer_belongs_to_one_attempt_of_one_browser() {
    let (app, provider) = with_provider(|_| {}).await;
    let (address, cookie) = begin(&app, "/").await;
    let query = provider.authorize(&address);
    // Another browser, another attempt, and none.
    let (_, other) = begin(&app, "/").await;
    for cookie in [other.as_str(), "drishti_openid=x.Lw", "a=b"] {
        is_refused(&come_back(&app, cookie, &query).await, "stale");
    }
    let code = query.split('&').next().unwrap();
    let state = query.split('&').nth(1).unwrap();
    for query in [code, state, "", &format!("{code}&state=x")] {
        is_refused(&come_back(&app, &cookie, query).await, "stale");
    }
    let denied = format!("error=access_denied&{state}");
    is_refused(&come_back(&app, &cookie, &denied).await, "provider_refused");
    let mixed = format!("{query}&iss=https%3A%2F%2Fevil.example");
    is_refused(&come_back(&app, &cookie, &mixed).await, "token_refused");
    session_of(&come_back(&app, &cookie, &query).await);
    // The code counts once.
    is_refused(&come_back(&app, &cookie, &query).await, "provider_refused");
    // A code of another attempt is not exchanged: PKCE.
    let (address, cookie) = begin(&app, "/").await;
    let mine = provider.authorize(&address);
    let (address, _) = begin(&app, "/").await;
    let theirs = provider.authorize(&address);
    let theirs = theirs.split('&').next().unwrap();
    let mixed = format!("{theirs}&{}", mine.split('&').nth(1).unwrap());
    is_refused(&come_back(&app, &cookie, &mixed).await, "provider_refused");
    app.stop().await;
}

#[tokio::test]
async fn nobody_is_sent_to_another_server() {
    let (app, provider) = with_provider(|_| {}).await;
    for to in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/api/v1/session/openid",
    ] {
        let (address, cookie) = begin(&app, to).await;
        let back = come_back(&app, &cookie, &provider.authorize(&address)).await;
        assert_eq!(location(&back), "/", "{to}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_told_in_words() {
    let (app, provider) = with_provider(|_| {}).await;
    let start = async || {
        let request = app.request_without_token(Method::GET, &format!("{START}?to=/alerts"));
        app.send(request).await
    };
    for (status, text) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "on fire".to_owned()),
        (StatusCode::OK, "<html>".to_owned()),
        (StatusCode::OK, json!({"issuer": "https://evil.example", "authorization_endpoint": "https://evil.example/a", "token_endpoint": "https://evil.example/t", "jwks_uri": "https://evil.example/k"}).to_string()),
        (StatusCode::FOUND, String::new()),
        (StatusCode::OK, " ".repeat((1 << 20) + 1)),
    ] {
        provider.set(|behaviour| behaviour.broken = Some((status, text)));
        app.clock.advance(TimeDelta::seconds(5));
        let answer = start().await;
        is_refused(&answer, "provider_unavailable");
        assert!(location(&answer).ends_with("&to=%2Falerts"));
    }
    provider.set(|behaviour| behaviour.broken = None);
    // It is not asked again at once.
    is_refused(&start().await, "provider_unavailable");
    app.clock.advance(TimeDelta::seconds(5));
    let (address, cookie) = begin(&app, "/").await;
    let query = provider.authorize(&address);
    provider.set(|behaviour| behaviour.broken = Some((StatusCode::BAD_GATEWAY, String::new())));
    is_refused(
        &come_back(&app, &cookie, &query).await,
        "provider_unavailable",
    );
    // The other way of showing the client's secret.
    provider.set(|behaviour| {
        behaviour.broken = None;
        behaviour.methods = vec!["client_secret_post"];
    });
    app.clock.set(now() + TimeDelta::minutes(62));
    provider.set(|behaviour| {
        let later = now().timestamp() + 3_720;
        behaviour.claims = json!({"iat": later, "exp": later + 300});
    });
    session_of(&sign_in(&app, &provider).await);
    app.stop().await;
}

#[tokio::test]
async fn without_a_provider_there_is_none() {
    let app = App::start().await;
    let methods = app
        .send(app.request_without_token(Method::GET, "/api/v1/session/methods"))
        .await;
    assert_eq!(methods.ok(), json!({"openid": null}));
    for path in [START, "/api/v1/session/openid/callback"] {
        let answer = app.send(app.request_without_token(Method::GET, path)).await;
        assert_eq!(answer.problem(404), "no_openid");
    }
    app.stop().await;
}
