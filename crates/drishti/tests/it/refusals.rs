//! What Asana refuses: a clear state, what to do, and nothing lost.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Installation, Server, Simulator, eventually, met, now};

/// Several times the longest pause between two requests of a source that works, and of one that tries again.
const SILENCE_SECONDS: i64 = 6;

async fn assert_silent(simulator: &Simulator) {
    let (began, before) = (now(), simulator.requests().await);
    eventually("time to pass", async || {
        met(now() - began, |passed| {
            *passed >= TimeDelta::seconds(SILENCE_SECONDS)
        })
    })
    .await;
    assert_eq!(simulator.requests().await, before, "Asana was asked again");
}

fn assert_refused(status: &Value, kind: &str, name: &str, advice: &str) {
    assert_eq!(status["state"], "Error", "{status:#}");
    assert_eq!(status["status"], "Unhealthy", "{status:#}");
    assert_eq!(status["kind"], kind, "{status:#}");
    assert_eq!(status["event_name"], name, "{status:#}");
    assert!(
        status["advice"].as_str().unwrap().contains(advice),
        "{status:#}"
    );
}

#[tokio::test]
async fn a_token_that_is_revoked_while_collecting() {
    let slow = ["--fault", "slow=1", "--fault", "slow_milliseconds=3000"];
    let simulator = Simulator::frozen(60, 10, now() - TimeDelta::minutes(10), &slow).await;
    let installation = Installation::new();
    installation
        .add(
            &simulator,
            &["--backfill-days", "11", "--poll-interval", "1"],
        )
        .await;
    let server = Server::start(&installation).await;
    server.reaches("acme", "Collecting").await;
    simulator.faults(json!({"token_revoked": true})).await;
    let source = server.reaches("acme", "Error").await;
    assert_refused(
        &source["status"],
        "ThirdPartyConfig",
        "TokenRejected",
        "Ask a super admin for a new token",
    );
    let coverage = &source["coverage"];
    assert!(
        coverage["windows_done"].as_u64() < coverage["windows_total"].as_u64(),
        "it was not over: {coverage:#}"
    );
    assert_silent(&simulator).await;

    // Mending it at Asana alone is not noticed; the owner says when.
    simulator.faults(json!({})).await;
    simulator.advance(1_200).await;
    assert_silent(&simulator).await;
    installation
        .run(&["sources", "restart", "acme"])
        .await
        .good();
    server.has_all("acme", &simulator).await;
    let source = installation.source().await;
    assert_eq!(
        (&source["state"], &source["gaps"]),
        (&json!("Collecting"), &json!(0))
    );
    assert!(server.stop().await.success());
    installation.assert_complete(&simulator).await;
    let names: Vec<Value> = installation
        .health()
        .await
        .iter()
        .map(|event| event["name"].clone())
        .collect();
    assert!(names.contains(&json!("TokenRejected")), "{names:?}");
}

#[tokio::test]
async fn a_new_token_ends_the_error_by_itself() {
    let simulator = Simulator::frozen(30, 2, now() - TimeDelta::hours(2), &[]).await;
    let installation = Installation::new();
    let workspace = simulator.workspaces().await.remove(0);
    installation
        .add(
            &simulator,
            &["--workspace", &workspace, "--backfill-days", "3"],
        )
        .await;
    let wrong = installation.write("wrong-token", "not-the-token");
    installation
        .run(&["sources", "update", "acme", "--token-file", &wrong])
        .await
        .good();
    let server = Server::start(&installation).await;
    let source = server.reaches("acme", "Error").await;
    assert_refused(
        &source["status"],
        "ThirdPartyConfig",
        "TokenRejected",
        "Ask a super admin for a new token",
    );
    let right = installation.outside("token").display().to_string();
    installation
        .run(&["sources", "update", "acme", "--token-file", &right])
        .await
        .good();
    server.has_all("acme", &simulator).await;
    assert!(server.stop().await.success());
    installation.assert_complete(&simulator).await;
}

/// Collects once while Asana refuses, and once when it does not any more.
async fn refused_then_mended(entitlement: &str, name: &str, advice: &str) {
    let simulator = Simulator::frozen(30, 2, now() - TimeDelta::hours(2), &[]).await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "3"])
        .await;
    simulator.faults(json!({"entitlement": entitlement})).await;
    let refused = installation.collect().await.bad();
    assert!(refused.contains(advice), "{refused}");
    assert_eq!(
        simulator.audit_log_requests().await,
        1,
        "a refusal is not repeated"
    );
    let newest = installation.health().await.remove(0);
    assert_eq!(
        (&newest["name"], &newest["kind"]),
        (&json!(name), &json!("ThirdPartyConfig")),
        "{newest:#}"
    );
    let tested = installation
        .run(&["sources", "test", "acme", "--format", "json"])
        .await;
    assert_eq!(tested.code(), 1);
    let works = |capability: &str| {
        let tested = tested.json();
        let row = tested
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["capability"] == capability)
            .cloned();
        row.unwrap()["ok"].as_bool().unwrap()
    };
    assert!(
        works("token") && works("workspace") && works("users") && !works("audit_log"),
        "{tested:#?}"
    );
    simulator.faults(json!({})).await;
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_plan_without_an_audit_log() {
    refused_then_mended(
        "payment_required",
        "PlanTooLow",
        "The plan must be Enterprise+",
    )
    .await;
}

#[tokio::test]
async fn a_service_account_without_the_permission() {
    refused_then_mended("forbidden", "AccessDenied", "with the scope \"Audit logs\"").await;
}

#[tokio::test]
async fn a_personal_token() {
    refused_then_mended(
        "unauthorized",
        "TokenRejected",
        "Ask a super admin for a new token",
    )
    .await;
}

#[tokio::test]
async fn a_workspace_that_is_not_there() {
    let simulator = Simulator::frozen(30, 2, now() - TimeDelta::hours(2), &[]).await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--workspace", "999", "--backfill-days", "3"])
        .await;
    let refused = installation.collect().await.bad();
    assert!(
        refused.contains("Check the workspace id (\"Domain ID\" in Asana's Admin Console)"),
        "{refused}"
    );
    assert_eq!(
        installation.health().await.remove(0)["name"],
        "WorkspaceNotFound"
    );
    let right = simulator.workspaces().await.remove(0);
    installation
        .run(&["sources", "update", "acme", "--workspace", &right])
        .await
        .good();
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_failing_asana_is_tried_again_without_being_told() {
    let simulator = Simulator::frozen(30, 2, now() - TimeDelta::hours(2), &[]).await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "3"])
        .await;
    simulator.faults(json!({"server_error": 1})).await;
    let server = Server::start(&installation).await;
    let source = server.reaches("acme", "Error").await;
    assert_refused(
        &source["status"],
        "ThirdPartyGeneric",
        "AsanaUnavailable",
        "It is tried again by itself",
    );
    simulator.faults(json!({})).await;
    server.has_all("acme", &simulator).await;
    assert!(server.stop().await.success());
    installation.assert_complete(&simulator).await;
}
