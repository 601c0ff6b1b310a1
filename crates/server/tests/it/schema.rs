//! Whether an answer is what the OpenAPI document says: the few keywords that the document uses, and a failure for any other.

use reqwest::Method;
use serde_json::Value;

use crate::app::Answer;

/// Keywords that say nothing about which values are valid here.
const WORDS: [&str; 9] = [
    "description",
    "format",
    "minimum",
    "maximum",
    "maxItems",
    "propertyNames",
    "writeOnly",
    "default",
    "title",
];

pub(crate) struct Document(pub(crate) Value);

impl Document {
    pub(crate) fn new() -> Self {
        Self(serde_json::from_str(&drishti_server::openapi()).unwrap())
    }

    /// Panics where `answer` is not one of those that the document gives for the operation.
    pub(crate) fn check(&self, method: &Method, path: &str, answer: &Answer) {
        let mut paths = self.0["paths"].as_object().unwrap().iter();
        let Some((_, item)) = paths.find(|(template, _)| is_of(template, path)) else {
            return;
        };
        let Some(responses) = item[method.as_str().to_lowercase()]["responses"].as_object() else {
            return;
        };
        let response = responses
            .get(&answer.status.to_string())
            .or_else(|| responses.get("default").filter(|_| answer.status >= 400));
        let Some(response) = response else {
            panic!(
                "{method} {path} answers with {}, which is not described",
                answer.status
            );
        };
        let Some(content) = response["content"].as_object() else {
            assert_eq!(
                answer.text, "",
                "{method} {path} is described without a body"
            );
            return;
        };
        let kind = answer.headers["content-type"].to_str().unwrap();
        let kind = kind.split(';').next().unwrap();
        let Some(media) = content.get(kind) else {
            panic!("{method} {path} answers with {kind}, which is not described");
        };
        if kind == "application/json" || kind.ends_with("+json") {
            self.validate(
                &media["schema"],
                &answer.json(),
                &format!("{method} {path}"),
            );
        }
    }

    fn validate(&self, schema: &Value, value: &Value, place: &str) {
        let schema = schema.as_object().unwrap();
        for (keyword, rule) in schema {
            match keyword.as_str() {
                "$ref" => {
                    let pointer = rule.as_str().unwrap().trim_start_matches('#');
                    self.validate(self.0.pointer(pointer).unwrap(), value, place);
                }
                "type" => assert!(
                    rule == kind(value)
                        || rule
                            .as_array()
                            .is_some_and(|kinds| kinds.contains(&kind(value).into())),
                    "{place}: {value} is not {rule}"
                ),
                "oneOf" => {
                    let with_object = rule
                        .as_array()
                        .unwrap()
                        .iter()
                        .find(|one| one["type"] != "null");
                    if !value.is_null() {
                        self.validate(with_object.unwrap(), value, place);
                    }
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.validate(rule, item, &format!("{place}[{index}]"));
                    }
                }
                "required" => {
                    for key in rule.as_array().unwrap() {
                        assert!(
                            value.get(key.as_str().unwrap()).is_some(),
                            "{place}: {key} is missing"
                        );
                    }
                }
                "properties" => {
                    for (key, value) in value.as_object().unwrap() {
                        let Some(property) = rule.get(key) else {
                            panic!("{place}: `{key}` is not described");
                        };
                        self.validate(property, value, &format!("{place}.{key}"));
                    }
                }
                "additionalProperties" => {
                    for (key, value) in value.as_object().unwrap() {
                        self.validate(rule, value, &format!("{place}.{key}"));
                    }
                }
                word => assert!(WORDS.contains(&word), "{place}: unknown keyword `{word}`"),
            }
        }
    }
}

/// Whether `path` is one that the template with `{…}` stands for.
fn is_of(template: &str, path: &str) -> bool {
    let (mut parts, mut segments) = (template.split('/'), path.split('/'));
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return true,
            (Some(part), Some(segment)) if part == segment || part.starts_with('{') => {}
            _ => return false,
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
