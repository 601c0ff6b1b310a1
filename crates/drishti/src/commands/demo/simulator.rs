//! The stand-in Asana: another process, spoken to over HTTP like the real one.

use std::collections::VecDeque;
use std::process::Stdio;

use anyhow::{Context, bail};
use drishti_model::Secret;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::task::JoinHandle;

use crate::cli::DemoArgs;

/// Lines of its standard error that are told when it ends.
const LAST_LINES: usize = 10;

/// Time between two attacks in the live traffic.
const LIVE_ATTACK_EVERY: &str = "5m";

/// A running simulator. It ends with this value, and with this process however that ends.
pub(crate) struct Simulator {
    child: Child,
    /// Closing it ends the simulator; waiting for the child would close it if the child still held it.
    _stdin: Option<ChildStdin>,
    last_words: JoinHandle<String>,
    pub(crate) address: String,
}

impl Simulator {
    /// Starts one of an organisation as the arguments say, which takes this token only.
    pub(super) async fn start(arguments: &DemoArgs, token: &Secret) -> anyhow::Result<Self> {
        Self::spawned(
            token,
            &[
                ("--people", arguments.people.to_string()),
                ("--days", arguments.days.to_string()),
                ("--seed", arguments.seed.to_string()),
                ("--attacks", "all".to_owned()),
                ("--attack-every", LIVE_ATTACK_EVERY.to_owned()),
            ],
        )
        .await
    }

    /// Starts one with these switches, which takes this token only.
    pub(crate) async fn spawned(
        token: &Secret,
        switches: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("finding the own program")?;
        let mut command = Command::new(program);
        command
            .args(["simulate", "--listen", "127.0.0.1:0", "--exit-with-stdin"])
            .env("DRISHTI_SIMULATE_TOKEN", token.expose());
        for (name, value) in switches {
            command.args([name, value.as_str()]);
        }
        Self::spawn(command).await
    }

    async fn spawn(mut command: Command) -> anyhow::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for the demo, which needs the simulator until its last page is written.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("starting the simulator")?;
        let stdout = child.stdout.take().context("reading from the simulator")?;
        let stderr = child.stderr.take().context("reading from the simulator")?;
        let mut simulator = Self {
            _stdin: child.stdin.take(),
            child,
            last_words: tokio::spawn(last_words(stderr)),
            address: String::new(),
        };
        let line = BufReader::new(stdout).lines().next_line().await;
        let Some(line) = line.context("reading from the simulator")? else {
            bail!(
                "the simulator ended before it listened{}",
                simulator.end().await?
            );
        };
        line.strip_prefix("listening on ")
            .with_context(|| format!("the simulator said `{line}`"))?
            .clone_into(&mut simulator.address);
        Ok(simulator)
    }

    /// Ends it, and waits until it is gone.
    pub(super) async fn stop(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "could not wait for the end of the simulator");
        }
    }

    /// Waits for its end, and gives how it ended and the last that it said, to be put behind other words.
    pub(super) async fn end(&mut self) -> anyhow::Result<String> {
        let status = self.child.wait().await;
        let status = status.context("waiting for the simulator")?;
        let words = (&mut self.last_words).await.unwrap_or_default();
        Ok(if words.is_empty() {
            format!(" ({status})")
        } else {
            format!(" ({status}): {words}")
        })
    }
}

/// Reads to the end, so that the simulator never waits for a reader, and keeps the last lines.
async fn last_words(stderr: ChildStderr) -> String {
    let mut lines = BufReader::new(stderr).lines();
    let mut last = VecDeque::with_capacity(LAST_LINES);
    while let Ok(Some(line)) = lines.next_line().await {
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    Vec::from(last).join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn script(text: &str) -> anyhow::Result<Simulator> {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        Simulator::spawn(command).await
    }

    #[tokio::test]
    async fn a_simulator_that_can_not_start_says_why() {
        let error = script("echo 'error: no luck today' >&2; exit 3")
            .await
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            "the simulator ended before it listened (exit status: 3): error: no luck today"
        );
    }

    #[tokio::test]
    async fn the_last_lines_of_many_are_told() {
        let mut simulator =
            script("echo listening on http://127.0.0.1:1; seq 1 100000 >&2; exit 1")
                .await
                .unwrap();
        assert_eq!(simulator.address, "http://127.0.0.1:1");
        let told = simulator.end().await.unwrap();
        assert!(
            told.starts_with(" (exit status: 1): 99991\n") && told.ends_with("\n100000"),
            "{told}"
        );
    }
}
