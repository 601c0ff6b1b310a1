//! The web app: the files of `web/dist`, as they were when this was built. Where there are none, a page that says how to build them.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rust_embed::{Embed, EmbeddedFile};

use crate::guard::not_found;

/// Below here are no pages.
const API: &str = "/api/";

/// Files whose names change with their content.
const HASHED: &str = "assets/";

/// The page from which all others are made in the browser.
const PAGE: &str = "index.html";

/// Only what comes from this very server, and no text that becomes a script. Svelte makes its own elements by the one policy.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html";

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../../web/dist"]
#[allow_missing = true]
struct Files;

/// Whether this was built with the web app.
pub fn has_web_app() -> bool {
    Files::get(PAGE).is_some()
}

/// A file of the app, or its page for the addresses that the app itself takes apart.
pub(crate) async fn app(request: Request) -> Response {
    let path = request.uri().path();
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    if !is_read || path.starts_with(API) || path == API.trim_end_matches('/') {
        return not_found().await.into_response();
    }
    let name = path.trim_start_matches('/');
    if let Some(file) = Files::get(name).filter(|_| !name.is_empty()) {
        return answer(name, file, request.headers());
    }
    match Files::get(PAGE) {
        Some(page) if !is_file(name) => answer(PAGE, page, request.headers()),
        None if name.is_empty() => welcome().into_response(),
        _ => not_found().await.into_response(),
    }
}

/// Whether an address can only be meant for a file. Files lie at the top and in [`HASHED`]; elsewhere a dot belongs to the name of a
/// policy or a source.
fn is_file(name: &str) -> bool {
    name.starts_with(HASHED) || (name.contains('.') && !name.contains('/'))
}

fn answer(name: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    let hash = URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash());
    let tag = format!("\"{hash}\"");
    let mut headers = HeaderMap::new();
    let kept = if name.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    if let Ok(kind) = HeaderValue::from_str(file.metadata.mimetype()) {
        headers.insert(CONTENT_TYPE, kind);
    }
    if asked
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known == tag.as_str())
    {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let packed = takes_brotli(asked)
        .then(|| Files::get(&format!("{name}.br")))
        .flatten();
    let data = match packed {
        Some(packed) => {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
            packed.data
        }
        None => file.data,
    };
    let body = match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    (headers, body).into_response()
}

fn takes_brotli(asked: &HeaderMap) -> bool {
    let all = asked.get_all(ACCEPT_ENCODING).iter();
    all.filter_map(|some| some.to_str().ok())
        .flat_map(|some| some.split(','))
        .any(|one| one.split(';').next().map(str::trim) == Some("br"))
}

/// What somebody sees where the program was built without the app.
fn welcome() -> &'static str {
    concat!(
        "Drishti ",
        env!("CARGO_PKG_VERSION"),
        "\n\n",
        "This server collects Asana's audit log and answers questions about it.\n",
        "It was built without the web app. With Node 20 or newer, from the folder of its source:\n\n",
        "  npm --prefix web ci --ignore-scripts\n",
        "  npm --prefix web run build\n\n",
        "and then build the program again. The command line and the API work without:\n\n",
        "  /api/v1/openapi.json   describes the API, which is below /api/v1\n",
        "  /healthz  /readyz      say whether the server is alive and ready\n",
        "  /metrics               for Prometheus, with a token\n",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dots_have_pages() {
        for (name, expected) in [
            ("", false),
            ("alerts/3f9c", false),
            ("policies/asana.saml_made_optional", false),
            ("policies/own.exports/edit", false),
            ("sources/acme.example", false),
            ("favicon.ico", true),
            ("assets/gone-1a2b.js", true),
            ("assets/gone", true),
        ] {
            assert_eq!(is_file(name), expected, "{name}");
        }
    }
}
