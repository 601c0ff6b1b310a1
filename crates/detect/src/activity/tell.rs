//! Findings, told so that somebody who has never seen the policy understands them.

use chrono::TimeDelta;
use drishti_model::Severity;
use rsigma_eval::Event;
use rsigma_parser::{ConditionOperator, CorrelationType, Detection};

use super::compile::{BaseRule, Program};
use super::correlation::Correlation;
use super::describe::{conditions, cut, join};
use super::fits;
use super::view::{EventView, shown};
use crate::{Comparison, Entity, EntityKind, EventReference, Explanation, Finding, Subject};

/// Longest value in an explanation, in characters.
const VALUE_CHARACTERS: usize = 120;

/// Stands where nothing is known.
const UNKNOWN: &str = "unknown";

/// What a correlation counted, when that was enough.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fired {
    pub(super) value: f64,
    /// Whether there were more than are remembered.
    pub(super) is_least: bool,
    pub(super) group: String,
    pub(super) events: Vec<EventReference>,
}

/// A rule that matched an event.
pub(super) struct Match<'a> {
    pub(super) program: &'a Program,
    pub(super) rule: &'a BaseRule,
    /// The selections that matched.
    pub(super) selections: &'a [String],
    pub(super) source: Source<'a>,
}

/// Who speaks.
pub(super) enum Source<'a> {
    /// The rule itself.
    Rule,
    /// A correlation that it fed.
    Correlation {
        correlation: &'a Correlation,
        fired: Fired,
    },
}

impl Match<'_> {
    /// What is told; nothing where the severities say so.
    pub(super) fn finding(&self, view: &EventView<'_>) -> Option<Finding> {
        let event = &view.event().event;
        let counted;
        let view = match &self.source {
            Source::Rule => view,
            Source::Correlation { fired, .. } => {
                counted = view.counting(fired.value, fired.is_least);
                &counted
            }
        };
        let usual = match &self.source {
            Source::Rule => self.rule.raises?,
            Source::Correlation { correlation, .. } => correlation.raises?,
        };
        let severity = self.severity(usual, view)?;
        let entity = entity(self.program.activity.subject, view);
        let events = match &self.source {
            Source::Rule => vec![EventReference {
                gid: event.gid.clone(),
                created_at: event.created_at,
            }],
            Source::Correlation { fired, .. } => fired.events.clone(),
        };
        Some(Finding {
            policy: self.program.policy.id.clone(),
            title: self.program.title.fill(view),
            severity,
            at: event.created_at,
            dedup: self.dedup(&entity, view),
            entity,
            events,
            explanation: self.explanation(view),
        })
    }

    /// By the first case that fits.
    fn severity(&self, usual: Severity, view: &EventView<'_>) -> Option<Severity> {
        let case = self.program.cases.iter().find(|case| {
            case.when
                .as_ref()
                .is_none_or(|when| fits(when, view, &mut Vec::new()))
        });
        case.map_or(Some(usual), |case| case.severity)
    }

    fn dedup(&self, entity: &Entity, view: &EventView<'_>) -> String {
        let fields = &self.program.activity.group_by;
        if fields.is_empty() {
            return format!("{}:{}", entity.kind.as_str(), entity.id);
        }
        let values: Vec<String> = fields
            .iter()
            .map(|field| {
                view.get_field(field)
                    .map_or_else(|| UNKNOWN.to_owned(), |value| shown(&value))
            })
            .collect();
        values.join(" | ")
    }

    fn explanation(&self, view: &EventView<'_>) -> Explanation {
        let wanted = conditions(&self.rule.source.detection);
        let last = self.seen(view);
        let (expected, seen, comparisons) = match &self.source {
            Source::Rule => (
                format!("No event in which {wanted}."),
                format!("An event with {last}."),
                Vec::new(),
            ),
            Source::Correlation { correlation, fired } => (
                expectation(correlation, &wanted),
                format!(
                    "{}{} {}{}, the last of them an event with {last}.",
                    fired.value,
                    if fired.is_least { " or more" } else { "" },
                    what(correlation),
                    whose(correlation, &fired.group),
                ),
                comparisons(correlation, fired.value),
            ),
        };
        Explanation {
            expected,
            seen,
            comparisons,
            not_suppressed: self.not_suppressed(view),
            rarity: Vec::new(),
        }
    }

    /// The fields that the matching selections look at, with their values.
    fn seen(&self, view: &EventView<'_>) -> String {
        let mut fields: Vec<&str> = Vec::new();
        for name in self.selections {
            if let Some(detection) = self.rule.source.detection.named.get(name) {
                fields_of(detection, &mut fields);
            }
        }
        let mut parts: Vec<String> = Vec::new();
        for (place, field) in fields.iter().enumerate() {
            if fields.iter().take(place).any(|earlier| earlier == field) {
                continue;
            }
            parts.push(match view.get_field(field) {
                Some(value) => format!("`{field}` `{}`", cut(&shown(&value), VALUE_CHARACTERS)),
                None => format!("no `{field}`"),
            });
        }
        if parts.is_empty() {
            return format!("`event_type` `{}`", view.event().event.event_type);
        }
        join(&parts, "and")
    }

    fn not_suppressed(&self, view: &EventView<'_>) -> Vec<String> {
        let scope = &self.program.policy.scope;
        let who = view
            .event()
            .event
            .actor
            .email
            .as_deref()
            .unwrap_or("the actor");
        let mut reasons = Vec::new();
        if *scope != crate::Scope::default() {
            reasons.push(format!("the policy's scope admits {who}"));
        }
        for filter in &self.rule.filters {
            reasons.push(format!("the filter `{filter}` leaves the event in"));
        }
        reasons
    }
}

/// The fields that a detection looks at, in their order.
pub(super) fn fields_of<'a>(detection: &'a Detection, fields: &mut Vec<&'a str>) {
    match detection {
        Detection::AllOf(items) => {
            fields.extend(items.iter().filter_map(|item| item.field.name.as_deref()));
        }
        Detection::AnyOf(parts) | Detection::And(parts) => {
            for part in parts {
                fields_of(part, fields);
            }
        }
        Detection::ArrayMatch { field, .. } => fields.push(field),
        Detection::Keywords(_) | Detection::Conditional { .. } => {}
    }
}

/// What is counted, such as `events within 1 hour`.
pub(super) fn what(correlation: &Correlation) -> String {
    let fields = correlation.condition.field.as_deref().unwrap_or_default();
    let fields = join(
        &fields
            .iter()
            .map(|field| format!("`{field}`"))
            .collect::<Vec<_>>(),
        "and",
    );
    let counted = match correlation.kind {
        CorrelationType::EventCount => "events".to_owned(),
        CorrelationType::ValueCount => format!("different {fields}"),
        CorrelationType::Temporal => "kinds of events".to_owned(),
        CorrelationType::TemporalOrdered => "kinds of events in their order".to_owned(),
        CorrelationType::ValueSum => format!("as the sum of {fields}"),
        CorrelationType::ValueAvg => format!("as the average of {fields}"),
        CorrelationType::ValueMedian => format!("as the median of {fields}"),
        CorrelationType::ValuePercentile => format!(
            "as percentile {} of {fields}",
            correlation.condition.percentile.unwrap_or(50)
        ),
    };
    format!(
        "{counted} within {}",
        duration(correlation.span_microseconds)
    )
}

/// Of which group, beginning with a space; nothing where everything counts together.
pub(super) fn whose(correlation: &Correlation, group: &str) -> String {
    let values: Vec<String> = correlation
        .group_values(group)
        .map(|(field, value)| format!("`{field}` `{}`", cut(value, VALUE_CHARACTERS)))
        .collect();
    if values.is_empty() {
        String::new()
    } else {
        format!(" for {}", join(&values, "and"))
    }
}

fn expectation(correlation: &Correlation, wanted: &str) -> String {
    let fields: Vec<String> = correlation
        .group_by
        .iter()
        .map(|field| format!("`{field}`"))
        .collect();
    let group = if fields.is_empty() {
        String::new()
    } else {
        format!(" of the same {}", join(&fields, "and"))
    };
    let span = duration(correlation.span_microseconds);
    if matches!(
        correlation.kind,
        CorrelationType::Temporal | CorrelationType::TemporalOrdered
    ) {
        let names: Vec<String> = correlation
            .references
            .iter()
            .map(|reference| format!("`{}`", reference.name))
            .collect();
        let order = if correlation.kind == CorrelationType::TemporalOrdered {
            " one after the other"
        } else {
            " together"
        };
        return format!(
            "Not {}{order} within {span}{group}; the last one means an event in which {wanted}.",
            join(&names, "and"),
        );
    }
    let limits: Vec<String> = correlation
        .condition
        .predicates
        .iter()
        .map(|(operator, limit)| format!("{} {limit}", words(*operator)))
        .collect();
    format!(
        "Not {} {}{group}, counting events in which {wanted}.",
        join(&limits, "and"),
        what(correlation),
    )
}

fn words(operator: ConditionOperator) -> &'static str {
    match operator {
        ConditionOperator::Lt => "less than",
        ConditionOperator::Lte => "at most",
        ConditionOperator::Gt => "more than",
        ConditionOperator::Gte => "at least",
        ConditionOperator::Eq => "exactly",
        ConditionOperator::Neq => "other than",
    }
}

fn comparisons(correlation: &Correlation, value: f64) -> Vec<Comparison> {
    let what = what(correlation);
    let limits = correlation.condition.predicates.iter();
    let temporal = matches!(
        correlation.kind,
        CorrelationType::Temporal | CorrelationType::TemporalOrdered
    );
    if temporal {
        let references = u32::try_from(correlation.references.len()).unwrap_or(u32::MAX);
        return vec![Comparison {
            what,
            seen: value,
            limit: f64::from(references),
        }];
    }
    limits
        .map(|(_, limit)| Comparison {
            what: what.clone(),
            seen: value,
            limit: *limit,
        })
        .collect()
}

/// A time in the largest unit that fits.
pub(super) fn duration(microseconds: i64) -> String {
    let time = TimeDelta::microseconds(microseconds);
    let (count, unit) = if time.num_days() > 0 && time == TimeDelta::days(time.num_days()) {
        (time.num_days(), "day")
    } else if time.num_hours() > 0 && time == TimeDelta::hours(time.num_hours()) {
        (time.num_hours(), "hour")
    } else if time.num_minutes() > 0 && time == TimeDelta::minutes(time.num_minutes()) {
        (time.num_minutes(), "minute")
    } else {
        (time.num_seconds(), "second")
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Whom or what an alert is about.
fn entity(subject: Subject, view: &EventView<'_>) -> Entity {
    let event = &view.event().event;
    let context = &event.context;
    let first = |values: &[&Option<String>]| values.iter().find_map(|value| (*value).clone());
    let (kind, id, name) = match subject {
        Subject::Actor => {
            let actor = &event.actor;
            let method = context.api_authentication_method.as_deref();
            let kind = if method == Some("service_account") {
                EntityKind::ServiceAccount
            } else {
                EntityKind::Person
            };
            let id = first(&[&actor.gid, &actor.email, &actor.name, &actor.actor_type]);
            (kind, id, first(&[&actor.email, &actor.name]))
        }
        Subject::Address => (EntityKind::Address, context.client_ip_address.clone(), None),
        Subject::App => {
            let own = |field| {
                let value = view.get_field(field)?;
                Some(value.as_str()?.into_owned())
            };
            let id = context
                .oauth_app_name
                .clone()
                .or_else(|| own("details.app_name"))
                .or_else(|| own("details.app_gid"));
            (EntityKind::App, id, None)
        }
        Subject::Resource => {
            let resource = &event.resource;
            let id = first(&[&resource.gid, &resource.email, &resource.name]);
            if resource.resource_type.as_deref() == Some("user") {
                let name = first(&[&resource.email, &resource.name]);
                (EntityKind::Person, id, name)
            } else {
                let name = first(&[&resource.name, &resource.email]);
                (EntityKind::Resource, id, name)
            }
        }
        Subject::Organisation => (
            EntityKind::Organisation,
            Some("organisation".to_owned()),
            None,
        ),
    };
    Entity {
        kind,
        id: id.unwrap_or_else(|| UNKNOWN.to_owned()),
        name,
    }
}
