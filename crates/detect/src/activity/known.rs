//! What is known of a rule when not everything is known of the event.

use rsigma_eval::{CompiledDetection, CompiledDetectionItem, CompiledMatcher, CompiledRule};
use rsigma_parser::ConditionExpr;

/// What is known of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
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

/// What can be told of the parts of a rule.
pub(super) struct Sight<'a> {
    pub(super) item: &'a dyn Fn(&CompiledDetectionItem) -> Known,
    pub(super) keywords: &'a dyn Fn(&CompiledMatcher) -> Known,
}

impl Sight<'_> {
    /// Whether a rule matches. What it asks of lists stays open.
    pub(super) fn rule(&self, rule: &CompiledRule) -> Known {
        let conditions = rule.conditions.iter();
        Known::or(conditions.map(|condition| self.condition(rule, condition)))
    }

    fn condition(&self, rule: &CompiledRule, expression: &ConditionExpr) -> Known {
        let known = |part| self.condition(rule, part);
        match expression {
            ConditionExpr::And(parts) => Known::and(parts.iter().map(known)),
            ConditionExpr::Or(parts) => Known::or(parts.iter().map(known)),
            ConditionExpr::Not(part) => known(part).not(),
            ConditionExpr::Identifier(name) => rule
                .detections
                .get(name)
                .map_or(Known::Open, |detection| self.detection(detection)),
            ConditionExpr::Selector { .. } => Known::Open,
        }
    }

    fn detection(&self, detection: &CompiledDetection) -> Known {
        match detection {
            CompiledDetection::AllOf(items) => Known::and(items.iter().map(self.item)),
            CompiledDetection::And(parts) => {
                Known::and(parts.iter().map(|part| self.detection(part)))
            }
            CompiledDetection::AnyOf(parts) => {
                Known::or(parts.iter().map(|part| self.detection(part)))
            }
            CompiledDetection::Keywords(matcher) => (self.keywords)(matcher),
            CompiledDetection::ArrayMatch { .. } | CompiledDetection::Conditional { .. } => {
                Known::Open
            }
        }
    }
}
