//! What the environment says: paths, proxies, and variables that are no text.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{Installation, Simulator, TOKEN, now};

#[tokio::test]
async fn a_lake_is_meant_from_the_working_directory() {
    let installation = Installation::new().with_environment("DRISHTI_LAKE", "./elsewhere");
    let file = installation.write("none.jsonl", "");
    // The file is in another folder, from which its own paths are meant.
    std::fs::create_dir(installation.home()).unwrap();
    let configuration = installation.home().join("drishti.toml");
    std::fs::write(configuration, "[lake]\nlocation = \"of-the-file\"\n").unwrap();
    let ingest = ["ingest", &file, "--source", "files"];
    installation.run(&ingest).await.good();
    assert!(installation.outside("elsewhere/_delta_log").is_dir());
    assert!(!installation.home().join("elsewhere").exists());
    assert!(!installation.home().join("of-the-file").exists());
}

#[tokio::test]
async fn a_ledger_of_the_file_is_meant_from_its_folder() {
    let installation = Installation::new();
    let file = installation.write("none.jsonl", "");
    let folder = installation.outside("etc");
    std::fs::create_dir(&folder).unwrap();
    let configuration = folder.join("drishti.toml");
    std::fs::write(&configuration, "[ledger]\nurl = \"sqlite://own.sqlite\"\n").unwrap();
    let configuration = configuration.display().to_string();
    let ingest = [
        "ingest",
        &file,
        "--source",
        "files",
        "--config",
        &configuration,
    ];
    installation.run(&ingest).await.good();
    assert!(folder.join("own.sqlite").is_file());
    // Whoever names a ledger means it, whatever is in the home folder.
    let list = ["sources", "list", "--config", &configuration];
    let listed = installation.run(&list).await.good();
    assert!(listed.contains("files"), "{listed}");
    installation.run(&["sources", "list"]).await.bad();
}

#[tokio::test]
async fn variables_that_are_no_text_disturb_nobody() {
    let installation = Installation::new();
    let file = installation.write("none.jsonl", "");
    let no_text = OsStr::from_bytes(b"\xff\xfe");
    let run = async |name: &str| {
        let arguments = ["ingest", &file, "--source", "files"];
        let mut command = installation.command(&arguments);
        let output = command.env(name, no_text).output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told)
    };
    for name in ["LS_COLORS", "AWS_PROFILE"] {
        assert_eq!(run(name).await, (Some(0), String::new()), "{name}");
    }
    // One that is asked for by name is named.
    let (code, told) = run("DRISHTI_KEY").await;
    assert_eq!(code, Some(1));
    assert_eq!(
        told.trim_end(),
        "error: the environment variable `DRISHTI_KEY` is not UTF-8"
    );
}

/// A proxy that tells what it is asked for first, and lets nobody through.
async fn refusing_proxy() -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (seen, asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 200];
            let length = stream.read(&mut head).await.unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..length]);
            let line = head.lines().next().unwrap_or_default().to_owned();
            let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
            if stream.write_all(refusal).await.is_ok() && seen.send(line).is_err() {
                return;
            }
        }
    });
    (address, asked)
}

async fn add_elsewhere(installation: &Installation) {
    let token = installation.write("token", TOKEN);
    let add = [
        "sources",
        "add",
        "--name",
        "acme",
        "--workspace",
        "1201",
        "--api-url",
        "https://asana.invalid/api/1.0",
        "--token-file",
        &token,
    ];
    installation.run(&add).await.good();
}

const CONNECT: &str = "CONNECT asana.invalid:443 HTTP/1.1";

#[tokio::test]
async fn asana_is_reached_through_the_proxy_of_the_environment() {
    let (proxy, mut asked) = refusing_proxy().await;
    let installation = Installation::new().with_environment("HTTPS_PROXY", &proxy);
    add_elsewhere(&installation).await;
    installation.run(&["sources", "test", "acme"]).await;
    assert_eq!(asked.recv().await.unwrap(), CONNECT);
    let examined = installation.run(&["doctor", "--offline"]).await;
    let words = format!(
        "Asana is reached through {}",
        proxy.trim_start_matches("http://")
    );
    assert!(examined.stdout.contains(&words), "{examined:#?}");
}

#[tokio::test]
async fn the_file_names_another_proxy_or_none() {
    let (of_environment, mut asked_there) = refusing_proxy().await;
    let (of_file, mut asked) = refusing_proxy().await;
    let installation = Installation::new().with_environment("HTTPS_PROXY", &of_environment);
    add_elsewhere(&installation).await;
    let write = |proxy: &str| {
        let text = format!("proxy = \"{proxy}\"\n");
        std::fs::write(installation.home().join("drishti.toml"), text).unwrap();
    };
    write(&of_file);
    installation.run(&["sources", "test", "acme"]).await;
    assert_eq!(asked.recv().await.unwrap(), CONNECT);
    write("");
    installation.run(&["sources", "test", "acme"]).await;
    assert!(asked_there.try_recv().is_err());
    write("socks5://user:hunter2@proxy:1080");
    let refused = installation.run(&["sources", "list"]).await.bad();
    assert!(
        refused.contains("reading `proxy` of the configuration")
            && refused.contains("expected http or https"),
        "{refused}"
    );
    assert!(!refused.contains("hunter2"), "{refused}");
}

#[tokio::test]
async fn this_machine_is_reached_without_a_proxy() {
    let simulator = Simulator::frozen(20, 1, now(), &[]).await;
    let mut installation = Installation::new();
    for name in [
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "ALL_PROXY",
        "https_proxy",
        "http_proxy",
        "all_proxy",
    ] {
        installation = installation.with_environment(name, "http://127.0.0.1:1");
    }
    installation
        .add(&simulator, &["--backfill-days", "1"])
        .await;
    installation.collect().await.good();
    // Neither do a demo's own parts need one.
    let demo = [
        "demo",
        "--people",
        "20",
        "--days",
        "1",
        "--listen",
        "127.0.0.1:0",
        "--once",
    ];
    let home = installation.outside("demo").display().to_string();
    installation
        .run(&[&demo[..], &["--home", &home]].concat())
        .await
        .good();
}
