//! The policies that come with the program.

use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};

static POLICIES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../policies");

/// Every policy file: its path below `policies/`, and its text.
pub(crate) fn policies() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    collect(&POLICIES, &mut files);
    files.sort();
    files
}

fn collect(folder: &Dir<'_>, files: &mut Vec<(PathBuf, String)>) {
    for entry in folder.entries() {
        match entry {
            DirEntry::Dir(folder) => collect(folder, files),
            DirEntry::File(file) => {
                let is_policy = file
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == "yml");
                if is_policy && let Some(text) = file.contents_utf8() {
                    files.push((Path::new("policies").join(file.path()), text.to_owned()));
                }
            }
        }
    }
}
