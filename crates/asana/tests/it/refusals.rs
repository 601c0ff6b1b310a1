use drishti_asana::{AsanaError, AuditLogRequest, Endpoint};
use drishti_model::ErrorKind;

use crate::server::{Reply, Server, WORKSPACE, status};

async fn audit_log(reply: Reply, offset: Option<&str>) -> AsanaError {
    let server = Server::scripted([reply]).await;
    let (client, timer) = server.client();
    let request = AuditLogRequest {
        offset: offset.map(str::to_owned),
        ..AuditLogRequest::new(WORKSPACE)
    };
    let error = client.audit_log_page(&request).await.unwrap_err();
    assert_eq!(server.seen().len(), 1, "{error}");
    assert!(timer.waits().is_empty());
    error
}

/// Airbyte's connector takes these for "no data" (`oss-peers.md`, section 1.3), Gravwell's for a reason to start again.
#[tokio::test]
async fn a_refusal_is_an_error_at_once_and_says_what_to_do() {
    let cases = [
        (400, "workspace: Not a recognized ID: 0", "Domain ID"),
        (401, "Not Authorized", "new token"),
        (402, "Only for premium users.", "Enterprise+"),
        (403, "You do not have access.", "\"Audit logs\""),
        (404, "workspace: Unknown object: 1", "Domain ID"),
        (451, "Unavailable For Legal Reasons", "network"),
    ];
    for (code, message, advice) in cases {
        let error = audit_log(status(code, message), None).await;
        assert_eq!(error.status(), Some(code));
        assert_eq!(error.kind(), ErrorKind::ThirdPartyConfig);
        assert_eq!(error.words(), message);
        assert!(error.to_string().contains("the audit log"), "{error}");
        assert!(
            error.to_string().contains(&format!("({code}): {message}")),
            "{error}"
        );
        assert!(error.advice().contains(advice), "{}", error.advice());
        let is_typed = match code {
            400 => matches!(error, AsanaError::BadRequest { .. }),
            401 => matches!(error, AsanaError::TokenRejected { .. }),
            402 => matches!(error, AsanaError::PlanTooLow { .. }),
            403 => matches!(error, AsanaError::Forbidden { .. }),
            404 => matches!(error, AsanaError::NotFound { .. }),
            _ => matches!(error, AsanaError::Embargoed { .. }),
        };
        assert!(is_typed, "{error}");
    }
}

#[tokio::test]
async fn a_status_that_nobody_documents_is_an_error_too() {
    for code in [204, 304, 405, 412, 418] {
        let server = Server::scripted([Reply::Whole(code, Vec::new(), Vec::new())]).await;
        let error = server.client().0.me().await.unwrap_err();
        assert_eq!(error.status(), Some(code), "{error}");
    }
}

#[tokio::test]
async fn a_refused_offset_is_told_from_other_faults() {
    for message in [
        "offset: Your pagination token has expired.",
        "offset: Your pagination token is invalid.",
        "The cursor is too old.",
    ] {
        let error = audit_log(status(400, message), Some("eyJ0")).await;
        assert!(
            matches!(
                error,
                AsanaError::OffsetRefused {
                    endpoint: Endpoint::AuditLog,
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(error.kind(), ErrorKind::ThirdPartyGeneric);
        assert_eq!(error.status(), Some(400));
        assert_eq!(error.words(), message);
        let without = audit_log(status(400, message), None).await;
        assert!(
            matches!(without, AsanaError::BadRequest { .. }),
            "{without}"
        );
    }
    let forbidden = audit_log(status(403, "offset: no"), Some("eyJ0")).await;
    assert!(
        matches!(forbidden, AsanaError::Forbidden { .. }),
        "{forbidden}"
    );
}

#[tokio::test]
async fn asanas_words_are_harmless_and_short() {
    let of = async |body: &[u8]| {
        let error = audit_log(Reply::Whole(403, Vec::new(), body.to_vec()), None).await;
        error.words().to_owned()
    };
    assert_eq!(
        of(br#"{"errors":[{"message":"a\u001b[31m\r\nb\u202e"},{"help":"h"}]}"#).await,
        "a\u{fffd}[31m b\u{fffd}"
    );
    assert_eq!(
        of(b"<html>\n <b>no</b>\xff").await,
        "<html> <b>no</b>\u{fffd}"
    );
    assert_eq!(of(b"").await, "");
    assert_eq!(of(br#"{"errors":[]}"#).await, "");
    assert_eq!(of(br#"{"errors":"x"}"#).await, r#"{"errors":"x"}"#);
    let long = of("ü".repeat(10_000_000).as_bytes()).await;
    assert_eq!(long.chars().count(), 301);
}

#[tokio::test]
async fn a_refusal_whose_body_breaks_off_is_still_the_refusal() {
    let reply = status(401, "Not Authorized").with("content-encoding", "gzip");
    let error = audit_log(reply, None).await;
    assert!(matches!(error, AsanaError::TokenRejected { .. }), "{error}");
    assert_eq!(error.words(), "");
}
