use std::sync::Arc;

use drishti_model::{Actor, EnrichedEvent, Severity};

use super::catalogue::{Interest, Judge, detector};
use super::moment::{Moment, Quiet, Raised};
use super::parameters::Parameters;
use super::rarity::rarity;
use crate::baseline::{
    Aspects, Baselines, FactValues, KnownFacts, Lessons, Observed, PREFIX, Spoken, TypeFacts,
    Types, hash_text,
};
use crate::{
    Evaluate, EventReference, Explanation, FINDING_EVENTS_MAX, Finding, Mode, People, Policy,
    PolicyError, PolicyId, PolicyKind, Rarity, StateRow, Verdict,
};

/// Judges events with detectors that know what is usual, and learns from them.
#[derive(Debug, Default)]
pub struct AnomalyEngine {
    detectors: Vec<Active>,
    baselines: Baselines,
    types: Types,
    facts: KnownFacts,
    /// What the detectors said of the current event; kept for its room.
    spoken: Vec<Spoken>,
    is_previewing: bool,
}

/// A policy with its detector.
#[derive(Debug)]
struct Active {
    policy: Arc<Policy>,
    /// Its name as a number.
    number: u64,
    interest: Interest,
    detector: Box<dyn Judge>,
    not_evaluable: u64,
}

/// How much an engine remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BaselineSizes {
    /// People and service accounts.
    pub people: usize,
    /// Client addresses.
    pub addresses: usize,
    /// OAuth apps.
    pub apps: usize,
    /// Countries, networks, devices, event types and apps of the organisation.
    pub values: usize,
}

impl AnomalyEngine {
    /// An engine with the anomaly policies among `policies` and an empty memory. A broken policy only disables itself.
    pub fn new(policies: &[Arc<Policy>]) -> (Self, Vec<PolicyError>) {
        let mut engine = Self::default();
        let mut errors = Vec::new();
        for policy in policies {
            let PolicyKind::Anomaly {
                detector: name,
                parameters,
            } = &policy.kind
            else {
                continue;
            };
            match detector(name, Parameters::new(parameters)) {
                Ok(detector) => engine.detectors.push(Active {
                    policy: Arc::clone(policy),
                    number: hash_text(&[policy.id.as_str()]),
                    interest: detector.interest(),
                    detector,
                    not_evaluable: 0,
                }),
                Err(fault) => {
                    let parameter = fault.name.as_deref();
                    let keys = match parameter {
                        Some(name) => vec!["drishti", "parameters", name],
                        None => vec!["drishti", "detector"],
                    };
                    let error = PolicyError::in_policy(policy, &keys, fault.problem);
                    errors.push(error.advise(fault.advice));
                }
            }
        }
        (engine, errors)
    }

    /// From now on, only what the detectors judge by is learned: they say the same, but explanations are poorer and rarity is not known.
    pub fn learn_only_what_is_asked(&mut self) {
        let active = self.detectors.iter();
        let on = active.filter(|active| active.policy.mode != Mode::Off);
        let asked = on.map(|active| active.detector.asks());
        self.baselines
            .learn_only(asked.fold(Lessons::empty(), Lessons::union));
    }

    /// Judges an event on what was known before it, adds what is found to `findings`, and learns from the event. Events come in the
    /// order of their times and gids.
    pub fn evaluate(
        &mut self,
        event: &EnrichedEvent,
        people: &People,
        findings: &mut Vec<Finding>,
    ) {
        let types = self.types.facts(&event.event.event_type);
        let observed = Observed::new(event, types, self.facts.values(event), people);
        let mut moment = Moment::new(&observed, &self.baselines);
        self.spoken.clear();
        let mut aspects = observed.aspects;
        if observed.lacks_actor() {
            // A detector that would have looked at it, had it been known who did it, says so.
            aspects |= Aspects::DONE;
        }
        for active in &mut self.detectors {
            let is_off = active.policy.mode == Mode::Off;
            if is_off || !active.interest.fits(aspects) {
                continue;
            }
            moment.policy = active.number;
            match active.detector.judge(&moment) {
                Ok(raised) => {
                    if refusal(&active.policy, &observed).is_some() {
                        continue;
                    }
                    if let Some((memory, level)) = raised.remember {
                        self.spoken.push(Spoken {
                            memory,
                            policy: active.number,
                            level,
                        });
                    }
                    findings.push(finding(&active.policy, &moment, *raised));
                }
                Err(Quiet::Lacks(_)) if !self.is_previewing => active.not_evaluable += 1,
                Err(_) => {}
            }
        }
        self.baselines.learn(&observed, &self.spoken);
    }

    /// Why a policy speaks about an event, or why it does not, on what is known now: before the event, to be asked instead of
    /// [`Self::evaluate`]. Nothing is learned.
    pub fn explain(&self, event: &EnrichedEvent, people: &People, policy: &Policy) -> Verdict {
        let active = self
            .detectors
            .iter()
            .find(|active| active.policy.id == policy.id);
        let Some(active) = active else {
            return Verdict::Quiet(vec![format!(
                "no policy `{}` with a detector is loaded",
                policy.id
            )]);
        };
        let types = TypeFacts::new(&event.event.event_type);
        let observed = Observed::new(event, types, FactValues::of(event), people);
        let mut moment = Moment::new(&observed, &self.baselines);
        (moment.policy, moment.explains) = (active.number, true);
        let mut reasons = Vec::new();
        if active.policy.mode == Mode::Off {
            reasons.push("the policy is off".to_owned());
        }
        reasons.extend(refusal(&active.policy, &observed));
        match active.detector.judge(&moment) {
            Ok(raised) if reasons.is_empty() => {
                Verdict::Raised(Box::new(finding(&active.policy, &moment, *raised)))
            }
            Ok(_) => Verdict::Quiet(reasons),
            Err(Quiet::Because(reason)) => {
                reasons.extend(reason);
                Verdict::Quiet(reasons)
            }
            Err(Quiet::Lacks(what)) if reasons.is_empty() => {
                Verdict::NotEvaluable(format!("the event lacks {what}"))
            }
            Err(Quiet::Lacks(what)) => {
                reasons.push(format!("the event lacks {what}"));
                Verdict::Quiet(reasons)
            }
        }
    }

    /// How rare the attributes of an event are, as known before it: to be asked before [`Self::evaluate`].
    pub fn rarity(&self, event: &EnrichedEvent) -> Vec<Rarity> {
        let people = People::default();
        let types = TypeFacts::new(&event.event.event_type);
        let observed = Observed::new(event, types, FactValues::of(event), &people);
        rarity(&Moment::new(&observed, &self.baselines))
    }

    /// How many events lacked what each policy compares, since the last call. Previews are left out.
    pub fn take_not_evaluable(&mut self) -> impl Iterator<Item = (&PolicyId, u64)> {
        let counts = self.detectors.iter_mut().map(|active| {
            let events = std::mem::take(&mut active.not_evaluable);
            (&active.policy.id, events)
        });
        counts.filter(|(_, events)| *events > 0)
    }

    /// How much is remembered.
    pub fn sizes(&self) -> BaselineSizes {
        let [people, addresses, apps, values] = self.baselines.sizes();
        BaselineSizes {
            people,
            addresses,
            apps,
            values,
        }
    }

    /// From now on, what is learned is forgotten again by [`Self::end_preview`].
    pub fn begin_preview(&mut self) {
        self.is_previewing = true;
        self.baselines.begin_preview();
    }

    /// Forgets what was learned since [`Self::begin_preview`].
    pub fn end_preview(&mut self) {
        self.is_previewing = false;
        self.baselines.end_preview();
    }

    /// The rows of the memory that changed since the last call, to be saved. Not to be called during a preview.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        self.baselines.take_changes()
    }

    /// Takes saved rows into an engine that has not learned yet; rows of other engines are left alone. Answers the keys of rows that
    /// can't be read, such as those of another version: what they held has to be learned again.
    pub fn restore(&mut self, rows: &[StateRow]) -> Vec<String> {
        let own = rows.iter().filter(|row| row.key.starts_with(PREFIX));
        own.filter(|row| !self.baselines.restore(row))
            .map(|row| row.key.clone())
            .collect()
    }
}

impl Evaluate for AnomalyEngine {
    fn evaluate(&mut self, event: &EnrichedEvent, people: &People, findings: &mut Vec<Finding>) {
        Self::evaluate(self, event, people, findings);
    }

    fn explain(&self, event: &EnrichedEvent, people: &People, policy: &Policy) -> Option<Verdict> {
        Some(Self::explain(self, event, people, policy))
    }
}

/// Why the scope of a policy does not admit whom the event is about. Addresses and the organisation are in every scope.
fn refusal(policy: &Policy, observed: &Observed<'_>) -> Option<String> {
    let actor = &observed.event.event.actor;
    if actor.gid.is_some() || actor.email.is_some() {
        return policy.scope.refusal(actor, observed.facts);
    }
    let subject = observed.subject.as_ref()?;
    let account = Actor {
        gid: subject.has_gid.then(|| subject.key.to_string()),
        email: observed.event.event.resource.email.clone(),
        ..Actor::default()
    };
    policy.scope.refusal(&account, observed.facts)
}

fn finding(policy: &Policy, moment: &Moment<'_>, raised: Raised) -> Finding {
    let event = &moment.observed.event.event;
    let mut events = raised.earlier;
    events.push(EventReference {
        gid: event.gid.clone(),
        created_at: event.created_at,
    });
    if events.len() > FINDING_EVENTS_MAX {
        // The first and the newest.
        events.drain(1..=events.len() - FINDING_EVENTS_MAX);
    }
    Finding {
        policy: policy.id.clone(),
        title: raised.title,
        severity: shifted(policy.severity, raised.steps),
        at: event.created_at,
        dedup: raised.dedup.unwrap_or_else(|| raised.entity.id.clone()),
        entity: raised.entity,
        events,
        explanation: Explanation {
            expected: raised.expected,
            seen: raised.seen,
            comparisons: raised.comparisons,
            not_suppressed: raised.not_suppressed,
            rarity: rarity(moment),
        },
    }
}

/// So many steps above or below a severity.
fn shifted(severity: Severity, steps: i8) -> Severity {
    let levels = Severity::ALL;
    let place = levels
        .iter()
        .position(|level| *level == severity)
        .unwrap_or(0);
    let place = place
        .saturating_add_signed(steps.into())
        .min(levels.len() - 1);
    levels.get(place).copied().unwrap_or(severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_stop_at_both_ends() {
        for (severity, steps, shifted_to) in [
            (Severity::Medium, 0, Severity::Medium),
            (Severity::Medium, 1, Severity::High),
            (Severity::High, 3, Severity::Critical),
            (Severity::Low, -3, Severity::Informational),
        ] {
            assert_eq!(shifted(severity, steps), shifted_to);
        }
    }
}
