//! `/simulator` and `/feeds`.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::DateTime;
use drishti_simulator::SimulateArgs;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::stand::{Stand, client, exported, gids, moment, small};

#[tokio::test]
async fn a_frozen_clock_brings_nothing_until_it_is_moved() {
    let stand = Stand::start(small()).await;
    let (history, offset) = stand.read("limit=100", None).await;
    let (nothing, offset) = stand.read("limit=100", offset).await;
    assert!(nothing.is_empty());
    stand.advance(7200).await;
    let (live, _) = stand.read("limit=100", offset).await;
    assert!(!live.is_empty());
    let all = [gids(&history), gids(&live)].concat();
    assert_eq!(stand.truth("").await, all);
    let later = SimulateArgs {
        freeze_at: Some(moment("2026-09-30T17:00:00Z")),
        days: 7,
        ..small()
    };
    let later = gids(&exported(&later));
    assert!(all.iter().all(|gid| later.contains(gid)));
}

#[tokio::test]
async fn a_running_clock_brings_live_traffic_and_is_not_moved() {
    let now = Arc::new(AtomicI64::new(moment("2026-09-30T15:00:00Z").timestamp()));
    let hand = now.clone();
    let clock = move || DateTime::from_timestamp(hand.load(Ordering::SeqCst), 0).unwrap();
    let args = SimulateArgs {
        freeze_at: None,
        ..small()
    };
    let stand = Stand::start_with_clock(args, Arc::new(clock)).await;
    let (history, offset) = stand.read("limit=100", None).await;
    now.fetch_add(3600, Ordering::SeqCst);
    let (live, _) = stand.read("limit=100", offset).await;
    assert!(!live.is_empty());
    assert_eq!(stand.truth("").await.len(), history.len() + live.len());
    let body = Some(json!({"advance_seconds": 1}));
    let answer = stand.control(Method::PUT, "/simulator/clock", body).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let clock: Value = stand
        .control(Method::GET, "/simulator/clock", None)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        clock,
        json!({"now": "2026-09-30T16:00:00.000Z", "frozen": false})
    );
}

#[tokio::test]
async fn wrong_settings_are_refused_and_change_nothing() {
    let stand = Stand::start(small()).await;
    stand.set_faults(json!({"slow": 0.25})).await;
    for wrong in [
        json!({"late": 2}),
        json!({"lat": 0.1}),
        json!({"preset": "some"}),
        json!([]),
    ] {
        let answer = stand
            .control(Method::PUT, "/simulator/faults", Some(wrong.clone()))
            .await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
    let plan: Value = stand
        .control(Method::GET, "/simulator/faults", None)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(plan["slow"], 0.25);
    stand.set_faults(json!({"preset": "all"})).await;
    let plan: Value = stand
        .control(Method::GET, "/simulator/faults", None)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(plan["repeated"], 0.01);
    let leap = json!({"advance_seconds": drishti_simulator::CLOCK_ADVANCE_SECONDS_MAX + 1});
    let answer = stand
        .control(Method::PUT, "/simulator/clock", Some(leap))
        .await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    for query in ["?start_at=x", "?end_at=x", "?workspace=1"] {
        let answer = stand
            .control(Method::GET, &format!("/simulator/truth{query}"), None)
            .await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn the_truth_of_each_workspace_can_be_asked_for() {
    let args = SimulateArgs {
        workspaces: 2,
        ..small()
    };
    let other = drishti_simulator::workspaces(&args)[1].0.clone();
    let stand = Stand::start(args).await;
    let first = stand.truth("").await;
    assert_eq!(
        first,
        stand
            .truth(&format!("?workspace={}", stand.workspace))
            .await
    );
    let second = stand.truth(&format!("?workspace={other}")).await;
    assert!(!second.is_empty() && second[0] != first[0]);
}

#[tokio::test]
async fn requests_are_counted_by_path_and_status() {
    let stand = Stand::start(small()).await;
    stand
        .set_faults(json!({"slow": 1, "slow_milliseconds": 300}))
        .await;
    let path = stand.audit_log("limit=1");
    let together = (0..20).map(|_| stand.api(&path));
    futures::future::join_all(together).await;
    stand.set_faults(json!({})).await;
    stand.api("/workspaces/1").await;
    stand.api("/nowhere").await;
    let stats: Value = stand
        .control(Method::GET, "/simulator/stats", None)
        .await
        .json()
        .await
        .unwrap();
    let requests = &stats["requests"];
    assert_eq!(
        requests["/api/1.0/workspaces/{workspace}/audit_log_events"],
        json!({"200": 20})
    );
    assert_eq!(
        requests["/api/1.0/workspaces/{workspace}"],
        json!({"404": 1})
    );
    assert_eq!(requests["no route"], json!({"404": 1}));
    let most = stats["audit_log_in_flight_most"].as_u64().unwrap();
    assert!((10..=20).contains(&most), "{most}");
    assert!(stats["cached_bytes"]["plans"].as_u64().unwrap() > 0);
}

/// Whether an address is within a network of the form `base/prefix`.
fn within(address: IpAddr, network: &str) -> bool {
    let (base, prefix) = network.split_once('/').unwrap();
    let prefix: u32 = prefix.parse().unwrap();
    match (address, base.parse().unwrap()) {
        (IpAddr::V4(address), IpAddr::V4(base)) => {
            let difference = u32::from(address) ^ u32::from(base);
            difference.checked_shr(32 - prefix).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(base)) => {
            let difference = u128::from(address) ^ u128::from(base);
            difference.checked_shr(128 - prefix).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[tokio::test]
async fn the_places_cover_every_address_of_the_traffic() {
    let stand = Stand::start(small()).await;
    let file = stand
        .control(Method::GET, "/feeds/places.csv", None)
        .await
        .text()
        .await
        .unwrap();
    let mut lines = file.lines();
    let header = "network,country,region,city,latitude,longitude,asn,organization,tags";
    assert_eq!(lines.next(), Some(header));
    let networks: Vec<&str> = lines.map(|line| line.split(',').next().unwrap()).collect();
    let (events, _) = stand.read("limit=100", None).await;
    let addresses: HashSet<&str> = events
        .iter()
        .filter_map(|event| event["context"]["client_ip_address"].as_str())
        .collect();
    assert!(addresses.len() > 50);
    for address in addresses {
        let parsed: IpAddr = address.parse().unwrap();
        assert!(
            networks.iter().any(|network| within(parsed, network)),
            "{address}"
        );
    }
    for (feed, tag) in [
        ("vpn.netset", "vpn"),
        ("hosting.netset", "hosting"),
        ("tor-exits.txt", "tor"),
    ] {
        let list = stand
            .control(Method::GET, &format!("/feeds/{feed}"), None)
            .await
            .text()
            .await
            .unwrap();
        assert!(list.lines().count() >= 8);
        for line in list.lines() {
            let row = file.lines().find(|row| row.starts_with(line)).expect(line);
            assert!(
                row.rsplit(',')
                    .next()
                    .unwrap()
                    .split(';')
                    .any(|word| word == tag),
                "{row}"
            );
        }
    }
}

#[tokio::test]
async fn an_unchanged_feed_is_not_sent_again() {
    let stand = Stand::start(small()).await;
    let url = format!("{}/feeds/places.csv", stand.url);
    let first = client().get(&url).send().await.unwrap();
    let etag = first.headers()[header::ETAG].clone();
    let again = client()
        .get(&url)
        .header(header::IF_NONE_MATCH, &etag)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.headers()[header::ETAG], etag);
    let other = client()
        .get(&url)
        .header(header::IF_NONE_MATCH, "\"x\"")
        .send()
        .await
        .unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn only_loopback_is_listened_on() {
    let args = SimulateArgs {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..small()
    };
    let refusal = drishti_simulator::bind(&args)
        .await
        .unwrap_err()
        .to_string();
    assert!(refusal.contains("only listens on loopback"), "{refusal}");
}

#[test]
fn a_history_from_before_the_beginning_is_refused() {
    let args = SimulateArgs {
        freeze_at: Some(moment("2020-01-03T00:00:00Z")),
        ..small()
    };
    let refusal = drishti_simulator::export(&args, super::stand::any_clock(), &mut Vec::new());
    assert!(matches!(
        refusal,
        Err(drishti_simulator::SimulatorError::TooEarly)
    ));
}
