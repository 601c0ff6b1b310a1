//! What somebody sees who opens the server's address in a browser.

/// A few words of text.
pub(crate) async fn welcome() -> &'static str {
    concat!(
        "Drishti ",
        env!("CARGO_PKG_VERSION"),
        "\n\n",
        "This server collects Asana's audit log and answers questions about it.\n",
        "There is no web app in this version: use the command line or the API.\n\n",
        "  /api/v1/openapi.json   describes the API, which is below /api/v1 and needs the token\n",
        "  /healthz  /readyz      say whether the server is alive and ready\n",
        "  /metrics               for Prometheus\n",
    )
}
