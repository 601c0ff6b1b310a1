use std::process::ExitStatus;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::{Installation, Running, Simulator, eventually, http};

/// A running `drishti serve`.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Running,
    pub(crate) address: String,
    token: String,
    http: reqwest::Client,
}

impl Server {
    pub(crate) async fn start(installation: &Installation) -> Self {
        Self::adopt(
            installation,
            installation.spawn(&["serve", "--listen", "127.0.0.1:0"]),
        )
        .await
    }

    /// Waits until a process that was started as a server listens.
    pub(crate) async fn adopt(installation: &Installation, mut process: Running) -> Self {
        let address = process.line("listening on ").await;
        let token = std::fs::read_to_string(installation.home().join("api-token")).unwrap();
        Self {
            process,
            address,
            token: token.trim().to_owned(),
            http: http(),
        }
    }

    /// A request, not sent yet, with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.without_token(method, path).bearer_auth(&self.token)
    }

    /// A request, not sent yet.
    pub(crate) fn without_token(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.address))
    }

    /// Status and JSON of an answer.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => panic!("{error:?}\n{}", self.process.outputs()),
        };
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// The JSON of an answer that must be good.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(self.request(Method::GET, path)).await;
        assert_eq!(status, 200, "{path}: {body:#}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Waits until a source has `state`, and gives the source.
    pub(crate) async fn reaches(&self, source: &str, state: &str) -> Value {
        let path = format!("/api/v1/sources/{source}");
        eventually(&format!("`{source}` to be {state}"), async || {
            let (_, found) = self.send(self.request(Method::GET, &path)).await;
            if found["status"]["state"] == state {
                Ok(found)
            } else {
                Err(format!("{found:#}\n{}", self.process.outputs()))
            }
        })
        .await
    }

    /// Waits until a source is collecting and all that it had to fetch is there.
    pub(crate) async fn catches_up(&self, source: &str) -> Value {
        let path = format!("/api/v1/sources/{source}");
        eventually(&format!("`{source}` to catch up"), async || {
            let (_, found) = self.send(self.request(Method::GET, &path)).await;
            let coverage = &found["coverage"];
            let has_all = coverage["windows_total"].as_u64() > Some(0)
                && coverage["windows_done"] == coverage["windows_total"];
            if found["status"]["state"] == "Collecting" && has_all {
                Ok(found)
            } else {
                Err(format!("{found:#}\n{}", self.process.outputs()))
            }
        })
        .await
    }

    /// Waits until a source is collecting and the lake has as many events as the simulator.
    pub(crate) async fn has_all(&self, source: &str, simulator: &Simulator) -> Value {
        let expected = simulator.truth(None).await.len();
        let line = format!("drishti_lake_rows {expected}.0");
        eventually(&format!("`{line}`"), async || {
            let request = self.request(Method::GET, "/metrics");
            let (_, metrics) = self.send(request).await;
            let metrics = metrics.as_str().unwrap_or_default();
            let has_all = metrics.lines().any(|found| found == line);
            has_all.then_some(()).ok_or_else(|| metrics.to_owned())
        })
        .await;
        self.catches_up(source).await
    }

    /// Stops the server as an init system does.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        self.process.stop("TERM").await
    }
}
