//! Ranges, suppressions, and what comes of recorded matches and risk.

use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};

use crate::app::App;

const RANGES: &str = "/api/v1/ranges";
const OFFICE: &str = "/api/v1/ranges/office%20%231";

fn export(gid: u64, who: u64) -> String {
    format!(
        r#"{{"gid":"{gid}","created_at":"2026-03-10T08:{gid:02}:00.000Z","event_type":"workspace_export_started","actor":{{"actor_type":"user","gid":"{who}","email":"p{who}@example.org"}}}}"#
    )
}

#[tokio::test]
async fn ranges_are_kept_and_answer_why() {
    let app = App::start().await;
    let office = json!({"name": "office #1", "networks": ["192.0.2.0/24"], "category": "corporate", "tags": ["office"],
        "organization": "Acme", "place": {"country": "DE", "city": "Berlin"}});
    let created = app.post(RANGES, &office).await;
    assert_eq!(
        (created.status, &created.headers["etag"]),
        (201, &"\"1\"".parse().unwrap())
    );
    assert_eq!(app.post(RANGES, &office).await.problem(409), "range_exists");
    let why = app.get("/api/v1/addresses/192.0.2.7").await.ok();
    let said: Vec<(&str, &str)> = why["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|said| {
            (
                said["fact"].as_str().unwrap(),
                said["value"].as_str().unwrap(),
            )
        })
        .collect();
    assert!(said.contains(&("country", "DE")), "{said:?}");
    assert!(
        why["statements"][0]["origin"]
            .as_str()
            .unwrap()
            .contains("office #1")
    );
    assert_eq!(
        app.get("/api/v1/addresses/nowhere").await.problem(400),
        "invalid_parameter"
    );

    app.stop().await;
}

#[tokio::test]
async fn ranges_are_checked_and_changed() {
    let app = App::start().await;
    let office =
        json!({"name": "office #1", "networks": ["192.0.2.0/24"], "category": "corporate"});
    app.post(RANGES, &office).await.ok();
    let other = json!({"name": "other", "networks": ["192.0.2.0/24"], "category": "vpn"});
    let refused = app.post(RANGES, &other).await;
    assert_eq!(refused.problem(422), "invalid_setting");
    assert!(refused.text.contains("office #1"), "{}", refused.text);
    for body in [
        json!({"name": "x", "networks": ["nonsense"], "category": "vpn"}),
        json!({"name": "x", "networks": ["10.0.0.0/8"], "category": "awful"}),
        json!({"name": "x"}),
    ] {
        assert_eq!(
            app.post(RANGES, &body).await.problem(400),
            "invalid_body",
            "{body}"
        );
    }
    let put = |tag: &str, body: Value| {
        let request = app
            .request(Method::PUT, OFFICE)
            .header(IF_MATCH, tag.to_owned());
        app.send(request.json(&body))
    };
    let smaller =
        json!({"name": "office #1", "networks": ["192.0.2.0/25"], "category": "corporate"});
    let changed = put("\"1\"", smaller.clone()).await;
    assert_eq!(changed.headers["etag"], "\"2\"");
    assert_eq!(changed.ok()["range"]["networks"], json!(["192.0.2.0/25"]));
    assert_eq!(
        put("\"1\"", smaller).await.problem(412),
        "revision_conflict"
    );
    assert_eq!(put("*", other).await.problem(400), "invalid_body");
    assert_eq!(
        app.get(RANGES).await.ok()["ranges"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let gone = app.send(app.request(Method::DELETE, OFFICE)).await;
    assert_eq!(gone.status, 204);
    let gone = app.send(app.request(Method::DELETE, OFFICE)).await;
    assert_eq!(gone.problem(404), "no_such_range");
    app.stop().await;
}

#[tokio::test]
async fn ranges_are_imported_all_or_none() {
    const IMPORT: &str = "/api/v1/ranges/import";
    let app = App::start().await;
    let office =
        json!({"name": "office #1", "networks": ["192.0.2.0/24"], "category": "corporate"});
    app.post(RANGES, &office).await.ok();
    let of =
        |name: &str, network: &str| json!({"name": name, "networks": [network], "category": "vpn"});
    let import = async |ranges: Value| app.post(IMPORT, &json!({ "ranges": ranges })).await;
    let clash = import(json!([
        of("a", "198.51.100.0/24"),
        of("b", "198.51.100.0/24")
    ]))
    .await;
    assert_eq!(clash.problem(422), "invalid_setting");
    let twice = import(json!([
        of("a", "198.51.100.0/24"),
        of("a", "203.0.113.0/24")
    ]))
    .await;
    assert_eq!(twice.problem(422), "invalid_setting");
    assert_eq!(
        app.get(RANGES).await.ok()["ranges"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let taken = import(json!([
        of("a", "198.51.100.0/24"),
        of("office #1", "192.0.2.0/25")
    ]))
    .await;
    assert_eq!(taken.ok()["ranges"].as_array().unwrap().len(), 2);
    let listed = app.get(RANGES).await.ok();
    assert_eq!(listed["ranges"][1]["range"]["category"], "vpn");
    assert_eq!(listed["ranges"][1]["revision"], 2);
    assert_eq!(import(json!([{}])).await.problem(400), "invalid_body");
    app.stop().await;
}

#[tokio::test]
async fn suppressions_keep_quiet_until_they_end() {
    const SUPPRESSIONS: &str = "/api/v1/suppressions";
    let app = App::start().await;
    let new = json!({"policy": "test.export", "entity": "7", "reason": "planned", "ends_at": "2026-03-12T00:00:00Z"});
    let created = app.post(SUPPRESSIONS, &new).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let id = created.ok()["id"].as_i64().unwrap();
    for (body, code) in [
        (
            json!({"reason": "all", "ends_at": "2026-03-12T00:00:00Z"}),
            422,
        ),
        (
            json!({"policy": "none", "reason": "x", "ends_at": "2026-03-12T00:00:00Z"}),
            404,
        ),
        (
            json!({"entity": "7", "reason": " ", "ends_at": "2026-03-12T00:00:00Z"}),
            422,
        ),
        (
            json!({"entity": "7", "reason": "x", "ends_at": "2036-03-12T00:00:00Z"}),
            422,
        ),
        (json!({"entity": "7", "reason": "x"}), 400),
    ] {
        let refused = app.post(SUPPRESSIONS, &body).await;
        refused.problem(code);
    }
    let ended = app
        .post(&format!("{SUPPRESSIONS}/{id}/end"), &json!({}))
        .await
        .ok();
    assert_eq!(ended["holds"], false);
    assert_eq!(app.get(SUPPRESSIONS).await.ok()["suppressions"], json!([]));
    let all = app.get(&format!("{SUPPRESSIONS}?all=true")).await.ok();
    assert_eq!(all["suppressions"][0]["entity"], "7");
    let missing = app
        .post(&format!("{SUPPRESSIONS}/99/end"), &json!({}))
        .await;
    assert_eq!(missing.problem(404), "no_such_suppression");
    let wrong = app.post(&format!("{SUPPRESSIONS}/x/end"), &json!({})).await;
    assert_eq!(wrong.problem(400), "invalid_parameter");
    app.stop().await;
}

#[tokio::test]
async fn alerts_and_recorded_matches_add_to_the_risk_of_people() {
    let app = App::start().await;
    app.ingest("acme", &[export(1, 1), export(2, 2)]).await;
    let record = app.request(Method::PATCH, "/api/v1/policies/test.export");
    app.send(record.json(&json!({"mode": "record"}))).await.ok();
    app.ingest("acme", &[export(3, 1), export(4, 1), export(5, 3)])
        .await;
    let risks = app.get("/api/v1/risks?limit=2").await.ok();
    let risks = risks["risks"].as_array().unwrap();
    assert_eq!(
        (risks.len(), &risks[0]["person"], &risks[0]["points"]),
        (2, &json!("1"), &json!(50)),
        "the same on one day weighs no more"
    );
    let story = app.get("/api/v1/risks/P1@example.org").await.ok();
    let causes: Vec<&str> = story["addends"]
        .as_array()
        .unwrap()
        .iter()
        .map(|addend| addend["cause"].as_str().unwrap())
        .collect();
    assert_eq!(causes, ["recorded", "alert"]);
    assert_eq!(
        app.get("/api/v1/risks/nobody").await.problem(404),
        "no_such_person"
    );

    let first = app
        .get("/api/v1/recorded-matches?limit=2&policy=test.export")
        .await
        .ok();
    assert_eq!(first["recorded_matches"][0]["event_gids"], json!(["5"]));
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = app
        .query("/api/v1/recorded-matches", &[("cursor", cursor)])
        .await
        .ok();
    assert_eq!(rest["recorded_matches"][0]["event_gids"], json!(["3"]));
    assert_eq!(rest["next_cursor"], Value::Null);
    let of_one = app
        .get("/api/v1/recorded-matches?entity=3&from=2026-03-10T00:00:00Z&source=acme")
        .await
        .ok();
    assert_eq!(of_one["recorded_matches"].as_array().unwrap().len(), 1);
    assert_eq!(
        app.get("/api/v1/recorded-matches?cursor=x")
            .await
            .problem(400),
        "invalid_cursor"
    );
    app.stop().await;
}

#[tokio::test]
async fn sql_is_answered_within_limits_and_changes_nothing() {
    let app = App::start().await;
    app.ingest("acme", &[export(1, 1), export(2, 2), export(3, 3)])
        .await;
    let ask = async |sql: &str, limit: u64| {
        app.post("/api/v1/query", &json!({"sql": sql, "limit": limit}))
            .await
    };
    let answer = ask(
        "select gid, actor_email as \"who <b>\" from events order by gid",
        2,
    )
    .await
    .ok();
    assert_eq!(answer["columns"], json!(["gid", "who <b>"]));
    assert_eq!(
        answer["rows"][1],
        json!({"gid": "2", "who <b>": "p2@example.org"})
    );
    assert_eq!(answer["is_truncated"], true);
    let empty = ask("select gid from events where false", 10).await.ok();
    assert_eq!(
        (&empty["rows"], &empty["is_truncated"]),
        (&json!([]), &json!(false))
    );
    for sql in [
        "drop table events",
        "select",
        "select * from alerts",
        "copy events to '/tmp/x'",
        "",
    ] {
        let refused = ask(sql, 10).await;
        assert_eq!(refused.problem(400), "invalid_parameter", "{sql}");
    }
    assert_eq!(ask("select 1", 0).await.problem(400), "invalid_body");
    assert_eq!(ask("select 1", 10_001).await.problem(400), "invalid_body");
    app.stop().await;
}
