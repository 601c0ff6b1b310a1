//! The committed document.

use std::path::Path;

/// The document changes with the code: `UPDATE_SNAPSHOT=1 cargo test -p drishti-server document` writes it anew.
#[test]
fn the_committed_document_is_the_one_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let document = drishti_server::openapi();
    if std::env::vars().any(|(name, value)| name == "UPDATE_SNAPSHOT" && value == "1") {
        std::fs::write(&path, &document).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == document,
        "openapi.json is not what the code says; if the change is meant, run \
         `UPDATE_SNAPSHOT=1 cargo test -p drishti-server document` and commit the file"
    );
}

#[test]
fn the_document_is_complete() {
    let document: serde_json::Value = serde_json::from_str(&drishti_server::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} stands there twice");
            assert!(
                operation["summary"].is_string(),
                "{method} {path} has no summary"
            );
            assert!(
                operation["tags"][0].is_string(),
                "{method} {path} has no tag"
            );
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (property, described) in schema["properties"].as_object().into_iter().flatten() {
            let text = described.to_string();
            assert!(
                text.contains("\"description\""),
                "{name}.{property} has no description"
            );
        }
    }
}
