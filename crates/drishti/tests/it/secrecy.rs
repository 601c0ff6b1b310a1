//! The token is in no file, no log, no error and no answer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Installation, Server, Simulator, now};

/// No other text of a run has this in it. Made as Asana's tokens are.
const TOKEN: &str = "2/1201600400200100/1209876543210:f3b1c0de5ecre7d0e5n07appear";

/// Another one, which Asana does not know.
const WRONG_TOKEN: &str = "2/1201600400200100/1209876543210:0therf3b1c0de5ecre7n07appear";

/// Everything that was told, and by whom.
#[derive(Default)]
struct Told(Vec<(String, Vec<u8>)>);

impl Told {
    fn note(&mut self, who: impl Into<String>, text: impl Into<Vec<u8>>) {
        self.0.push((who.into(), text.into()));
    }

    async fn run(&mut self, installation: &Installation, arguments: &[&str]) {
        let finished = installation.run(arguments).await;
        self.note(format!("stdout of {arguments:?}"), finished.stdout);
        self.note(format!("stderr of {arguments:?}"), finished.stderr);
    }

    async fn ask(&mut self, server: &Server, method: Method, path: &str, body: Option<String>) {
        let mut request = server.request(method.clone(), path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let answer = request.send().await.unwrap();
        self.note(
            format!("headers of {method} {path}"),
            format!("{:?}", answer.headers()),
        );
        self.note(
            format!("answer to {method} {path}"),
            answer.text().await.unwrap(),
        );
    }

    fn files(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.files(&path);
            } else {
                self.note(
                    format!("name of {}", path.display()),
                    path.display().to_string(),
                );
                self.note(path.display().to_string(), fs::read(&path).unwrap());
            }
        }
    }

    fn assert_without(&self, secret: &str) {
        let (_, part) = secret.rsplit_once(':').unwrap();
        let forms = [
            part.to_owned(),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            format!("{:?}", secret.as_bytes()),
        ];
        for (who, text) in &self.0 {
            for form in &forms {
                let found = text
                    .windows(form.len())
                    .position(|window| window == form.as_bytes());
                assert_eq!(found, None, "the token is in the {who}");
            }
        }
    }
}

fn mode(path: PathBuf) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// What the API is asked, so that every kind of answer is among it.
const QUESTIONS: [&str; 15] = [
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/openapi.json",
    "/api/v1/sources",
    "/api/v1/sources/acme",
    "/api/v1/sources/none",
    "/api/v1/sources/acme/coverage",
    "/api/v1/sources/acme/quarantine",
    "/api/v1/coverage",
    "/api/v1/events?limit=50",
    "/api/v1/health-events",
    "/api/v1/accounts",
    "/api/v1/nothing",
];

/// What the API is told, so that every kind of refusal is among its answers.
async fn tell_everything(told: &mut Told, server: &Server, api_url: &str) {
    let new = |name: &str, workspace: &str, token: &str| {
        json!({"name": name, "workspace_gid": workspace, "token": token, "api_url": api_url})
            .to_string()
    };
    let sumo = json!({"source": {
        "config": {"name": "sumo", "personalAccessToken": TOKEN, "workspaceID": "12x"},
        "schemaRef": {"type": "Asana"}, "sourceType": "Universal"
    }});
    let posts = [
        ("/api/v1/sources", new("second", "1201", TOKEN)),
        ("/api/v1/sources", new("second", "1201", TOKEN)),
        ("/api/v1/sources", new("acme", "1201", WRONG_TOKEN)),
        ("/api/v1/sources", new("a/b", "1201", TOKEN)),
        ("/api/v1/sources", new("third", "no number", TOKEN)),
        (
            "/api/v1/sources",
            new("third", "1201", &format!("{TOKEN}\u{7f}")),
        ),
        (
            "/api/v1/sources",
            json!({"name": "third", "token": [TOKEN]}).to_string(),
        ),
        (
            "/api/v1/sources",
            json!({"name": "third", "toke": TOKEN}).to_string(),
        ),
        (
            "/api/v1/sources",
            json!({"name": TOKEN, "token": 7}).to_string(),
        ),
        (
            "/api/v1/sources",
            format!("{{\"name\": \"third\", \"token\": \"{TOKEN}\" oops"),
        ),
        ("/api/v1/sources", format!("\"{TOKEN}\"")),
        ("/api/v1/sources/import/sumo", sumo.to_string()),
        (
            "/api/v1/sources/import/sumo",
            sumo.to_string().replace("\"schemaRef\"", ""),
        ),
        ("/api/v1/sources/acme/test", "{}".to_owned()),
        ("/api/v1/sources/second/test", "{}".to_owned()),
    ];
    for (path, body) in posts {
        told.ask(server, Method::POST, path, Some(body)).await;
    }
    let patch = json!({"token": WRONG_TOKEN}).to_string();
    told.ask(server, Method::PATCH, "/api/v1/sources/acme", Some(patch))
        .await;
}

#[tokio::test]
async fn the_token_is_nowhere_in_the_clear() {
    let simulator =
        Simulator::frozen(30, 3, now() - TimeDelta::hours(2), &["--token", TOKEN]).await;
    let installation = Installation::new().with_environment("DRISHTI_LOG", "trace");
    let (right, wrong) = (
        installation.write("right", TOKEN),
        installation.write("wrong", WRONG_TOKEN),
    );
    let api_url = simulator.api_url();
    let mut told = Told::default();
    let add = [
        "sources",
        "add",
        "--name",
        "acme",
        "--api-url",
        &api_url,
        "--backfill-days",
        "4",
        "--token-file",
    ];
    told.run(&installation, &[&add[..], &[&wrong]].concat())
        .await;
    told.run(&installation, &[&add[..], &[&right]].concat())
        .await;
    told.run(&installation, &["collect", "--source", "acme"])
        .await;
    let server = Server::start(&installation).await;
    server.reaches("acme", "Collecting").await;
    for path in QUESTIONS {
        told.ask(&server, Method::GET, path, None).await;
    }
    tell_everything(&mut told, &server, &api_url).await;
    let source: Value = server.reaches("acme", "Error").await;
    assert_eq!(source["status"]["event_name"], "TokenRejected");
    for arguments in [
        &["sources", "test", "acme"][..],
        &["sources", "update", "acme", "--token-file", &right],
        &["sources", "test", "acme"],
        &["sources", "list", "--format", "json"],
        &["sources", "health"],
        &["sources", "remove", "second"],
        &["doctor"],
        &["query", "select * from sources"],
    ] {
        told.run(&installation, arguments).await;
    }
    server.reaches("acme", "Collecting").await;
    let (stdout, stderr) = (server.process.stdout.clone(), server.process.stderr.clone());
    assert!(server.stop().await.success());
    assert!(
        stderr.text().contains("TRACE") && stderr.text().contains("DEBUG"),
        "the log told everything"
    );
    told.note("log of the server", stderr.text());
    told.note("output of the server", stdout.text());
    told.files(installation.home());
    assert!(told.0.len() > 60, "only {} things were told", told.0.len());
    assert_eq!(
        installation
            .query("select 1 as one from events limit 1")
            .await
            .len(),
        1
    );
    told.assert_without(TOKEN);
    told.assert_without(WRONG_TOKEN);
}

#[tokio::test]
async fn secrets_are_their_owners_alone() {
    let simulator = Simulator::frozen(20, 1, now() - TimeDelta::hours(2), &[]).await;
    let installation = Installation::new();
    installation.add(&simulator, &[]).await;
    let server = Server::start(&installation).await;
    assert!(server.stop().await.success());
    let home = installation.home();
    assert_eq!(mode(home.to_path_buf()), 0o700);
    for file in ["key", "api-token"] {
        assert_eq!(mode(home.join(file)), 0o600, "{file}");
    }
    // Another key opens nothing, and says so.
    fs::remove_file(home.join("key")).unwrap();
    let refused = installation
        .run(&["collect", "--source", "acme"])
        .await
        .bad();
    assert!(refused.contains("key"), "{refused}");
}
