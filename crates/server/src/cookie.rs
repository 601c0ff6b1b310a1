//! The cookie that shows a session.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use drishti_model::Secret;
use drishti_services::access::SESSION_SPAN;

use crate::problem::Problem;

const NAME: &str = "drishti_session";

/// The session's secret that a request shows. Two different ones are none: a page of a neighbouring host may have set one of them.
pub(crate) fn shown(headers: &HeaderMap) -> Option<Secret> {
    let cookies = headers.get_all(COOKIE).iter();
    let cookies = cookies.filter_map(|header| header.to_str().ok());
    let pairs = cookies.flat_map(|header| header.split(';'));
    let mut values = pairs.filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == NAME && !value.is_empty()).then_some(value)
    });
    let first = values.next()?;
    values
        .all(|other| other == first)
        .then(|| Secret::new(first))
}

/// What keeps the session's secret in a browser, and away from its pages.
pub(crate) fn kept(secret: &Secret, is_encrypted: bool) -> Result<HeaderValue, Problem> {
    cookie(
        secret.expose(),
        SESSION_SPAN.longest.num_seconds(),
        is_encrypted,
    )
}

/// What makes a browser forget it.
pub(crate) fn forgotten(is_encrypted: bool) -> Result<HeaderValue, Problem> {
    cookie("", 0, is_encrypted)
}

fn cookie(value: &str, age_seconds: i64, is_encrypted: bool) -> Result<HeaderValue, Problem> {
    let secure = if is_encrypted { "; Secure" } else { "" };
    let cookie =
        format!("{NAME}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={age_seconds}{secure}");
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
            let shown = shown(&map);
            assert_eq!(shown.as_ref().map(Secret::expose), found, "{headers:?}");
        }
    }

    #[test]
    fn pages_can_not_read_it() {
        let kept = kept(&Secret::new("abc"), true).unwrap();
        assert_eq!(
            kept.to_str().unwrap(),
            "drishti_session=abc; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800; Secure"
        );
        assert_eq!(
            forgotten(false).unwrap().to_str().unwrap(),
            "drishti_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0"
        );
    }
}
