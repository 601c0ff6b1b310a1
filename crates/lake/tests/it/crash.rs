//! A process that dies, or whose disk is full, while it writes. The process is this test binary, started again.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use drishti_lake::LakeError;
use drishti_model::AuditEvent;

use crate::house::{event, files, open, put, rows, source, stored_gids, try_put};

/// Tells the child which lake to write to. Unset, the child's test does nothing.
const FOLDER: &str = "DRISHTI_TEST_LAKE";

const KILLS: u64 = 20;

const BATCH: i64 = 25;

/// Batch number `sequence`, and the second half of the one before it again.
fn batch(sequence: i64) -> Vec<AuditEvent> {
    let first = (sequence - 1) * BATCH;
    (first - BATCH / 2..first + BATCH)
        .filter(|gid| *gid >= 0)
        .map(|gid| event(&gid.to_string(), gid))
        .collect()
}

/// This binary, running one test by its name.
fn again(test: &str, folder: &Path, shell: &str) -> Child {
    Command::new("sh")
        .args(["-c", &format!("{shell}exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").unwrap();
    out.flush().unwrap();
}

/// The child: commits one batch after another and says so, until it is killed.
#[test]
fn child_that_commits() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    runtime().block_on(async {
        let lake = open(Path::new(&folder)).await;
        let mut sequence = lake.last_sequence(&source("a")).await.unwrap();
        say(&format!("starting after {sequence}"));
        loop {
            sequence += 1;
            try_put(&lake, "a", sequence, &batch(sequence))
                .await
                .unwrap();
            say(&format!("committed {sequence}"));
        }
    });
}

#[test]
fn a_killed_process_loses_no_batch_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("lake");
    let runtime = runtime();
    for kill in 0..KILLS {
        let mut child = again("crash::child_that_commits", &folder, "");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (said, hear) = mpsc::channel();
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, number)) = line.split_once("committed ") {
                    said.send(number.parse::<i64>().unwrap()).unwrap();
                }
            }
        });
        // From the first commit of this process on, any moment may be the last.
        let mut acknowledged = hear.recv_timeout(Duration::from_mins(1)).unwrap();
        let life = Duration::from_millis(kill * 37 % 101);
        let started = std::time::Instant::now();
        loop {
            match hear.recv_timeout(life.saturating_sub(started.elapsed())) {
                Ok(number) => acknowledged = number,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => panic!("the child died by itself"),
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap();
        acknowledged = hear.try_iter().last().unwrap_or(acknowledged);
        runtime.block_on(async {
            let lake = open(&folder).await;
            let stored = rows(&lake).await;
            let last = lake.last_sequence(&source("a")).await.unwrap();
            assert!(
                last == acknowledged || last == acknowledged + 1,
                "{last}, {acknowledged}"
            );
            assert_eq!(stored, last * BATCH);
            let gids = stored_gids(&lake).await;
            assert_eq!(i64::try_from(gids.len()).unwrap(), stored);
        });
    }
    runtime.block_on(async {
        let lake = open(&folder).await;
        lake.compact().await.unwrap();
        assert_eq!(rows(&lake).await % BATCH, 0);
    });
}

/// The child: tells what became of one batch for every line that it reads.
#[test]
fn child_that_obeys() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    runtime().block_on(async {
        let lake = open(Path::new(&folder)).await;
        say("ready");
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let batch: Vec<_> = (0..line.parse().unwrap())
                .map(|gid: i64| {
                    // Two thousand on the first day, then one a day.
                    let day = (gid - 2_000).max(0);
                    let mut event = event(&gid.to_string(), day * 24 * 60);
                    // Text that compression can't shrink.
                    event.details = Some(format!(
                        "{:x}",
                        gid.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed())
                    ));
                    event
                })
                .collect();
            let sequence = lake.last_sequence(&source("a")).await.unwrap() + 1;
            match try_put(&lake, "a", sequence, &batch).await {
                Ok(appended) => say(&format!("stored {}", appended.stored)),
                Err(LakeError::Append { .. }) => say("no room"),
                Err(error) => say(&format!("{error:?}")),
            }
        }
    });
}

/// A child under a limit on the size of the files that it writes: how a full disk looks to it.
struct Cramped {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Cramped {
    fn start(folder: &Path) -> Self {
        let mut child = again("crash::child_that_obeys", folder, "trap '' XFSZ; ");
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut cramped = Self {
            child,
            orders,
            answers,
        };
        cramped.hear("ready");
        cramped
    }

    /// The largest file that the child may write, in bytes.
    fn limit(&self, most: &str) {
        let done = Command::new("prlimit")
            .args([
                "--pid",
                &self.child.id().to_string(),
                &format!("--fsize={most}:unlimited"),
            ])
            .status()
            .unwrap();
        assert!(done.success());
    }

    /// The rest of the next line that has `word`.
    fn hear(&mut self, word: &str) -> String {
        let mut heard = Vec::new();
        for line in self.answers.by_ref().map_while(Result::ok) {
            if let Some((_, rest)) = line.split_once(word) {
                return rest.trim().to_owned();
            }
            heard.push(line);
        }
        panic!("{word:?} was not said: {heard:#?}");
    }

    fn append(&mut self, events: i64, expected: &str) {
        writeln!(self.orders, "{events}").unwrap();
        self.hear(expected);
    }
}

#[test]
fn a_full_disk_is_an_error_and_no_loss() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("lake");
    let mut child = Cramped::start(&folder);
    child.append(10, "stored 10");
    let runtime = runtime();
    let stored = || runtime.block_on(async { rows(&open(&folder).await).await });
    // A data file does not fit, or (with many small files) the log entry.
    for (most, events, before) in [("4096", 2_000, 10), ("24000", 2_090, 2_000)] {
        child.limit(most);
        child.append(events, "no room");
        child.append(events, "no room");
        assert_eq!(stored(), before);
        child.limit("unlimited");
        child.append(events, &format!("stored {}", events - before));
        assert_eq!(stored(), events);
        assert_eq!(files(&folder, "#1"), [""; 0].map(PathBuf::from));
    }
    drop(child.orders);
    child.child.wait().unwrap();
    let gids = runtime.block_on(async { stored_gids(&open(&folder).await).await });
    assert!(gids.values().all(|copies| *copies == 1));
}

#[test]
fn a_checkpoint_that_has_no_room_fails_no_commit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("lake");
    let runtime = runtime();
    runtime.block_on(async {
        let lake = open(&folder).await;
        for minute in 0..47 {
            put(&lake, "b", &[event("x", minute * 24 * 60)]).await;
        }
    });
    let mut child = Cramped::start(&folder);
    child.append(1, "stored 1");
    child.limit("12000");
    child.append(2, "stored 1");
    let log = folder.join("_delta_log");
    assert!(log.join("00000000000000000049.json").exists());
    assert_eq!(files(&log, ".checkpoint.parquet").len(), 0);
    child.limit("unlimited");
    child.append(3, "stored 1");
    drop(child.orders);
    child.child.wait().unwrap();
    assert_eq!(
        runtime.block_on(async { rows(&open(&folder).await).await }),
        50
    );
}
