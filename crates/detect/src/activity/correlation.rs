//! Correlations, by the time of the events. `rsigma` compiles them; what they remember and how they decide is here, because its
//! own engine counts in whole seconds of arrival, groups what lacks the field, never compares a percentile, takes the first of
//! several rules for all of them, and can only be saved as a whole.

use std::sync::Arc;

use drishti_model::Severity;
use rsigma_eval::{CompiledCondition, Event};
use rsigma_parser::{ConditionOperator, CorrelationType, WindowMode};

use super::memory::fingerprint;
use super::view::EventView;
use super::window::{Hit, Measure, Window};

/// Between the values of a group.
const SEPARATOR: &str = "\u{1f}";

/// Longest value, in bytes, that is remembered as it is. A window holds thousands, and is saved as one row.
const VALUE_BYTES_MAX: usize = 64;

/// A correlation, ready to be fed.
#[derive(Clone, Debug)]
pub(super) struct Correlation {
    /// Its `id`, else its `name`, else its title.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) kind: CorrelationType,
    /// The rules that it names, in their order.
    pub(super) references: Vec<Reference>,
    /// The names of the fields that make a group, aliases included.
    pub(super) group_by: Vec<String>,
    pub(super) span_microseconds: i64,
    pub(super) mode: WindowMode,
    pub(super) gap_microseconds: i64,
    pub(super) condition: CompiledCondition,
    pub(super) expression: Option<Expression>,
    /// Most events that a group remembers.
    pub(super) hits_max: usize,
    /// How bad it is, if it speaks itself.
    pub(super) raises: Option<Severity>,
    /// Which correlations of the same file it feeds.
    pub(super) feeds: Vec<Feed>,
}

/// A rule that a correlation names.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) name: String,
    /// The fields of its events that make a group.
    pub(super) group_by: Vec<String>,
}

/// Which correlation a match is counted in, and as which of its references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Feed {
    pub(super) correlation: usize,
    pub(super) reference: usize,
}

/// The condition of a temporal correlation: which rules must have matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    Matched(usize),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
}

impl Expression {
    fn holds(&self, matched: &impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Matched(reference) => matched(*reference),
            Self::And(parts) => parts.iter().all(|part| part.holds(matched)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(matched)),
            Self::Not(part) => !part.holds(matched),
        }
    }
}

impl Correlation {
    /// The group of an event that matched a reference; `None` where a field is unknown, which belongs to no group.
    pub(super) fn group(&self, reference: usize, view: &EventView<'_>) -> Option<String> {
        let mut group = String::new();
        for (index, field) in self.references.get(reference)?.group_by.iter().enumerate() {
            if index > 0 {
                group.push_str(SEPARATOR);
            }
            group.push_str(&view.get_field(field)?.as_str()?);
        }
        Some(group)
    }

    /// The values of a group, with the names of its fields.
    pub(super) fn group_values<'a>(
        &'a self,
        group: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.group_by
            .iter()
            .map(String::as_str)
            .zip(group.split(SEPARATOR))
    }

    /// What an event contributes; `None` where the field that is counted is unknown.
    pub(super) fn measure(&self, view: &EventView<'_>) -> Option<Measure> {
        let fields = self.condition.field.as_deref().unwrap_or_default();
        match self.kind {
            CorrelationType::EventCount
            | CorrelationType::Temporal
            | CorrelationType::TemporalOrdered => Some(Measure::Nothing),
            CorrelationType::ValueCount => {
                if let [field] = fields {
                    let value = view.get_field(field)?;
                    return Some(Measure::Value(distinct(&value.as_str()?)));
                }
                let mut values = String::new();
                for (index, field) in fields.iter().enumerate() {
                    if index > 0 {
                        values.push_str(SEPARATOR);
                    }
                    values.push_str(&view.get_field(field)?.as_str()?);
                }
                Some(Measure::Value(distinct(&values)))
            }
            CorrelationType::ValueSum
            | CorrelationType::ValueAvg
            | CorrelationType::ValuePercentile
            | CorrelationType::ValueMedian => {
                let number = view.get_field(fields.first()?)?.as_f64()?;
                number.is_finite().then_some(Measure::Number(number))
            }
        }
    }

    /// Adds an event to a window. Returns what the correlation measures, if its condition holds now.
    pub(super) fn add(&self, window: &mut Window, hit: Hit) -> Option<f64> {
        let (at, reference) = (hit.at, hit.reference);
        self.open(window, at);
        window.push(hit);
        window.keep_newest(self.hits_max);
        self.decide(window, reference)
    }

    /// Whether a count is of as many events as are remembered, so that there may have been more.
    pub(super) fn is_full(&self, window: &Window) -> bool {
        let counts = matches!(
            self.kind,
            CorrelationType::EventCount | CorrelationType::ValueCount
        );
        counts && window.len() >= self.hits_max
    }

    /// Forgets what does not count any more at the time of an event.
    pub(super) fn open(&self, window: &mut Window, at: i64) {
        let Some(latest) = window.latest() else {
            return;
        };
        let span = self.span_microseconds;
        match self.mode {
            WindowMode::Sliding => window.forget_before(at.saturating_sub(span)),
            WindowMode::Tumbling => {
                if at.div_euclid(span) != latest.div_euclid(span) {
                    window.clear();
                }
            }
            WindowMode::Session => {
                if at - latest > self.gap_microseconds || at - window.start() > span {
                    window.clear();
                }
            }
        }
    }

    /// What is measured, if the condition holds after an event that matched `reference`.
    pub(super) fn decide(&self, window: &Window, reference: usize) -> Option<f64> {
        let value = self.value(window)?;
        let holds = match (&self.expression, self.kind) {
            (Some(expression), _) => {
                let matched = |wanted| window.hits().any(|hit| hit.reference == wanted);
                expression.holds(&matched)
                    && (self.kind == CorrelationType::Temporal || self.in_order(window, reference))
            }
            (None, CorrelationType::TemporalOrdered) => self.in_order(window, reference),
            (None, CorrelationType::Temporal) if self.wants_all() => {
                window_references(window, self.references.len()) == self.references.len()
            }
            _ => self.condition.check(value),
        };
        holds.then_some(value)
    }

    /// What is measured of a window; `None` where there is nothing to measure.
    pub(super) fn value(&self, window: &Window) -> Option<f64> {
        match self.kind {
            CorrelationType::EventCount => Some(count(window.len())),
            CorrelationType::ValueCount => Some(count(window.distinct())),
            CorrelationType::Temporal | CorrelationType::TemporalOrdered => {
                Some(count(window_references(window, self.references.len())))
            }
            CorrelationType::ValueSum => Some(window.numbers().sum()),
            CorrelationType::ValueAvg => {
                let sum: f64 = window.numbers().sum();
                (!window.is_empty()).then(|| sum / count(window.len()))
            }
            CorrelationType::ValueMedian => percentile(window, 50.0),
            CorrelationType::ValuePercentile => {
                let rank = u32::try_from(self.condition.percentile.unwrap_or(50)).ok()?;
                percentile(window, f64::from(rank))
            }
        }
    }

    /// Whether a temporal correlation asks for all of its rules: it says nothing else.
    fn wants_all(&self) -> bool {
        self.condition.predicates == [(ConditionOperator::Gte, 1.0)]
    }

    /// Whether the rules matched in their order, the last of them just now.
    fn in_order(&self, window: &Window, reference: usize) -> bool {
        if reference + 1 != self.references.len() {
            return false;
        }
        let mut next = 0;
        for hit in window.hits() {
            if hit.reference == next {
                next += 1;
            }
        }
        next >= self.references.len()
    }
}

/// How many of the references are in a window.
fn window_references(window: &Window, references: usize) -> usize {
    (0..references)
        .filter(|wanted| window.hits().any(|hit| hit.reference == *wanted))
        .count()
}

/// A count as a number to compare; no window holds more than fits.
fn count(length: usize) -> f64 {
    u32::try_from(length).map_or(f64::INFINITY, f64::from)
}

/// The value below which `rank` per cent of a window's numbers are, interpolated between the two nearest.
fn percentile(window: &Window, rank: f64) -> Option<f64> {
    let mut numbers: Vec<f64> = window.numbers().collect();
    numbers.sort_by(f64::total_cmp);
    let last = u32::try_from(numbers.len().checked_sub(1)?).ok()?;
    let place = f64::from(last) * rank.clamp(0.0, 100.0) / 100.0;
    let mut below = f64::NAN;
    for (index, number) in (0_u32..).zip(&numbers) {
        let distance = place - f64::from(index);
        if distance <= 0.0 {
            let share = distance + 1.0;
            return Some(if distance == 0.0 {
                *number
            } else {
                below + (number - below) * share
            });
        }
        below = *number;
    }
    numbers.last().copied()
}

/// A value as it is told apart from others.
fn distinct(value: &str) -> Arc<str> {
    if value.len() > VALUE_BYTES_MAX {
        fingerprint([value]).into()
    } else {
        value.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(numbers: &[f64]) -> Window {
        let mut window = Window::default();
        for (at, number) in (0..).zip(numbers) {
            window.push(Hit {
                at,
                gid: Arc::from(""),
                reference: 0,
                measure: Measure::Number(*number),
            });
        }
        window
    }

    #[test]
    fn long_values_are_told_apart_by_little() {
        let long = |last: char| format!("{}{last}", "x".repeat(10_000));
        assert_eq!(distinct(&long('a')), distinct(&long('a')));
        assert_ne!(distinct(&long('a')), distinct(&long('b')));
        assert!(distinct(&long('a')).len() <= VALUE_BYTES_MAX);
        assert_eq!(&*distinct("roadmap"), "roadmap");
    }

    #[test]
    fn percentiles_lie_between_the_nearest_numbers() {
        let numbers = window(&[4.0, 1.0, 3.0, 2.0]);
        for (rank, value) in [(0.0, 1.0), (50.0, 2.5), (100.0, 4.0), (90.0, 3.7)] {
            let found = percentile(&numbers, rank).unwrap();
            assert!((found - value).abs() < 1e-9, "{rank}: {found}");
        }
        assert_eq!(percentile(&window(&[]), 50.0), None);
        assert_eq!(percentile(&window(&[7.0]), 95.0), Some(7.0));
    }
}
