//! Detection over the lake: the same alerts, whatever way and order the events came in.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::canonical_time;
use drishti_services::alerts::AlertView;
use drishti_services::detect::{Mode, Verdict};
use drishti_services::policies::{PolicyChange, Setting};
use drishti_services::{
    AlertChange, AlertFilter, Classification, PolicyOverrides, Services, Triage,
};

use crate::place::{Place, ingest, name, now};

const BURST: &str = r"
title: Failed sign-ins
id: 7f0fbd1a-50b5-4c4b-8c57-9a2b2b1e5a01
name: failed
status: stable
logsource: {product: asana, service: audit}
detection:
  selection: {event_type: user_login_failed}
  condition: selection
level: low
---
title: Many failed sign-ins
id: 7f0fbd1a-50b5-4c4b-8c57-9a2b2b1e5a02
status: stable
correlation:
  type: event_count
  rules: [failed]
  group-by: [actor.gid]
  timespan: 10m
  condition: {gte: 3}
level: medium
drishti:
  name: test.failed_sign_ins
  tests:
    - name: three
      fires: true
      events:
        - {repeat: {times: 3, every: 1m}, event_type: user_login_failed, actor: {gid: '1'}}
    - name: two
      fires: false
      events:
        - {repeat: {times: 2, every: 1m}, event_type: user_login_failed, actor: {gid: '1'}}
";

const EXPORT: &str = r"
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
  title: '{actor.gid} started an export'
  tests:
    - {name: an export, fires: true, events: [{event_type: workspace_export_started, actor: {gid: '1'}}]}
    - {name: a report, fires: false, events: [{event_type: search_report_export_started, actor: {gid: '1'}}]}
";

fn place() -> Place {
    let mut place = Place::new();
    place.policies = vec![
        (PathBuf::from("burst.yml"), BURST.to_owned()),
        (PathBuf::from("export.yml"), EXPORT.to_owned()),
    ];
    place
}

/// Resolves the only alert there is; gives its id.
async fn resolve_the_only(services: &Services) -> String {
    let all = alerts(services).await;
    assert_eq!(all.len(), 1, "{all:?}");
    let change = AlertChange {
        triage: Some(Triage::Resolved {
            classification: Classification::Benign,
            reason: "planned".to_owned(),
        }),
        ..AlertChange::default()
    };
    let id = all[0].0.clone();
    services.triage(&id, &change, None, "mara").await.unwrap();
    id
}

fn line(gid: u64, kind: &str, who: u64, minutes_ago: i64) -> String {
    let at = canonical_time(now() - TimeDelta::minutes(minutes_ago));
    format!(
        r#"{{"gid":"{gid}","created_at":"{at}","event_type":"{kind}","actor":{{"actor_type":"user","gid":"{who}"}}}}"#
    )
}

/// A day of failures and exports by four people, in order.
fn day() -> Vec<String> {
    (0..600)
        .map(|number: i64| {
            let minutes_ago = (600 - number) * 3;
            let kind = if number % 97 == 0 {
                "workspace_export_started"
            } else if number % 3 == 0 {
                "user_login_succeeded"
            } else {
                "user_login_failed"
            };
            let number = number.unsigned_abs();
            line(number + 1, kind, number / 5 % 4, minutes_ago)
        })
        .collect()
}

type Told = (String, String, DateTime<Utc>, DateTime<Utc>, u64, u64, bool);

async fn alerts(services: &Services) -> Vec<Told> {
    let filter = AlertFilter {
        limit: 10_000,
        ..AlertFilter::default()
    };
    let mut all: Vec<Told> = services
        .alerts(&filter)
        .await
        .unwrap()
        .into_iter()
        .map(|alert: AlertView| {
            (
                alert.id,
                alert.title,
                alert.first_event_at,
                alert.last_event_at,
                alert.matches,
                alert.events,
                alert.is_provisional,
            )
        })
        .collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_do_not_depend_on_batches_or_order() {
    let lines = day();
    let whole = place();
    let services = whole.open().await;
    let summary = ingest(&services, lines.join("\n")).await;
    assert_eq!(summary.detection.events, 600);
    let expected = alerts(&services).await;
    assert!(expected.len() > 8, "{expected:#?}");
    assert!(expected.iter().any(|alert| alert.4 > 1), "{expected:#?}");

    let pieces = place();
    let services = pieces.open().await;
    for piece in lines.chunks(71) {
        ingest(&services, piece.join("\n")).await;
    }
    assert_eq!(
        alerts(&services).await,
        expected,
        "in order, piece by piece"
    );
    assert_eq!(services.rebuild(&name("files")).await.unwrap().events, 600);
    assert_eq!(alerts(&services).await, expected, "rebuilt");

    let shuffled = place();
    let services = shuffled.open().await;
    let pieces: Vec<&[String]> = lines.chunks(113).collect();
    for place in [3, 0, 5, 1, 4, 2] {
        ingest(&services, pieces[place].join("\n")).await;
    }
    assert_eq!(alerts(&services).await, expected, "out of order");
    assert_eq!(
        services.watch_once(&name("files")).await.unwrap().events,
        0,
        "everything is evaluated"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_late_completes_an_alert_with_its_true_time() {
    let place = place();
    let services = place.open().await;
    let failed = |gid, minutes_ago| line(gid, "user_login_failed", 7, minutes_ago);
    ingest(
        &services,
        [
            failed(1, 500),
            failed(3, 496),
            line(4, "user_logged_out", 7, 10),
        ]
        .join("\n"),
    )
    .await;
    assert_eq!(alerts(&services).await, []);
    ingest(&services, failed(2, 498)).await;
    let found = alerts(&services).await;
    assert_eq!(found.len(), 1);
    let (_, _, _, last, _, events, _) = &found[0];
    assert_eq!((*last, *events), (now() - TimeDelta::minutes(496), 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_make_of_an_alert_outlives_a_rebuild() {
    let place = place();
    let services = place.open().await;
    ingest(&services, line(1, "workspace_export_started", 7, 60)).await;
    let id = resolve_the_only(&services).await;
    services.rebuild(&name("files")).await.unwrap();
    let story = services.alert(&id).await.unwrap();
    assert_eq!(story.alert.reason.as_deref(), Some("planned"));
    assert_eq!(story.event_gids, ["1"]);
    // Another match within the window after the resolution is not swallowed.
    ingest(&services, line(2, "workspace_export_started", 7, 50)).await;
    let story = services.alert(&id).await.unwrap();
    assert_eq!((story.alert.state, story.alert.matches), ("new", 2));
    assert!(services.alert("ffffffff").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_near_miss_can_be_asked_why() {
    let place = place();
    let services = place.open().await;
    let failed = |gid, minutes_ago| line(gid, "user_login_failed", 7, minutes_ago);
    let exported = line(4, "workspace_export_started", 7, 10);
    let lines = [failed(1, 30), failed(2, 28), failed(3, 15), exported];
    ingest(&services, lines.join("\n")).await;
    let explained = async |gid: &str, policy: &str| {
        let explained = services.explain(gid, policy, None).await.unwrap();
        explained.into_iter().next().unwrap()
    };
    let why = async |gid: &str, policy: &str| explained(gid, policy).await.verdict;
    let Verdict::Quiet(reasons) = why("3", "test.failed_sign_ins").await else {
        panic!("it is not raised");
    };
    assert!(!reasons.is_empty());
    assert!(matches!(why("1", "test.export").await, Verdict::Quiet(_)));
    let of_export = async || explained("4", "test.export").await.outcome.unwrap();
    assert_eq!(of_export().await, "it opens an alert");
    let change = PolicyChange {
        mode: Some(Setting::To(Mode::Record)),
        ..PolicyChange::default()
    };
    let set = services.change_policy("test.export", change, None, "mara");
    set.await.unwrap();
    assert!(of_export().await.contains("only recorded"));
    for (gid, policy) in [("9", "test.export"), ("1", "test.unknown")] {
        let refused = services.explain(gid, policy, None).await.unwrap_err();
        assert!(!refused.advice().is_empty(), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_tried_on_the_past() {
    let place = place();
    let services = place.open().await;
    ingest(&services, day().join("\n")).await;
    let tried = services
        .backtest("test.export", None, 30, None)
        .await
        .unwrap();
    assert_eq!((tried.events, tried.alerts), (600, 7));
    let alerts = tried.days.values().map(|of_day| of_day.alerts);
    assert_eq!(alerts.sum::<u64>(), 7);
    let changed = EXPORT.replace("workspace_export_started}", "user_logged_out}");
    let pack = drishti_services::detect::Pack::parse(&[("x.yml".into(), changed)]);
    let changed = pack.policies.into_iter().next();
    let tried = services
        .backtest("test.export", changed, 30, None)
        .await
        .unwrap();
    let difference = tried.difference.unwrap();
    assert_eq!((difference.added_count, difference.removed_count), (0, 7));
    let yesterday = services
        .backtest("test.export", None, 1, None)
        .await
        .unwrap();
    assert!(yesterday.alerts < 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backtest_counts_what_happened_before_its_span_and_what_it_could_not_judge() {
    let place = place();
    let services = place.open().await;
    let a_day = 24 * 60;
    let failed = |gid, minutes_ago| line(gid, "user_login_failed", 7, minutes_ago);
    let nobody = failed(9, 30).replace(r#""user","gid":"7""#, r#""asana""#);
    let lines = [
        failed(1, a_day + 4),
        failed(2, a_day + 2),
        failed(3, a_day - 2),
        nobody,
    ];
    ingest(&services, lines.join("\n")).await;
    let tried = services.backtest("test.failed_sign_ins", None, 1, None);
    let tried = tried.await.unwrap();
    assert_eq!((tried.events, tried.alerts, tried.not_evaluable), (2, 1, 1));
    // Evaluated as they came, and all anew, it is as many.
    let counted = async || {
        let counts = services.ledger().policy_counts(
            None,
            Some("test.failed_sign_ins"),
            chrono::DateTime::UNIX_EPOCH.date_naive(),
        );
        let counts = counts.await.unwrap();
        counts.iter().map(|day| day.not_evaluable).sum::<u64>()
    };
    assert_eq!(counted().await, 1);
    services.rebuild(&name("files")).await.unwrap();
    assert_eq!(counted().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_after_resolution_opens_anew_where_the_policy_says_so() {
    let mut place = place();
    let anew = "  name: test.export\n  after_resolution: open_anew";
    place.policies[1].1 = EXPORT.replace("  name: test.export", anew);
    let services = place.open().await;
    let export = |gid, minutes_ago| line(gid, "workspace_export_started", 7, minutes_ago);
    ingest(&services, export(1, 60)).await;
    let first = resolve_the_only(&services).await;
    ingest(&services, [export(2, 50), export(3, 40)].join("\n")).await;
    let check = async || {
        let matches: Vec<(bool, u64)> = alerts(&services)
            .await
            .into_iter()
            .map(|alert| (alert.0 == first, alert.4))
            .collect();
        assert!(matches.contains(&(true, 1)), "{matches:?}");
        assert!(matches.contains(&(false, 2)), "{matches:?}");
        assert_eq!(
            services.alert(&first).await.unwrap().alert.state,
            "resolved"
        );
    };
    check().await;
    services.rebuild(&name("files")).await.unwrap();
    check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_policy_is_quiet_until_it_is_resumed() {
    let place = place();
    let services = place.open().await;
    let ledger = services.ledger();
    ingest(&services, line(1, "workspace_export_started", 1, 300)).await;
    let minutes_ago = |minutes| now() - TimeDelta::minutes(minutes);
    ledger
        .pause_policy("test.export", "too often", minutes_ago(200))
        .await
        .unwrap();
    ingest(&services, line(2, "workspace_export_started", 2, 100)).await;
    assert_eq!(alerts(&services).await.len(), 1, "quiet since it is paused");
    services.rebuild(&name("files")).await.unwrap();
    assert_eq!(
        alerts(&services).await.len(),
        1,
        "what it said before stays"
    );
    ledger
        .resume_policy("test.export", "mara", minutes_ago(90))
        .await
        .unwrap();
    ingest(&services, line(3, "workspace_export_started", 3, 80)).await;
    assert_eq!(alerts(&services).await.len(), 2);
    services.rebuild(&name("files")).await.unwrap();
    assert_eq!(
        alerts(&services).await.len(),
        3,
        "evaluated anew, nothing was paused"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_cap_that_was_set_holds() {
    let place = place();
    let services = place.open().await;
    let overrides = PolicyOverrides {
        daily_cap: Some(2),
        ..PolicyOverrides::default()
    };
    services
        .ledger()
        .set_policy_overrides("test.export", &overrides, None, "mara", now())
        .await
        .unwrap();
    let exports = (1..=5).map(|who| line(who, "workspace_export_started", who, 60));
    ingest(&services, exports.collect::<Vec<_>>().join("\n")).await;
    let filter = AlertFilter {
        capped: Some(true),
        limit: 100,
        ..AlertFilter::default()
    };
    assert_eq!(services.alerts(&filter).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_running_is_taken_up_and_stored_events_can_say_it_too() {
    let mut place = place();
    let folder = tempfile::tempdir().unwrap();
    place.policy_folder = Some(folder.path().to_owned());
    let services = place.open().await;
    ingest(&services, export_from(1, 300)).await;
    assert_eq!(alerts(&services).await.len(), 1);
    assert!(!services.refresh_knowledge().await.unwrap());

    let vpn_only = EXPORT
        .replace(
            "workspace_export_started}",
            "workspace_export_started, ip.tags: office}",
        )
        .replace("started an export", "exported from the office");
    std::fs::write(folder.path().join("export.yml"), &vpn_only).unwrap();
    assert!(services.refresh_knowledge().await.unwrap());
    assert!(!services.refresh_knowledge().await.unwrap());
    ingest(&services, export_from(2, 200)).await;
    assert_eq!(
        alerts(&services).await.len(),
        1,
        "nobody knows the office yet"
    );

    let office =
        r#"{"name":"office","networks":["192.0.2.0/24"],"category":"corporate","tags":["office"]}"#;
    services
        .ledger()
        .add_range("office", office, "mara", now())
        .await
        .unwrap();
    assert!(services.refresh_knowledge().await.unwrap());
    ingest(&services, export_from(3, 100)).await;
    assert_eq!(alerts(&services).await.len(), 2);

    let mut days = Vec::new();
    let enriched = services.enrich_stored(None, |day, _| days.push(day)).await;
    let enriched = enriched.unwrap();
    assert_eq!(
        (enriched.events_changed, enriched.days),
        (2, days.len() as u64)
    );
    let again = services.enrich_stored(None, |_, _| ()).await.unwrap();
    assert_eq!(again.events_changed, 0);
    services.rebuild(&name("files")).await.unwrap();
    let titles: Vec<String> = alerts(&services)
        .await
        .into_iter()
        .map(|alert| alert.1)
        .collect();
    assert_eq!(titles, ["7 exported from the office"; 3]);

    // What can't be read is told, and what was known stays.
    std::fs::write(folder.path().join("export.yml"), "title: [").unwrap();
    assert!(services.refresh_knowledge().await.unwrap());
    let known = services.knowledge().await.unwrap();
    assert_eq!(known.pack.errors.len(), 1);
    let shipped = known.pack.policies.iter();
    assert!(
        shipped
            .into_iter()
            .any(|policy| policy.text.contains("started an export"))
    );
}

/// An export from an address in the documentation's network.
fn export_from(gid: u64, minutes_ago: i64) -> String {
    let export = line(gid, "workspace_export_started", 7, minutes_ago);
    let context = r#","context":{"client_ip_address":"192.0.2.7"}}"#;
    export.strip_suffix('}').unwrap().to_owned() + context
}
