//! From a listener to answered requests: connections with bounds on number, header size and idle time, and an orderly end.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::middleware::from_fn;
use axum::{Extension, Router};
use drishti_model::Clock;
use drishti_services::Services;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer;

use crate::bounds::{
    CERTIFICATE_LOOK_EVERY, CONNECTIONS_MAX, HANDSHAKE_TIME_MAX, HEADER_BYTES_MAX, HEADER_TIME_MAX,
    SHUTDOWN_TIME_MAX,
};
use crate::guard::{hardened, https_only};
use crate::principal::{OverTls, Peer};
use crate::tls::{Tls, TlsError};
use crate::{ServerOptions, router};

/// Failures to accept a connection, one after the other, after which the listener is taken to be broken.
const ACCEPT_FAILURES_MAX: u32 = 100;

/// Pause after such a failure: most are a lack of file handles, which ends when a connection does.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// First byte of a connection that is to be encrypted (RFC 8446, section 5.1: the record of a handshake).
const TLS_HANDSHAKE: u8 = 22;

/// What can go wrong with the server as a whole.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Without a token everybody would be let in, or nobody.
    #[error("starting the server: the api token is empty")]
    EmptyToken,
    /// Certificate and key can't be used.
    #[error("starting the server with TLS")]
    Tls(#[from] TlsError),
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
    let tls = options.tls.clone().map(Tls::new).transpose()?;
    let acceptor = tls.as_ref().map(Tls::acceptor).transpose()?;
    let clock = Arc::clone(services.clock());
    let server = Server {
        routes: router(services.clone(), options, shutdown.clone()),
        acceptor,
        bounds: Bounds::default(),
        shutdown: shutdown.clone(),
        cut: CancellationToken::new(),
    };
    let serving = async {
        let Some(tls) = tls else {
            return server.run(listener).await;
        };
        let renewal = renew(tls, clock, CERTIFICATE_LOOK_EVERY);
        tokio::select! {
            outcome = server.run(listener) => outcome,
            never = renewal => match never {},
        }
    };
    let (ended, ()) = tokio::join!(serving, services.tell_changes(shutdown));
    ended
}

/// Looks at the files of certificate and key again and again.
async fn renew(mut tls: Tls, clock: Arc<dyn Clock>, every: Duration) -> Infallible {
    loop {
        tls.look_again(clock.now());
        tokio::time::sleep(every).await;
    }
}

/// The bounds of this file, so that tests can hit them.
#[derive(Clone, Copy)]
struct Bounds {
    connections: usize,
    handshake_time: Duration,
    header_time: Duration,
    shutdown_time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            handshake_time: HANDSHAKE_TIME_MAX,
            header_time: HEADER_TIME_MAX,
            shutdown_time: SHUTDOWN_TIME_MAX,
        }
    }
}

#[derive(Clone)]
struct Server {
    routes: Router,
    /// Where https is spoken.
    acceptor: Option<TlsAcceptor>,
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
        let Some(acceptor) = &self.acceptor else {
            return self.talk(stream, peer, &self.routes).await;
        };
        let encrypted = tokio::time::timeout(self.bounds.handshake_time, async {
            let mut first = [0];
            stream.peek(&mut first).await?;
            if first == [TLS_HANDSHAKE] {
                acceptor.accept(stream).await.map(Ok)
            } else {
                Ok(Err(stream))
            }
        });
        match self.shutdown.run_until_cancelled(encrypted).await {
            Some(Ok(Ok(Ok(stream)))) => {
                let routes = self.routes.clone().layer(Extension(OverTls(true)));
                self.talk(stream, peer, &routes).await;
            }
            Some(Ok(Ok(Err(plain)))) => {
                let routes = Router::new().fallback(https_only).layer(from_fn(hardened));
                self.talk(plain, peer, &routes).await;
            }
            Some(Ok(Err(error))) => tracing::debug!(%error, "a connection was not encrypted"),
            Some(Err(_)) => tracing::debug!("a connection was not encrypted in time"),
            None => {}
        }
    }

    /// Speaks HTTP on a connection.
    async fn talk(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send,
        peer: Peer,
        routes: &Router,
    ) {
        let service = TowerToHyperService::new(Extension(peer).layer(routes.clone()));
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
