//! Programs of other people, in a virtual environment that is made once.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::process::Command;

async fn run(command: &mut Command) -> Output {
    let output = command.kill_on_drop(true).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    output
}

/// A folder of programs, with these packages.
async fn environment(name: &str, packages: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    // Tests of one run, and runs side by side, make it once.
    let lock = File::create(folder.join("lock")).unwrap();
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
    let _held = lock.await.unwrap().unwrap();
    let (ready, wanted) = (folder.join("ready"), packages.join(" "));
    let programs = folder.join("venv/bin");
    if fs::read_to_string(&ready).ok().as_ref() != Some(&wanted) {
        let venv = folder.join("venv");
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(venv))
        .await;
        let install = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        run(Command::new(programs.join("python"))
            .args(install)
            .args(packages))
        .await;
        fs::write(ready, wanted).unwrap();
    }
    programs
}

/// What a program prints that these packages bring, or `python` with the script of this name.
pub(crate) async fn output(
    (program, name): (&str, &str),
    packages: &[&str],
    prepare: impl FnOnce(&mut Command),
) -> String {
    let programs = environment(&format!("{name}-python"), packages).await;
    let mut command = Command::new(programs.join(program));
    if program == "python" {
        command.arg(scripts().join(format!("{name}.py")));
    }
    command.env("NO_PROXY", "127.0.0.1");
    prepare(&mut command);
    String::from_utf8(run(&mut command).await.stdout).unwrap()
}

/// Where our scripts are.
pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python")
}
