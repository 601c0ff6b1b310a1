use rsigma_eval::CompiledCorrelation;
use rsigma_eval::correlation::compile_correlation;
use rsigma_parser::{ConditionExpr, CorrelationRule, CorrelationType};

use drishti_model::Severity;

use super::{BaseRule, Levels};
use crate::activity::correlation::{Correlation, Expression, Feed, Reference};
use crate::activity::fault::Fault;

/// Most events that a correlation may ask for.
pub(crate) const THRESHOLD_MAX: u32 = 10_000;

/// A group remembers at least this many events, even if fewer decide, so that an alert can show them.
const HITS_REMEMBERED: usize = 1_000;

/// Longest time that a correlation may look back.
const SPAN_SECONDS_MAX: u64 = 31 * 24 * 3_600;

/// Most rules that a correlation may name.
const REFERENCES_MAX: usize = 50;

/// The correlations of a file, those that others are fed by first. They are connected by [`connect`].
pub(super) fn correlations(
    sources: &[CorrelationRule],
    rules: &[BaseRule],
) -> Result<Vec<Correlation>, Fault> {
    let mut known: Vec<&str> = Vec::new();
    for rule in rules {
        known.extend(names(
            rule.source.id.as_deref(),
            rule.source.name.as_deref(),
        ));
    }
    let mut waiting: Vec<&CorrelationRule> = sources.iter().collect();
    let mut ready: Vec<Correlation> = Vec::with_capacity(sources.len());
    // Each round takes those whose references are all known.
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut left = Vec::new();
        for source in waiting {
            if source
                .rules
                .iter()
                .all(|name| known.contains(&name.as_str()))
            {
                let own = correlation(source).map_err(|fault| fault.of(&source.title))?;
                if ready.iter().any(|other| other.id == own.id) {
                    return Err(
                        Fault::new(format!("two correlations are called `{}`", own.id))
                            .near(&own.id)
                            .advise("give each a `name` of its own"),
                    );
                }
                ready.push(own);
                known.extend(names(source.id.as_deref(), source.name.as_deref()));
            } else {
                left.push(source);
            }
        }
        if left.len() == before {
            return Err(unresolved(&left, &known));
        }
        waiting = left;
    }
    Ok(ready)
}

fn names<'a>(id: Option<&'a str>, name: Option<&'a str>) -> impl Iterator<Item = &'a str> {
    id.into_iter().chain(name)
}

fn unresolved(left: &[&CorrelationRule], known: &[&str]) -> Fault {
    let own: Vec<&str> = left
        .iter()
        .flat_map(|source| names(source.id.as_deref(), source.name.as_deref()))
        .collect();
    let missing = left
        .iter()
        .flat_map(|source| &source.rules)
        .find(|name| !known.contains(&name.as_str()) && !own.contains(&name.as_str()));
    match missing {
        Some(name) => Fault::new(format!("the file has no rule `{name}`"))
            .near(name)
            .advise("put the rule into the same file, with this `name` or `id`"),
        None => Fault::new("correlations that wait for each other")
            .near("rules:")
            .advise("a correlation cannot count itself"),
    }
}

fn correlation(source: &CorrelationRule) -> Result<Correlation, Fault> {
    let compiled =
        compile_correlation(source).map_err(|error| Fault::quoting(&error.to_string()))?;
    check(&compiled)?;
    let most = compiled
        .condition
        .predicates
        .iter()
        .map(|(_, limit)| *limit)
        .fold(0.0, f64::max);
    // Small enough for the conversion by the check above.
    let threshold = (0..=THRESHOLD_MAX).find(|number| f64::from(*number) >= most);
    let threshold = threshold.and_then(|number| usize::try_from(number).ok());
    let microseconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX) * 1_000_000;
    let references = compiled
        .rule_refs
        .iter()
        .map(|name| Reference {
            name: name.clone(),
            group_by: compiled
                .group_by
                .iter()
                .map(|field| field.resolve(&[name]).to_owned())
                .collect(),
        })
        .collect();
    let span = microseconds(compiled.timespan_secs);
    Ok(Correlation {
        id: id(source),
        title: compiled.title.clone(),
        kind: compiled.correlation_type,
        references,
        group_by: source.group_by.clone(),
        span_microseconds: span,
        mode: compiled.window_mode,
        gap_microseconds: compiled.gap_secs.map_or(span, microseconds),
        expression: compiled
            .extended_expr
            .as_ref()
            .map(|expression| lower(expression, &compiled.rule_refs))
            .transpose()?,
        hits_max: threshold
            .unwrap_or_default()
            .saturating_add(1)
            .max(HITS_REMEMBERED),
        condition: compiled.condition,
        raises: None,
        feeds: Vec::new(),
    })
}

fn id(source: &CorrelationRule) -> String {
    let id = source.id.as_ref().or(source.name.as_ref());
    id.unwrap_or(&source.title).clone()
}

fn check(compiled: &CompiledCorrelation) -> Result<(), Fault> {
    let fault = |text: String, word: &str| Err(Fault::new(text).near(word));
    if compiled.rule_refs.is_empty() {
        return fault("a correlation needs `rules`".to_owned(), "correlation:");
    }
    if compiled.rule_refs.len() > REFERENCES_MAX {
        return fault(
            format!("a correlation of more than {REFERENCES_MAX} rules"),
            "rules:",
        );
    }
    if compiled.timespan_secs == 0 || compiled.timespan_secs > SPAN_SECONDS_MAX {
        let days = SPAN_SECONDS_MAX / (24 * 3_600);
        return fault(
            format!("a correlation looks back more than nothing and at most {days} days"),
            "timespan:",
        );
    }
    let counts = matches!(
        compiled.correlation_type,
        CorrelationType::EventCount | CorrelationType::ValueCount
    );
    let too_many = |(_, limit): &(_, f64)| *limit > f64::from(THRESHOLD_MAX);
    if counts && compiled.condition.predicates.iter().any(too_many) {
        return fault(format!("counts more than {THRESHOLD_MAX}"), "condition:")
            .map_err(|fault| fault.advise("count in a shorter time"));
    }
    let needs_field = !matches!(
        compiled.correlation_type,
        CorrelationType::EventCount | CorrelationType::Temporal | CorrelationType::TemporalOrdered
    );
    if needs_field && compiled.condition.field.is_none() {
        let name = compiled.correlation_type.as_str();
        return fault(
            format!("`{name}` needs `field` in its condition"),
            "condition:",
        );
    }
    Ok(())
}

/// The condition of a temporal correlation, with the places of the rules that it names.
fn lower(expression: &ConditionExpr, references: &[String]) -> Result<Expression, Fault> {
    let all = |parts: &[ConditionExpr]| -> Result<Vec<Expression>, Fault> {
        parts.iter().map(|part| lower(part, references)).collect()
    };
    match expression {
        ConditionExpr::And(parts) => Ok(Expression::And(all(parts)?)),
        ConditionExpr::Or(parts) => Ok(Expression::Or(all(parts)?)),
        ConditionExpr::Not(part) => Ok(Expression::Not(Box::new(lower(part, references)?))),
        ConditionExpr::Identifier(name) => references
            .iter()
            .position(|reference| reference == name)
            .map(Expression::Matched)
            .ok_or_else(|| {
                Fault::new(format!(
                    "`{name}` is not among the rules of the correlation"
                ))
                .near(name)
                .advise(format!("there are {}", references.join(", ")))
            }),
        ConditionExpr::Selector { .. } => Err(Fault::new(format!(
            "`{expression}` cannot stand in the condition of a correlation"
        ))
        .near("condition:")
        .advise("name the rules")),
    }
}

/// Leads the matches of rules and correlations to the correlations that name them, and decides who speaks: what nobody counts, and
/// what a correlation counts that says `generate: true`.
pub(super) fn connect(
    sources: &[CorrelationRule],
    rules: &mut [BaseRule],
    correlations: &mut [Correlation],
    levels: &Levels,
) {
    let generates = |correlation: &Correlation| {
        sources
            .iter()
            .any(|source| id(source) == correlation.id && source.generate)
    };
    let feeds_of = |own: &[&str]| {
        let mut feeds = Vec::new();
        let mut alone = false;
        for (place, correlation) in correlations.iter().enumerate() {
            for (reference, named) in correlation.references.iter().enumerate() {
                if own.contains(&named.name.as_str()) {
                    alone = alone || generates(correlation);
                    feeds.push(Feed {
                        correlation: place,
                        reference,
                    });
                }
            }
        }
        let heard = feeds.is_empty() || alone;
        (feeds, heard)
    };
    for rule in rules.iter_mut() {
        let own: Vec<&str> =
            names(rule.source.id.as_deref(), rule.source.name.as_deref()).collect();
        let (feeds, heard) = feeds_of(&own);
        rule.raises = heard.then(|| levels.severity(rule.source.level));
        rule.feeds = feeds;
    }
    let own: Vec<(Vec<Feed>, Option<Severity>)> = correlations
        .iter()
        .map(|correlation| {
            let source = sources.iter().find(|source| id(source) == correlation.id);
            let own: Vec<&str> = source
                .into_iter()
                .flat_map(|source| names(source.id.as_deref(), source.name.as_deref()))
                .collect();
            let level = source.and_then(|source| source.level);
            let (feeds, heard) = feeds_of(&own);
            (feeds, heard.then(|| levels.severity(level)))
        })
        .collect();
    for (correlation, (feeds, raises)) in correlations.iter_mut().zip(own) {
        correlation.feeds = feeds;
        correlation.raises = raises;
    }
}
