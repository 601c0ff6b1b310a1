use std::path::PathBuf;

use drishti_model::Severity::{self, High, Low, Medium};

use super::*;
use crate::{EntityKind, PolicyKind, Scope};

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-03-01T10:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

fn policy(name: &str, mode: Mode, threshold: u32) -> Arc<Policy> {
    Arc::new(Policy {
        id: PolicyId::new(name),
        title: name.to_owned(),
        description: String::new(),
        severity: Low,
        severity_is_set: false,
        tags: Vec::new(),
        references: Vec::new(),
        false_positives: Vec::new(),
        runbook: String::new(),
        mode,
        scope: Scope::default(),
        grouping: Grouping {
            threshold,
            ..Grouping::default()
        },
        file: PathBuf::new(),
        text: "".into(),
        kind: PolicyKind::Anomaly {
            detector: name.to_owned(),
            parameters: serde_json::Map::new(),
        },
        filters: Vec::new(),
        tests: Vec::new(),
    })
}

fn finding(policy: &str, who: &str, minutes: i64, severity: Severity) -> Finding {
    Finding {
        policy: PolicyId::new(policy),
        title: format!("{who} at {minutes}"),
        severity,
        at: at(minutes),
        entity: Entity {
            kind: EntityKind::Person,
            id: who.to_owned(),
            name: None,
        },
        dedup: who.to_owned(),
        events: vec![EventReference {
            gid: format!("{who}{minutes}"),
            created_at: at(minutes),
        }],
        explanation: Explanation {
            seen: format!("at {minutes}"),
            ..Explanation::default()
        },
    }
}

fn grouper(settings: GroupingSettings) -> AlertGrouper {
    let policies = [
        policy("one", Mode::Alert, 1),
        policy("three", Mode::Alert, 3),
        policy("recorded", Mode::Record, 1),
        policy("off", Mode::Off, 1),
    ];
    AlertGrouper::new("acme", &policies, settings)
}

fn take(grouper: &mut AlertGrouper, findings: impl IntoIterator<Item = Finding>) -> Vec<Change> {
    let mut changes = Vec::new();
    for finding in findings {
        grouper.take(finding, &mut changes);
    }
    changes
}

fn alerts(changes: &[Change]) -> Vec<(&Alert, usize)> {
    changes
        .iter()
        .filter_map(|change| match change {
            Change::Alert { alert, events, .. } => Some((&**alert, events.len())),
            _ => None,
        })
        .collect()
}

#[test]
fn matches_within_the_window_of_the_first_join_it() {
    let mut grouper = grouper(GroupingSettings::default());
    let minutes = [(0, Low), (30, High), (59, Medium), (60, Low), (61, Low)];
    let changes = take(
        &mut grouper,
        minutes.map(|(minute, severity)| finding("one", "ada", minute, severity)),
    );
    let alerts = alerts(&changes);
    let grown: Vec<_> = alerts
        .iter()
        .map(|(alert, _)| (alert.first_at, alert.matches, alert.severity))
        .collect();
    assert_eq!(
        grown,
        [
            (at(0), 1, Low),
            (at(0), 2, High),
            (at(0), 3, High),
            (at(60), 1, Low),
            (at(60), 2, Low),
        ]
    );
    assert_eq!(alerts[0].0.key, alerts[2].0.key);
    assert_ne!(alerts[2].0.key, alerts[3].0.key);
    let third = alerts[2].0;
    assert_eq!((third.title.as_str(), third.last_at), ("ada at 30", at(59)));
    assert_eq!(third.explanation.seen, "at 30");
}

#[test]
fn the_match_that_reaches_the_threshold_makes_the_alert() {
    let mut grouper = grouper(GroupingSettings::default());
    let two = [0, 10].map(|minute| finding("three", "ada", minute, Low));
    let changes = take(&mut grouper, two);
    assert!(matches!(
        changes[..],
        [Change::Signal(_), Change::Signal(_)]
    ));
    // Another person's matches are another group's.
    take(&mut grouper, [finding("three", "bob", 15, Low)]);
    let changes = take(&mut grouper, [finding("three", "ada", 20, Low)]);
    let alerts = alerts(&changes);
    let (alert, events) = alerts[0];
    assert_eq!(
        (alert.opened_at, alert.first_at, alert.matches, events),
        (at(20), at(0), 3, 3)
    );
    // Too slow: the window began with the first of them.
    let slow = [100, 130, 161].map(|minute| finding("three", "ada", minute, Low));
    assert!(self::alerts(&take(&mut grouper, slow)).is_empty());
}

#[test]
fn an_event_that_two_matches_rest_on_is_counted_once() {
    let mut grouper = grouper(GroupingSettings::default());
    let first = finding("one", "ada", 0, Low);
    let mut second = finding("one", "ada", 1, Low);
    second.events.insert(0, first.events[0].clone());
    let changes = take(&mut grouper, [first, second]);
    let alerts = alerts(&changes);
    let (alert, new_events) = alerts[1];
    assert_eq!((alert.matches, alert.events, new_events), (2, 2, 1));
}

#[test]
fn recorded_matches_make_no_alert_and_policies_that_are_off_nothing() {
    let mut grouper = grouper(GroupingSettings::default());
    let changes = take(
        &mut grouper,
        ["recorded", "off", "unknown"].map(|name| finding(name, "ada", 0, High)),
    );
    assert!(
        matches!(&changes[..], [Change::Signal(signal)] if signal.policy.as_str() == "recorded")
    );
}

#[test]
fn alerts_beyond_the_days_most_are_kept_as_capped() {
    let settings = GroupingSettings {
        alerts_per_day_max: 2,
        ..GroupingSettings::default()
    };
    let mut grouper = grouper(settings);
    let people = ["a", "b", "c", "d"].map(|who| finding("one", who, 0, Low));
    let changes = take(&mut grouper, people);
    let capped: Vec<_> = alerts(&changes)
        .iter()
        .map(|(alert, _)| alert.is_capped)
        .collect();
    assert_eq!(capped, [false, false, true, true]);
    let next_day = take(&mut grouper, [finding("one", "e", 24 * 60, Low)]);
    assert!(!alerts(&next_day)[0].0.is_capped);
}

/// A suppression from minute `from` to the sixtieth.
fn quiet_about_ada(policy: Option<&str>, from: i64) -> GroupingSettings {
    let suppression = Suppression {
        id: "s1".to_owned(),
        policy: policy.map(PolicyId::new),
        entity: Some("ada".to_owned()),
        from: at(from),
        until: at(60),
        reason: "penetration test".to_owned(),
    };
    GroupingSettings {
        suppressions: vec![suppression],
        ..GroupingSettings::default()
    }
}

#[test]
fn a_suppression_names_itself_on_the_alert() {
    let mut grouper = grouper(quiet_about_ada(Some("one"), 0));
    let changes = take(
        &mut grouper,
        [
            ("ada", 58),
            ("ada", 59),
            ("bob", 59),
            ("ada", 61),
            ("ada", 62),
        ]
        .map(|(who, minute)| finding("one", who, minute, Low)),
    );
    let suppressed: Vec<_> = alerts(&changes)
        .iter()
        .map(|(alert, _)| (alert.suppressed_by.as_deref(), alert.matches))
        .collect();
    assert_eq!(
        suppressed,
        [
            (Some("s1"), 1),
            (Some("s1"), 2),
            (None, 1),
            // Within the window of the suppressed alert, but after the end of the suppression.
            (None, 1),
            (None, 2),
        ]
    );
}

#[test]
fn a_suppression_holds_for_what_comes_after_it_and_for_what_is_only_recorded() {
    let mut grouper = grouper(quiet_about_ada(None, 10));
    let matches = [
        ("one", 5),
        ("one", 20),
        ("recorded", 21),
        ("three", 22),
        ("recorded", 70),
    ];
    let findings = matches.map(|(policy, minute)| finding(policy, "ada", minute, Low));
    let changes = take(&mut grouper, findings);
    let told: Vec<String> = changes
        .iter()
        .map(|change| match change {
            Change::Alert { alert, .. } => {
                format!("{:?} {}", alert.suppressed_by.as_deref(), alert.matches)
            }
            Change::Suppressed { policy, .. } => format!("{policy} quiet"),
            Change::Signal(finding) => finding.policy.to_string(),
            Change::Paused { .. } => "paused".to_owned(),
        })
        .collect();
    assert_eq!(
        told,
        [
            "None 1",
            // The alert from before does not grow, and so stays resolved if it was.
            "Some(\"s1\") 1",
            "recorded quiet",
            "three quiet",
            "recorded",
        ]
    );
}

#[test]
fn a_capped_alert_that_becomes_worse_comes_out() {
    let settings = GroupingSettings {
        alerts_per_day_max: 0,
        ..GroupingSettings::default()
    };
    let mut grouper = grouper(settings);
    let severities = [Low, Low, High];
    let findings = (0..).zip(severities);
    let changes = take(
        &mut grouper,
        findings.map(|(minute, severity)| finding("one", "ada", minute, severity)),
    );
    let capped: Vec<_> = alerts(&changes)
        .iter()
        .map(|(alert, _)| alert.is_capped)
        .collect();
    assert_eq!(capped, [true, true, false]);
}

#[test]
fn events_of_earlier_matches_are_not_counted_again_in_a_large_alert() {
    let mut grouper = grouper(GroupingSettings::default());
    let most = 2 * ALERT_EVENTS_KNOWN_MAX;
    let event = |number: usize| EventReference {
        gid: format!("e{number}"),
        created_at: at(0),
    };
    let findings = (0..most).map(|number| Finding {
        // Each match names the ones before it, too.
        events: (number.saturating_sub(50)..=number).map(event).collect(),
        ..finding("one", "ada", 0, Low)
    });
    let changes = take(&mut grouper, findings);
    let alerts = alerts(&changes);
    assert_eq!(alerts.last().unwrap().0.events, most as u64);
    let told: usize = alerts.iter().map(|(_, events)| events).sum();
    assert_eq!(told, most);
}

/// Shows more matches of `recorded` than are allowed in three hours, all in minute `minute`.
fn flood(grouper: &mut AlertGrouper, minute: i64) -> Vec<Change> {
    let mut changes = Vec::new();
    for _ in 0..=PAUSE_LIMITS[0].1 {
        changes.clear();
        grouper.take(finding("recorded", "ada", minute, Low), &mut changes);
    }
    changes
}

#[test]
fn a_policy_that_matches_too_often_is_paused_once() {
    let mut grouper = grouper(GroupingSettings::default());
    let changes = flood(&mut grouper, 1);
    assert!(
        matches!(
            &changes[..],
            [Change::Paused {
                matches: 100_001,
                hours: 3,
                ..
            }]
        ),
        "{changes:?}"
    );
    assert_eq!(
        take(&mut grouper, [finding("recorded", "ada", 900, Low)]),
        []
    );
    assert_eq!(
        take(&mut grouper, [finding("one", "ada", 900, Low)]).len(),
        1
    );
}

#[test]
fn a_match_after_resolution_begins_another_alert_where_the_policy_says_so() {
    let mut policy = Policy::clone(&policy("one", Mode::Alert, 1));
    policy.grouping.after_resolution = AfterResolution::OpenAnew;
    let policies = [Arc::new(policy)];
    let keys = |settings: GroupingSettings| {
        let mut grouper = AlertGrouper::new("acme", &policies, settings);
        let findings = [1, 2, 3, 4].map(|minute| finding("one", "ada", minute, Low));
        take(&mut grouper, findings)
            .into_iter()
            .map(|change| match change {
                Change::Alert { alert, begins, .. } => (alert.key, alert.matches, begins),
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    let before = keys(GroupingSettings::default());
    let first = before[0].0.clone();
    let told: Vec<_> = before
        .iter()
        .map(|(_, matches, begins)| (*matches, *begins))
        .collect();
    assert_eq!(told, [(1, true), (2, false), (3, false), (4, false)]);
    let after = keys(GroupingSettings {
        resolved: BTreeMap::from([(first.clone(), 2)]),
        ..GroupingSettings::default()
    });
    assert_eq!(
        after[..2],
        before[..2],
        "what it was resolved with stays in it"
    );
    assert_ne!(after[2].0, first);
    let told: Vec<_> = after[2..]
        .iter()
        .map(|(_, matches, begins)| (*matches, *begins))
        .collect();
    assert_eq!(told, [(1, true), (2, false)]);
}

fn limited(limits: PolicyLimits) -> GroupingSettings {
    GroupingSettings {
        limits: BTreeMap::from([(PolicyId::new("recorded"), limits)]),
        ..GroupingSettings::default()
    }
}

#[test]
fn a_paused_policy_goes_on_when_it_is_resumed_and_can_be_paused_again() {
    let mut paused = grouper(GroupingSettings::default());
    flood(&mut paused, 1);
    let rows = paused.take_changes();
    let resumed = limited(PolicyLimits {
        resumed_at: Some(at(100)),
        ..PolicyLimits::default()
    });
    let mut resumed = grouper(resumed);
    assert!(rows.iter().all(|row| resumed.restore(row)));
    let once = take(&mut resumed, [finding("recorded", "ada", 101, Low)]);
    assert!(matches!(&once[..], [Change::Signal(_)]), "{once:?}");
    let too_much = flood(&mut resumed, 102);
    assert_eq!(too_much, [], "the match before it was one too many");
    assert_eq!(
        take(&mut resumed, [finding("recorded", "ada", 103, Low)]),
        []
    );
}

#[test]
fn a_rebuild_does_not_pause_for_what_was_resumed() {
    let mut grouper = grouper(limited(PolicyLimits {
        resumed_at: Some(at(100)),
        ..PolicyLimits::default()
    }));
    let changes = flood(&mut grouper, 1);
    assert!(matches!(&changes[..], [Change::Signal(_)]), "{changes:?}");
}

#[test]
fn a_policy_paused_by_another_source_keeps_what_it_said_before() {
    let mut grouper = grouper(limited(PolicyLimits {
        paused_since: Some(at(100)),
        ..PolicyLimits::default()
    }));
    let heard = [99, 100, 101]
        .map(|minute| take(&mut grouper, [finding("recorded", "ada", minute, Low)]).len());
    assert_eq!(heard, [1, 0, 0]);
}

#[test]
fn saved_groups_go_on_and_a_preview_leaves_nothing() {
    let findings: Vec<_> = (0..200_usize)
        .zip((0_i64..).step_by(7))
        .map(|(number, minutes)| {
            let who = ["ada", "bob", "cleo"][number % 3];
            finding(["one", "three"][number % 2], who, minutes, Low)
        })
        .collect();
    let mut whole = grouper(GroupingSettings::default());
    let expected = take(&mut whole, findings.clone());
    for cut in [0, 1, 50, 199] {
        let mut first = grouper(GroupingSettings::default());
        let (before, after) = findings.split_at(cut);
        let mut changes = take(&mut first, before.to_vec());
        first.begin_preview();
        take(&mut first, after.to_vec());
        first.end_preview();
        let mut second = grouper(GroupingSettings::default());
        for row in first.take_changes() {
            assert!(second.restore(&row), "{row:?}");
        }
        changes.extend(take(&mut second, after.to_vec()));
        assert_eq!(changes, expected, "cut at {cut}");
        assert_eq!(first.take_changes(), []);
    }
    let unreadable = StateRow {
        key: format!("{GROUP_ROW}one/ada"),
        value: Some(b"x".to_vec()),
    };
    assert!(!whole.restore(&unreadable));
}

#[test]
fn groups_that_are_over_make_room() {
    let mut grouper = grouper(GroupingSettings::default());
    let mut changes = Vec::new();
    for number in 0..GROUPS_MAX {
        changes.clear();
        let minute = i64::from(number >= 10) * 30;
        // Of two policies, so that none matches so often that it is paused.
        let policy = ["one", "three"][number % 2];
        grouper.take(
            finding(policy, &number.to_string(), minute, Low),
            &mut changes,
        );
    }
    assert_eq!(grouper.groups.len(), GROUPS_MAX);
    grouper.take(finding("one", "next", 61, Low), &mut changes);
    assert_eq!(
        grouper.groups.len(),
        GROUPS_MAX - 9,
        "the ten of minute 0 went"
    );
    for number in 0..10 {
        grouper.take(
            finding("one", &format!("more{number}"), 62, Low),
            &mut changes,
        );
    }
    assert_eq!(
        grouper.groups.len(),
        GROUPS_MAX - GROUPS_MAX / 10 + 1,
        "none was over, so the oldest tenth went"
    );
}
