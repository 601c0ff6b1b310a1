//! Creations that are repeated, and callers who ask too often.

use chrono::TimeDelta;
use drishti_model::{Role, SourceScope};
use drishti_server::{Creation, PERMISSIONS};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{API_TOKEN, Answer, App};

async fn send(app: &App, key: &str, path: &str, body: &Value) -> Answer {
    let request = app.request(Method::POST, path).json(body);
    app.send(request.header("idempotency-key", key)).await
}

fn range(name: &str) -> Value {
    json!({"name": name, "networks": ["192.0.2.0/24"], "category": "corporate"})
}

fn suppression(hours: i64) -> Value {
    let ends_at = crate::app::now() + TimeDelta::hours(hours);
    json!({"policy": "test.export", "ends_at": ends_at, "reason": "planned"})
}

async fn suppressions(app: &App) -> usize {
    let all = app.get("/api/v1/suppressions").await.ok();
    all["suppressions"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_is_repeated_is_made_once() {
    const PATH: &str = "/api/v1/suppressions";
    let app = App::start().await;
    let first = send(&app, "one", PATH, &suppression(1)).await;
    let made = first.ok();
    let again = send(&app, "one", PATH, &suppression(1)).await;
    assert_eq!((again.status, again.json()), (first.status, made));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert!(!first.headers.contains_key("idempotency-replayed"));
    assert_eq!(suppressions(&app).await, 1);
    // Another body or another address is another request.
    let other = send(&app, "one", PATH, &suppression(2)).await;
    assert_eq!(other.problem(422), "key_reused");
    let other = send(&app, "one", "/api/v1/ranges", &range("office")).await;
    assert_eq!(other.problem(422), "key_reused");
    // Another key, or none, makes another.
    send(&app, "two", PATH, &suppression(1)).await.ok();
    app.post(PATH, &suppression(1)).await.ok();
    assert_eq!(suppressions(&app).await, 3);
    // Keys of others are others.
    app.add_operator("mara", Role::Analyst, SourceScope::All)
        .await;
    let cookie = app.sign_in("mara").await;
    let request = app
        .request_of(&cookie, Method::POST, PATH)
        .json(&suppression(1));
    let hers = app.send(request.header("idempotency-key", "one")).await;
    assert!(!hers.headers.contains_key("idempotency-replayed"));
    assert_eq!(suppressions(&app).await, 4);
    // A day later nobody remembers.
    app.clock.advance(TimeDelta::hours(24));
    let later = send(&app, "one", PATH, &suppression(48)).await;
    later.ok();
    app.stop().await;
}

#[tokio::test]
async fn what_came_to_nothing_can_be_put_right() {
    let app = App::start().await;
    let path = "/api/v1/ranges";
    let refused = send(&app, "one", path, &json!({"name": "office"})).await;
    assert_eq!(refused.problem(400), "invalid_body");
    send(&app, "one", path, &range("office")).await.ok();
    for key in ["", &"x".repeat(256)] {
        let refused = send(&app, key, path, &range("home")).await;
        assert_eq!(refused.problem(400), "invalid_parameter");
    }
    let twice = app.request(Method::POST, path).json(&range("home"));
    let twice = twice
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    assert_eq!(app.send(twice).await.problem(400), "invalid_parameter");
    app.stop().await;
}

#[tokio::test]
async fn a_secret_is_told_once() {
    let app = App::start().await;
    let order = json!({"name": "export", "role": "viewer", "expires_at": "2026-06-01T00:00:00Z"});
    let first = send(&app, "one", "/api/v1/tokens", &order).await.ok();
    let secret = first["secret"].as_str().unwrap();
    let again = send(&app, "one", "/api/v1/tokens", &order).await;
    assert!(!again.text.contains(secret));
    assert_eq!(again.problem(409), "already_done");
    assert_eq!(
        app.get("/api/v1/tokens").await.ok()["tokens"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.stop().await;
}

#[tokio::test]
async fn repetitions_at_once_are_one_request() {
    let app = App::start().await;
    let body = suppression(1);
    let all = (0..8).map(|_| send(&app, "one", "/api/v1/suppressions", &body));
    let answers = futures_of(all).await;
    let made = answers.iter().filter(|answer| {
        answer.status == 201 && !answer.headers.contains_key("idempotency-replayed")
    });
    assert_eq!(made.count(), 1);
    for answer in &answers {
        if answer.status != 201 {
            assert_eq!(answer.problem(409), "request_in_progress");
            assert_eq!(answer.headers["retry-after"], "1");
        }
    }
    assert_eq!(suppressions(&app).await, 1);
    app.stop().await;
}

async fn futures_of(all: impl Iterator<Item = impl Future<Output = Answer>>) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        all.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    answers
}

#[tokio::test]
async fn whoever_asks_too_often_waits() {
    let app = App::start_set_up(|options| {
        options.limits.requests_per_minute = 1;
        options.limits.burst = 5;
    })
    .await;
    let refused = async |token: &str| {
        let mut refused = 0;
        for _ in 0..7 {
            let request = app.request_without_token(Method::GET, "/api/v1/sources");
            let answer = app.send(request.bearer_auth(token)).await;
            if answer.status == 429 {
                assert_eq!(answer.problem(429), "too_many_requests");
                let wait: u64 = answer.headers["retry-after"]
                    .to_str()
                    .unwrap()
                    .parse()
                    .unwrap();
                assert!((1..=61).contains(&wait), "{wait}");
                refused += 1;
            }
        }
        refused
    };
    assert_eq!(refused(API_TOKEN).await, 2);
    // Those who guess are counted by their address, and keep nobody else away.
    assert_eq!(refused("guess").await, 2);
    let probe = app
        .send(app.request_without_token(Method::GET, "/healthz"))
        .await;
    assert_eq!(probe.status, 200);
    app.stop().await;
}

#[test]
fn what_can_be_repeated_says_so() {
    let document: Value = serde_json::from_str(&drishti_server::openapi()).unwrap();
    for row in PERMISSIONS {
        let operation = &document["paths"][row.path][row.method.to_lowercase()];
        let parameters = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let has_key = parameters
            .iter()
            .any(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(
            has_key,
            row.creation.is_some(),
            "{} {}",
            row.method,
            row.path
        );
        let tells = row.creation == Some(Creation::Secret);
        assert_eq!(tells, row.path == "/api/v1/tokens" && row.method == "POST");
    }
}
