//! A stand-in for Asana that knows one token and two workspaces.

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tokio::net::TcpListener;

use crate::app::ASANA_TOKEN;

/// Starts it and gives its address.
pub(crate) async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    format!("http://{address}/api/1.0")
}

async fn answer(uri: Uri, headers: HeaderMap) -> Response {
    let shown = headers
        .get("authorization")
        .and_then(|shown| shown.to_str().ok());
    if shown != Some(&format!("Bearer {ASANA_TOKEN}")) {
        let errors = json!({"errors": [{"message": "Not Authorized"}]});
        return (StatusCode::UNAUTHORIZED, axum::Json(errors)).into_response();
    }
    let data = match uri.path() {
        "/api/1.0/users/me" => json!({"gid": "88", "name": "Auditor"}),
        "/api/1.0/workspaces" => {
            json!([{"gid": "1201", "name": "One"}, {"gid": "1202", "name": "Two"}])
        }
        "/api/1.0/workspaces/1201" => json!({"gid": "1201", "name": "One"}),
        _ => {
            let errors = json!({"errors": [{"message": "Payment Required"}]});
            return (StatusCode::PAYMENT_REQUIRED, axum::Json(errors)).into_response();
        }
    };
    axum::Json(json!({"data": data, "next_page": null})).into_response()
}
