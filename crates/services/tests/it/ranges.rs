//! The owner's ranges: only sets that go together are kept, and they are known at once.

use drishti_model::AddressCategory;
use drishti_services::Services;
use drishti_services::detect::enrich::OwnRange;
use drishti_services::ranges::{RangeChange, RangePart};
use serde_json::{Value, json};

use crate::place::{Place, event, ingest, now};

fn range(json: Value) -> OwnRange {
    serde_json::from_value(json).unwrap()
}

fn office() -> OwnRange {
    range(json!({
        "name": "office", "networks": ["203.0.113.9/24"], "category": "corporate", "tags": ["Head Office"],
        "organization": "Acme", "place": {"country": "de", "city": "Berlin", "latitude": 52.5, "longitude": 13.4},
    }))
}

fn vpn(networks: &[&str]) -> OwnRange {
    range(json!({"name": "vpn", "networks": networks, "category": "vpn"}))
}

async fn names(services: &Services) -> Vec<String> {
    let ranges = services.ranges().await.unwrap().into_iter();
    ranges.map(|view| view.range.name).collect()
}

#[tokio::test]
async fn a_range_is_known_as_soon_as_it_is_set() {
    let place = Place::new();
    let services = place.open().await;
    let country = async |address: &str| {
        let known = services.knowledge().await.unwrap();
        known.enricher.facts(address)?.country.clone()
    };
    assert_eq!(country("203.0.113.7").await, None);
    let added = services.add_range(office(), "ada").await.unwrap();
    assert_eq!(added.range.tags, ["head_office"], "in its one form");
    assert_eq!(country("203.0.113.7").await.as_deref(), Some("DE"));
    let taken = services.add_range(office(), "ben").await.unwrap_err();
    assert!(taken.advice().contains("ranges change"), "{taken}");

    let moved = RangeChange {
        place: serde_json::from_value(json!({"country": "AT"})).unwrap(),
        ..RangeChange::default()
    };
    let changed = services.change_range("office", moved, Some(1), "ben").await;
    let changed = changed.unwrap();
    assert_eq!((changed.revision, changed.updated_by.as_str()), (2, "ben"));
    let place = changed.range.place.unwrap();
    assert_eq!(
        place.city.as_deref(),
        Some("Berlin"),
        "what is not given stays"
    );
    assert_eq!(country("203.0.113.7").await.as_deref(), Some("AT"));

    let without = RangeChange {
        without: vec![RangePart::Place, RangePart::Tags, RangePart::Organization],
        category: Some(AddressCategory::Other),
        ..RangeChange::default()
    };
    let overtaken = services
        .change_range("office", without.clone(), Some(1), "eve")
        .await;
    assert!(
        overtaken
            .unwrap_err()
            .to_string()
            .contains("revision 2, not 1")
    );
    let changed = services.change_range("office", without, None, "eve").await;
    let bare = json!({"name": "office", "networks": ["203.0.113.0/24"], "category": "other"});
    assert_eq!(changed.unwrap().range, range(bare));
    services
        .remove_range("office", Some(3), "eve")
        .await
        .unwrap();
    assert_eq!(country("203.0.113.7").await, None);
    for gone in [
        services.remove_range("office", None, "eve").await.err(),
        services
            .change_range("office", RangeChange::default(), None, "eve")
            .await
            .err(),
    ] {
        assert!(gone.unwrap().advice().contains("ranges list"));
    }
}

#[tokio::test]
async fn ranges_that_do_not_go_together_are_refused() {
    let place = Place::new();
    let services = place.open().await;
    services.add_range(office(), "ada").await.unwrap();
    services
        .add_range(vpn(&["203.0.113.128/25"]), "ada")
        .await
        .unwrap();
    let wide = RangeChange {
        networks: vpn(&["203.0.113.0/24"]).networks,
        ..RangeChange::default()
    };
    let refused = services
        .change_range("vpn", wide, None, "ada")
        .await
        .unwrap_err();
    let words = "taking the range `vpn`: the network 203.0.113.0/24 is in the range `office` too";
    assert_eq!(refused.to_string(), words);
    assert!(refused.advice().contains("one range only"));
    let cases = [
        (vec![office(), office()], "more than once"),
        (
            vec![
                vpn(&["192.0.2.0/24"]),
                range(json!({"name": "a", "networks": ["192.0.2.0/24"], "category": "other"})),
            ],
            "is in the range `vpn` too",
        ),
        (
            vec![
                vpn(&["192.0.2.0/24"]),
                range(json!({"name": "a", "networks": [], "category": "other"})),
            ],
            "it has 0 networks",
        ),
        (
            vec![range(
                json!({"name": "a", "networks": ["192.0.2.0/24"], "category": "other", "place": {"latitude": 1}}),
            )],
            "one is missing",
        ),
    ];
    for (given, words) in cases {
        let refused = services.import_ranges(given, "ada").await.unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
    assert_eq!(services.ranges().await.unwrap()[1].revision, 1);

    // What takes the place of a range may have its networks, or leave them to another.
    let swapped = vec![
        range(json!({"name": "office", "networks": ["203.0.113.128/25"], "category": "corporate"})),
        vpn(&["203.0.113.0/24"]),
        range(json!({"name": "home", "networks": ["2001:db8::/48"], "category": "other"})),
    ];
    let saved = services.import_ranges(swapped, "ada").await.unwrap();
    assert_eq!(saved.len(), 3);
    assert_eq!(names(&services).await, ["home", "office", "vpn"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_that_do_not_go_together_keep_no_event_from_being_stored() {
    let place = Place::new();
    let services = place.open().await;
    let office = |name: &str, tag: &str| {
        format!(
            r#"{{"name":"{name}","networks":["192.0.2.0/24"],"category":"corporate","tags":["{tag}"]}}"#
        )
    };
    // As two people would who set them at the same moment.
    for (name, range) in [
        ("first", office("first", "one")),
        ("other", office("other", "two")),
        ("odd", "{}".to_owned()),
    ] {
        services
            .ledger()
            .add_range(name, &range, "mara", now())
            .await
            .unwrap();
    }
    let summary = ingest(&services, event(1)).await;
    assert_eq!(summary.stored, 1);
    let known = services.knowledge().await.unwrap();
    let told: Vec<String> = known
        .warnings(now())
        .into_iter()
        .map(|warning| warning.found)
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|found| found.contains("other")), "{told:?}");
    assert!(told.iter().any(|found| found.contains("odd")), "{told:?}");
    let facts = known.enricher.facts("192.0.2.7").unwrap();
    assert_eq!(facts.tags, ["one"]);
}
