//! Since when a source answers for what happens.

use chrono::{DateTime, Utc};
use drishti_ledger::Advance;
use drishti_model::TimeRange;

use crate::place::{Place, at};
use crate::progress::{open_leased, range};

pub(crate) async fn is_the_earliest_that_was_ever_answered_for(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let since = async || ledger.progress(&source).await.unwrap().collected_since;
    let advance = async |covered: &[TimeRange], said: Option<DateTime<Utc>>| {
        let advance = Advance {
            covered: covered.to_vec(),
            collected_since: said,
            ..Advance::default()
        };
        ledger.advance(&lease, advance, at(1)).await.unwrap();
    };
    ledger.plan_backfill(&lease, &[]).await.unwrap();
    assert_eq!(since().await, None);
    advance(&[], Some(at(100))).await;
    assert_eq!(since().await, Some(at(100)));
    let plan = [range(90, 95), range(70, 80)];
    ledger.plan_backfill(&lease, &plan).await.unwrap();
    assert_eq!(since().await, Some(at(70)));
    advance(&[range(80, 90), range(60, 62)], Some(at(65))).await;
    assert_eq!(since().await, Some(at(60)));
    ledger
        .plan_backfill(&lease, &[range(70, 75)])
        .await
        .unwrap();
    advance(&[range(61, 62)], Some(at(61))).await;
    assert_eq!(since().await, Some(at(60)));
    ledger.reset_progress(&lease).await.unwrap();
    assert_eq!(since().await, Some(at(60)));
}

pub(crate) async fn is_given_up_with_its_windows(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let windows = [range(0, 10), range(10, 20), range(10, 25)];
    ledger.plan_backfill(&lease, &windows).await.unwrap();
    let advance = Advance {
        given_up: vec![range(0, 10), range(10, 25), range(30, 40)],
        loss_told_until: Some(at(10)),
        ..Advance::default()
    };
    ledger.advance(&lease, advance, at(1)).await.unwrap();
    let progress = ledger.progress(&source).await.unwrap();
    let left: Vec<TimeRange> = progress.windows.iter().map(|window| window.range).collect();
    assert_eq!(left, [range(10, 20)]);
    // What was given up is still answered for.
    assert_eq!(
        (progress.collected_since, progress.loss_told_until),
        (Some(at(0)), Some(at(10)))
    );
}
