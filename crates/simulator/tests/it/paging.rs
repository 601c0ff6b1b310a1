//! The rules by which the audit log is read.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::stand::{NOW, Stand, exported, gids, moment, small};

fn created_at(event: &Value) -> DateTime<Utc> {
    moment(event["created_at"].as_str().unwrap())
}

/// The exported events that can be read already.
fn readable() -> Vec<Value> {
    let newest = moment(NOW) - TimeDelta::seconds(5);
    let events = exported(&small()).into_iter();
    events.filter(|event| created_at(event) <= newest).collect()
}

#[tokio::test]
async fn pages_are_the_history_in_order_and_so_is_the_truth() {
    let stand = Stand::start(small()).await;
    let expected = readable();
    let (events, offset) = stand.read("limit=100", None).await;
    assert!(events.len() > 1000);
    assert_eq!(events, expected);
    assert!(events.is_sorted_by_key(created_at));
    assert!(offset.is_some());
    assert_eq!(stand.truth("").await, gids(&expected));
}

#[tokio::test]
async fn the_end_of_now_is_an_empty_page_with_a_fresh_offset() {
    let stand = Stand::start(small()).await;
    let (_, offset) = stand.read("limit=100", None).await;
    let mut offset = offset.unwrap();
    for _ in 0..3 {
        let path = stand.audit_log(&format!("limit=100&offset={offset}"));
        let page = stand.good(&path).await;
        assert_eq!(page["data"], Value::Array(Vec::new()));
        let next = page["next_page"]["offset"].as_str().unwrap().to_owned();
        assert_ne!(next, offset);
        offset = next;
    }
}

#[tokio::test]
async fn without_any_match_there_is_no_next_page() {
    let stand = Stand::start(small()).await;
    for query in [
        "event_type=nothing_like_it",
        "start_at=2030-01-01T00:00:00Z",
        "end_at=2021-01-01T00:00:00Z",
        "actor_type=anonymous&event_type=task_deleted",
    ] {
        let page = stand.good(&stand.audit_log(query)).await;
        assert_eq!(page["data"], Value::Array(Vec::new()), "{query}");
        assert_eq!(page.get("next_page"), Some(&Value::Null), "{query}");
    }
}

#[tokio::test]
async fn next_page_is_where_it_says() {
    let stand = Stand::start(small()).await;
    let first = stand
        .good(&stand.audit_log("limit=3&event_type=task_deleted"))
        .await;
    let next = &first["next_page"];
    let offset = next["offset"].as_str().unwrap();
    let path = next["path"].as_str().unwrap();
    let expected = format!(
        "/workspaces/{}/audit_log_events?event_type=task_deleted&limit=3&offset={offset}",
        stand.workspace
    );
    assert_eq!(path, expected);
    assert_eq!(next["uri"], format!("{}/api/1.0{path}", stand.url));
    let second = stand.good(path).await;
    let again = stand
        .good(&stand.audit_log(&format!("limit=3&offset={offset}")))
        .await;
    assert_eq!(second["data"], again["data"]);
    assert_ne!(second["data"], first["data"]);
    let keys: Vec<&String> = second.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["data", "next_page"]);
}

#[tokio::test]
async fn start_is_inclusive_and_end_is_exclusive() {
    let stand = Stand::start(small()).await;
    let all = readable();
    let (first, last) = (&all[200], &all[300]);
    let at = |event: &Value| event["created_at"].as_str().unwrap().to_owned();
    let query = format!("start_at={}&end_at={}", at(first), at(last));
    let (events, _) = stand.read(&query, None).await;
    assert_eq!(gids(&events), gids(&all[200..300]));
    assert_eq!(stand.truth(&format!("?{query}")).await, gids(&events));
    // A start between two milliseconds leaves out the earlier one.
    let after = at(first).replace('Z', "001Z");
    let (events, _) = stand
        .read(&format!("start_at={after}&end_at={}", at(last)), None)
        .await;
    assert_eq!(gids(&events), gids(&all[201..300]));
}

#[tokio::test]
async fn a_page_has_100_events_at_most_and_by_default() {
    let stand = Stand::start(small()).await;
    let page = stand.good(&stand.audit_log("")).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 100);
    for limit in ["101", "1000", "0", "-1", "ten", ""] {
        let refusal = stand
            .refused(&stand.audit_log(&format!("limit={limit}")))
            .await;
        assert_eq!(
            refusal,
            (400, "limit: Must be between 1 and 100".to_owned())
        );
    }
}

#[tokio::test]
async fn an_offset_belongs_to_its_filters_and_workspace() {
    let args = drishti_simulator::SimulateArgs {
        workspaces: 2,
        ..small()
    };
    let other = drishti_simulator::workspaces(&args)[1].0.clone();
    let stand = Stand::start(args).await;
    let page = stand
        .good(&stand.audit_log("limit=1&event_type=task_deleted"))
        .await;
    let offset = page["next_page"]["offset"].as_str().unwrap();
    let invalid = (400, "offset: Your pagination token is invalid.".to_owned());
    let mut changed = offset.to_owned();
    changed.insert(10, 'x');
    for path in [
        stand.audit_log(&format!("offset={offset}&event_type=user_login_succeeded")),
        stand.audit_log("offset=nonsense"),
        stand.audit_log("offset="),
        stand.audit_log(&format!("offset={changed}")),
        format!("/workspaces/{other}/audit_log_events?offset={offset}"),
        format!(
            "/users?workspace={}&limit=2&offset={offset}",
            stand.workspace
        ),
    ] {
        assert_eq!(stand.refused(&path).await, invalid, "{path}");
    }
    let sent_again = stand.audit_log(&format!("offset={offset}&event_type=task_deleted"));
    let left_out = stand.audit_log(&format!("offset={offset}"));
    assert_eq!(
        stand.good(&sent_again).await["data"],
        stand.good(&left_out).await["data"]
    );
}

/// A filter in the words of a query, and whether an event passes it, judged by its JSON alone.
#[derive(Clone, Debug)]
struct Filters {
    limit: usize,
    span: Option<(Index, Index)>,
    event_type: Option<Index>,
    actor_type: Option<&'static str>,
    actor_of: Option<Index>,
    resource_of: Option<Index>,
}

fn filters() -> impl Strategy<Value = Filters> {
    let rarely = proptest::option::weighted(0.3, any::<Index>());
    let actor_types = proptest::sample::select(vec![
        "user",
        "anonymous",
        "asana",
        "external_administrator",
        "asana_support",
    ]);
    (
        1_usize..=100,
        proptest::option::of(any::<(Index, Index)>()),
        rarely.clone(),
        proptest::option::weighted(0.3, actor_types),
        rarely.clone(),
        rarely,
    )
        .prop_map(
            |(limit, span, event_type, actor_type, actor_of, resource_of)| Filters {
                limit,
                span,
                event_type,
                actor_type,
                actor_of,
                resource_of,
            },
        )
}

impl Filters {
    fn apply(&self, all: &[Value]) -> (String, Vec<Value>) {
        let text = |value: &Value| value.as_str().unwrap_or("1").to_owned();
        let mut query = vec![format!("limit={}", self.limit)];
        let mut kept: Vec<Value> = all.to_vec();
        if let Some((from, until)) = &self.span {
            let (from, until) = (from.get(all), until.get(all));
            query.push(format!("start_at={}", text(&from["created_at"])));
            query.push(format!("end_at={}", text(&until["created_at"])));
            let (from, until) = (created_at(from), created_at(until));
            kept.retain(|event| (from..until).contains(&created_at(event)));
        }
        let wanted = [
            (
                "event_type",
                "/event_type",
                self.event_type.as_ref().map(|at| at.get(all)),
            ),
            (
                "actor_gid",
                "/actor/gid",
                self.actor_of.as_ref().map(|at| at.get(all)),
            ),
            (
                "resource_gid",
                "/resource/gid",
                self.resource_of.as_ref().map(|at| at.get(all)),
            ),
        ];
        for (name, pointer, event) in wanted {
            if let Some(value) = event.and_then(|event| event.pointer(pointer)) {
                query.push(format!("{name}={}", text(value)));
                kept.retain(|event| event.pointer(pointer) == Some(value));
            }
        }
        if let Some(actor_type) = self.actor_type {
            query.push(format!("actor_type={actor_type}"));
            kept.retain(|event| event["actor"]["actor_type"] == actor_type);
        }
        (query.join("&"), kept)
    }
}

#[test]
fn any_filters_and_any_limit_give_what_they_ask_for() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stand = runtime.block_on(Stand::start(small()));
    let all = readable();
    proptest!(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() }, |(filters in filters())| {
        let (query, expected) = filters.apply(&all);
        let (events, offset) = runtime.block_on(stand.read(&query, None));
        prop_assert_eq!(gids(&events), gids(&expected), "{}", query);
        prop_assert_eq!(offset.is_some(), !expected.is_empty());
    });
}
