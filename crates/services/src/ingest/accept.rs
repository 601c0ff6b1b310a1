//! Deciding whether a text is an audit event that can be stored.

use chrono::{DateTime, Utc};
use drishti_asana::{EVENT_BYTES_MAX, Rejection, parse_event};
use drishti_model::AuditEvent;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::intake::implausible;

/// Most bytes of an object that wraps an event.
const WRAPPED_BYTES_MAX: usize = 2 * EVENT_BYTES_MAX;

/// Why a text is not stored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) gid: Option<String>,
    pub(crate) reason: String,
}

impl Refusal {
    pub(crate) fn new(reason: String) -> Self {
        Self { gid: None, reason }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self {
            gid: rejection.gid,
            reason: rejection.reason,
        }
    }
}

/// Reads one event, bare or wrapped as `{"event":{…}}`, and checks its time against the clock's.
pub(crate) fn accept(text: &[u8], now: DateTime<Utc>) -> Result<AuditEvent, Refusal> {
    let text = std::str::from_utf8(text).map_err(|error| {
        Refusal::new(format!(
            "the event is not valid UTF-8 at byte {}",
            error.valid_up_to() + 1
        ))
    })?;
    let event = parse_event(text).or_else(|rejection| match wrapped(text) {
        Some(inside) if rejection.gid.is_none() => parse_event(inside),
        _ => Err(rejection),
    })?;
    match implausible(&event, now) {
        None => Ok(event),
        Some(reason) => Err(Refusal {
            gid: Some(event.gid),
            reason,
        }),
    }
}

/// The event in an object that has one under `event`, and no `gid` of its own.
fn wrapped(text: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Wrapper<'a> {
        #[serde(borrow)]
        event: &'a RawValue,
        gid: Option<IgnoredAny>,
    }
    if text.len() > WRAPPED_BYTES_MAX || !text.contains("\"event\"") {
        return None;
    }
    let wrapper: Wrapper<'_> = serde_json::from_str(text).ok()?;
    let event = wrapper.event.get();
    (wrapper.gid.is_none() && event.starts_with('{')).then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let found = accept(text.as_bytes(), now);
        let found = found
            .map(|event| event.gid)
            .map_err(|refusal| refusal.reason);
        match expected {
            Ok(gid) => assert_eq!(found.as_deref(), Ok(gid), "{text}"),
            Err(words) => {
                let reason = found.unwrap_err();
                assert!(reason.contains(words), "{text}: {reason}");
            }
        }
    }

    #[test]
    fn events_are_taken_bare_or_wrapped() {
        let event = r#"{"gid":"7","created_at":"2026-01-01T00:00:00.000Z","event_type":"user_login_succeeded","actor":{}}"#;
        check(event, Ok("7"));
        check(
            &format!(r#"{{"source":"x","event":{event},"note":1}}"#),
            Ok("7"),
        );
        check(
            &format!(r#"{{"gid":"8","event":{event}}}"#),
            Err("`created_at` is missing"),
        );
        check(
            &format!(r#"{{"event":{event},"event":{event}}}"#),
            Err("duplicate key `event`"),
        );
        check(r#"{"event":"x"}"#, Err("`gid` is missing"));
        check(r#"{"event":{"gid":"9"}}"#, Err("`created_at` is missing"));
        check(&event.replace("2026", "1999"), Err("before Asana existed"));
        check(
            &event.replace("2026", "2036"),
            Err("ahead of this machine's clock"),
        );
        let filler = "x".repeat(WRAPPED_BYTES_MAX);
        check(
            &format!(r#"{{"event":{event},"filler":"{filler}"}}"#),
            Err("bytes"),
        );
    }

    #[test]
    fn other_encodings_are_named() {
        let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let refusal = accept(b"{\"gid\":\"\xff\"}", now).unwrap_err();
        assert_eq!(refusal.reason, "the event is not valid UTF-8 at byte 9");
    }
}
