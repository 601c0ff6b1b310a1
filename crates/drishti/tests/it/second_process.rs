//! Two processes on one installation, or on one ledger, never write the same source at once.

use std::os::unix::process::ExitStatusExt;

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::{
    Finished, Installation, Postgres, Running, Server, Simulator, eventually, now,
};

/// Answers that take so long that a collection is still going on while others look.
const SLOW: [&str; 4] = ["--fault", "slow=1", "--fault", "slow_milliseconds=300"];

/// Waits until requests arrive, so that somebody certainly is collecting.
async fn requested(simulator: &Simulator, more: u64, run: &Running) {
    let before = simulator.audit_log_requests().await;
    eventually("requests for the audit log", async || {
        let found = simulator.audit_log_requests().await;
        (found >= before + more)
            .then_some(())
            .ok_or_else(|| run.outputs())
    })
    .await;
}

#[tokio::test]
async fn a_second_server_in_the_same_folder_says_who_has_it() {
    let installation = Installation::new();
    let first = Server::start(&installation).await;
    let refused = installation
        .run(&["serve", "--listen", "127.0.0.1:0"])
        .await
        .bad();
    let expected = format!(
        "error: another drishti (process {}) already serves the folder `{}`; stop it, or use another `--home`",
        first.process.id(),
        installation.home().display()
    );
    assert_eq!(refused.trim_end(), expected);
    assert_eq!(first.get("/readyz").await["status"], "ready");
    assert!(first.stop().await.success());
    let next = Server::start(&installation).await;
    assert!(next.stop().await.success());
}

#[tokio::test]
async fn others_keep_off_what_a_server_is_collecting() {
    let simulator = Simulator::frozen(40, 5, now() - TimeDelta::hours(1), &SLOW).await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "6"])
        .await;
    let server = Server::start(&installation).await;
    server.reaches("acme", "Collecting").await;
    let holder = format!(
        "source `acme` is being worked on by {}",
        host_of(&server.process)
    );
    let refused = installation.collect().await.bad();
    assert!(refused.contains(&holder), "{refused}");
    assert!(
        refused.contains("\nhint: Wait until it is done, pause the source"),
        "{refused}"
    );
    let file = installation.write("events.jsonl", "");
    let refused = installation
        .run(&["ingest", &file, "--source", "acme"])
        .await
        .bad();
    assert!(refused.contains(&holder), "{refused}");
    let source = server.get("/api/v1/sources/acme").await;
    assert_eq!(
        source["status"]["state"], "Collecting",
        "the refused have left no trace: {source:#}"
    );
    simulator.faults(json!({})).await;
    server.has_all("acme", &simulator).await;
    assert!(server.stop().await.success());
    // A server that stopped gave everything back.
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

/// How a process names itself in a lease.
fn host_of(process: &Running) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    format!("{}:{}", host.trim(), process.id())
}

#[tokio::test]
async fn what_a_killed_process_held_is_free_at_once() {
    let simulator = Simulator::frozen(40, 5, now() - TimeDelta::hours(1), &SLOW).await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "6"])
        .await;
    let mut run = installation.spawn(&["collect", "--source", "acme"]);
    requested(&simulator, 3, &run).await;
    assert_eq!(run.stop("KILL").await.signal(), Some(9));
    simulator.faults(json!({})).await;
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

/// Two machines with homes of their own, one ledger and one lake.
async fn pair(postgres: &Postgres, simulator: &Simulator) -> [Installation; 2] {
    let place = Installation::new();
    let lake = place.outside("lake").display().to_string();
    let first = place
        .with_environment("DRISHTI_LEDGER_URL", &postgres.url())
        .with_environment("DRISHTI_LAKE", &lake);
    first.add(simulator, &["--backfill-days", "6"]).await;
    let key = std::fs::read_to_string(first.home().join("key")).unwrap();
    let second = Installation::new()
        .with_environment("DRISHTI_LEDGER_URL", &postgres.url())
        .with_environment("DRISHTI_LAKE", &lake)
        .with_environment("DRISHTI_KEY", key.trim());
    // The second has a home of its own, and nothing of it in the ledger.
    std::fs::create_dir(second.home()).unwrap();
    [first, second]
}

#[tokio::test]
async fn two_collections_on_one_postgresql_ledger() {
    let postgres = Postgres::start().await;
    let simulator = Simulator::frozen(40, 5, now() - TimeDelta::hours(12), &SLOW).await;
    let [first, second] = pair(&postgres, &simulator).await;

    let mut run = first.spawn(&["collect", "--source", "acme"]);
    requested(&simulator, 3, &run).await;
    let refused = second.collect().await.bad();
    let holder = format!("source `acme` is being worked on by {}", host_of(&run));
    assert!(refused.contains(&holder), "{refused}");
    simulator.faults(json!({})).await;
    let status = eventually("the first to end", async || {
        run.ended().ok_or_else(|| run.outputs())
    })
    .await;
    assert!(status.success(), "{}", run.outputs());
    first.assert_complete(&simulator).await;

    for _ in 0..4 {
        simulator.advance(3_600).await;
        let (one, two) = tokio::join!(first.collect(), second.collect());
        let is_refused =
            |run: &Finished| run.code() == 1 && run.stderr.contains("is being worked on by");
        let both = [&one, &two];
        assert!(
            both.iter().all(|run| run.code() == 0 || is_refused(run)),
            "{both:#?}"
        );
        assert!(both.iter().any(|run| run.code() == 0), "{both:#?}");
    }
    second.assert_complete(&simulator).await;
    postgres.stop().await;
}
