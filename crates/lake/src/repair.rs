//! Mending the log of a local lake after a power loss.

use std::fs;
use std::path::{Path, PathBuf};

use crate::LakeError;

/// What [`crate::Lake::open`] had to mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repair {
    /// Files of the log that a power loss had cut short, now set aside; events of such entries are collected again.
    pub set_aside: Vec<String>,
}

/// Renames newest log entries that are not whole JSON lines, and newest checkpoints that are not whole Parquet files. Our own
/// writes leave none ([`crate::durable`]); those of other programs, which do not sync, may.
pub(crate) fn set_damaged_files_aside(log: &Path) -> Result<Repair, LakeError> {
    let failed = |doing: &'static str| {
        let path = log.display().to_string();
        move |source| LakeError::Folder {
            doing,
            path,
            source,
        }
    };
    if !log.is_dir() {
        return Ok(Repair::default());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(log).map_err(failed("listing the log of the lake in"))? {
        paths.push(
            entry
                .map_err(failed("listing the log of the lake in"))?
                .path(),
        );
    }
    paths.sort();
    let mut repair = Repair::default();
    for (ending, is_whole) in [
        (".json", is_whole_entry as fn(&[u8]) -> bool),
        (".checkpoint.parquet", is_whole_checkpoint),
    ] {
        let mut files: Vec<_> = paths
            .iter()
            .filter(|path| is_log_file(path, ending))
            .collect();
        while let Some(newest) = files.pop() {
            let content = fs::read(newest).map_err(failed("reading the newest log entry in"))?;
            if is_whole(&content) {
                break;
            }
            let aside = PathBuf::from(format!("{}.damaged", newest.display()));
            fs::rename(newest, &aside).map_err(failed("setting aside a damaged log entry in"))?;
            repair.set_aside.push(aside.display().to_string());
        }
    }
    Ok(repair)
}

/// Whether this is a file that Delta reads: a version of 20 digits, then `ending`.
fn is_log_file(path: &Path, ending: &str) -> bool {
    path.file_name()
        .and_then(|name| name.to_str()?.strip_suffix(ending))
        .is_some_and(|version| {
            version.len() == 20 && version.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn is_whole_entry(text: &[u8]) -> bool {
    let mut lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line).is_ok()
        })
}

fn is_whole_checkpoint(content: &[u8]) -> bool {
    content.len() > 12 && content.starts_with(b"PAR1") && content.ends_with(b"PAR1")
}
