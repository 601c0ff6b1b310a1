use chrono::TimeDelta;
use drishti_ledger::{Advance, Lease, LedgerError};
use drishti_model::SourceName;

use crate::place::{Place, at, name, new_source};
use crate::progress::range;

const LIFETIME: TimeDelta = TimeDelta::seconds(60);

pub(crate) async fn one_holder_at_a_time(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    assert_eq!(ledger.lease_holder(&source).await.unwrap(), None);
    let first = ledger
        .acquire_lease(&source, "one", LIFETIME, at(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((first.holder.as_str(), first.expires_at), ("one", at(60)));
    assert_eq!(
        ledger.lease_holder(&source).await.unwrap(),
        Some(("one".to_owned(), at(60)))
    );
    assert_eq!(
        ledger
            .acquire_lease(&source, "two", LIFETIME, at(59))
            .await
            .unwrap(),
        None
    );

    let renewed = ledger
        .renew_lease(&first, LIFETIME, at(30))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((renewed.fence, renewed.expires_at), (first.fence, at(90)));
    assert_eq!(
        ledger
            .acquire_lease(&source, "two", LIFETIME, at(89))
            .await
            .unwrap(),
        None
    );

    let second = ledger
        .acquire_lease(&source, "two", LIFETIME, at(90))
        .await
        .unwrap()
        .unwrap();
    assert!(second.fence > first.fence);
    ledger.release_lease(&second).await.unwrap();
    assert_eq!(ledger.lease_holder(&source).await.unwrap(), None);
    assert!(
        ledger
            .acquire_lease(&source, "one", LIFETIME, at(91))
            .await
            .unwrap()
            .is_some()
    );

    let unknown = ledger
        .acquire_lease(&name("nobody"), "one", LIFETIME, at(0))
        .await;
    assert!(matches!(unknown, Err(LedgerError::NoSuchSource(_))));
}

fn lost<T>(outcome: Result<T, LedgerError>) {
    assert!(matches!(outcome, Err(LedgerError::LeaseLost(lost)) if lost == name("asana")));
}

pub(crate) async fn an_overtaken_lease_can_do_nothing(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let old = ledger
        .acquire_lease(&source, "one", LIFETIME, at(0))
        .await
        .unwrap()
        .unwrap();
    // Late, but nobody took over: the fence still protects, so the work counts.
    let late = Advance {
        stored: 1,
        ..Advance::default()
    };
    ledger.advance(&old, late, at(600)).await.unwrap();
    let new = ledger
        .acquire_lease(&source, "two", LIFETIME, at(600))
        .await
        .unwrap()
        .unwrap();

    let stale = Advance {
        stored: 7,
        lake_sequence: Some(9),
        ..Advance::default()
    };
    lost(ledger.advance(&old, stale, at(601)).await);
    lost(ledger.plan_backfill(&old, &[range(0, 1)]).await);
    lost(ledger.reset_progress(&old).await);
    assert_eq!(
        ledger.renew_lease(&old, LIFETIME, at(601)).await.unwrap(),
        None
    );
    ledger.release_lease(&old).await.unwrap();
    assert_eq!(
        ledger.lease_holder(&source).await.unwrap(),
        Some(("two".to_owned(), at(660)))
    );

    let progress = ledger.progress(&source).await.unwrap();
    assert_eq!((progress.events_stored, progress.lake_sequence), (1, 0));
    ledger
        .advance(
            &new,
            Advance {
                stored: 1,
                ..Advance::default()
            },
            at(602),
        )
        .await
        .unwrap();
    assert_eq!(ledger.progress(&source).await.unwrap().events_stored, 2);
}

pub(crate) async fn a_fence_is_never_used_twice(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let take = async |name: &SourceName| {
        ledger
            .acquire_lease(name, "one", LIFETIME, at(0))
            .await
            .unwrap()
            .unwrap()
    };
    let mut leases: Vec<Lease> = vec![take(&source).await, take(&source).await];
    let first_is_lost = ledger.advance(&leases[0], Advance::default(), at(1)).await;
    assert!(matches!(first_is_lost, Err(LedgerError::LeaseLost(_))));
    ledger.release_lease(&leases[1]).await.unwrap();
    leases.push(take(&source).await);
    ledger.delete_source(&source).await.unwrap();
    ledger.add_source(new_source("asana"), at(2)).await.unwrap();
    leases.push(take(&source).await);
    assert!(
        leases.is_sorted_by(|earlier, later| earlier.fence < later.fence),
        "{leases:?}"
    );
    let before_deletion = ledger.advance(&leases[2], Advance::default(), at(3)).await;
    assert!(matches!(before_deletion, Err(LedgerError::LeaseLost(_))));
}

pub(crate) async fn an_end_that_only_a_wrong_clock_sets_is_no_end(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let a_day_ahead = at(86_400);
    let take = async |holder, now| {
        let taken = ledger.acquire_lease(&source, holder, LIFETIME, now).await;
        taken.unwrap()
    };
    let ahead = take("ahead", a_day_ahead).await.unwrap();
    // Within two lifetimes clocks may differ.
    assert_eq!(take("right", a_day_ahead - LIFETIME).await, None);
    let right = take("right", at(0)).await.unwrap();
    assert!(right.fence > ahead.fence);
    assert_eq!(right.expires_at, at(60));
}
