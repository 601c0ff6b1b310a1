use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use drishti_asana::{Client, ClientOptions, TokenLimits};
use drishti_model::Secret;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::timer::RecordedTimer;

pub(crate) const TOKEN: &str = "1/1208549725691543:f00dfeedbeef";
pub(crate) const WORKSPACE: &str = "1208549725000001";

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Seen {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A whole answer.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// A 200 whose connection ends before its body does.
    Cut(&'static str),
    /// The connection ends without a word.
    HangUp,
    /// Nothing, ever.
    Silence,
}

pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Reply {
    Reply::Whole(200, Vec::new(), body.into())
}

pub(crate) fn status(status: u16, message: &str) -> Reply {
    let body = format!(r#"{{"errors":[{{"message":"{message}","help":"read the docs"}}]}}"#);
    Reply::Whole(status, Vec::new(), body.into_bytes())
}

impl Reply {
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Whole(_, headers, _) = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

/// An HTTP server on a free port of loopback.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers each request with what `answer` says about it.
    pub(crate) async fn start<F>(answer: impl Fn(Seen) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Reply> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<Answer> = Arc::new(move |request| answer(request).boxed());
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        Self { address, seen }
    }

    /// Gives `replies` one after the other, and the last one from then on.
    pub(crate) async fn scripted(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies: Vec<Reply> = replies.into_iter().collect();
        replies.reverse();
        let replies = Mutex::new(replies);
        Self::start(move |_| {
            let mut replies = replies.lock().unwrap();
            let reply = if replies.len() > 1 {
                replies.pop()
            } else {
                replies.last().cloned()
            };
            std::future::ready(reply.unwrap())
        })
        .await
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions {
            base_url: Url::parse(&format!("http://{}/api/1.0", self.address)).unwrap(),
            token: Secret::new(TOKEN),
            concurrent_reads: 50,
            requests_per_minute: 0,
            user_agent: "drishti-test/1".to_owned(),
            token_limits: TokenLimits::default(),
            proxy: None,
        }
    }

    /// A client whose waits are recorded, not waited for.
    pub(crate) fn client(&self) -> (Client, Arc<RecordedTimer>) {
        self.client_to(self.options().base_url)
    }

    /// The same, which calls somewhere else.
    pub(crate) fn client_to(&self, base_url: Url) -> (Client, Arc<RecordedTimer>) {
        let timer = Arc::new(RecordedTimer::default());
        let options = ClientOptions {
            base_url,
            ..self.options()
        };
        let client = Client::with_timer(options, Arc::clone(&timer) as _).unwrap();
        (client, timer)
    }
}

type Answer = dyn Fn(Seen) -> BoxFuture<'static, Reply> + Send + Sync;

async fn serve(stream: TcpStream, answer: Arc<Answer>, log: Arc<Mutex<Vec<Seen>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = request(&mut stream).await {
        log.lock().unwrap().push(request.clone());
        let reply = match answer(request).await {
            Reply::Whole(status, headers, body) => whole(status, &headers, &body),
            Reply::Cut(beginning) => {
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n";
                let sent = stream
                    .write_all(format!("{head}{beginning}").as_bytes())
                    .await;
                return drop(sent);
            }
            Reply::HangUp => return,
            Reply::Silence => std::future::pending().await,
        };
        // A client that refuses an answer closes the connection, which is no fault of the server.
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

fn whole(status: u16, headers: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
    }
    let target = lines.first()?.split(' ').nth(1)?;
    let address = Url::parse("http://server").unwrap().join(target).ok()?;
    Some(Seen {
        path: address.path().to_owned(),
        query: address.query_pairs().into_owned().collect(),
        headers: lines
            .iter()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect(),
    })
}
