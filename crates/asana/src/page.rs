use std::borrow::Cow;

use drishti_model::AuditEvent;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::event::{Rejection, parse_event};

/// One page of the audit log, whose events are read one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedPage {
    /// The events in Asana's order, readable or not.
    pub events: Vec<Result<AuditEvent, RejectedEvent>>,
    /// Where the next page begins; `None` where `next_page` is null or absent.
    pub next_offset: Option<String>,
}

/// An element of a page that is no audit event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedEvent {
    /// Why.
    pub rejection: Rejection,
    /// Its JSON text.
    pub raw: String,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    next_page: Option<NextPage>,
}

#[derive(Deserialize)]
struct NextPage {
    offset: String,
}

/// Reads `{"data":[…],"next_page":{"offset":…}|null}`. An element that is no event never costs its page; a body that is not of
/// this shape at all, or that has a `next_page` without a usable offset, is rejected whole.
pub fn parse_page(body: &[u8]) -> Result<ParsedPage, Rejection> {
    // Which element of a body that is not UTF-8 is damaged is told by the mark that the damage leaves.
    let (text, is_damaged) = match std::str::from_utf8(body) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (String::from_utf8_lossy(body), true),
    };
    let page: Page<'_> = serde_json::from_str(&text)
        .map_err(|error| Rejection::json("not a page of events", &error))?;
    if page
        .next_page
        .as_ref()
        .is_some_and(|next| next.offset.is_empty())
    {
        return Err(Rejection::new("`next_page.offset` is an empty string"));
    }
    let read = |element: &RawValue| {
        let raw = element.get();
        let event = if is_damaged && raw.contains(char::REPLACEMENT_CHARACTER) {
            Err(Rejection::new("the event is not valid UTF-8"))
        } else {
            parse_event(raw)
        };
        event.map_err(|rejection| RejectedEvent {
            rejection,
            raw: raw.to_owned(),
        })
    };
    Ok(ParsedPage {
        events: page.data.into_iter().map(read).collect(),
        next_offset: page.next_page.map(|next| next.offset),
    })
}
