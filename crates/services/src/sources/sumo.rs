//! Sources in the JSON of Sumo Logic's Asana source (`sumo-panther.md`, section 1.2).

use std::collections::BTreeMap;

use drishti_model::{CollectSettings, Secret, SourceName, SourceProfile};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_64;

use super::AddSource;
use crate::{ServiceError, Source, SourceChange};

/// The only `schemaRef.type` that is understood.
pub const SUMO_SCHEMA: &str = "Asana";

/// The two that Sumo Logic's own pages name; the first is written.
pub const SUMO_SOURCE_TYPES: [&str; 2] = ["Universal", "Security"];

/// Keys of `config` that mean something here. `apiUrl` is none of Sumo Logic's.
const KEYS: [&str; 7] = [
    "name",
    "description",
    "category",
    "fields",
    "personalAccessToken",
    "workspaceID",
    "apiUrl",
];

/// Bits that are left out of an id: JSON numbers are exact up to 53 bits in most programs.
const ID_SHIFT: u32 = 12;

/// A document, taken apart.
struct Document {
    id: Option<u64>,
    name: SourceName,
    workspace_gid: Option<String>,
    token: Token,
    api_url: Option<String>,
    description: String,
    category: String,
    fields: BTreeMap<String, String>,
}

enum Token {
    Given(Secret),
    /// Asterisks, as secrets are shown.
    Masked,
    Missing,
}

/// The number that Sumo Logic's clients know a source by. It is made of the name and the time of addition, so that it stays, and a
/// source that was removed and added again has another.
pub fn sumo_id(source: &Source) -> u64 {
    let added_at = source.created_at.timestamp_micros();
    let identity = format!("{}\n{added_at}", source.name);
    (xxh3_64(identity.as_bytes()) >> ID_SHIFT).max(1)
}

/// Reads a source from the JSON that Sumo Logic's console and API take and give: `{"api.version":"v1","source":{…}}`, or the source
/// alone. A text without a `workspaceID` means every workspace that the token sees.
pub fn sumo_source(json: &str) -> Result<AddSource, ServiceError> {
    let document = Document::read(json)?;
    let token = match document.token {
        Token::Given(token) => token,
        Token::Masked => {
            return Err(refused(
                "`personalAccessToken` is masked; put the token itself there".to_owned(),
            ));
        }
        Token::Missing => return Err(refused("`personalAccessToken` is missing".to_owned())),
    };
    let api_url = document.api_url;
    Ok(AddSource {
        name: document.name,
        workspace_gid: document.workspace_gid,
        token: Some(token),
        profile: SourceProfile {
            workspace_gid: None,
            api_url: api_url.unwrap_or_else(|| SourceProfile::API_URL.to_owned()),
            description: document.description,
            category: document.category,
            fields: document.fields,
            collect: CollectSettings::default(),
        },
        declared: false,
    })
}

/// Reads what a source is to become from the same JSON, which tells all of it: a description that is left out is an empty one. A token
/// that is masked or left out stays, and so does what Sumo Logic knows nothing of. Name and `id` can't be others.
pub fn sumo_change(json: &str, current: &Source) -> Result<SourceChange, ServiceError> {
    let document = Document::read(json)?;
    if document.name != current.name {
        let name = &current.name;
        return Err(refused(format!(
            "`name` can't be changed: it stands in every event of `{name}`"
        )));
    }
    if document.id.is_some_and(|id| id != sumo_id(current)) {
        return Err(refused(
            "`id` is not that of the source of this address".to_owned(),
        ));
    }
    let profile = current.profile.clone();
    Ok(SourceChange {
        profile: Some(SourceProfile {
            workspace_gid: document.workspace_gid.or(profile.workspace_gid),
            api_url: document.api_url.unwrap_or(profile.api_url),
            description: document.description,
            category: document.category,
            fields: document.fields,
            collect: profile.collect,
        }),
        token: match document.token {
            Token::Given(token) => Some(token),
            Token::Masked | Token::Missing => None,
        },
        desired: None,
        declared: None,
    })
}

impl Document {
    fn read(json: &str) -> Result<Self, ServiceError> {
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
        // A typing error in `workspaceID` must not become every workspace that the token sees.
        if let Some(key) = config.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let known = KEYS.join(", ");
            return Err(refused(format!(
                "`config` has the key `{key}`, which means nothing here; leave it out (understood are {known})"
            )));
        }
        let given = |key| Ok::<_, ServiceError>(text(config, key)?.filter(|text| !text.is_empty()));
        let name = given("name")?.ok_or_else(|| refused("`name` is missing".to_owned()))?;
        Ok(Self {
            id: source.get("id").and_then(Value::as_u64),
            name: SourceName::new(name)?,
            workspace_gid: given("workspaceID")?,
            token: match given("personalAccessToken")? {
                None => Token::Missing,
                Some(token) if token.bytes().all(|byte| byte == b'*') => Token::Masked,
                Some(token) => Token::Given(Secret::new(token)),
            },
            api_url: given("apiUrl")?,
            description: given("description")?.unwrap_or_default(),
            category: given("category")?.unwrap_or_default(),
            fields: fields(config)?,
        })
    }
}

fn check_kind(source: &Map<String, Value>) -> Result<(), ServiceError> {
    let schema = source
        .get("schemaRef")
        .and_then(|schema| schema.get("type"));
    if schema.and_then(Value::as_str) != Some(SUMO_SCHEMA) {
        return Err(refused(format!(
            "`schemaRef.type` is not \"{SUMO_SCHEMA}\""
        )));
    }
    match source.get("sourceType") {
        None => Ok(()),
        Some(Value::String(kind)) if SUMO_SOURCE_TYPES.contains(&kind.as_str()) => Ok(()),
        Some(_) => Err(refused(format!(
            "`sourceType` is none of {}",
            SUMO_SOURCE_TYPES.join(", ")
        ))),
    }
}

fn fields(config: &Map<String, Value>) -> Result<BTreeMap<String, String>, ServiceError> {
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
    fn a_key_with_a_typing_error_is_named() {
        let mut document = document();
        document["source"]["config"]["workspaceId"] = json!("1201");
        let error = sumo_source(&document.to_string()).unwrap_err().to_string();
        assert!(error.contains("has the key `workspaceId`"), "{error}");
        assert!(!error.contains("hidden"), "{error}");
        let error = sumo_change(&document.to_string(), &stored()).unwrap_err();
        assert!(error.to_string().contains("`workspaceId`"), "{error}");
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

    fn stored() -> Source {
        let add = sumo_source(&document().to_string()).unwrap();
        Source {
            name: add.name,
            profile: SourceProfile {
                workspace_gid: add.workspace_gid,
                ..add.profile
            },
            desired: drishti_model::DesiredState::Running,
            declared: false,
            has_token: true,
            revision: 1,
            restart_generation: 0,
            created_at: chrono::DateTime::UNIX_EPOCH,
            updated_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_change_tells_all_but_the_token() {
        let current = stored();
        let mut document = document();
        document["source"]["id"] = json!(sumo_id(&current));
        document["source"]["config"] =
            json!({"name": "Asana", "category": "audit", "personalAccessToken": "********"});
        let change = sumo_change(&document.to_string(), &current).unwrap();
        assert!(change.token.is_none());
        let profile = change.profile.unwrap();
        assert_eq!(profile.category, "audit");
        assert_eq!(profile.description, "");
        assert!(profile.fields.is_empty());
        assert_eq!(profile.workspace_gid.as_deref(), Some("1201"));
        document["source"]["config"]["personalAccessToken"] = json!("2/1201/88:new");
        let change = sumo_change(&document.to_string(), &current).unwrap();
        assert_eq!(
            change.token.as_ref().map(Secret::expose),
            Some("2/1201/88:new")
        );
        for (pointer, value, problem) in [
            ("/source/config/name", "Other", "`name` can't be changed"),
            ("/source/id", "", "`id` is not that"),
        ] {
            let mut other = document.clone();
            *other.pointer_mut(pointer).unwrap() = match value {
                "" => json!(7),
                name => json!(name),
            };
            let error = sumo_change(&other.to_string(), &current).unwrap_err();
            assert!(error.to_string().contains(problem), "{error}");
        }
    }

    #[test]
    fn a_source_added_again_has_another_number() {
        let first = stored();
        let again = Source {
            created_at: first.created_at + chrono::TimeDelta::microseconds(1),
            ..first.clone()
        };
        assert_ne!(sumo_id(&first), sumo_id(&again));
        assert!(sumo_id(&first) < 1 << 53);
    }
}
