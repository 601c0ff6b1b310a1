//! The cookies: the one that shows a session, and the one of an attempt to sign in with a provider.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use drishti_model::Secret;
use drishti_services::access::SESSION_SPAN;

use crate::problem::Problem;

/// Shows a session.
const SESSION: &str = "drishti_session";

/// Belongs to an attempt to sign in with a provider.
const ATTEMPT: &str = "drishti_openid";

/// How long an attempt to sign in with a provider may take.
const ATTEMPT_SECONDS: i64 = 600;

/// What the names of cookies begin with that only this very host can have set, over https (RFC 6265bis, section 4.1.3.2).
const OF_THIS_HOST: &str = "__Host-";

/// The session's secret that a request shows.
pub(crate) fn shown(headers: &HeaderMap, is_encrypted: bool) -> Option<Secret> {
    value(headers, SESSION, is_encrypted).map(Secret::new)
}

/// What a browser kept of its attempt to sign in with a provider.
pub(crate) fn shown_attempt(headers: &HeaderMap, is_encrypted: bool) -> Option<&str> {
    value(headers, ATTEMPT, is_encrypted)
}

/// The value of a cookie. Two different ones are none: a page of a neighbouring host may have set one of them.
fn value<'a>(headers: &'a HeaderMap, name: &str, is_encrypted: bool) -> Option<&'a str> {
    let name = full_name(name, is_encrypted);
    let cookies = headers.get_all(COOKIE).iter();
    let cookies = cookies.filter_map(|header| header.to_str().ok());
    let pairs = cookies.flat_map(|header| header.split(';'));
    let mut values = pairs.filter_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name && !value.is_empty()).then_some(value)
    });
    let first = values.next()?;
    values.all(|other| other == first).then_some(first)
}

fn full_name(name: &str, is_encrypted: bool) -> String {
    let beginning = if is_encrypted { OF_THIS_HOST } else { "" };
    format!("{beginning}{name}")
}

/// What keeps the session's secret in a browser, and away from its pages.
pub(crate) fn kept(secret: &Secret, is_encrypted: bool) -> Result<HeaderValue, Problem> {
    let seconds = SESSION_SPAN.longest.num_seconds();
    cookie((SESSION, secret.expose()), "Strict", seconds, is_encrypted)
}

/// What makes a browser forget it.
pub(crate) fn forgotten(is_encrypted: bool) -> Result<HeaderValue, Problem> {
    cookie((SESSION, ""), "Strict", 0, is_encrypted)
}

/// What a browser keeps of its attempt to sign in with a provider. It is shown to whoever comes back from there, another site.
pub(crate) fn kept_attempt(value: &str, is_encrypted: bool) -> Result<HeaderValue, Problem> {
    cookie((ATTEMPT, value), "Lax", ATTEMPT_SECONDS, is_encrypted)
}

/// What makes a browser forget it.
pub(crate) fn forgotten_attempt(is_encrypted: bool) -> Result<HeaderValue, Problem> {
    cookie((ATTEMPT, ""), "Lax", 0, is_encrypted)
}

fn cookie(
    (name, value): (&str, &str),
    same_site: &str,
    age_seconds: i64,
    is_encrypted: bool,
) -> Result<HeaderValue, Problem> {
    let secure = if is_encrypted { "; Secure" } else { "" };
    let name = full_name(name, is_encrypted);
    let cookie = format!(
        "{name}={value}; HttpOnly; SameSite={same_site}; Path=/; Max-Age={age_seconds}{secure}"
    );
    let mut header = HeaderValue::try_from(cookie).map_err(|error| Problem::internal(&error))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_is_found_among_others() {
        for (headers, found) in [
            (&[][..], None),
            (&["drishti_session=abc"], Some("abc")),
            (&["theme=dark; drishti_session=abc; x"], Some("abc")),
            (&["theme=dark", "drishti_session=abc"], Some("abc")),
            (&["drishti_session=abc; drishti_session=abc"], Some("abc")),
            (&["drishti_session=abc; drishti_session=def"], None),
            (&["drishti_session=abc", "drishti_session=def"], None),
            (&["drishti_session="], None),
            (&["my_drishti_session=abc"], None),
        ] {
            let mut map = HeaderMap::new();
            for header in headers {
                map.append(COOKIE, HeaderValue::from_static(header));
            }
            let shown = shown(&map, false);
            assert_eq!(shown.as_ref().map(Secret::expose), found, "{headers:?}");
        }
    }

    #[test]
    fn over_https_only_this_very_host_can_have_set_it() {
        let mut map = HeaderMap::new();
        let both = "drishti_session=abc; __Host-drishti_session=def";
        map.append(COOKIE, HeaderValue::from_static(both));
        for (is_encrypted, found) in [(false, "abc"), (true, "def")] {
            let shown = shown(&map, is_encrypted).unwrap();
            assert_eq!(shown.expose(), found);
        }
    }

    #[test]
    fn pages_can_not_read_it() {
        let kept = kept(&Secret::new("abc"), true).unwrap();
        assert_eq!(
            kept.to_str().unwrap(),
            "__Host-drishti_session=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800; Secure"
        );
        assert_eq!(
            forgotten(false).unwrap().to_str().unwrap(),
            "drishti_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        );
    }
}
