//! Rules of the project that the compiler doesn't know.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Lines that a source file may have.
const FILE_LINES_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_path_buf()
}

/// Which crates of the workspace each may use (`docs/ARCHITECTURE.md`). The simulator is the only one that tests may use besides.
fn allowed(name: &str) -> &'static [&'static str] {
    match name {
        "drishti-model" | "drishti-simulator" => &[],
        "drishti-asana" | "drishti-detect" | "drishti-lake" | "drishti-ledger" => {
            &["drishti-model"]
        }
        "drishti-services" => &[
            "drishti-asana",
            "drishti-detect",
            "drishti-lake",
            "drishti-ledger",
            "drishti-model",
        ],
        "drishti-server" => &["drishti-model", "drishti-services"],
        "drishti" => &[
            "drishti-model",
            "drishti-server",
            "drishti-services",
            "drishti-simulator",
        ],
        other => panic!(
            "`{other}` has no place in the order of crates; give it one here and in docs/ARCHITECTURE.md"
        ),
    }
}

fn members() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn dependencies_run_one_way() {
    let members = members();
    let names: BTreeSet<&str> = members
        .iter()
        .filter_map(|member| member["name"].as_str())
        .collect();
    for member in &members {
        let name = member["name"].as_str().unwrap();
        for dependency in member["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            let in_tests_only = dependency["kind"] == "dev";
            let is_allowed = !names.contains(used)
                || allowed(name).contains(&used)
                || in_tests_only && used == "drishti-simulator";
            assert!(is_allowed, "`{name}` may not depend on `{used}`");
        }
    }
}

#[test]
fn heavy_engines_are_behind_one_crate_each() {
    let homes: BTreeMap<&str, &str> = [
        ("arrow", "drishti-lake"),
        ("arrow-array", "drishti-lake"),
        ("arrow-schema", "drishti-lake"),
        ("datafusion", "drishti-lake"),
        ("deltalake", "drishti-lake"),
        ("object_store", "drishti-lake"),
        ("parquet", "drishti-lake"),
        ("sea-orm", "drishti-ledger"),
        ("sea-orm-migration", "drishti-ledger"),
    ]
    .into();
    for member in members() {
        for dependency in member["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            if let Some(home) = homes.get(used) {
                assert_eq!(member["name"], *home, "`{used}` belongs behind `{home}`");
            }
        }
    }
}

fn source_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            source_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn files_are_short() {
    let mut files = Vec::new();
    source_files(&root().join("crates"), &mut files);
    assert!(files.len() > 50, "the source files were not found");
    let long: Vec<String> = files
        .iter()
        .map(|path| (path, std::fs::read_to_string(path).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES_MAX)
        .map(|(path, lines)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
