//! A PostgreSQL server of the test's own, from Debian's package, reached by a socket in a temporary folder.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sea_orm::sqlx::{self, Connection, PgConnection};
use tempfile::TempDir;

/// User that the server runs as where the tests run as root, which PostgreSQL refuses to.
const UNPRIVILEGED_USER: &str = "postgres";

/// A running server. It ends when this is dropped, or when the test's process is killed.
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
}

impl Server {
    /// Makes a database cluster and starts a server on it.
    pub(crate) fn start() -> Self {
        let programs = programs();
        let folder = tempfile::tempdir().unwrap();
        let user = unprivileged_user();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        let initialized = as_user(user, &programs.join("initdb"))
            .args([
                "--username=drishti",
                "--auth=trust",
                "--no-sync",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ])
            .arg("--pgdata")
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            initialized.status.success(),
            "{}",
            String::from_utf8_lossy(&initialized.stderr)
        );
        let mut process = as_user(user, &programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=500",
            ])
            .args(["-c", "log_min_messages=log", "-c", "lc_messages=C"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let ready = log
            .by_ref()
            .map_while(Result::ok)
            .any(|line| line.contains("ready to accept connections"));
        assert!(ready, "the PostgreSQL server ended before it was ready");
        // Nobody reads the rest, but a full pipe would stop the server.
        std::thread::spawn(move || log.count());
        Self { process, folder }
    }

    /// The address of a database on this server.
    pub(crate) fn url(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&user=drishti",
            self.folder.path().display()
        )
    }

    /// Makes an empty database and gives its address.
    pub(crate) async fn create_database(&self, name: &str) -> String {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        let statement = sqlx::AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        self.url(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A killed server would leave a segment of shared memory behind; interrupted, it ends at once and cleanly.
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        self.process.wait().unwrap();
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
fn unprivileged_user() -> Option<(u32, u32)> {
    let own_user = std::fs::metadata("/proc/self").unwrap().uid();
    (own_user == 0).then(|| (id("-u"), id("-g")))
}

fn id(which: &str) -> u32 {
    let output = Command::new("id")
        .args([which, UNPRIVILEGED_USER])
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .expect("Debian's package postgresql makes this user")
}

/// A command that ends with this process, as another user where one is given.
fn as_user(user: Option<(u32, u32)>, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if let Some((uid, gid)) = user {
        command
            .arg(format!("--reuid={uid}"))
            .arg(format!("--regid={gid}"))
            .arg("--clear-groups");
    }
    command.arg(program).current_dir("/");
    command
}
