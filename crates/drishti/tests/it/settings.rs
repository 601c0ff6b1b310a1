//! What the owner sets about addresses, policies and alerts, and what shows of it.

use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use crate::harness::{Finished, Installation, now};

const SAML: &str = "asana.saml_made_optional";

/// Runs a command whose words hold no spaces.
async fn run(installation: &Installation, line: &str) -> Finished {
    let words: Vec<&str> = line.split(' ').collect();
    installation.run(&words).await
}

async fn list(installation: &Installation, line: &str) -> Vec<Value> {
    let listed = run(installation, &format!("{line} --format json")).await;
    listed.json().as_array().unwrap().clone()
}

/// An installation in which Ada made SAML optional two days ago, and again after `between` was run.
async fn with_events(between: &[&str]) -> Installation {
    let installation = Installation::new().with_environment("USER", "mara");
    let ingest = async |gid: u32, minutes_ago: i64| {
        let at = now() - TimeDelta::minutes(minutes_ago);
        let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let event = format!(
            r#"{{"gid":"{gid}","created_at":"{at}","event_type":"workspace_saml_settings_changed","event_category":"admin_settings","actor":{{"actor_type":"user","gid":"7","email":"ada@example.com"}},"resource":{{"resource_type":"workspace","gid":"1"}},"details":{{"old_value":"required","new_value":"optional"}}}}"#
        );
        let file = installation.write("event.jsonl", event);
        let ingest = ["ingest", &file, "--source", "files"];
        installation.run(&ingest).await.good();
    };
    ingest(1, 3_000).await;
    for line in between {
        run(&installation, line).await.good();
    }
    ingest(2, 0).await;
    installation
}

#[tokio::test]
async fn own_ranges_answer_for_their_addresses() {
    let installation = with_events(&[]).await;
    let add = "ranges add office --network 203.0.113.0/24 --network 2001:db8::/48 --category corporate --tag Head-Office \
               --country de --city Berlin --latitude -52.5 --longitude 13.4";
    let told = run(&installation, add).await.good();
    assert!(told.contains("within a minute"), "{told}");
    let again = run(&installation, add).await.bad();
    assert!(again.contains("there is one of this name"), "{again}");
    assert!(again.contains("ranges change"), "{again}");
    let why = run(&installation, "geo why 203.0.113.7").await.good();
    for words in ["corporate", "head-office", "DE", "range `office`"] {
        assert!(why.contains(words), "{words}: {why}");
    }
    let overlapping = "ranges add lab --network 203.0.113.0/24 --category other";
    let refused = run(&installation, overlapping).await.bad();
    assert!(
        refused.contains("`lab`") && refused.contains("`office`"),
        "{refused}"
    );
    let change = "ranges change office --category administrative --without place,tags";
    run(&installation, change).await.good();
    let office = &list(&installation, "ranges list").await[0];
    assert_eq!(office["category"], "administrative");
    assert_eq!(
        (&office["place"], &office["tags"]),
        (&json!(null), &json!([]))
    );
    assert_eq!(office["updated_by"], "mara");
    assert_eq!(office["networks"].as_array().unwrap().len(), 2);
    let overtaken = "ranges remove office --if-revision 1";
    run(&installation, overtaken).await.bad();
    run(&installation, "ranges remove office --if-revision 2")
        .await
        .good();
    assert_eq!(list(&installation, "ranges list").await.len(), 0);
}

#[tokio::test]
async fn of_an_import_all_is_taken_or_nothing() {
    let installation =
        with_events(&["ranges add office --network 203.0.113.0/24 --category corporate"]).await;
    let lab = json!({"name": "lab", "networks": ["198.51.100.0/24"], "category": "other"});
    let home = json!({"name": "home", "networks": ["203.0.113.0/24"], "category": "other"});
    let unknown =
        json!({"name": "home", "networks": ["192.0.2.0/24"], "category": "other", "colour": "red"});
    for (second, words) in [(home, "`office`"), (unknown, "colour")] {
        let bad = installation.write("bad.json", json!([lab, second]).to_string());
        let refused = installation.run(&["ranges", "import", &bad]).await.bad();
        assert!(refused.contains(words), "{refused}");
        assert_eq!(list(&installation, "ranges list").await.len(), 1);
    }
    let good = installation.write("good.json", json!([lab]).to_string());
    installation.run(&["ranges", "import", &good]).await.good();
    let table = run(&installation, "ranges list").await.good();
    assert!(table.contains("198.51.100.0/24"), "{table}");
}

#[tokio::test]
async fn a_suppression_keeps_alerts_quiet_and_is_listed() {
    let suppress = "suppressions add --entity ada@example.com --reason exercise --days 2";
    let installation = with_events(&[suppress]).await;
    let suppressed = list(
        &installation,
        &format!("alerts list --suppressed --policy {SAML}"),
    )
    .await;
    assert_eq!(suppressed.len(), 1, "{suppressed:#?}");
    let listed = &list(&installation, "suppressions list").await[0];
    assert_eq!(
        (&listed["author"], &listed["reason"], &listed["holds"]),
        (&json!("mara"), &json!("exercise"), &json!(true))
    );
    assert!(listed["matches"].as_u64() >= Some(1), "{listed:#?}");
    run(&installation, "suppressions end 1").await.good();
    assert_eq!(list(&installation, "suppressions list").await.len(), 0);
    let table = run(&installation, "suppressions list --all").await.good();
    assert!(table.contains("exercise"), "{table}");
    let unknown = "suppressions add --policy asana.unknown --reason x --days 2";
    let refused = run(&installation, unknown).await.bad();
    assert!(refused.contains("policies list"), "{refused}");
    let blank = format!("suppressions add --policy {SAML} --days 2 --reason ");
    let refused = run(&installation, &blank).await.bad();
    assert!(refused.contains("Say why"), "{refused}");
}

#[tokio::test]
async fn what_is_set_about_a_policy_is_listed_shown_and_told() {
    let set =
        format!("policies set {SAML} --severity critical --daily-cap 5 --exclude-group identity");
    let installation = with_events(&[&set]).await;
    let policies = list(&installation, "policies list").await;
    let saml = policies.iter().find(|policy| policy["name"] == SAML);
    assert_eq!(saml.unwrap()["severity"], "critical");
    let shown = run(&installation, &format!("policies show {SAML}"))
        .await
        .good();
    assert!(shown.contains("daily cap 5"), "{shown}");
    assert!(shown.contains("(revision 1)"), "{shown}");

    let back = "--scope file --severity file --daily-cap file --mode file --resume";
    let told = run(&installation, &format!("policies set {SAML} {back}"))
        .await
        .good();
    let everything = "everything as its file says (revision 2)";
    assert!(told.contains(everything), "{told}");
    let history = list(&installation, "policies history").await;
    let told: Vec<(&Value, &Value)> = history
        .iter()
        .map(|change| (&change["policy_id"], &change["author"]))
        .collect();
    let (saml, mara) = (json!(SAML), json!("mara"));
    assert_eq!(told, [(&saml, &mara), (&saml, &mara)], "each call is one");
    let newest = format!("policies history {SAML} --limit 1");
    let table = run(&installation, &newest).await.good();
    for words in [r#""severity":"critical""#, r#""severity":null"#] {
        assert!(table.contains(words), "{table}");
    }
    assert!(!table.contains("mode"), "what stays is not told: {table}");
}

#[tokio::test]
async fn a_detector_takes_only_the_parameters_it_knows() {
    let set = r#"policies set anomaly.mass_deletion --parameter minimum=250 --parameter sensitivity="low""#;
    let installation = with_events(&[set]).await;
    for (options, words) in [
        ("--parameter minimum=-1", "`minimum` is -1"),
        ("--parameter colour=1", "colour"),
        ("--severity low --if-revision 7", "revision 1, not 7"),
        ("--exclude-role boss", "no role is called `boss`"),
    ] {
        let set = format!("policies set anomaly.mass_deletion {options}");
        let refused = run(&installation, &set).await.bad();
        assert!(refused.contains(words), "{refused}");
    }
    let back = "policies set anomaly.mass_deletion --parameter minimum= --if-revision 1";
    let told = run(&installation, back).await.good();
    assert!(
        told.contains(r#"parameters {"sensitivity":"low"}"#),
        "{told}"
    );
}

#[tokio::test]
async fn recorded_matches_and_risk_are_shown() {
    let installation = with_events(&[&format!("policies set {SAML} --mode record")]).await;
    let recorded = list(&installation, "alerts recorded --entity 7 --since 1").await;
    let is_ours = |one: &Value| one["policy_id"] == SAML && one["event_gids"] == json!(["2"]);
    assert!(recorded.iter().any(is_ours), "{recorded:#?}");
    let risk = &list(&installation, "people risk").await[0];
    assert_eq!(
        (&risk["person"], &risk["name"]),
        (&json!("7"), &json!("ada@example.com"))
    );
    let person = run(&installation, "people risk Ada@example.com --format json").await;
    assert_eq!(person.json()["points"], risk["points"]);
    let table = run(&installation, "people risk 7").await;
    assert!(table.stdout.contains("recorded: "), "{table:#?}");
    assert!(table.stderr.contains("points in 7 days"), "{table:#?}");
    let unknown = run(&installation, "people risk nobody").await.bad();
    assert!(unknown.contains("`nobody`"), "{unknown}");
}

#[tokio::test]
async fn alerts_are_narrowed_down() {
    let installation = with_events(&[]).await;
    for (options, expected) in [
        ("", 2),
        (" --about 7", 2),
        (" --about 8", 0),
        (" --text ADA@", 2),
        (" --text %", 0),
        (" --since 1", 1),
        (" --suppressed", 0),
        (" --capped", 0),
    ] {
        let line = format!("alerts list --policy {SAML}{options}");
        let found = list(&installation, &line).await;
        assert_eq!(found.len(), expected, "{options}");
    }
    assert_eq!(list(&installation, "alerts digest").await.len(), 0);
    let empty = run(&installation, "alerts digest --days 3").await;
    assert_eq!(empty.stdout, "");
    assert!(
        empty
            .stderr
            .contains("nothing was kept back in the last 3 days"),
        "{empty:#?}"
    );
}

#[tokio::test]
async fn wrong_usage_says_what_is_missing() {
    let installation = Installation::new();
    for line in [
        "policies set x",
        "policies set x --if-revision 1",
        "policies set x --resume --if-revision 1",
        "policies set x --scope file --exclude-role admin",
        "policies set x --parameter sensitivity=low",
        "policies set x --severity awful",
        "policies set x --daily-cap many",
        "suppressions add --reason x --days 2",
        "suppressions add --policy x --days 2",
        "suppressions add --policy x --reason x",
        "suppressions add --policy x --reason x --days 367",
        "suppressions add --policy x --reason x --days 2 --until 2030-01-01T00:00:00Z",
        "ranges add office --category corporate",
        "ranges add office --network here --category corporate",
        "ranges add office --network 192.0.2.0/24 --category mine",
    ] {
        let refused = run(&installation, line).await;
        assert_eq!(refused.code(), 2, "{line}: {refused:#?}");
    }
}

#[tokio::test]
async fn stored_events_say_what_is_known_now_when_asked_to() {
    let installation = Installation::new();
    let at = (now() - TimeDelta::minutes(60)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let event = format!(
        r#"{{"gid":"1","created_at":"{at}","event_type":"user_login_succeeded","actor":{{"actor_type":"user","gid":"7"}},"context":{{"context_type":"web","client_ip_address":"203.0.113.7"}}}}"#
    );
    let file = installation.write("event.jsonl", event);
    let ingest = ["ingest", &file, "--source", "files"];
    installation.run(&ingest).await.good();
    let add = "ranges add office --network 203.0.113.0/24 --category corporate";
    run(&installation, add).await.good();
    let known = async || {
        let sql = "select ip_category from events";
        let query = ["query", sql, "--format", "json"];
        installation.run(&query).await.json()[0]["ip_category"].clone()
    };
    assert_eq!(known().await, Value::Null);
    let told = run(&installation, "rebuild enrichment --days 3")
        .await
        .good();
    assert!(
        told.starts_with("1 events on 1 of 1 days say something else now"),
        "{told}"
    );
    assert!(told.contains("files: 1 events evaluated"), "{told}");
    assert_eq!(known().await, "corporate");
    let told = run(&installation, "rebuild enrichment").await.good();
    assert_eq!(told, "0 events on 0 of 1 days say something else now\n");
}

#[tokio::test]
async fn own_policies_are_kept_without_their_files() {
    let installation = with_events(&[]).await;
    let text = |level: &str| {
        format!(
            "title: SAML changed\nlogsource: {{product: asana, service: audit}}\ndetection:\n  selection: {{event_type: \
             workspace_saml_settings_changed}}\n  condition: selection\nlevel: {level}\ndrishti:\n  name: own.saml\n"
        )
    };
    let file = installation.write("saml.yml", text("low"));
    let add = format!("policies add {file}");
    run(&installation, &add).await.good();
    std::fs::remove_file(&file).unwrap();
    let policies = list(&installation, "policies list").await;
    assert!(policies.iter().any(|policy| policy["name"] == "own.saml"));
    let tried = run(&installation, "policies backtest own.saml --format json").await;
    assert_eq!(tried.json()["alerts"], 2);
    let file = installation.write("saml.yml", text("high"));
    let taken = run(&installation, &format!("policies add {file}"))
        .await
        .bad();
    assert!(taken.contains("was written here"), "{taken}");
    let replace = format!("policies add {file} --replace");
    run(&installation, &format!("{replace} --if-revision 7"))
        .await
        .bad();
    run(&installation, &replace).await.good();
    let history = run(&installation, "policies history own.saml").await.good();
    assert!(
        history.contains("1 lines gone") && history.contains("mara"),
        "{history}"
    );
    let broken = installation.write("broken.yml", "title: [");
    let refused = run(&installation, &format!("policies add {broken}"))
        .await
        .bad();
    assert!(refused.contains("line"), "{refused}");
    let shipped = run(&installation, &format!("policies remove {SAML}"))
        .await
        .bad();
    assert!(shipped.contains("comes with the program"), "{shipped}");
    run(&installation, "policies remove own.saml").await.good();
    run(&installation, "policies remove own.saml").await.bad();
}
