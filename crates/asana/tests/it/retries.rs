use std::time::Duration;

use drishti_asana::{
    AsanaError, AuditLogRequest, DELAY_MAX, DELAY_MIN, RETRY_AFTER_MAX, TRIES_MAX,
};
use drishti_model::ErrorKind;

use crate::client::EMPTY;
use crate::server::{Reply, Server, WORKSPACE, ok, status};

const HALF: &str = r#"{"data":[{"gid":"1","#;

fn limited(retry_after: &str) -> Reply {
    status(429, "You've made too many requests and hit a rate limit.")
        .with("retry-after", retry_after)
}

/// Checks that the waits double from [`DELAY_MIN`] to [`DELAY_MAX`], each with up to as much again by chance.
fn assert_back_off(waits: &[Duration]) {
    let mut delay = DELAY_MIN;
    for wait in waits {
        assert!((delay..=delay * 2).contains(wait), "{waits:?}");
        delay = (delay * 2).min(DELAY_MAX);
    }
}

/// Gravwell's fetcher ignores it (`oss-peers.md`, section 1.1, 3).
#[tokio::test]
async fn retry_after_is_obeyed_to_the_second() {
    let longest = RETRY_AFTER_MAX.as_secs().to_string();
    let replies = [
        limited("30"),
        limited(" 1 "),
        limited("0"),
        limited(&longest),
        ok(EMPTY),
    ];
    let server = Server::scripted(replies).await;
    let (client, timer) = server.client();
    client
        .audit_log_page(&AuditLogRequest::new(WORKSPACE))
        .await
        .unwrap();
    let seconds: Vec<_> = timer.waits().iter().map(Duration::as_secs_f64).collect();
    assert_eq!(seconds, [30.0, 1.0, RETRY_AFTER_MAX.as_secs_f64()]);
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_retry_after_that_is_a_date_is_read_by_the_servers_clock() {
    let at = |time: &str| limited(time).with("date", "Fri, 18 Oct 2024 04:42:00 GMT");
    let replies = [
        at("Fri, 18 Oct 2024 04:42:45 GMT"),
        at("Fri, 18 Oct 2024 04:41:00 GMT"),
        ok(EMPTY),
    ];
    let server = Server::scripted(replies).await;
    let (client, timer) = server.client();
    client.workspaces().await.unwrap();
    assert_eq!(timer.waits(), [Duration::from_secs(45)]);
}

#[tokio::test]
async fn a_429_without_a_usable_retry_after_backs_off() {
    let bare = status(429, "slow down");
    let server = Server::scripted([bare.clone(), limited("soon"), limited("-5"), ok(EMPTY)]).await;
    let (client, timer) = server.client();
    client.workspaces().await.unwrap();
    assert_eq!(timer.waits().len(), 3);
    assert_back_off(&timer.waits());
}

#[tokio::test]
async fn a_retry_after_that_is_too_long_is_left_to_the_caller() {
    let seconds = RETRY_AFTER_MAX.as_secs() + 1;
    for asked in [seconds, u64::MAX] {
        let server = Server::scripted([limited(&asked.to_string())]).await;
        let (client, timer) = server.client();
        let error = client.workspaces().await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(asked)));
        assert_eq!(error.status(), Some(429));
        assert!(timer.waits().is_empty());
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_and_then_returned() {
    let faults = [
        status(500, "Server Error"),
        status(502, "x"),
        status(503, "x"),
        status(504, "x"),
        status(599, "x"),
        status(408, "x"),
        Reply::Cut(HALF),
        Reply::Cut(""),
        Reply::HangUp,
        ok(HALF),
        ok(""),
        ok("<html>sign in</html>"),
        ok(r#"{"data":{}}"#),
        ok([0x1f, 0x8b, 8, 0, 0]).with("content-encoding", "gzip"),
    ];
    for fault in faults {
        let mut replies = vec![fault.clone(); TRIES_MAX - 1];
        replies.push(ok(EMPTY));
        let server = Server::scripted(replies).await;
        let (client, timer) = server.client();
        client
            .workspaces()
            .await
            .unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(timer.waits().len(), TRIES_MAX - 1, "{fault:?}");
        assert_back_off(&timer.waits());

        let server = Server::scripted([fault.clone()]).await;
        let (client, timer) = server.client();
        let error = client.workspaces().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ThirdPartyGeneric, "{fault:?}");
        assert_eq!(timer.waits().len(), TRIES_MAX - 1, "{fault:?}");
    }
}

#[tokio::test]
async fn the_error_that_is_returned_says_what_it_was() {
    let of = async |fault: Reply| {
        let server = Server::scripted([fault]).await;
        server.client().0.workspaces().await.unwrap_err()
    };
    let phrase = r#"{"errors":[{"message":"Server Error","phrase":"6 sad squid snuggle softly"}]}"#;
    let error = of(Reply::Whole(500, Vec::new(), phrase.into())).await;
    assert!(matches!(error, AsanaError::Unavailable { status: 500, .. }));
    assert_eq!(error.words(), "Server Error; 6 sad squid snuggle softly");
    assert!(matches!(
        of(Reply::Cut(HALF)).await,
        AsanaError::Connection { .. }
    ));
    assert!(matches!(
        of(Reply::HangUp).await,
        AsanaError::Connection { .. }
    ));
    assert!(matches!(of(ok(HALF)).await, AsanaError::Broken { .. }));
    assert!(matches!(
        of(limited("1")).await,
        AsanaError::RateLimited { .. }
    ));
}

#[tokio::test]
async fn a_page_cut_short_is_read_again_whole() {
    let whole = r#"{"data":[{"gid":"1","name":"Rasa"},{"gid":"2","name":null}],"next_page":null}"#;
    let server = Server::scripted([Reply::Cut(HALF), ok(whole)]).await;
    let gids = server.client().0.workspaces().await.unwrap();
    assert_eq!(gids.len(), 2);
    assert_eq!(gids[1].name, None);
}
