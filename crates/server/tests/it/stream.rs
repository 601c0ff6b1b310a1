//! Following changes by server-sent events.

use drishti_model::{Role, SourceScope};
use drishti_server::STREAMS_OF_ONE_MAX;
use drishti_services::{AlertFilter, Installation, LakeLocation, Services};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::app::{App, name};

const STREAM: &str = "/api/v1/stream";

fn export(gid: u64) -> String {
    format!(
        r#"{{"gid":"{gid}","created_at":"2026-03-10T08:{gid:02}:00.000Z","event_type":"workspace_export_started","actor":{{"actor_type":"user","gid":"{gid}","email":"p{gid}@example.org"}}}}"#
    )
}

/// A stream as a browser reads it.
struct Stream {
    response: Response,
    text: String,
    /// Id of the last event.
    place: String,
}

impl Stream {
    async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self {
            response,
            text: String::new(),
            place: String::new(),
        }
    }

    /// The data of the next event; `None` where the stream has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let mut data = None;
                for line in block.lines() {
                    if let Some(id) = line.strip_prefix("id: ") {
                        id.clone_into(&mut self.place);
                    } else if let Some(text) = line.strip_prefix("data: ") {
                        data = Some(serde_json::from_str(text).unwrap());
                    }
                }
                let rest = rest.to_owned();
                self.text = rest;
                if data.is_some() {
                    return data;
                }
                continue;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event of a kind; those before it are passed over.
    async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let event = self.next().await.unwrap();
            if event["kind"] == kind {
                return event;
            }
        }
    }

    /// The first event.
    async fn begin(mut self, kind: &str) -> Self {
        assert_eq!(self.next().await.unwrap(), json!({"kind": kind}));
        self
    }
}

async fn follow(app: &App) -> Stream {
    let stream = Stream::open(app.request(Method::GET, STREAM)).await;
    let stream = stream.begin("ready").await;
    // What was before is known before anything changes.
    app.services.look_for_changes().await.unwrap();
    stream
}

#[tokio::test]
async fn what_changes_is_told_whoever_changes_it() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    let mut stream = follow(&app).await;
    app.ingest("acme", &[export(1)]).await;
    let events = stream.next_of("events").await;
    assert_eq!(
        events,
        json!({"kind": "events", "source": "acme", "count": 1})
    );
    let mut stream = Stream::open(
        app.request(Method::GET, STREAM)
            .query(&[("after", &stream.place)]),
    )
    .await
    .begin("ready")
    .await;

    // Another process on the same ledger.
    let id = app.services.alerts(&all()).await.unwrap().remove(0).id;
    let other = elsewhere(&app).await;
    let change = drishti_services::AlertChange {
        assignee: Some(Some("mara".to_owned())),
        ..drishti_services::AlertChange::default()
    };
    other.triage(&id, &change, None, "mara").await.unwrap();
    let changed = loop {
        let alert = stream.next_of("alert").await;
        if alert["revision"] == 2 {
            break alert;
        }
    };
    assert_eq!(
        changed,
        json!({"kind": "alert", "id": id, "source": "acme", "severity": "high", "state": "new", "revision": 2,
            "is_new": changed["is_new"], "is_quiet": false})
    );
    let patch = app.request(Method::PATCH, "/api/v1/policies/test.export");
    app.send(patch.json(&json!({"mode": "record"}))).await.ok();
    let policy = stream.next_of("policy").await;
    assert_eq!(policy, json!({"kind": "policy", "name": "test.export"}));
    other.pause_source(&name("acme")).await.unwrap();
    assert_eq!(stream.next_of("source").await["name"], "acme");
    app.stop().await;
}

fn all() -> AlertFilter {
    AlertFilter {
        limit: 10,
        ..AlertFilter::default()
    }
}

/// The same installation, opened a second time.
async fn elsewhere(app: &App) -> Services {
    let folder = app.folder.path();
    let installation = Installation {
        lake: LakeLocation::folder(&folder.join("lake")).unwrap(),
        ledger_url: format!("sqlite://{}", folder.join("ledger.db").display()),
        key: app.key.clone(),
        holder: "other:1".to_owned(),
        proxy: None,
        declared_in: None,
        knowledge: drishti_services::watch::KnowledgeFiles::default(),
    };
    let clock = std::sync::Arc::clone(&app.clock);
    Services::open(installation, clock as _).await.unwrap()
}

#[tokio::test]
async fn who_comes_back_goes_on_or_begins_anew() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    let stream = follow(&app).await;
    let place = stream.place.clone();
    drop(stream);
    app.ingest("acme", &[export(1)]).await;
    // The header takes precedence: browsers keep the address of their first try.
    let request = app
        .request(Method::GET, STREAM)
        .query(&[("after", "elsewhere.7")])
        .header("last-event-id", &place);
    let mut again = Stream::open(request).await.begin("ready").await;
    assert_eq!(again.next_of("events").await["count"], 1);
    for unknown in ["elsewhere.7", "x", "é"] {
        let request = app.request(Method::GET, STREAM);
        let request = request.query(&[("after", unknown)]);
        Stream::open(request).await.begin("reset").await;
    }
    let refused = app.get(&format!("{STREAM}?since=1")).await;
    assert_eq!(refused.problem(400), "invalid_parameter");
    app.stop().await;
}

#[tokio::test]
async fn only_what_is_in_the_scope_is_told() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    app.ingest("other", &[]).await;
    let scope = SourceScope::of(Some([name("acme")]));
    app.add_operator("mara", Role::Viewer, scope).await;
    let cookie = app.sign_in("mara").await;
    let request = app.request_of(&cookie, Method::GET, STREAM);
    let mut stream = Stream::open(request).await.begin("ready").await;
    app.services.look_for_changes().await.unwrap();
    app.ingest("other", &[export(1)]).await;
    let patch = app.request(Method::PATCH, "/api/v1/policies/test.export");
    app.send(patch.json(&json!({"daily_cap": 7}))).await.ok();
    app.services.look_for_changes().await.unwrap();
    app.ingest("acme", &[export(2), export(3)]).await;
    loop {
        let event = stream.next().await.unwrap();
        let text = event.to_string();
        assert!(
            !text.contains("other") && event["kind"] != "policy",
            "{text}"
        );
        if event["kind"] == "events" && event["source"] == "acme" {
            break;
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_stream_ends_with_what_it_rests_on() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    app.add_operator("mara", Role::Viewer, SourceScope::All)
        .await;
    let new = json!({"name": "bell", "role": "viewer", "expires_at": "2026-06-01T00:00:00Z"});
    let made = app.post("/api/v1/tokens", &new).await.ok();
    let token = made["secret"].as_str().unwrap().to_owned();
    let cookies = [app.sign_in("mara").await, app.sign_in("mara").await];
    let mut streams = Vec::new();
    for request in [
        app.request_of(&cookies[0], Method::GET, STREAM),
        app.request_of(&cookies[1], Method::GET, STREAM),
        app.request_without_token(Method::GET, STREAM)
            .bearer_auth(&token),
    ] {
        streams.push(Stream::open(request).await.begin("ready").await);
    }
    app.services.look_for_changes().await.unwrap();
    // Signed out; another role; token removed: nothing more is told.
    let out = app.request_of(&cookies[0], Method::DELETE, "/api/v1/session");
    assert_eq!(app.send(out).await.status, 204);
    app.ingest("acme", &[export(1)]).await;
    assert_eq!(streams[0].next().await, None);
    assert!(streams[1].next().await.is_some());
    let role = app.request(Method::PATCH, "/api/v1/operators/mara");
    app.send(role.json(&json!({"role": "analyst"}))).await.ok();
    let id = &made["token"]["id"];
    let gone = app.request(Method::DELETE, &format!("/api/v1/tokens/{id}"));
    assert_eq!(app.send(gone).await.status, 204);
    app.ingest("acme", &[export(2)]).await;
    for mut stream in streams {
        while stream.next().await.is_some() {}
    }
    app.stop().await;
}

#[tokio::test]
async fn streams_are_few_and_end_when_the_server_stops() {
    let app = App::start().await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS_OF_ONE_MAX {
        streams.push(follow(&app).await);
    }
    let refused = app.get(STREAM).await;
    assert_eq!(refused.problem(503), "overloaded");
    // They take no place of requests that are worked on.
    app.get("/api/v1/sources").await.ok();
    app.stop().await;
    for mut stream in streams {
        assert_eq!(stream.next().await, None);
    }
}
