//! Sources in the JSON of Sumo Logic's Asana source (`sumo-panther.md`, section 1.2).

use drishti_model::{CollectSettings, Secret, SourceName, SourceProfile};
use serde_json::{Map, Value};

use super::AddSource;
use crate::ServiceError;

/// The only `schemaRef.type` that is understood.
const SCHEMA: &str = "Asana";

/// The two that Sumo Logic's own pages name.
const SOURCE_TYPES: [&str; 2] = ["Universal", "Security"];

/// Keys of `config` that mean something here.
const KEYS: [&str; 6] = [
    "name",
    "description",
    "category",
    "fields",
    "personalAccessToken",
    "workspaceID",
];

/// Reads a source from the JSON that Sumo Logic's console and API take and give: `{"api.version":"v1","source":{…}}`, or the source
/// alone. A text without a `workspaceID` means every workspace that the token sees.
pub fn sumo_source(json: &str) -> Result<AddSource, ServiceError> {
    // The parser's own words could repeat a part of the text, and so of the token.
    let document: Value = serde_json::from_str(json).map_err(|error| {
        refused(format!(
            "no valid JSON on line {} at column {}",
            error.line(),
            error.column()
        ))
    })?;
    let document = object(&document, "the document")?;
    let source = match document.get("source") {
        Some(source) => object(source, "`source`")?,
        None => document,
    };
    check_kind(source)?;
    let config = source
        .get("config")
        .ok_or_else(|| refused("`config` is missing".to_owned()))?;
    let config = object(config, "`config`")?;
    let unknown = config.keys().filter(|key| !KEYS.contains(&key.as_str()));
    for key in unknown {
        tracing::warn!(
            key,
            "a setting of Sumo Logic's that means nothing here is left out"
        );
    }
    let token = required(config, "personalAccessToken")?;
    if token.bytes().all(|byte| byte == b'*') {
        return Err(refused(
            "`personalAccessToken` is masked; put the token itself there".to_owned(),
        ));
    }
    Ok(AddSource {
        name: SourceName::new(required(config, "name")?)?,
        workspace_gid: text(config, "workspaceID")?.filter(|gid| !gid.is_empty()),
        token: Some(Secret::new(token)),
        profile: SourceProfile {
            workspace_gid: None,
            api_url: SourceProfile::API_URL.to_owned(),
            description: text(config, "description")?.unwrap_or_default(),
            category: text(config, "category")?.unwrap_or_default(),
            fields: fields(config)?,
            collect: CollectSettings::default(),
        },
        declared: false,
    })
}

fn check_kind(source: &Map<String, Value>) -> Result<(), ServiceError> {
    let schema = source
        .get("schemaRef")
        .and_then(|schema| schema.get("type"));
    if schema.and_then(Value::as_str) != Some(SCHEMA) {
        return Err(refused(format!("`schemaRef.type` is not \"{SCHEMA}\"")));
    }
    match source.get("sourceType") {
        None => Ok(()),
        Some(Value::String(kind)) if SOURCE_TYPES.contains(&kind.as_str()) => Ok(()),
        Some(_) => Err(refused(format!(
            "`sourceType` is none of {}",
            SOURCE_TYPES.join(", ")
        ))),
    }
}

fn fields(
    config: &Map<String, Value>,
) -> Result<std::collections::BTreeMap<String, String>, ServiceError> {
    let Some(fields) = config.get("fields").filter(|fields| !fields.is_null()) else {
        return Ok([].into());
    };
    object(fields, "`fields`")?
        .iter()
        .map(|(key, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Bool(_) | Value::Number(_) => value.to_string(),
                _ => return Err(refused("a value of `fields` is not a text".to_owned())),
            };
            Ok((key.clone(), value))
        })
        .collect()
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, ServiceError> {
    value
        .as_object()
        .ok_or_else(|| refused(format!("{what} is not an object")))
}

fn required(config: &Map<String, Value>, key: &str) -> Result<String, ServiceError> {
    text(config, key)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| refused(format!("`{key}` is missing")))
}

/// A text, or a number as a text: workspace ids are written both ways.
fn text(config: &Map<String, Value>, key: &str) -> Result<Option<String>, ServiceError> {
    match config.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(refused(format!("`{key}` is not a text"))),
    }
}

fn refused(problem: String) -> ServiceError {
    ServiceError::SumoSource(problem)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "api.version": "v1",
            "source": {
                "config": {
                    "name": "Asana",
                    "description": "east field",
                    "category": "saas/asana",
                    "fields": {"_siemForward": false, "team": "security"},
                    "personalAccessToken": "2/1201/88:hidden",
                    "workspaceID": "1201"
                },
                "schemaRef": {"type": "Asana"},
                "sourceType": "Universal"
            }
        })
    }

    fn check(pointer: &str, value: Value, problem: &str) {
        let mut document = document();
        *document.pointer_mut(pointer).unwrap() = value;
        let error = sumo_source(&document.to_string()).unwrap_err().to_string();
        assert!(error.contains(problem), "{pointer}: {error}");
        assert!(!error.contains("hidden"), "{error}");
    }

    #[test]
    fn the_published_form_is_understood() {
        let add = sumo_source(&document().to_string()).unwrap();
        assert_eq!(add.name.as_str(), "Asana");
        assert_eq!(add.workspace_gid.as_deref(), Some("1201"));
        assert_eq!(
            add.token.as_ref().map(Secret::expose),
            Some("2/1201/88:hidden")
        );
        assert_eq!(add.profile.category, "saas/asana");
        assert_eq!(add.profile.description, "east field");
        assert_eq!(
            add.profile.fields.get("_siemForward").map(String::as_str),
            Some("false")
        );
        assert_eq!(
            add.profile.fields.get("team").map(String::as_str),
            Some("security")
        );
        assert!(!format!("{add:?}").contains("hidden"));
    }

    #[test]
    fn the_source_may_stand_alone_and_be_of_either_type() {
        let mut source = document()["source"].take();
        source["sourceType"] = json!("Security");
        source["config"]["workspaceID"] = json!(1201);
        let add = sumo_source(&source.to_string()).unwrap();
        assert_eq!(add.workspace_gid.as_deref(), Some("1201"));
        source["config"]["workspaceID"] = json!("");
        assert_eq!(
            sumo_source(&source.to_string()).unwrap().workspace_gid,
            None
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_the_token() {
        check(
            "/source/schemaRef/type",
            json!("Box"),
            "`schemaRef.type` is not \"Asana\"",
        );
        check(
            "/source/sourceType",
            json!("HTTP"),
            "`sourceType` is none of Universal, Security",
        );
        check("/source/config", json!([]), "`config` is not an object");
        check("/source/config/name", json!(""), "`name` is missing");
        check("/source/config/name", json!("a/b"), "can't contain '/'");
        check(
            "/source/config/personalAccessToken",
            json!("********"),
            "is masked",
        );
        check(
            "/source/config/personalAccessToken",
            Value::Null,
            "`personalAccessToken` is missing",
        );
        check(
            "/source/config/personalAccessToken",
            json!(["hidden"]),
            "is not a text",
        );
        check(
            "/source/config/fields",
            json!("x"),
            "`fields` is not an object",
        );
        check(
            "/source/config/fields/team",
            json!([]),
            "a value of `fields` is not a text",
        );
        let cut = document().to_string().replace("\"schemaRef\"", "");
        let error = sumo_source(&cut).unwrap_err().to_string();
        assert!(
            error.contains("no valid JSON on line 1") && !error.contains("hidden"),
            "{error}"
        );
    }
}
