use chrono::{DateTime, Utc};
use drishti_model::{Actor, AuditEvent, Context, Resource, canonical_time};
use thiserror::Error;

use crate::fields::{Fields, is_deeper_than, kind, one_line, unquoted};
use crate::printable::printable;

/// Most bytes of one event's JSON text.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// Most objects and arrays that may stand in each other in an event, the event itself included.
pub const DEPTH_MAX: usize = 64;
/// Most characters of an event's `gid`; real ones have 16 (`asana-api.md`, section 2).
pub const GID_CHARACTERS_MAX: usize = 128;
/// Most characters of an `event_type`.
pub const EVENT_TYPE_CHARACTERS_MAX: usize = 256;
/// Most characters of foreign text that a reason shows.
const SHOWN_CHARACTERS_MAX: usize = 200;

const EVENT: [&str; 8] = [
    "gid",
    "created_at",
    "event_type",
    "event_category",
    "actor",
    "resource",
    "details",
    "context",
];
const GID: usize = 0;
const CREATED_AT: usize = 1;
const EVENT_TYPE: usize = 2;
const EVENT_CATEGORY: usize = 3;
const ACTOR: usize = 4;
const RESOURCE: usize = 5;
const DETAILS: usize = 6;
const CONTEXT: usize = 7;

const ACTOR_FIELDS: [&str; 4] = ["actor_type", "gid", "name", "email"];
const RESOURCE_FIELDS: [&str; 5] = ["resource_type", "resource_subtype", "gid", "name", "email"];
const CONTEXT_FIELDS: [&str; 7] = [
    "context_type",
    "api_authentication_method",
    "client_ip_address",
    "user_agent",
    "oauth_app_name",
    "rule_name",
    "on_behalf_of_user_id",
];

/// Why a text is not an audit event, or not a page of them.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}")]
pub struct Rejection {
    /// Which field, what was found, what is expected.
    pub reason: String,
    /// The event's `gid`, where that much could be read.
    pub gid: Option<String>,
}

impl Rejection {
    /// A reason without a `gid`. What it quotes is made harmless and short.
    pub(crate) fn new(reason: &str) -> Self {
        Self {
            reason: printable(reason, SHOWN_CHARACTERS_MAX),
            gid: None,
        }
    }

    /// That something is `no` such JSON. A value that the error quotes is left out: it may be anything that stood in the answer.
    pub(crate) fn json(no: &str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        match (text.split_once('"'), text.rsplit_once('"')) {
            (Some((before, _)), Some((_, after))) => Self::new(&format!("{no}: {before}…{after}")),
            _ => Self::new(&format!("{no}: {text}")),
        }
    }
}

/// Reads one event of the audit log (`asana-api.md`, section 2.3) from its JSON text, without loss: [`AuditEvent::to_json`]
/// gives the same JSON back, numbers as they were written.
///
/// `gid`, `created_at`, `event_type` and `actor` must be there with their types. Anything else may be absent, unknown or of
/// another type, and then stands in `extra`. Of white space only line breaks between values are dropped, so that an event always
/// fits on one line. Whether `created_at` is plausible is not judged.
pub fn parse_event(raw: &str) -> Result<AuditEvent, Rejection> {
    if raw.len() > EVENT_BYTES_MAX {
        return Err(Rejection::new(&format!(
            "the event has {} bytes, at most {EVENT_BYTES_MAX} are allowed",
            raw.len()
        )));
    }
    if is_deeper_than(raw, DEPTH_MAX) {
        return Err(Rejection::new(&format!(
            "the event is nested more than {DEPTH_MAX} deep"
        )));
    }
    if kind(raw) != "an object" {
        return Err(Rejection::new(&format!(
            "the event is {}, expected an object",
            kind(raw)
        )));
    }
    let mut event = Fields::new(&EVENT);
    let read = event.read(raw);
    read.map_err(|error| format!("the event is not valid JSON: {error}"))
        .and_then(|()| assemble(&mut event))
        .map_err(|reason| Rejection {
            gid: gid(&event).ok(),
            ..Rejection::new(&reason)
        })
}

fn assemble(event: &mut Fields<'_, 8>) -> Result<AuditEvent, String> {
    if let Some(key) = event.duplicate() {
        return Err(format!("duplicate key `{key}` in the event"));
    }
    let gid = gid(event)?;
    let created_at = created_at(event)?;
    let event_type = identifier(event, EVENT_TYPE, EVENT_TYPE_CHARACTERS_MAX)?;
    let actor = match event.raw(ACTOR) {
        Some(raw) if raw.starts_with('{') => actor(event, raw)?,
        found => return Err(mismatch("actor", found, "an object")),
    };
    Ok(AuditEvent {
        gid,
        created_at,
        event_type,
        event_category: event.text(EVENT_CATEGORY),
        actor,
        resource: resource(event)?,
        context: context(event)?,
        details: event.raw(DETAILS).map(|raw| one_line(raw).into_owned()),
        extra: event.extra(),
    })
}

fn gid(event: &Fields<'_, 8>) -> Result<String, String> {
    identifier(event, GID, GID_CHARACTERS_MAX)
}

/// The time to the microsecond. Where Asana's own notation would not give the text back, the text goes to the rest.
fn created_at(event: &mut Fields<'_, 8>) -> Result<DateTime<Utc>, String> {
    let expected = "a time as in RFC 3339";
    let found = event.raw(CREATED_AT);
    let (Some(raw), Some(text)) = (found, found.and_then(unquoted)) else {
        return Err(mismatch("created_at", found, expected));
    };
    let time = DateTime::parse_from_rfc3339(&text)
        .ok()
        .and_then(|time| DateTime::from_timestamp_micros(time.timestamp_micros()))
        .ok_or_else(|| {
            format!(
                "`created_at` is `{}`, expected {expected}",
                printable(&text, 40)
            )
        })?;
    if !is_canonical(&text) && canonical_time(time) != text {
        event.set_aside(CREATED_AT, raw);
    }
    Ok(time)
}

/// Whether `text`, a valid time, certainly is what [`canonical_time`] makes of it: its form, and no leap second.
fn is_canonical(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00:00:00.000Z";
    let fits = |(form, byte): (u8, u8)| form == b'0' || form == byte;
    text.len() == FORM.len() && FORM.bytes().zip(text.bytes()).all(fits) && !text.contains(":60.")
}

fn actor(event: &mut Fields<'_, 8>, raw: &str) -> Result<Actor, String> {
    let mut fields = nested(raw, "actor", &ACTOR_FIELDS)?;
    let actor = Actor {
        actor_type: fields.text(0),
        gid: fields.text(1),
        name: fields.text(2),
        email: fields.text(3),
    };
    if let Some(extra) = fields.extra() {
        event.set_aside(ACTOR, extra);
    }
    Ok(actor)
}

fn resource(event: &mut Fields<'_, 8>) -> Result<Resource, String> {
    let Some(raw) = object_or_aside(event, RESOURCE) else {
        return Ok(Resource::default());
    };
    let mut fields = nested(raw, "resource", &RESOURCE_FIELDS)?;
    let resource = Resource {
        resource_type: fields.text(0),
        resource_subtype: fields.text(1),
        gid: fields.text(2),
        name: fields.text(3),
        email: fields.text(4),
    };
    if let Some(extra) = fields.extra() {
        event.set_aside(RESOURCE, extra);
    } else if resource == Resource::default() {
        event.set_aside(RESOURCE, raw);
    }
    Ok(resource)
}

fn context(event: &mut Fields<'_, 8>) -> Result<Context, String> {
    let Some(raw) = object_or_aside(event, CONTEXT) else {
        return Ok(Context::default());
    };
    let mut fields = nested(raw, "context", &CONTEXT_FIELDS)?;
    let context = Context {
        context_type: fields.text(0),
        api_authentication_method: fields.text(1),
        client_ip_address: fields.text(2),
        user_agent: fields.text(3),
        oauth_app_name: fields.text(4),
        rule_name: fields.text(5),
        on_behalf_of_user_id: fields.integer(6),
    };
    if let Some(extra) = fields.extra() {
        event.set_aside(CONTEXT, extra);
    } else if context == Context::default() {
        event.set_aside(CONTEXT, raw);
    }
    Ok(context)
}

/// The text of the object at `place`; what is none is put aside.
fn object_or_aside<'a>(event: &mut Fields<'a, 8>, place: usize) -> Option<&'a str> {
    let raw = event.raw(place)?;
    if raw.starts_with('{') {
        return Some(raw);
    }
    event.set_aside(place, raw);
    None
}

fn nested<'a, const N: usize>(
    raw: &'a str,
    name: &str,
    names: &'static [&'static str; N],
) -> Result<Fields<'a, N>, String> {
    let mut fields = Fields::new(names);
    fields
        .read(raw)
        .map_err(|error| format!("`{name}` is not valid JSON: {error}"))?;
    match fields.duplicate() {
        Some(key) => Err(format!("duplicate key `{key}` in `{name}`")),
        None => Ok(fields),
    }
}

/// A required string that other things are found by.
fn identifier(
    event: &Fields<'_, 8>,
    place: usize,
    characters_max: usize,
) -> Result<String, String> {
    let name = EVENT[place];
    let expected =
        || format!("a string of 1 to {characters_max} characters without control characters");
    let found = event.raw(place);
    let Some(text) = found.and_then(unquoted) else {
        return Err(mismatch(name, found, &expected()));
    };
    let characters = text.chars().count();
    if characters == 0 || characters > characters_max {
        return Err(format!(
            "`{name}` has {characters} characters, expected {}",
            expected()
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(format!(
            "`{name}` has a control character, expected {}",
            expected()
        ));
    }
    Ok(text.into_owned())
}

fn mismatch(name: &str, found: Option<&str>, expected: &str) -> String {
    match found {
        None => format!("`{name}` is missing, expected {expected}"),
        Some(raw) if raw.starts_with('"') && unquoted(raw).is_none() => {
            format!("`{name}` is a string that is not valid Unicode, expected {expected}")
        }
        Some(raw) => format!("`{name}` is {}, expected {expected}", kind(raw)),
    }
}
