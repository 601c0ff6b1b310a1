//! Failed sign-ins against what is usual for the account.

use super::engine::{engine, evaluate, event, policy};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Days on which `failures` sign-ins fail at the hour `at`, ten seconds apart, and the owner works at nine; how often it is told.
fn told(days: i64, at: i64, failures: i64) -> Vec<i64> {
    let mut engine = engine(&[policy("multiple_failed_logins", "{}")]);
    let mut told = Vec::new();
    for day in 0..days {
        let midnight = day * DAY;
        let failing = (0..failures).map(|number| (midnight + at * HOUR + number * 10, true));
        let mut events: Vec<(i64, bool)> = failing.collect();
        events.push((midnight + 9 * HOUR, false));
        events.sort_unstable();
        for (seconds, fails) in events {
            let kind = if fails {
                "user_login_failed"
            } else {
                "attachment_downloaded"
            };
            if !evaluate(&mut engine, &event(seconds, kind)).is_empty() {
                told.push(day);
            }
        }
    }
    told
}

#[test]
fn failures_that_come_each_day_become_usual_at_whatever_hour() {
    for hour in [5, 20] {
        let told = told(30, hour, 15);
        assert!(
            told.len() <= 3 && told.iter().all(|day| *day < 5),
            "at {hour}: {told:?}"
        );
    }
}

#[test]
fn an_attack_on_an_account_that_often_fails_is_told() {
    let mut engine = engine(&[policy("multiple_failed_logins", "{}")]);
    for day in 0..30 {
        for number in 0..50 {
            let evening = day * DAY + 20 * HOUR + number * 30;
            evaluate(&mut engine, &event(evening, "user_login_failed"));
        }
        let morning = (day + 1) * DAY + 9 * HOUR;
        evaluate(&mut engine, &event(morning, "attachment_downloaded"));
    }
    let attack = (0..600).flat_map(|number| {
        let at = 31 * DAY + 3 * HOUR + number / 2;
        evaluate(&mut engine, &event(at, "user_login_failed"))
    });
    assert_eq!(attack.count(), 1);
}

#[test]
fn a_run_of_failures_is_told_once_however_long_it_is() {
    let mut engine = engine(&[policy("multiple_failed_logins", "{}")]);
    evaluate(&mut engine, &event(0, "attachment_downloaded"));
    let run = (0..20 * 60).flat_map(|number| {
        let at = DAY + number * MINUTE / 4;
        evaluate(&mut engine, &event(at, "user_login_failed"))
    });
    assert_eq!(run.count(), 1);
}
