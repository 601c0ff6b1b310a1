//! What the commands print.

use crate::harness::{Finished, Installation};

const EVENTS: &str = r#"{"gid":"1","created_at":"2026-03-02T09:15:00.250Z","event_type":"user_login_succeeded","event_category":"logins","actor":{"actor_type":"user","gid":"12","name":"Noor \"the owl\" Quist","email":"noor@example.com"}}
{"gid":"2","created_at":"2026-03-02T09:16:00.250Z","event_type":"task_deleted","event_category":"deletion","actor":{"actor_type":"asana"},"on_behalf_of_user_id":7}
{"gid":"3","created_at":"2026-03-03T00:00:00.000Z","event_type":"task_deleted","event_category":"deletion","actor":{"actor_type":"user","gid":"13","name":"Ødger, Ltd"}}
"#;

/// All that a command said, without what differs from run to run.
fn told(installation: &Installation, finished: &Finished) -> String {
    let home = installation.home().display().to_string();
    let folder = installation.outside("").display().to_string();
    let text = format!(
        "status: {}\n{}---\n{}",
        finished.code(),
        finished.stdout,
        finished.stderr
    );
    text.replace(&home, "HOME").replace(&folder, "FOLDER/")
}

async fn with_events() -> Installation {
    let installation = Installation::new();
    let file = installation.write("events.jsonl", EVENTS);
    installation
        .run(&["ingest", &file, "--source", "files"])
        .await
        .good();
    installation
}

#[tokio::test]
async fn help() {
    let installation = Installation::new();
    let commands: [&[&str]; 22] = [
        &[],
        &["demo"],
        &["serve"],
        &["simulate"],
        &["sources"],
        &["sources", "list"],
        &["sources", "add"],
        &["sources", "update"],
        &["sources", "test"],
        &["sources", "restart"],
        &["sources", "pause"],
        &["sources", "resume"],
        &["sources", "remove"],
        &["sources", "coverage"],
        &["sources", "health"],
        &["sources", "quarantine"],
        &["sources", "quarantine", "list"],
        &["sources", "quarantine", "replay"],
        &["sources", "quarantine", "show"],
        &["collect"],
        &["ingest"],
        &["query"],
    ];
    let rest: [&[&str]; 19] = [
        &["operators"],
        &["operators", "add"],
        &["policies", "add"],
        &["policies", "remove"],
        &["policies", "set"],
        &["policies", "history"],
        &["alerts", "list"],
        &["alerts", "recorded"],
        &["alerts", "digest"],
        &["suppressions", "list"],
        &["suppressions", "add"],
        &["people", "list"],
        &["people", "show"],
        &["people", "risk"],
        &["ranges", "add"],
        &["ranges", "change"],
        &["ranges", "import"],
        &["doctor"],
        &["openapi"],
    ];
    for command in commands.into_iter().chain(rest) {
        let shown = installation.run(&[command, &["--help"]].concat()).await;
        let name = format!("help_{}", command.join("_"));
        insta::assert_snapshot!(name.trim_end_matches('_'), told(&installation, &shown));
    }
    assert!(!installation.home().exists(), "help makes nothing");
}

#[tokio::test]
async fn people() {
    let installation = with_events().await;
    for format in ["table", "json", "jsonl", "csv"] {
        let arguments = ["people", "list", "--order", "name", "--format", format];
        let listed = installation.run(&arguments).await;
        insta::assert_snapshot!(format!("people_{format}"), told(&installation, &listed));
    }
    let cut = installation
        .run(&["people", "list", "--limit", "1", "--order", "last_seen"])
        .await;
    insta::assert_snapshot!("people_cut", told(&installation, &cut));
    let shown = installation
        .run(&["people", "show", "noor@example.com"])
        .await;
    insta::assert_snapshot!("person", told(&installation, &shown));
    let json = installation
        .run(&["people", "show", "13", "--format", "json"])
        .await;
    assert_eq!(json.json()["person"]["name"], "Ødger, Ltd");
    let nobody = installation.run(&["people", "show", "nobody"]).await;
    insta::assert_snapshot!("person_nobody", told(&installation, &nobody));
}

#[tokio::test]
async fn wrong_usage_is_status_2() {
    let installation = Installation::new();
    let cases: [&[&str]; 9] = [
        &[],
        &["collct"],
        &["collect"],
        &["collect", "--source", "a/b"],
        &["query"],
        &["query", "select 1", "--format", "xml"],
        &["sources", "add"],
        &["sources", "add", "--name", "x", "--field", "novalue"],
        &["simulate", "--listen", "0.0.0.0:80"],
    ];
    for arguments in cases {
        let refused = installation.run(arguments).await;
        assert_eq!(
            (refused.code(), refused.stdout.as_str()),
            (2, ""),
            "{arguments:?}: {refused:#?}"
        );
        assert!(
            refused.stderr.contains("--help"),
            "{arguments:?}: {refused:#?}"
        );
    }
    let version = installation.run(&["--version"]).await.good();
    assert_eq!(version, format!("drishti {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn where_there_is_no_installation() {
    let installation = Installation::new();
    for arguments in [
        &["sources", "list"][..],
        &["collect", "--source", "acme"],
        &["query", "select 1"],
        &["sources", "quarantine", "list"],
    ] {
        let refused = installation.run(arguments).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(told(&installation, &refused), @r"
            status: 1
            ---
            error: there is no installation at `HOME`; `drishti demo` or `drishti sources add` makes one, `--home` names another
            ");
        }
    }
    let examined = installation.run(&["doctor", "--format", "json"]).await;
    assert_eq!(
        (examined.code(), &examined.json()[0]["ok"]),
        (1, &serde_json::json!(false))
    );
    assert!(!installation.home().exists(), "asking makes nothing");
}

#[tokio::test]
async fn a_folder_that_only_happens_to_be_there_stays_as_it_is() {
    let installation = Installation::new();
    std::fs::create_dir(installation.home()).unwrap();
    std::fs::write(installation.home().join("notes.txt"), "mine").unwrap();
    for arguments in [
        &["query", "select 1"][..],
        &["sources", "list"],
        &["sources", "remove", "acme"],
        &["collect", "--source", "acme"],
        &["doctor"],
    ] {
        let refused = installation.run(arguments).await;
        let told = format!("{}{}", refused.stdout, refused.stderr);
        assert_eq!(refused.code(), 1, "{refused:#?}");
        assert!(told.contains("there is no installation at"), "{told}");
    }
    let left: Vec<_> = std::fs::read_dir(installation.home())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["notes.txt"]);
}

#[tokio::test]
async fn a_source_that_is_not_there() {
    let installation = with_events().await;
    for arguments in [
        &["collect", "--source", "acme"][..],
        &["sources", "test", "acme"],
        &["sources", "restart", "acme"],
        &["sources", "pause", "acme"],
        &["sources", "resume", "acme"],
        &["sources", "remove", "acme"],
        &["sources", "coverage", "acme"],
        &["sources", "update", "acme", "--description", "x"],
    ] {
        let refused = installation.run(arguments).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(told(&installation, &refused), @r"
            status: 1
            ---
            error: no source is called `acme`
            hint: `drishti sources list` shows the names.
            ");
        }
    }
}

#[tokio::test]
async fn sources_that_can_not_be() {
    let installation = with_events().await;
    let token = installation.write("token", "abc");
    let empty = installation.write("empty", "\n");
    let cases: [(&str, &[&str]); 6] = [
        ("no_token", &["--name", "acme"]),
        ("empty_token", &["--name", "acme", "--token-file", &empty]),
        (
            "plain_http",
            &[
                "--name",
                "acme",
                "--token-file",
                &token,
                "--workspace",
                "1",
                "--api-url",
                "http://asana.example.com",
            ],
        ),
        (
            "no_gid",
            &[
                "--name",
                "acme",
                "--token-file",
                &token,
                "--workspace",
                "acme.example.com",
            ],
        ),
        (
            "out_of_bounds",
            &[
                "--name",
                "acme",
                "--token-file",
                &token,
                "--workspace",
                "1",
                "--backfill-days",
                "91",
            ],
        ),
        (
            "name_taken",
            &[
                "--name",
                "files",
                "--token-file",
                &token,
                "--workspace",
                "1",
            ],
        ),
    ];
    for (name, arguments) in cases {
        let refused = installation
            .run(&[&["sources", "add"], arguments].concat())
            .await;
        insta::assert_snapshot!(format!("sources_add_{name}"), told(&installation, &refused));
    }
}

#[tokio::test]
async fn answers_in_every_format() {
    let installation = with_events().await;
    let sql = "select gid, created_at, actor_name, on_behalf_of_user_id, p_any_emails from events order by gid";
    for format in ["table", "json", "jsonl", "csv"] {
        let answer = installation.run(&["query", sql, "--format", format]).await;
        insta::assert_snapshot!(format!("query_{format}"), told(&installation, &answer));
    }
    let few = installation
        .run(&[
            "query",
            "select gid from events order by gid",
            "--max-rows",
            "2",
            "--format",
            "csv",
        ])
        .await;
    insta::assert_snapshot!("query_truncated", told(&installation, &few));
}

#[tokio::test]
async fn wrong_sql_is_refused() {
    let installation = with_events().await;
    let cases = [
        ("syntax", "selec 1"),
        ("no_table", "select * from event"),
        ("no_column", "select git from events"),
        ("change", "delete from events"),
        ("creation", "create table x as select 1"),
        ("file", "copy events to 'stolen.csv'"),
        ("two", "select 1; select 2"),
    ];
    for (name, sql) in cases {
        let refused = installation.run(&["query", sql]).await;
        assert_eq!((refused.code(), refused.stdout.as_str()), (1, ""), "{sql}");
        insta::assert_snapshot!(format!("sql_{name}"), told(&installation, &refused));
    }
    assert_eq!(installation.gids("true").await.len(), 3);
    let empty = installation
        .run(&[
            "query",
            "select gid from events where false",
            "--format",
            "json",
        ])
        .await;
    assert_eq!(empty.good(), "[]\n");
}

#[tokio::test]
async fn a_folder_with_files_only() {
    let installation = with_events().await;
    let listed = installation.run(&["sources", "list"]).await;
    insta::assert_snapshot!("sources_list", told(&installation, &listed));
    let missing = installation.run(&["sources", "quarantine", "list"]).await;
    insta::assert_snapshot!("quarantine_empty", told(&installation, &missing));
    let replayed = installation.run(&["sources", "quarantine", "replay"]).await;
    insta::assert_snapshot!("replay_empty", told(&installation, &replayed));
    let file = installation.write("bad.jsonl", "{\"gid\":\"4\"}\n");
    let ingested = installation
        .run(&["ingest", &file, "--source", "files"])
        .await;
    insta::assert_snapshot!("ingest_refused", told(&installation, &ingested));
    let shown = installation
        .run(&["sources", "quarantine", "show", "1"])
        .await;
    insta::assert_snapshot!("quarantine_show", told(&installation, &shown));
    let missing = installation
        .run(&["sources", "quarantine", "show", "2"])
        .await;
    insta::assert_snapshot!("quarantine_show_nothing", told(&installation, &missing));
    let collected = installation.run(&["collect", "--source", "files"]).await;
    insta::assert_snapshot!("collect_files", told(&installation, &collected));
    let listed = installation
        .run(&["sources", "list", "--format", "json"])
        .await;
    assert_eq!(
        (&listed.json()[0]["state"], &listed.json()[0]["reason"]),
        (
            &serde_json::Value::Null,
            &serde_json::json!("it only takes events from files")
        )
    );
}

#[tokio::test]
async fn limits_are_kept_whatever_is_selected() {
    let installation = with_events().await;
    for (sql, rows) in [
        ("select 1 as one from events limit 1", 1),
        ("select event_date from events limit 2", 2),
        ("select gid from events limit 2 offset 2", 1),
        ("select * from events limit 2", 2),
        ("select event_date from (select * from events limit 1)", 1),
        (
            "select event_date from events order by event_date desc limit 1",
            1,
        ),
        (
            "select e.event_date from events e cross join (select 1 as x from events limit 2) limit 5",
            5,
        ),
    ] {
        assert_eq!(installation.query(sql).await.len(), rows, "{sql}");
    }
}
