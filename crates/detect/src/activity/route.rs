//! Which rules an event can match at all, told from its type alone: most types concern few rules.

use rsigma_eval::{CompiledDetectionItem, CompiledMatcher, CompiledRule, EventValue};

use super::known::{Known, Sight};
use super::view::EventView;

/// Whether events of this type can match; of the event behind `view` only the type is looked at.
pub(super) fn may_match(rule: &CompiledRule, event_type: &str, view: &EventView<'_>) -> bool {
    let value = EventValue::Str(event_type.into());
    let item = |item: &CompiledDetectionItem| {
        let of_type = item.field.as_deref() == Some("event_type") && item.exists.is_none();
        if !of_type || asks_elsewhere(&item.matcher) {
            Known::Open
        } else if item.matcher.matches(&value, view) {
            Known::Holds
        } else {
            Known::Fails
        }
    };
    let sight = Sight {
        item: &item,
        keywords: &|_| Known::Open,
    };
    sight.rule(rule) != Known::Fails
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
