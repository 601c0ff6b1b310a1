//! A server of a test's own, and a client that checks every answer on the way.

use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use drishti_model::{ManualClock, Role, Secret, SourceName, SourceProfile, SourceScope};
use drishti_server::{ServerError, ServerOptions, serve};
use drishti_services::access::AddOperator;
use drishti_services::sources::AddSource;
use drishti_services::watch::KnowledgeFiles;
use drishti_services::{Installation, LakeLocation, SealingKey, Services};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::schema::Document;

/// The token of the API.
pub(crate) const API_TOKEN: &str = "api-token-7f3a91";

/// The password of every operator.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A token of Asana's that a source is given.
pub(crate) const ASANA_TOKEN: &str = "2/1201/88:asana-token-c4d2";

/// When all of this happens.
pub(crate) const NOW: &str = "2026-03-10T12:00:00Z";

/// The only policy.
const POLICY: &str = r"
title: Export started
id: 7f0fbd1a-50b5-4c4b-8c57-9a2b2b1e5a03
status: stable
logsource: {product: asana, service: audit}
detection:
  selection: {event_type: workspace_export_started}
  condition: selection
level: high
drishti:
  name: test.export
  title: '{actor.email} started an export'
";

pub(crate) struct App {
    pub(crate) services: Services,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    pub(crate) key: SealingKey,
    client: Client,
    document: Document,
    shutdown: CancellationToken,
    server: JoinHandle<Result<(), ServerError>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of the problem that it must be, with this status.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("urn:drishti:problem:{code}"));
        code
    }

    /// The code of the problem that it must be, in whichever form.
    pub(crate) fn refusal(&self, status: u16) -> String {
        if self.headers["content-type"] == "application/problem+json" {
            return self.problem(status);
        }
        assert_eq!(self.status, status, "{}", self.text);
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// The cookie that it sets, as a browser sends it back.
    pub(crate) fn cookie(&self) -> String {
        let set = self.headers["set-cookie"].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    /// What it holds, where it must be a success.
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}", self.text);
        self.json()
    }
}

pub(crate) fn now() -> DateTime<Utc> {
    NOW.parse().unwrap()
}

pub(crate) fn name(text: &str) -> SourceName {
    SourceName::new(text).unwrap()
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with(true).await
    }

    pub(crate) async fn start_with(loopback_only_hosts: bool) -> Self {
        Self::start_set_up(|options| options.loopback_only_hosts = loopback_only_hosts).await
    }

    /// A server whose options a test changes. It counts no requests.
    pub(crate) async fn start_set_up(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(ManualClock::new(now()));
        let key = SealingKey::generate().unwrap();
        let installation = Installation {
            lake: LakeLocation::folder(&folder.path().join("lake")).unwrap(),
            ledger_url: format!("sqlite://{}", folder.path().join("ledger.db").display()),
            key: key.clone(),
            holder: "test:1".to_owned(),
            proxy: None,
            declared_in: Some("/etc/drishti.toml".to_owned()),
            knowledge: KnowledgeFiles {
                shipped: vec![("export.yml".into(), POLICY.to_owned())],
                ..KnowledgeFiles::default()
            },
        };
        let services = Services::open(installation, Arc::clone(&clock) as _)
            .await
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let mut options = ServerOptions::new(Secret::new(API_TOKEN));
        options.limits.requests_per_minute = 0;
        change(&mut options);
        let server = tokio::spawn(serve(listener, services.clone(), options, shutdown.clone()));
        Self {
            services,
            clock,
            address,
            folder,
            key,
            client: Client::builder()
                .no_proxy()
                .redirect(Policy::none())
                .build()
                .unwrap(),
            document: Document::new(),
            shutdown,
            server,
        }
    }

    /// Stops the server and sees that it ended well.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.server.await.unwrap().unwrap();
    }

    /// Adds a source that takes files, and brings these lines into it.
    pub(crate) async fn ingest(&self, source: &str, lines: &[String]) {
        if self.services.source(&name(source)).await.is_err() {
            let add = AddSource {
                name: name(source),
                workspace_gid: None,
                token: None,
                profile: SourceProfile {
                    workspace_gid: None,
                    api_url: SourceProfile::API_URL.to_owned(),
                    description: String::new(),
                    category: String::new(),
                    fields: [].into(),
                    collect: drishti_model::CollectSettings::default(),
                },
                declared: false,
            };
            self.services.add_source(add).await.unwrap();
        }
        let input = std::io::Cursor::new(lines.join("\n").into_bytes());
        let source = name(source);
        let ingested = self
            .services
            .ingest(&source, "events.jsonl", Box::new(input), |_| {});
        ingested.await.unwrap();
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_without_token(method, path)
            .bearer_auth(API_TOKEN)
    }

    pub(crate) fn request_without_token(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// Adds an operator with [`PASSWORD`].
    pub(crate) async fn add_operator(&self, name: &str, role: Role, scope: SourceScope) {
        let add = AddOperator {
            name: name.to_owned(),
            display_name: String::new(),
            role,
            scope,
            password: Some(Secret::new(PASSWORD)),
        };
        self.services.add_operator(add, "test").await.unwrap();
    }

    /// Signs an operator in, and gives the cookie.
    pub(crate) async fn sign_in(&self, name: &str) -> String {
        let answer = self
            .try_sign_in(&json!({"name": name, "password": PASSWORD}))
            .await;
        answer.ok();
        answer.cookie()
    }

    pub(crate) async fn try_sign_in(&self, credentials: &Value) -> Answer {
        let request = self.request_without_token(Method::POST, "/api/v1/session");
        self.send(request.json(credentials)).await
    }

    /// A request of the web app's, with the cookie.
    pub(crate) fn request_of(&self, cookie: &str, method: Method, path: &str) -> RequestBuilder {
        self.request_without_token(method, path)
            .header("cookie", cookie)
            .header("x-requested-with", "drishti")
    }

    /// Sends a request. Whatever comes back must be as the document says, and hold no token.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.client.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        // A stream has no end to wait for.
        let is_stream = headers
            .get("content-type")
            .is_some_and(|kind| kind == "text/event-stream");
        let text = if is_stream {
            String::new()
        } else {
            response.text().await.unwrap()
        };
        let answer = Answer {
            status,
            headers,
            text,
        };
        let all = format!("{:?} {}", answer.headers, answer.text);
        for secret in [API_TOKEN, ASANA_TOKEN, PASSWORD] {
            assert!(
                !all.contains(secret),
                "{method} {path} shows a token: {all}"
            );
        }
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        let is_kept = answer.headers["cache-control"] != "no-store";
        assert!(!is_kept || !path.starts_with("/api/"), "{path}");
        assert!(
            answer.headers["content-security-policy"]
                .to_str()
                .unwrap()
                .starts_with("default-src 'none'")
        );
        self.document.check(&method, &path, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A request with these parameters, written as they must be in an address.
    pub(crate) async fn query(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::GET, path).query(parameters);
        self.send(request).await
    }
}
