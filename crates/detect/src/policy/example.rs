//! The events and people in a policy's tests (`docs/POLICIES.md` describes their form).

mod address;
mod event;
mod person;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::EnrichedEvent;
use serde_json::{Map, Value};

use super::duration::parse_duration;
use crate::People;

/// Most events of a test, repetitions counted.
pub(super) const EVENTS_MAX: usize = 20_000;

/// When the first event happens, if it does not say: a Monday, 09:00 UTC.
const START_SECONDS: i64 = 1_767_603_600;

/// What people of a test are known by.
pub(crate) fn people(items: &[Value]) -> Result<People, String> {
    let mut people = People::default();
    for (place, item) in items.iter().enumerate() {
        person::add(&mut people, item).map_err(|error| format!("person {}: {error}", place + 1))?;
    }
    Ok(people)
}

/// The events of a test in the order of their times. Ids and times that are missing are made up, a minute apart.
pub(crate) fn events(items: &[Value]) -> Result<Vec<EnrichedEvent>, String> {
    let mut events = Vec::new();
    let mut next = DateTime::from_timestamp(START_SECONDS, 0).unwrap_or_default();
    for (place, item) in items.iter().enumerate() {
        repeat(item, &mut next, &mut events)
            .map_err(|error| format!("event {}: {error}", place + 1))?;
    }
    events.sort_by_key(|event| event.event.created_at);
    Ok(events)
}

/// Adds an event as often as it says.
fn repeat(
    item: &Value,
    next: &mut DateTime<Utc>,
    events: &mut Vec<EnrichedEvent>,
) -> Result<(), String> {
    let mut item = object(item, "an event")?.clone();
    let (times, every) = match item.remove("repeat") {
        Some(repeat) => repetition(&repeat)?,
        None => (1, TimeDelta::minutes(1)),
    };
    if events.len() + times > EVENTS_MAX {
        return Err(format!("a test has at most {EVENTS_MAX} events"));
    }
    let mut at = match item.get("created_at") {
        Some(_) => None,
        None => Some(*next),
    };
    for number in 1..=times {
        let numbered = fill(&Value::Object(item.clone()), number);
        let gid = (events.len() + 1).to_string();
        let mut event = event::read(object(&numbered, "an event")?, at, &gid)?;
        if at.is_none() && number > 1 {
            event.event.created_at += every * i32::try_from(number - 1).unwrap_or(i32::MAX);
        }
        *next = event.event.created_at + TimeDelta::minutes(1);
        at = at.map(|at| at + every);
        events.push(event);
    }
    Ok(())
}

fn repetition(value: &Value) -> Result<(usize, TimeDelta), String> {
    let repeat = object(value, "`repeat`")?;
    refuse_unknown(repeat, "repeat", &["times", "every"])?;
    let times = repeat
        .get("times")
        .and_then(Value::as_u64)
        .and_then(|times| usize::try_from(times).ok())
        .filter(|times| (1..=EVENTS_MAX).contains(times))
        .ok_or_else(|| format!("`repeat.times` must be a number from 1 to {EVENTS_MAX}"))?;
    let every =
        text(repeat, "every")?.map_or(Ok(TimeDelta::minutes(1)), |every| parse_duration(&every))?;
    Ok((times, every))
}

/// Puts the number of the repetition where a text has `{n}`.
fn fill(value: &Value, number: usize) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("{n}", &number.to_string())),
        Value::Array(items) => items.iter().map(|item| fill(item, number)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), fill(value, number)))
            .collect(),
        other => other.clone(),
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{what} must be a list of `key: value`"))
}

fn refuse_unknown(map: &Map<String, Value>, what: &str, known: &[&str]) -> Result<(), String> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!(
            "unknown key `{key}` under `{what}`; known are {}",
            known.join(", ")
        )),
        None => Ok(()),
    }
}

/// A text under `key`; nothing where there is none.
fn text(map: &Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!("`{key}` must be a text: put it into quotes")),
    }
}

fn texts(map: &Map<String, Value>, key: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{key}` must be a list of texts");
    let items = match map.get(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(value) => value.as_array().ok_or_else(wrong)?,
    };
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

fn time(map: &Map<String, Value>, key: &str) -> Result<Option<DateTime<Utc>>, String> {
    let Some(text) = text(map, key)? else {
        return Ok(None);
    };
    DateTime::parse_from_rfc3339(&text)
        .map(|time| Some(time.to_utc()))
        .map_err(|_| format!("`{key}`: `{text}` is no time such as 2026-01-05T09:00:00Z"))
}

#[cfg(test)]
mod tests;
