//! A PostgreSQL server of the test's own, from Debian's package, reached by a socket in a temporary folder.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use super::{Running, bound, eventually};

/// User that the server runs as where the tests run as root, which PostgreSQL refuses to.
const UNPRIVILEGED_USER: &str = "postgres";

/// A running server.
#[derive(Debug)]
pub(crate) struct Postgres {
    process: Running,
    folder: TempDir,
}

impl Postgres {
    /// Makes a database cluster and starts a server on it.
    pub(crate) async fn start() -> Self {
        let programs = programs();
        let folder = tempfile::tempdir().unwrap();
        let user = unprivileged_user().await;
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        let mut initialize = as_user(user, &programs.join("initdb"));
        initialize
            .args([
                "--username=drishti",
                "--auth=trust",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ])
            .arg("--pgdata")
            .arg(&data);
        let initialized = initialize.output().await.unwrap();
        assert!(initialized.status.success(), "{initialized:?}");
        let mut server = as_user(user, &programs.join("postgres"));
        server
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off"])
            .args(["-c", "log_min_messages=log", "-c", "lc_messages=C"]);
        let mut process = Running::spawn(server);
        eventually("the PostgreSQL server", async || {
            assert!(process.ended().is_none(), "{}", process.outputs());
            let is_ready = process
                .stderr
                .text()
                .contains("ready to accept connections");
            is_ready.then_some(()).ok_or_else(|| process.outputs())
        })
        .await;
        Self { process, folder }
    }

    /// The address of the server's one database.
    pub(crate) fn url(&self) -> String {
        format!(
            "postgres:///postgres?host={}&user=drishti",
            self.folder.path().display()
        )
    }

    /// Ends the server, so that no segment of shared memory stays behind.
    pub(crate) async fn stop(mut self) {
        self.process.stop("INT").await;
    }
}

/// The folder of the newest server's programs.
fn programs() -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    installed
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("initdb").exists())
        .max()
        .expect("these tests need a PostgreSQL server: apt-get install postgresql")
}

/// User and group for the server, where this process is root.
async fn unprivileged_user() -> Option<(u32, u32)> {
    let own_user = std::fs::metadata("/proc/self").unwrap().uid();
    if own_user == 0 {
        Some((id("-u").await, id("-g").await))
    } else {
        None
    }
}

async fn id(which: &str) -> u32 {
    let output = Command::new("id")
        .args([which, UNPRIVILEGED_USER])
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim()
        .parse()
        .expect("Debian's package postgresql makes this user")
}

fn as_user(user: Option<(u32, u32)>, program: &Path) -> Command {
    let mut command = match user {
        Some((uid, gid)) => {
            let mut command = Command::new("setpriv");
            command
                .args(["--pdeathsig", "INT", "--clear-groups"])
                .args([format!("--reuid={uid}"), format!("--regid={gid}")])
                .arg(program);
            command
        }
        None => bound(&program.display().to_string()),
    };
    command.current_dir("/");
    command
}
