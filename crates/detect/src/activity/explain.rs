//! Why a policy says nothing about an event: the nearest miss, in words.

use rsigma_eval::{Event, evaluate_rule};
use rsigma_parser::{ConditionExpr, Detection, DetectionItem, Detections, SigmaRule};

use super::compile::{BaseRule, Program, compile_one};
use super::correlation::{Correlation, Feed};
use super::describe::{self, cut, join};
use super::memory::Memory;
use super::tell::{Fired, Match, Source, what, whose};
use super::view::{EventView, shown};
use super::window::{Hit, Window};
use super::{contributing, fits};
use crate::Verdict;

/// Most reasons that are told.
const REASONS_MAX: usize = 20;

/// Longest value in a reason, in characters.
const VALUE_CHARACTERS: usize = 120;

/// Why something is not as a rule wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reason {
    text: String,
    /// The field that the event lacks, if that is why.
    lacks: Option<String>,
}

pub(super) fn explain(
    program: &Program,
    first: usize,
    memory: &Memory,
    view: &EventView<'_>,
) -> Verdict {
    let actor = &view.event().event.actor;
    let refusal = program.policy.scope.refusal(actor, view.person());
    let mut nearest: Option<Vec<Reason>> = None;
    let mut quiet = Vec::new();
    for rule in &program.rules {
        let mut selections = Vec::new();
        if !fits(&rule.compiled, view, &mut selections) {
            let reasons = misses(rule, view);
            if nearest
                .as_ref()
                .is_none_or(|nearest| reasons.len() < nearest.len())
            {
                nearest = Some(reasons);
            }
            continue;
        }
        if let Some(refusal) = &refusal {
            return Verdict::Quiet(vec![refusal.clone()]);
        }
        let found = |source| Match {
            program,
            rule,
            selections: &selections,
            source,
        };
        if rule.raises.is_some() {
            match found(Source::Rule).finding(view) {
                Some(finding) => return Verdict::Raised(Box::new(finding)),
                None => quiet.push(nothing()),
            }
        }
        let mut waiting = rule.feeds.clone();
        while let Some(feed) = waiting.pop() {
            let Some(correlation) = program.correlations.get(feed.correlation) else {
                continue;
            };
            match counted(correlation, first, memory, feed, view) {
                Ok(fired) => {
                    waiting.extend(&correlation.feeds);
                    if correlation.raises.is_none() {
                        continue;
                    }
                    let source = Source::Correlation { correlation, fired };
                    match found(source).finding(view) {
                        Some(finding) => return Verdict::Raised(Box::new(finding)),
                        None => quiet.push(nothing()),
                    }
                }
                Err(reason) => quiet.push(reason),
            }
        }
    }
    if quiet.is_empty() {
        quiet = nearest.unwrap_or_default();
    }
    told(quiet)
}

fn nothing() -> Reason {
    Reason {
        text: "the policy's severities say that this is nothing".to_owned(),
        lacks: None,
    }
}

/// Only things that the event lacks: nothing can be said. Else what differs.
fn told(reasons: Vec<Reason>) -> Verdict {
    let lacking: Vec<String> = reasons
        .iter()
        .filter_map(|reason| reason.lacks.as_ref())
        .map(|field| format!("`{field}`"))
        .collect();
    if !lacking.is_empty() && lacking.len() == reasons.len() {
        return Verdict::NotEvaluable(format!(
            "the event does not say {}, without which the policy cannot judge",
            join(&lacking, "and"),
        ));
    }
    Verdict::Quiet(
        reasons
            .into_iter()
            .map(|reason| reason.text)
            .take(REASONS_MAX)
            .collect(),
    )
}

/// What a correlation counts with the event, if that is enough; else how much is missing.
fn counted(
    correlation: &Correlation,
    first: usize,
    memory: &Memory,
    feed: Feed,
    view: &EventView<'_>,
) -> Result<Fired, Reason> {
    let lacks = |fields: &[String]| {
        let missing = fields.iter().find(|field| {
            view.get_field(field)
                .and_then(|value| value.as_str().map(drop))
                .is_none()
        });
        let field = missing.cloned().unwrap_or_default();
        Reason {
            text: format!("the event does not say `{field}`, and what is unknown is not counted"),
            lacks: Some(field),
        }
    };
    let reference = correlation.references.get(feed.reference);
    let group_by = reference.map(|reference| reference.group_by.as_slice());
    let group = correlation
        .group(feed.reference, view)
        .ok_or_else(|| lacks(group_by.unwrap_or_default()))?;
    let measure = correlation
        .measure(view)
        .ok_or_else(|| lacks(correlation.condition.field.as_deref().unwrap_or_default()))?;
    let event = &view.event().event;
    let at = event.created_at.timestamp_micros();
    // As it was at the time of the event, whether or not the event was counted already.
    let mut window = Window::default();
    let known = memory.get(first + feed.correlation, &group);
    for hit in known.into_iter().flat_map(Window::hits) {
        if hit.at <= at && *hit.gid != *event.gid {
            window.push(hit.clone());
        }
    }
    let hit = Hit {
        at,
        gid: view.gid(),
        reference: feed.reference,
        measure,
    };
    if let Some(value) = correlation.add(&mut window, hit) {
        return Ok(Fired {
            value,
            is_least: correlation.is_full(&window),
            group,
            events: contributing(&window),
        });
    }
    Err(too_little(correlation, &window, &group))
}

fn too_little(correlation: &Correlation, window: &Window, group: &str) -> Reason {
    let value = correlation.value(window).unwrap_or_default();
    let limits: Vec<String> = correlation
        .condition
        .predicates
        .iter()
        .map(|(operator, limit)| format!("{operator:?} {limit}").to_lowercase())
        .collect();
    let wants = if correlation.expression.is_some() || limits.is_empty() {
        "its rules".to_owned()
    } else {
        join(&limits, "and")
    };
    Reason {
        text: format!(
            "`{}` counted {value} {}{}, and wants {wants}",
            correlation.title,
            what(correlation),
            whose(correlation, group),
        ),
        lacks: None,
    }
}

/// Why a rule does not match: of several conditions, the one that is nearest.
fn misses(rule: &BaseRule, view: &EventView<'_>) -> Vec<Reason> {
    let walk = Walk { rule, view };
    rule.source
        .detection
        .conditions
        .iter()
        .filter_map(|condition| walk.differs(condition, true))
        .min_by_key(Vec::len)
        .unwrap_or_default()
}

struct Walk<'a, 'e> {
    rule: &'a BaseRule,
    view: &'a EventView<'e>,
}

impl Walk<'_, '_> {
    /// Why a condition is not `wanted`; `None` where it is.
    fn differs(&self, condition: &ConditionExpr, wanted: bool) -> Option<Vec<Reason>> {
        match condition {
            ConditionExpr::Not(part) => self.differs(part, !wanted),
            ConditionExpr::And(parts) | ConditionExpr::Or(parts) => {
                let parts: Vec<Option<Vec<Reason>>> = parts
                    .iter()
                    .map(|part| self.differs(part, wanted))
                    .collect();
                // "And" wants all of them, "not or" wants none of them: each that differs is a reason. Else one would do.
                if matches!(condition, ConditionExpr::And(_)) == wanted {
                    let all: Vec<Reason> = parts.into_iter().flatten().flatten().collect();
                    return (!all.is_empty()).then_some(all);
                }
                let parts: Option<Vec<Vec<Reason>>> = parts.into_iter().collect();
                parts?.into_iter().min_by_key(Vec::len)
            }
            ConditionExpr::Identifier(name) => self.selection(name, wanted),
            ConditionExpr::Selector { .. } => None,
        }
    }

    fn selection(&self, name: &str, wanted: bool) -> Option<Vec<Reason>> {
        let detection = self.rule.source.detection.named.get(name)?;
        let reasons = self.detection(name, detection);
        if wanted {
            return (!reasons.is_empty()).then_some(reasons);
        }
        reasons.is_empty().then(|| {
            vec![Reason {
                text: format!(
                    "`{name}` must not fit, and does: {}",
                    describe::detection(detection)
                ),
                lacks: None,
            }]
        })
    }

    /// Why a detection does not fit; nothing where it does.
    fn detection(&self, name: &str, detection: &Detection) -> Vec<Reason> {
        match detection {
            Detection::AllOf(items) => items
                .iter()
                .filter_map(|item| self.item(name, item))
                .collect(),
            Detection::And(parts) => parts
                .iter()
                .flat_map(|part| self.detection(name, part))
                .collect(),
            Detection::AnyOf(parts) => {
                let parts = parts.iter().map(|part| self.detection(name, part));
                parts.min_by_key(Vec::len).unwrap_or_default()
            }
            other if self.fits(other) => Vec::new(),
            other => vec![Reason {
                text: format!(
                    "`{name}` asks that {}; it does not",
                    describe::detection(other)
                ),
                lacks: None,
            }],
        }
    }

    fn item(&self, name: &str, item: &DetectionItem) -> Option<Reason> {
        if self.fits(&Detection::AllOf(vec![item.clone()])) {
            return None;
        }
        let asks = format!("`{name}` asks that {}", describe::item(item));
        let Some(field) = &item.field.name else {
            return Some(Reason {
                text: format!("{asks}; it does not"),
                lacks: None,
            });
        };
        Some(match self.view.get_field(field) {
            Some(value) => Reason {
                text: format!("{asks}; it is `{}`", cut(&shown(&value), VALUE_CHARACTERS)),
                lacks: None,
            },
            None => Reason {
                text: format!("{asks}; the event does not say"),
                lacks: Some(field.clone()),
            },
        })
    }

    /// Whether a part of the rule fits, by itself.
    fn fits(&self, detection: &Detection) -> bool {
        let part = SigmaRule {
            detection: Detections {
                named: [("part".to_owned(), detection.clone())].into(),
                conditions: vec![ConditionExpr::Identifier("part".to_owned())],
                condition_strings: Vec::new(),
                timeframe: None,
            },
            ..self.rule.source.clone()
        };
        compile_one(&part).is_ok_and(|part| evaluate_rule(&part, self.view).is_some())
    }
}
