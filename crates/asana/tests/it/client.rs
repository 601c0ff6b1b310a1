use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_asana::{
    AsanaError, AuditLogRequest, BODY_BYTES_MAX, CONNECT_TIMEOUT, Client, PAGE_LIMIT, TRIES_MAX,
};
use drishti_model::ErrorKind;
use futures::TryStreamExt as _;
use url::Url;

use crate::server::{Reply, Server, TOKEN, WORKSPACE, ok};

pub(crate) const EMPTY: &str = r#"{"data":[],"next_page":null}"#;

fn time(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn page(gids: &[&str], offset: &str) -> Reply {
    let events: Vec<String> = gids
        .iter()
        .map(|gid| {
            format!(
                r#"{{"gid":"{gid}","created_at":"2024-10-18T04:42:40.072Z","event_type":"t","actor":{{}}}}"#
            )
        })
        .collect();
    let next = format!(
        r#"{{"offset":"{offset}","path":"/x?offset={offset}","uri":"https://elsewhere.example/x"}}"#
    );
    ok(format!(
        r#"{{"data":[{}],"next_page":{next}}}"#,
        events.join(",")
    ))
}

/// As in `asana-api.md`, section 2: two pages with an event, then empty ones, each with an offset of its own.
#[tokio::test]
async fn the_audit_log_is_paged_with_fresh_offsets_that_never_end() {
    let pages = [
        page(&["1"], "a"),
        page(&["2"], "b"),
        page(&[], "c"),
        page(&[], "d=/?&"),
    ];
    let server = Server::scripted(pages).await;
    let (client, _) = server.client();
    let mut request = AuditLogRequest {
        start_at: Some(time("2024-10-18T04:00:00.123Z")),
        end_at: Some(time("2024-10-19T04:00:00Z")),
        ..AuditLogRequest::new(WORKSPACE)
    };
    let mut gids = Vec::new();
    for offset in ["a", "b", "c", "d=/?&"] {
        let page = client.audit_log_page(&request).await.unwrap();
        gids.extend(page.events.into_iter().map(|event| event.unwrap().gid));
        assert_eq!(page.next_offset.as_deref(), Some(offset));
        request.offset = page.next_offset;
    }
    client.audit_log_page(&request).await.unwrap();
    assert_eq!(gids, ["1", "2"]);
    let offsets = [None, Some("a"), Some("b"), Some("c"), Some("d=/?&")];
    let seen = server.seen();
    assert_eq!(seen.len(), offsets.len());
    for (seen, offset) in seen.iter().zip(offsets) {
        assert_eq!(
            seen.path,
            format!("/api/1.0/workspaces/{WORKSPACE}/audit_log_events")
        );
        assert_eq!(seen.parameter("offset"), offset);
        assert_eq!(seen.parameter("limit"), Some("100"));
        assert_eq!(seen.parameter("start_at"), Some("2024-10-18T04:00:00.123Z"));
        assert_eq!(seen.parameter("end_at"), Some("2024-10-19T04:00:00.000Z"));
        assert_eq!(seen.headers["authorization"], format!("Bearer {TOKEN}"));
        assert_eq!(seen.headers["user-agent"], "drishti-test/1");
        assert_eq!(seen.headers["accept"], "application/json");
    }
}

#[tokio::test]
async fn a_log_in_which_nothing_ever_matched_has_no_offset() {
    let server = Server::scripted([ok(EMPTY).with("date", "Fri, 18 Oct 2024 04:42:41 GMT")]).await;
    let (client, _) = server.client();
    let page = client
        .audit_log_page(&AuditLogRequest::new(WORKSPACE))
        .await
        .unwrap();
    assert!(page.events.is_empty());
    assert_eq!(page.next_offset, None);
    assert_eq!(page.server_time, Some(time("2024-10-18T04:42:41Z")));
    let seen = &server.seen()[0];
    assert_eq!(seen.query.keys().collect::<Vec<_>>(), ["limit"]);
}

#[tokio::test]
async fn a_server_without_a_clock_gives_no_time() {
    let server = Server::scripted([ok(EMPTY), ok(EMPTY).with("date", "today")]).await;
    let (client, _) = server.client();
    for _ in 0..2 {
        let page = client
            .audit_log_page(&AuditLogRequest::new(WORKSPACE))
            .await
            .unwrap();
        assert_eq!(page.server_time, None);
    }
}

/// Gravwell's fetcher asks in whole seconds (`oss-peers.md`, section 1.1, 4): what lies between is lost or doubled.
#[tokio::test]
async fn a_span_is_never_narrowed_by_rounding() {
    let server = Server::scripted([ok(EMPTY)]).await;
    let (client, _) = server.client();
    let cases = [
        (
            "2024-10-18T04:42:40.072999Z",
            "2024-10-18T04:42:40.072Z",
            "2024-10-18T04:42:40.073Z",
        ),
        (
            "2024-10-18T04:42:40.999001Z",
            "2024-10-18T04:42:40.999Z",
            "2024-10-18T04:42:41.000Z",
        ),
        (
            "2024-10-18T04:42:40Z",
            "2024-10-18T04:42:40.000Z",
            "2024-10-18T04:42:40.000Z",
        ),
    ];
    for (moment, start_at, end_at) in cases {
        let request = AuditLogRequest {
            start_at: Some(time(moment)),
            end_at: Some(time(moment)),
            ..AuditLogRequest::new(WORKSPACE)
        };
        client.audit_log_page(&request).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!(seen.parameter("start_at"), Some(start_at));
        assert_eq!(seen.parameter("end_at"), Some(end_at));
    }
}

#[tokio::test]
async fn times_outside_of_what_rounding_can_do_are_sent_as_they_are() {
    let server = Server::scripted([ok(EMPTY)]).await;
    let (client, _) = server.client();
    let request = AuditLogRequest {
        end_at: Some(DateTime::UNIX_EPOCH + TimeDelta::days(365 * 400)),
        ..AuditLogRequest::new(WORKSPACE)
    };
    client.audit_log_page(&request).await.unwrap();
    assert_eq!(
        server.seen()[0].parameter("end_at"),
        Some("2369-09-26T00:00:00.000Z")
    );
}

#[tokio::test]
async fn the_limit_is_brought_into_its_span() {
    let server = Server::scripted([ok(EMPTY)]).await;
    let (client, _) = server.client();
    for (limit, sent) in [
        (0, "1"),
        (1, "1"),
        (PAGE_LIMIT, "100"),
        (PAGE_LIMIT + 1, "100"),
    ] {
        let request = AuditLogRequest {
            limit,
            ..AuditLogRequest::new(WORKSPACE)
        };
        client.audit_log_page(&request).await.unwrap();
        assert_eq!(server.seen().pop().unwrap().parameter("limit"), Some(sent));
    }
}

#[tokio::test]
async fn an_id_that_is_no_number_reaches_no_address() {
    let server = Server::scripted([ok(EMPTY)]).await;
    let (client, _) = server.client();
    let long = "1".repeat(33);
    for gid in [
        "", "me", "../users", "1/2", "1?x", "-1", "１２", " 1", &long,
    ] {
        let errors = [
            client
                .audit_log_page(&AuditLogRequest::new(gid))
                .await
                .unwrap_err(),
            client.workspace(gid).await.unwrap_err(),
            client.users(gid).try_concat().await.unwrap_err(),
            client
                .workspace_memberships(gid)
                .try_concat()
                .await
                .unwrap_err(),
            client.teams(gid).try_concat().await.unwrap_err(),
            client.team_memberships(gid).try_concat().await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, AsanaError::Gid { .. }), "{error}");
            assert_eq!(error.kind(), ErrorKind::ThirdPartyConfig);
        }
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_token_travels_in_the_clear_only_within_this_machine() {
    let server = Server::scripted([ok(EMPTY)]).await;
    let cases = [
        ("https://app.asana.com/api/1.0", true),
        ("http://127.0.0.1:8080/api/1.0", true),
        ("http://127.9.9.9", true),
        ("http://[::1]:8080/", true),
        ("http://localhost:8080/api/1.0/", true),
        ("http://app.asana.com/api/1.0", false),
        ("http://10.0.0.1/", false),
        ("http://0.0.0.0/", false),
        ("http://localhost.example.com/", false),
        ("ftp://127.0.0.1/", false),
        ("file:///etc", false),
        ("data:text/plain,x", false),
        ("https://user@app.asana.com/", false),
        ("https://user:hunter2@app.asana.com/", false),
        ("https://app.asana.com/?x=hunter2", false),
        ("https://app.asana.com/#hunter2", false),
    ];
    for (address, is_fine) in cases {
        let mut options = server.options();
        options.base_url = Url::parse(address).unwrap();
        match Client::new(options) {
            Ok(_) => assert!(is_fine, "{address}"),
            Err(error) => {
                assert!(!is_fine, "{address}: {error}");
                assert!(matches!(error, AsanaError::Address { .. }), "{error}");
                assert!(!error.to_string().contains("hunter2"), "{error}");
                assert_eq!(error.kind(), ErrorKind::ThirdPartyConfig);
            }
        }
    }
}

#[tokio::test]
async fn a_base_address_may_end_in_a_slash() {
    let server = Server::scripted([ok(EMPTY)]).await;
    let mut options = server.options();
    options.base_url.set_path("/api/1.0/");
    Client::new(options).unwrap().workspaces().await.unwrap();
    assert_eq!(server.seen()[0].path, "/api/1.0/workspaces");
}

#[tokio::test]
async fn the_body_is_bounded() {
    let server = Server::start(|seen| async move {
        let bytes = BODY_BYTES_MAX + usize::from(seen.path.ends_with("/me"));
        let mut body = EMPTY.as_bytes().to_vec();
        body.resize(bytes, b' ');
        ok(body)
    })
    .await;
    let (client, timer) = server.client();
    client.workspaces().await.unwrap();
    let error = client.me().await.unwrap_err();
    assert!(matches!(error, AsanaError::BodyTooLarge { .. }), "{error}");
    assert_eq!(
        server.seen().len(),
        2,
        "a body that is too large once is so again"
    );
    assert!(timer.waits().is_empty());
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(body, flate2::Compression::fast());
    std::io::copy(&mut encoder, &mut packed).unwrap();
    packed
}

#[tokio::test]
async fn a_packed_body_is_bounded_by_what_it_unpacks_to() {
    let bomb = packed(&vec![b' '; 2 * BODY_BYTES_MAX]);
    assert!(bomb.len() < BODY_BYTES_MAX / 10);
    let replies =
        [packed(EMPTY.as_bytes()), bomb].map(|body| ok(body).with("content-encoding", "gzip"));
    let server = Server::scripted(replies).await;
    let (client, _) = server.client();
    assert_eq!(client.workspaces().await.unwrap(), []);
    assert_eq!(server.seen()[0].headers["accept-encoding"], "gzip");
    let error = client.workspaces().await.unwrap_err();
    assert!(matches!(error, AsanaError::BodyTooLarge { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_given_up() {
    let server = Server::scripted([Reply::Silence]).await;
    let client = Client::new(server.options()).unwrap();
    let start = tokio::time::Instant::now();
    let error = client.me().await.unwrap_err();
    assert!(matches!(error, AsanaError::TimedOut { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::ThirdPartyGeneric);
    let tries = u32::try_from(TRIES_MAX).unwrap();
    assert!(start.elapsed() >= CONNECT_TIMEOUT * tries);
    assert!(start.elapsed() < Duration::from_mins(15));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::scripted([ok(EMPTY)]).await;
    let there = format!("http://{}/api/1.0/workspaces", elsewhere.address);
    for status in [301, 302, 303, 307, 308] {
        let reply = Reply::Whole(status, Vec::new(), Vec::new()).with("location", there.as_str());
        let server = Server::scripted([reply]).await;
        let error = server.client().0.workspaces().await.unwrap_err();
        assert!(matches!(error, AsanaError::Redirected { .. }), "{error}");
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.kind(), ErrorKind::ThirdPartyGeneric);
        assert_eq!(server.seen().len(), 1);
    }
    assert!(elsewhere.seen().is_empty());
}

/// Runs another test of this file with a proxy in the environment that nobody answers at.
#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "client::a_base_address_may_end_in_a_slash"]);
    for name in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        command.env(name, "http://127.0.0.1:1");
    }
    let output = command
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && report.contains("1 passed"),
        "{report}"
    );
}
