//! Alerts against a model that is too simple to be wrong.

use std::collections::BTreeMap;

use drishti_ledger::{DetectedAlert, DetectionStep, Preview, Triage};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::place::Place;
use crate::stand::{Stand, detected, triage};

/// Alerts of a source that there can be.
const ALERTS: usize = 4;

/// Alerts by number, and how many matches they have.
type Matches = Vec<(usize, i64)>;

#[derive(Clone, Debug)]
enum Action {
    Step {
        settled: Matches,
        previewed: Matches,
    },
    Touch(usize),
}

/// An alert in the list.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Listed {
    matches: i64,
    events: i64,
    provisional: bool,
    withdrawn: bool,
}

#[derive(Default)]
struct Model {
    /// Matches at last, and the most that there ever were: so many events it has.
    settled: BTreeMap<usize, (i64, i64)>,
    previewed: BTreeMap<usize, i64>,
    previewed_events: BTreeMap<usize, i64>,
    /// Matches and events that were last seen of alerts that people have worked on.
    touched: BTreeMap<usize, (i64, i64)>,
}

impl Model {
    fn apply(&mut self, settled: &Matches, previewed: &Matches) {
        for &(number, matches) in settled {
            let (last, most) = self.settled.entry(number).or_default();
            (*last, *most) = (matches, matches.max(*most));
        }
        self.previewed.clear();
        let mut events: BTreeMap<usize, i64> = BTreeMap::new();
        for &(number, matches) in previewed {
            self.previewed.insert(number, matches);
            let most = events.entry(number).or_default();
            *most = matches.max(*most);
        }
        self.previewed_events = events;
        let seen = self.seen();
        for (number, last) in &mut self.touched {
            if let Some(seen) = seen.get(number) {
                *last = (seen.matches, seen.events);
            }
        }
    }

    /// What detection says.
    fn seen(&self) -> BTreeMap<usize, Listed> {
        let mut seen: BTreeMap<usize, Listed> = BTreeMap::new();
        for (&number, &(matches, events)) in &self.settled {
            let listed = Listed {
                matches,
                events,
                provisional: false,
                withdrawn: false,
            };
            seen.insert(number, listed);
        }
        for (&number, &matches) in &self.previewed {
            let of_settled = seen.get(&number).map_or(0, |settled| settled.events);
            let listed = Listed {
                matches,
                events: self.previewed_events[&number].max(of_settled),
                provisional: true,
                withdrawn: false,
            };
            seen.insert(number, listed);
        }
        seen
    }

    fn listed(&self) -> BTreeMap<usize, Listed> {
        let mut listed = self.seen();
        for (&number, &(matches, events)) in &self.touched {
            listed.entry(number).or_insert(Listed {
                matches,
                events,
                provisional: true,
                withdrawn: true,
            });
        }
        listed
    }
}

fn id(stand: &Stand, number: usize) -> String {
    format!("{} {number}", stand.source)
}

fn detected_all(stand: &Stand, matches: &Matches) -> Vec<DetectedAlert> {
    matches
        .iter()
        .map(|&(number, matches)| detected(&id(stand, number), &(1..=matches).collect::<Vec<_>>()))
        .collect()
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let matches = || prop::collection::vec((0..ALERTS, 1_i64..5), 0..3);
    let step =
        (matches(), matches()).prop_map(|(settled, previewed)| Action::Step { settled, previewed });
    let action = prop_oneof![4 => step, 1 => (0..ALERTS).prop_map(Action::Touch)];
    prop::collection::vec(action, 1..12)
}

pub(crate) async fn is_what_alerts_are(place: Place) {
    const CASES: usize = 25;
    let ledger = place.open().await;
    let mut runner = TestRunner::deterministic();
    for case in 0..CASES {
        let actions = actions().new_tree(&mut runner).unwrap().current();
        let mut stand = Stand::on(&ledger, &format!("source {case}")).await;
        let mut model = Model::default();
        for action in &actions {
            match action {
                Action::Step { settled, previewed } => {
                    model.apply(settled, previewed);
                    let step = DetectionStep {
                        alerts: detected_all(&stand, settled),
                        preview: Preview {
                            alerts: detected_all(&stand, previewed),
                            ..Preview::default()
                        },
                        ..DetectionStep::default()
                    };
                    stand.save(step).await;
                }
                Action::Touch(number) => {
                    let Some(listed) = model.listed().get(number).copied() else {
                        continue;
                    };
                    model
                        .touched
                        .insert(*number, (listed.matches, listed.events));
                    let change = triage(Triage::InReview);
                    stand.change(&id(&stand, *number), change).await;
                }
            }
            check(&stand, &model, &actions).await;
        }
    }
}

async fn check(stand: &Stand, model: &Model, actions: &[Action]) {
    let listed = model.listed();
    let expected = listed.keys().map(|number| id(stand, *number));
    assert!(stand.ids().await.into_iter().eq(expected), "{actions:?}");
    for (number, expected) in listed {
        let id = id(stand, number);
        let alert = stand.alert(&id).await;
        let found = Listed {
            matches: i64::try_from(alert.match_count).unwrap(),
            events: i64::try_from(stand.gids(&id).await.len()).unwrap(),
            provisional: alert.provisional,
            withdrawn: alert.withdrawn_at.is_some(),
        };
        assert_eq!(found, expected, "{id} {actions:?}");
    }
}
