//! Asana behind a proxy: what it is asked for, and by whom it is passed by.

use drishti_asana::{AsanaError, Client, ClientOptions, Proxy};
use drishti_model::Secret;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use url::Url;

use crate::client::EMPTY;
use crate::server::{Server, TOKEN, ok};
use crate::timer::RecordedTimer;

/// A proxy that lets nobody through, and the first lines and headers of what it was asked.
async fn refusing_proxy() -> (String, UnboundedReceiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (seen, requests) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                let length = stream.read_line(&mut line).await.unwrap_or_default();
                if length == 0 || line.trim().is_empty() {
                    break;
                }
                head.push(line.trim().to_owned());
            }
            let answer = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
            if answer.await.is_ok() && seen.send(head).is_err() {
                return;
            }
        }
    });
    (address, requests)
}

fn client(options: ClientOptions) -> Client {
    Client::with_timer(options, std::sync::Arc::new(RecordedTimer::default())).unwrap()
}

fn behind(proxy: &str, except: &str, base_url: &str) -> ClientOptions {
    ClientOptions {
        base_url: Url::parse(base_url).unwrap(),
        token: Secret::new(TOKEN),
        concurrent_reads: 1,
        requests_per_minute: 0,
        user_agent: "drishti-test/1".to_owned(),
        token_limits: drishti_asana::TokenLimits::default(),
        proxy: Some(Proxy {
            address: Secret::new(proxy),
            except: except.to_owned(),
        }),
    }
}

const ELSEWHERE: &str = "https://asana.invalid/api/1.0";

#[tokio::test]
async fn a_proxy_is_asked_for_the_host_and_never_shown_the_token() {
    let (address, mut requests) = refusing_proxy().await;
    let proxy = format!("http://user:hunter2@{address}");
    let options = behind(&proxy, "example.com", ELSEWHERE);
    assert!(!format!("{options:?}").contains("hunter2"));
    let error = client(options).workspaces().await.unwrap_err();
    assert!(matches!(error, AsanaError::Connection { .. }), "{error}");
    let chain = format!("{error:?}");
    assert!(!chain.contains("hunter2"), "{chain}");
    let head = requests.recv().await.unwrap();
    assert_eq!(head[0], "CONNECT asana.invalid:443 HTTP/1.1");
    assert!(
        head.iter()
            .any(|line| line.to_lowercase() == "proxy-authorization: basic dxnlcjpodw50zxiy"),
        "{head:?}"
    );
    assert!(!head.iter().any(|line| line.contains(TOKEN)), "{head:?}");
}

#[tokio::test]
async fn hosts_that_need_no_proxy_are_reached_without_it() {
    let (address, mut requests) = refusing_proxy().await;
    let options = behind(&address, "example.com, asana.invalid", ELSEWHERE);
    client(options).workspaces().await.unwrap_err();
    assert!(requests.try_recv().is_err());
}

#[tokio::test]
async fn this_machine_is_reached_without_it() {
    let server = Server::scripted([ok(EMPTY)]).await;
    let base_url = server.options().base_url;
    let options = behind("http://127.0.0.1:1", "", base_url.as_str());
    client(options).workspaces().await.unwrap();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn an_address_that_is_none_is_refused_without_its_password() {
    let options = behind("http://user:hunter2@proxy:port", "", ELSEWHERE);
    let error = Client::new(options).unwrap_err();
    assert!(matches!(error, AsanaError::Setup { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
