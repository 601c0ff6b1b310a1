use drishti_ledger::{
    FEED_LOCATION_CHARS_MAX, FEEDS_MAX, FeedFetch, JSON_BYTES_MAX, LedgerError, NewFeed,
    RANGES_MAX, REASON_CHARS_MAX,
};
use serde_json::json;

use crate::place::{Place, at};
use crate::policies::trail;

const OFFICE: &str = r#"{ "networks": ["192.0.2.0/24"], "category": "corporate" }"#;

pub(crate) async fn ranges_are_kept_as_given(place: Place) {
    let ledger = place.open().await;
    let added = ledger
        .add_range("office", OFFICE, "ada", at(1))
        .await
        .unwrap();
    assert_eq!((added.range.as_str(), added.revision), (OFFICE, 1));
    let taken = ledger
        .add_range("office", "{}", "ben", at(2))
        .await
        .unwrap_err();
    assert!(matches!(&taken, LedgerError::RangeExists(name) if name == "office"));
    ledger.add_range("VPN", "{}", "ada", at(2)).await.unwrap();
    let conflict = ledger
        .change_range("office", "{}", Some(2), "ben", at(3))
        .await;
    assert_eq!(
        conflict.unwrap_err().to_string(),
        "changing range `office`: it has revision 1, not 2"
    );
    let same = ledger
        .change_range("office", OFFICE, Some(1), "ben", at(3))
        .await;
    assert_eq!(same.unwrap(), added);
    let changed = ledger
        .change_range("office", "[1]", Some(1), "ben", at(3))
        .await;
    let changed = changed.unwrap();
    assert_eq!((changed.revision, changed.updated_by.as_str()), (2, "ben"));
    let ranges = ledger.ranges().await.unwrap();
    assert_eq!(ranges.len(), 2);
    assert!(ranges.contains(&changed));

    let conflict = ledger.remove_range("office", Some(1), "ada", at(4)).await;
    assert!(matches!(
        conflict,
        Err(LedgerError::RevisionConflict { .. })
    ));
    ledger
        .remove_range("office", Some(2), "ada", at(4))
        .await
        .unwrap();
    for missing in [
        ledger
            .remove_range("office", None, "ada", at(4))
            .await
            .err(),
        ledger
            .change_range("office", "{}", None, "ada", at(4))
            .await
            .err(),
    ] {
        assert!(
            matches!(missing, Some(LedgerError::NoSuchRange(_))),
            "{missing:?}"
        );
    }
    let office = json!({"networks": ["192.0.2.0/24"], "category": "corporate"});
    let told = trail(&ledger).await;
    let of_office: Vec<_> = told
        .into_iter()
        .filter(|(_, subject, ..)| subject == "range office")
        .map(|(action, _, before, after)| (action, before, after))
        .collect();
    let expected = [
        ("added".to_owned(), None, Some(office.clone())),
        ("changed".to_owned(), Some(office), Some(json!([1]))),
        ("removed".to_owned(), Some(json!([1])), None),
    ];
    assert_eq!(of_office, expected);
}

pub(crate) async fn ranges_are_saved_together_or_not_at_all(place: Place) {
    let ledger = place.open().await;
    ledger.add_range("vpn", "{}", "ada", at(1)).await.unwrap();
    let ranges = |pairs: &[(&str, &str)]| {
        let owned = |(name, range): &(&str, &str)| ((*name).to_owned(), (*range).to_owned());
        pairs.iter().map(owned).collect()
    };
    let broken = ranges(&[("office", OFFICE), ("vpn", "{")]);
    let refused = ledger.save_ranges(&broken, "ben", at(2)).await.unwrap_err();
    assert!(matches!(refused, LedgerError::Refused { .. }), "{refused}");
    assert_eq!(ledger.ranges().await.unwrap().len(), 1);

    let good = ranges(&[("office", OFFICE), ("vpn", "[]")]);
    let saved = ledger.save_ranges(&good, "ben", at(3)).await.unwrap();
    let revisions: Vec<i64> = saved.iter().map(|range| range.revision).collect();
    assert_eq!(revisions, [1, 2]);
    assert_eq!(ledger.ranges().await.unwrap(), saved);
    let again = ledger.save_ranges(&good, "eve", at(4)).await.unwrap();
    assert_eq!(again, saved, "what is so already is no change");
    let told = trail(&ledger).await.into_iter();
    let told: Vec<_> = told
        .map(|entry| format!("{} {}", entry.0, entry.1))
        .collect();
    let expected = ["added range vpn", "added range office", "changed range vpn"];
    assert_eq!(told, expected);
}

fn tor() -> NewFeed {
    NewFeed {
        name: "tor".to_owned(),
        kind: "feed".to_owned(),
        location: "https://feeds.example/tor.txt".to_owned(),
        licence: Some("CC0".to_owned()),
    }
}

fn fetch() -> FeedFetch {
    FeedFetch {
        at: at(2),
        checksum: "sha256:00".to_owned(),
        as_of: Some(at(-100)),
        entries: 1_200,
    }
}

pub(crate) async fn feeds_are_registered_and_fetched(place: Place) {
    let ledger = place.open().await;
    let new = tor();
    let feed = ledger.register_feed(&new, "ada", at(1)).await.unwrap();
    assert_eq!(
        (&feed.feed, &feed.fetched, &feed.failed),
        (&new, &None, &None)
    );
    let fetch = fetch();
    let fetched = ledger.record_fetch("tor", Ok(fetch.clone())).await.unwrap();
    assert_eq!(fetched.fetched, Some(fetch.clone()));
    let error = "x".repeat(REASON_CHARS_MAX + 1);
    let failed = ledger
        .record_fetch("tor", Err((at(3), error)))
        .await
        .unwrap();
    let (failed_at, error) = failed.failed.unwrap();
    assert_eq!(
        (failed_at, error.chars().count()),
        (at(3), REASON_CHARS_MAX + 1)
    );
    assert!(error.ends_with('…'));
    assert_eq!(
        failed.fetched,
        Some(fetch.clone()),
        "what was read stays known"
    );
    let recovered = ledger.record_fetch("tor", Ok(fetch)).await.unwrap();
    assert_eq!(recovered.failed, None);
}

pub(crate) async fn feeds_are_moved_and_removed(place: Place) {
    let ledger = place.open().await;
    let (new, fetch) = (tor(), fetch());
    ledger.register_feed(&new, "ada", at(1)).await.unwrap();
    ledger.record_fetch("tor", Ok(fetch.clone())).await.unwrap();
    // Registered anew as it is, nothing changes; another address is another list.
    let same = ledger.register_feed(&new, "ben", at(4)).await.unwrap();
    assert_eq!(
        (same.fetched, same.updated_by.as_str()),
        (Some(fetch), "ada")
    );
    let moved = NewFeed {
        location: "/var/lib/tor.txt".to_owned(),
        ..new.clone()
    };
    let moved = ledger.register_feed(&moved, "ben", at(5)).await.unwrap();
    assert_eq!(
        (moved.fetched.clone(), moved.updated_by.as_str()),
        (None, "ben")
    );
    assert_eq!(ledger.feeds().await.unwrap(), [moved]);
    ledger.remove_feed("tor", "ada", at(6)).await.unwrap();
    assert_eq!(ledger.feeds().await.unwrap(), []);
    let missing = [
        ledger.remove_feed("tor", "ada", at(6)).await.err(),
        ledger
            .record_fetch("tor", Err((at(7), String::new())))
            .await
            .err(),
    ];
    for missing in missing {
        assert!(
            matches!(missing, Some(LedgerError::NoSuchFeed(_))),
            "{missing:?}"
        );
    }
    let actions: Vec<String> = trail(&ledger)
        .await
        .into_iter()
        .map(|told| told.0)
        .collect();
    assert_eq!(actions, ["added", "changed", "removed"]);
}

pub(crate) async fn both_have_bounds(place: Place) {
    let ledger = place.open().await;
    let longest = format!("\"{}\"", "x".repeat(JSON_BYTES_MAX - 2));
    ledger.add_range("r", &longest, "ada", at(1)).await.unwrap();
    let refused = ledger
        .add_range("s", &format!("{longest} "), "ada", at(1))
        .await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "adding range `s`: the range has 65537 bytes, more than 65536"
    );
    let refused = ledger.change_range("r", "{", None, "ada", at(1)).await;
    assert!(matches!(refused, Err(LedgerError::Refused { .. })));
    let feed = |name: &str, characters: usize| NewFeed {
        name: name.to_owned(),
        kind: "feed".to_owned(),
        location: "x".repeat(characters),
        licence: None,
    };
    let within = feed("f", FEED_LOCATION_CHARS_MAX);
    ledger.register_feed(&within, "ada", at(1)).await.unwrap();
    let beyond = feed("g", FEED_LOCATION_CHARS_MAX + 1);
    let refused = ledger.register_feed(&beyond, "ada", at(1)).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "registering feed `g`: its location has 2001 characters, more than 2000"
    );

    let numbers = |most: u64| {
        format!(
            "with recursive numbers(number) as (select 2 union all select number + 1 from numbers where number < {most})"
        )
    };
    place
        .execute(&format!(
            "insert into ip_ranges (name, range, revision, updated_at, updated_by) {} \
             select 'range ' || number, '{{}}', 1, 0, 'ada' from numbers",
            numbers(RANGES_MAX)
        ))
        .await;
    place
        .execute(&format!(
            "insert into feeds (name, kind, location, updated_at, updated_by) {} \
             select 'feed ' || number, 'feed', '', 0, 'ada' from numbers",
            numbers(FEEDS_MAX)
        ))
        .await;
    let refused = ledger.add_range("s", "{}", "ada", at(1)).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "adding range `s`: there are 10000 ranges, and can be no more"
    );
    let refused = ledger.register_feed(&feed("g", 1), "ada", at(1)).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "registering feed `g`: there are 1000 feeds, and can be no more"
    );
    ledger
        .register_feed(&feed("f", 1), "ada", at(1))
        .await
        .unwrap();
    assert_eq!(ledger.ranges().await.unwrap().len() as u64, RANGES_MAX);
}
