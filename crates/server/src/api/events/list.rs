use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use drishti_services::{EventPosition, Services, StoredEvent};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::enrichment::{Address, Device};
use super::filters::{EventParameters, end_of_time};
use crate::bounds::EVENTS_PAGE_BYTES_MAX;
use crate::cursor;
use crate::parameters::{Parameters, page_size};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParameters {
    /// `next_cursor` of the page before.
    pub(in crate::api) cursor: Option<String>,
    /// Most events of the page: 1 to 500, 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub(in crate::api) limit: Option<usize>,
}

/// An event as Asana gave it, and how it came here.
#[derive(Debug, Serialize, ToSchema)]
#[expect(
    clippy::struct_field_names,
    reason = "the inner event is the one that the others are about"
)]
pub(crate) struct Event {
    /// Name of the source.
    source: String,
    /// When it was collected.
    collected_at: DateTime<Utc>,
    /// Number of the batch of this source that brought it.
    batch: i64,
    /// The event in Asana's own JSON, key for key.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
    /// What is known of its client address; null where nothing is.
    #[schema(required)]
    address: Option<Address>,
    /// What its user agent says; null where that is nothing.
    #[schema(required)]
    device: Option<Device>,
}

/// Events, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventPage {
    /// The events.
    events: Vec<Event>,
    /// Where the next page begins; null at the end.
    #[schema(required)]
    pub(in crate::api) next_cursor: Option<String>,
}

/// List events, newest first.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    params(EventParameters, PageParameters),
    responses((status = 200, description = "One page of events.", body = EventPage), Failure<'static>)
)]
pub(crate) async fn list_events(
    State(services): State<Services>,
    Scope(scope): Scope,
    Parameters(filters, place): Parameters<EventParameters, PageParameters>,
) -> Result<Json<EventPage>, Problem> {
    let limit = page_size(place.limit)?;
    let position = place.cursor.as_deref().map(position).transpose()?;
    let range = filters.range()?;
    let filter = filters.into_filter(range, scope)?;
    let events = services
        .events(&filter, position.as_ref(), limit + 1)
        .await?;
    Ok(Json(answer(&events, limit, EVENTS_PAGE_BYTES_MAX)?))
}

/// The page of events that were read one too many; it ends early where they are too large.
pub(in crate::api) fn answer(
    events: &[StoredEvent],
    limit: usize,
    bytes_max: usize,
) -> Result<EventPage, Problem> {
    let mut bytes = 0;
    let mut kept = 0_usize;
    let mut shown = Vec::new();
    for stored in events.iter().take(limit) {
        let json = stored.event.to_json();
        bytes += json.len();
        if kept > 0 && bytes > bytes_max {
            break;
        }
        kept += 1;
        shown.push(Event {
            source: stored.source.clone(),
            collected_at: stored.collected_at,
            batch: stored.batch,
            event: RawValue::from_string(json).map_err(|error| Problem::internal(&error))?,
            address: stored.address.as_deref().map(Address::from),
            device: stored.device.as_deref().map(Device::from),
        });
    }
    let last = kept.checked_sub(1).and_then(|last| events.get(last));
    let next = last.filter(|_| events.len() > kept);
    Ok(EventPage {
        events: shown,
        next_cursor: next.map(|last| place(&place_of(last))),
    })
}

fn place_of(event: &StoredEvent) -> EventPosition {
    EventPosition {
        created_at: event.event.created_at,
        gid: event.event.gid.clone(),
        source: event.source.clone(),
    }
}

/// The cursor of a place.
pub(in crate::api) fn place(position: &EventPosition) -> String {
    let event_at = position.created_at.timestamp_micros();
    cursor::encode(&(event_at, &position.gid, &position.source))
}

/// The place of a cursor.
pub(in crate::api) fn position(text: &str) -> Result<EventPosition, Problem> {
    let (microseconds, gid, source): (i64, String, String) = cursor::decode(text)?;
    let created_at = DateTime::from_timestamp_micros(microseconds)
        .filter(|time| (DateTime::UNIX_EPOCH..end_of_time()).contains(time))
        .ok_or_else(cursor::refused)?;
    Ok(EventPosition {
        created_at,
        gid,
        source,
    })
}

#[cfg(test)]
mod tests {
    use drishti_model::AuditEvent;

    use super::*;

    fn stored(number: i64, text: &str) -> StoredEvent {
        StoredEvent {
            source: "acme".to_owned(),
            batch: 1,
            collected_at: DateTime::UNIX_EPOCH,
            event: AuditEvent {
                gid: number.to_string(),
                created_at: DateTime::from_timestamp_micros(number).unwrap(),
                details: Some(format!("\"{text}\"")),
                ..AuditEvent::default()
            },
            address: None,
            device: None,
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let event = stored(1_767_225_600_123_456, "");
        let read = position(&place(&place_of(&event))).unwrap();
        assert_eq!(read.created_at, event.event.created_at);
        assert_eq!((read.gid, read.source), (event.event.gid, event.source));
    }

    #[test]
    fn cursors_of_others_are_refused() {
        for cursor in [
            "",
            "%",
            "AAAA",
            "next",
            &cursor::encode(&(1, "1")),
            &cursor::encode(&(-1, "1", "acme")),
            &cursor::encode(&(i64::MAX, "1", "acme")),
            &cursor::encode(&("1", "1", "acme")),
            &cursor::encode(&(1, "1", "acme", "more")),
        ] {
            assert!(position(cursor).is_err(), "{cursor}");
        }
    }

    #[test]
    fn large_events_end_a_page_early_and_none_is_left_out() {
        let events: Vec<StoredEvent> = (0..3)
            .map(|number| stored(3 - number, &"x".repeat(600)))
            .collect();
        let first = answer(&events, 3, 1_000).unwrap();
        assert_eq!(first.events.len(), 1);
        let next = position(&first.next_cursor.unwrap()).unwrap();
        assert_eq!(next.gid, "3");
        let all = answer(&events, 3, 10_000).unwrap();
        assert_eq!((all.events.len(), all.next_cursor), (3, None));
    }
}
