//! The detector at work while the next events are got ready.

use std::sync::Arc;

use drishti_detect::{Change, Detector, Finding, People, Presences};
use drishti_model::EnrichedEvent;

use crate::ServiceError;
use crate::evaluators::{Begun, Evaluators};

const DIED: ServiceError = ServiceError::TaskDied("the evaluation of events");

/// A detector, and who did something since that was asked last.
pub(super) struct Judge {
    pub(super) detector: Detector,
    pub(super) seen: Presences,
}

/// Events between the two halves of the detector.
struct Halfway {
    events: Vec<EnrichedEvent>,
    people: Arc<People>,
    /// What the activity policies found at each event.
    found: Vec<Vec<Finding>>,
}

struct Round {
    judge: Box<Judge>,
    halfway: Option<Halfway>,
    changes: Vec<Change>,
    judged: Option<Vec<EnrichedEvent>>,
}

/// Batches of events that are judged one after the other: while the second half of the detector is at one, the first is at the next.
pub(super) struct Evaluation {
    /// `None` only while another thread has it.
    resting: Option<Box<Judge>>,
    running: Option<Begun<Round>>,
    judged: Option<Vec<EnrichedEvent>>,
    evaluators: Evaluators,
}

impl Evaluation {
    pub(super) fn new(detector: Detector, evaluators: Evaluators) -> Self {
        let seen = Presences::default();
        Self {
            resting: Some(Box::new(Judge { detector, seen })),
            running: None,
            judged: None,
            evaluators,
        }
    }

    /// Begins to judge `events`. Answers what has come of those before.
    pub(super) async fn begin(
        &mut self,
        events: Vec<EnrichedEvent>,
        people: Arc<People>,
    ) -> Result<Vec<Change>, ServiceError> {
        let (before, changes) = self.round().await?;
        let next = Halfway {
            found: Vec::with_capacity(events.len()),
            events,
            people,
        };
        self.run(before, Some(next))?;
        Ok(changes)
    }

    /// Waits until everything is judged. Answers what came of the last events.
    pub(super) async fn end(&mut self) -> Result<Vec<Change>, ServiceError> {
        let mut all = Vec::new();
        loop {
            let (before, mut changes) = self.round().await?;
            all.append(&mut changes);
            if before.is_none() {
                return Ok(all);
            }
            self.run(before, None)?;
        }
    }

    /// The events that were judged last, once: whoever showed them may want their room back.
    pub(super) fn judged(&mut self) -> Option<Vec<EnrichedEvent>> {
        self.judged.take()
    }

    /// The detector between two batches, after [`Evaluation::end`].
    pub(super) fn resting(&mut self) -> Result<&mut Judge, ServiceError> {
        self.resting.as_deref_mut().ok_or(DIED)
    }

    /// Waits for what is running.
    async fn round(&mut self) -> Result<(Option<Halfway>, Vec<Change>), ServiceError> {
        let Some(running) = self.running.take() else {
            return Ok((None, Vec::new()));
        };
        let round = running.end().await?;
        self.resting = Some(round.judge);
        self.judged = round.judged.or(self.judged.take());
        Ok((round.halfway, round.changes))
    }

    fn run(&mut self, halfway: Option<Halfway>, next: Option<Halfway>) -> Result<(), ServiceError> {
        let mut judge = self.resting.take().ok_or(DIED)?;
        self.running = Some(self.evaluators.begin(move || {
            let (changes, judged, halfway) = judge.run(halfway, next);
            Round {
                judge,
                halfway,
                changes,
                judged,
            }
        }));
        Ok(())
    }
}

impl Judge {
    /// Brings `halfway` to its end, and `next` halfway. Answers what came of the first, and its events.
    fn run(
        &mut self,
        halfway: Option<Halfway>,
        next: Option<Halfway>,
    ) -> (Vec<Change>, Option<Vec<EnrichedEvent>>, Option<Halfway>) {
        let mut changes = Vec::new();
        let (activity, anomalies) = self.detector.stages();
        let find = |mut next: Halfway| {
            for event in &next.events {
                let mut findings = Vec::new();
                activity.find(event, &next.people, &mut findings);
                next.found.push(findings);
            }
            next
        };
        let Some(halfway) = halfway else {
            return (changes, None, next.map(find));
        };
        let Halfway {
            events,
            people,
            found,
        } = halfway;
        let seen = &mut self.seen;
        let judge = || {
            for (event, mut findings) in events.iter().zip(found) {
                anomalies.take(event, &people, &mut findings, &mut changes);
                seen.note(event);
            }
        };
        let ((), next) = rayon::join(judge, || next.map(find));
        (changes, Some(events), next)
    }
}
