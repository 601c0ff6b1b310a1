//! YAML with bounds: how many documents and values, how deep, and each key once. Aliases count as what they stand for, so a few
//! lines cannot grow into gigabytes.

use std::cell::Cell;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use yaml_serde::{Mapping, Value};

use super::error::Problem;
use super::lines;

/// Most documents in a file.
pub(super) const DOCUMENTS_MAX: usize = 32;

/// Most values in a file, keys included, aliases written out.
pub(super) const VALUES_MAX: usize = 50_000;

/// How deep values may nest.
pub(super) const DEPTH_MAX: usize = 32;

/// One document of a file.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) value: Mapping,
    /// The line on which it begins, counted from 1.
    pub(super) line: usize,
}

/// The documents of `text`.
pub(super) fn read(text: &str) -> Result<Vec<Document>, Problem> {
    let starts = lines::document_starts(text);
    let values = Cell::new(0);
    let mut documents = Vec::new();
    for (index, document) in yaml_serde::Deserializer::from_str(text).enumerate() {
        let line = starts.get(index).copied().unwrap_or(1);
        if index == DOCUMENTS_MAX {
            return Err(
                Problem::new(Some(line), format!("more than {DOCUMENTS_MAX} documents"))
                    .advise("write each policy into a file of its own"),
            );
        }
        let bounded = Bounded {
            values: &values,
            depth: 0,
        };
        match bounded.deserialize(document) {
            Ok(Value::Mapping(value)) => documents.push(Document { value, line }),
            Ok(Value::Null) => {}
            Ok(_) => {
                return Err(Problem::new(
                    Some(line),
                    "a document of a policy is a list of `key: value`",
                ));
            }
            Err(error) => return Err(syntax(&error)),
        }
    }
    if documents.is_empty() {
        return Err(Problem::new(None, "the file is empty"));
    }
    Ok(documents)
}

fn syntax(error: &yaml_serde::Error) -> Problem {
    let line = error.location().map(|place| place.line());
    let text = error.to_string();
    // The line is told apart from the text.
    let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
    Problem::new(line, format!("not readable as YAML: {text}"))
        .advise("look at the indentation, colons and quotes of this line and the one before")
}

/// Builds a value while it counts.
#[derive(Clone, Copy)]
struct Bounded<'a> {
    values: &'a Cell<usize>,
    depth: usize,
}

impl Bounded<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format!("nested more than {DEPTH_MAX} deep")));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;
    fn deserialize<D: de::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        let values = self.values.get() + 1;
        self.values.set(values);
        if values > VALUES_MAX {
            return Err(de::Error::custom(format!(
                "more than {VALUES_MAX} values, aliases written out"
            )));
        }
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value without a tag")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: de::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        Value::deserialize(source)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Sequence(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Mapping::new();
        while let Some(key) = map.next_key_seed(inner)? {
            if values.contains_key(&key) {
                let name = key.as_str().unwrap_or("one").to_owned();
                return Err(de::Error::custom(format!("the key `{name}` stands twice")));
            }
            let value = map.next_value_seed(inner)?;
            values.insert(key, value);
        }
        Ok(Value::Mapping(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Problem {
        read(text).unwrap_err()
    }

    #[test]
    fn documents_know_their_lines() {
        let documents = read("# x\n---\na: 1\nb: [off, true, 2.5, ~]\n---\nc: {d: e}\n").unwrap();
        let lines: Vec<usize> = documents.iter().map(|document| document.line).collect();
        assert_eq!(lines, [3, 6]);
        let list = documents[0].value.get("b").unwrap();
        assert_eq!(
            list.as_sequence().unwrap(),
            &[
                Value::from("off"),
                Value::from(true),
                Value::from(2.5),
                Value::Null
            ]
        );
    }

    #[test]
    fn faults_have_a_line() {
        for (text, line, words) in [
            ("a: 1\nb: [1\nc: 2\n", Some(3), "not readable"),
            ("a: 1\nb: 2\na: 3\n", Some(3), "`a` stands twice"),
            ("- a\n", Some(1), "list of `key: value`"),
            ("a: !tag b\n", Some(1), "tag"),
            ("# nothing\n", None, "empty"),
            ("", None, "empty"),
        ] {
            let found = problem(text);
            assert!(found.text.contains(words), "{text:?}: {found:?}");
            assert_eq!(found.line.is_some(), line.is_some(), "{text:?}: {found:?}");
        }
    }

    #[test]
    fn every_bound_is_kept() {
        let documents = "a: 1\n---\n".repeat(DOCUMENTS_MAX + 1);
        assert!(problem(&documents).text.contains("documents"));
        let deep = format!("a: {}", "[".repeat(DEPTH_MAX + 1));
        assert!(!problem(&deep).text.is_empty());
        let deep = format!("a: {}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX));
        assert!(problem(&deep).text.contains("deep"));
        let wide = format!("a: [{}]", "1, ".repeat(VALUES_MAX));
        assert!(problem(&wide).text.contains("values"));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}, ", level - 1).repeat(10);
            bomb += &[
                "a",
                &level.to_string(),
                ": &a",
                &level.to_string(),
                " [",
                &before,
                "]\n",
            ]
            .concat();
        }
        assert!(problem(&bomb).text.contains("values"));
    }
}
