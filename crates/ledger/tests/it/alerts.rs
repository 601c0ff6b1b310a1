use drishti_ledger::{
    ALERT_EVENTS_FIRST, ALERT_EVENTS_MAX, ALERT_ID_BYTES_MAX, ALERT_JSON_BYTES_MAX,
    ALERT_TEXT_CHARS_MAX, Alert, AlertAction, AlertChanges, AlertState, DETECTION_AUTHOR,
    DetectedAlert, DetectionStep, LedgerError, Preview, Triage,
};
use drishti_model::Severity;

use crate::place::{Place, at, name};
use crate::stand::{Stand, detected, event, triage};

pub(crate) async fn begin_and_grow(place: Place) {
    let mut stand = Stand::open(&place).await;
    let first = DetectedAlert {
        suppressed_by: Some(4),
        ..detected("a", &[1, 2])
    };
    let saved = stand.settle(vec![first.clone()]).await;
    assert_eq!(saved.alerts.opened, ["a"]);
    let expected = Alert {
        id: "a".to_owned(),
        source: name("asana"),
        policy: first.policy,
        policy_title: first.policy_title,
        title: first.title,
        severity: Severity::Medium,
        entity: first.entity,
        dedup: first.dedup,
        opened_at: at(1),
        first_event_at: at(1),
        last_event_at: at(2),
        match_count: 2,
        event_count: 2,
        suppressed_by: Some(4),
        capped: false,
        provisional: false,
        triage: Triage::New,
        resolved_at: None,
        resolved_match_count: None,
        assignee: None,
        withdrawn_at: None,
        revision: 1,
        created_at: at(1_001),
        updated_at: at(1_001),
    };
    assert_eq!(stand.alert("a").await, expected);
    assert_eq!(stand.gids("a").await, ["1", "2"]);

    let grown = DetectedAlert {
        severity: Severity::Critical,
        capped: true,
        events: vec![event(3)],
        ..detected("a", &[1, 2, 3])
    };
    let saved = stand.settle(vec![grown]).await;
    assert_eq!(saved.alerts, AlertChanges::default());
    let expected = Alert {
        severity: Severity::Critical,
        suppressed_by: None,
        capped: true,
        last_event_at: at(3),
        match_count: 3,
        event_count: 3,
        updated_at: at(1_002),
        ..expected
    };
    assert_eq!(stand.alert("a").await, expected);
    assert_eq!(stand.gids("a").await, ["1", "2", "3"]);
    let detail = stand.ledger.alert("a").await.unwrap().unwrap();
    assert_eq!(
        (detail.explanation.as_str(), detail.finding.as_str()),
        ("{\"seen\":3}", "{}")
    );
    assert_eq!(stand.ledger.alert("b").await.unwrap(), None);
    assert!(stand.ledger.alert_events("b").await.unwrap().is_empty());
}

pub(crate) async fn tell_why_together(place: Place) {
    let mut stand = Stand::open(&place).await;
    let alerts = vec![detected("a", &[1, 2]), detected("b", &[3])];
    stand.settle(alerts).await;
    let why = stand.ledger.alert_reasons(&["c", "b", "a"]).await.unwrap();
    assert_eq!(why.keys().collect::<Vec<_>>(), ["a", "b"]);
    for (id, why) in why {
        let detail = stand.ledger.alert(&id).await.unwrap().unwrap();
        assert_eq!(why.explanation, detail.explanation);
        assert_eq!(why.events, stand.ledger.alert_events(&id).await.unwrap());
    }
}

pub(crate) async fn keep_what_people_made_of_them(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("a", &[1])]).await;
    let assigned = drishti_ledger::AlertChange {
        triage: Some(Triage::InReview),
        assignee: Some(Some("ben".to_owned())),
        ..drishti_ledger::AlertChange::default()
    };
    let in_review = stand.change("a", assigned).await;
    stand.settle(vec![detected("a", &[1, 2])]).await;
    let grown = stand.alert("a").await;
    assert_eq!(grown.match_count, 2);
    assert_eq!(
        (grown.triage, grown.assignee, grown.revision),
        (Triage::InReview, Some("ben".to_owned()), in_review.revision)
    );
}

pub(crate) async fn of_a_preview_are_replaced(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("old", &[1])]).await;
    let before = stand.ledger.alert("old").await.unwrap();
    let grown = DetectedAlert {
        events: vec![event(8)],
        ..detected("old", &[1, 8])
    };
    let saved = stand.preview(vec![grown, detected("new", &[9])]).await;
    assert_eq!(saved.alerts.opened, ["new"]);
    let (old, new) = (stand.alert("old").await, stand.alert("new").await);
    assert_eq!(
        (old.provisional, old.match_count, new.provisional),
        (true, 2, true)
    );
    assert_eq!(stand.gids("old").await, ["1", "8"]);

    // A late event makes another preview, in which nothing of this is left.
    let saved = stand.preview(vec![detected("late", &[7])]).await;
    assert_eq!(
        (saved.alerts.opened, saved.alerts.removed),
        (vec!["late".to_owned()], vec!["new".to_owned()])
    );
    let reverted = stand.ledger.alert("old").await.unwrap().unwrap();
    let mut before = before.unwrap();
    before.alert.updated_at = reverted.alert.updated_at;
    assert_eq!(reverted, before);
    assert_eq!(stand.gids("old").await, ["1"]);
    assert_eq!(stand.ids().await, ["late", "old"]);

    // What settles is no longer a preview, and what was one only is gone.
    stand.settle(vec![detected("old", &[1, 8])]).await;
    let settled = stand.alert("old").await;
    assert_eq!((settled.provisional, settled.match_count), (false, 2));
    assert_eq!(stand.ids().await, ["old"]);
    assert_eq!(stand.gids("old").await, ["1", "8"]);

    let one_step = DetectionStep {
        alerts: vec![detected("old", &[1, 8, 9])],
        preview: Preview {
            alerts: vec![detected("old", &[1, 8, 9, 10])],
            ..Preview::default()
        },
        ..DetectionStep::default()
    };
    stand.save(one_step).await;
    assert_eq!(stand.alert("old").await.match_count, 4);
    stand.preview(Vec::new()).await;
    let settled = stand.alert("old").await;
    assert_eq!((settled.provisional, settled.match_count), (false, 3));
    assert_eq!(stand.gids("old").await, ["1", "8", "9"]);
}

pub(crate) async fn of_a_preview_stay_where_people_worked_on_them(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand
        .preview(vec![detected("a", &[1]), detected("b", &[2])])
        .await;
    stand.change("a", triage(Triage::InReview)).await;
    let saved = stand.preview(Vec::new()).await;
    assert_eq!(
        (saved.alerts.withdrawn, saved.alerts.removed),
        (vec!["a".to_owned()], vec!["b".to_owned()])
    );
    let withdrawn = stand.alert("a").await;
    assert_eq!(withdrawn.withdrawn_at, Some(at(1_002)));
    assert_eq!(withdrawn.triage, Triage::InReview);
    let saved = stand.preview(Vec::new()).await;
    assert_eq!(saved.alerts, AlertChanges::default(), "told once");
    assert_eq!(stand.gids("a").await, ["1"]);

    stand.settle(vec![detected("a", &[1])]).await;
    let found = stand.alert("a").await;
    assert_eq!((found.withdrawn_at, found.provisional), (None, false));
    let history = stand.ledger.alert_history("a").await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|entry| (entry.action, entry.author.as_str()))
        .collect();
    let expected = [
        (AlertAction::FoundAgain, DETECTION_AUTHOR),
        (AlertAction::Withdrawn, DETECTION_AUTHOR),
        (AlertAction::State, "ada"),
    ];
    assert_eq!(told, expected);
}

pub(crate) async fn are_never_swallowed_after_resolution(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("loud", &[1, 2])]).await;
    let resolved = stand.resolve("loud").await;
    assert_eq!(
        (resolved.resolved_at, resolved.resolved_match_count),
        (Some(at(5_000)), Some(2))
    );

    // The matches that were there when it was resolved change nothing, however often they come.
    for _ in 0..2 {
        let saved = stand.settle(vec![detected("loud", &[1, 2])]).await;
        assert_eq!(saved.alerts, AlertChanges::default());
    }
    let saved = stand.preview(vec![detected("loud", &[1, 2, 3])]).await;
    assert_eq!(saved.alerts.reopened, ["loud"]);
    let reopened = stand.alert("loud").await;
    assert_eq!(reopened.triage, Triage::New);
    assert_eq!(reopened.revision, resolved.revision + 1);
    assert_eq!(
        (reopened.resolved_at, reopened.resolved_match_count),
        (None, None)
    );
    let history = stand.ledger.alert_history("loud").await.unwrap();
    assert_eq!(
        (
            history[0].action,
            history[0].before.as_deref(),
            history[0].after.as_deref()
        ),
        (
            AlertAction::Reopened,
            Some("resolved as benign"),
            Some("new")
        )
    );

    // Resolved again with the third match in sight, neither the same preview nor its settling reopens it.
    stand.resolve("loud").await;
    stand.preview(vec![detected("loud", &[1, 2, 3])]).await;
    let saved = stand.settle(vec![detected("loud", &[1, 2, 3])]).await;
    assert_eq!(saved.alerts, AlertChanges::default());
    assert_eq!(
        stand.alert("loud").await.triage.state(),
        AlertState::Resolved
    );

    // A match that is taken back is not one that was seen.
    stand.preview(vec![detected("loud", &[1, 2, 3, 4])]).await;
    stand.resolve("loud").await;
    stand.preview(Vec::new()).await;
    assert_eq!(stand.alert("loud").await.resolved_match_count, Some(3));
    let saved = stand.settle(vec![detected("loud", &[1, 2, 3, 5])]).await;
    assert_eq!(saved.alerts.reopened, ["loud"]);
}

pub(crate) async fn keep_their_first_and_newest_events(place: Place) {
    let most = i64::try_from(ALERT_EVENTS_MAX).unwrap();
    let first = i64::try_from(ALERT_EVENTS_FIRST).unwrap();
    let beyond = 30;
    let mut stand = Stand::open(&place).await;
    let seconds: Vec<i64> = (0..most + beyond).collect();
    let expected: Vec<String> = (0..first)
        .chain(first + beyond..most + beyond)
        .map(|second| second.to_string())
        .collect();
    // In one step, in many, and in any order it comes to the same.
    stand.settle(vec![detected("at once", &seconds)]).await;
    for seconds in seconds.chunks(300) {
        stand.settle(vec![detected("in parts", seconds)]).await;
    }
    let backwards: Vec<i64> = seconds.iter().rev().copied().collect();
    stand.settle(vec![detected("backwards", &backwards)]).await;
    for id in ["at once", "in parts", "backwards"] {
        assert_eq!(stand.gids(id).await, expected, "{id}");
    }

    // A preview leaves no trace, full as it may be.
    let previewed: Vec<i64> = (2_000..2_000 + most + beyond).collect();
    stand.preview(vec![detected("at once", &previewed)]).await;
    let shown = stand.gids("at once").await;
    assert_eq!(shown.len(), ALERT_EVENTS_MAX);
    assert_eq!(shown.last(), Some(&(1_999 + most + beyond).to_string()));
    stand.preview(Vec::new()).await;
    assert_eq!(stand.gids("at once").await, expected);
}

pub(crate) async fn take_hostile_texts(place: Place) {
    let mut stand = Stand::open(&place).await;
    let long = "ü\0".repeat(ALERT_TEXT_CHARS_MAX);
    let mut hostile = detected("a", &[1]);
    for text in [
        &mut hostile.policy,
        &mut hostile.policy_title,
        &mut hostile.title,
        &mut hostile.dedup,
        &mut hostile.entity.kind,
        &mut hostile.entity.id,
    ] {
        text.clone_from(&long);
    }
    hostile.entity.name = Some(long.clone());
    hostile.explanation = format!("\"{}\"", "x".repeat(ALERT_JSON_BYTES_MAX));
    hostile.events[0].gid.clone_from(&long);
    // The same gid at another time is the same event.
    hostile.events.push(event(2));
    hostile.events.push(drishti_ledger::AlertEvent {
        gid: "2".to_owned(),
        ..event(3)
    });
    stand.settle(vec![hostile.clone(), hostile]).await;
    let detail = stand.ledger.alert("a").await.unwrap().unwrap();
    let kept = format!("{}…", "ü\u{fffd}".repeat(ALERT_TEXT_CHARS_MAX / 2));
    let alert = detail.alert;
    for text in [&alert.title, &alert.policy, &alert.entity.id] {
        assert_eq!(*text, kept);
    }
    assert_eq!(alert.entity.name, Some(kept));
    assert_eq!(
        detail.explanation,
        format!("{{\"omitted_bytes\":{}}}", ALERT_JSON_BYTES_MAX + 2)
    );
    assert_eq!(stand.gids("a").await.len(), 2);

    for id in [
        String::new(),
        "a\0".to_owned(),
        "x".repeat(ALERT_ID_BYTES_MAX + 1),
    ] {
        let step = DetectionStep {
            alerts: vec![detected(&id, &[1])],
            ..DetectionStep::default()
        };
        let step = stand.next(step);
        let refused = stand
            .ledger
            .save_detection(&stand.lease, &step, at(1))
            .await;
        assert!(matches!(refused, Err(LedgerError::Refused { .. })), "{id}");
    }
    let longest = "x".repeat(ALERT_ID_BYTES_MAX);
    stand.settle(vec![detected(&longest, &[1])]).await;
    assert_eq!(stand.alert(&longest).await.match_count, 1);
}
