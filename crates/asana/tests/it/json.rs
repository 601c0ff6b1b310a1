use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::value::RawValue;

/// JSON as it counts for equality: objects without order, strings without escapes, numbers as they are written.
#[derive(Debug, PartialEq)]
pub(crate) enum Json {
    Object(BTreeMap<String, Json>),
    Array(Vec<Json>),
    String(String),
    Written(String),
}

impl Json {
    pub(crate) fn parse(text: &str) -> Self {
        if let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
            let of = |(key, value): (String, &RawValue)| (key, Self::parse(value.get()));
            Self::Object(object.into_iter().map(of).collect())
        } else if let Ok(array) = serde_json::from_str::<Vec<&RawValue>>(text) {
            Self::Array(array.iter().map(|value| Self::parse(value.get())).collect())
        } else if let Ok(string) = serde_json::from_str(text) {
            Self::String(string)
        } else {
            let raw: &RawValue = serde_json::from_str(text).unwrap();
            Self::Written(raw.get().to_owned())
        }
    }
}

/// The text of any JSON value.
pub(crate) fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?",
        any::<i64>().prop_map(|number| number.to_string()),
        any_string(),
    ];
    leaf.prop_recursive(4, 24, 5, |value| {
        let object = prop::collection::vec((any_string_content(), value.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(value, 0..5)
                .prop_map(|values| format!("[ {} ]", values.join(" ,\r\n"))),
            object.prop_map(object_of),
        ]
    })
}

/// The text of any JSON string, escapes and lone surrogates included.
pub(crate) fn any_string() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => any_string_content().prop_map(|text| quoted(&text)),
        2 => any_string_content().prop_map(|text| escaped(&text)),
        1 => any_string_content().prop_map(|text| quoted(&text).replacen('"', "\"\\ud800", 1)),
    ]
}

pub(crate) fn any_string_content() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{0,12}",
        "\\PC{0,12}",
        prop::collection::vec(any::<char>(), 0..8).prop_map(String::from_iter),
    ]
}

pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// `text` as a JSON string in which every character is escaped.
pub(crate) fn escaped(text: &str) -> String {
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
    format!("\"{}\"", units.collect::<String>())
}

/// The text of an object with `fields`, of which only the first of each name is taken.
pub(crate) fn object_of(fields: Vec<(String, String)>) -> String {
    let mut names = Vec::new();
    let mut parts = Vec::new();
    for (name, value) in fields {
        if !names.contains(&name) {
            parts.push(format!("{} : {value}", quoted(&name)));
            names.push(name);
        }
    }
    format!("{{{}}}", parts.join(",\n  "))
}

/// An object with some of `names` and some other keys, in any order, with any values.
pub(crate) fn any_object(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let known = prop::collection::vec(
        (
            prop::sample::select(names),
            prop_oneof![any_string(), any_value()],
        ),
        0..8,
    );
    let unknown = prop::collection::vec((any_string_content(), any_value()), 0..3);
    (known, unknown, any::<Index>()).prop_map(|(known, unknown, turn)| {
        let known = known
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let mut fields: Vec<_> = known.chain(unknown).collect();
        let at = turn.index(fields.len() + 1);
        fields.rotate_left(at);
        object_of(fields)
    })
}
