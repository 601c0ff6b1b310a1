//! Sources from `drishti.toml` and from Sumo Logic's JSON, and tokens that see several workspaces.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Installation, Server, Simulator, TOKEN, assert_same, now};

async fn simulator(workspaces: &str) -> Simulator {
    Simulator::frozen(
        25,
        2,
        now() - TimeDelta::hours(2),
        &["--workspaces", workspaces],
    )
    .await
}

#[tokio::test]
async fn sources_of_the_configuration_file() {
    let simulator = simulator("1").await;
    let installation = Installation::new();
    std::fs::create_dir(installation.home()).unwrap();
    let configuration = |category: &str| {
        format!(
            "[lake]\nlocation = \"events\"\nretention_days = 365\n\n[[sources]]\nname = \"acme\"\ntoken_file = \"../token\"\n\
             api_url = \"{}\"\ndescription = \"all of it\"\ncategory = \"{category}\"\n\n[sources.fields]\nteam = \"blue\"\n\n\
             [sources.collect]\nbackfill_days = 3\nrequests_per_minute = 0\npoll_interval_seconds = 1\n",
            simulator.api_url()
        )
    };
    installation.write("token", format!("{TOKEN}\n"));
    let file = installation.home().join("drishti.toml");
    std::fs::write(&file, configuration("first")).unwrap();
    let server = Server::start(&installation).await;
    let source = server.has_all("acme", &simulator).await;
    assert_eq!(
        (&source["declared"], &source["category"]),
        (&json!(true), &json!("first")),
        "{source:#}"
    );
    assert_eq!(
        (&source["description"], &source["fields"]),
        (&json!("all of it"), &json!({"team": "blue"}))
    );
    assert_eq!(source["collect"]["backfill_days"], 3);
    assert!(server.stop().await.success());
    assert!(
        installation.home().join("events/_delta_log").is_dir(),
        "the lake is where the file says"
    );
    installation.assert_complete(&simulator).await;

    std::fs::write(&file, configuration("second")).unwrap();
    simulator.advance(600).await;
    let server = Server::start(&installation).await;
    let source = server.has_all("acme", &simulator).await;
    assert_eq!(
        source["category"], "second",
        "the file was changed: {source:#}"
    );
    assert!(server.stop().await.success());
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn one_bad_source_of_the_file_does_not_stop_the_others() {
    let simulator = simulator("1").await;
    let workspace = simulator.workspaces().await.remove(0);
    let installation = Installation::new();
    let right = installation.write("token", TOKEN);
    let wrong = installation.write("wrong", "nobody's");
    let api_url = simulator.api_url();
    let section = |name: &str, token: &str, more: &str| {
        format!(
            "[[sources]]\nname = \"{name}\"\ntoken_file = \"{token}\"\napi_url = \"{api_url}\"\n{more}\n"
        )
    };
    let text = [
        section("first", &wrong, ""),
        section(
            "acme",
            &right,
            &format!("workspace = \"{workspace}\"\ncollect.backfill_days = 3"),
        ),
        section("last", &right, "collect.concurrent_reads = 500"),
    ];
    let file = installation.write("configuration.toml", text.concat());
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--config", &file];
    let server = Server::adopt(&installation, installation.spawn(&arguments)).await;
    server.has_all("acme", &simulator).await;
    let log = server.process.stderr.text();
    assert!(
        log.contains("error: setting up source `first` of the configuration"),
        "{log}"
    );
    assert!(
        log.contains("error: setting up source `last` of the configuration"),
        "{log}"
    );
    assert!(
        log.contains("`concurrent_reads` of a source: 500 is not between 1 and 50"),
        "{log}"
    );
    assert!(server.stop().await.success());
    installation.assert_complete(&simulator).await;
}

#[tokio::test]
async fn a_file_that_is_wrong_is_refused_with_its_line() {
    let installation = Installation::new();
    let cases = [
        (
            "listen = \"127.0.0.1:0\"\nretention = 3\n",
            "line 2",
            "unknown field `retention`",
        ),
        (
            "[lake]\nretention_days = \"many\"\n",
            "line 2",
            "invalid type: string",
        ),
        ("listen = 127.0.0.1\n", "line 1", "listen = 127.0.0.1"),
        (
            "\n\n[[sources]]\nname = \"a/b\"\n",
            "line 4",
            "can't contain '/'",
        ),
        (
            "[[sources]]\nname = \"a\"\ncollect.poll = 1\n",
            "line 3",
            "unknown field `poll`",
        ),
    ];
    for (text, line, words) in cases {
        let file = installation.write("wrong.toml", text);
        for command in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["sources", "add", "--name", "x", "--token-file", &file],
        ] {
            let refused = installation
                .run(&[command, &["--config", &file]].concat())
                .await
                .bad();
            assert!(
                refused.starts_with(&format!("error: reading `{file}`")),
                "{refused}"
            );
            assert!(
                refused.contains(line) && refused.contains(words),
                "{text}: {refused}"
            );
        }
    }
    let missing = installation.outside("missing.toml").display().to_string();
    let refused = installation
        .run(&["serve", "--config", &missing])
        .await
        .bad();
    assert!(
        refused.contains(&format!("error: reading `{missing}`")),
        "{refused}"
    );
    let file = installation.write(
        "no-token.toml",
        "[[sources]]\nname = \"acme\"\ntoken_file = \"nowhere\"\n",
    );
    let refused = installation
        .run(&["serve", "--listen", "127.0.0.1:0", "--config", &file])
        .await
        .bad();
    assert!(
        refused.contains("error: reading source `acme` of the configuration"),
        "{refused}"
    );
    assert!(
        refused.contains("nowhere") && refused.contains("No such file"),
        "{refused}"
    );
}

fn sumo(workspace: &str) -> String {
    json!({
        "api.version": "v1",
        "source": {
            "config": {
                "name": "acme",
                "description": "from Sumo Logic",
                "category": "asana/audit",
                "fields": {"_siemForward": false, "team": "blue"},
                "personalAccessToken": TOKEN,
                "workspaceID": workspace
            },
            "schemaRef": {"type": "Asana"},
            "sourceType": "Universal"
        }
    })
    .to_string()
}

#[tokio::test]
async fn a_source_of_sumo_logic() {
    let simulator = simulator("1").await;
    let workspace = simulator.workspaces().await.remove(0);
    let installation = Installation::new();
    let file = installation.write("sumo.json", sumo(&workspace));
    let api_url = simulator.api_url();
    let add = [
        "sources",
        "add",
        "--sumo",
        &file,
        "--api-url",
        &api_url,
        "--backfill-days",
        "3",
    ];
    installation.run(&add).await.good();
    installation.collect().await.good();
    installation.assert_complete(&simulator).await;
    let sources = installation
        .query("select name, _source, \"_sourceCategory\", fields from sources")
        .await;
    let fields: Value = serde_json::from_str(sources[0]["fields"].as_str().unwrap()).unwrap();
    assert_eq!(fields, json!({"_siemForward": "false", "team": "blue"}));
    assert_eq!(
        (&sources[0]["_sourceCategory"], &sources[0]["_source"]),
        (&json!("asana/audit"), &json!("acme"))
    );

    let other = installation.write("other.json", sumo(&workspace).replace("Asana", "Box"));
    let refused = installation
        .run(&["sources", "add", "--sumo", &other])
        .await
        .bad();
    assert_eq!(
        refused.lines().next(),
        Some("error: reading a Sumo Logic source: `schemaRef.type` is not \"Asana\"")
    );
}

#[tokio::test]
async fn every_workspace_that_a_token_sees_becomes_a_source() {
    let simulator = simulator("3").await;
    let installation = Installation::new();
    installation
        .add(&simulator, &["--backfill-days", "3"])
        .await;
    let server = Server::start(&installation).await;
    let workspaces = simulator.workspaces().await;
    assert_eq!(workspaces.len(), 3);
    for workspace in &workspaces {
        let source = server.catches_up(&format!("acme-{workspace}")).await;
        assert_eq!(source["workspace_gid"], json!(workspace));
    }
    assert_eq!(
        server.get("/api/v1/sources").await["sources"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
    assert!(server.stop().await.success());
    for workspace in &workspaces {
        let name = format!("acme-{workspace}");
        installation
            .run(&["collect", "--source", &name])
            .await
            .good();
        let truth = simulator.truth(Some(workspace)).await;
        assert_same(
            &installation.gids(&format!("source = '{name}'")).await,
            &truth,
        );
    }
}
