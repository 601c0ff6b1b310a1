//! `/feeds`: the files that a provider of places and of lists of addresses would publish.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use super::Service;
use crate::world::{Feed, Feeds};

pub(super) fn router() -> Router<Arc<Service>> {
    Router::new()
        .route("/places.csv", file("text/csv", |feeds| &feeds.places))
        .route(
            "/tor-exits.txt",
            file("text/plain", |feeds| &feeds.tor_exits),
        )
        .route("/vpn.netset", file("text/plain", |feeds| &feeds.vpn))
        .route(
            "/hosting.netset",
            file("text/plain", |feeds| &feeds.hosting),
        )
        .route(
            "/malicious.netset",
            file("text/plain", |feeds| &feeds.malicious),
        )
}

fn file(content_type: &'static str, which: fn(&Feeds) -> &Feed) -> MethodRouter<Arc<Service>> {
    get(
        async move |State(service): State<Arc<Service>>, headers: HeaderMap| {
            answer(content_type, which(&service.feeds), &headers)
        },
    )
}

fn answer(content_type: &'static str, feed: &Feed, headers: &HeaderMap) -> Response {
    let etag = [(header::ETAG, feed.etag.clone())];
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == feed.etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, etag).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, content_type)];
    (etag, content_type, feed.body.clone()).into_response()
}
