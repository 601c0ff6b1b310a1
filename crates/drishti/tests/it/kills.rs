//! A process that is killed at any moment loses nothing and doubles nothing.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::time::Instant;

use crate::harness::{Installation, Running, Server, Simulator, now};

/// Kills in one backfill.
const KILLS: usize = 52;

/// Longest run that is waited for until its moment comes.
const RUN_TIME_MAX: Duration = Duration::from_mins(1);

/// Time between two looks whether the moment has come. Short, as a moment may be.
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After this many more requests.
    Requests(u64),
    /// This long after the lake's log got an entry: before, while or after the ledger follows.
    Commit(Duration),
    /// This long after it began.
    Time(Duration),
}

impl Moment {
    fn draw(random: &mut StdRng) -> Self {
        match random.random_range(0..3) {
            0 => Self::Requests(random.random_range(1..12)),
            1 => Self::Commit(Duration::from_millis(random.random_range(0..30))),
            _ => Self::Time(Duration::from_millis(random.random_range(0..2_500))),
        }
    }

    /// Waits for the moment, or for the end of the run.
    async fn wait(self, run: &mut Running, installation: &Installation, simulator: &Simulator) {
        let began = Instant::now();
        let (requests, entries) = (
            simulator.audit_log_requests().await,
            log_entries(installation),
        );
        while run.ended().is_none() {
            assert!(
                began.elapsed() < RUN_TIME_MAX,
                "{self:?} never comes: {}",
                run.outputs()
            );
            let has_come = match self {
                Self::Requests(more) => simulator.audit_log_requests().await >= requests + more,
                Self::Commit(_) => log_entries(installation) > entries,
                Self::Time(time) => began.elapsed() >= time,
            };
            if has_come {
                if let Self::Commit(later) = self {
                    tokio::time::sleep(later).await;
                }
                return;
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

/// Entries of the lake's log.
fn log_entries(installation: &Installation) -> usize {
    let log = std::fs::read_dir(installation.home().join("lake/_delta_log"));
    let names = log
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(".json"))
        .count()
}

async fn one_backfill(seed: u64, faults: &str) {
    let mut random = StdRng::seed_from_u64(seed);
    // Every answer takes a while, so that one backfill is long enough for all kills.
    let slow = [
        "--faults",
        faults,
        "--fault",
        "slow=1",
        "--fault",
        "slow_milliseconds=80",
    ];
    let simulator = Simulator::frozen(40, 89, now() - TimeDelta::hours(3), &slow).await;
    let installation = Installation::new();
    installation
        .add(
            &simulator,
            &["--backfill-days", "90", "--concurrent-reads", "2"],
        )
        .await;
    for number in 0..KILLS {
        let mut run = installation.spawn(&["collect", "--source", "acme"]);
        let moment = Moment::draw(&mut random);
        moment.wait(&mut run, &installation, &simulator).await;
        let ended = run.stop("KILL").await;
        assert_eq!(
            ended.signal(),
            Some(9),
            "run {number} ended before {moment:?}: {}",
            run.outputs()
        );
        if number % 10 == 9 {
            // Time goes on meanwhile, and what was late becomes visible.
            simulator.advance(300).await;
        }
    }
    let source = installation.source().await;
    assert!(
        source["windows_done"].as_u64() < source["windows_total"].as_u64(),
        "the backfill was over: {source:#}"
    );
    simulator.faults(json!({"preset": faults})).await;
    simulator.advance(1_800).await;
    let last = installation.collect().await.good();
    assert!(last.contains("0 refused"), "{last}");
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn killed_fifty_times_in_one_backfill() {
    one_backfill(1, "none").await;
}

#[tokio::test]
async fn killed_fifty_times_while_everything_goes_wrong() {
    one_backfill(2, "all").await;
}

#[tokio::test]
async fn a_server_killed_in_live_traffic() {
    const SERVERS: u64 = 6;
    let mut random = StdRng::seed_from_u64(3);
    let simulator = Simulator::frozen(60, 3, now() - TimeDelta::hours(12), &[]).await;
    let installation = Installation::new();
    installation
        .add(
            &simulator,
            &["--backfill-days", "4", "--poll-interval", "1"],
        )
        .await;
    for _ in 0..SERVERS {
        let mut server = Server::start(&installation).await;
        for _ in 0..random.random_range(1..4) {
            simulator.advance(random.random_range(60..900)).await;
            let moment = Moment::Requests(random.random_range(1..6));
            moment
                .wait(&mut server.process, &installation, &simulator)
                .await;
        }
        let ended = server.process.stop("KILL").await;
        assert_eq!(ended.signal(), Some(9));
    }
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}
