//! The risk of people, recorded matches, and what daily caps kept back.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{SourceScope, canonical_time};
use drishti_services::policies::{PolicyChange, Setting};
use drishti_services::{AlertChange, AlertFilter, Classification, Services, SignalFilter, Triage};

use crate::place::{Place, ingest, now};

pub(crate) const EXPORT: &str = r"
title: Export started
id: 7f0fbd1a-50b5-4c4b-8c57-9a2b2b1e5a03
status: stable
logsource: {product: asana, service: audit}
detection:
  selection: {event_type: workspace_export_started}
  condition: selection
level: high
drishti:
  name: test.export
  title: '{actor.email} started an export'
";

const REPORT: &str = r"
title: Report exported
id: 7f0fbd1a-50b5-4c4b-8c57-9a2b2b1e5a04
status: stable
logsource: {product: asana, service: audit}
detection:
  selection: {event_type: search_report_export_started}
  condition: selection
level: medium
drishti:
  name: test.report
  mode: record
";

fn place() -> Place {
    let mut place = Place::new();
    place.policies = vec![
        (PathBuf::from("export.yml"), EXPORT.to_owned()),
        (PathBuf::from("report.yml"), REPORT.to_owned()),
    ];
    place
}

fn line(gid: u64, kind: &str, who: u64, at: DateTime<Utc>) -> String {
    let at = canonical_time(at);
    format!(
        r#"{{"gid":"{gid}","created_at":"{at}","event_type":"{kind}","actor":{{"actor_type":"user","gid":"{who}","email":"{who}@example.com"}}}}"#
    )
}

/// An export by a person, which makes an alert.
pub(crate) fn export(gid: u64, who: u64, at: DateTime<Utc>) -> String {
    line(gid, "workspace_export_started", who, at)
}

fn report(gid: u64, who: u64, at: DateTime<Utc>) -> String {
    line(gid, "search_report_export_started", who, at)
}

fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

async fn dismiss(services: &Services, id: &str) {
    let change = AlertChange {
        triage: Some(Triage::Resolved {
            classification: Classification::Benign,
            reason: "planned".to_owned(),
        }),
        ..AlertChange::default()
    };
    services.triage(id, &change, None, "mara").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn risk_is_the_sum_of_its_reasons() {
    let place = place();
    let services = place.open().await;
    let lines = [
        export(1, 7, minutes_ago(90)),
        report(2, 7, minutes_ago(80)),
        report(3, 8, minutes_ago(70)),
    ];
    ingest(&services, lines.join("\n")).await;
    let risks = async || -> Vec<(String, i64, u64)> {
        let risks = services
            .risks(None, &SourceScope::All, 10)
            .await
            .unwrap()
            .into_iter();
        risks
            .map(|risk| (risk.person, risk.points, risk.causes))
            .collect()
    };
    assert_eq!(
        risks().await,
        [("7".to_owned(), 44, 2), ("8".to_owned(), 4, 1)]
    );
    for known_as in ["7", "7@example.com", "7@EXAMPLE.com"] {
        let story = services
            .risk_of(known_as, None, &SourceScope::All)
            .await
            .unwrap();
        assert_eq!((story.risk.person.as_str(), story.risk.points), ("7", 44));
        let causes: Vec<(&str, i64, bool)> = story
            .addends
            .iter()
            .map(|addend| (addend.cause, addend.points, addend.counts))
            .collect();
        assert_eq!(causes, [("recorded", 4, true), ("alert", 40, true)]);
        assert!(
            story.addends[1]
                .why
                .contains("7@example.com started an export")
        );
    }
    let story = services
        .risk_of("7", None, &SourceScope::All)
        .await
        .unwrap();
    dismiss(&services, &story.addends[1].cause_id).await;
    assert_eq!(
        risks().await,
        [("7".to_owned(), 4, 1), ("8".to_owned(), 4, 1)]
    );
    let story = services
        .risk_of("7", None, &SourceScope::All)
        .await
        .unwrap();
    assert!(!story.addends[1].counts, "{story:#?}");
    let unknown = services
        .risk_of("9", None, &SourceScope::All)
        .await
        .unwrap_err();
    assert!(unknown.advice().contains("people list"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_matches_are_listed() {
    let place = place();
    let services = place.open().await;
    let lines = [
        report(1, 7, minutes_ago(3_000)),
        report(2, 8, minutes_ago(80)),
        export(3, 8, minutes_ago(70)),
    ];
    ingest(&services, lines.join("\n")).await;
    let all = SignalFilter {
        limit: 10,
        ..SignalFilter::default()
    };
    let about = SignalFilter {
        entity_id: Some("8".to_owned()),
        ..all.clone()
    };
    let newer = SignalFilter {
        since: Some(minutes_ago(1_440)),
        ..all.clone()
    };
    let other = SignalFilter {
        policy: Some("test.export".to_owned()),
        ..all.clone()
    };
    for (filter, gids) in [
        (all, &["2", "1"][..]),
        (about, &["2"]),
        (newer, &["2"]),
        (other, &[]),
    ] {
        let recorded = services.recorded(&filter).await.unwrap();
        let found: Vec<&str> = recorded
            .iter()
            .map(|one| one.event_gids[0].as_str())
            .collect();
        assert_eq!(found, gids, "{filter:?}");
        assert!(recorded.iter().all(|one| !one.seen.is_empty()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_daily_caps_kept_back_is_summed_up() {
    let place = place();
    let services = place.open().await;
    let change = PolicyChange {
        daily_cap: Some(Setting::To(2)),
        ..PolicyChange::default()
    };
    services
        .change_policy("test.export", change, None, "mara")
        .await
        .unwrap();
    // On each of two days eight alerts about seven people, of which two are told.
    let mut lines = Vec::new();
    for day in [1, 0] {
        let gid = (2 - day) * 100;
        let begin = now() - TimeDelta::days(i64::try_from(day).unwrap()) - TimeDelta::hours(5);
        let people = [1, 2, 3, 3, 4, 5, 6, 7, 8];
        lines.extend((0..).zip(people).map(|(number, who): (i64, u64)| {
            let at = begin + TimeDelta::minutes(number * 20);
            // The same person's second export makes another alert after the window.
            let at = if number == 3 {
                at + TimeDelta::hours(2)
            } else {
                at
            };
            export(gid + number.unsigned_abs(), who, at)
        }));
    }
    ingest(&services, lines.join("\n")).await;
    let capped = AlertFilter {
        capped: Some(true),
        limit: 100,
        ..AlertFilter::default()
    };
    assert_eq!(services.alerts(&capped).await.unwrap().len(), 14);
    let digest = services.capped_digest(7).await.unwrap();
    assert!(digest.is_whole);
    let days: Vec<(i64, u64)> = digest
        .days
        .iter()
        .map(|day| ((now().date_naive() - day.day).num_days(), day.alerts))
        .collect();
    assert_eq!(days, [(0, 7), (1, 7)]);
    let most: Vec<(&str, u64)> = digest.days[0]
        .entities
        .iter()
        .map(|of| (of.entity.id.as_str(), of.alerts))
        .collect();
    assert_eq!(most, [("3", 2), ("4", 1), ("5", 1), ("6", 1), ("7", 1)]);
    assert_eq!(services.capped_digest(1).await.unwrap().days.len(), 1);
}
