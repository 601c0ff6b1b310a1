//! Who makes a request, and from where.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use chrono::{DateTime, Utc};
use drishti_model::{Role, Secret, SourceScope};
use drishti_services::access::{Proof, TokenMaker};
use drishti_services::{ApiToken, Services, Session, token_author};

use crate::problem::{Code, Problem};

/// What whoever has the token of the installation is called.
const INSTALLATION: &str = "api token";

/// Whoever a request proved to come from.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// As the audit trail and the history of alerts call it.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// Which sources they may see.
    pub(crate) scope: SourceScope,
    /// The session of an operator; none of a program.
    session: Option<OpenSession>,
    /// The token of a program.
    token: Option<HeldToken>,
    /// What shows it again; the token of the installation holds as long as the server runs.
    proof: Option<Proof>,
}

/// Which token a program has, and until when.
#[derive(Clone, Copy, Debug)]
struct HeldToken {
    id: i64,
    expires_at: DateTime<Utc>,
}

/// A session, and the secret that shows it.
#[derive(Clone, Debug)]
pub(crate) struct OpenSession {
    pub(crate) session: Session,
    pub(crate) secret: Secret,
}

impl Principal {
    /// Whoever has the token of the installation.
    pub(crate) fn of_installation_token() -> Self {
        Self {
            name: INSTALLATION.to_owned(),
            role: Role::Admin,
            scope: SourceScope::All,
            session: None,
            token: None,
            proof: None,
        }
    }

    /// A program with a token of its own.
    pub(crate) fn of_token(token: ApiToken, shown: Secret) -> Self {
        Self {
            name: token_author(&token.name),
            token: Some(HeldToken {
                id: token.id,
                expires_at: token.expires_at,
            }),
            role: token.role,
            scope: token.scope,
            session: None,
            proof: Some(Proof::Token(shown)),
        }
    }

    /// An operator who is signed in.
    pub(crate) fn of_session(session: Session, secret: Secret) -> Self {
        Self {
            name: session.operator.name.clone(),
            role: session.operator.role,
            scope: session.operator.scope.clone(),
            token: None,
            proof: Some(Proof::Session(secret.clone())),
            session: Some(OpenSession { session, secret }),
        }
    }

    /// What Sumo Logic's clients call it: the name of a token, or the file that the installation's own is in. An operator has none.
    pub(crate) fn access_id(&self) -> Option<&str> {
        match self.name.as_str() {
            _ if self.session.is_some() => None,
            INSTALLATION => Some("api-token"),
            name => name.strip_prefix("token "),
        }
    }

    /// Whether it is still whoever it was when the request was made, and may still do and see the same.
    pub(crate) async fn still_stands(&self, services: &Services) -> bool {
        let Some(proof) = &self.proof else {
            return true;
        };
        match services.standing(proof).await {
            Ok(standing) => {
                standing.is_some_and(|(role, scope)| (role, &scope) == (self.role, &self.scope))
            }
            Err(error) => {
                tracing::warn!(%error, "whether somebody may go on following changes is not known");
                false
            }
        }
    }

    /// It, where it makes a token.
    pub(crate) fn as_maker(&self) -> TokenMaker<'_> {
        TokenMaker {
            name: &self.name,
            role: self.role,
            scope: &self.scope,
            until: self.token.map(|token| token.expires_at),
        }
    }

    /// The number of the token of a program, which no other has after it.
    pub(crate) fn token_id(&self) -> Option<i64> {
        self.token.map(|token| token.id)
    }

    /// Whether it may do everything.
    pub(crate) fn is_full_admin(&self) -> bool {
        self.role == Role::Admin && self.scope.is_all()
    }

    /// Whether it is this operator.
    pub(crate) fn is_operator(&self, name: &str) -> bool {
        self.session.is_some() && self.name == name
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or_else(|| Problem::new(Code::Unauthorized, "nobody has signed in"))
    }
}

/// The operator who makes a request, and their session.
pub(crate) struct SignedIn(pub(crate) OpenSession);

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        principal.session.map(Self).ok_or_else(|| {
            let detail = "this needs the session of an operator; a token has none";
            Problem::new(Code::Unauthorized, detail).with_hint("Sign in with POST /api/v1/session.")
        })
    }
}

/// In whose name a change is made.
pub(crate) struct Author(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for Author {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        Ok(Self(principal.name))
    }
}

/// Which sources the one who asks may see.
pub(crate) struct Scope(pub(crate) SourceScope);

impl<S: Sync> FromRequestParts<S> for Scope {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        Ok(Self(principal.scope))
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Whether the connection itself is an encrypted one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverTls(pub(crate) bool);

/// Whether a proxy of the owner's stands before the server, so that its headers are believed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BehindProxy(pub(crate) bool);

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address, where it is known.
    pub(crate) address: Option<IpAddr>,
    /// Whether the way to the browser is encrypted.
    pub(crate) is_encrypted: bool,
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions, &parts.headers))
    }
}

impl Client {
    /// Where a request with these comes from.
    pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap) -> Self {
        let peer = extensions.get::<Peer>().map(|peer| peer.0.ip());
        let over_tls = extensions.get::<OverTls>().is_some_and(|over| over.0);
        let behind = extensions.get::<BehindProxy>();
        if !behind.is_some_and(|behind| behind.0) {
            return Self {
                address: peer,
                is_encrypted: over_tls,
            };
        }
        // A proxy appends what it saw itself; what stands before it may be made up.
        let last = |name: &str| {
            let shown = headers.get_all(name).iter().next_back()?;
            shown.to_str().ok()?.rsplit(',').next().map(str::trim)
        };
        Self {
            address: last("x-forwarded-for")
                .and_then(|address| address.parse().ok())
                .or(peer),
            is_encrypted: last("x-forwarded-proto")
                .map_or(over_tls, |scheme| scheme.eq_ignore_ascii_case("https")),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[tokio::test]
    async fn only_the_owners_proxy_is_believed() {
        for (behind, forwarded, scheme, address, is_encrypted) in [
            (false, "203.0.113.7", "https", "127.0.0.1", false),
            (true, "203.0.113.7", "https", "203.0.113.7", true),
            (true, "10.0.0.1, 203.0.113.7", "HTTPS", "203.0.113.7", true),
            (true, "unknown", "http", "127.0.0.1", false),
            (true, "2001:db8::1", "http, https", "2001:db8::1", true),
        ] {
            let request = Request::builder()
                .header("x-forwarded-for", forwarded)
                .header("x-forwarded-proto", scheme)
                .extension(Peer("127.0.0.1:9".parse().unwrap()))
                .extension(BehindProxy(behind));
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            let client = Client::from_request_parts(&mut parts, &()).await.unwrap();
            let expected = Client {
                address: Some(address.parse().unwrap()),
                is_encrypted,
            };
            assert_eq!(client, expected, "{forwarded}");
        }
    }
}
