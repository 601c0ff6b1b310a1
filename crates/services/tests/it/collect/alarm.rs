//! The log drop-off alarm, as sessions raise it.

use chrono::TimeDelta;
use drishti_model::{HealthStatus, SourceState};
use drishti_services::SourceChange;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::acme::Stand;

const DROP_OFF: &str = "LogDropOff";
const RESUMED: &str = "LogResumed";

/// No event that happens from now on can be read.
async fn silence(stand: &Stand) {
    let late = json!({"late": 1.0, "late_seconds": 10_000_000});
    stand.control("faults", late).await;
}

/// Raisings and ends of the alarm, oldest first.
async fn alarms(stand: &Stand) -> Vec<String> {
    let events = stand.health().await;
    let names = events.into_iter().rev().map(|stored| stored.event.name);
    names
        .filter(|name| [DROP_OFF, RESUMED].contains(&name.as_str()))
        .collect()
}

async fn standing(stand: &Stand) -> (HealthStatus, String) {
    let overview = stand.services.source(&stand.name).await.unwrap();
    let status = overview.status.unwrap();
    (status.status, status.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_cron_raise_the_alarm_once_and_end_it() {
    let stand = Stand::new(&[]).await;
    stand.collect().await;
    silence(&stand).await;
    stand.advance(TimeDelta::hours(23)).await;
    stand.collect().await;
    assert_eq!(alarms(&stand).await, [""; 0], "23 hours are not too long");
    stand.advance(TimeDelta::hours(2)).await;
    stand.collect().await;
    assert_eq!(alarms(&stand).await, [DROP_OFF]);
    let (status, reason) = standing(&stand).await;
    assert_eq!(status, HealthStatus::Unhealthy, "{reason}");
    assert!(
        reason.starts_with("caught up;") && reason.ends_with("the alarm is set to 24 hours"),
        "{reason}"
    );
    stand.advance(TimeDelta::minutes(5)).await;
    stand.collect().await;
    assert_eq!(alarms(&stand).await, [DROP_OFF], "said once");

    stand.control("faults", json!({})).await;
    stand.advance(TimeDelta::hours(1)).await;
    stand.collect().await;
    assert_eq!(alarms(&stand).await, [DROP_OFF, RESUMED]);
    assert_eq!(standing(&stand).await.0, HealthStatus::Healthy);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_session_does_not_say_it_again() {
    let stand = Stand::new(&[]).await;
    stand.collect().await;
    silence(&stand).await;
    stand.advance(TimeDelta::hours(25)).await;
    let stop = CancellationToken::new();
    let collector = tokio::spawn(stand.services.collector().run(stop.clone()));
    stand.wait_for_event(DROP_OFF).await;
    for generation in 1..=2 {
        stand.services.restart_source(&stand.name).await.unwrap();
        stand.wait_for_sessions(1 + generation).await;
        // The alarm is looked at after the people, and once a poll, which moves the time of the last poll.
        stand.wait_for_polls(2).await;
        assert_eq!(alarms(&stand).await, [DROP_OFF]);
        let (status, reason) = standing(&stand).await;
        assert_eq!(status, HealthStatus::Unhealthy);
        assert!(
            reason.starts_with("following new events; Asana answers"),
            "{reason}"
        );
    }
    let mut profile = stand
        .services
        .source(&stand.name)
        .await
        .unwrap()
        .source
        .profile;
    profile.collect.drop_off_seconds = 0;
    let change = SourceChange {
        profile: Some(profile),
        ..SourceChange::default()
    };
    stand
        .services
        .update_source(&stand.name, change, None)
        .await
        .unwrap();
    stand.wait_for_event(RESUMED).await;
    assert_eq!(
        standing(&stand).await.1,
        "the log drop-off alarm is switched off"
    );
    stand.wait_for_state(SourceState::Collecting).await;
    stop.cancel();
    collector.await.unwrap();
}
