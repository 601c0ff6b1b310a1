use drishti_ledger::{
    AlertEntity, DetectionStep, PolicyCount, Preview, SIGNAL_EVENTS_MAX, SIGNALS_A_DAY_MAX, Signal,
    SignalFilter, StoredSignal,
};
use drishti_model::Severity;

use crate::place::{Place, at, name};
use crate::stand::Stand;

fn signal(id: &str, second: i64) -> Signal {
    Signal {
        id: id.to_owned(),
        policy: "anomaly.unusual_hours".to_owned(),
        severity: Severity::Low,
        title: format!("signal {id}"),
        entity: AlertEntity {
            kind: "person".to_owned(),
            id: "1201".to_owned(),
            name: Some("Ada".to_owned()),
        },
        at: at(second),
        gids: vec![second.to_string()],
        seen: "an export".to_owned(),
    }
}

fn of(signals: Vec<Signal>) -> DetectionStep {
    DetectionStep {
        signals,
        ..DetectionStep::default()
    }
}

async fn listed(stand: &Stand, filter: SignalFilter) -> Vec<StoredSignal> {
    let limit = if filter.limit == 0 {
        u64::MAX
    } else {
        filter.limit
    };
    let filter = SignalFilter { limit, ..filter };
    stand.ledger.signals(&filter).await.unwrap()
}

async fn ids(stand: &Stand, filter: SignalFilter) -> String {
    let signals = listed(stand, filter).await;
    signals.into_iter().map(|stored| stored.signal.id).collect()
}

type Narrow = fn(&mut SignalFilter);

pub(crate) async fn are_kept_and_narrowed(place: Place) {
    let mut stand = Stand::open(&place).await;
    let other = Signal {
        policy: "anomaly.dormant_account".to_owned(),
        entity: AlertEntity {
            id: "1202".to_owned(),
            ..signal("c", 3).entity
        },
        ..signal("c", 3)
    };
    let many_events = Signal {
        gids: (0..=SIGNAL_EVENTS_MAX).map(|gid| gid.to_string()).collect(),
        ..signal("d", 4)
    };
    stand
        .save(of(vec![
            signal("a", 1),
            signal("b", 2),
            other,
            many_events.clone(),
        ]))
        .await;
    // Saved again, by a repeated match, it stays what it was.
    stand.save(of(vec![signal("a", 9)])).await;
    let cases: [(&str, Narrow); 8] = [
        ("dcba", |_| {}),
        ("dcba", |of| of.source = Some(name("asana"))),
        ("", |of| of.source = Some(name("other"))),
        ("c", |of| {
            of.policy = Some("anomaly.dormant_account".to_owned());
        }),
        ("dba", |of| of.entity_id = Some("1201".to_owned())),
        ("cb", |of| {
            (of.since, of.until) = (Some(at(2)), Some(at(4)));
        }),
        ("dc", |of| of.limit = 2),
        ("ba", |of| of.after = Some((at(3), "c".to_owned()))),
    ];
    for (expected, narrow) in cases {
        let mut filter = SignalFilter::default();
        narrow(&mut filter);
        assert_eq!(ids(&stand, filter.clone()).await, expected, "{filter:?}");
    }
    let newest = listed(&stand, SignalFilter::default()).await.remove(0);
    let mut kept = many_events;
    kept.gids.truncate(SIGNAL_EVENTS_MAX);
    assert_eq!(newest.signal, kept);
    assert!(!newest.provisional);
    assert_eq!(newest.generation, stand.generation);
}

pub(crate) async fn of_a_preview_are_replaced(place: Place) {
    let mut stand = Stand::open(&place).await;
    let step = |settled, signals| DetectionStep {
        preview: Preview {
            signals,
            ..Preview::default()
        },
        ..of(settled)
    };
    stand
        .save(step(
            vec![signal("a", 1)],
            vec![signal("b", 2), signal("c", 3)],
        ))
        .await;
    assert_eq!(ids(&stand, SignalFilter::default()).await, "cba");
    stand
        .save(step(vec![signal("b", 2)], vec![signal("d", 4)]))
        .await;
    let signals = listed(&stand, SignalFilter::default()).await;
    let provisional: Vec<_> = signals
        .iter()
        .map(|stored| (stored.signal.id.as_str(), stored.provisional))
        .collect();
    assert_eq!(provisional, [("d", true), ("b", false), ("a", false)]);
}

pub(crate) async fn of_a_policys_day_are_bounded(place: Place) {
    let mut stand = Stand::open(&place).await;
    let id = |number: usize| format!("{number:05}");
    let most = SIGNALS_A_DAY_MAX;
    let some = |from: usize, to: usize| (from..to).map(|number| signal(&id(number), 1)).collect();
    let full = DetectionStep {
        preview: Preview {
            signals: some(most, most + 10),
            ..Preview::default()
        },
        ..of(some(0, most - 2))
    };
    stand.save(full).await;
    let kept = async |stand: &Stand| {
        let mut ids: Vec<String> = listed(stand, SignalFilter::default())
            .await
            .into_iter()
            .map(|stored| stored.signal.id)
            .collect();
        ids.sort();
        ids
    };
    let ids = kept(&stand).await;
    assert_eq!(ids.len(), most);
    assert_eq!(ids[most - 1], id(most + 1));
    // What settles comes before what a preview showed; another day and another policy have room of their own.
    let mut next: Vec<Signal> = some(most + 20, most + 30);
    next.push(signal("tomorrow", 86_400));
    next.push(Signal {
        policy: "another".to_owned(),
        ..signal("of another", 1)
    });
    stand.save(of(next)).await;
    let ids = kept(&stand).await;
    assert_eq!(ids.len(), most + 2);
    let last = &ids[most - 3..];
    let expected = [id(most - 3), id(most + 20), id(most + 21)];
    assert_eq!(last[..3], expected);
    assert_eq!(last[3..], ["of another", "tomorrow"]);
}

pub(crate) async fn and_policies_are_counted_by_day(place: Place) {
    let mut stand = Stand::open(&place).await;
    let count = |policy: &str, day: i64, matches| PolicyCount {
        policy: policy.to_owned(),
        day: at(day * 86_400).date_naive(),
        matches,
        alerts: 1,
        suppressed: 2,
        capped: 3,
        not_evaluable: 4,
    };
    let step = |counts| DetectionStep {
        counts,
        ..DetectionStep::default()
    };
    stand
        .save(step(vec![
            count("a", 0, 10),
            count("a", 0, 1),
            count("b", 0, 5),
        ]))
        .await;
    stand
        .save(step(vec![count("a", 0, 100), count("a", 1, 7)]))
        .await;
    let since = |day: i64| at(day * 86_400).date_naive();
    let read = async |policy, day| stand.ledger.policy_counts(None, policy, since(day)).await;
    let thrice = PolicyCount {
        alerts: 3,
        suppressed: 6,
        capped: 9,
        not_evaluable: 12,
        ..count("a", 0, 111)
    };
    let all = [count("a", 1, 7), thrice.clone(), count("b", 0, 5)];
    assert_eq!(read(None, 0).await.unwrap(), all);
    let of_a = [count("a", 1, 7), thrice];
    assert_eq!(read(Some("a"), 0).await.unwrap(), of_a);
    assert_eq!(read(None, 1).await.unwrap(), [count("a", 1, 7)]);
    let elsewhere = name("other");
    let nothing = stand.ledger.policy_counts(Some(&elsewhere), None, since(0));
    assert_eq!(nothing.await.unwrap(), []);
}
