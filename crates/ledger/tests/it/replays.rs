//! Asking for quarantined events to be tried again, and what comes of it.

use drishti_ledger::{Advance, Ledger, LedgerError, QuarantineFilter};
use drishti_model::SourceName;

use crate::place::{Place, at, name, new_source};
use crate::progress::open_leased;
use crate::quarantine::bad;

async fn ids(ledger: &Ledger) -> Vec<i64> {
    let everything = QuarantineFilter {
        limit: 100,
        ..QuarantineFilter::default()
    };
    let entries = ledger.quarantine(everything).await.unwrap();
    entries.iter().map(|entry| entry.id).collect()
}

async fn requested(ledger: &Ledger, source: &SourceName, after_id: Option<i64>) -> Vec<i64> {
    let entries = ledger.replay_requests(source, after_id, 100).await.unwrap();
    assert!(
        entries
            .iter()
            .all(|entry| entry.replay_requested_at == Some(at(2)))
    );
    entries.iter().map(|entry| entry.id).collect()
}

pub(crate) async fn are_asked_for_and_done(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let quarantined = Advance {
        quarantined: vec![bad("a"), bad("b"), bad("c")],
        ..Advance::default()
    };
    let newly = ledger.advance(&lease, quarantined, at(1)).await.unwrap();
    assert_eq!(newly, 3);
    let again = Advance {
        quarantined: vec![bad("b"), bad("b")],
        ..Advance::default()
    };
    assert_eq!(ledger.advance(&lease, again, at(1)).await.unwrap(), 0);
    let all = ids(&ledger).await;
    ledger.add_source(new_source("other"), at(1)).await.unwrap();
    let other = name("other");
    assert_eq!(ledger.request_replay(&other, &all, at(2)).await.unwrap(), 0);
    assert!(requested(&ledger, &source, None).await.is_empty());
    let nobody = ledger.request_replay(&name("nobody"), &all, at(2)).await;
    assert!(matches!(nobody, Err(LedgerError::NoSuchSource(_))));

    let asked = [all[0], all[2], 9_999];
    let count = ledger.request_replay(&source, &asked, at(2)).await.unwrap();
    assert_eq!(count, 2);
    assert_eq!(requested(&ledger, &source, None).await, [all[0], all[2]]);
    assert_eq!(requested(&ledger, &source, Some(all[0])).await, [all[2]]);
    assert!(requested(&ledger, &other, None).await.is_empty());
    let limited = ledger.replay_requests(&source, None, 1).await.unwrap();
    assert_eq!(limited.len(), 1);

    let released = Advance {
        released: vec![all[0]],
        stored: 1,
        ..Advance::default()
    };
    ledger.advance(&lease, released, at(3)).await.unwrap();
    assert_eq!(ids(&ledger).await, all[1..]);
    assert_eq!(requested(&ledger, &source, None).await, [all[2]]);
    assert_eq!(ledger.progress(&source).await.unwrap().events_stored, 1);
}

pub(crate) async fn are_refused_again(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let quarantined = Advance {
        quarantined: vec![bad("a"), bad("b")],
        ..Advance::default()
    };
    ledger.advance(&lease, quarantined, at(1)).await.unwrap();
    let all = ids(&ledger).await;
    ledger.request_replay(&source, &all, at(2)).await.unwrap();
    let refused = Advance {
        refused_again: vec![
            (all[1], "still \0 wrong".to_owned()),
            (9_999, "gone".to_owned()),
        ],
        ..Advance::default()
    };
    ledger.advance(&lease, refused, at(3)).await.unwrap();
    assert_eq!(requested(&ledger, &source, None).await, [all[0]]);
    let filter = QuarantineFilter {
        limit: 10,
        ..QuarantineFilter::default()
    };
    let entries = ledger.quarantine(filter).await.unwrap();
    let reasons: Vec<&str> = entries.iter().map(|entry| entry.reason.as_str()).collect();
    assert_eq!(reasons, ["there is no `gid`", "still \u{fffd} wrong"]);
    // Asked again, it waits again.
    ledger.request_replay(&source, &all, at(2)).await.unwrap();
    assert_eq!(requested(&ledger, &source, None).await, all);
}
