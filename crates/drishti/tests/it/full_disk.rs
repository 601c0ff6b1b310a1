//! Disks that are full or can't be written: a clear state and message, and everything goes on when there is room.
//!
//! A disk to fill needs the right to mount one. Who lacks it has it in a namespace of users and mounts of his own, in which the test
//! runs again.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::TimeDelta;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Installation, Server, Simulator, now};

const NO_SPACE: &str = "No space left on device";
const READ_ONLY: &str = "Read-only file system";

/// How large the disk is.
const SIZE: &str = "size=32m";

/// Set where a test runs in a namespace of its own.
const IN_NAMESPACE: &str = "DRISHTI_TEST_IN_NAMESPACE";

fn is_set(name: &str) -> bool {
    std::env::vars_os().any(|(found, _)| found == name)
}

/// Runs what follows as root of a namespace of its own.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]);
    command
}

/// A disk in memory, of a few megabytes.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Mounts a disk for the test of this name; `None` where the test has run to its end elsewhere, or can't run at all.
    fn mount(test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(folder.path())
            .output()
            .unwrap();
        if mounted.status.success() {
            return Some(Self { folder });
        }
        let refusal = String::from_utf8_lossy(&mounted.stderr).into_owned();
        assert!(
            !is_set(IN_NAMESPACE),
            "no disk in a namespace either: {refusal}"
        );
        let probed = unshare().arg("true").output().unwrap();
        if !probed.status.success() {
            let refusals = format!("{refusal}{}", String::from_utf8_lossy(&probed.stderr));
            assert!(!is_set("CI"), "there is no disk to fill: {refusals}");
            eprintln!("NOT TESTED, there is no disk to fill: {refusals}");
            return None;
        }
        let again = unshare()
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", &format!("full_disk::{test}"), "--nocapture"])
            .env(IN_NAMESPACE, "1")
            .output()
            .unwrap();
        let report = String::from_utf8_lossy(&again.stdout);
        assert!(
            again.status.success() && report.contains("1 passed"),
            "{report}{}",
            String::from_utf8_lossy(&again.stderr)
        );
        None
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Leaves no room for anything.
    fn fill(&self) {
        let written = std::fs::write(self.filler(), vec![0; 64 << 20]);
        assert!(written.unwrap_err().to_string().contains(NO_SPACE));
    }

    fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn remount(&self, options: &str) {
        // Of the mount, not of the file system: nobody else's options come along.
        let options = format!("remount,bind,{options}");
        let mounted = Command::new("mount")
            .args(["-o", &options])
            .arg(self.path())
            .output()
            .unwrap();
        assert!(mounted.status.success(), "{mounted:?}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

async fn simulator() -> Simulator {
    Simulator::frozen(40, 6, now() - TimeDelta::hours(12), &[]).await
}

#[tokio::test]
async fn the_lakes_disk_fills_up_under_a_server() {
    let Some(disk) = Disk::mount("the_lakes_disk_fills_up_under_a_server") else {
        return;
    };
    let simulator = simulator().await;
    let lake = disk.path().join("lake").display().to_string();
    let installation = Installation::new().with_environment("DRISHTI_LAKE", &lake);
    installation
        .add(
            &simulator,
            &["--backfill-days", "7", "--poll-interval", "1"],
        )
        .await;
    let server = Server::start(&installation).await;
    server.has_all("acme", &simulator).await;
    disk.fill();
    simulator.advance(7_200).await;
    let source = server.reaches("acme", "Error").await;
    let status = &source["status"];
    assert_eq!(
        (&status["event_name"], &status["kind"]),
        (&json!("LakeFailed"), &json!("FirstPartyGeneric"))
    );
    assert!(
        status["reason"].as_str().unwrap().contains(NO_SPACE),
        "{status:#}"
    );
    assert!(
        status["advice"].as_str().unwrap().contains("a full disk"),
        "{status:#}"
    );
    disk.make_room();
    server.has_all("acme", &simulator).await;
    assert!(server.stop().await.success());
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn the_only_disk_fills_up_while_collecting() {
    let Some(disk) = Disk::mount("the_only_disk_fills_up_while_collecting") else {
        return;
    };
    let simulator = simulator().await;
    let installation = Installation::at(&disk.path().join("home"));
    installation
        .add(&simulator, &["--backfill-days", "7"])
        .await;
    disk.fill();
    let refused = installation.collect().await.bad();
    assert!(
        refused.contains(NO_SPACE) || refused.contains("disk is full"),
        "{refused}"
    );
    disk.make_room();
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
    simulator.advance(7_200).await;
    disk.fill();
    installation.collect().await.bad();
    disk.make_room();
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_disk_that_turns_read_only() {
    let Some(disk) = Disk::mount("a_disk_that_turns_read_only") else {
        return;
    };
    let simulator = simulator().await;
    let installation = Installation::at(&disk.path().join("home"));
    installation
        .add(&simulator, &["--backfill-days", "7"])
        .await;
    installation.collect().await.good();
    simulator.advance(7_200).await;
    disk.remount("ro");
    for arguments in [
        &["collect", "--source", "acme"][..],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let refused = installation.run(arguments).await.bad();
        let is_clear =
            refused.contains(READ_ONLY) || refused.contains("can't be opened for writing");
        assert!(
            is_clear && refused.contains(&disk.path().display().to_string()),
            "{refused}"
        );
    }
    disk.remount("rw");
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;

    let nowhere = Installation::at(&disk.path().join("another"));
    disk.remount("ro");
    let refused = nowhere
        .run(&["serve", "--listen", "127.0.0.1:0"])
        .await
        .bad();
    assert!(
        refused.contains("creating the home folder") && refused.contains(READ_ONLY),
        "{refused}"
    );
    disk.remount("rw");
}

#[tokio::test]
async fn a_limit_on_the_size_of_files() {
    // Needs no rights that a test may lack. Ignoring the signal turns it into an error of the write.
    const SCRIPT: &str = "ulimit -f \"$1\" && shift && exec env --ignore-signal=XFSZ \"$@\"";
    let simulator = simulator().await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "7"])
        .await;
    let program = crate::harness::PROGRAM;
    let limited = async |blocks: &str| {
        let mut command = installation.wrapped(
            "sh",
            &[
                "-c", SCRIPT, "sh", blocks, program, "collect", "--source", "acme",
            ],
        );
        let output = command.output().await.unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (code, told) = limited("16").await;
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("File too large") || told.contains("disk I/O error"),
        "{told}"
    );
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

/// Places that their user may not write to. Root may write everywhere, so here it does without that right.
#[tokio::test]
async fn places_without_the_right_to_write() {
    const SCRIPT: &str = "if [ \"$(id -u)\" = 0 ]; then \
         exec setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all \"$@\"; else exec \"$@\"; fi";
    let simulator = simulator().await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "7"])
        .await;
    installation.collect().await.good();
    // Another day, whose folder has to be made.
    simulator.advance(90_000).await;
    let refused = async |installation: &Installation, arguments: &[&str], place: &Path| {
        let mode = std::fs::metadata(place).unwrap().permissions();
        let read_only = std::fs::Permissions::from_mode(mode.mode() & 0o555);
        std::fs::set_permissions(place, read_only).unwrap();
        let arguments = [&["-c", SCRIPT, "sh", crate::harness::PROGRAM], arguments].concat();
        let output = installation.wrapped("sh", &arguments).output().await;
        std::fs::set_permissions(place, mode).unwrap();
        let output = output.unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_clear =
            told.contains("Permission denied") || told.contains("can't be opened for writing");
        let named = installation.home().display().to_string();
        assert!(
            output.status.code() == Some(1) && is_clear && told.contains(&named),
            "{}: {told}",
            place.display()
        );
    };
    for place in ["lake", "lake/_delta_log", "ledger.sqlite"] {
        let place = installation.home().join(place);
        refused(&installation, &["collect", "--source", "acme"], &place).await;
    }
    // SQLite makes the files beside it as it finds the file.
    for entry in std::fs::read_dir(installation.home()).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            let owners = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(entry.path(), owners).unwrap();
        }
    }
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;

    let new = Installation::new();
    std::fs::create_dir(new.home()).unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    refused(&new, &serve, new.home()).await;
}
