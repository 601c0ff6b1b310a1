//! People, as programs read them.

use serde_json::{Value, json};

use crate::app::App;

const PEOPLE: &str = "/api/v1/people";

/// So many people, each of whom did as many things as their number says; the first exported something.
async fn with_people(people: u64) -> App {
    let app = App::start().await;
    let mut lines = Vec::new();
    for who in 1..=people {
        for time in 0..who {
            let kind = if who == 1 {
                "workspace_export_started"
            } else {
                "task_deleted"
            };
            lines.push(format!(
                r#"{{"gid":"{who}0{time}","created_at":"2026-03-10T08:{who:02}:{time:02}.000Z","event_type":"{kind}","actor":{{"actor_type":"user","gid":"{who}","name":"<img onerror> {who}","email":"p{who}@example.org"}}}}"#
            ));
        }
    }
    app.ingest("acme", &lines).await;
    app
}

fn ids(page: &Value) -> Vec<&str> {
    let people = page["people"].as_array().unwrap().iter();
    people
        .map(|person| person["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn are_listed_page_by_page() {
    let app = with_people(5).await;
    for order in ["risk", "last_seen", "name", "events"] {
        let all = app.query(PEOPLE, &[("order", order)]).await.ok();
        assert_eq!((ids(&all).len(), &all["total"]), (5, &json!(5)));
        let mut seen: Vec<String> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let mut parameters = vec![("order", order), ("limit", "2")];
            parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = app.query(PEOPLE, &parameters).await.ok();
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        assert_eq!(seen, ids(&all), "{order}");
    }
    let first = app.query(PEOPLE, &[("limit", "1")]).await.ok();
    let riskiest = &first["people"][0];
    assert_eq!(
        (&riskiest["id"], &riskiest["risk"]),
        (&json!("1"), &json!(40))
    );
    assert_eq!(riskiest["worst_alert"], "high");
    assert_eq!(
        (&riskiest["role"], &riskiest["status"]),
        (&json!(null), &json!(null))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    for parameters in [
        &[("cursor", "AAAA")][..],
        &[("cursor", cursor), ("order", "name")],
    ] {
        let refused = app.query(PEOPLE, parameters).await;
        assert_eq!(refused.problem(400), "invalid_cursor", "{parameters:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn filters_narrow_and_unknown_ones_are_refused() {
    let app = with_people(5).await;
    for (parameters, expected) in [
        (&[("text", "ONERROR> 3")][..], &["3"][..]),
        (&[("text", "p4@"), ("source", "acme")], &["4"]),
        (&[("source", "other")], &[]),
        (&[("kind", "service_account")], &[]),
        (&[("role", "admin")], &[]),
        (&[("status", "active")], &[]),
        (&[("risk_min", "1")], &["1"]),
        (&[("has_alerts", "true")], &["1"]),
        (
            &[("has_alerts", "false"), ("order", "events")],
            &["5", "4", "3", "2"],
        ),
        (&[("is_leaving", "true")], &[]),
        (&[("seen_from", "2026-03-10T08:05:00Z")], &["5"]),
        (&[("seen_to", "2026-03-10T08:02:00Z")], &["1"]),
    ] {
        let page = app.query(PEOPLE, parameters).await.ok();
        assert_eq!(ids(&page), expected, "{parameters:?}");
    }
    for (parameter, value) in [
        ("kind", "robot"),
        ("role", "boss"),
        ("status", "asleep"),
        ("risk_min", "much"),
        ("has_alerts", "maybe"),
        ("seen_from", "yesterday"),
        ("order", "best"),
        ("limit", "501"),
        ("limit", "0"),
        ("source", "a/b"),
        ("nmae", "x"),
        ("text", ""),
    ] {
        let refused = app.query(PEOPLE, &[(parameter, value)]).await;
        assert_eq!(refused.problem(400), "invalid_parameter", "{parameter}");
        assert!(refused.text.contains(parameter), "{}", refused.text);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_person_is_shown_with_what_is_known() {
    let app = with_people(3).await;
    for known_as in [
        "1",
        "p1@example.org",
        "P1@EXAMPLE.org",
        "%3Cimg%20onerror%3E%201",
    ] {
        let story = app.get(&format!("{PEOPLE}/{known_as}")).await.ok();
        assert_eq!(story["person"]["id"], "1", "{known_as}");
    }
    let story = app.get(&format!("{PEOPLE}/1?source=acme")).await.ok();
    assert_eq!(story["alerts"][0]["entity"]["id"], "1");
    assert_eq!(story["risk_addends"][0]["points"], 40);
    let known = &story["sources"][0];
    assert_eq!(
        (&known["source"], &known["account"]),
        (&json!("acme"), &json!(null))
    );
    assert_eq!(known["seen"]["events"], 1);
    assert_eq!(known["habits"]["is_learned"], false);
    assert_eq!(
        known["habits"]["event_types"][0]["name"],
        "workspace_export_started"
    );
    let places = app
        .get(&format!("{PEOPLE}/3/places?from=2026-03-10T08:03:01Z"))
        .await
        .ok();
    assert_eq!(
        (
            &places["places"][0]["events"],
            &places["places"][0]["country"]
        ),
        (&json!(2), &json!(null))
    );
    for missing in ["nobody", "9/places", "1?source=other"] {
        let missing = app.get(&format!("{PEOPLE}/{missing}")).await;
        assert_eq!(missing.problem(404), "no_such_person");
    }
    let refused = app
        .get(&format!(
            "{PEOPLE}/1/places?from=2026-03-10T08:00:00Z&to=2026-03-10T08:00:00Z"
        ))
        .await;
    assert_eq!(refused.problem(400), "invalid_parameter");
    let refused = app.get(&format!("{PEOPLE}/1?limit=3")).await;
    assert_eq!(refused.problem(400), "invalid_parameter");
    app.stop().await;
}
