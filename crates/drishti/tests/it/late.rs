//! Events that become visible long after others that happened later, and clocks that jump.

use chrono::{DurationRound, TimeDelta};
use serde_json::json;

use crate::harness::{Installation, Server, Simulator, eventually, now};

/// Half of all events can be read ten minutes late.
const LATE: [&str; 4] = ["--fault", "late=0.5", "--fault", "late_seconds=600"];

/// A history that ends soon after a quarter of the day (UTC) has begun, so that the last window to fetch is a short one.
async fn simulator(more: &[&str]) -> Simulator {
    let quarter = now().duration_trunc(TimeDelta::hours(6)).unwrap() - TimeDelta::hours(12);
    Simulator::frozen(
        400,
        1,
        quarter + TimeDelta::minutes(25),
        &[&LATE[..], more].concat(),
    )
    .await
}

#[tokio::test]
async fn late_events_are_found_by_the_next_run() {
    let simulator = simulator(&[]).await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "2"])
        .await;
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
    let before = simulator.truth(None).await.len();
    for seconds in [60, 700, 7_200, 30_000] {
        simulator.advance(seconds).await;
        installation.collect().await.good();
        installation.assert_complete(&simulator).await;
    }
    assert!(
        simulator.truth(None).await.len() > before,
        "nothing happened in all this time"
    );
}

/// A window whose last page has been read, but not the answer that this was all, is taken up again where it was. What became
/// visible meanwhile lies behind it.
#[tokio::test]
async fn late_events_behind_a_window_that_was_broken_off() {
    let simulator = simulator(&["--fault", "slow=1", "--fault", "slow_milliseconds=6000"]).await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "1"])
        .await;
    let mut run = installation.spawn(&["collect", "--source", "acme"]);
    // The first pages are stored a second after they came, the second ones come six seconds after them.
    eventually("the first pages to be stored", async || {
        assert!(run.ended().is_none(), "{}", run.outputs());
        let stored = installation.source().await["events_stored"].as_u64();
        (stored > Some(0))
            .then_some(())
            .ok_or_else(|| run.outputs())
    })
    .await;
    run.stop("KILL").await;
    assert_eq!(
        installation.source().await["windows_done"],
        0,
        "the windows were read to their end"
    );
    simulator
        .faults(json!({"late": 0.5, "late_seconds": 600}))
        .await;
    simulator.advance(8 * 3_600).await;
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_clock_that_jumps_is_told_and_loses_nothing() {
    const DAYS: u64 = 86_400;
    let simulator = Simulator::frozen(40, 2, now(), &[]).await;
    let installation = Installation::new();
    installation
        .add(
            &simulator,
            &["--backfill-days", "3", "--poll-interval", "1"],
        )
        .await;
    let server = Server::start(&installation).await;
    server.has_all("acme", &simulator).await;
    // To this machine, what happens from now on lies days ahead: one of the two clocks is wrong.
    simulator.advance(3 * DAYS).await;
    server.has_all("acme", &simulator).await;
    assert!(server.stop().await.success());
    let events = installation.health().await;
    let skew = events
        .iter()
        .find(|event| event["name"] == "ClockSkew")
        .unwrap();
    assert_eq!(
        (&skew["severity"], &skew["state"]),
        (&json!("Warning"), &json!("Collecting"))
    );
    assert!(
        skew["reason"]
            .as_str()
            .unwrap()
            .starts_with("this machine's clock says "),
        "{skew:#}"
    );
    assert!(
        skew["advice"]
            .as_str()
            .unwrap()
            .contains("Set this machine's clock (NTP)"),
        "{skew:#}"
    );
    simulator.advance(DAYS).await;
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
    assert_eq!(installation.source().await["events_quarantined"], 0);
}
