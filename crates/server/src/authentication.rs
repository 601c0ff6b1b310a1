//! Who makes a request, and whether they may: the one place that asks `permissions`.

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use drishti_model::Secret;
use drishti_services::Services;
use subtle::ConstantTimeEq;

use crate::api::sumo;
use crate::bounds::EXPORT_TIME_MAX;
use crate::cookie;
use crate::metrics;
use crate::permissions::{Permission, needed};
use crate::principal::{Client, Principal};
use crate::problem::{Code, Problem};
use crate::rate::{Caller, Rates};
use crate::sending;

/// The header that a page of another site can't send without being asked first, and what it says.
pub(crate) const CSRF_HEADER: &str = "X-Requested-With";
const CSRF_VALUE: &str = "drishti";

/// What tells who somebody is.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) services: Services,
    /// The token of the installation.
    pub(crate) token: Secret,
    /// How often they have asked.
    pub(crate) rates: Rates,
    /// Whether strangers may read the metrics.
    pub(crate) metrics_are_open: bool,
}

/// Lets through who may, and notes who they are.
pub(crate) async fn permitted(
    State(gate): State<Gate>,
    mut request: Request,
    next: Next,
) -> Response {
    let permission = permission(&request);
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let client = Client::of(request.extensions(), &headers);
    let admitted = gate.admit(permission, &method, &headers, client).await;
    let principal = admitted.as_ref().ok().and_then(Option::as_ref);
    // Whoever is refused counts by address, too: somebody may guess.
    let caller = Caller::of(principal, client.address);
    let begun = gate.rates.count(&caller).and_then(|()| {
        let is_heavy = permission.is_heavy && admitted.is_ok();
        is_heavy.then(|| gate.rates.begin_work(&caller)).transpose()
    });
    match begun.and_then(|working| Ok((working, admitted?))) {
        Ok((place, principal)) => {
            if let Some(principal) = principal {
                request.extensions_mut().insert(principal);
            }
            let response = next.run(request).await;
            match place {
                Some(place) => sending::within(response, place, EXPORT_TIME_MAX),
                None => response,
            }
        }
        Err(problem) => problem.into_response(),
    }
}

/// What this request needs.
pub(crate) fn permission(request: &Request) -> Permission {
    let route = request.extensions().get::<MatchedPath>();
    needed(request.method(), route.map(MatchedPath::as_str))
}

impl Gate {
    async fn admit(
        &self,
        permission: Permission,
        method: &Method,
        headers: &HeaderMap,
        client: Client,
    ) -> Result<Option<Principal>, Problem> {
        let is_open = self.metrics_are_open && permission.path == metrics::PATH;
        let Some(least) = permission.least.filter(|_| !is_open) else {
            // A page of another site must not sign anybody in either.
            check_origin(method, headers)?;
            return Ok(None);
        };
        let principal = self.identify(permission, method, headers, client).await?;
        if !principal.role.reaches(least) {
            return Err(forbidden(&format!("this needs the role `{least}`")));
        }
        if !permission.is_narrowed && !principal.scope.is_all() {
            let detail = "this can't be narrowed to the sources that you may see";
            return Err(forbidden(detail));
        }
        Ok(Some(principal))
    }

    /// Who shows these headers.
    async fn identify(
        &self,
        permission: Permission,
        method: &Method,
        headers: &HeaderMap,
        client: Client,
    ) -> Result<Principal, Problem> {
        if permission.path.starts_with(sumo::PATH)
            && let Some((id, key)) = access_key(headers)
        {
            let principal = self.of_token(&key).await?;
            return if principal.access_id() == Some(&id) {
                Ok(principal)
            } else {
                Err(unauthorized())
            };
        }
        if headers.contains_key(AUTHORIZATION) {
            let shown = bearer(headers).ok_or_else(unauthorized)?;
            return self.of_token(&shown).await;
        }
        let secret = cookie::shown(headers, client.is_encrypted).ok_or_else(unauthorized)?;
        let session = self.services.session(&secret).await?;
        let session = session.ok_or_else(unauthorized)?;
        check_same_site(method, headers)?;
        Ok(Principal::of_session(session, secret))
    }

    /// Whoever shows this token.
    async fn of_token(&self, shown: &Secret) -> Result<Principal, Problem> {
        if is_same(shown, &self.token) {
            return Ok(Principal::of_installation_token());
        }
        let token = self.services.api_token(shown).await?;
        token
            .map(|token| Principal::of_token(token, shown.clone()))
            .ok_or_else(unauthorized)
    }
}

pub(crate) fn forbidden(detail: &str) -> Problem {
    Problem::new(Code::Forbidden, detail).with_hint("Ask an admin of this installation.")
}

fn unauthorized() -> Problem {
    Problem::new(
        Code::Unauthorized,
        "this needs a session, or the header `Authorization: Bearer TOKEN` with a token of this installation",
    )
    .with_hint("Sign in with POST /api/v1/session. The installation's token is in the file `api-token` in its folder.")
}

/// The token that the one `Authorization` header shows.
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(shown), None) = (shown.next(), shown.next()) else {
        return None;
    };
    let (scheme, token) = shown.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| Secret::new(token))
}

/// The access id and key that the one `Authorization` header shows, as Sumo Logic's clients do (RFC 7617). No key has a colon.
fn access_key(headers: &HeaderMap) -> Option<(String, Secret)> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(shown), None) = (shown.next(), shown.next()) else {
        return None;
    };
    let (scheme, pair) = shown.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()?;
    let (id, key) = pair.rsplit_once(':')?;
    Some((id.to_owned(), Secret::new(key)))
}

/// Whether a token is this one. Takes the same time wherever the two differ.
fn is_same(shown: &Secret, token: &Secret) -> bool {
    let same = shown.expose().as_bytes().ct_eq(token.expose().as_bytes());
    !token.is_empty() && bool::from(same)
}

/// Refuses changes that a page of another site may have made a browser send: with its cookie, but without this header.
fn check_same_site(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if is_harmless(method) {
        return Ok(());
    }
    let shown = headers
        .get(CSRF_HEADER)
        .map(axum::http::HeaderValue::as_bytes);
    if shown != Some(CSRF_VALUE.as_bytes()) {
        let detail = format!("with a session this needs the header `{CSRF_HEADER}: {CSRF_VALUE}`");
        return Err(cross_site(&detail));
    }
    check_origin(method, headers)
}

/// Refuses changes that a browser says come from a page of another host.
fn check_origin(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if is_harmless(method) {
        return Ok(());
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_own = |origin: &str| {
        let (_, authority) = origin.split_once("://").unwrap_or_default();
        let authority = authority.parse::<Authority>();
        authority.is_ok_and(|authority| {
            host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_str()))
        })
    };
    let mut origins = headers.get_all(ORIGIN).iter();
    if origins.all(|origin| origin.to_str().is_ok_and(is_own)) {
        return Ok(());
    }
    Err(cross_site("the page that sent this is of another host"))
}

fn is_harmless(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

fn cross_site(detail: &str) -> Problem {
    Problem::new(Code::CrossSiteRequest, detail)
        .with_hint("Send it from a page of this very server, or with a token instead of a session.")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_one_header_with_the_very_token_is_let_in() {
        let token = Secret::new("0123456789abcdef");
        let is_let_in = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            bearer(&headers).is_some_and(|shown| is_same(&shown, &token))
        };
        assert!(is_let_in(&["Bearer 0123456789abcdef"]));
        assert!(is_let_in(&["bearer 0123456789abcdef"]));
        for values in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["0123456789abcdef"],
            &["Basic 0123456789abcdef"],
            &["Bearer 0123456789abcde"],
            &["Bearer 0123456789abcdef0"],
            &["Bearer 0123456789ABCDEF"],
            &["Bearer 0123456789abcdeé"],
            &["Bearer 0123456789abcdef", "Bearer 0123456789abcdef"],
        ] {
            assert!(!is_let_in(values), "{values:?}");
        }
        assert!(!is_same(&Secret::new(""), &Secret::new("")));
    }

    #[test]
    fn changes_with_a_cookie_come_from_the_own_pages() {
        let own = ("x-requested-with", "drishti");
        let host = ("host", "drishti.example:8443");
        for (method, sent, is_good) in [
            (Method::GET, &[host][..], true),
            (
                Method::HEAD,
                &[host, ("origin", "https://evil.example")],
                true,
            ),
            (Method::POST, &[host], false),
            (
                Method::DELETE,
                &[host, ("x-requested-with", "XMLHttpRequest")],
                false,
            ),
            (Method::POST, &[host, own], true),
            (
                Method::PATCH,
                &[host, own, ("origin", "https://drishti.example:8443")],
                true,
            ),
            (
                Method::PATCH,
                &[host, own, ("origin", "https://DRISHTI.example:8443")],
                true,
            ),
            (
                Method::POST,
                &[host, own, ("origin", "https://drishti.example")],
                false,
            ),
            (
                Method::POST,
                &[host, own, ("origin", "https://evil.example")],
                false,
            ),
            (Method::POST, &[host, own, ("origin", "null")], false),
            (
                Method::POST,
                &[own, ("origin", "https://drishti.example:8443")],
                false,
            ),
        ] {
            let checked = check_same_site(&method, &headers(sent));
            assert_eq!(checked.is_ok(), is_good, "{method} {sent:?}");
        }
    }
}
