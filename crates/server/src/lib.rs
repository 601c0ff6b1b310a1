//! The REST API, its `OpenAPI` document and the probes: HTTP in front of [`drishti_services`].
//!
//! # Invariants
//! * The route table is the `OpenAPI` document: every handler is registered through `utoipa_axum::routes!`, and the committed
//!   `openapi.json` is compared with it by a test.
//! * Who may do what stands in one table (`permissions`). Nothing below `/api/` is answered to strangers but the document itself and
//!   an attempt to sign in. What is open (`/`, `/healthz`, `/readyz`, the document)
//!   holds no personal data, no event and no secret.
//! * A secret goes in and never comes out. What is made here comes out once: an API token, the secret of a second factor, the cookie.
//! * Every failure is one problem document (RFC 9457) whose code is in the table of `problem`. What we did not foresee is logged
//!   once, at the edge, and not told.
//! * Everything has a bound, and all of them stand in `bounds`; what one caller may ask for is counted in `rate`.
//! * Creations with an `Idempotency-Key` are made once (`repeatable`).

mod api;
mod authentication;
mod body;
mod bounds;
mod cookie;
mod cursor;
mod download;
mod guard;
mod metrics;
mod openapi;
mod parameters;
mod permissions;
mod places;
mod preconditions;
mod principal;
mod probes;
mod problem;
mod rate;
mod repeatable;
mod sending;
mod serve;
mod shares;
mod tls;
mod web;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use drishti_model::Secret;
use drishti_services::Services;
use drishti_services::access::OpenId;
use tokio_util::sync::CancellationToken;

use api::Provider;
use authentication::Gate;
use guard::PublicHost;
use principal::BehindProxy;
use rate::Rates;

pub use bounds::{
    BODY_BYTES_MAX, BODY_TIME_MAX, CONCURRENT_REQUESTS_MAX, CONCURRENT_REQUESTS_OF_ONE_MAX,
    CONNECTIONS_MAX, EVENTS_PAGE_BYTES_MAX, EXPORT_TIME_MAX, HANDSHAKE_TIME_MAX, HEADER_BYTES_MAX,
    HEADER_TIME_MAX, HISTOGRAM_BARS_MAX, IDEMPOTENCY_KEY_CHARACTERS_MAX, PAGE_MAX,
    PARAMETER_CHARACTERS_MAX, QUARANTINE_ANSWER_BYTES_MAX, QUERY_BYTES_MAX, READY_TIME_MAX,
    REPLAY_IDS_MAX, REQUEST_TIME_MAX, SHUTDOWN_TIME_MAX, SQL_BYTES_MAX, STREAMS_MAX,
    STREAMS_OF_ONE_MAX, VALUE_FILTERS_MAX,
};
pub use openapi::openapi;
pub use permissions::{Creation, PERMISSIONS, Permission};
pub use rate::RequestLimits;
pub use serve::{ServerError, serve};
pub use tls::{CERTIFICATE_WARNING, Certificate, Lifetime, TLS_FILE_BYTES_MAX, TlsError, TlsFiles};
pub use web::has_web_app;

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// What callers show as `Authorization: Bearer …`.
    pub token: Secret,
    /// Whether only `localhost`, `127.0.0.1` and `[::1]` are taken as the host of a request. For servers bound to loopback: a page
    /// in the owner's browser can point a name of its own at 127.0.0.1 (DNS rebinding), but can't send another host.
    pub loopback_only_hosts: bool,
    /// Whether a proxy stands before the server whose `X-Forwarded-For` and `X-Forwarded-Proto` can be believed.
    pub behind_proxy: bool,
    /// The host under which browsers find the server, where that is known; answered to as well.
    pub public_host: Option<String>,
    /// Certificate and key, where the server speaks https itself.
    pub tls: Option<TlsFiles>,
    /// A provider to sign in with.
    pub openid: Option<OpenId>,
    /// How much one caller may ask for.
    pub limits: RequestLimits,
    /// Whether strangers may read the metrics, which name the sources.
    pub metrics_are_open: bool,
}

impl ServerOptions {
    /// For a server on loopback with this token, and everything else as usual.
    pub fn new(token: Secret) -> Self {
        Self {
            token,
            loopback_only_hosts: true,
            behind_proxy: false,
            public_host: None,
            tls: None,
            openid: None,
            limits: RequestLimits::default(),
            metrics_are_open: false,
        }
    }
}

/// All routes, with everything that guards them. Streams end at `shutdown`.
pub fn router(services: Services, options: ServerOptions, shutdown: CancellationToken) -> Router {
    let ServerOptions {
        token,
        loopback_only_hosts,
        behind_proxy,
        public_host,
        tls: _,
        openid,
        limits,
        metrics_are_open,
    } = options;
    let gate = Gate {
        services: services.clone(),
        token,
        rates: Rates::new(limits),
        metrics_are_open,
    };
    let (routes, document) = openapi::routes(gate);
    let routes = routes
        .route("/", axum::routing::get(web::app))
        .fallback(web::app)
        .method_not_allowed_fallback(guard::method_not_allowed)
        .layer(axum::Extension(openapi::Document::new(&document)))
        .layer(axum::Extension(Provider(openid)))
        .layer(axum::Extension(api::Streams::new(shutdown)))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(REQUEST_TIME_MAX, guard::within_time))
        .layer(from_fn(guard::within_size));
    let routes = if loopback_only_hosts {
        routes.layer(from_fn_with_state(
            PublicHost(public_host),
            guard::from_loopback,
        ))
    } else {
        routes
    };
    routes
        .layer(from_fn(api::sumo::in_their_words))
        .layer(from_fn(guard::hardened))
        .layer(axum::Extension(BehindProxy(behind_proxy)))
        .with_state(services)
}
