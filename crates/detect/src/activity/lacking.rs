//! Which events a rule cannot judge: they lack the actor, the address, the place or the agent that it asks for, and nothing else keeps
//! it from matching.

use rsigma_eval::{
    CompiledDetection, CompiledDetectionItem, CompiledMatcher, CompiledRule, Event as _,
};

use super::known::{Known, Sight};
use super::view::EventView;

/// How the fields begin that Asana, the directory or a table may not tell of an event. What else can be absent, such as an app or a
/// rule, is known not to be there.
const UNTOLD: [&str; 5] = [
    "actor.",
    "context.client_ip_address",
    "context.user_agent",
    "device.",
    "ip.",
];

/// The fields a rule asks for that can be lacking. Rules that look into lists have none: only Sigma's own engine can tell what they
/// find there.
pub(super) fn asked(rule: &CompiledRule) -> Vec<String> {
    let mut fields = Vec::new();
    if !rule.detections.values().any(asks_of_lists) {
        for detection in rule.detections.values() {
            asked_in(detection, &mut fields);
        }
    }
    fields.sort();
    fields.dedup();
    fields
}

fn asks_of_lists(detection: &CompiledDetection) -> bool {
    match detection {
        CompiledDetection::And(parts) | CompiledDetection::AnyOf(parts) => {
            parts.iter().any(asks_of_lists)
        }
        CompiledDetection::ArrayMatch { .. } | CompiledDetection::Conditional { .. } => true,
        CompiledDetection::AllOf(_) | CompiledDetection::Keywords(_) => false,
    }
}

fn asked_in(detection: &CompiledDetection, fields: &mut Vec<String>) {
    match detection {
        CompiledDetection::AllOf(items) => {
            let items = items.iter().filter(|item| can_lack(item));
            fields.extend(items.filter_map(|item| item.field.clone()));
        }
        CompiledDetection::And(parts) | CompiledDetection::AnyOf(parts) => {
            for part in parts {
                asked_in(part, fields);
            }
        }
        _ => {}
    }
}

fn can_lack(item: &CompiledDetectionItem) -> bool {
    let field = item.field.as_deref().unwrap_or_default();
    let can_be_untold = UNTOLD.iter().any(|start| field.starts_with(start));
    can_be_untold && item.exists.is_none()
}

/// Whether an event lacks a field. An address without category or tags, and an agent without tags, has none: that is known.
fn lacks(field: &str, view: &EventView<'_>) -> bool {
    let told_by = match field {
        "ip.category" | "ip.tags" => "context.client_ip_address",
        "device.tags" => "context.user_agent",
        itself => itself,
    };
    let value = view.get_field(told_by);
    value.is_none_or(|value| value.is_null())
}

/// Whether a rule that does not match an event could, if the event said what it lacks of the `asked` fields.
pub(super) fn could_match(rule: &CompiledRule, asked: &[String], view: &EventView<'_>) -> bool {
    if !asked.iter().any(|field| lacks(field, view)) {
        return false;
    }
    let item = |item: &CompiledDetectionItem| {
        let field = item.field.as_deref().unwrap_or_default();
        if fits(item, view) {
            Known::Holds
        } else if can_lack(item) && lacks(field, view) {
            Known::Open
        } else {
            Known::Fails
        }
    };
    let sight = Sight {
        item: &item,
        keywords: &|matcher| {
            if matcher.matches_keyword(view) {
                Known::Holds
            } else {
                Known::Fails
            }
        },
    };
    sight.rule(rule) == Known::Open
}

/// Whether an event fits an item, as Sigma's own engine decides it.
fn fits(item: &CompiledDetectionItem, view: &EventView<'_>) -> bool {
    let Some(field) = &item.field else {
        return item.matcher.matches_keyword(view);
    };
    let value = view.get_field(field);
    if let Some(wanted) = item.exists {
        return value.is_some_and(|value| !value.is_null()) == wanted;
    }
    value.map_or_else(
        || matches!(item.matcher, CompiledMatcher::Null),
        |value| item.matcher.matches(&value, view),
    )
}
