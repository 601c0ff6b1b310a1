use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{PROGRAM, Running, TOKEN, bound, http};

/// A simulated Asana.
#[derive(Debug)]
pub(crate) struct Simulator {
    _process: Option<Running>,
    pub(crate) address: String,
    http: reqwest::Client,
}

impl Simulator {
    /// A simulator with these further arguments.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let mut command = bound(PROGRAM);
        command
            .env_clear()
            .args(["simulate", "--listen", "127.0.0.1:0"])
            .args(arguments);
        let mut process = Running::spawn(command);
        let address = process.line("listening on ").await;
        Self {
            _process: Some(process),
            address,
            http: http(),
        }
    }

    /// One that somebody else has started.
    pub(crate) fn adopt(address: &str) -> Self {
        Self {
            _process: None,
            address: address.to_owned(),
            http: http(),
        }
    }

    /// A small organisation whose time stands still at `moment`.
    pub(crate) async fn frozen(
        people: u32,
        days: u32,
        moment: DateTime<Utc>,
        more: &[&str],
    ) -> Self {
        let (people, days) = (people.to_string(), days.to_string());
        let moment = moment.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut arguments = vec!["--people", &people, "--days", &days, "--freeze-at", &moment];
        arguments.extend(more);
        Self::start(&arguments).await
    }

    pub(crate) fn api_url(&self) -> String {
        format!("{}/api/1.0", self.address)
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        let answer = self
            .http
            .get(format!("{}{path}", self.address))
            .send()
            .await;
        answer.unwrap().error_for_status().unwrap()
    }

    async fn put(&self, path: &str, body: &Value) -> Value {
        let request = self.http.put(format!("{}{path}", self.address)).json(body);
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    /// Sets what goes wrong from now on; what is not named goes well.
    pub(crate) async fn faults(&self, faults: Value) {
        self.put("/simulator/faults", &faults).await;
    }

    /// Moves a clock that stands still.
    pub(crate) async fn advance(&self, seconds: u64) {
        self.put("/simulator/clock", &json!({"advance_seconds": seconds}))
            .await;
    }

    /// The gids of all events that can be read now, sorted.
    pub(crate) async fn truth(&self, workspace: Option<&str>) -> Vec<String> {
        let path = match workspace {
            Some(gid) => format!("/simulator/truth?workspace={gid}"),
            None => "/simulator/truth".to_owned(),
        };
        let text = self.get(&path).await.text().await.unwrap();
        let mut gids: Vec<String> = text.lines().map(str::to_owned).collect();
        gids.sort_unstable();
        assert!(
            !gids.is_empty(),
            "a simulator without events proves nothing"
        );
        gids
    }

    /// Answers so far to requests for the audit log, by status.
    pub(crate) async fn audit_log_answers(&self) -> Value {
        let stats: Value = self.get("/simulator/stats").await.json().await.unwrap();
        stats["requests"]["/api/1.0/workspaces/{workspace}/audit_log_events"].clone()
    }

    /// Requests for the audit log that were answered, whatever the answer.
    pub(crate) async fn audit_log_requests(&self) -> u64 {
        let answers = self.audit_log_answers().await;
        let counts = answers.as_object().into_iter().flatten();
        counts.filter_map(|(_, count)| count.as_u64()).sum()
    }

    /// Requests of any kind that were answered.
    pub(crate) async fn requests(&self) -> u64 {
        let stats: Value = self.get("/simulator/stats").await.json().await.unwrap();
        let by_path = stats["requests"].as_object().cloned().unwrap_or_default();
        by_path
            .values()
            .filter_map(Value::as_object)
            .flat_map(|by_status| by_status.values().filter_map(Value::as_u64))
            .sum()
    }

    /// The gids of the workspaces that the token sees.
    pub(crate) async fn workspaces(&self) -> Vec<String> {
        let request = self
            .http
            .get(format!("{}/workspaces", self.api_url()))
            .bearer_auth(TOKEN);
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        let page: Value = answer.json().await.unwrap();
        let workspaces = page["data"].as_array().unwrap().iter();
        workspaces
            .map(|workspace| workspace["gid"].as_str().unwrap().to_owned())
            .collect()
    }
}
