//! Activity policies: what somebody does is compared with Sigma rules, alone or counted over time.

mod census;
mod compile;
mod correlation;
mod describe;
mod explain;
mod fault;
mod fields;
mod known;
mod lacking;
mod lint;
mod memory;
mod outer;
mod repair;
mod route;
mod tell;
mod title;
mod view;
mod window;

use std::sync::Arc;

use chrono::TimeDelta;
use drishti_model::EnrichedEvent;
use foldhash::{HashMap, HashMapExt as _};
use rsigma_eval::CompiledRule;
use rsigma_eval::compiler::eval_condition;

use compile::{Program, compile};
use correlation::{Correlation, Feed};
use memory::{Bounds, Memory, Span, fingerprint, rows_of};
use tell::{Fired, Match, Source};
use view::EventView;
use window::Hit;

use crate::policy::{Mode, Policy, PolicyError};
use crate::{EventReference, FINDING_EVENTS_MAX, Finding, People, PolicyId, StateRow, Verdict};

pub use census::FieldCensus;
pub use fields::{Field, FieldKind, fields};
pub(crate) use lint::notes;
pub(crate) use outer::OuterFilters;
#[cfg(test)]
pub(crate) use view::FIELDS;

/// Most types of events whose rules are remembered; if there are more, they are found out anew.
const ROUTES_MAX: usize = 2_000;

/// Evaluates activity policies. Events are given in the order of their times.
#[derive(Debug)]
pub struct ActivityEngine {
    programs: Vec<Program>,
    by_policy: HashMap<PolicyId, usize>,
    /// Where the correlations of each program begin among all.
    first_correlation: Vec<usize>,
    /// For each type of event that was seen, the rules that it can match: program and rule.
    routes: HashMap<Box<str>, Arc<[(usize, usize)]>>,
    memory: Memory,
    /// For each program, how many events it could not judge since that was last asked.
    not_evaluable: Vec<u64>,
    /// Names of the selections that matched; kept to save allocations.
    selections: Vec<String>,
}

impl ActivityEngine {
    /// Compiles the activity policies among `policies`, except those that are off. What cannot be compiled is left out and told.
    pub fn new(policies: &[Arc<Policy>]) -> (Self, Vec<PolicyError>) {
        Self::with_bounds(policies, Bounds::default())
    }

    fn with_bounds(policies: &[Arc<Policy>], bounds: Bounds) -> (Self, Vec<PolicyError>) {
        let mut programs = Vec::new();
        let mut errors = Vec::new();
        for policy in policies.iter().filter(|policy| policy.mode != Mode::Off) {
            match compile(policy) {
                Ok(program) => programs.extend(program),
                Err(error) => errors.push(error),
            }
        }
        let mut spans = Vec::new();
        let mut first_correlation = Vec::with_capacity(programs.len());
        for program in &programs {
            first_correlation.push(spans.len());
            spans.extend(spans_of(program));
        }
        let by_policy = programs
            .iter()
            .enumerate()
            .map(|(place, program)| (program.policy.id.clone(), place))
            .collect();
        let engine = Self {
            not_evaluable: vec![0; programs.len()],
            programs,
            by_policy,
            first_correlation,
            routes: HashMap::new(),
            memory: Memory::new(spans, bounds),
            selections: Vec::new(),
        };
        (engine, errors)
    }

    /// Compares an event with every policy, counts it, and adds what was found to `findings`.
    pub fn evaluate(
        &mut self,
        event: &EnrichedEvent,
        people: &People,
        findings: &mut Vec<Finding>,
    ) {
        if self.programs.is_empty() {
            return;
        }
        let route = self.route(event, people);
        if route.is_empty() {
            return;
        }
        let view = EventView::new(event, people);
        let mut not_evaluable_by = None;
        for (place, rule) in route.iter().copied() {
            let judged = self.evaluate_rule(place, rule, &view, findings);
            // The rules of a policy come one after another: an event counts once.
            if judged == Judged::NotEvaluable
                && not_evaluable_by != Some(place)
                && !self.memory.is_previewing()
                && let Some(events) = self.not_evaluable.get_mut(place)
            {
                *events += 1;
                not_evaluable_by = Some(place);
            }
        }
    }

    /// From here on, until [`ActivityEngine::end_preview`], what is counted is forgotten again.
    pub fn begin_preview(&mut self) {
        self.memory.begin_preview();
    }

    /// Forgets what was counted since [`ActivityEngine::begin_preview`].
    pub fn end_preview(&mut self) {
        self.memory.end_preview();
    }

    /// The rows of state that changed since the last time.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        self.memory.take_changes()
    }

    /// Takes up saved rows in place of what was counted so far. Rows of other engines are left alone.
    pub fn restore(&mut self, rows: Vec<StateRow>) {
        self.memory.restore(rows);
    }

    /// How many events each policy could not judge since the last call: they lack what a rule asks for, while nothing else speaks
    /// against it, or what is counted or grouped by. Previews are left out.
    pub fn take_not_evaluable(&mut self) -> impl Iterator<Item = (&PolicyId, u64)> {
        let policies = self.programs.iter().map(|program| &program.policy.id);
        let counts = policies.zip(self.not_evaluable.iter_mut().map(std::mem::take));
        counts.filter(|(_, events)| *events > 0)
    }

    /// Why `policy` speaks about an event or does not, with what is counted now: before the event or after it.
    pub fn explain(&self, event: &EnrichedEvent, people: &People, policy: &Policy) -> Verdict {
        if policy.mode == Mode::Off {
            return Verdict::Quiet(vec!["the policy is off".to_owned()]);
        }
        let Some(place) = self.by_policy.get(&policy.id).copied() else {
            let why = "the policy is not an activity policy that could be read";
            return Verdict::NotEvaluable(why.to_owned());
        };
        let view = EventView::new(event, people);
        let (Some(program), Some(first)) =
            (self.programs.get(place), self.first_correlation.get(place))
        else {
            return Verdict::Quiet(Vec::new());
        };
        explain::explain(program, *first, &self.memory, &view)
    }

    /// How far back an event can lie that still counts together with a new one: at most the spans of all correlations of a policy,
    /// because one can count what another found.
    pub fn looks_back(&self) -> TimeDelta {
        let spans = self.programs.iter().map(|program| {
            let spans = program.correlations.iter();
            spans.map(|correlation| correlation.span_microseconds).sum()
        });
        TimeDelta::microseconds(spans.max().unwrap_or(0))
    }

    /// Whether an event of this type can matter to any policy.
    pub fn concerns(&self, event_type: &str) -> bool {
        let (event, people) = (EnrichedEvent::default(), People::default());
        let view = EventView::new(&event, &people);
        let rules = self.programs.iter().flat_map(|program| &program.rules);
        rules
            .into_iter()
            .any(|rule| route::may_match(&rule.compiled, event_type, &view))
    }

    /// The rules that an event of this type can match.
    fn route(&mut self, event: &EnrichedEvent, people: &People) -> Arc<[(usize, usize)]> {
        let event_type = event.event.event_type.as_str();
        if let Some(route) = self.routes.get(event_type) {
            return Arc::clone(route);
        }
        if self.routes.len() >= ROUTES_MAX {
            self.routes.clear();
        }
        let view = EventView::new(event, people);
        let mut route = Vec::new();
        for (place, program) in self.programs.iter().enumerate() {
            for (index, rule) in program.rules.iter().enumerate() {
                if route::may_match(&rule.compiled, event_type, &view) {
                    route.push((place, index));
                }
            }
        }
        let route: Arc<[(usize, usize)]> = route.into();
        self.routes.insert(event_type.into(), Arc::clone(&route));
        route
    }

    fn evaluate_rule(
        &mut self,
        place: usize,
        index: usize,
        view: &EventView<'_>,
        findings: &mut Vec<Finding>,
    ) -> Judged {
        let (Some(program), Some(first)) =
            (self.programs.get(place), self.first_correlation.get(place))
        else {
            return Judged::Evaluable;
        };
        let Some(rule) = program.rules.get(index) else {
            return Judged::Evaluable;
        };
        self.selections.clear();
        let fits = fits(&rule.compiled, view, &mut self.selections);
        if !fits && !lacking::could_match(&rule.compiled, &rule.asked, view) {
            return Judged::Evaluable;
        }
        let actor = &view.event().event.actor;
        if !program.policy.scope.admits(actor, view.person()) {
            return Judged::Evaluable;
        }
        if !fits {
            return Judged::NotEvaluable;
        }
        if rule.raises.is_some() {
            let found = Match {
                program,
                rule,
                selections: &self.selections,
                source: Source::Rule,
            };
            findings.extend(found.finding(view));
        }
        let mut judged = Judged::Evaluable;
        let mut waiting: Vec<Feed> = rule.feeds.clone();
        // Those that are fed come later in the order, so this ends.
        while let Some(feed) = waiting.pop() {
            let fired = match count(program, *first, &mut self.memory, feed, view) {
                Counted::Unknown => {
                    judged = Judged::NotEvaluable;
                    continue;
                }
                Counted::TooLittle => continue,
                Counted::Enough(fired) => fired,
            };
            if let Some(correlation) = program.correlations.get(feed.correlation) {
                waiting.extend(&correlation.feeds);
                if correlation.raises.is_some() {
                    let found = Match {
                        program,
                        rule,
                        selections: &self.selections,
                        source: Source::Correlation { correlation, fired },
                    };
                    findings.extend(found.finding(view));
                }
            }
        }
        judged
    }
}

/// Whether an event says what a rule needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Evaluable,
    NotEvaluable,
}

/// Whether a rule matches; the names of the selections that did are added to `selections`.
fn fits(rule: &CompiledRule, view: &EventView<'_>, selections: &mut Vec<String>) -> bool {
    rule.conditions
        .iter()
        .any(|condition| eval_condition(condition, &rule.detections, view, selections))
}

/// What comes of counting an event.
enum Counted {
    /// The event lacks what is counted, or what groups it.
    Unknown,
    TooLittle,
    Enough(Fired),
}

/// Counts an event in a correlation.
fn count(
    program: &Program,
    first: usize,
    memory: &mut Memory,
    feed: Feed,
    view: &EventView<'_>,
) -> Counted {
    let Some(correlation) = program.correlations.get(feed.correlation) else {
        return Counted::TooLittle;
    };
    let known = correlation
        .group(feed.reference, view)
        .zip(correlation.measure(view));
    let Some((group, measure)) = known else {
        return Counted::Unknown;
    };
    let at = view.event().event.created_at.timestamp_micros();
    let hit = Hit {
        at,
        gid: view.gid(),
        reference: feed.reference,
        measure,
    };
    let fired = memory.change(first + feed.correlation, &group, at, |window| {
        let value = correlation.add(window, hit)?;
        Some((value, correlation.is_full(window), contributing(window)))
    });
    fired.map_or(Counted::TooLittle, |(value, is_least, events)| {
        Counted::Enough(Fired {
            value,
            is_least,
            group,
            events,
        })
    })
}

/// The events of a window, each once: the first, and the newest.
fn contributing(window: &window::Window) -> Vec<EventReference> {
    let reference = |hit: &Hit| {
        Some(EventReference {
            gid: hit.gid.to_string(),
            created_at: chrono::DateTime::from_timestamp_micros(hit.at)?,
        })
    };
    let mut events: Vec<EventReference> = Vec::new();
    for hit in window.hits().rev() {
        if events.len() == FINDING_EVENTS_MAX {
            break;
        }
        if events.last().is_none_or(|last| last.gid != *hit.gid) {
            events.extend(reference(hit));
        }
    }
    if let (Some(first), Some(oldest)) = (window.hits().next(), events.last_mut())
        && *first.gid != oldest.gid
    {
        *oldest = reference(first).unwrap_or_else(|| oldest.clone());
    }
    events.reverse();
    events
}

/// How long the correlations of a policy remember, and what their rows are called. The names change with the Sigma documents, so
/// that nothing is counted by a rule that has changed.
fn spans_of(program: &Program) -> Vec<Span> {
    let rules: Vec<String> = program
        .rules
        .iter()
        .map(|rule| {
            let mut named: Vec<_> = rule.source.detection.named.iter().collect();
            named.sort_by_key(|(name, _)| *name);
            format!("{named:?}{:?}", rule.source.detection.conditions)
        })
        .collect();
    program
        .correlations
        .iter()
        .map(|correlation| {
            let own = Correlation {
                title: String::new(),
                raises: None,
                ..correlation.clone()
            };
            let own = format!("{own:?}");
            let texts = rules.iter().map(String::as_str).chain([own.as_str()]);
            Span {
                rows: rows_of(
                    program.policy.id.as_str(),
                    &correlation.id,
                    &fingerprint(texts),
                ),
                microseconds: correlation.span_microseconds,
            }
        })
        .collect()
}

/// Checks that an activity policy can be run.
pub(crate) fn check(policy: &Arc<Policy>) -> Result<(), PolicyError> {
    compile(policy).map(drop)
}

#[cfg(test)]
mod tests;
