use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use drishti_model::Secret;
use reqwest::header::{ACCEPT, AUTHORIZATION, DATE, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode};
use tracing::debug;
use url::{Host, Url};

use crate::error::{AsanaError, Endpoint};
use crate::event::Rejection;
use crate::limits::{Limits, TokenLimits};
use crate::refusal::refused;
use crate::retry::{Retries, http_date};
use crate::timer::{Timer, TokioTimer};

/// Elements on one page: the most that Asana's schema allows (`asana-api.md`, section 0).
pub const PAGE_LIMIT: u32 = 100;
/// Most bytes of one answer, unpacked.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest wait for a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for one whole answer, connection included.
pub const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// The longest time for which a `Retry-After` holds back all requests of a token.
pub const CLOSED_MAX: Duration = Duration::from_hours(1);
/// Most digits of an id of Asana in a path; real ones have 16.
const GID_DIGITS_MAX: usize = 32;

/// Where Asana is, who asks, and how much at once.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Such as `https://app.asana.com/api/1.0`. Plain http only to this machine.
    pub base_url: Url,
    /// A service account's token; the audit log is closed to all others.
    pub token: Secret,
    /// Reads at once, 1 to [`crate::CONCURRENT_READS_MAX`]; others are brought into that span.
    pub concurrent_reads: u32,
    /// Requests in any 60 seconds, repeated ones included; 0 for no limit.
    pub requests_per_minute: u32,
    /// How the program names itself.
    pub user_agent: String,
    /// What stands between this machine and Asana, if anything does. The environment is not asked.
    pub proxy: Option<Proxy>,
    /// What the token may ask, shared by all clients that may have the same one.
    pub token_limits: TokenLimits,
}

/// A proxy that Asana is reached through. This machine itself never is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Such as `http://proxy.example.com:3128`; a user name and a password may stand in it.
    pub address: Secret,
    /// Hosts that are reached without it, as in `NO_PROXY`.
    pub except: String,
}

/// Reads Asana. Clones share their connections and limits.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    base_url: Url,
    token: Secret,
    http: reqwest::Client,
    limits: Limits,
    token_limits: Arc<Limits>,
    timer: Arc<dyn Timer>,
}

/// One request, before its address is built.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) endpoint: Endpoint,
    path: Vec<String>,
    query: BTreeMap<&'static str, String>,
}

impl Call {
    pub(crate) fn new(endpoint: Endpoint, path: &[&str]) -> Self {
        Self {
            endpoint,
            path: path.iter().map(|&segment| segment.to_owned()).collect(),
            query: BTreeMap::new(),
        }
    }

    /// The same with `value` as its only parameter of this name.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.insert(name, value.into());
        self
    }

    /// Whether it goes on from an earlier answer.
    pub(crate) fn has_offset(&self) -> bool {
        self.query.contains_key("offset")
    }
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) server_time: Option<DateTime<Utc>>,
}

impl Client {
    /// A client that waits in the runtime's time. Nothing is sent yet.
    pub fn new(options: ClientOptions) -> Result<Self, AsanaError> {
        Self::with_timer(options, Arc::new(TokioTimer::default()))
    }

    /// A client that waits through `timer` between tries and for its limits.
    pub fn with_timer(options: ClientOptions, timer: Arc<dyn Timer>) -> Result<Self, AsanaError> {
        check_address(&options.base_url)?;
        let headers = headers(&options.token)?;
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(&options.user_agent)
            .redirect(reqwest::redirect::Policy::none());
        let http = match &options.proxy {
            Some(proxy) if !is_local(&options.base_url) => http.proxy(through(proxy)?),
            _ => http.no_proxy(),
        };
        let http = http
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(|source| AsanaError::Setup { source })?;
        let limits = Limits::new(options.concurrent_reads, 0, Arc::clone(&timer));
        let token_limits = options.token_limits.of(
            &options.base_url,
            &options.token,
            options.requests_per_minute,
            &timer,
        );
        Ok(Self(Arc::new(Shared {
            base_url: options.base_url,
            token: options.token,
            http,
            limits,
            token_limits,
            timer,
        })))
    }

    /// Sends `call` until `read` understands the answer, an error says that it never will, or the tries are used up.
    pub(crate) async fn get<T>(
        &self,
        call: &Call,
        read: impl Fn(&Answer) -> Result<T, Rejection>,
    ) -> Result<T, AsanaError> {
        let endpoint = call.endpoint;
        let mut retries = Retries::new();
        loop {
            let result = self.attempt(call).await.and_then(|answer| {
                read(&answer).map_err(|source| AsanaError::Broken { endpoint, source })
            });
            let error = match result {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let wait = retries.wait(&error);
            let is_rate_limited = matches!(error, AsanaError::RateLimited { .. });
            if is_rate_limited && let Some(wait) = error.retry_after().or(wait) {
                self.0.token_limits.close_for(wait.min(CLOSED_MAX));
            }
            let Some(wait) = wait else {
                return Err(error);
            };
            debug!(%error, wait_seconds = wait.as_secs_f64(), "asking asana again");
            if !is_rate_limited {
                self.0.timer.sleep(wait).await;
            }
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, AsanaError> {
        let endpoint = call.endpoint;
        let address = self.address(call)?;
        let _permit = self.0.limits.enter().await;
        let _token_permit = self.0.token_limits.enter().await;
        let response = self
            .0
            .http
            .get(address)
            .send()
            .await
            .map_err(|error| lost(endpoint, error))?;
        let status = response.status();
        if status == StatusCode::OK {
            let server_time = http_date(response.headers(), &DATE);
            let body = body(endpoint, response).await?;
            Ok(Answer { body, server_time })
        } else {
            Err(refused(call, response, &self.0.token).await)
        }
    }

    fn address(&self, call: &Call) -> Result<Url, AsanaError> {
        let mut address = self.0.base_url.clone();
        address
            .path_segments_mut()
            .map_err(|()| unusable(&self.0.base_url, "it has no path"))?
            .pop_if_empty()
            .extend(&call.path);
        if !call.query.is_empty() {
            address.query_pairs_mut().extend_pairs(&call.query);
        }
        Ok(address)
    }
}

/// `gid`, if it is one that may stand in a path.
pub(crate) fn checked(endpoint: Endpoint, gid: &str) -> Result<&str, AsanaError> {
    let is_gid =
        (1..=GID_DIGITS_MAX).contains(&gid.len()) && gid.bytes().all(|byte| byte.is_ascii_digit());
    if is_gid {
        Ok(gid)
    } else {
        Err(AsanaError::Gid {
            endpoint,
            gid: crate::printable::printable(gid, GID_DIGITS_MAX),
        })
    }
}

fn headers(token: &Secret) -> Result<HeaderMap, AsanaError> {
    if token.is_empty() || !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(AsanaError::TokenUnusable);
    }
    let mut authorization = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        .map_err(|_| AsanaError::TokenUnusable)?;
    authorization.set_sensitive(true);
    Ok(HeaderMap::from_iter([
        (AUTHORIZATION, authorization),
        (ACCEPT, HeaderValue::from_static("application/json")),
    ]))
}

fn through(proxy: &Proxy) -> Result<reqwest::Proxy, AsanaError> {
    let all = reqwest::Proxy::all(proxy.address.expose());
    // The error's own words could hold the password of the address.
    let all = all.map_err(|source| AsanaError::Setup {
        source: source.without_url(),
    })?;
    Ok(all.no_proxy(reqwest::NoProxy::from_string(&proxy.except)))
}

/// Whether `address` is on this machine.
fn is_local(address: &Url) -> bool {
    match address.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

/// Refuses addresses to which the token would go in the clear, and those that can't be extended by a path.
fn check_address(address: &Url) -> Result<(), AsanaError> {
    let fault = match address.scheme() {
        "https" => None,
        "http" if is_local(address) => None,
        "http" => Some("plain http would send the token in the clear, expected https"),
        _ => Some("expected https"),
    };
    let fault = fault.or_else(|| {
        (!address.username().is_empty() || address.password().is_some())
            .then_some("it has a user name or password in it")
    });
    let fault = fault.or_else(|| {
        (address.query().is_some() || address.fragment().is_some())
            .then_some("it has a query or fragment")
    });
    fault.map_or(Ok(()), |reason| Err(unusable(address, reason)))
}

fn unusable(address: &Url, reason: &'static str) -> AsanaError {
    let origin = address.host_str().unwrap_or_default();
    AsanaError::Address {
        address: format!("{}://{origin}{}", address.scheme(), address.path()),
        reason,
    }
}

/// The whole body, unpacked, as long as it stays within [`BODY_BYTES_MAX`].
async fn body(endpoint: Endpoint, mut response: Response) -> Result<Vec<u8>, AsanaError> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| lost(endpoint, error))?
    {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(AsanaError::BodyTooLarge { endpoint });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A request that came to no end. Its address is taken out: an offset is nothing for a log.
fn lost(endpoint: Endpoint, error: reqwest::Error) -> AsanaError {
    let source = error.without_url();
    if source.is_timeout() {
        AsanaError::TimedOut { endpoint, source }
    } else {
        AsanaError::Connection { endpoint, source }
    }
}
