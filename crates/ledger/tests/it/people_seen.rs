use drishti_ledger::{DetectionStep, PeopleSeen, PersonSeen, Preview};
use drishti_model::SourceScope;

use crate::place::{Place, at, name};
use crate::stand::Stand;

fn seen(person: &str, first: i64, last: i64, events: u64) -> PersonSeen {
    PersonSeen {
        person: person.to_owned(),
        kind: "person".to_owned(),
        name: None,
        email: None,
        first_at: at(first),
        last_at: at(last),
        events,
    }
}

fn called(name: &str, seen: PersonSeen) -> PersonSeen {
    PersonSeen {
        name: Some(name.to_owned()),
        ..seen
    }
}

fn step(people: Vec<PersonSeen>, previewed: Vec<PersonSeen>) -> DetectionStep {
    DetectionStep {
        people,
        preview: Preview {
            people: previewed,
            ..Preview::default()
        },
        ..DetectionStep::default()
    }
}

async fn people(stand: &Stand, after: Option<i64>) -> PeopleSeen {
    let generation = stand.ledger.generation(&stand.source).await.unwrap();
    let generation = generation.unwrap();
    let seen = stand.ledger.people_seen(&generation, after).await;
    seen.unwrap()
}

pub(crate) async fn add_up_and_keep_what_is_newest(place: Place) {
    let mut stand = Stand::open(&place).await;
    assert_eq!(people(&stand, None).await, PeopleSeen::default());
    let program = PersonSeen {
        kind: "service_account".to_owned(),
        ..seen("9", 5, 5, 1)
    };
    let first = vec![called("Ada", seen("7", 1, 4, 3)), program.clone()];
    stand.save(step(first, vec![])).await;
    let second = vec![
        PersonSeen {
            email: Some("ada@example.com".to_owned()),
            ..seen("7", 10, 20, 2)
        },
        // Once a service account, always one.
        seen("9", 15, 15, 1),
    ];
    stand.save(step(second, vec![])).await;
    let ada = PersonSeen {
        name: Some("Ada".to_owned()),
        email: Some("ada@example.com".to_owned()),
        ..seen("7", 1, 20, 5)
    };
    let program = PersonSeen {
        last_at: at(15),
        events: 2,
        ..program
    };
    assert_eq!(people(&stand, None).await.settled, [ada.clone(), program]);

    // The same step again changes nothing, and only what changed later is told.
    let third = stand.next(step(vec![called("Ada B.", seen("7", 30, 30, 1))], vec![]));
    stand.sequence += 1;
    for _ in 0..2 {
        let saved = stand.ledger.save_detection(&stand.lease, &third, at(0));
        saved.await.unwrap();
    }
    let changed = people(&stand, Some(2)).await.settled;
    assert_eq!(
        changed,
        [called(
            "Ada B.",
            PersonSeen {
                last_at: at(30),
                events: 6,
                ..ada
            }
        )]
    );
    assert_eq!(people(&stand, Some(3)).await.settled, []);

    let scope = SourceScope::of(Some([name("other")]));
    assert_eq!(stand.ledger.generations(&scope).await.unwrap(), []);
    let all = stand.ledger.generations(&SourceScope::All).await.unwrap();
    assert_eq!((all.len(), all[0].sequence), (1, 3));
}

pub(crate) async fn of_a_preview_are_replaced(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand
        .save(step(
            vec![seen("7", 1, 1, 1)],
            vec![seen("7", 2, 3, 2), seen("8", 2, 2, 1)],
        ))
        .await;
    let now = people(&stand, None).await;
    assert_eq!(now.settled, [seen("7", 1, 1, 1)]);
    assert_eq!(now.previewed, [seen("7", 2, 3, 2), seen("8", 2, 2, 1)]);
    stand.save(step(vec![seen("7", 2, 3, 2)], vec![])).await;
    let now = people(&stand, None).await;
    assert_eq!(
        (now.settled, now.previewed),
        (vec![seen("7", 1, 3, 3)], vec![])
    );
}

pub(crate) async fn of_a_rebuild_take_the_place_of_the_others(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.save(step(vec![seen("7", 1, 1, 5)], vec![])).await;
    let rebuild = stand.ledger.begin_rebuild(&stand.lease, "engine 2", at(50));
    let mut rebuild = Stand {
        generation: rebuild.await.unwrap().id,
        sequence: 0,
        ledger: stand.ledger.clone(),
        source: stand.source.clone(),
        lease: stand.lease.clone(),
    };
    // What a rebuild previews is not kept.
    rebuild
        .save(step(vec![seen("7", 1, 1, 6)], vec![seen("8", 2, 2, 1)]))
        .await;
    assert_eq!(people(&stand, None).await.settled, [seen("7", 1, 1, 5)]);
    let finished = stand.ledger.finish_rebuild(&stand.lease, None, at(60));
    finished.await.unwrap();
    let now = people(&stand, None).await;
    assert_eq!(
        (now.settled, now.previewed),
        (vec![seen("7", 1, 1, 6)], vec![])
    );
}

pub(crate) async fn take_hostile_texts(place: Place) {
    let mut stand = Stand::open(&place).await;
    let long = "x".repeat(2_000);
    let odd = vec![
        called("<img onerror>\0\u{202e}", seen("7", 1, 1, 1)),
        called(&long, seen(&long, 1, 1, 1)),
        // Cut, it is the same person.
        seen(&format!("{long}y"), 2, 2, 1),
    ];
    stand.save(step(odd.clone(), odd)).await;
    let people = people(&stand, None).await;
    for people in [people.settled, people.previewed] {
        assert_eq!(people.len(), 2);
        assert_eq!(people[0].events, 2);
        assert!(people[0].person.chars().count() < 600);
        assert_eq!(
            people[1].name.as_deref(),
            Some("<img onerror>\u{fffd}\u{202e}")
        );
    }
}
