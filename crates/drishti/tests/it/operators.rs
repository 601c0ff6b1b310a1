//! Who may sign in, from the first start on.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Installation, Server};

/// The password that a line tells.
fn told(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("with the password ")?;
    let (password, _) = rest.split_once("; it is not shown again")?;
    Some(password.to_owned())
}

async fn sign_in(server: &Server, name: &str, password: &str) -> StatusCode {
    let request = server.without_token(Method::POST, "/api/v1/session");
    let credentials = json!({"name": name, "password": password});
    server.send(request.json(&credentials)).await.0
}

fn holds(path: &std::path::Path, text: &str) -> bool {
    if path.is_dir() {
        let mut entries = std::fs::read_dir(path).unwrap();
        return entries.any(|entry| holds(&entry.unwrap().path(), text));
    }
    let bytes = std::fs::read(path).unwrap();
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn the_first_start_tells_the_password_of_the_admin_once() {
    let installation = Installation::new();
    let server = Server::start(&installation).await;
    let stderr = server.process.stderr.clone();
    let password = told(&stderr.text()).unwrap_or_else(|| panic!("{}", stderr.text()));
    assert!(stderr.text().contains("sign in as `admin`"));
    assert!(!server.process.stdout.text().contains(&password));
    assert_eq!(sign_in(&server, "admin", &password).await, 200);
    assert_eq!(sign_in(&server, "admin", "another password").await, 401);
    assert!(server.stop().await.success());
    assert_eq!(stderr.text().matches(&password).count(), 1);
    assert!(!holds(installation.home(), &password));

    let again = Server::start(&installation).await;
    let stderr = again.process.stderr.clone();
    assert_eq!(sign_in(&again, "admin", &password).await, 200);
    assert!(again.stop().await.success());
    assert_eq!(told(&stderr.text()), None);
}

#[tokio::test]
async fn operators_are_looked_after_on_the_command_line() {
    let installation = Installation::new().with_environment("USER", "ada");
    let server = Server::start(&installation).await;
    let run = async |arguments: &[&str]| {
        let arguments = [&["operators"], arguments].concat();
        installation.run(&arguments).await
    };
    let add = [
        "add", "mara", "--role", "auditor", "--source", "acme", "--source", "other",
    ];
    let first = told(&run(&add).await.good()).unwrap();
    let listed = run(&["list", "--format", "json"]).await.json();
    let mara = json!({
        "name": "mara", "display_name": "mara", "role": "auditor", "sources": ["acme", "other"], "is_enabled": true,
        "has_totp": false, "signed_in_at": null
    });
    assert_eq!(listed[1], mara);
    assert_eq!(sign_in(&server, "mara", &first).await, 200);
    let second = told(&run(&["reset-password", "mara"]).await.good()).unwrap();
    assert_eq!(sign_in(&server, "mara", &first).await, 401);
    assert_eq!(sign_in(&server, "mara", &second).await, 200);
    run(&["disable", "mara"]).await.good();
    assert_eq!(sign_in(&server, "mara", &second).await, 401);
    run(&["enable", "mara"]).await.good();
    assert_eq!(sign_in(&server, "mara", &second).await, 200);
    let table = run(&["list"]).await.good();
    assert!(
        table.contains("acme, other") && table.contains("auditor"),
        "{table}"
    );
    run(&["remove", "mara"]).await.good();
    for (arguments, words) in [
        (&["remove", "mara"][..], "there is none of this name"),
        (&["disable", "admin"], "no other admin is enabled"),
        (&["remove", "admin"], "no other admin is enabled"),
        (
            &["add", "admin", "--role", "viewer"],
            "there is one of this name",
        ),
        (
            &["add", "Mara K", "--role", "viewer"],
            "the name can't be taken",
        ),
    ] {
        let refused = run(arguments).await.bad();
        assert!(refused.contains(words), "{refused}");
        assert!(refused.contains("hint: "), "{refused}");
    }
    let trail = server.get("/api/v1/audit?kind=operator&author=ada").await;
    let entries = trail["entries"].as_array().unwrap().iter().rev();
    let actions: Vec<&Value> = entries.map(|entry| &entry["action"]).collect();
    assert_eq!(
        actions,
        ["added", "password changed", "changed", "changed", "removed"]
    );
    server.stop().await;
}

#[tokio::test]
async fn operators_need_an_installation() {
    let installation = Installation::new();
    let refused = installation.run(&["operators", "list"]).await.bad();
    assert!(refused.contains("there is no installation"), "{refused}");
}
