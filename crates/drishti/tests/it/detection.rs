//! What detection says, as its users see it.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Installation, Simulator, eventually, http, now};

/// What the simulator publishes about its addresses.
const FEEDS: [(&str, &str); 4] = [
    ("tor", "tor-exits.txt"),
    ("vpn", "vpn.netset"),
    ("hosting", "hosting.netset"),
    ("malicious", "malicious.netset"),
];

/// An organisation under attack.
async fn simulator() -> Simulator {
    let attacks = ["--attacks", "all"];
    Simulator::frozen(120, 40, now() - TimeDelta::hours(12), &attacks).await
}

/// A configuration that names the simulator's tables by their addresses.
fn configure(installation: &Installation, simulator: &Simulator) {
    let address = |file: &str| format!("\"{}/feeds/{file}\"", simulator.address);
    let feeds: Vec<String> = FEEDS
        .iter()
        .map(|(name, file)| format!("{name} = {}", address(file)))
        .collect();
    std::fs::create_dir_all(installation.home()).unwrap();
    std::fs::write(
        installation.home().join("drishti.toml"),
        format!(
            "[enrichment]\nplaces = [{}]\nfeeds = {{ {} }}\n",
            address("places.csv"),
            feeds.join(", ")
        ),
    )
    .unwrap();
}

async fn watched(simulator: &Simulator) -> Installation {
    let installation = Installation::new();
    configure(&installation, simulator);
    installation
        .add(simulator, &["--backfill-days", "41"])
        .await;
    let fetched = installation.run(&["geo", "update"]).await.good();
    assert_eq!(fetched.lines().count(), 5, "{fetched}");
    let people = format!("{}/simulator/people.csv", simulator.address);
    let people = http()
        .get(people)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let people = installation.write("people.csv", people);
    installation
        .run(&["people", "import", &people])
        .await
        .good();
    installation
}

async fn alerts(installation: &Installation) -> Vec<Value> {
    let arguments = ["alerts", "list", "--limit", "10000", "--format", "json"];
    let listed = installation.run(&arguments).await.json();
    let mut alerts = listed.as_array().unwrap().clone();
    alerts.sort_by_key(|alert| alert["id"].to_string());
    alerts
}

#[tokio::test]
async fn attacks_are_found_told_and_triaged() {
    let simulator = simulator().await;
    let installation = watched(&simulator).await;
    installation.collect().await.good();
    let found = alerts(&installation).await;
    let kinds: BTreeSet<&str> = found
        .iter()
        .filter_map(|alert| alert["policy_id"].as_str())
        .collect();
    assert!(kinds.len() >= 8, "{kinds:?}");
    for alert in &found {
        let id = alert["id"].as_str().unwrap();
        let story = installation
            .run(&["alerts", "show", id, "--format", "json"])
            .await
            .json();
        let said = |key: &str| story["explanation"][key].as_str().unwrap().len();
        assert!(said("expected") > 10 && said("seen") > 10, "{story:#}");
        assert!(!story["event_gids"].as_array().unwrap().is_empty());
    }
    let id = found[0]["id"].as_str().unwrap();
    let beginning = &id.chars().take(8).collect::<String>();
    let told = installation
        .run(&["alerts", "show", beginning])
        .await
        .good();
    assert!(
        told.contains("expected: ") && told.contains("seen: "),
        "{told}"
    );
    let triage = [
        "alerts",
        "triage",
        beginning,
        "--state",
        "resolved",
        "--classification",
        "true-positive",
        "--reason",
        "as exercised",
    ];
    installation.run(&triage).await.good();
    installation.run(&["rebuild", "baselines"]).await.good();
    let again = alerts(&installation).await;
    let of = |alerts: &[Value]| -> Vec<(Value, Value, Value)> {
        let told = alerts.iter();
        told.map(|alert| {
            (
                alert["id"].clone(),
                alert["last_event_at"].clone(),
                alert["matches"].clone(),
            )
        })
        .collect()
    };
    assert_eq!(of(&again), of(&found), "the same after a rebuild");
    let resolved = again.iter().find(|alert| alert["id"] == id).unwrap();
    assert_eq!(
        (&resolved["state"], &resolved["reason"]),
        (&json!("resolved"), &json!("as exercised"))
    );
}

#[tokio::test]
async fn alerts_survive_kills_neither_lost_nor_doubled() {
    let simulator = simulator().await;
    let undisturbed = watched(&simulator).await;
    undisturbed.collect().await.good();
    let expected = alerts(&undisturbed).await;
    assert!(!expected.is_empty());

    let killed = watched(&simulator).await;
    let mut kills = 0;
    for kill in 1..=12_u64 {
        let mut run = killed.spawn(&["collect", "--source", "acme"]);
        let pause = Duration::from_millis(250 * kill);
        let waited = tokio::time::timeout(
            pause,
            eventually("the end of the run", async || {
                run.ended().ok_or_else(|| "it runs".to_owned())
            }),
        );
        if waited.await.is_err() {
            run.stop("KILL").await;
            kills += 1;
        }
    }
    assert!(kills > 0, "every run came to its end before it was killed");
    killed.collect().await.good();
    killed.assert_complete(&simulator).await;
    let keep = |alerts: Vec<Value>| -> Vec<Value> {
        alerts
            .into_iter()
            .map(|mut alert| {
                alert["is_provisional"].take();
                alert
            })
            .collect()
    };
    assert_eq!(keep(alerts(&killed).await), keep(expected));
}

#[tokio::test]
async fn a_file_is_evaluated_as_the_product_would() {
    let installation = Installation::new();
    let event = |gid: u32, kind: &str, details: &str| {
        let at = now() - TimeDelta::minutes(i64::from(60 - gid));
        format!(
            r#"{{"gid":"{gid}","created_at":"{}","event_type":"{kind}","event_category":"admin_settings","actor":{{"actor_type":"user","gid":"7","email":"ada@example.com"}},"resource":{{"resource_type":"workspace","gid":"1"}},"details":{details},"context":{{"context_type":"web"}}}}"#,
            at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
        )
    };
    let lines = [
        event(
            2,
            "workspace_saml_settings_changed",
            r#"{"old_value":"required","new_value":"optional"}"#,
        ),
        event(
            1,
            "workspace_saml_settings_changed",
            r#"{"old_value":"optional","new_value":"required"}"#,
        ),
    ];
    let file = installation.write("two.jsonl", lines.join("\n"));
    let told = installation.run(&["detect", &file]).await;
    assert_eq!(told.code(), 0, "{told:#?}");
    let alerts: Vec<Value> = told
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let saml: Vec<&Value> = alerts
        .iter()
        .filter(|alert| alert["policy_id"] == "asana.saml_made_optional")
        .collect();
    assert_eq!(saml.len(), 1, "{alerts:#?}");
    assert_eq!(
        (&saml[0]["severity"], &saml[0]["event_gids"]),
        (&json!("high"), &json!(["2"]))
    );
    for key in ["title", "time", "entity", "explanation"] {
        assert!(!saml[0][key].is_null(), "{key}");
    }
}

#[tokio::test]
async fn a_file_gives_the_same_alerts_in_whatever_order_its_events_stand() {
    let installation = Installation::new();
    let file = installation.outside("events.jsonl");
    let file = file.to_str().unwrap();
    let simulated = ["--people", "60", "--days", "30", "--attacks", "all"];
    let export = [&["simulate"], &simulated[..], &["--export", file]].concat();
    installation.run(&export).await.good();
    let in_order = installation.run(&["detect", file]).await;
    let lines: Vec<&str> = in_order.stdout.lines().collect();
    assert!(lines.len() > 10, "{in_order:#?}");

    let events = std::fs::read_to_string(file).unwrap();
    let backwards: Vec<&str> = events.lines().rev().collect();
    let backwards = installation.write("backwards.jsonl", backwards.join("\n"));
    let doubled: Vec<&str> = events.lines().flat_map(|line| [line, line]).collect();
    let doubled = installation.write("doubled.jsonl", doubled.join("\n"));
    for other in [backwards, doubled] {
        let told = installation.run(&["detect", &other]).await;
        assert_eq!(told.stdout, in_order.stdout, "{other}");
    }
}

#[tokio::test]
async fn the_shipped_policies_pass_their_own_tests() {
    let installation = Installation::new();
    let told = installation.run(&["policies", "test"]).await;
    assert_eq!(told.code(), 0, "{}", told.stdout);
    assert!(told.stdout.contains(" 0 failed"), "{}", told.stdout);
    let broken = installation.write("broken.yml", "title: [\n");
    let told = installation.run(&["policies", "lint", &broken]).await;
    assert_eq!(told.code(), 1, "{told:#?}");
    assert!(told.stdout.contains("broken.yml"), "{told:#?}");
    let listed = installation
        .run(&["policies", "list", "--format", "json"])
        .await
        .json();
    assert!(listed.as_array().unwrap().len() > 100);
    let refused = installation
        .run(&["policies", "show", "asana.nothing"])
        .await;
    assert!(refused.bad().contains("no policy is called"));
}

#[tokio::test]
async fn a_filter_in_a_file_of_its_own_narrows_a_shipped_policy() {
    let installation = Installation::new();
    let made_optional = |gid: u32, email: &str| {
        json!({
            "gid": gid.to_string(), "created_at": "2026-03-02T10:00:00.000Z", "event_type": "workspace_saml_settings_changed",
            "event_category": "admin_settings", "actor": {"actor_type": "user", "gid": "7", "email": email},
            "resource": {"resource_type": "workspace", "gid": "8"}, "context": {"context_type": "web"},
            "details": {"new_value": "optional"},
        })
        .to_string()
    };
    let events = [
        made_optional(1, "planned@acme.example"),
        made_optional(2, "ada@acme.example"),
    ];
    let events = installation.write("events.jsonl", events.join("\n"));
    let filter = "title: Planned change\nlogsource: {product: asana}\nfilter:\n  rules: [asana.saml_made_optional]\n  \
                  planned: {actor.email: planned@acme.example}\n  condition: not planned\n";
    let folder = installation.outside("policies");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("planned.yml"), filter).unwrap();
    let folder = folder.to_str().unwrap();
    let arguments = ["detect", &events, "--policies", folder];
    let told = installation.run(&arguments).await;
    assert_eq!(told.code(), 0, "{told:#?}");
    let lines = told.stdout.lines();
    let gids: Vec<String> = lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|alert| alert["policy_id"] == "asana.saml_made_optional")
        .map(|alert| alert["event_gids"].to_string())
        .collect();
    assert_eq!(gids, [r#"["2"]"#]);
}

#[tokio::test]
async fn a_policy_tells_what_it_came_to_and_what_it_could_not_judge() {
    let installation = Installation::new();
    let event = json!({
        "gid": "1", "created_at": now(), "event_type": "task_deleted", "event_category": "deletion",
        "actor": {"actor_type": "user", "gid": "7", "email": "a@acme.example"},
        "resource": {"resource_type": "task", "gid": "8"}, "context": {"context_type": "web"},
    });
    let file = installation.write("events.jsonl", event.to_string());
    let told = installation
        .run(&["ingest", "--source", "files", &file])
        .await;
    assert_eq!(told.code(), 0, "{told:#?}");
    let show = ["policies", "show", "anomaly.infrequent_country"];
    let told = installation.run(&show).await;
    let line = "# in 30 days: matches 0, alerts 0, events that lack what it asks for 1\n";
    assert!(told.stdout.contains(line), "{}", told.stdout);
    let told = installation
        .run(&[show.as_slice(), &["--format", "json"]].concat())
        .await;
    assert_eq!(told.json()["last_30_days"]["not_evaluable"], 1);
}
