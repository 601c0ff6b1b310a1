use chrono::{DateTime, TimeDelta};
use drishti_model::{AddressCategory, AuditEvent, DeviceKind, SourceName};

use super::super::{Stamp, to_columns};
use super::*;
use crate::schema;

/// An event of which everything is told.
fn full(number: i64) -> EnrichedEvent {
    let text = |what: &str| Some(format!("{what} {number}"));
    let event = AuditEvent {
        gid: number.to_string(),
        created_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(number),
        event_type: format!("type_{number}"),
        event_category: text("category"),
        actor: Actor {
            actor_type: text("actor type"),
            gid: text("gid"),
            name: text("name"),
            email: text("email"),
        },
        resource: Resource {
            resource_type: text("type"),
            resource_subtype: text("subtype"),
            gid: text("gid"),
            name: text(&"long ".repeat(ROOM_BYTES_MAX)),
            email: text("email"),
        },
        context: Context {
            context_type: text("context"),
            api_authentication_method: text("method"),
            client_ip_address: text("address"),
            user_agent: text("agent"),
            oauth_app_name: text("app"),
            rule_name: text("rule"),
            on_behalf_of_user_id: Some(number),
        },
        details: text("details"),
        extra: text("extra"),
    };
    EnrichedEvent {
        event,
        address: Some(Arc::new(AddressFacts {
            country: text("country"),
            asn: Some(1),
            category: Some(AddressCategory::Vpn),
            tags: vec!["vpn".to_owned()],
            ..AddressFacts::default()
        })),
        device: Some(Arc::new(Device {
            browser: text("browser"),
            kind: Some(DeviceKind::Pc),
            ..Device::default()
        })),
    }
}

/// One of which nothing more is told than must be.
fn bare(number: i64) -> EnrichedEvent {
    let mut enriched = EnrichedEvent::default();
    enriched.event.gid = number.to_string();
    enriched.event.event_type = "bare".to_owned();
    enriched.event.created_at = DateTime::UNIX_EPOCH;
    enriched
}

fn batch(events: &[EnrichedEvent]) -> RecordBatch {
    let source = SourceName::new("acme").unwrap();
    let stamp = Stamp {
        source: &source,
        sequence: 1,
        collected_at: DateTime::UNIX_EPOCH,
    };
    let events: Vec<&EnrichedEvent> = events.iter().collect();
    to_columns(&stamp, &events, &schema::events()).unwrap()
}

#[test]
fn nothing_of_the_events_whose_room_is_used_is_left() {
    let rounds = [
        vec![full(1), bare(2), full(3)],
        vec![bare(4), full(5), full(6), bare(7), full(8)],
        vec![bare(9), bare(10)],
        vec![],
        vec![full(1), full(12)],
    ];
    let (mut shared, mut events) = (Shared::default(), Vec::new());
    for expected in rounds {
        events = enriched_again(&batch(&expected), Texts::All, &mut shared, events).unwrap();
        assert_eq!(events, expected);
    }
}

#[test]
fn habits_are_made_of_accounts_and_devices_but_no_agents() {
    let (mut person, other) = (full(1), full(2));
    person.event.resource.resource_type = Some(ACCOUNT.to_owned());
    let mut expected = [person.clone(), other.clone()];
    for enriched in &mut expected {
        enriched.event.context.user_agent = None;
    }
    expected[1].event.resource = Resource {
        resource_type: other.event.resource.resource_type.clone(),
        ..Resource::default()
    };
    let batch = batch(&[person, other]);
    let read = enriched_again(&batch, Texts::OfHabits, &mut Shared::default(), Vec::new());
    assert_eq!(read.unwrap(), expected);
}
