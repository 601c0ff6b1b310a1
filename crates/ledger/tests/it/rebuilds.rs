use drishti_ledger::{
    ALERT_EVENTS_MAX, AlertAction, AlertChanges, DetectedAlert, DetectionStep, LedgerError,
    PolicyCount, Preview, RiskCause, RiskEvent, Signal, StateChange, StateKind, SuppressionHits,
    Triage,
};
use drishti_model::SourceScope;

use crate::place::{Place, at};
use crate::progress::dropped_after;
use crate::stand::{Stand, detected, event, triage};

/// A rebuild on the same source, beside the stand.
async fn begin(stand: &Stand) -> Stand {
    let rebuild = stand
        .ledger
        .begin_rebuild(&stand.lease, "engine 2", at(50))
        .await
        .unwrap();
    assert!(!rebuild.active);
    Stand {
        ledger: stand.ledger.clone(),
        source: stand.source.clone(),
        lease: stand.lease.clone(),
        generation: rebuild.id,
        sequence: 0,
    }
}

/// One of everything that a generation has.
fn everything(mark: &str) -> DetectionStep {
    let alert = detected("a", &[1]);
    DetectionStep {
        settled_until: Some(at(100)),
        state: vec![StateChange {
            kind: StateKind::Anomaly,
            key: mark.to_owned(),
            value: Some(mark.as_bytes().to_vec()),
        }],
        risk: vec![RiskEvent {
            person: "1201".to_owned(),
            person_name: None,
            at: at(1),
            points: 10,
            cause: RiskCause::Alert("a".to_owned()),
            why: mark.to_owned(),
        }],
        signals: vec![Signal {
            id: "s".to_owned(),
            policy: alert.policy.clone(),
            severity: alert.severity,
            title: mark.to_owned(),
            entity: alert.entity.clone(),
            at: at(1),
            gids: vec!["1".to_owned()],
            seen: "an export".to_owned(),
        }],
        counts: vec![PolicyCount {
            policy: alert.policy.clone(),
            day: at(1).date_naive(),
            matches: 3,
            alerts: 1,
            suppressed: 0,
            capped: 0,
            not_evaluable: 0,
        }],
        suppressed: vec![SuppressionHits {
            suppression: 1,
            matches: 1,
            last_at: at(1),
        }],
        alerts: vec![alert],
        ..DetectionStep::default()
    }
}

/// The marks of what is in use, and the matches counted.
async fn marks(stand: &Stand) -> (Vec<String>, Vec<String>, Vec<u64>) {
    let ledger = &stand.ledger;
    let signals = ledger
        .signals(&drishti_ledger::SignalFilter {
            limit: 10,
            ..drishti_ledger::SignalFilter::default()
        })
        .await
        .unwrap();
    let (_, risk) = ledger
        .risk_of("1201", None, &SourceScope::All, at(2))
        .await
        .unwrap();
    let counts = ledger.policy_counts(None, None, at(0).date_naive()).await;
    (
        signals
            .into_iter()
            .map(|stored| stored.signal.title)
            .collect(),
        risk.into_iter().map(|addend| addend.event.why).collect(),
        counts.unwrap().iter().map(|count| count.matches).collect(),
    )
}

pub(crate) async fn take_the_place_of_what_was_there(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.save(everything("old")).await;
    stand
        .settle(vec![
            detected("worked on", &[2]),
            detected("forgotten", &[3]),
            detected("other", &[4, 5]),
        ])
        .await;
    stand.change("worked on", triage(Triage::InReview)).await;
    let resolved = stand.resolve("a").await;
    let mut rebuild = begin(&stand).await;
    rebuild.save(everything("new")).await;
    let grown = DetectedAlert {
        events: vec![event(6)],
        ..detected("other", &[6, 7, 8])
    };
    rebuild
        .settle(vec![detected("other", &[5]), detected("fresh", &[9])])
        .await;
    rebuild.settle(vec![grown]).await;

    // Nothing of it is seen yet.
    let of_old = |mark: &str| (vec![mark.to_owned()], vec![mark.to_owned()], vec![3]);
    assert_eq!(marks(&stand).await, of_old("old"));
    assert_eq!(stand.ids().await, ["a", "forgotten", "other", "worked on"]);
    let finished = stand
        .ledger
        .finish_rebuild(&stand.lease, None, at(60))
        .await;
    let expected = AlertChanges {
        opened: vec!["fresh".to_owned()],
        removed: vec!["forgotten".to_owned()],
        withdrawn: vec!["worked on".to_owned()],
        ..AlertChanges::default()
    };
    assert_eq!(finished.unwrap(), expected);
    assert_eq!(marks(&stand).await, of_old("new"));
    assert_eq!(stand.ids().await, ["a", "fresh", "other", "worked on"]);
    assert_eq!(stand.alert("other").await.match_count, 3);
    assert_eq!(stand.gids("other").await, ["5", "6"]);
    assert_eq!(stand.alert("a").await.triage, resolved.triage);
    let withdrawn = stand.alert("worked on").await;
    assert_eq!(withdrawn.withdrawn_at, Some(at(60)));
    let history = stand.ledger.alert_history("worked on").await.unwrap();
    assert_eq!(history[0].action, AlertAction::Withdrawn);

    let in_use = stand.ledger.generation(&stand.source).await.unwrap();
    let in_use = in_use.unwrap();
    assert_eq!(
        (in_use.id, in_use.engine.as_str(), in_use.sequence),
        (rebuild.generation, "engine 2", 3)
    );
    assert_eq!(in_use.settled_until, Some(at(100)));
    assert_eq!(stand.ledger.rebuild(&stand.source).await.unwrap(), None);
    let mut keys = Vec::new();
    for generation in [stand.generation, rebuild.generation] {
        let take = |row: drishti_ledger::StateRow| keys.push(row.key);
        let read = stand.ledger.read_detection_state(generation, take);
        read.await.unwrap();
    }
    assert_eq!(keys, ["new"]);

    // The old generation takes no step any more; the new one goes on.
    let stale = stand.next(DetectionStep::default());
    let refused = stand
        .ledger
        .save_detection(&stand.lease, &stale, at(70))
        .await;
    assert!(matches!(refused, Err(LedgerError::DetectionOvertaken(_))));
    rebuild.settle(vec![detected("other", &[6, 7, 8, 9])]).await;
    assert_eq!(stand.gids("other").await, ["5", "6", "7", "8", "9"]);
}

pub(crate) async fn keep_what_the_lake_no_longer_shows(place: Place) {
    let mut stand = Stand::open(&place).await;
    let last = |id: &str, second: i64| DetectedAlert {
        last_event_at: at(second),
        ..detected(id, &[second])
    };
    stand
        .settle(vec![last("before", 49), last("at", 50), last("after", 51)])
        .await;
    begin(&stand).await.settle(Vec::new()).await;
    let (ledger, lease) = (&stand.ledger, &stand.lease);
    let finished = ledger.finish_rebuild(lease, Some(at(50)), at(200)).await;
    assert_eq!(finished.unwrap().removed, ["after", "at"]);
    assert_eq!(stand.ids().await, ["before"]);
}

pub(crate) async fn wait_until_they_are_as_far(place: Place) {
    let mut stand = Stand::open(&place).await;
    let settled = |second| DetectionStep {
        settled_until: Some(at(second)),
        ..DetectionStep::default()
    };
    stand.save(settled(100)).await;
    let finish = async |stand: &Stand| {
        stand
            .ledger
            .finish_rebuild(&stand.lease, None, at(60))
            .await
    };
    let none = finish(&stand).await.unwrap_err();
    assert!(matches!(none, LedgerError::RebuildBehind(_)), "{none}");
    let mut rebuild = begin(&stand).await;
    for behind in [None, Some(99)] {
        if let Some(second) = behind {
            rebuild.save(settled(second)).await;
        }
        let refused = finish(&stand).await.unwrap_err();
        assert!(matches!(refused, LedgerError::RebuildBehind(_)));
    }
    stand.save(settled(101)).await;
    rebuild.save(settled(100)).await;
    assert!(finish(&stand).await.is_err());
    rebuild.save(settled(101)).await;
    finish(&stand).await.unwrap();
}

pub(crate) async fn are_thrown_away(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.save(everything("old")).await;
    let mut first = begin(&stand).await;
    first.save(everything("first")).await;
    let second = begin(&stand).await;
    let stale = first.next(DetectionStep::default());
    let refused = stand
        .ledger
        .save_detection(&stand.lease, &stale, at(60))
        .await;
    assert!(matches!(refused, Err(LedgerError::DetectionOvertaken(_))));
    let known = stand.ledger.rebuild(&stand.source).await.unwrap();
    assert_eq!(known.map(|known| known.id), Some(second.generation));
    for _ in 0..2 {
        stand.ledger.discard_rebuild(&stand.lease).await.unwrap();
        assert_eq!(stand.ledger.rebuild(&stand.source).await.unwrap(), None);
    }
    assert_eq!(marks(&stand).await.0, ["old"]);
    stand.settle(vec![detected("b", &[2])]).await;
    assert_eq!(stand.ids().await, ["a", "b"]);
}

pub(crate) async fn leave_previews_to_the_next_step(place: Place) {
    let mut stand = Stand::open(&place).await;
    let step = DetectionStep {
        preview: Preview {
            alerts: vec![detected("grown", &[1, 9]), detected("new", &[9])],
            ..Preview::default()
        },
        alerts: vec![detected("grown", &[1]), detected("gone", &[2])],
        ..DetectionStep::default()
    };
    stand.save(step.clone()).await;
    let gone = DetectedAlert {
        events: Vec::new(),
        ..detected("gone", &[2, 9])
    };
    stand.preview(vec![detected("new", &[9]), gone]).await;
    stand.change("new", triage(Triage::InReview)).await;
    let mut rebuild = begin(&stand).await;
    rebuild
        .save(DetectionStep {
            alerts: vec![detected("grown", &[1])],
            ..step
        })
        .await;
    let finished = stand
        .ledger
        .finish_rebuild(&stand.lease, None, at(60))
        .await;
    let expected = AlertChanges {
        removed: vec!["gone".to_owned()],
        ..AlertChanges::default()
    };
    assert_eq!(
        finished.unwrap(),
        expected,
        "its preview was of a settled alert"
    );
    let grown = stand.alert("grown").await;
    assert_eq!((grown.provisional, grown.match_count), (false, 1));
    assert!(stand.alert("new").await.provisional);
    rebuild.preview(vec![detected("new", &[9])]).await;
    assert_eq!(stand.alert("new").await.withdrawn_at, None);
}

pub(crate) async fn are_finished_whole_or_not_at_all(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("old", &[1])]).await;
    let (mut dropped, mut polls) = (0, 1);
    loop {
        let mut rebuild = begin(&stand).await;
        rebuild.settle(vec![detected("new", &[2])]).await;
        let finishing = stand.ledger.finish_rebuild(&stand.lease, None, at(60));
        let finished = dropped_after(polls, finishing).await;
        let restarting = stand.ledger.request_restart(&stand.source, at(60));
        restarting.await.unwrap();
        let in_use = stand.ledger.generation(&stand.source).await.unwrap();
        let is_new = in_use.unwrap().id == rebuild.generation;
        let expected = if is_new { "new" } else { "old" };
        assert_eq!(stand.ids().await, [expected], "dropped at poll {polls}");
        if is_new {
            break;
        }
        assert!(finished.is_none());
        (dropped, polls) = (dropped + 1, polls + 1);
    }
    // How many polls it takes is up to the load of the machine; the first one only begins.
    assert!(dropped > 0, "none was dropped");
}

pub(crate) async fn bring_thousands_of_alerts(place: Place) {
    const ALERTS: usize = 1_700;
    let mut stand = Stand::open(&place).await;
    let alerts = |from: usize| -> Vec<DetectedAlert> {
        (from..from + ALERTS)
            .map(|number| detected(&format!("{number:05}"), &[1]))
            .collect()
    };
    stand.settle(alerts(0)).await;
    let mut rebuild = begin(&stand).await;
    rebuild.settle(alerts(600)).await;
    let most = i64::try_from(ALERT_EVENTS_MAX).unwrap();
    for seconds in (0..most + 50).collect::<Vec<_>>().chunks(400) {
        rebuild.settle(vec![detected("01000", seconds)]).await;
    }
    let finished = stand
        .ledger
        .finish_rebuild(&stand.lease, None, at(60))
        .await;
    let finished = finished.unwrap();
    assert_eq!((finished.opened.len(), finished.removed.len()), (600, 600));
    assert_eq!(stand.ids().await.len(), ALERTS);
    assert_eq!(stand.ids().await[0], "00600");
    let gids = stand.gids("01000").await;
    assert_eq!((gids.len(), gids[100].as_str()), (ALERT_EVENTS_MAX, "150"));
}
