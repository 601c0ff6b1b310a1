//! What is remembered of a person, for people to read.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use drishti_detect::{HabitReader, Habits, StateRow};
use drishti_model::{AddressFacts, Device, DeviceKind, EnrichedEvent};

use super::engine::{engine, evaluate, event};
use super::traffic;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Habits are remembered to the second.
fn time(seconds: i64) -> DateTime<Utc> {
    traffic::time(seconds).trunc_subsecs(0)
}

fn berlin(seconds: i64, event_type: &str) -> EnrichedEvent {
    let mut event = event(seconds, event_type);
    event.event.context.client_ip_address = Some("192.0.2.1".to_owned());
    event.address = Some(Arc::new(AddressFacts {
        country: Some("DE".to_owned()),
        latitude: Some(52.5),
        longitude: Some(13.4),
        asn: Some(64_500),
        organization: Some("Example Net".to_owned()),
        ..AddressFacts::default()
    }));
    event.device = Some(Arc::new(Device {
        browser: Some("Chrome".to_owned()),
        os: Some("macOS".to_owned()),
        kind: Some(DeviceKind::Pc),
        ..Device::default()
    }));
    event
}

/// Reads the habits of somebody as services do: the person's row, then those that it names.
fn habits(rows: Vec<StateRow>, person: &str) -> Option<Habits> {
    let rows: HashMap<String, StateRow> =
        rows.into_iter().map(|row| (row.key.clone(), row)).collect();
    let mut reader = HabitReader::new(person);
    assert!(
        rows.get(&reader.person_key())
            .is_none_or(|row| reader.take(row))
    );
    for key in reader.other_keys() {
        assert!(reader.take(&rows[&key]), "{key}");
    }
    reader.habits(None)
}

#[test]
fn are_read_out_of_saved_rows() {
    let mut engine = engine(&[]);
    for day in 0..10 {
        for hour in [8, 9, 10, 15] {
            let at = day * DAY + hour * HOUR;
            evaluate(&mut engine, &berlin(at, "attachment_downloaded"));
        }
    }
    // From an unknown place, in the night: an hour is learned, but no place.
    evaluate(&mut engine, &event(10 * DAY, "task_deleted"));
    let rows = engine.take_changes();
    assert_eq!(habits(rows.clone(), "2"), None);
    let habits = habits(rows, "1").unwrap();

    let named = |usual: &[drishti_detect::Usual]| -> Vec<(String, u32, u16)> {
        usual
            .iter()
            .map(|usual| (usual.name.clone().unwrap(), usual.events, usual.days))
            .collect()
    };
    let told = |name: &str, events, days| vec![(name.to_owned(), events, days)];
    assert_eq!(named(&habits.countries), told("DE", 40, 10));
    assert_eq!(
        named(&habits.networks),
        told("Example Net (AS64500)", 40, 10)
    );
    assert_eq!(named(&habits.devices), told("Chrome on macOS", 40, 10));
    assert_eq!(named(&habits.device_kinds), told("pc", 40, 10));
    assert_eq!(
        named(&habits.event_types),
        [
            told("attachment_downloaded", 40, 10),
            told("task_deleted", 1, 1)
        ]
        .concat()
    );
    assert_eq!((habits.apps.len(), habits.token_networks.len()), (0, 0));
    assert_eq!(habits.countries[0].first_at, time(8 * HOUR));
    assert_eq!(habits.last_active_at, Some(time(10 * DAY)));
    assert_eq!((habits.active_days, habits.is_learned), (11, true));
    assert_eq!(habits.signed_in_at, None);

    let hours = habits.hours.unwrap();
    let start = time(0);
    let monday = i64::from(chrono::Datelike::weekday(&start).num_days_from_monday());
    let hour = i64::from(chrono::Timelike::hour(&start));
    let place = (monday * 24 + hour + 8).rem_euclid(168);
    assert!(
        hours.week[usize::try_from(place).unwrap()] >= 1,
        "{:?}",
        hours.week
    );
    assert_eq!(
        hours
            .week
            .iter()
            .map(|count| u32::from(*count))
            .sum::<u32>(),
        41
    );
    let length = (hours.to_hour + 24 - hours.from_hour) % 24;
    assert_eq!(length, 8, "from {} to {}", hours.from_hour, hours.to_hour);

    let downloads = &habits.actions[0];
    assert_eq!(
        (downloads.action, downloads.day_mean, downloads.days),
        ("downloads", 4.0, 10)
    );
    assert!(downloads.peers.is_some());
    let place = &habits.places[0];
    assert_eq!((place.country.as_str(), place.is_own), ("DE", false));
    assert_eq!(place.last_at, time(9 * DAY + 15 * HOUR));
}

#[test]
fn begin_with_learning() {
    let mut engine = engine(&[]);
    evaluate(&mut engine, &berlin(0, "user_login_succeeded"));
    let one = habits(engine.take_changes(), "1").unwrap();
    assert!(!one.is_learned);
    assert_eq!(one.signed_in_at, Some(time(0)));
    assert_eq!(
        one.last_active_at.unwrap() - one.learning_since.unwrap(),
        TimeDelta::zero()
    );
}

#[test]
fn a_row_that_can_not_be_read_is_told() {
    let mut reader = HabitReader::new("1");
    let row = StateRow {
        key: reader.person_key(),
        value: Some(b"\x01not a person".to_vec()),
    };
    assert!(!reader.take(&row));
    assert_eq!(reader.other_keys(), [] as [String; 0]);
    assert_eq!(reader.habits(None), None);
}
