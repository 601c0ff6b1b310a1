//! Questions in SQL: what can be asked, by whom, and answers as files.

use drishti_model::{Role, SourceScope};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, App, name};
use crate::sample::{events, lines};

async fn filled() -> App {
    let app = App::start().await;
    app.ingest("acme", &lines(&events(12))).await;
    app.ingest("other", &lines(&events(5))).await;
    app
}

async fn ask(app: &App, sql: &str) -> Answer {
    app.post("/api/v1/query", &json!({"sql": sql})).await
}

#[tokio::test]
async fn every_column_is_described_and_can_be_asked_for() {
    let app = filled().await;
    let described = app.get("/api/v1/query/tables").await.ok();
    let tables = described["tables"].as_array().unwrap();
    let names: Vec<&Value> = tables.iter().map(|table| &table["name"]).collect();
    assert_eq!(names, ["events", "sources", "accounts"]);
    for table in tables {
        let columns = table["columns"].as_array().unwrap();
        let column_names: Vec<&str> = columns
            .iter()
            .map(|column| {
                assert_ne!(column["meaning"], "", "{} {column}", table["name"]);
                column["name"].as_str().unwrap()
            })
            .collect();
        let table = table["name"].as_str().unwrap();
        let answer = ask(&app, &format!("select * from {table} limit 1"))
            .await
            .ok();
        assert_eq!(answer["columns"], json!(column_names));
        let kinds: Vec<&Value> = columns.iter().map(|column| &column["kind"]).collect();
        assert_eq!(answer["kinds"], json!(kinds));
    }
    let functions = described["functions"].as_array().unwrap();
    for (function, is_there) in [("count", true), ("date_trunc", true), ("repeat", false)] {
        assert_eq!(functions.contains(&json!(function)), is_there, "{function}");
    }
    app.stop().await;
}

#[tokio::test]
async fn operators_of_some_sources_ask_about_these_only() {
    let app = filled().await;
    let scope = SourceScope::of(Some([name("acme")]));
    app.add_operator("mara", Role::Viewer, scope).await;
    let cookie = app.sign_in("mara").await;
    let asked = async |path: &str, body: Value| {
        let request = app.request_of(&cookie, Method::POST, path);
        app.send(request.json(&body)).await
    };
    for (sql, expected) in [
        ("select count(*) as n from events", 12),
        ("select count(*) as n from events where source <> 'acme'", 0),
        ("select count(*) as n from sources", 1),
        (
            "select count(*) as n from accounts where source = 'other'",
            0,
        ),
    ] {
        let answer = asked("/api/v1/query", json!({"sql": sql})).await.ok();
        assert_eq!(answer["rows"][0]["n"], expected, "{sql}");
    }
    let explained = asked("/api/v1/query", json!({"sql": "explain select 1"})).await;
    assert_eq!(explained.problem(400), "invalid_parameter");
    let sql = "select distinct source from events";
    let file = asked("/api/v1/query/export", json!({"sql": sql, "format": "csv"})).await;
    assert_eq!(file.text.trim_start_matches('\u{feff}'), "source\nacme\n");
    let request = app.request_of(&cookie, Method::GET, "/api/v1/events/export?format=jsonl");
    assert_eq!(app.send(request).await.text.lines().count(), 12);
    app.stop().await;
}

#[tokio::test]
async fn answers_are_taken_as_files() {
    let app = filled().await;
    let take = async |sql: &str, format: &str| {
        let body = json!({"sql": sql, "format": format});
        app.post("/api/v1/query/export", &body).await
    };
    let csv = take("select '=1' as a, 2 as b", "csv").await;
    assert_eq!(
        (csv.status, csv.text.as_str()),
        (200, "\u{feff}a,b\n'=1,2\n")
    );
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let disposition = csv.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\"query-"));
    assert_eq!(take("select 1 as a", "jsonl").await.text, "{\"a\":1}\n");
    let parquet = take("select 1 as a", "parquet").await;
    assert!(parquet.text.starts_with("PAR1"));
    assert_eq!(take("select 1", "xml").await.problem(400), "invalid_body");
    let many = "select value from generate_series(1, 100001)";
    assert_eq!(take(many, "csv").await.problem(422), "query_too_large");
    let fewer = "select value from generate_series(1, 100000)";
    assert_eq!(take(fewer, "jsonl").await.text.lines().count(), 100_000);
    app.stop().await;
}

#[tokio::test]
async fn a_query_has_so_many_bytes() {
    let app = App::start().await;
    let sql = |bytes: usize| format!("select 1 --{}", "x".repeat(bytes - 11));
    let limit = drishti_server::SQL_BYTES_MAX;
    assert_eq!(ask(&app, &sql(limit)).await.status, 200);
    assert_eq!(
        ask(&app, &sql(limit + 1)).await.problem(400),
        "invalid_body"
    );
    app.stop().await;
}

#[tokio::test]
async fn events_are_taken_as_files() {
    let app = filled().await;
    let take =
        async |parameters: &[(&str, &str)]| app.query("/api/v1/events/export", parameters).await;
    let lines = take(&[("format", "jsonl"), ("source", "other")]).await;
    let shown: Vec<Value> = lines
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(shown.len(), 5);
    assert!(events(5).iter().all(|event| shown.contains(event)));
    let csv = take(&[("format", "csv"), ("event_type", "task_deleted")]).await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    let rows: Vec<&str> = csv.text.lines().collect();
    assert!(rows.len() > 1 && rows[1..].iter().all(|row| row.contains("task_deleted")));
    let parquet = take(&[("format", "parquet")]).await;
    assert_eq!(
        parquet.headers["content-type"],
        "application/vnd.apache.parquet"
    );
    assert!(parquet.text.starts_with("PAR1") && parquet.text.ends_with("PAR1"));
    for parameters in [
        &[][..],
        &[("format", "xlsx")],
        &[("format", "csv"), ("limit", "5")],
    ] {
        assert_eq!(take(parameters).await.problem(400), "invalid_parameter");
    }
    app.stop().await;
}

#[tokio::test]
async fn values_are_chosen_and_left_out() {
    let app = filled().await;
    let count = async |parameters: &[(&str, &str)]| {
        let mut parameters = parameters.to_vec();
        parameters.push(("source", "acme"));
        let page = app.query("/api/v1/events", &parameters).await.ok();
        page["events"].as_array().unwrap().len()
    };
    let deleted = count(&[("event_type", "task_deleted")]).await;
    assert!(deleted > 0);
    assert_eq!(count(&[("is", "event_type:task_deleted")]).await, deleted);
    assert_eq!(
        count(&[("not", "event_type:task_deleted")]).await,
        12 - deleted
    );
    assert_eq!(count(&[("is", "event_type:")]).await, 0);
    assert_eq!(count(&[("not", "oauth_app_name:")]).await, 0);
    let both = [
        ("is", "event_type:task_deleted"),
        ("not", "event_type:task_deleted"),
    ];
    assert_eq!(count(&both).await, 0);
    for (name, value) in [
        ("is", "task_deleted"),
        ("is", "details:x"),
        ("not", ":x"),
        ("not", "event_type"),
    ] {
        let answer = app.query("/api/v1/events", &[(name, value)]).await;
        assert_eq!(answer.problem(400), "invalid_parameter", "{value}");
    }
    let many = vec![("is", "hour:1"); drishti_server::VALUE_FILTERS_MAX + 1];
    let answer = app.query("/api/v1/events/facets", &many).await;
    assert_eq!(answer.problem(400), "invalid_parameter");
    app.stop().await;
}
