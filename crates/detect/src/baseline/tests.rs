//! The bounds of what is remembered of one person, address, app and of the organisation.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{AddressFacts, Device, EnrichedEvent};

use super::organisation::{ACTED_FOR_MAX, ADDRESS_FAILURES_MAX, APP_NETWORKS_MAX};
use super::person::{
    APPS_MAX, COUNTRIES_MAX, DEVICES_MAX, EVENT_TYPES_MAX, FAILURES_MAX, NETWORKS_MAX, PLACES_MAX,
    RECENT_MAX, TOKEN_NETWORKS_MAX,
};
use super::{Baselines, FactValues, Observed, TypeFacts, traits};
use crate::People;

/// The largest saved row of one person, in bytes.
const ROW_BYTES_MAX: usize = 16 * 1024;

fn time(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
}

/// One of many different events of person 1: everything about it is new.
fn event(number: u32, event_type: &str) -> EnrichedEvent {
    let mut event = EnrichedEvent::default();
    event.event.gid = number.to_string();
    event.event.created_at = time(number.into());
    event.event.event_type = event_type.to_owned();
    event.event.actor.gid = Some("1".to_owned());
    event.event.context.client_ip_address = Some("192.0.2.1".to_owned());
    event.address = Some(Arc::new(AddressFacts {
        country: Some(format!("C{number}")),
        asn: Some(number),
        latitude: Some(1.0),
        longitude: Some(1.0),
        ..AddressFacts::default()
    }));
    event.device = Some(Arc::new(Device {
        browser: Some(format!("Browser {number}")),
        ..Device::default()
    }));
    event
}

fn learn(baselines: &mut Baselines, event: &EnrichedEvent) {
    let people = People::default();
    let types = TypeFacts::new(&event.event.event_type);
    baselines.learn(
        &Observed::new(event, types, FactValues::of(event), &people),
        &[],
    );
}

#[test]
fn everything_about_one_person_has_a_bound() {
    let mut baselines = Baselines::default();
    for number in 0..300 {
        let mut by_token = event(number, "attachment_downloaded");
        let context = &mut by_token.event.context;
        context.context_type = Some("api".to_owned());
        context.api_authentication_method = Some("personal_access_token".to_owned());
        learn(&mut baselines, &event(number, &format!("made_up_{number}")));
        learn(&mut baselines, &event(number, "attachment_downloaded"));
        learn(&mut baselines, &by_token);
        let mut by_app = event(number, "attachment_downloaded");
        by_app.event.context.oauth_app_name = Some(format!("App {number}"));
        learn(&mut baselines, &by_app);
        learn(&mut baselines, &event(number, "user_login_failed"));
    }
    let person = baselines.person("1").unwrap();
    let sizes = [
        (person.countries.len(), COUNTRIES_MAX),
        (person.networks.len(), NETWORKS_MAX),
        (person.devices.len(), DEVICES_MAX),
        (person.apps.len(), APPS_MAX),
        (person.event_types.len(), EVENT_TYPES_MAX),
        (person.token_networks.len(), TOKEN_NETWORKS_MAX),
        (person.places.len(), PLACES_MAX),
        (person.recent.len(), RECENT_MAX),
        (person.failures.len(), FAILURES_MAX),
    ];
    for (size, most) in sizes {
        assert_eq!(size, most);
    }
    let rows = baselines.take_changes();
    let row = rows
        .iter()
        .find(|row| row.key == "anomaly/person/1")
        .unwrap();
    let bytes = row.value.as_ref().unwrap().len();
    assert!(bytes < ROW_BYTES_MAX, "{bytes}");
}

#[test]
fn addresses_apps_and_the_organisation_have_bounds_too() {
    let mut baselines = Baselines::default();
    for number in 0..300 {
        let mut failed = event(number, "user_login_failed");
        failed.event.actor.gid = Some((1000 + number).to_string());
        learn(&mut baselines, &failed);
        let mut by_app = event(number, "attachment_downloaded");
        let context = &mut by_app.event.context;
        context.api_authentication_method = Some("oauth".to_owned());
        context.oauth_app_name = Some("Report Maker".to_owned());
        learn(&mut baselines, &by_app);
        let mut by_support = event(number, "user_password_reset");
        by_support.event.context.on_behalf_of_user_id = Some(number.into());
        learn(&mut baselines, &by_support);
    }
    let address = traits::subscriber("192.0.2.1").unwrap();
    let address = baselines.address(address).unwrap();
    assert_eq!(address.failures.len(), ADDRESS_FAILURES_MAX);
    let app = baselines.app("Report Maker").unwrap();
    assert_eq!(app.networks.len(), APP_NETWORKS_MAX);
    let organisation = baselines.organisation().unwrap();
    assert_eq!(organisation.acted_for.len(), ACTED_FOR_MAX);
}

#[test]
fn nobody_is_remembered_for_failing_under_a_made_up_address() {
    let mut baselines = Baselines::default();
    for number in 0..10 {
        let mut failed = event(number, "user_login_failed");
        failed.event.actor.gid = None;
        failed.event.actor.email = Some(format!("made-up-{number}@example.com"));
        learn(&mut baselines, &failed);
    }
    assert_eq!(baselines.sizes()[0], 0);
}
