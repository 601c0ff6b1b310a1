//! Signing in with a provider of `OpenID Connect`: the authorization code flow with PKCE.
//!
//! All that one attempt needs is derived from one random secret, which only the browser keeps (in a cookie): `state` ties the answer to
//! this browser, `nonce` the token to this attempt, and PKCE the code. Nothing is remembered here, so nobody can fill it up.

mod identity;
mod provider;
mod token;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drishti_ledger::OpenIdSignIn;
use drishti_model::{Role, Secret, SourceScope};
use sha2::{Digest, Sha256};
use thiserror::Error;
use url::Url;

use super::{SECRET_BYTES, SESSION_SPAN, SignedIn, digest, random_text};
use crate::{LedgerError, ServiceError, Services};
use provider::Provider;

pub use provider::{PROVIDER_BYTES_MAX, PROVIDER_TIME_MAX};

/// What is known of a provider, and what its people may do here.
#[derive(Clone, Debug)]
pub struct OpenIdSettings {
    /// Its name and address, as its tokens write it.
    pub issuer: String,
    /// What the provider knows this installation by.
    pub client_id: String,
    /// What the installation shows it; none for a public client.
    pub client_secret: Option<Secret>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that becomes the operator's name.
    pub name_claim: String,
    /// The claim with the groups.
    pub groups_claim: String,
    /// What the members of groups may do. Where there are none, an admin says so for each operator.
    pub roles: BTreeMap<String, GroupRole>,
    /// What somebody may do who is in none of these groups; `None` where they are not let in.
    pub default_role: Option<Role>,
    /// Whether whoever signs in for the first time is added.
    pub adds_operators: bool,
    /// Whether the claim `email` counts where the provider does not say that it was proved.
    pub accepts_unverified_email: bool,
    /// What the button of the sign-in page says.
    pub display: String,
    /// Where the provider sends people back to.
    pub redirect: Url,
}

/// What the members of a group may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRole {
    /// Their role.
    pub role: Role,
    /// The sources that they may see.
    pub scope: SourceScope,
}

/// A provider that people sign in with.
#[derive(Clone, Debug)]
pub struct OpenId {
    settings: Arc<OpenIdSettings>,
    provider: Arc<Provider>,
}

/// An attempt that begins.
#[derive(Clone, Debug)]
pub struct OpenIdStart {
    /// Where the browser goes now.
    pub address: Url,
    /// What it keeps until it comes back.
    pub secret: Secret,
}

/// What a browser comes back with.
#[derive(Clone, Debug)]
pub struct OpenIdReturn {
    /// What it kept, where it kept something.
    pub secret: Option<Secret>,
    /// The `state` of the address.
    pub state: Option<String>,
    /// The `iss` of the address (RFC 9207).
    pub issuer: Option<String>,
    /// The code that is exchanged for a token.
    pub code: Option<Secret>,
    /// The error that the provider tells instead.
    pub error: Option<String>,
}

/// Why somebody is not let in who comes from the provider.
#[derive(Debug, Error)]
pub enum OpenIdError {
    /// What is configured can't be meant.
    #[error("setting up OpenID Connect: {0}")]
    Setting(String),
    /// The provider does not answer, or not as it should.
    #[error("asking the provider of OpenID Connect for its {what}: {problem}")]
    Provider {
        /// What it was asked for.
        what: &'static str,
        /// What went wrong.
        problem: String,
    },
    /// The provider did not let them in.
    #[error("the provider of OpenID Connect refused: {0}")]
    Refused(String),
    /// The attempt began in another browser, or too long ago.
    #[error("the answer of the provider of OpenID Connect belongs to no attempt of this browser")]
    Stale,
    /// The token is not one of this provider's for this attempt.
    #[error("the token of the provider of OpenID Connect is not taken: {0}")]
    Token(String),
    /// The token has no name that could be an operator's.
    #[error("the token of the provider of OpenID Connect has no usable name in `{0}`")]
    NoName(String),
    /// None of the person's groups may do anything here.
    #[error("no group of `{0}` has a role here")]
    NoRole(String),
    /// Nobody of this name is known here.
    #[error("no operator is called `{0}`, and nobody is added by signing in")]
    Unknown(String),
    /// Somebody else has the name.
    #[error("another operator is called `{0}`")]
    NameTaken(String),
    /// The operator is disabled.
    #[error("operator `{0}` is disabled")]
    Disabled(String),
    /// It could not be found out.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl OpenIdError {
    /// The kind of failure as a stable word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting(_) | Self::Service(_) => "failed",
            Self::Provider { .. } => "provider_unavailable",
            Self::Refused(_) => "provider_refused",
            Self::Stale => "stale",
            Self::Token(_) => "token_refused",
            Self::NoName(_) => "no_name",
            Self::NoRole(_) => "no_role",
            Self::Unknown(_) => "unknown_operator",
            Self::NameTaken(_) => "name_taken",
            Self::Disabled(_) => "disabled",
        }
    }
}

/// What is derived from the secret of one attempt.
struct Attempt {
    state: String,
    nonce: String,
    verifier: Secret,
    challenge: String,
}

impl Attempt {
    fn of(secret: &Secret) -> Self {
        let derived = |purpose: &str| {
            let hash = Sha256::new()
                .chain_update(purpose)
                .chain_update([0])
                .chain_update(secret.expose());
            URL_SAFE_NO_PAD.encode(hash.finalize())
        };
        let verifier = derived("pkce");
        Self {
            state: derived("state"),
            nonce: derived("nonce"),
            challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)),
            verifier: Secret::new(verifier),
        }
    }
}

impl OpenId {
    /// The provider of these settings. It is not asked for anything yet.
    pub fn new(settings: OpenIdSettings) -> Result<Self, OpenIdError> {
        let refused = |problem: &str| Err(OpenIdError::Setting(problem.to_owned()));
        if settings.client_id.is_empty() {
            return refused("`client_id` is empty");
        }
        if settings.name_claim.is_empty() || settings.groups_claim.is_empty() {
            return refused("`name_claim` and `groups_claim` can't be empty");
        }
        if settings.adds_operators && settings.roles.is_empty() && settings.default_role.is_none() {
            return refused(
                "whoever is added needs a role: give `roles` or `default_role`, or `add_operators = false`",
            );
        }
        let provider = Provider::new(&settings.issuer)?;
        Ok(Self {
            settings: Arc::new(settings),
            provider: Arc::new(provider),
        })
    }

    /// What the button of the sign-in page says.
    pub fn display(&self) -> &str {
        &self.settings.display
    }
}

impl Services {
    /// Begins an attempt to sign in with the provider.
    pub async fn begin_openid(&self, openid: &OpenId) -> Result<OpenIdStart, OpenIdError> {
        let metadata = openid.provider.metadata(self.clock.now()).await?;
        let secret = Secret::new(random_text::<SECRET_BYTES>()?);
        let attempt = Attempt::of(&secret);
        let settings = &openid.settings;
        let mut scopes = vec!["openid"];
        scopes.extend(settings.scopes.iter().map(String::as_str));
        scopes.dedup();
        let mut address = metadata.authorization_endpoint.clone();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", settings.redirect.as_str())
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &attempt.state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &attempt.challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(OpenIdStart { address, secret })
    }

    /// Whether the provider answers as one.
    pub async fn check_openid(&self, openid: &OpenId) -> Result<(), OpenIdError> {
        openid.provider.metadata(self.clock.now()).await?;
        Ok(())
    }

    /// Lets in whom the provider vouches for. A failure is noted in the audit trail.
    pub async fn finish_openid(
        &self,
        openid: &OpenId,
        back: OpenIdReturn,
    ) -> Result<SignedIn, OpenIdError> {
        let finished = self.try_openid(openid, back).await;
        if let Err(error) = &finished {
            tracing::warn!("nobody was signed in: {error}");
            let operator = match error {
                OpenIdError::Disabled(name) => Some(name.as_str()),
                _ => None,
            };
            self.tell_failure(operator, self.clock.now()).await?;
        }
        finished
    }

    async fn try_openid(
        &self,
        openid: &OpenId,
        back: OpenIdReturn,
    ) -> Result<SignedIn, OpenIdError> {
        let attempt = Attempt::of(&back.secret.ok_or(OpenIdError::Stale)?);
        if back.state.as_ref() != Some(&attempt.state) {
            return Err(OpenIdError::Stale);
        }
        if back
            .issuer
            .is_some_and(|issuer| issuer != openid.settings.issuer)
        {
            return Err(OpenIdError::Token("another provider answered".to_owned()));
        }
        if let Some(error) = back.error {
            return Err(OpenIdError::Refused(provider::plain(&error)));
        }
        let code = back.code.ok_or(OpenIdError::Stale)?;
        let settings = &openid.settings;
        let now = self.clock.now();
        let token = openid
            .provider
            .exchange(settings, &code, &attempt.verifier, now)
            .await?;
        let claims = openid
            .provider
            .verified(settings, &token, &attempt.nonce, now)
            .await?;
        let identity = identity::of(settings, &claims)?;
        let secret = Secret::new(random_text::<SECRET_BYTES>()?);
        let signed_in = self
            .ledger
            .sign_in_with_openid(&identity, &digest(&secret), SESSION_SPAN, now)
            .await;
        let name = identity.name;
        match signed_in {
            Ok(OpenIdSignIn::Begun(session)) => Ok(SignedIn { secret, session }),
            Ok(OpenIdSignIn::Unknown) => Err(OpenIdError::Unknown(name)),
            Ok(OpenIdSignIn::NameTaken) => Err(OpenIdError::NameTaken(name)),
            Ok(OpenIdSignIn::Disabled) => Err(OpenIdError::Disabled(name)),
            Err(error) => Err(failed(error)),
        }
    }
}

fn failed(error: LedgerError) -> OpenIdError {
    OpenIdError::Service(error.into())
}
