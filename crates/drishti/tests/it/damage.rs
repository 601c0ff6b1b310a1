//! Folders and files that are wrong, broken or gone: clear words, and nothing lost once they are mended.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{Installation, Server, Simulator, now};

const BACKFILL: [&str; 2] = ["--backfill-days", "5"];

async fn simulator() -> Simulator {
    Simulator::frozen(30, 4, now() - TimeDelta::hours(12), &[]).await
}

/// An installation that has collected everything once.
async fn collected(simulator: &Simulator) -> Installation {
    let installation = Installation::new();
    installation.add(simulator, &BACKFILL).await;
    installation.collect().await.good();
    installation.assert_complete(simulator).await;
    installation
}

/// The names of warnings and errors, apart from the one about the simulator's clock, which stands still.
async fn warnings(installation: &Installation) -> Vec<String> {
    let events = installation.health().await;
    let unhealthy = events
        .iter()
        .filter(|event| event["severity"] != "Information");
    let names = unhealthy.map(|event| event["name"].as_str().unwrap().to_owned());
    names.filter(|name| name != "ClockSkew").collect()
}

/// The entries of the lake's log, oldest first.
fn log_entries(installation: &Installation) -> Vec<PathBuf> {
    let log = fs::read_dir(installation.home().join("lake/_delta_log")).unwrap();
    let mut entries: Vec<PathBuf> = log
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    entries.sort();
    entries
}

#[tokio::test]
async fn a_file_in_place_of_the_home_folder() {
    let installation = Installation::new();
    fs::write(installation.home(), "not a folder").unwrap();
    let home = installation.home().display();
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["demo", "--people", "20", "--days", "1", "--once"],
    ] {
        let refused = installation.run(arguments).await.bad();
        assert!(
            refused.contains(&format!("error: creating the home folder `{home}`")),
            "{refused}"
        );
        assert!(refused.contains("because: "), "{refused}");
    }
    let refused = installation.run(&["query", "select 1"]).await.bad();
    assert!(
        refused.contains(&format!("there is no installation at `{home}`")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_lake_folder_deleted_under_a_server() {
    let simulator = simulator().await;
    let installation = Installation::new();
    installation
        .add(
            &simulator,
            &[&BACKFILL[..], &["--poll-interval", "1"]].concat(),
        )
        .await;
    let server = Server::start(&installation).await;
    server.has_all("acme", &simulator).await;
    let lake = installation.home().join("lake");
    fs::remove_dir_all(&lake).unwrap();
    simulator.advance(7_200).await;
    let source = server.reaches("acme", "Error").await;
    let status = &source["status"];
    assert_eq!(
        (&status["event_name"], &status["kind"]),
        (&json!("LakeGone"), &json!("FirstPartyGeneric"))
    );
    let reason = status["reason"].as_str().unwrap();
    assert!(
        reason.contains(&format!("the lake folder `{}", lake.display())),
        "{reason}"
    );
    assert!(
        reason.contains("was removed or replaced while in use"),
        "{reason}"
    );
    assert!(
        status["advice"]
            .as_str()
            .unwrap()
            .contains("Put the lake folder back from a backup"),
        "{status:#}"
    );
    let (ready, problem) = server
        .send(server.request(reqwest::Method::GET, "/readyz"))
        .await;
    assert_eq!(
        (ready.as_u16(), &problem["code"]),
        (503, &json!("not_ready")),
        "{problem:#}"
    );
    assert!(!lake.exists(), "half a lake was made in its place");
    assert!(server.stop().await.success());

    let server = Server::start(&installation).await;
    server.has_all("acme", &simulator).await;
    assert!(server.stop().await.success());
    assert!(
        warnings(&installation)
            .await
            .contains(&"LakeBehind".to_owned())
    );
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_lake_folder_taken_away_and_put_back() {
    let simulator = simulator().await;
    let installation = Installation::new();
    installation
        .add(
            &simulator,
            &[&BACKFILL[..], &["--poll-interval", "1"]].concat(),
        )
        .await;
    let server = Server::start(&installation).await;
    server.has_all("acme", &simulator).await;
    let (lake, away) = (
        installation.home().join("lake"),
        installation.outside("away"),
    );
    fs::rename(&lake, &away).unwrap();
    simulator.advance(7_200).await;
    server.reaches("acme", "Error").await;
    fs::rename(&away, &lake).unwrap();
    // The folder is the same one: the server finds it again by itself.
    server.reaches("acme", "Collecting").await;
    assert!(server.stop().await.success());
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_ledger_overwritten_with_garbage() {
    let simulator = simulator().await;
    let installation = collected(&simulator).await;
    let ledger = installation.home().join("ledger.sqlite");
    fs::write(
        &ledger,
        b"this is no database, and never was one\n".repeat(500),
    )
    .unwrap();
    for suffix in ["-wal", "-shm"] {
        let beside = PathBuf::from(format!("{}{suffix}", ledger.display()));
        if beside.exists() {
            fs::remove_file(beside).unwrap();
        }
    }
    for arguments in [
        &["collect", "--source", "acme"][..],
        &["sources", "list"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let refused = installation.run(arguments).await.bad();
        assert!(refused.contains(&ledger.display().to_string()), "{refused}");
        assert!(refused.contains("is not a database"), "{refused}");
        assert!(refused.contains("\nhint: "), "{refused}");
    }
    let found = installation
        .run(&["doctor", "--offline", "--format", "json"])
        .await;
    assert_eq!(found.code(), 1);
    let finding = found
        .json()
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["ok"] == false)
        .cloned()
        .unwrap();
    assert!(
        finding["found"]
            .as_str()
            .unwrap()
            .contains("is not a database"),
        "{finding:#}"
    );
    assert_ne!(finding["advice"], "", "{finding:#}");

    // Without a backup the ledger begins anew; the lake knows what it has.
    fs::remove_file(&ledger).unwrap();
    simulator.advance(3_600).await;
    installation.add(&simulator, &BACKFILL).await;
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_ledger_removed_while_the_lake_stays() {
    let simulator = simulator().await;
    let installation = collected(&simulator).await;
    for entry in fs::read_dir(installation.home()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("ledger.sqlite")
        {
            fs::remove_file(path).unwrap();
        }
    }
    let refused = installation.collect().await.bad();
    assert!(
        refused.contains("ledger.sqlite` is not there, but the lake beside it is"),
        "{refused}"
    );
    simulator.advance(3_600).await;
    installation.add(&simulator, &BACKFILL).await;
    let told = installation.collect().await.good();
    assert!(!told.contains(" 0 there already"), "{told}");
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_lake_removed_while_the_ledger_stays() {
    let simulator = simulator().await;
    let installation = collected(&simulator).await;
    assert_eq!(warnings(&installation).await, [""; 0]);
    fs::remove_dir_all(installation.home().join("lake")).unwrap();
    simulator.advance(3_600).await;
    let told = installation.collect().await;
    assert!(
        told.stderr
            .contains("the lake lacks batches that were written to it"),
        "{told:#?}"
    );
    told.good();
    let events = installation.health().await;
    let event = events
        .iter()
        .find(|event| event["name"] == "LakeBehind")
        .unwrap();
    assert_eq!(event["severity"], "Warning");
    assert!(
        event["reason"]
            .as_str()
            .unwrap()
            .contains("it was removed, or put back from an older backup"),
        "{event:#}"
    );
    assert!(
        event["advice"]
            .as_str()
            .unwrap()
            .contains("being fetched again"),
        "{event:#}"
    );
    installation.assert_complete(&simulator).await;
    // Said once.
    installation.collect().await.good();
    assert_eq!(warnings(&installation).await, ["LakeBehind"]);
}

#[tokio::test]
async fn a_lake_put_back_from_an_older_backup() {
    let simulator = simulator().await;
    let installation = collected(&simulator).await;
    let (lake, backup) = (
        installation.home().join("lake"),
        installation.outside("backup"),
    );
    copy(&lake, &backup);
    simulator.advance(14_400).await;
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
    fs::remove_dir_all(&lake).unwrap();
    copy(&backup, &lake);
    installation.collect().await.good();
    assert_eq!(warnings(&installation).await, ["LakeBehind"]);
    installation.assert_complete(&simulator).await;
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Cuts the newest entry of the lake's log, as a power loss may, and expects the next start to cope.
async fn cut_newest_entry(keep: impl Fn(&[u8]) -> usize) {
    let simulator = simulator().await;
    let installation = collected(&simulator).await;
    simulator.advance(14_400).await;
    let server = Server::start(&installation).await;
    server.has_all("acme", &simulator).await;
    assert!(server.stop().await.success());
    let newest = log_entries(&installation).pop().unwrap();
    let content = fs::read(&newest).unwrap();
    fs::write(&newest, &content[..keep(&content)]).unwrap();

    let server = Server::start(&installation).await;
    let aside = format!("{}.damaged", newest.display());
    let log = server.process.stderr.text();
    assert!(
        log.contains(&aside) && log.contains("was cut short and is set aside"),
        "{log}"
    );
    assert!(Path::new(&aside).exists());
    server.has_all("acme", &simulator).await;
    assert!(server.stop().await.success());
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_log_entry_cut_in_the_middle() {
    cut_newest_entry(|content| content.len() / 2).await;
}

#[tokio::test]
async fn a_log_entry_without_content() {
    cut_newest_entry(|_| 0).await;
}

#[tokio::test]
async fn a_key_that_is_none() {
    let installation = Installation::new();
    let file = installation.write("none.jsonl", "");
    let ingest = ["ingest", &file, "--source", "files"];
    installation.run(&ingest).await.good();
    fs::write(installation.home().join("key"), "torn in half\n").unwrap();
    let refused = installation.run(&["sources", "list"]).await.bad();
    assert!(
        refused.contains("error: reading the sealing key from") && refused.contains("not 32 bytes"),
        "{refused}"
    );
    assert!(refused.contains("\nhint: "), "{refused}");
    let found = installation
        .run(&["doctor", "--offline", "--format", "json"])
        .await;
    let findings = found.json();
    let finding = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["ok"] == false)
        .unwrap();
    assert!(
        finding["advice"].as_str().unwrap().contains("the key file"),
        "{finding:#}"
    );
}
