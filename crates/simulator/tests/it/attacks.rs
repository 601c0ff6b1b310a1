//! Attacks, harmless look-alikes, and the truth about both.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use drishti_simulator::{Attacks, SimulateArgs};
use reqwest::Method;
use serde_json::Value;

use super::stand::{Stand, any_clock, exported_text, gids, moment, small};

/// A quarter of 400 people with every attack.
fn quarter(seed: u64) -> SimulateArgs {
    SimulateArgs {
        people: 400,
        days: 90,
        seed,
        attacks: Attacks::all(),
        ..small()
    }
}

fn labels(args: &SimulateArgs) -> Vec<Value> {
    let mut lines = Vec::new();
    let count = drishti_simulator::labels(args, any_clock(), &mut lines).unwrap();
    let labels = parsed(&String::from_utf8(lines).unwrap());
    assert_eq!(labels.len() as u64, count);
    labels
}

fn parsed(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn attacks(labels: &[Value]) -> impl Iterator<Item = &Value> {
    labels.iter().filter(|label| label["kind"] == "attack")
}

#[test]
fn a_quarter_has_every_attack_at_least_twice_and_none_while_learning() {
    for seed in 1..=4 {
        let labels = labels(&quarter(seed));
        let mut campaigns: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for label in attacks(&labels) {
            let seen = campaigns.entry(text(label, "scenario")).or_default();
            seen.insert(text(label, "campaign"));
            // 90 days before the end of September, and two weeks more.
            assert!(text(label, "created_at") > "2026-07-16T15:00", "{label}");
        }
        let names: BTreeSet<&str> = Attacks::names().into_iter().collect();
        assert_eq!(campaigns.keys().copied().collect::<BTreeSet<_>>(), names);
        for (name, seen) in campaigns {
            assert!((2..=10).contains(&seen.len()), "{seed} {name}: {seen:?}");
        }
        let harmless: BTreeSet<&str> = labels
            .iter()
            .filter(|label| label["kind"] == "benign")
            .map(|label| text(label, "scenario"))
            .collect();
        let expected = "bulk_clean_up business_trip holiday_return mobile_carrier new_laptop \
                        office_move on_call_night quarterly_export shared_egress vpn_switch";
        assert_eq!(harmless, expected.split_whitespace().collect(), "{seed}");
    }
}

#[test]
fn a_larger_organisation_has_more_attacks() {
    let campaigns = |people| {
        let attacks = "brute_force,guest_creep,token_theft".parse().unwrap();
        let labels = labels(&SimulateArgs {
            people,
            attacks,
            days: 60,
            ..quarter(1)
        });
        let campaigns: HashSet<String> = attacks_of(&labels);
        campaigns.len()
    };
    let (small, large) = (campaigns(400), campaigns(1600));
    assert!((3 * small..=6 * small).contains(&large), "{small} {large}");
}

fn attacks_of(labels: &[Value]) -> HashSet<String> {
    let campaigns = attacks(labels).map(|label| text(label, "campaign").to_owned());
    campaigns.collect()
}

#[test]
fn attacks_are_added_to_what_happens_anyway_and_only_when_they_are_asked_for() {
    let args = |attacks: &str| SimulateArgs {
        days: 60,
        attacks: attacks.parse().unwrap(),
        ..quarter(2)
    };
    let (peace, war) = (
        exported_text(&args("none")),
        exported_text(&args("brute_force,mass_deletion")),
    );
    assert_eq!(attacks(&labels(&args("none"))).count(), 0);
    let hostile: HashSet<String> = attacks(&labels(&args("brute_force,mass_deletion")))
        .map(|label| text(label, "gid").to_owned())
        .collect();
    assert!(hostile.len() > 100);
    let harmless = war.lines().filter(|line| !hostile.contains(gid(line)));
    assert!(harmless.eq(peace.lines()));
    assert_eq!(peace.lines().count() + hostile.len(), war.lines().count());
}

/// The gid of an exported event, with which it begins.
fn gid(line: &str) -> &str {
    line.split('"').nth(3).unwrap()
}

#[test]
fn the_same_attacks_come_whenever_the_simulator_starts() {
    let within = |freeze_at: &str| -> Vec<Value> {
        let mut labels = labels(&SimulateArgs {
            freeze_at: Some(moment(freeze_at)),
            ..quarter(3)
        });
        labels.retain(|label| {
            let at = text(label, "created_at");
            label["scenario"] != "dormant_account" && ("2026-08-20".."2026-09-20").contains(&at)
        });
        labels
    };
    let early = within("2026-09-20T01:00:00Z");
    assert!(attacks(&early).count() > 500);
    assert!(early == within("2026-10-11T13:37:00Z"));
}

/// What the events of an attack can be.
fn types_of(scenario: &str) -> &'static str {
    match scenario {
        "account_takeover" | "impossible_travel" | "dormant_account" => {
            "user_login_failed user_login_succeeded attachment_downloaded project_csv_export_started \
             search_report_export_started user_personal_access_token_authorized"
        }
        "brute_force" | "password_spray" => {
            "user_login_failed user_login_succeeded attachment_downloaded project_csv_export_started \
             search_report_export_started"
        }
        "mfa_reset" => {
            "user_login_failed user_login_succeeded user_two_factor_auth_disabled \
             user_two_factor_auth_enabled user_password_reset attachment_downloaded \
             project_csv_export_started search_report_export_started"
        }
        "token_theft" | "insider_export" | "leaver_active" => {
            "attachment_downloaded project_csv_export_started search_report_export_started"
        }
        "service_account_theft" => {
            "workspace_members_export_started attachment_downloaded project_csv_export_started \
             search_report_export_started"
        }
        "admin_persistence" => {
            "user_login_succeeded service_account_created workspace_saml_settings_changed \
             workspace_associated_email_domain_added user_workspace_admin_role_changed \
             workspace_require_app_approvals_of_type_changed workspace_members_export_started \
             workspace_export_started attachment_downloaded project_csv_export_started \
             search_report_export_started"
        }
        "consent_phishing" => {
            "user_app_authorized attachment_downloaded project_csv_export_started \
             search_report_export_started"
        }
        "mass_deletion" => "task_deleted task_permanently_deleted project_deleted",
        "guest_creep" => {
            "user_invited project_member_added project_view_link_enabled \
             project_privacy_settings_changed team_privacy_settings_changed"
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn labels_are_about_events_that_are_served() {
    let args = SimulateArgs {
        attack_every: Some(Duration::from_mins(5)),
        days: 50,
        ..quarter(1)
    };
    let stand = Stand::start(args.clone()).await;
    let answer = stand.control(Method::GET, "/simulator/labels", None).await;
    let served = parsed(&answer.text().await.unwrap());
    let all = labels(&args);
    // What is not five seconds old can't be read yet.
    assert_eq!(served[..], all[..served.len()]);
    assert!(all.len() - served.len() < 3);
    let history = exported_text(&args);
    let events: HashMap<&str, &str> = history.lines().map(|line| (gid(line), line)).collect();
    let mut seen = HashSet::new();
    for label in &served {
        assert!(seen.insert(text(label, "gid")), "twice: {label}");
        let event: Value = serde_json::from_str(events[text(label, "gid")]).unwrap();
        assert_eq!(event["created_at"], label["created_at"]);
        let policies = label["policies"].as_array().unwrap();
        assert!(!policies.is_empty());
        if label["kind"] == "attack" {
            let types = types_of(text(label, "scenario"));
            let event_type = text(&event, "event_type");
            assert!(
                types.split_whitespace().any(|one| one == event_type),
                "{event}"
            );
        }
    }
    let start = "2026-09-14T07:00:00Z";
    let path = format!("?start_at={start}&end_at=2026-09-15T07:00:00Z");
    let answer = stand
        .control(Method::GET, &format!("/simulator/labels{path}"), None)
        .await;
    let day = parsed(&answer.text().await.unwrap());
    let truth = stand.truth(&path).await;
    let known: HashSet<&str> = truth.iter().map(String::as_str).collect();
    assert!(!day.is_empty());
    assert!(day.iter().all(|label| known.contains(text(label, "gid"))));
    let query = format!("limit=100&start_at={start}&end_at=2026-09-15T07:00:00Z");
    let (read, _) = stand.read(&query, None).await;
    assert_eq!(gids(&read), truth);
}

/// The names of all policies in the files under a folder.
fn policy_names(folder: &Path, names: &mut HashSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            policy_names(&path, names);
        } else {
            let file = std::fs::read_to_string(path).unwrap();
            let lines = file.lines().map(str::trim);
            names.extend(lines.filter_map(|line| line.strip_prefix("name: ").map(str::to_owned)));
        }
    }
}

#[test]
fn the_policies_of_the_labels_are_shipped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut shipped = HashSet::new();
    policy_names(&folder, &mut shipped);
    for label in labels(&quarter(1)) {
        for policy in label["policies"].as_array().unwrap() {
            assert!(shipped.contains(policy.as_str().unwrap()), "{policy}");
        }
    }
}

#[tokio::test]
async fn live_traffic_is_attacked_within_minutes() {
    let args = SimulateArgs {
        attack_every: Some(Duration::from_mins(5)),
        days: 3,
        ..quarter(1)
    };
    let stand = Stand::start(args).await;
    let told = async || {
        let answer = stand.control(Method::GET, "/simulator/labels", None).await;
        parsed(&answer.text().await.unwrap())
    };
    assert_eq!(attacks(&told().await).count(), 0);
    stand.advance(360).await;
    assert!(attacks(&told().await).count() > 0);
    stand.advance(2 * 3600).await;
    let labels = told().await;
    let kinds: BTreeSet<&str> = attacks(&labels)
        .map(|label| text(label, "scenario"))
        .collect();
    assert!(kinds.len() >= 10, "{kinds:?}");
    let truth: HashSet<String> = stand.truth("").await.into_iter().collect();
    assert!(
        labels
            .iter()
            .all(|label| truth.contains(text(label, "gid")))
    );
}

#[test]
fn the_labels_are_written_beside_the_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.jsonl");
    let args = SimulateArgs {
        labels: Some(path.clone()),
        ..small()
    };
    exported_text(&args);
    let written = parsed(&std::fs::read_to_string(&path).unwrap());
    assert!(!written.is_empty());
    assert!(written == labels(&args));
    let nowhere = SimulateArgs {
        labels: Some(folder.path().join("no/such/folder")),
        ..small()
    };
    let refusal = drishti_simulator::export(&nowhere, any_clock(), &mut Vec::new());
    assert!(matches!(
        refusal,
        Err(drishti_simulator::SimulatorError::Labels(_))
    ));
}

#[tokio::test]
async fn leavers_are_in_the_list_of_people_and_some_of_them_are_still_active() {
    let args = quarter(1);
    let csv = drishti_simulator::people(&args, any_clock()).unwrap();
    let stand = Stand::start(args.clone()).await;
    let answer = stand
        .control(Method::GET, "/simulator/people.csv", None)
        .await;
    assert_eq!(answer.text().await.unwrap(), csv);
    let bad = stand
        .control(Method::GET, "/simulator/people.csv?workspace=1", None)
        .await;
    assert_eq!(bad.status(), 400);
    let ends: HashMap<&str, (&str, &str)> = csv
        .lines()
        .map(|line| {
            let row: Vec<&str> = line.split(',').collect();
            (row[0], (row[4], row[5]))
        })
        .collect();
    let labels = labels(&args);
    let scenario_of: HashMap<&str, &str> = attacks(&labels)
        .map(|label| (text(label, "gid"), text(label, "scenario")))
        .collect();
    let (mut leavers, mut insiders) = (0, 0);
    for line in exported_text(&args).lines() {
        let Some(scenario) = scenario_of.get(gid(line)) else {
            continue;
        };
        let event: Value = serde_json::from_str(line).unwrap();
        let Some(actor) = event["actor"]["gid"].as_str() else {
            continue;
        };
        let at = text(&event, "created_at");
        let (leaving, terminated) = ends.get(actor).copied().unwrap_or_default();
        match *scenario {
            "leaver_active" => {
                assert!(!terminated.is_empty() && terminated < at, "{event}");
                leavers += 1;
            }
            "insider_export" => {
                assert!(!leaving.is_empty() && leaving <= at, "{event}");
                assert!(terminated.is_empty() || terminated > at, "{event}");
                insiders += 1;
            }
            _ => assert!(terminated.is_empty() || at < terminated, "{event}"),
        }
    }
    assert!(leavers > 10 && insiders > 100, "{leavers} {insiders}");
}

#[tokio::test]
async fn a_large_organisation_starts_at_once_and_its_middle_is_near() {
    let began = Instant::now();
    let stand = Stand::start(SimulateArgs {
        people: 50_000,
        attack_every: Some(Duration::from_mins(5)),
        ..quarter(1)
    })
    .await;
    let page = stand
        .good(&stand.audit_log("limit=100&start_at=2026-08-16T13:00:00Z"))
        .await;
    assert_eq!(page["data"].as_array().unwrap().len(), 100);
    // Far more than it takes, even unoptimised and on a busy machine.
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn there_is_always_something_to_see() {
    for seed in 1..=3 {
        let args = SimulateArgs {
            people: 400,
            days: 16,
            seed,
            ..small()
        };
        let mut hours: BTreeMap<String, u32> = BTreeMap::new();
        for line in exported_text(&args).lines() {
            let created_at = line.split('"').nth(7).unwrap();
            let hour = created_at.split(':').next().unwrap();
            *hours.entry(hour.to_owned()).or_default() += 1;
        }
        assert_eq!(hours.len(), 16 * 24);
        for (hour, count) in &hours {
            assert!(*count >= 120, "{seed} {hour}: {count}");
        }
    }
}
