//! Signing in with a provider. A browser comes here and not a program, so failures are shown on the sign-in page.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drishti_model::Secret;
use drishti_services::Services;
use drishti_services::access::{OpenId, OpenIdError, OpenIdReturn};

use super::methods::Provider;
use crate::bounds::PARAMETER_CHARACTERS_MAX;
use crate::cookie;
use crate::principal::Client;
use crate::problem::{Code, OpenFailure, Problem};

/// The page that failures are shown on.
const SIGN_IN_PAGE: &str = "/sign-in";

/// Where somebody goes who came from nowhere.
const HOME: &str = "/";

/// Go to the provider to sign in.
#[utoipa::path(
    get,
    path = "/session/openid",
    tag = "access",
    security(()),
    params(("to" = Option<String>, Query, description = "Address of the page to come back to.")),
    responses((status = 303, description = "To the provider, or to the sign-in page with the reason in `failure`."), OpenFailure<'static>)
)]
pub(super) async fn begin_openid(
    State(services): State<Services>,
    Extension(Provider(provider)): Extension<Provider>,
    client: Client,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let openid = provider.ok_or_else(no_openid)?;
    let query = query.unwrap_or_default();
    let to = parameter(&query, "to").filter(|to| is_own_page(to));
    match services.begin_openid(&openid).await {
        Ok(start) => {
            let to = URL_SAFE_NO_PAD.encode(to.as_deref().unwrap_or(HOME));
            let kept = format!("{}.{to}", start.secret.expose());
            let cookie = cookie::kept_attempt(&kept, client.is_encrypted)?;
            see_other(start.address.as_str(), vec![cookie])
        }
        Err(error) => {
            tracing::warn!("nobody can sign in with the provider: {error}");
            refused(&error, to.as_deref(), vec![])
        }
    }
}

/// Come back from the provider.
#[utoipa::path(
    get,
    path = "/session/openid/callback",
    tag = "access",
    security(()),
    params(
        ("code" = Option<String>, Query, description = "What is exchanged for a token."),
        ("state" = Option<String>, Query, description = "What this browser was sent away with."),
        ("iss" = Option<String>, Query, description = "Who answers."),
        ("error" = Option<String>, Query, description = "Why the provider did not let somebody in."),
    ),
    responses((status = 303, description = "To where somebody came from, or to the sign-in page with the reason in `failure`."), OpenFailure<'static>)
)]
pub(super) async fn finish_openid(
    State(services): State<Services>,
    Extension(Provider(provider)): Extension<Provider>,
    client: Client,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let openid: OpenId = provider.ok_or_else(no_openid)?;
    let query = query.unwrap_or_default();
    let kept = cookie::shown_attempt(&headers, client.is_encrypted);
    let (secret, to) = kept.and_then(|kept| kept.split_once('.')).unzip();
    let to = to.and_then(|to| URL_SAFE_NO_PAD.decode(to).ok());
    let to = to.and_then(|to| String::from_utf8(to).ok());
    let to = to.filter(|to| is_own_page(to));
    let back = OpenIdReturn {
        secret: secret.map(Secret::new),
        state: parameter(&query, "state"),
        issuer: parameter(&query, "iss"),
        code: parameter(&query, "code").map(Secret::new),
        error: parameter(&query, "error"),
    };
    // Each attempt counts once, whatever becomes of it.
    let forgotten = cookie::forgotten_attempt(client.is_encrypted)?;
    match services.finish_openid(&openid, back).await {
        Ok(signed_in) => {
            let session = cookie::kept(&signed_in.secret, client.is_encrypted)?;
            let to = to.as_deref().unwrap_or(HOME);
            see_other(to, vec![forgotten, session])
        }
        Err(error) => refused(&error, to.as_deref(), vec![forgotten]),
    }
}

fn no_openid() -> Problem {
    Problem::new(
        Code::NoOpenId,
        "this installation has no provider to sign in with",
    )
    .with_hint("It is set up in the section `server.openid` of drishti.toml.")
}

/// A parameter of an address that another server may have made: the first of its name, unless it is too long.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, value) = pairs.find(|(key, _)| key == name)?;
    (value.len() <= 4 * PARAMETER_CHARACTERS_MAX).then(|| value.into_owned())
}

/// Whether this is the address of a page of this very server. Browsers take `//host` and `/\\host` for other servers.
fn is_own_page(to: &str) -> bool {
    let is_plain = |character: char| character.is_ascii_graphic() && character != '\\';
    to.starts_with('/')
        && !to.starts_with("//")
        && !to.starts_with("/api/")
        && to.len() <= PARAMETER_CHARACTERS_MAX
        && to.chars().all(is_plain)
}

/// Shows the sign-in page, which has words for each reason.
fn refused(
    error: &OpenIdError,
    to: Option<&str>,
    cookies: Vec<HeaderValue>,
) -> Result<Response, Problem> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("failure", error.code());
    if let Some(to) = to {
        query.append_pair("to", to);
    }
    see_other(&format!("{SIGN_IN_PAGE}?{}", query.finish()), cookies)
}

fn see_other(address: &str, cookies: Vec<HeaderValue>) -> Result<Response, Problem> {
    let address = HeaderValue::try_from(address).map_err(|error| Problem::internal(&error))?;
    let cookies = cookies.into_iter().map(|cookie| (SET_COOKIE, cookie));
    let answer = (
        StatusCode::SEE_OTHER,
        [(LOCATION, address)],
        AppendHeaders(cookies),
    );
    Ok(answer.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_server() {
        for to in [
            "/",
            "/alerts/3f9c?tab=events",
            "/events?from=2026-03-01T00%3A00%3A00Z",
        ] {
            assert!(is_own_page(to), "{to}");
        }
        let long = format!("/{}", "x".repeat(PARAMETER_CHARACTERS_MAX));
        for to in [
            "",
            "alerts",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/api/v1/session/openid",
            "/x\r\nset-cookie: a=b",
            "/ünïcode",
            &long,
        ] {
            assert!(!is_own_page(to), "{to}");
        }
    }
}
