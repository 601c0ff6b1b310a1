use std::net::SocketAddr;
use std::path::Path;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;
use crate::TlsFiles;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A server whose requests say that they have begun, and then wait to be released.
struct Running {
    address: SocketAddr,
    server: JoinHandle<Result<(), ServerError>>,
    shutdown: CancellationToken,
    begun: Arc<Semaphore>,
    release: CancellationToken,
}

async fn start(bounds: Bounds) -> Running {
    start_with(bounds, None).await
}

async fn start_with(bounds: Bounds, acceptor: Option<TlsAcceptor>) -> Running {
    let begun = Arc::new(Semaphore::new(0));
    let (release, shutdown) = (CancellationToken::new(), CancellationToken::new());
    let (signal, released) = (Arc::clone(&begun), release.clone());
    let handler = get(move || async move {
        signal.add_permits(1);
        released.cancelled().await;
        "done"
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server {
        routes: Router::new().route("/", handler),
        acceptor,
        bounds,
        shutdown: shutdown.clone(),
        cut: CancellationToken::new(),
    };
    Running {
        address,
        server: tokio::spawn(server.run(listener)),
        shutdown,
        begun,
        release,
    }
}

impl Running {
    async fn connect(&self, request: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream
    }

    async fn one_begun(&self) {
        self.begun.acquire().await.unwrap().forget();
    }
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let running = start(Bounds::default()).await;
    let mut stream = running.connect(REQUEST).await;
    running.one_begun().await;
    running.shutdown.cancel();
    running.release.cancel();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("done"), "{answer}");
    running.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut() {
    let running = start(Bounds {
        shutdown_time: Duration::from_millis(20),
        ..Bounds::default()
    })
    .await;
    let mut stream = running.connect(REQUEST).await;
    running.one_begun().await;
    running.shutdown.cancel();
    running.server.await.unwrap().unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{answer:?}");
}

#[tokio::test]
async fn headers_that_do_not_end_are_not_waited_for() {
    let running = start(Bounds {
        header_time: Duration::from_millis(20),
        ..Bounds::default()
    })
    .await;
    let mut stream = running.connect(b"GET / HTTP/1.1\r\nhost: loc").await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(!answer.contains("200"), "{answer}");
    assert_eq!(running.begun.available_permits(), 0);
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused() {
    let running = start(Bounds::default()).await;
    let padding = "x".repeat(HEADER_BYTES_MAX);
    let request = format!("GET / HTTP/1.1\r\nhost: localhost\r\npadding: {padding}\r\n\r\n");
    let mut stream = running.connect(request.as_bytes()).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");
}

#[tokio::test]
async fn one_connection_too_many_waits_for_another_to_end() {
    let running = start(Bounds {
        connections: 1,
        ..Bounds::default()
    })
    .await;
    let first = running.connect(REQUEST).await;
    running.one_begun().await;
    let mut second = running.connect(REQUEST).await;
    let waiting = tokio::time::timeout(Duration::from_millis(50), running.one_begun());
    assert!(waiting.await.is_err());
    drop(first);
    running.one_begun().await;
    running.release.cancel();
    let mut answer = [0; 12];
    second.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

/// Certificate and key in a folder, for this name.
fn write_certificate(folder: &Path, name: &str) -> TlsFiles {
    let files = TlsFiles {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    };
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    files
}

#[tokio::test]
async fn a_connection_that_is_not_encrypted_in_time_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls::new(write_certificate(folder.path(), "localhost")).unwrap();
    let bounds = Bounds {
        handshake_time: Duration::from_millis(20),
        ..Bounds::default()
    };
    let running = start_with(bounds, Some(tls.acceptor().unwrap())).await;
    for beginning in [&b""[..], b"\x16\x03\x01"] {
        let mut stream = running.connect(beginning).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer).await;
        assert!(matches!(read, Ok(0) | Err(_)), "{answer:?}");
    }
    // One that waits does not hold up the end.
    let _waiting = running.connect(b"").await;
    running.shutdown.cancel();
    running.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let files = write_certificate(folder.path(), "localhost");
    let mut tls = Tls::new(files.clone()).unwrap();
    let running = start_with(Bounds::default(), Some(tls.acceptor().unwrap())).await;
    running.release.cancel();
    let address = running.address;
    // Each client knows one certificate only.
    let client = |certificate: &[u8]| {
        let certificate = reqwest::Certificate::from_pem(certificate).unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .add_root_certificate(certificate);
        client.build().unwrap()
    };
    let reaches = async |client: &reqwest::Client| {
        let url = format!("https://localhost:{}/", address.port());
        client.get(url).send().await.is_ok()
    };
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let first = std::fs::read(&files.certificate).unwrap();
    assert!(reaches(&client(&first)).await);
    let old_key = std::fs::read(&files.key).unwrap();
    write_certificate(folder.path(), "localhost");
    let second = std::fs::read(&files.certificate).unwrap();
    // The certificate is written, and its key not yet.
    let new_key = std::fs::read(&files.key).unwrap();
    std::fs::write(&files.key, &old_key).unwrap();
    tls.look_again(now);
    assert!(reaches(&client(&first)).await);
    std::fs::remove_file(&files.key).unwrap();
    tls.look_again(now);
    assert!(reaches(&client(&first)).await);
    std::fs::write(&files.key, &new_key).unwrap();
    tls.look_again(now);
    assert!(reaches(&client(&second)).await);
    assert!(!reaches(&client(&first)).await);
    running.shutdown.cancel();
    running.server.await.unwrap().unwrap();
}
