use serde::de::DeserializeOwned;
use yaml_serde::{Mapping, Value};

use super::error::Problem;
use super::lines::{self, Step};
use super::nearest::nearest;

/// Where in a file a value stands.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    text: &'a str,
    /// The line on which the document begins.
    start: usize,
    path: Vec<Step>,
}

impl<'a> Place<'a> {
    pub(super) fn document(text: &'a str, start: usize) -> Self {
        Self {
            text,
            start,
            path: Vec::new(),
        }
    }

    pub(super) fn key(&self, key: &str) -> Self {
        self.step(Step::Key(key.to_owned()))
    }

    fn step(&self, step: Step) -> Self {
        let mut place = self.clone();
        place.path.push(step);
        place
    }

    pub(super) fn problem(&self, text: impl Into<String>) -> Problem {
        let line = lines::find(self.text, self.start, &self.path);
        Problem::new(line.or(Some(self.start)), text)
    }

    /// The keys as a reader would name the place.
    fn name(&self) -> String {
        let keys: Vec<&str> = self
            .path
            .iter()
            .filter_map(|step| match step {
                Step::Key(key) => Some(key.as_str()),
                Step::Item(_) => None,
            })
            .collect();
        keys.join(".")
    }
}

/// A mapping whose keys are read one by one.
#[derive(Clone, Debug)]
pub(super) struct Section<'a> {
    map: &'a Mapping,
    place: Place<'a>,
}

impl<'a> Section<'a> {
    /// Any keys.
    pub(super) fn open(map: &'a Mapping, place: Place<'a>) -> Self {
        Self { map, place }
    }

    /// Refuses keys that are not `known`.
    pub(super) fn closed(
        value: &'a Value,
        place: Place<'a>,
        known: &[&str],
    ) -> Result<Self, Problem> {
        let Value::Mapping(map) = value else {
            let name = place.name();
            return Err(place.problem(format!("`{name}` must be a list of `key: value`")));
        };
        for key in map.keys() {
            let key = key.as_str().unwrap_or_default();
            if !known.contains(&key) {
                let problem = place
                    .key(key)
                    .problem(format!("unknown key `{key}` under `{}`", place.name()));
                return Err(problem.advise(nearest(key, known.iter().copied())));
            }
        }
        Ok(Self { map, place })
    }

    pub(super) fn place(&self, key: &str) -> Place<'a> {
        self.place.key(key)
    }

    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Problem> {
        self.value(key)
            .map(|value| {
                yaml_serde::from_value(value.clone())
                    .map_err(|error| self.place(key).problem(format!("`{key}`: {error}")))
            })
            .transpose()
    }

    pub(super) fn require<T: DeserializeOwned>(&self, key: &str) -> Result<T, Problem> {
        self.get(key)?
            .ok_or_else(|| self.place.problem(format!("`{key}` is missing")))
    }

    /// A value that is parsed from its text.
    pub(super) fn parsed<T, E: ToString>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.get::<String>(key)? else {
            return Ok(None);
        };
        parse(&text).map(Some).map_err(|error| {
            self.place(key)
                .problem(format!("`{key}`: {}", error.to_string()))
        })
    }

    /// A list of texts, or one text alone.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, Problem> {
        match self.value(key) {
            Some(Value::String(text)) => Ok(vec![text.clone()]),
            _ => Ok(self.get(key)?.unwrap_or_default()),
        }
    }

    pub(super) fn section(&self, key: &str, known: &[&str]) -> Result<Option<Self>, Problem> {
        self.value(key)
            .map(|value| Section::closed(value, self.place(key), known))
            .transpose()
    }

    /// The items of a list, each with its place.
    pub(super) fn items(&self, key: &str) -> Result<Vec<(&'a Value, Place<'a>)>, Problem> {
        match self.value(key) {
            None => Ok(Vec::new()),
            Some(Value::Sequence(items)) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, item)| (item, self.place(key).step(Step::Item(index))))
                .collect()),
            Some(_) => Err(self.place(key).problem(format!("`{key}` must be a list"))),
        }
    }
}

/// YAML as JSON. Keys that are no text become their text.
pub(super) fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => number
            .as_i64()
            .map(Json::from)
            .or_else(|| number.as_u64().map(Json::from))
            .or_else(|| number.as_f64().map(Json::from))
            .unwrap_or_default(),
        Value::String(text) => Json::String(text.clone()),
        Value::Sequence(items) => items.iter().map(to_json).collect(),
        Value::Mapping(map) => map
            .iter()
            .map(|(key, value)| {
                let key = match to_json(key) {
                    Json::String(text) => text,
                    other => other.to_string(),
                };
                (key, to_json(value))
            })
            .collect(),
        Value::Tagged(tagged) => to_json(&tagged.value),
    }
}
