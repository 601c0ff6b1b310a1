//! Programs of other people, in a virtual environment that is made once.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Pinned, so that the test means the same tomorrow.
const PACKAGES: [&str; 5] = [
    "deltalake==1.6.6",
    "arro3-core==0.9.1",
    "moto[s3]==5.2.5",
    "flask==3.1.2",
    "flask-cors==6.0.1",
];

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}\n{errors}");
    output.stdout
}

fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lake-python");
    fs::create_dir_all(&folder).unwrap();
    // Tests of one run, and runs side by side, make it once.
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (ready, wanted) = (folder.join("ready"), PACKAGES.join(" "));
    let program = folder.join("venv/bin/python");
    if fs::read_to_string(&ready).ok().as_ref() != Some(&wanted) {
        let venv = folder.join("venv");
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(venv));
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        run(Command::new(&program).args(install).args(PACKAGES));
        fs::write(ready, wanted).unwrap();
    }
    program
}

fn script(name: &str) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/python")
        .join(name);
    let mut command = Command::new(python());
    command.arg(path);
    command
}

/// What the package `deltalake` reads of the table at `address`.
pub(crate) fn read_table(address: &str, options: &Value) -> Value {
    let output = run(script("read_table.py")
        .arg(address)
        .arg(options.to_string()));
    serde_json::from_slice(&output).unwrap()
}

/// A local S3 server with a bucket `lake`.
pub(crate) struct S3Server {
    child: Child,
    pub(crate) endpoint: String,
}

impl S3Server {
    pub(crate) fn start() -> Self {
        let mut child = script("s3_server.py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut port)
            .unwrap();
        let port: u16 = port.trim().parse().unwrap();
        Self {
            child,
            endpoint: format!("http://127.0.0.1:{port}"),
        }
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
