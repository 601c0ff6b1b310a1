//! The first thing that somebody runs.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Installation, Running, Simulator, TOKEN, eventually, is_running, met, now};

/// Time between two polls of the demo.
const POLL_INTERVAL: TimeDelta = TimeDelta::seconds(5);

const QUESTION: &str = "select event_type, count(*) from events group by 1 order by 2 desc limit 5";

/// Processes that a process has started and that have not ended.
fn children(parent: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let status = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields = status
            .rsplit_once(") ")
            .map(|(_, rest)| rest)
            .unwrap_or_default();
        if fields.split(' ').nth(1) == Some(&parent.to_string()) {
            found.push(process);
        }
    }
    found
}

/// A demo that has collected its history and goes on.
async fn running_demo(installation: &Installation, people: &str) -> Running {
    let arguments = [
        "demo",
        "--people",
        people,
        "--days",
        "5",
        "--listen",
        "127.0.0.1:0",
    ];
    let mut demo = installation.spawn(&arguments);
    demo.line("Stop with Ctrl-C").await;
    demo
}

async fn count(installation: &Installation) -> u64 {
    let answer = installation
        .query("select count(*) as count from events")
        .await;
    answer[0]["count"].as_u64().unwrap()
}

#[tokio::test]
async fn a_demo_that_ends_when_it_has_all() {
    let installation = Installation::new();
    let arguments = [
        "demo",
        "--people",
        "40",
        "--days",
        "12",
        "--listen",
        "127.0.0.1:0",
        "--once",
    ];
    let finished = installation.run(&arguments).await;
    assert!(finished.status.success(), "{finished:#?}");
    let home = installation.home().display().to_string();
    let login = std::fs::read_to_string(installation.home().join("login")).unwrap();
    for words in [
        &format!("Sign in:         as admin with the password {login}"),
        &format!("drishti --home {home} query \"{QUESTION}\""),
        &format!("Authorization: Bearer $(cat {home}/api-token)"),
        "/api/v1/openapi.json",
        &format!("Lake:            {home}/lake"),
    ] {
        assert!(finished.stdout.contains(words), "{words}: {finished:#?}");
    }
    assert!(
        finished
            .stderr
            .contains("events of 12 days are in the lake"),
        "{finished:#?}"
    );
    assert!(count(&installation).await > 500);
    // The next one goes on from here.
    let again = installation.run(&arguments).await;
    assert!(again.status.success(), "{again:#?}");
    let twice = installation
        .query("select gid from events group by gid having count(*) > 1")
        .await;
    assert_eq!(twice, [serde_json::Value::Null; 0]);
}

#[tokio::test]
async fn a_demo_answers_while_it_collects_and_ends_with_all_it_started() {
    let installation = Installation::new();
    let mut demo = running_demo(&installation, "2000").await;
    let simulators = children(demo.id());
    assert_eq!(simulators.len(), 1, "one child: the simulator");
    let answer = installation.query(QUESTION).await;
    assert_eq!(answer.len(), 5, "{answer:#?}");

    // What happens while the demo runs arrives too. How much that is depends on the hour and the day of the week.
    let simulator = Simulator::adopt(&told_address(&demo));
    for _ in 0..3 {
        let began = now();
        let expected = eventually("a poll's time to pass", async || {
            met(now() - began, |passed| *passed > POLL_INTERVAL)?;
            Ok(simulator.truth(None).await)
        })
        .await;
        eventually("live events", async || {
            let found = installation.gids("true").await;
            let missing = expected
                .iter()
                .filter(|gid| found.binary_search(gid).is_err())
                .count();
            met(missing, |missing| *missing == 0)
        })
        .await;
    }
    let source = installation
        .run(&["sources", "list", "--format", "json"])
        .await
        .json()[0]
        .take();
    assert_eq!(
        (&source["state"], &source["gaps"]),
        (&json!("Collecting"), &json!(0)),
        "{source:#}"
    );
    let examined = installation.run(&["doctor"]).await;
    assert!(examined.status.success(), "{examined:#?}");

    let ended = demo.stop("INT").await;
    assert_eq!(ended.code(), Some(0), "{}", demo.outputs());
    assert!(!is_running(simulators[0]), "the simulator is still there");
}

/// Where the demo says that its simulator listens.
fn told_address(demo: &Running) -> String {
    let told = demo.stderr.text();
    let address = told
        .split_once(" people listens on ")
        .and_then(|(_, rest)| rest.lines().next());
    address.unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[tokio::test]
async fn a_demo_that_is_killed_leaves_no_simulator_behind() {
    let installation = Installation::new();
    let mut demo = running_demo(&installation, "20").await;
    let simulators = children(demo.id());
    assert_eq!(simulators.len(), 1, "one child: the simulator");
    demo.stop("KILL").await;
    eventually("the simulator to end", async || {
        met(simulators[0], |simulator| !is_running(*simulator))
    })
    .await;
}

const SMALL: [&str; 8] = [
    "demo",
    "--people",
    "20",
    "--days",
    "1",
    "--listen",
    "127.0.0.1:0",
    "--once",
];

/// Tries a demo where `source` is, which asks nobody for anything.
async fn refused(installation: &Installation, simulator: &Simulator, source: &str) {
    let before = simulator.requests().await;
    let refused = installation.run(&SMALL).await.bad();
    let words = format!("this folder has the source `{source}`; give the demo a folder of its own");
    assert!(refused.contains(&words), "{refused}");
    assert_eq!(simulator.requests().await, before);
}

#[tokio::test]
async fn a_demo_keeps_off_real_sources() {
    let simulator = Simulator::frozen(20, 1, now(), &[]).await;
    let stored = Installation::new();
    stored.add(&simulator, &["--poll-interval", "1"]).await;
    refused(&stored, &simulator, "acme").await;

    // One that happens to have the name of the demo's.
    let namesake = Installation::new();
    let token = namesake.write("token", TOKEN);
    let add = [
        "sources",
        "add",
        "--name",
        "demo",
        "--workspace",
        "1",
        "--token-file",
        &token,
    ];
    namesake.run(&add).await.good();
    refused(&namesake, &simulator, "demo").await;

    // One that no process has read from the file yet.
    let declared = Installation::new();
    std::fs::create_dir(declared.home()).unwrap();
    declared.write("token", TOKEN);
    let text = format!(
        "[[sources]]\nname = \"acme\"\ntoken_file = \"../token\"\napi_url = \"{}\"\n",
        simulator.api_url()
    );
    std::fs::write(declared.home().join("drishti.toml"), text).unwrap();
    refused(&declared, &simulator, "acme").await;
    let listed = declared.run(&["sources", "list", "--format", "json"]).await;
    assert_eq!(listed.json(), json!([]), "nothing was added");
}

#[tokio::test]
async fn a_demo_has_a_home_of_its_own() {
    let installation = Installation::new();
    let run = async |arguments: &[&str]| {
        let mut command = installation.command(arguments);
        let output = command.env_remove("DRISHTI_HOME").output().await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.success(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (done, told, problem) = run(&SMALL).await;
    assert!(done, "{problem}");
    let demo = installation.outside("drishti-demo");
    assert!(demo.join("ledger.sqlite").exists());
    assert!(!installation.outside("drishti-data").exists());

    // What it prints works as it stands, in any shell and any folder.
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("Ask the lake:"));
    let shown = std::process::Command::new("sh")
        .args(["-c", line.unwrap()])
        .current_dir("/")
        .output()
        .unwrap();
    assert!(shown.status.success(), "{line:?}: {shown:?}");
    assert!(String::from_utf8_lossy(&shown.stdout).contains("event_type"));
    let ask = told
        .lines()
        .find(|line| line.starts_with("Ask the API:"))
        .unwrap();
    assert!(
        ask.contains(" \"http://127.0.0.1:") && ask.ends_with("/api/v1/events?limit=3\""),
        "{ask}"
    );

    // Those who only look find it as long as there is nothing else, and are told.
    let (found, sources, note) = run(&["sources", "list", "--format", "jsonl"]).await;
    assert!(
        found && sources.contains("\"name\":\"demo\""),
        "{sources}{note}"
    );
    assert!(
        note.contains("this is about the demo in `drishti-demo`"),
        "{note}"
    );
    // Real events never get among the demo's.
    let file = installation.write("none.jsonl", "");
    let (ingested, _, note) = run(&["ingest", &file, "--source", "real"]).await;
    assert!(ingested, "{note}");
    let (found, sources, note) = run(&["sources", "list", "--format", "jsonl"]).await;
    assert!(
        found && sources.contains("\"name\":\"real\"") && !sources.contains("demo"),
        "{sources}"
    );
    assert_eq!(note, "");
    let (again, _, problem) = run(&SMALL).await;
    assert!(again, "{problem}");
}

#[tokio::test]
async fn an_organisation_of_nobody_is_wrong_usage() {
    let installation = Installation::new();
    for (option, value, bounds) in [
        ("--people", "0", "1..=1000000"),
        ("--people", "1000001", "1..=1000000"),
        ("--days", "0", "1..=1000"),
        ("--days", "1001", "1..=1000"),
    ] {
        let refused = installation.run(&["demo", option, value]).await;
        assert_eq!(refused.code(), 2, "{refused:#?}");
        assert!(refused.stderr.contains(bounds), "{refused:#?}");
    }
    assert!(!installation.home().exists());
}

/// As a terminal does it: the whole group of processes is interrupted at once.
#[tokio::test]
async fn an_interrupted_demo_ends_well_while_it_collects() {
    let installation = Installation::new();
    let arguments = [
        "demo",
        "--people",
        "5000",
        "--days",
        "90",
        "--listen",
        "127.0.0.1:0",
    ];
    let mut command = installation.command(&arguments);
    command.process_group(0);
    let mut demo = Running::spawn(command);
    eventually("the simulator", async || {
        met(demo.stderr.text(), |told| {
            told.contains(" people listens on ")
        })
    })
    .await;
    let simulators = children(demo.id());
    let group = format!("-{}", demo.id());
    let sent = std::process::Command::new("kill")
        .args(["-INT", "--", &group])
        .status()
        .unwrap();
    assert!(sent.success());
    let ended = eventually("the demo to end", async || {
        demo.ended().ok_or_else(|| demo.outputs())
    })
    .await;
    assert_eq!(ended.code(), Some(0), "{}", demo.outputs());
    eventually("the simulator to end", async || {
        met(simulators[0], |simulator| !is_running(*simulator))
    })
    .await;
}
