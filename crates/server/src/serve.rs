//! From a listener to answered requests: connections with bounds on number, header size and idle time, and an orderly end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use drishti_services::Services;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer;

use crate::bounds::{CONNECTIONS_MAX, HEADER_BYTES_MAX, HEADER_TIME_MAX, SHUTDOWN_TIME_MAX};
use crate::principal::Peer;
use crate::{ServerOptions, router};

/// Failures to accept a connection, one after the other, after which the listener is taken to be broken.
const ACCEPT_FAILURES_MAX: u32 = 100;

/// Pause after such a failure: most are a lack of file handles, which ends when a connection does.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What can go wrong with the server as a whole.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Without a token everybody would be let in, or nobody.
    #[error("starting the server: the api token is empty")]
    EmptyToken,
    /// The listener gives no connections any more.
    #[error("accepting connections")]
    Accept(#[source] io::Error),
}

/// Answers requests on `listener` until `shutdown`. Then no new ones are taken, and those under way have [`SHUTDOWN_TIME_MAX`] to
/// end.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    options: ServerOptions,
    shutdown: CancellationToken,
) -> Result<(), ServerError> {
    if options.token.is_empty() {
        return Err(ServerError::EmptyToken);
    }
    let server = Server {
        routes: router(services, options),
        bounds: Bounds::default(),
        shutdown,
        cut: CancellationToken::new(),
    };
    server.run(listener).await
}

/// The bounds of this file, so that tests can hit them.
#[derive(Clone, Copy)]
struct Bounds {
    connections: usize,
    header_time: Duration,
    shutdown_time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            header_time: HEADER_TIME_MAX,
            shutdown_time: SHUTDOWN_TIME_MAX,
        }
    }
}

#[derive(Clone)]
struct Server {
    routes: Router,
    bounds: Bounds,
    /// No new requests.
    shutdown: CancellationToken,
    /// No waiting for those under way either.
    cut: CancellationToken,
}

impl Server {
    async fn run(self, listener: TcpListener) -> Result<(), ServerError> {
        let connections = TaskTracker::new();
        let accepted = self.accept(listener, &connections).await;
        self.shutdown.cancel();
        connections.close();
        let ended = tokio::time::timeout(self.bounds.shutdown_time, connections.wait()).await;
        if ended.is_err() {
            let count = connections.len();
            tracing::warn!(count, "cutting connections that did not end in time");
            self.cut.cancel();
            connections.wait().await;
        }
        accepted
    }

    async fn accept(
        &self,
        listener: TcpListener,
        connections: &TaskTracker,
    ) -> Result<(), ServerError> {
        let places = Arc::new(Semaphore::new(self.bounds.connections));
        let mut failures = 0;
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            };
            let Some((place, accepted)) = self.shutdown.run_until_cancelled(next).await else {
                return Ok(());
            };
            match accepted {
                Ok((stream, peer)) => {
                    failures = 0;
                    let server = self.clone();
                    connections.spawn(async move {
                        let answered = server.answer(stream, Peer(peer));
                        server.cut.run_until_cancelled(answered).await;
                        drop(place);
                    });
                }
                Err(error) if failures >= ACCEPT_FAILURES_MAX => {
                    return Err(ServerError::Accept(error));
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Answers the requests of one connection. What breaks off here is the other side's business.
    async fn answer(&self, stream: TcpStream, peer: Peer) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection could not be set up");
        }
        let service = TowerToHyperService::new(Extension(peer).layer(self.routes.clone()));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.bounds.header_time)
            .max_header_size(HEADER_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::task::JoinHandle;

    use super::*;

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
}
