//! Each fault, alone.

use std::collections::HashSet;

use drishti_simulator::SimulateArgs;
use reqwest::{Method, header};
use serde_json::{Value, json};

use super::stand::{Stand, gids, small};

async fn with(plan: Value) -> Stand {
    let stand = Stand::start(small()).await;
    stand.set_faults(plan).await;
    stand
}

#[tokio::test]
async fn rate_limit_says_when_to_come_back() {
    for seconds in [0, 1, 30] {
        let stand = with(json!({"rate_limited": 1, "retry_after_seconds": seconds})).await;
        let response = stand.api("/workspaces").await;
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[header::RETRY_AFTER], seconds.to_string());
        let (_, message) = stand.refused("/workspaces").await;
        assert!(
            message.starts_with("You've made too many requests"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn server_errors_have_a_phrase_and_the_balancer_has_none() {
    let stand = with(json!({"server_error": 1})).await;
    let body: Value = stand.api("/users/me").await.json().await.unwrap();
    assert_eq!(body["errors"][0]["message"], "Server Error");
    assert!(
        body["errors"][0]["phrase"]
            .as_str()
            .unwrap()
            .split(' ')
            .count()
            >= 4
    );
    for (fault, status) in [("bad_gateway", 502), ("unavailable", 503)] {
        stand.set_faults(json!({fault: 1})).await;
        let response = stand.api("/users/me").await;
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html");
    }
}

#[tokio::test]
async fn about_as_many_requests_fail_as_the_rate_says_and_the_same_ones() {
    let stand = with(json!({"unavailable": 0.3})).await;
    let statuses = async || {
        let mut statuses = Vec::new();
        for _ in 0..200 {
            statuses.push(stand.api("/workspaces").await.status().as_u16());
        }
        statuses
    };
    let first = statuses().await;
    let failed = first.iter().filter(|&&status| status == 503).count();
    assert!((40..80).contains(&failed), "{failed}");
    let again = with(json!({"unavailable": 0.3})).await;
    for status in first {
        assert_eq!(again.api("/workspaces").await.status(), status);
    }
}

#[tokio::test]
async fn a_cut_answer_breaks_off_and_a_broken_one_does_not_parse() {
    let stand = with(json!({"cut": 1})).await;
    let error = stand
        .try_api(&stand.audit_log("limit=100"))
        .await
        .unwrap_err();
    assert!(
        error.is_decode() || error.is_body() || error.is_request(),
        "{error:?}"
    );
    stand.set_faults(json!({"broken_json": 1})).await;
    let response = stand.api(&stand.audit_log("limit=100")).await;
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    assert!(text.starts_with(r#"{"data":[{"gid":"#));
    assert!(serde_json::from_str::<Value>(&text).is_err());
}

#[tokio::test]
async fn a_slow_answer_is_a_good_one() {
    let stand = with(json!({"slow": 1, "slow_milliseconds": 120})).await;
    let before = std::time::Instant::now();
    stand.good("/workspaces").await;
    assert!(before.elapsed().as_millis() >= 120);
}

#[tokio::test]
async fn offsets_expire_at_random_or_by_age() {
    let expired = (400, "offset: Your pagination token has expired.".to_owned());
    let stand = with(json!({"expired_offset": 1})).await;
    let page = stand.good(&stand.audit_log("limit=1")).await;
    let offset = page["next_page"]["offset"].as_str().unwrap();
    let path = stand.audit_log(&format!("limit=1&offset={offset}"));
    assert_eq!(stand.refused(&path).await, expired);
    stand
        .set_faults(json!({"offset_lifetime_seconds": 60}))
        .await;
    stand.advance(60).await;
    stand.good(&path).await;
    stand.advance(1).await;
    assert_eq!(stand.refused(&path).await, expired);
}

#[tokio::test]
async fn late_events_come_later_and_not_on_streams_that_have_passed() {
    let stand = with(json!({"late": 0.2, "late_seconds": 6 * 3600})).await;
    let (before, offset) = stand.read("limit=100", None).await;
    let seen: HashSet<String> = gids(&before).into_iter().collect();
    assert_eq!(stand.truth("").await, gids(&before));
    stand.advance(6 * 3600).await;
    let (after, _) = stand.read("limit=100", None).await;
    assert_eq!(stand.truth("").await, gids(&after));
    let newest = before.last().unwrap()["created_at"].as_str().unwrap();
    let arrived: Vec<String> = gids(
        &after
            .iter()
            .filter(|event| event["created_at"].as_str().unwrap() < newest)
            .cloned()
            .collect::<Vec<_>>(),
    );
    let late: HashSet<&String> = arrived.iter().filter(|gid| !seen.contains(*gid)).collect();
    assert!(late.len() > 10, "{}", late.len());
    // The stream goes on, but what came late behind it stays unseen.
    let (live, _) = stand.read("limit=100", offset).await;
    assert!(!live.is_empty());
    assert!(gids(&live).iter().all(|gid| !late.contains(gid)));
}

#[tokio::test]
async fn repeated_events_come_twice_and_nothing_is_lost() {
    let stand = with(json!({"repeated": 0.1})).await;
    let truth = stand.truth("").await;
    for limit in [1, 7, 100] {
        let pages = format!("limit={limit}");
        let (events, _) = stand.read(&pages, None).await;
        let delivered = gids(&events);
        let unique: HashSet<&String> = delivered.iter().collect();
        assert_eq!(unique, truth.iter().collect());
        let twice = delivered.len() - unique.len();
        let share = twice * 100 / truth.len();
        assert!((6..15).contains(&share), "{twice} of {}", truth.len());
        let at_once = delivered
            .windows(2)
            .filter(|pair| pair[0] == pair[1])
            .count();
        assert!(at_once > 0);
        assert!(at_once < twice || limit == 1);
    }
}

#[tokio::test]
async fn malformed_events_are_in_the_pages_and_not_in_the_truth() {
    let stand = with(json!({"malformed": 0.1})).await;
    let (events, _) = stand.read("limit=50", None).await;
    let truth: HashSet<String> = stand.truth("").await.into_iter().collect();
    let sound = |event: &&Value| {
        event["gid"].is_string()
            && event["event_type"].is_string()
            && event["actor"].is_object()
            && event["created_at"]
                .as_str()
                .is_some_and(|at| at.ends_with('Z'))
    };
    let (good, bad): (Vec<&Value>, Vec<&Value>) = events.iter().partition(sound);
    let good: Vec<Value> = good.into_iter().cloned().collect();
    assert_eq!(gids(&good).into_iter().collect::<HashSet<_>>(), truth);
    let share = bad.len() * 100 / events.len();
    assert!((6..15).contains(&share), "{share}");
}

#[tokio::test]
async fn entitlement_closes_the_audit_log_alone() {
    let stand = Stand::start(small()).await;
    for (entitlement, status, word) in [
        ("unauthorized", 401, "Not Authorized"),
        ("payment_required", 402, "Enterprise"),
        ("forbidden", 403, "do not have access"),
    ] {
        stand.set_faults(json!({"entitlement": entitlement})).await;
        let (refused, message) = stand.refused(&stand.audit_log("")).await;
        assert_eq!(refused, status);
        assert!(message.contains(word), "{message}");
        stand.good("/workspaces").await;
    }
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_until_it_is_good_again() {
    let stand = with(json!({"token_revoked": true})).await;
    for path in ["/workspaces", "/users/me", &stand.audit_log("")] {
        assert_eq!(
            stand.refused(path).await,
            (401, "Not Authorized".to_owned())
        );
    }
    stand.set_faults(json!({})).await;
    stand.good("/users/me").await;
}

#[tokio::test]
async fn everything_passes_with_all_that_passes_switched_on() {
    let args = SimulateArgs {
        faults: "all".to_owned(),
        fault: vec!["late=0".to_owned(), "slow=0".to_owned()],
        ..small()
    };
    let stand = Stand::start(args).await;
    let truth: HashSet<String> = stand.truth("").await.into_iter().collect();
    let mut delivered = HashSet::new();
    let mut offset: Option<String> = None;
    loop {
        let next = offset
            .as_ref()
            .map_or(String::new(), |offset| format!("&offset={offset}"));
        let path = stand.audit_log(&format!("limit=20{next}"));
        // The plainest client: try again what did not come whole.
        let Ok(page) = stand.try_api(&path).await else {
            continue;
        };
        let Some(data) = page["data"].as_array() else {
            continue;
        };
        if data.is_empty() {
            break;
        }
        delivered.extend(gids(data));
        offset = page["next_page"]["offset"].as_str().map(str::to_owned);
    }
    assert_eq!(delivered, truth);
    let stats: Value = stand
        .control(Method::GET, "/simulator/stats", None)
        .await
        .json()
        .await
        .unwrap();
    let statuses = &stats["requests"]["/api/1.0/workspaces/{workspace}/audit_log_events"];
    assert!(
        statuses["429"].is_u64() || statuses["500"].is_u64(),
        "{statuses}"
    );
}
