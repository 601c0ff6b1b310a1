//! What an owner says of a source holds everywhere, and is told as it is.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Installation, Server, Simulator, TOKEN, eventually, met, now};

async fn simulator() -> Simulator {
    Simulator::frozen(25, 2, now() - TimeDelta::hours(2), &[]).await
}

#[tokio::test]
async fn a_paused_source_is_collected_by_nobody() {
    let simulator = simulator().await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "3"])
        .await;
    installation.run(&["sources", "pause", "acme"]).await.good();
    let before = simulator.requests().await;
    let refused = installation.collect().await.bad();
    assert_eq!(
        refused,
        "error: source `acme` is paused\nhint: `drishti sources resume` takes it up again.\n"
    );
    assert_eq!(simulator.requests().await, before);
    installation
        .run(&["sources", "resume", "acme"])
        .await
        .good();
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_removal_says_who_has_to_end_first() {
    let slow = ["--fault", "slow=1", "--fault", "slow_milliseconds=3000"];
    let simulator = Simulator::frozen(40, 5, now() - TimeDelta::hours(2), &slow).await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "6"])
        .await;
    let mut run = installation.spawn(&["collect", "--source", "acme"]);
    eventually("requests for the audit log", async || {
        met(simulator.audit_log_requests().await, |requests| {
            *requests > 3
        })
    })
    .await;
    let told = installation.run(&["sources", "remove", "acme"]).await;
    assert_eq!(told.code(), 0);
    assert!(
        told.stderr.starts_with("`acme` is being stopped: "),
        "{told:#?}"
    );
    assert!(
        told.stderr.contains(&format!(":{} works on it", run.id())),
        "{told:#?}"
    );
    let ended = eventually("the run to end", async || {
        run.ended().ok_or_else(|| run.outputs())
    })
    .await;
    assert_eq!(ended.code(), Some(1), "{}", run.outputs());
    let listed = installation
        .run(&["sources", "list", "--format", "json"])
        .await;
    assert_eq!(listed.json(), json!([]));

    installation
        .add(&simulator, &["--backfill-days", "6"])
        .await;
    let told = installation.run(&["sources", "remove", "acme"]).await;
    assert_eq!(
        told.stderr,
        "`acme` is removed; its events stay in the lake\n"
    );
}

#[tokio::test]
async fn what_was_set_can_be_taken_back() {
    let installation = Installation::new();
    let token = installation.write("token", TOKEN);
    let add = [
        "sources",
        "add",
        "--name",
        "acme",
        "--workspace",
        "1",
        "--token-file",
        &token,
        "--newest-first",
        "--field",
        "team=blue",
        "--field",
        "tier=one",
    ];
    installation.run(&add).await.good();
    let server = Server::start(&installation).await;
    let update = async |more: &[&str]| {
        let arguments = [&["sources", "update", "acme"], more].concat();
        installation.run(&arguments).await
    };
    update(&["--remove-field", "team", "--oldest-first"])
        .await
        .good();
    let source = server.get("/api/v1/sources/acme").await;
    assert_eq!(source["fields"], json!({"tier": "one"}));
    assert_eq!(source["collect"]["backfill_order"], "oldest");
    update(&["--remove-field", "tier", "--field", "tier=two"])
        .await
        .good();
    let source = server.get("/api/v1/sources/acme").await;
    assert_eq!(source["fields"], json!({"tier": "two"}));
    let refused = update(&["--remove-field", "team"]).await.bad();
    assert_eq!(refused, "error: source `acme` has no field `team`\n");
    let both = update(&["--oldest-first", "--newest-first"]).await;
    assert_eq!(both.code(), 2);
    assert!(server.stop().await.success());
}

/// One finding of the doctor's.
async fn finding(installation: &Installation, check: &str) -> Value {
    let examined = installation
        .run(&["doctor", "--offline", "--format", "json"])
        .await;
    let findings = examined.json();
    let mut findings = findings.as_array().unwrap().iter();
    findings
        .find(|finding| finding["check"] == check)
        .cloned()
        .unwrap_or_default()
}

#[tokio::test]
async fn the_time_between_two_runs_is_no_gap() {
    for (age, is_good) in [(TimeDelta::hours(6), true), (TimeDelta::hours(30), false)] {
        let simulator = Simulator::frozen(25, 2, now() - age, &[]).await;
        let installation = Installation::new();
        installation
            .add(&simulator, &["--backfill-days", "2"])
            .await;
        installation.collect().await.good();
        let source = installation.source().await;
        assert_eq!(source["gaps"], 0, "{source:#}");
        let found = finding(&installation, "source acme, coverage").await;
        assert_eq!(found["ok"], is_good, "{found:#}");
        assert!(
            found["found"]
                .as_str()
                .unwrap()
                .ends_with("is not read yet"),
            "{found:#}"
        );
        let spans = installation
            .run(&["sources", "coverage", "acme", "--format", "json"])
            .await
            .json();
        let last = spans.as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["complete"], &last["unread"]),
            (&json!(false), &json!(true)),
            "{spans:#}"
        );
        let shown = installation
            .run(&["sources", "coverage", "acme"])
            .await
            .good();
        assert!(shown.contains("not read yet"), "{shown}");
        // Whoever set it aside knows.
        installation.run(&["sources", "pause", "acme"]).await.good();
        let found = finding(&installation, "source acme, coverage").await;
        assert_eq!(found["ok"], true, "{found:#}");
    }
}

#[tokio::test]
async fn a_source_of_the_file_is_changed_only_there() {
    let simulator = simulator().await;
    let workspace = simulator.workspaces().await.remove(0);
    let installation = Installation::new();
    std::fs::create_dir(installation.home()).unwrap();
    installation.write("token", TOKEN);
    let file = installation.home().join("drishti.toml");
    let text = format!(
        "[[sources]]\nname = \"acme\"\nworkspace = \"{workspace}\"\ntoken_file = \"../token\"\napi_url = \"{}\"\n",
        simulator.api_url()
    );
    std::fs::write(&file, text).unwrap();
    let server = Server::start(&installation).await;
    server.reaches("acme", "Collecting").await;
    for arguments in [
        &["sources", "update", "acme", "--description", "mine"][..],
        &["sources", "remove", "acme"],
    ] {
        let refused = installation.run(arguments).await.bad();
        let words = format!(
            "error: source `acme` is kept as `{}` says\nhint: Change it there",
            file.display()
        );
        assert!(refused.starts_with(&words), "{refused}");
    }
    installation.run(&["sources", "pause", "acme"]).await.good();
    server.reaches("acme", "Paused").await;
    assert!(server.stop().await.success());

    std::fs::write(&file, "").unwrap();
    let server = Server::start(&installation).await;
    let words = format!("source `acme` no longer stands in `{}`", file.display());
    eventually("a word about it", async || {
        met(server.process.stderr.text(), |log| log.contains(&words))
    })
    .await;
    installation
        .run(&["sources", "update", "acme", "--description", "mine"])
        .await
        .good();
    installation
        .run(&["sources", "remove", "acme"])
        .await
        .good();
    assert!(server.stop().await.success());
}
