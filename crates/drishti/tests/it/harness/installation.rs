use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use super::waiting::PATIENCE;
use super::{PROGRAM, Running, Simulator, TOKEN, bound};

/// A home folder of its own, and what runs in it.
#[derive(Debug)]
pub(crate) struct Installation {
    folder: TempDir,
    home: PathBuf,
    environment: Vec<(String, String)>,
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn code(&self) -> i32 {
        self.status
            .code()
            .unwrap_or_else(|| panic!("ended by signal {:?}", self.status.signal()))
    }

    /// Standard output of a command that must have gone well.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert!(self.status.success(), "{self:#?}");
        self.stdout
    }

    /// Standard error of a command that must have failed with status 1.
    #[track_caller]
    pub(crate) fn bad(self) -> String {
        assert_eq!(self.code(), 1, "{self:#?}");
        self.stderr
    }

    /// Standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

impl Installation {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        Self {
            folder,
            home,
            environment: Vec::new(),
        }
    }

    /// The same with its home folder somewhere else.
    pub(crate) fn at(home: &Path) -> Self {
        Self {
            home: home.to_path_buf(),
            ..Self::new()
        }
    }

    /// Sets an environment variable for all its commands.
    pub(crate) fn with_environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// A place outside of the home folder.
    pub(crate) fn outside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file outside of the home folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.outside(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn prepared(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("DRISHTI_HOME", &self.home)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .args(arguments);
        command
    }

    /// The command, for those who want to start it themselves; it ends with the test.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.prepared(bound(PROGRAM), arguments)
    }

    /// Another program that starts the command, in the same environment.
    pub(crate) fn wrapped(&self, program: &str, arguments: &[&str]) -> Command {
        self.prepared(Command::new(program), arguments)
    }

    /// Starts the command and leaves it running.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        Running::spawn(self.command(arguments))
    }

    /// Runs the command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Finished {
        let mut command = self.prepared(Command::new(PROGRAM), arguments);
        let running = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let output = tokio::time::timeout(PATIENCE, running.wait_with_output()).await;
        let output = output
            .unwrap_or_else(|_| panic!("{arguments:?} does not end"))
            .unwrap();
        Finished {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Adds the source `acme`, or one for each workspace, that collects from `simulator`.
    pub(crate) async fn add(&self, simulator: &Simulator, more: &[&str]) {
        let token_file = self.write("token", TOKEN);
        let api_url = simulator.api_url();
        let mut arguments = vec![
            "sources",
            "add",
            "--name",
            "acme",
            "--api-url",
            &api_url,
            "--token-file",
            &token_file,
            "--requests-per-minute",
            "0",
        ];
        arguments.extend(more);
        self.run(&arguments).await.good();
    }

    /// Collects `acme` until it is caught up.
    pub(crate) async fn collect(&self) -> Finished {
        self.run(&["collect", "--source", "acme"]).await
    }

    /// The answer of a query, as JSON.
    pub(crate) async fn query(&self, sql: &str) -> Vec<Value> {
        let answer = self.run(&["query", sql, "--format", "json"]).await;
        assert!(answer.status.success(), "{answer:#?}");
        answer.json().as_array().unwrap().clone()
    }

    /// The gids of all stored events, sorted, as often as they are stored.
    pub(crate) async fn gids(&self, condition: &str) -> Vec<String> {
        let sql = format!("select gid from events where {condition}");
        let answer = self
            .run(&["query", &sql, "--format", "csv", "--max-rows", "10000000"])
            .await
            .good();
        let mut gids: Vec<String> = answer.lines().skip(1).map(str::to_owned).collect();
        gids.sort_unstable();
        gids
    }

    /// Fails unless exactly the simulator's events are stored, each once.
    pub(crate) async fn assert_complete(&self, simulator: &Simulator) {
        assert_same(&self.gids("true").await, &simulator.truth(None).await);
    }

    /// How the source `acme` is, as `sources list` tells it.
    pub(crate) async fn source(&self) -> Value {
        let list = self.run(&["sources", "list", "--format", "json"]).await;
        assert!(list.status.success(), "{list:#?}");
        let list = list.json();
        let found = list
            .as_array()
            .unwrap()
            .iter()
            .find(|source| source["name"] == "acme");
        found
            .cloned()
            .unwrap_or_else(|| panic!("no `acme` in {list:#}"))
    }

    /// The health events of the source `acme`, newest first.
    pub(crate) async fn health(&self) -> Vec<Value> {
        let arguments = [
            "sources", "health", "--source", "acme", "--limit", "500", "--format", "json",
        ];
        let list = self.run(&arguments).await;
        assert!(list.status.success(), "{list:#?}");
        list.json().as_array().unwrap().clone()
    }
}

/// Fails with a few words where two sorted lists differ.
#[track_caller]
pub(crate) fn assert_same(found: &[String], expected: &[String]) {
    let missing: Vec<_> = expected
        .iter()
        .filter(|gid| found.binary_search(gid).is_err())
        .collect();
    let surplus: Vec<_> = found
        .iter()
        .filter(|gid| expected.binary_search(gid).is_err())
        .collect();
    let doubled: Vec<_> = found
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| &pair[0])
        .collect();
    let few = |gids: &[&String]| {
        gids.iter()
            .take(5)
            .map(|gid| gid.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert!(
        missing.is_empty() && surplus.is_empty() && doubled.is_empty(),
        "of {} events {} are missing ({}), {} are there that should not be ({}), {} are there twice ({})",
        expected.len(),
        missing.len(),
        few(&missing),
        surplus.len(),
        few(&surplus),
        doubled.len(),
        few(&doubled),
    );
}
