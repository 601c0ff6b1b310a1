//! A provider over HTTP: what it says of itself, its keys, and the exchange of a code for a token.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::Secret;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use url::Url;

use super::identity::Claims;
use super::token::{self, Expected, Keys, Refusal};
use super::{OpenIdError, OpenIdSettings};
use crate::Services;
use crate::tables::is_local;

/// Longest time for one answer of the provider.
pub const PROVIDER_TIME_MAX: Duration = Duration::from_secs(10);
/// Most bytes of one.
pub const PROVIDER_BYTES_MAX: usize = 1 << 20;

/// How long what the provider says of itself, and its keys, are used.
const KNOWN_SPAN: TimeDelta = TimeDelta::hours(1);
/// How soon a provider is asked again that did not answer: those who wait for it keep others from signing in.
const FAILURE_SPAN: TimeDelta = TimeDelta::seconds(5);
/// How soon its keys are asked for again where a token was signed with another.
const KEYS_SPAN: TimeDelta = TimeDelta::minutes(1);
/// Most characters of an error of the provider's that are told.
const ERROR_CHARACTERS_MAX: usize = 100;

/// What it is asked for first.
const CONFIGURATION: &str = "configuration";

/// What a provider says of itself (`OpenID Connect` Discovery 1.0).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What was last asked, and when.
type Asked<T> = Mutex<Option<(T, DateTime<Utc>)>>;

/// A provider, and what is known of it.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: String,
    configuration: Url,
    client: Client,
    /// What it said of itself, or why it did not.
    metadata: Asked<Result<Metadata, String>>,
    keys: Asked<Keys>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Secret,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
}

impl Provider {
    pub(super) fn new(issuer: &str) -> Result<Self, OpenIdError> {
        let refused = |problem: &str| OpenIdError::Setting(format!("`issuer`: {problem}"));
        let address = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let configuration = Url::parse(&address).map_err(|_| refused("it is no address"))?;
        if !is_safe(&configuration) {
            return Err(refused("it must begin with https://"));
        }
        let client = Client::builder()
            .user_agent(Services::USER_AGENT)
            .redirect(Policy::none())
            .timeout(PROVIDER_TIME_MAX);
        let client = if is_local(&configuration) {
            client.no_proxy()
        } else {
            client
        };
        Ok(Self {
            issuer: issuer.to_owned(),
            configuration,
            client: client
                .build()
                .map_err(|error| refused(&error.to_string()))?,
            metadata: Mutex::default(),
            keys: Mutex::default(),
        })
    }

    /// What the provider says of itself, asked for once an hour.
    pub(super) async fn metadata(&self, now: DateTime<Utc>) -> Result<Metadata, OpenIdError> {
        let mut known = self.metadata.lock().await;
        let fresh = known.as_ref().and_then(|(said, at)| {
            let span = if said.is_ok() {
                KNOWN_SPAN
            } else {
                FAILURE_SPAN
            };
            is_fresh(*at, span, now).then(|| said.clone())
        });
        let said = if let Some(said) = fresh {
            said
        } else {
            let said = self.ask().await.map_err(|error| match error {
                OpenIdError::Provider { problem, .. } => problem,
                error => error.to_string(),
            });
            *known = Some((said.clone(), now));
            said
        };
        said.map_err(|problem| OpenIdError::Provider {
            what: CONFIGURATION,
            problem,
        })
    }

    /// Asks the provider what it says of itself.
    async fn ask(&self) -> Result<Metadata, OpenIdError> {
        let request = self.client.get(self.configuration.clone());
        let answer = answer(CONFIGURATION, request).await?;
        let metadata: Metadata = read(CONFIGURATION, answer)?;
        let problem = |problem: &str| OpenIdError::Provider {
            what: CONFIGURATION,
            problem: problem.to_owned(),
        };
        if metadata.issuer != self.issuer {
            return Err(problem("it calls itself otherwise than `issuer`"));
        }
        let addresses = [
            &metadata.authorization_endpoint,
            &metadata.token_endpoint,
            &metadata.jwks_uri,
        ];
        if !addresses.into_iter().all(is_safe) {
            return Err(problem("it names an address without https"));
        }
        Ok(metadata)
    }

    /// The identity token for a code.
    pub(super) async fn exchange(
        &self,
        settings: &OpenIdSettings,
        code: &Secret,
        verifier: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Secret, OpenIdError> {
        const WHAT: &str = "token";
        let metadata = self.metadata(now).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", settings.redirect.as_str()),
            ("code_verifier", verifier.expose()),
            ("client_id", settings.client_id.as_str()),
        ];
        let mut request = self.client.post(metadata.token_endpoint.clone());
        if let Some(secret) = &settings.client_secret {
            if metadata.takes_secret_in_body() {
                form.push(("client_secret", secret.expose()));
            } else {
                // RFC 6749, section 2.3.1: both are encoded before they are joined.
                request = request
                    .basic_auth(encoded(&settings.client_id), Some(encoded(secret.expose())));
            }
        }
        let (status, body) = answer(WHAT, request.form(&form)).await?;
        if status == StatusCode::BAD_REQUEST || status == StatusCode::UNAUTHORIZED {
            let failure: Failure = read(WHAT, (StatusCode::OK, body))?;
            return Err(OpenIdError::Refused(plain(&failure.error)));
        }
        let tokens: Tokens = read(WHAT, (status, body))?;
        Ok(tokens.id_token)
    }

    /// The claims of a token for this attempt. Where no known key has signed it, the keys are asked for anew: providers change them.
    pub(super) async fn verified(
        &self,
        settings: &OpenIdSettings,
        token: &Secret,
        nonce: &str,
        now: DateTime<Utc>,
    ) -> Result<Claims, OpenIdError> {
        let expected = Expected {
            issuer: &settings.issuer,
            client_id: &settings.client_id,
            nonce,
            now,
        };
        let mut verified = Err(Refusal::NoKey);
        for span in [KNOWN_SPAN, KEYS_SPAN] {
            let keys = self.keys(span, now).await?;
            verified = token::verified(token.expose(), &keys, &expected);
            if verified != Err(Refusal::NoKey) {
                break;
            }
        }
        verified.map_err(|refusal| OpenIdError::Token(refusal.words().to_owned()))
    }

    /// The provider's keys, no older than `span`.
    async fn keys(&self, span: TimeDelta, now: DateTime<Utc>) -> Result<Keys, OpenIdError> {
        const WHAT: &str = "keys";
        let metadata = self.metadata(now).await?;
        let mut known = self.keys.lock().await;
        if let Some((keys, at)) = known.as_ref()
            && is_fresh(*at, span, now)
        {
            return Ok(keys.clone());
        }
        let request = self.client.get(metadata.jwks_uri);
        let keys: Keys = read(WHAT, answer(WHAT, request).await?)?;
        *known = Some((keys.clone(), now));
        Ok(keys)
    }
}

impl Metadata {
    /// Whether the client's secret goes into the body. Without a word of it, it goes into the header (Discovery 1.0, section 3).
    fn takes_secret_in_body(&self) -> bool {
        let takes = |method: &str| {
            let mut methods = self.token_endpoint_auth_methods_supported.iter();
            methods.any(|one| one == method)
        };
        !takes("client_secret_basic") && takes("client_secret_post")
    }
}

fn is_fresh(at: DateTime<Utc>, span: TimeDelta, now: DateTime<Utc>) -> bool {
    (at..at + span).contains(&now)
}

/// Whether nobody on the way can read or change what is said.
fn is_safe(address: &Url) -> bool {
    match address.scheme() {
        "https" => true,
        "http" => is_local(address),
        _ => false,
    }
}

/// The status and the body of an answer, which may not be too long.
async fn answer(
    what: &'static str,
    request: RequestBuilder,
) -> Result<(StatusCode, Vec<u8>), OpenIdError> {
    let failed = |error: reqwest::Error| OpenIdError::Provider {
        what,
        problem: told(error),
    };
    let mut response = request.send().await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > PROVIDER_BYTES_MAX {
            return Err(OpenIdError::Provider {
                what,
                problem: format!("the answer has over {PROVIDER_BYTES_MAX} bytes"),
            });
        }
    }
    Ok((response.status(), body))
}

fn read<T: DeserializeOwned>(
    what: &'static str,
    (status, body): (StatusCode, Vec<u8>),
) -> Result<T, OpenIdError> {
    let problem = |problem: String| OpenIdError::Provider { what, problem };
    if status != StatusCode::OK {
        return Err(problem(format!("it answered {status}")));
    }
    // What the parser says may hold a token.
    serde_json::from_slice(&body).map_err(|_| problem("the answer is not as it should be".into()))
}

/// What went wrong, without the address, which may hold a code.
fn told(error: reqwest::Error) -> String {
    crate::words::chain(&error.without_url())
}

/// A word of the provider's, fit for a log.
pub(super) fn plain(error: &str) -> String {
    let is_plain =
        |character: &char| character.is_ascii_alphanumeric() || "_-. ".contains(*character);
    let words = error.chars().filter(is_plain);
    words.take(ERROR_CHARACTERS_MAX).collect()
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
