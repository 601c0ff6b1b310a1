//! The bounds of one request, and requests for what is not there.

use drishti_server::{
    BODY_BYTES_MAX, CONCURRENT_REQUESTS_MAX, PAGE_MAX, QUERY_BYTES_MAX, REPLAY_IDS_MAX,
};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{API_TOKEN, App};

#[tokio::test]
async fn a_query_that_is_too_long_is_refused() {
    let app = App::start().await;
    let of_length = async |bytes: usize| {
        let pairs = "event_type=x&".repeat(bytes / 13);
        let padding = "&".repeat(bytes - pairs.len());
        app.get(&format!("/api/v1/events?{pairs}{padding}")).await
    };
    assert_eq!(of_length(QUERY_BYTES_MAX).await.status, 200);
    assert_eq!(
        of_length(QUERY_BYTES_MAX + 1).await.problem(414),
        "address_too_long"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let app = App::start().await;
    let of_length = async |bytes: usize| {
        let frame = json!({"name": "a/b", "description": ""}).to_string().len();
        let body = json!({"name": "a/b", "description": "x".repeat(bytes - frame)});
        app.post("/api/v1/sources", &body).await
    };
    assert_eq!(
        of_length(BODY_BYTES_MAX).await.problem(422),
        "invalid_setting"
    );
    assert_eq!(
        of_length(BODY_BYTES_MAX + 1).await.problem(413),
        "body_too_large"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_large_body_of_unknown_length_is_refused_too() {
    let app = App::start().await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let head = format!(
        "POST /api/v1/sources HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {API_TOKEN}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..=BODY_BYTES_MAX / 0x10000 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    app.stop().await;
}

#[tokio::test]
async fn pages_and_replays_have_a_greatest_length() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    for path in [
        "/api/v1/events",
        "/api/v1/health-events",
        "/api/v1/accounts",
        "/api/v1/sources/acme/quarantine",
    ] {
        let of_length = async |length: usize| app.get(&format!("{path}?limit={length}")).await;
        assert_eq!(of_length(PAGE_MAX).await.status, 200, "{path}");
        assert_eq!(
            of_length(PAGE_MAX + 1).await.problem(400),
            "invalid_parameter",
            "{path}"
        );
        assert_eq!(
            of_length(0).await.problem(400),
            "invalid_parameter",
            "{path}"
        );
    }
    let replay = async |count: usize| {
        let ids: Vec<usize> = (0..count).collect();
        app.post(
            "/api/v1/sources/acme/quarantine/replay",
            &json!({"ids": ids}),
        )
        .await
    };
    assert_eq!(replay(REPLAY_IDS_MAX).await.status, 200);
    assert_eq!(
        replay(REPLAY_IDS_MAX + 1).await.problem(400),
        "invalid_body"
    );
    app.stop().await;
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let app = App::start().await;
    for path in [
        "/api",
        "/api/v2/events",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v1/events/",
        "/favicon.ico",
    ] {
        assert_eq!(app.get(path).await.problem(404), "not_found", "{path}");
    }
    for (method, path, allowed) in [
        (Method::POST, "/api/v1/events", "GET"),
        (Method::DELETE, "/api/v1/sources", "POST"),
        (Method::PUT, "/api/v1/sources/acme", "PATCH"),
        (Method::GET, "/api/v1/sources/acme/restart", "POST"),
        (Method::POST, "/healthz", "GET"),
        (Method::POST, "/", "GET"),
    ] {
        let answer = app.send(app.request(method.clone(), path)).await;
        assert_eq!(answer.problem(405), "method_not_allowed", "{method} {path}");
        let allow = answer.headers["allow"].to_str().unwrap();
        assert!(allow.contains(allowed), "{method} {path}: {allow}");
    }
    app.stop().await;
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused() {
    let app = App::start().await;
    let send = async |kind: &str, body: &str| {
        let request = app
            .request(Method::POST, "/api/v1/sources")
            .body(body.to_owned());
        app.send(request.header("content-type", kind)).await
    };
    let json = "application/json";
    assert_eq!(
        send("text/plain", "{}").await.problem(415),
        "unsupported_media_type"
    );
    assert_eq!(
        send("application/x-www-form-urlencoded", "name=x")
            .await
            .problem(415),
        "unsupported_media_type"
    );
    for body in [
        "",
        "{",
        "null",
        "[]",
        "{} {}",
        "{\"name\":1}",
        "{\"nome\":\"x\"}",
        "{\"name\":\"x\",\"name\":\"y\"}",
    ] {
        assert_eq!(
            send(json, body).await.problem(400),
            "invalid_body",
            "{body}"
        );
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(send(json, &deep).await.problem(400), "invalid_body");
    let unknown = send(json, "{\"name\":\"x\",\"nome\":1}").await;
    assert!(
        unknown.json()["detail"]
            .as_str()
            .unwrap()
            .contains("unknown field `nome`")
    );
    app.stop().await;
}

#[tokio::test]
async fn whoever_is_slow_to_send_a_body_keeps_nobody_away() {
    let app = App::start().await;
    let head = "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    let mut slow = Vec::new();
    for _ in 0..=CONCURRENT_REQUESTS_MAX {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    for path in ["/api/v1/session", "/api/v1/openapi.json", "/healthz"] {
        let request = app.request_without_token(Method::GET, path);
        assert_eq!(app.send(request).await.status, 200, "{path}");
    }
    drop(slow);
    app.stop().await;
}

#[tokio::test]
async fn addresses_that_are_no_text_are_problems() {
    let app = App::start().await;
    for path in [
        "/api/v1/alerts/%ff",
        "/api/v1/policies/%ff/text",
        "/api/v1/sources/%ff",
        "/api/v1/people/%ff",
        "/api/v1/collectors/%ff",
    ] {
        assert_eq!(
            app.get(path).await.refusal(400),
            "invalid_parameter",
            "{path}"
        );
    }
    assert_eq!(
        app.get("/api/v1/alerts/%00").await.problem(404),
        "no_such_alert"
    );
    app.stop().await;
}
