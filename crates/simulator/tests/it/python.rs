//! The official Python SDK reads the simulator, and its answers are what Asana's `OpenAPI` document says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use drishti_simulator::DEFAULT_TOKEN;
use serde_json::{Value, json};
use tokio::process::Command;

use super::stand::{Stand, small};

/// Pinned, so that the test means the same tomorrow.
const PACKAGES: [&str; 3] = ["asana==5.4.0", "jsonschema==4.26.0", "PyYAML==6.0.3"];

/// Includes making the virtual environment.
const PATIENCE: Duration = Duration::from_mins(5);

async fn run(command: &mut Command) -> String {
    let output = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output());
    let output = output.await.expect("in time").unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout
}

/// A Python with the packages, made once for a set of versions.
async fn python() -> PathBuf {
    let name = format!("python-{}", PACKAGES.join("-").replace("==", "-"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (program, ready) = (folder.join("bin/python"), folder.join("ready"));
    if !ready.exists() {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder))
        .await;
        let install = ["-m", "pip", "install", "--quiet"];
        run(Command::new(&program).args(install).args(PACKAGES)).await;
        std::fs::write(ready, "").unwrap();
    }
    program
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/python")
        .join(name)
}

// One test, since two would make the virtual environment side by side.
#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_reads_the_simulator_and_the_openapi_document_agrees() {
    let stand = Stand::start(small()).await;
    let python = python().await;
    read_all(&stand, &python).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = folder.join("../../../shared/data/asana_oas.yaml");
    if document.exists() {
        validate(&stand, &python, &document).await;
    } else {
        eprintln!("not validated: there is no {}", document.display());
    }
}

async fn read_all(stand: &Stand, python: &Path) {
    let mut command = Command::new(python);
    let arguments = [stand.url.as_str(), DEFAULT_TOKEN, &stand.workspace];
    command.arg(script("read_all.py")).args(arguments);
    let counts: Value = serde_json::from_str(&run(&mut command).await).unwrap();
    assert_eq!(counts["events"], stand.truth("").await.len());
    assert_eq!(counts["empty_pages"], 2);
    assert_eq!(counts["workspaces"], json!(["Acme"]));
    assert_eq!(counts["teams"], 5);
    assert!(counts["users"].as_u64().unwrap() > 50);
    assert!(counts["memberships"].as_u64() >= counts["users"].as_u64());
    assert!(counts["team_memberships"].as_u64().unwrap() > 50);
    let refusal = json!([404, "workspace: Unknown object: 1"]);
    assert_eq!(counts["refusal"], refusal);
}

async fn validate(stand: &Stand, python: &Path, document: &Path) {
    let mut command = Command::new(python);
    let arguments = [stand.url.as_str(), DEFAULT_TOKEN, &stand.workspace];
    command
        .arg(script("validate.py"))
        .args(arguments)
        .arg(document);
    let checked: Value = serde_json::from_str(&run(&mut command).await).unwrap();
    assert_eq!(checked["answers"].as_array().unwrap().len(), 20);
    assert_eq!(checked["events"], stand.truth("").await.len());
}
