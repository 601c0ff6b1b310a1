//! What stands between the network and a handler, from the outside in: security headers and the log, the host, sizes, time. Then it is
//! found out who asks (`authentication`), the body is read (`body`), and a place is taken (`places`).

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::uri::Authority;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::bounds::{BODY_BYTES_MAX, QUERY_BYTES_MAX};
use crate::principal::Client;
use crate::problem::{Cause, Code, Problem};

/// Hosts that a server on loopback is called by.
const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// For a year browsers come by https only.
const HTTPS_ONLY: &str = "max-age=31536000";

/// Headers of every answer. But for the web app nothing here is a page, so nothing may be loaded, framed, guessed or kept.
const HEADERS: [(axum::http::HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
];

/// Puts the security headers on every answer and writes the one log line of a failure of ours. The line names the route and not
/// the address, which may hold personal data.
pub(crate) async fn hardened(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let client = Client::of(request.extensions(), request.headers());
    // On this machine other servers speak plain http under the same name.
    let is_sworn_to_https = client.is_encrypted && !is_for_loopback(&request);
    let mut response = next.run(request).await;
    if let Some(Cause(cause)) = response.extensions_mut().remove::<Cause>() {
        let route = route.as_ref().map_or("none", MatchedPath::as_str);
        tracing::error!(%method, route, cause, "a request failed");
    }
    if is_sworn_to_https {
        response.headers_mut().insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(HTTPS_ONLY),
        );
    }
    for (name, value) in HEADERS {
        // The web app says of its own files what may be kept and loaded.
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The host under which browsers find the server, where a proxy on this machine stands before it.
#[derive(Clone, Debug)]
pub(crate) struct PublicHost(pub(crate) Option<String>);

/// Refuses requests for any host but this machine and the public one.
pub(crate) async fn from_loopback(
    State(PublicHost(public)): State<PublicHost>,
    request: Request,
    next: Next,
) -> Response {
    let is_public = |host: &str| {
        let authority = host.parse::<Authority>();
        authority.is_ok_and(|authority| {
            let public = public.as_deref().unwrap_or_default();
            !host.contains('@') && authority.host().eq_ignore_ascii_case(public)
        })
    };
    if is_for(&request, |host| is_loopback(host) || is_public(host)) {
        return next.run(request).await;
    }
    let problem = Problem::new(
        Code::ForeignHost,
        "this server is bound to loopback and answers to localhost, 127.0.0.1 and [::1] only",
    );
    problem
        .with_hint(
            "Use one of these names, or bind the server to an address that others may reach.",
        )
        .into_response()
}

/// Whether every host that the request names, and it names one, is this machine.
fn is_for_loopback(request: &Request) -> bool {
    is_for(request, is_loopback)
}

/// Whether every host that the request names, and it names one, is one of these.
fn is_for(request: &Request, is_one: impl Fn(&str) -> bool) -> bool {
    let in_address = request.uri().authority().map(Authority::as_str);
    let in_headers = request.headers().get_all(HOST).iter();
    let mut hosts = in_headers
        .map(|host| host.to_str().unwrap_or_default())
        .chain(in_address)
        .peekable();
    hosts.peek().is_some() && hosts.all(is_one)
}

fn is_loopback(host: &str) -> bool {
    host.parse::<Authority>().is_ok_and(|authority| {
        !host.contains('@')
            && LOOPBACK_HOSTS
                .iter()
                .any(|name| authority.host().eq_ignore_ascii_case(name))
    })
}

/// Refuses addresses and bodies that are too large before anything of them is read.
pub(crate) async fn within_size(request: Request, next: Next) -> Response {
    let query_bytes = request.uri().query().map_or(0, str::len);
    if query_bytes > QUERY_BYTES_MAX {
        let detail = format!(
            "the query part of the address has {query_bytes} bytes, at most {QUERY_BYTES_MAX} are allowed"
        );
        return Problem::new(Code::AddressTooLong, detail).into_response();
    }
    let announced = request.headers().get(CONTENT_LENGTH);
    let announced: Option<u64> = announced.and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes| bytes > BODY_BYTES_MAX as u64) {
        return body_too_large().into_response();
    }
    next.run(request).await
}

pub(crate) fn body_too_large() -> Problem {
    let detail = format!("the body may have at most {BODY_BYTES_MAX} bytes");
    Problem::new(Code::BodyTooLarge, detail)
        .with_hint("Bring in files of events with `drishti ingest`.")
}

/// Ends requests that take too long.
pub(crate) async fn within_time(
    State(limit): State<Duration>,
    request: Request,
    next: Next,
) -> Response {
    let in_time = tokio::time::timeout(limit, next.run(request)).await;
    in_time.unwrap_or_else(|_| {
        let seconds = limit.as_secs();
        let detail = format!("no answer within {seconds} seconds, and the work was given up");
        Problem::new(Code::TooSlow, detail).into_response()
    })
}

/// What is answered where no route is.
pub(crate) async fn not_found() -> Problem {
    Problem::new(Code::NotFound, "no route has this address")
        .with_hint("GET /api/v1/openapi.json describes them all.")
}

/// What is answered to whoever speaks plain http where https is spoken.
pub(crate) async fn https_only() -> Problem {
    Problem::new(
        Code::TlsNeeded,
        "this port speaks https, and you speak http",
    )
    .with_hint("Begin the address with https://.")
}

/// What is answered where a route has another method.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(
        Code::MethodNotAllowed,
        "this address is there, but not with this method",
    )
    .with_hint("The header `Allow` names the methods.")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    fn request() -> Request {
        Request::new(Body::empty())
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_is_given_up() {
        let routes = Router::new()
            .route("/", get(std::future::pending::<&'static str>))
            .layer(from_fn_with_state(Duration::from_millis(1), within_time));
        let answer = routes.oneshot(request()).await.unwrap();
        assert_eq!(answer.status(), 503);
    }

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:8080",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "localhost.example.org",
            "example.org:80",
            "127.0.0.1.example.org",
            "localhost@example.org",
            "example.org@localhost",
            "127.0.0.2",
            "0.0.0.0",
            "::1",
            "[::1",
            "localhost:80:80",
            "localhost/",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
