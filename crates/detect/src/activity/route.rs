//! Which rules an event can match at all, told from its type alone: most types concern few rules.

use rsigma_eval::{
    CompiledDetection, CompiledDetectionItem, CompiledMatcher, CompiledRule, EventValue,
};
use rsigma_parser::ConditionExpr;

use super::view::EventView;

/// What is known of a condition when only the type of the event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Holds,
    Fails,
    Open,
}

impl Known {
    fn and(parts: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::Holds;
        for part in parts {
            match part {
                Self::Fails => return Self::Fails,
                Self::Open => all = Self::Open,
                Self::Holds => {}
            }
        }
        all
    }

    fn or(parts: impl Iterator<Item = Self>) -> Self {
        Self::and(parts.map(Self::not)).not()
    }

    fn not(self) -> Self {
        match self {
            Self::Holds => Self::Fails,
            Self::Fails => Self::Holds,
            Self::Open => Self::Open,
        }
    }
}

/// Whether events of this type can match; of the event behind `view` only the type is looked at.
pub(super) fn may_match(rule: &CompiledRule, event_type: &str, view: &EventView<'_>) -> bool {
    let value = EventValue::Str(event_type.into());
    let question = Question {
        rule,
        value: &value,
        view,
    };
    let known = rule.conditions.iter().map(|part| question.condition(part));
    Known::or(known) != Known::Fails
}

struct Question<'a, 'e> {
    rule: &'a CompiledRule,
    value: &'a EventValue<'a>,
    view: &'a EventView<'e>,
}

impl Question<'_, '_> {
    fn condition(&self, expression: &ConditionExpr) -> Known {
        match expression {
            ConditionExpr::And(parts) => Known::and(parts.iter().map(|part| self.condition(part))),
            ConditionExpr::Or(parts) => Known::or(parts.iter().map(|part| self.condition(part))),
            ConditionExpr::Not(part) => self.condition(part).not(),
            ConditionExpr::Identifier(name) => self
                .rule
                .detections
                .get(name)
                .map_or(Known::Open, |detection| self.detection(detection)),
            ConditionExpr::Selector { .. } => Known::Open,
        }
    }

    fn detection(&self, detection: &CompiledDetection) -> Known {
        match detection {
            CompiledDetection::AllOf(items) => Known::and(items.iter().map(|item| self.item(item))),
            CompiledDetection::And(parts) => {
                Known::and(parts.iter().map(|part| self.detection(part)))
            }
            CompiledDetection::AnyOf(parts) => {
                Known::or(parts.iter().map(|part| self.detection(part)))
            }
            CompiledDetection::Keywords(_)
            | CompiledDetection::ArrayMatch { .. }
            | CompiledDetection::Conditional { .. } => Known::Open,
        }
    }

    fn item(&self, item: &CompiledDetectionItem) -> Known {
        let of_type = item.field.as_deref() == Some("event_type") && item.exists.is_none();
        if !of_type || asks_elsewhere(&item.matcher) {
            Known::Open
        } else if item.matcher.matches(self.value, self.view) {
            Known::Holds
        } else {
            Known::Fails
        }
    }
}

/// Whether a matcher looks at other fields, too.
fn asks_elsewhere(matcher: &CompiledMatcher) -> bool {
    match matcher {
        CompiledMatcher::FieldRef { .. } | CompiledMatcher::Expand { .. } => true,
        CompiledMatcher::Not(inner) => asks_elsewhere(inner),
        CompiledMatcher::AnyOf(parts) | CompiledMatcher::AllOf(parts) => {
            parts.iter().any(asks_elsewhere)
        }
        _ => false,
    }
}
