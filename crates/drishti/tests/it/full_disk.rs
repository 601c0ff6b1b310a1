//! Disks that are full or can't be written: a clear state and message, and everything goes on when there is room.

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::TimeDelta;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Installation, Server, Simulator, now};

const NO_SPACE: &str = "No space left on device";
const READ_ONLY: &str = "Read-only file system";

/// A disk in memory, of a few megabytes.
struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Mounts a disk. Only root may; for others there is none, and the limit on file sizes has to do as a test.
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output()
            .unwrap();
        if !mounted.status.success() {
            eprintln!(
                "not root, so no disk to fill: {}",
                String::from_utf8_lossy(&mounted.stderr)
            );
            return None;
        }
        Some(Self { folder })
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
        let options = format!("remount,{options}");
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
    let Some(disk) = Disk::mount(32) else { return };
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
    let Some(disk) = Disk::mount(32) else { return };
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
    let Some(disk) = Disk::mount(32) else { return };
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
