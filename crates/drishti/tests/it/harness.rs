//! What the tests of the program are made of: an installation in a folder of its own, a simulated Asana, a running server.

mod installation;
mod postgres;
mod server;
mod simulator;
mod waiting;

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use drishti_model::Clock;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

pub(crate) use installation::{Finished, Installation, assert_same};
pub(crate) use postgres::Postgres;
pub(crate) use server::Server;
pub(crate) use simulator::Simulator;
pub(crate) use waiting::{eventually, met};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_drishti");

/// The token that simulators take unless told otherwise.
pub(crate) const TOKEN: &str = "simulated-token";

/// The time now.
pub(crate) fn now() -> DateTime<Utc> {
    drishti_model::SystemClock.now()
}

/// A client that does not wait for ever.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_mins(1))
        .no_proxy()
        .build()
        .unwrap()
}

/// Sends a signal, such as `INT`, to a process.
pub(crate) async fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status()
        .await
        .unwrap();
    assert!(
        status.success(),
        "process {process} is not there to take {name}"
    );
}

/// Whether a process is there and has not ended.
pub(crate) fn is_running(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = status.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_some_and(|rest| !rest.starts_with(['Z', 'X']))
}

/// Text that is still being written to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<String>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes all that comes, so that its writer never waits for a reader.
    fn follow(&self, stream: impl AsyncRead + Unpin + Send + 'static) {
        let log = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stream);
            let mut line = Vec::new();
            while lines
                .read_until(b'\n', &mut line)
                .await
                .is_ok_and(|length| length > 0)
            {
                let mut text = log.0.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
    }
}

/// A process that runs until it is stopped, and ends with the test.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    pub(crate) stdout: Log,
    pub(crate) stderr: Log,
}

impl Running {
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (stdout, stderr) = (Log::default(), Log::default());
        stdout.follow(child.stdout.take().unwrap());
        stderr.follow(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child
            .id()
            .expect("the process has not been waited for")
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Both outputs, for messages.
    pub(crate) fn outputs(&self) -> String {
        format!(
            "stdout: {}\nstderr: {}",
            self.stdout.text(),
            self.stderr.text()
        )
    }

    /// Waits for the line that begins with `beginning` on standard output, and gives what follows.
    pub(crate) async fn line(&mut self, beginning: &str) -> String {
        eventually(&format!("a line `{beginning}…`"), async || {
            if let Some(status) = self.ended() {
                panic!("the process ended ({status})\n{}", self.outputs());
            }
            let text = self.stdout.text();
            let whole = text
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'));
            let found = whole
                .map(str::trim_end)
                .find_map(|line| line.strip_prefix(beginning));
            found.map(str::to_owned).ok_or_else(|| self.outputs())
        })
        .await
    }

    /// Sends a signal and waits for the end.
    pub(crate) async fn stop(&mut self, name: &str) -> std::process::ExitStatus {
        signal(self.id(), name).await;
        let ended = tokio::time::timeout(waiting::PATIENCE, self.child.wait()).await;
        let Ok(ended) = ended else {
            panic!("the process does not end on {name}\n{}", self.outputs());
        };
        ended.unwrap()
    }
}

/// A command that does not outlive the thread of its test.
pub(crate) fn bound(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    command
}
