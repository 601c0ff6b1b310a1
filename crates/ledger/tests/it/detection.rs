use chrono::TimeDelta;
use drishti_ledger::{
    DetectionStep, LedgerError, STATE_BYTES_MAX, StateChange, StateKind, StateRow,
};

use crate::place::{Place, at, name, new_source};
use crate::progress::dropped_after;
use crate::stand::{Stand, detected};

fn change(kind: StateKind, key: &str, value: Option<&[u8]>) -> StateChange {
    StateChange {
        kind,
        key: key.to_owned(),
        value: value.map(<[u8]>::to_vec),
    }
}

fn of_state(state: Vec<StateChange>) -> DetectionStep {
    DetectionStep {
        state,
        ..DetectionStep::default()
    }
}

async fn state(stand: &Stand) -> Vec<(StateKind, String, Vec<u8>)> {
    let mut rows = Vec::new();
    let take = |StateRow { kind, key, value }| rows.push((kind, key, value));
    let read = stand.ledger.read_detection_state(stand.generation, take);
    read.await.unwrap();
    rows.sort();
    rows
}

pub(crate) async fn begins_once_and_is_kept(place: Place) {
    let mut stand = Stand::open(&place).await;
    let begun = stand.ledger.generation(&stand.source).await.unwrap();
    let begun = begun.unwrap();
    assert_eq!(
        (begun.engine.as_str(), begun.active, begun.begun_at),
        ("engine 1", true, at(0))
    );
    assert_eq!(
        (begun.settled_until, begun.evaluated_batch, begun.sequence),
        (None, 0, 0)
    );
    let again = stand
        .ledger
        .begin_detection(&stand.lease, "engine 2", at(9));
    assert_eq!(again.await.unwrap(), begun);

    let step = DetectionStep {
        settled_until: Some(at(100)),
        evaluated_batch: Some(7),
        ..of_state(vec![change(StateKind::Anomaly, "1201", Some(b"x"))])
    };
    let saved = stand.save(step).await;
    assert!(!saved.repeated);
    stand.save(DetectionStep::default()).await;
    stand.ledger.close().await;

    stand.ledger = place.open().await;
    let known = stand.ledger.generation(&stand.source).await.unwrap();
    let known = known.unwrap();
    assert_eq!(
        (known.settled_until, known.evaluated_batch, known.sequence),
        (Some(at(100)), 7, 2)
    );
    assert_eq!(stand.ledger.rebuild(&stand.source).await.unwrap(), None);
    let nobody = stand.ledger.generation(&name("nobody")).await.unwrap();
    assert_eq!(nobody, None);
}

pub(crate) async fn remembers_replaces_and_forgets(place: Place) {
    use StateKind::{Activity, Anomaly, Grouping};

    let mut stand = Stand::open(&place).await;
    let long = "kéy".repeat(10_000);
    let bytes: Vec<u8> = (0..=u8::MAX).collect();
    stand
        .save(of_state(vec![
            change(Anomaly, "a", Some(b"1")),
            change(Activity, "a", Some(b"2")),
            change(Grouping, "a\0", Some(&bytes)),
            change(Grouping, "a\u{fffd}", Some(b"")),
            change(Grouping, &long, Some(b"3")),
            change(Grouping, "b", Some(b"first")),
            change(Grouping, "b", Some(b"last counts")),
        ]))
        .await;
    let expected = [
        (Anomaly, "a".to_owned(), b"1".to_vec()),
        (Activity, "a".to_owned(), b"2".to_vec()),
        (Grouping, "a\0".to_owned(), bytes),
        (Grouping, "a\u{fffd}".to_owned(), Vec::new()),
        (Grouping, "b".to_owned(), b"last counts".to_vec()),
        (Grouping, long.clone(), b"3".to_vec()),
    ];
    assert_eq!(state(&stand).await, expected);
    stand
        .save(of_state(vec![
            change(Anomaly, "a", Some(b"new")),
            change(Activity, "a", None),
            change(Grouping, "a\0", None),
            change(Grouping, "unknown", None),
            change(Grouping, &long, None),
        ]))
        .await;
    let expected = [
        (Anomaly, "a".to_owned(), b"new".to_vec()),
        (Grouping, "a\u{fffd}".to_owned(), Vec::new()),
        (Grouping, "b".to_owned(), b"last counts".to_vec()),
    ];
    assert_eq!(state(&stand).await, expected);
}

pub(crate) async fn state_has_a_bound_for_a_row_and_none_for_rows(place: Place) {
    const ROWS: usize = 2_600;
    let mut stand = Stand::open(&place).await;
    let full = vec![7; STATE_BYTES_MAX];
    let key = "k".repeat(200);
    stand
        .save(of_state(vec![change(
            StateKind::Anomaly,
            &key,
            Some(&full),
        )]))
        .await;
    let beyond = vec![7; STATE_BYTES_MAX + 1];
    let step = of_state(vec![change(StateKind::Anomaly, &key, Some(&beyond))]);
    let step = stand.next(step);
    let refused = stand.ledger.save_detection(&stand.lease, &step, at(9));
    let expected = format!(
        "saving the detection of source `asana`: the state of kind anomaly under key `{}…` has {} bytes, more than {}",
        "k".repeat(100),
        STATE_BYTES_MAX + 1,
        STATE_BYTES_MAX
    );
    assert_eq!(refused.await.unwrap_err().to_string(), expected);

    let rows = (0..ROWS).map(|number| change(StateKind::Activity, &number.to_string(), Some(b"x")));
    stand.save(of_state(rows.collect())).await;
    let mut all: Vec<usize> = state(&stand)
        .await
        .iter()
        .filter_map(|(_, key, _)| key.parse().ok())
        .collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..ROWS));
}

pub(crate) async fn a_step_saved_again_changes_nothing(place: Place) {
    let mut stand = Stand::open(&place).await;
    let step = DetectionStep {
        settled_until: Some(at(50)),
        alerts: vec![detected("a", &[1, 2])],
        ..of_state(vec![change(StateKind::Grouping, "a", Some(b"1"))])
    };
    let saved = stand.save(step.clone()).await;
    assert_eq!(saved.alerts.opened, ["a"]);
    let before = stand.alert("a").await;
    stand.sequence -= 1;
    let saved = stand.save(step).await;
    assert!(saved.repeated);
    assert!(saved.alerts.opened.is_empty());
    assert_eq!(stand.alert("a").await, before);
    assert_eq!(state(&stand).await.len(), 1);
}

pub(crate) async fn a_step_that_does_not_follow_is_refused(place: Place) {
    let mut stand = Stand::open(&place).await;
    let settled = DetectionStep {
        settled_until: Some(at(50)),
        ..DetectionStep::default()
    };
    stand.save(settled).await;
    let following = stand.next(DetectionStep::default());
    let ahead = DetectionStep {
        sequence: following.sequence + 1,
        ..following.clone()
    };
    let behind = DetectionStep {
        sequence: following.sequence - 2,
        ..following.clone()
    };
    let unknown = DetectionStep {
        generation: following.generation + 1,
        ..following.clone()
    };
    for step in [ahead, behind, unknown] {
        let refused = stand.ledger.save_detection(&stand.lease, &step, at(1));
        let refused = refused.await.unwrap_err();
        assert!(
            matches!(refused, LedgerError::DetectionOvertaken(_)),
            "{refused}"
        );
    }
    let unsettled = DetectionStep {
        settled_until: Some(at(49)),
        ..following.clone()
    };
    let refused = stand
        .ledger
        .save_detection(&stand.lease, &unsettled, at(1))
        .await
        .unwrap_err();
    assert!(matches!(refused, LedgerError::Refused { .. }), "{refused}");

    // Another source's lease opens no way to this source's detection.
    let other = stand.ledger.add_source(new_source("other"), at(0)).await;
    let lifetime = TimeDelta::seconds(60);
    let lease = stand
        .ledger
        .acquire_lease(&other.unwrap().name, "node", lifetime, at(0))
        .await
        .unwrap()
        .unwrap();
    let refused = stand.ledger.save_detection(&lease, &following, at(1)).await;
    assert!(matches!(refused, Err(LedgerError::DetectionOvertaken(_))));
}

pub(crate) async fn an_overtaken_node_saves_nothing(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("a", &[1])]).await;
    let other_node = place.open().await;
    let lifetime = TimeDelta::seconds(60);
    let overtaking = other_node
        .acquire_lease(&stand.source, "other", lifetime, at(600))
        .await
        .unwrap()
        .unwrap();
    let step = DetectionStep {
        alerts: vec![detected("a", &[1, 2]), detected("b", &[3])],
        ..of_state(vec![change(StateKind::Anomaly, "a", Some(b"stale"))])
    };
    let step = stand.next(step);
    let (ledger, lease) = (&stand.ledger, &stand.lease);
    let lost = [
        ledger.save_detection(lease, &step, at(601)).await.err(),
        ledger.begin_detection(lease, "engine", at(601)).await.err(),
        ledger.begin_rebuild(lease, "engine", at(601)).await.err(),
        ledger.discard_rebuild(lease).await.err(),
        ledger.finish_rebuild(lease, None, at(601)).await.err(),
    ];
    for lost in lost {
        assert!(matches!(lost, Some(LedgerError::LeaseLost(_))), "{lost:?}");
    }
    assert_eq!(stand.ids().await, ["a"]);
    assert!(state(&stand).await.is_empty());

    // The other node goes on from where the first was.
    let known = other_node.generation(&stand.source).await.unwrap().unwrap();
    assert_eq!((known.id, known.sequence), (step.generation, 1));
    let saved = other_node.save_detection(&overtaking, &step, at(602)).await;
    assert_eq!(saved.unwrap().alerts.opened, ["b"]);
    assert_eq!(stand.ids().await, ["a", "b"]);
}

pub(crate) async fn a_dropped_step_is_whole_or_nothing(place: Place) {
    const FINISHED: i64 = 6;
    let mut stand = Stand::open(&place).await;
    let (mut finished, mut dropped, mut polls) = (0, 0, 1);
    while finished < FINISHED {
        let number = stand.sequence + 1;
        let id = number.to_string();
        let step = DetectionStep {
            settled_until: Some(at(number)),
            alerts: vec![detected(&id, &[number, number + 1])],
            ..of_state(vec![change(StateKind::Grouping, &id, Some(b"1"))])
        };
        let step = stand.next(step);
        let saving = stand.ledger.save_detection(&stand.lease, &step, at(1));
        let outcome = dropped_after(polls, saving).await;
        // A commit may be under way though nobody waits for it; the next change to the source does.
        let restarting = stand.ledger.request_restart(&stand.source, at(1));
        restarting.await.unwrap();
        let known = stand.ledger.generation(&stand.source).await.unwrap();
        let sequence = known.unwrap().sequence;
        let saved = usize::try_from(sequence).unwrap();
        let counts = (stand.ids().await.len(), state(&stand).await.len());
        assert_eq!(counts, (saved, saved), "dropped at poll {polls}");
        // As a node does that starts again, the next step follows what the ledger knows.
        stand.sequence = sequence;
        if let Some(outcome) = outcome {
            outcome.unwrap();
            (finished, polls) = (finished + 1, 1);
        } else {
            (dropped, polls) = (dropped + 1, polls + 1);
        }
    }
    assert!(dropped >= FINISHED);
}

pub(crate) async fn goes_with_its_source_but_for_alerts(place: Place) {
    let mut stand = Stand::open(&place).await;
    let step = DetectionStep {
        alerts: vec![detected("a", &[1])],
        ..of_state(vec![change(StateKind::Anomaly, "a", Some(b"1"))])
    };
    stand.save(step).await;
    stand.ledger.delete_source(&stand.source).await.unwrap();
    assert!(state(&stand).await.is_empty());
    let generation = stand.ledger.generation(&stand.source).await.unwrap();
    assert_eq!(generation, None);
    let alert = stand.resolve("a").await;
    assert_eq!(alert.source, stand.source);
    assert_eq!(stand.gids("a").await, ["1"]);

    // A source that has its name again finds them again.
    let (ledger, source) = (&stand.ledger, &stand.source);
    ledger.add_source(new_source("asana"), at(2)).await.unwrap();
    let lifetime = TimeDelta::seconds(60);
    let lease = ledger.acquire_lease(source, "node", lifetime, at(2)).await;
    stand.lease = lease.unwrap().unwrap();
    let begun = ledger.begin_detection(&stand.lease, "engine", at(2)).await;
    let begun = begun.unwrap();
    assert!(begun.id > stand.generation);
    (stand.generation, stand.sequence) = (begun.id, 0);
    let saved = stand.settle(vec![detected("a", &[1])]).await;
    assert_eq!(saved.alerts.opened, Vec::<String>::new());
    assert_eq!(stand.alert("a").await.triage, alert.triage);
}
