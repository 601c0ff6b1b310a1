//! Where events came from.

use std::sync::Arc;

use chrono::TimeDelta;
use drishti_lake::{EventFilter, Lake, PLACES_MAX, PlaceSeen};
use drishti_model::{AddressFacts, EnrichedEvent, SourceName, SourceScope, TimeRange};

use crate::house::{House, event, noon, source};

fn somewhere(city: &str, latitude: f64) -> AddressFacts {
    AddressFacts {
        country: Some("DE".to_owned()),
        city: Some(city.to_owned()),
        latitude: Some(latitude),
        longitude: Some(13.4),
        ..AddressFacts::default()
    }
}

/// An event some minutes after noon, from there.
fn from(place: Option<AddressFacts>, minutes: i64) -> EnrichedEvent {
    EnrichedEvent {
        address: place.map(Arc::new),
        ..EnrichedEvent::from(event(&minutes.to_string(), minutes))
    }
}

async fn put(lake: &Lake, name: &str, events: &[EnrichedEvent]) {
    let mut append = lake.append(&source(name), 1, noon()).await.unwrap();
    append.write(events).await.unwrap();
    append.commit().await.unwrap();
}

#[tokio::test]
async fn are_counted_by_place_and_unknown_ones_together() {
    let lake = House::new().await;
    let lake = &lake.lake;
    let berlin = somewhere("Berlin", 52.5);
    let events = [
        from(Some(berlin.clone()), 0),
        from(Some(berlin.clone()), 7),
        from(Some(berlin), 2_000),
        from(None, 14),
        from(Some(AddressFacts::default()), 21),
        from(Some(somewhere("Hamburg", 53.6)), 1),
    ];
    put(lake, "acme", &events).await;
    let minutes = |minutes| noon() + TimeDelta::minutes(minutes);
    let place = |city: Option<&str>, latitude, events, first, last| PlaceSeen {
        country: city.map(|_| "DE".to_owned()),
        region: None,
        city: city.map(str::to_owned),
        latitude,
        longitude: city.map(|_| 13.4),
        events,
        first_at: minutes(first),
        last_at: minutes(last),
    };
    let (berlin, nowhere, hamburg) = (
        place(Some("Berlin"), Some(52.5), 3, 0, 2_000),
        place(None, None, 2, 14, 21),
        place(Some("Hamburg"), Some(53.6), 1, 1, 1),
    );
    let all = lake.places(&EventFilter::default()).await.unwrap();
    assert_eq!(all, [berlin.clone(), nowhere.clone(), hamburg]);

    // Of one person, who did what was seven minutes apart, and of the first day only.
    let filter = EventFilter {
        actor: Some("0".to_owned()),
        range: TimeRange::new(noon(), minutes(1_000)),
        ..EventFilter::default()
    };
    let some = lake.places(&filter).await.unwrap();
    let berlin = place(Some("Berlin"), Some(52.5), 2, 0, 7);
    assert_eq!(some, [nowhere, berlin]);
    let scope = SourceScope::of(Some([SourceName::new("other").unwrap()]));
    let filter = EventFilter { scope, ..filter };
    assert_eq!(lake.places(&filter).await.unwrap(), []);
}

#[tokio::test]
async fn are_told_up_to_a_bound() {
    let lake = House::new().await;
    let lake = &lake.lake;
    let events: Vec<EnrichedEvent> = (0..=PLACES_MAX)
        .map(|number| {
            let minutes = i64::try_from(number).unwrap();
            from(Some(somewhere(&format!("{number}"), 50.0)), minutes)
        })
        .collect();
    put(lake, "acme", &events).await;
    let places = lake.places(&EventFilter::default()).await.unwrap();
    assert_eq!(places.len(), PLACES_MAX);
}
