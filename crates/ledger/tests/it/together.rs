use chrono::TimeDelta;
use drishti_ledger::Advance;

use crate::health::event;
use crate::place::{Place, at, name, new_source};
use crate::progress::range;

/// Each handle has connections and a queue of writers of its own, as another process would have.
pub(crate) async fn several_handles_write(place: Place) {
    const HANDLES: i64 = 4;
    const STEPS: i64 = 25;
    let first = place.open().await;
    let mut writers = Vec::new();
    for number in 0..HANDLES {
        let source = name(&format!("source {number}"));
        first
            .add_source(new_source(source.as_str()), at(0))
            .await
            .unwrap();
        let ledger = place.open().await;
        writers.push(tokio::spawn(async move {
            let lifetime = TimeDelta::seconds(60);
            let lease = ledger
                .acquire_lease(&source, "node", lifetime, at(0))
                .await
                .unwrap()
                .unwrap();
            for step in 0..STEPS {
                let covered = vec![range(2 * step, 2 * step + 1)];
                let advance = Advance {
                    stored: 1,
                    lake_sequence: Some(step),
                    covered,
                    ..Advance::default()
                };
                ledger.advance(&lease, advance, at(step)).await.unwrap();
                ledger
                    .record_health(&event(source.as_str(), at(step)))
                    .await
                    .unwrap();
                ledger
                    .set_setting("shared", &step.to_string(), at(step))
                    .await
                    .unwrap();
                let progress = ledger.progress(&source).await.unwrap();
                let newest = range(2 * step, 2 * step + 1);
                assert_eq!(progress.coverage.ranges().last(), Some(&newest));
            }
            ledger.close().await;
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    for (source, status) in first.statuses().await.unwrap() {
        assert_eq!(
            (status.events_stored, status.error_total),
            (STEPS, STEPS),
            "{source}"
        );
    }
}
