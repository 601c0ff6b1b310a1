use chrono::TimeDelta;
use drishti_ledger::{Advance, QuarantineFilter, Quarantined, ROWS_MAX};

use crate::place::{Place, at, name, new_source};
use crate::progress::open_leased;

pub(crate) fn bad(raw: &str) -> Quarantined {
    Quarantined {
        origin: "events.jsonl".to_owned(),
        line: Some(7),
        gid: None,
        reason: "there is no `gid`".to_owned(),
        raw: raw.as_bytes().to_vec(),
    }
}

fn of(quarantined: Vec<Quarantined>) -> Advance {
    Advance {
        quarantined,
        ..Advance::default()
    }
}

fn everything() -> QuarantineFilter {
    QuarantineFilter {
        limit: u64::MAX,
        ..QuarantineFilter::default()
    }
}

pub(crate) async fn keeps_bytes_and_reasons(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let with_gid = Quarantined {
        gid: Some("12".to_owned()),
        line: None,
        origin: "audit log".to_owned(),
        ..bad("[1]")
    };
    ledger
        .advance(&lease, of(vec![bad("{"), with_gid]), at(1))
        .await
        .unwrap();
    ledger.close().await;
    let ledger = place.open().await;
    let entries = ledger.quarantine(everything()).await.unwrap();
    let [first, second] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!(
        (&first.source, first.origin.as_str(), first.line),
        (&source, "events.jsonl", Some(7))
    );
    assert_eq!(
        (first.reason.as_str(), first.raw_bytes, first.truncated),
        ("there is no `gid`", 1, false)
    );
    assert_eq!(
        (first.times_seen, first.first_seen_at, first.last_seen_at),
        (1, at(1), at(1))
    );
    assert_eq!(
        (second.gid.as_deref(), second.line, second.origin.as_str()),
        (Some("12"), None, "audit log")
    );
    assert_eq!(
        ledger.quarantine_raw(first.id).await.unwrap(),
        Some(b"{".to_vec())
    );
    assert_eq!(
        ledger.quarantine_raw(second.id).await.unwrap(),
        Some(b"[1]".to_vec())
    );
    assert_eq!(ledger.quarantine_raw(second.id + 1).await.unwrap(), None);
    assert_eq!(
        ledger.quarantine_counts().await.unwrap(),
        [(source.clone(), 2)].into()
    );
    assert_eq!(
        ledger
            .status(&source)
            .await
            .unwrap()
            .unwrap()
            .events_quarantined,
        2
    );
}

pub(crate) async fn counts_repeats(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    ledger
        .advance(&lease, of(vec![bad("a"), bad("b"), bad("a")]), at(1))
        .await
        .unwrap();
    let elsewhere = Quarantined {
        origin: "audit log".to_owned(),
        reason: "other words".to_owned(),
        ..bad("a")
    };
    ledger
        .advance(
            &lease,
            of(vec![elsewhere, bad("c"), bad("b"), bad("b"), bad("b")]),
            at(2),
        )
        .await
        .unwrap();
    let entries = ledger.quarantine(everything()).await.unwrap();
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| (entry.times_seen, entry.first_seen_at, entry.last_seen_at))
        .collect();
    assert_eq!(
        seen,
        [(3, at(1), at(2)), (4, at(1), at(2)), (1, at(2), at(2))]
    );
    assert_eq!(
        (entries[0].origin.as_str(), entries[0].reason.as_str()),
        ("events.jsonl", "there is no `gid`")
    );
    assert_eq!(
        ledger
            .status(&source)
            .await
            .unwrap()
            .unwrap()
            .events_quarantined,
        3
    );

    // The same bytes of another source are another event.
    ledger.add_source(new_source("other"), at(3)).await.unwrap();
    let other = ledger
        .acquire_lease(&name("other"), "node", TimeDelta::seconds(60), at(3))
        .await
        .unwrap()
        .unwrap();
    ledger
        .advance(&other, of(vec![bad("a")]), at(3))
        .await
        .unwrap();
    assert_eq!(
        ledger.quarantine_counts().await.unwrap(),
        [(source, 3), (name("other"), 1)].into()
    );
}

pub(crate) async fn takes_any_bytes(place: Place) {
    let (ledger, _, lease) = open_leased(&place).await;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let hostile = Quarantined {
        gid: Some("1\0 2".to_owned()),
        reason: "a NUL (\0) in `gid`".to_owned(),
        origin: "\0.jsonl".to_owned(),
        raw: every_byte.clone(),
        ..bad("")
    };
    ledger
        .advance(&lease, of(vec![hostile, bad("")]), at(1))
        .await
        .unwrap();
    let entries = ledger.quarantine(everything()).await.unwrap();
    assert_eq!(entries[0].gid.as_deref(), Some("1\u{fffd} 2"));
    assert_eq!(
        (entries[0].reason.as_str(), entries[0].origin.as_str()),
        ("a NUL (\u{fffd}) in `gid`", "\u{fffd}.jsonl")
    );
    assert_eq!(
        ledger.quarantine_raw(entries[0].id).await.unwrap(),
        Some(every_byte)
    );
    assert_eq!(
        ledger.quarantine_raw(entries[1].id).await.unwrap(),
        Some(Vec::new())
    );
}

pub(crate) async fn is_listed_in_pages(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let events = (0..5).map(|number: i32| bad(&number.to_string())).collect();
    ledger.advance(&lease, of(events), at(1)).await.unwrap();
    let page = QuarantineFilter {
        source: Some(source),
        limit: 3,
        after_id: None,
    };
    let first = ledger.quarantine(page.clone()).await.unwrap();
    let next = QuarantineFilter {
        after_id: first.last().map(|entry| entry.id),
        ..page
    };
    let second = ledger.quarantine(next).await.unwrap();
    assert_eq!((first.len(), second.len()), (3, 2));
    assert!(
        first
            .iter()
            .chain(&second)
            .is_sorted_by(|older, newer| older.id < newer.id)
    );
    let of_nobody = QuarantineFilter {
        source: Some(name("nobody")),
        ..everything()
    };
    assert!(ledger.quarantine(of_nobody).await.unwrap().is_empty());
}

pub(crate) async fn is_released(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    ledger
        .advance(&lease, of(vec![bad("a"), bad("b"), bad("c")]), at(1))
        .await
        .unwrap();
    let ids: Vec<i64> = ledger
        .quarantine(everything())
        .await
        .unwrap()
        .iter()
        .map(|entry| entry.id)
        .collect();
    ledger.add_source(new_source("other"), at(3)).await.unwrap();
    let other = ledger
        .acquire_lease(&name("other"), "node", TimeDelta::seconds(60), at(3))
        .await
        .unwrap()
        .unwrap();
    let released = |ids: &[i64]| Advance {
        released: ids.to_vec(),
        ..Advance::default()
    };
    ledger.advance(&other, released(&ids), at(4)).await.unwrap();
    assert_eq!(
        ledger.quarantine_counts().await.unwrap(),
        [(source.clone(), 3)].into()
    );

    let some = released(&[ids[0], ids[2], 9_999]);
    ledger.advance(&lease, some, at(5)).await.unwrap();
    let left = ledger.quarantine(everything()).await.unwrap();
    assert_eq!(
        left.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [ids[1]]
    );
    assert_eq!(ledger.quarantine_raw(ids[0]).await.unwrap(), None);
    ledger.advance(&lease, released(&ids), at(6)).await.unwrap();
    assert!(ledger.quarantine_counts().await.unwrap().is_empty());
}

pub(crate) async fn is_listed_up_to_a_bound(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let events = (0..=ROWS_MAX)
        .map(|number| bad(&number.to_string()))
        .collect();
    ledger.advance(&lease, of(events), at(1)).await.unwrap();
    assert_eq!(
        ledger.quarantine_counts().await.unwrap(),
        [(source, ROWS_MAX + 1)].into()
    );
    let listed = ledger.quarantine(everything()).await.unwrap();
    assert_eq!(listed.len() as u64, ROWS_MAX);
    let last = listed.last().unwrap().id;
    let raw = String::from_utf8(ledger.quarantine_raw(last).await.unwrap().unwrap()).unwrap();
    assert!(
        raw.parse::<u64>().is_ok_and(|number| number <= ROWS_MAX),
        "{raw}"
    );
}
