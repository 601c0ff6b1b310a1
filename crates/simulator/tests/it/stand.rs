//! A simulator on a free port, and a client for it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use drishti_simulator::{DEFAULT_TOKEN, SimulateArgs};
use reqwest::{Method, Response};
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A Wednesday afternoon.
pub(crate) const NOW: &str = "2026-09-30T15:00:00Z";

pub(crate) struct Stand {
    pub(crate) url: String,
    pub(crate) workspace: String,
    client: reqwest::Client,
    _stop: DropGuard,
}

/// A small organisation and a short history, with the clock stopped.
pub(crate) fn small() -> SimulateArgs {
    SimulateArgs {
        people: 60,
        days: 6,
        freeze_at: Some(moment(NOW)),
        ..SimulateArgs::default()
    }
}

pub(crate) fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A clock for those who freeze it anyway.
pub(crate) fn any_clock() -> Arc<dyn drishti_simulator::Clock> {
    Arc::new(|| moment(NOW))
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .timeout(Duration::from_mins(1))
        .build()
        .unwrap()
}

impl Stand {
    pub(crate) async fn start(args: SimulateArgs) -> Self {
        Self::start_with_clock(args, any_clock()).await
    }

    pub(crate) async fn start_with_clock(
        args: SimulateArgs,
        clock: Arc<dyn drishti_simulator::Clock>,
    ) -> Self {
        let mut args = args;
        args.listen.set_port(0);
        let workspace = drishti_simulator::workspaces(&args)[0].0.clone();
        let listener = drishti_simulator::bind(&args).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(drishti_simulator::serve(
            args,
            clock,
            listener,
            stop.clone(),
        ));
        Self {
            url,
            workspace,
            client: client(),
            _stop: stop.drop_guard(),
        }
    }

    /// A request to the API with the token.
    pub(crate) async fn api(&self, path: &str) -> Response {
        let url = format!("{}/api/1.0{path}", self.url);
        self.client
            .get(url)
            .bearer_auth(DEFAULT_TOKEN)
            .send()
            .await
            .unwrap()
    }

    /// The same, where breaking off is an answer too.
    pub(crate) async fn try_api(&self, path: &str) -> reqwest::Result<Value> {
        let url = format!("{}/api/1.0{path}", self.url);
        let response = self
            .client
            .get(url)
            .bearer_auth(DEFAULT_TOKEN)
            .send()
            .await?;
        response.json().await
    }

    /// A good answer of the API.
    pub(crate) async fn good(&self, path: &str) -> Value {
        let response = self.api(path).await;
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// Status and message of a refusal.
    pub(crate) async fn refused(&self, path: &str) -> (u16, String) {
        let response = self.api(path).await;
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let error = &body["errors"][0];
        assert!(
            error["help"]
                .as_str()
                .unwrap()
                .starts_with("For more information")
        );
        (status, error["message"].as_str().unwrap().to_owned())
    }

    /// A request outside the API.
    pub(crate) async fn control(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.url));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub(crate) async fn set_faults(&self, plan: Value) {
        let answer = self
            .control(Method::PUT, "/simulator/faults", Some(plan))
            .await;
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
    }

    pub(crate) async fn advance(&self, seconds: u64) {
        let body = serde_json::json!({"advance_seconds": seconds});
        let answer = self
            .control(Method::PUT, "/simulator/clock", Some(body))
            .await;
        assert!(
            answer.status().is_success(),
            "{}",
            answer.text().await.unwrap()
        );
    }

    pub(crate) async fn truth(&self, query: &str) -> Vec<String> {
        let path = format!("/simulator/truth{query}");
        let answer = self.control(Method::GET, &path, None).await;
        assert!(answer.status().is_success());
        answer
            .text()
            .await
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    pub(crate) fn audit_log(&self, query: &str) -> String {
        format!("/workspaces/{}/audit_log_events?{query}", self.workspace)
    }

    /// Reads on until the end of now. Answers the events and the last offset.
    pub(crate) async fn read(
        &self,
        query: &str,
        from: Option<String>,
    ) -> (Vec<Value>, Option<String>) {
        let mut events = Vec::new();
        let mut offset = from;
        loop {
            let path = match &offset {
                Some(offset) => self.audit_log(&format!("{query}&offset={offset}")),
                None => self.audit_log(query),
            };
            let mut page = self.good(&path).await;
            let data = page["data"].take();
            offset = page["next_page"]["offset"].as_str().map(str::to_owned);
            let Value::Array(data) = data else {
                panic!("no data: {page}")
            };
            if data.is_empty() {
                return (events, offset);
            }
            events.extend(data);
        }
    }
}

pub(crate) fn gids(events: &[Value]) -> Vec<String> {
    let gid = |event: &Value| event["gid"].as_str().unwrap().to_owned();
    events.iter().map(gid).collect()
}

/// The whole history, as it is exported.
pub(crate) fn exported_text(args: &SimulateArgs) -> String {
    let mut lines = Vec::new();
    let count = drishti_simulator::export(args, any_clock(), &mut lines).unwrap();
    let text = String::from_utf8(lines).unwrap();
    assert_eq!(text.lines().count() as u64, count);
    text
}

/// The same, read.
pub(crate) fn exported(args: &SimulateArgs) -> Vec<Value> {
    let text = exported_text(args);
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
