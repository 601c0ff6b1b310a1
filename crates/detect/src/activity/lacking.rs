//! Which events a rule cannot judge: they lack the actor, the address, the place or the agent that it asks for, and nothing else keeps
//! it from matching.

use rsigma_eval::{
    CompiledDetection, CompiledDetectionItem, CompiledMatcher, CompiledRule, Event as _,
};

use super::known::{Known, Sight};
use super::view::EventView;

/// Where the fields stand that Asana, the directory or a table may not tell of an event.
const SOURCES: [&str; 4] = ["actor.", "context.", "device.", "ip."];

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
    let is_told = SOURCES.iter().any(|source| field.starts_with(source));
    is_told && item.exists.is_none()
}

/// Whether a rule that does not match an event could, if the event said what it lacks of the `asked` fields.
pub(super) fn could_match(rule: &CompiledRule, asked: &[String], view: &EventView<'_>) -> bool {
    let lacks = |field: &String| view.get_field(field).is_none_or(|value| value.is_null());
    if !asked.iter().any(lacks) {
        return false;
    }
    let item = |item: &CompiledDetectionItem| match fits(item, view) {
        Some(fits) => told(fits),
        None if can_lack(item) => Known::Open,
        None => Known::Fails,
    };
    let sight = Sight {
        item: &item,
        keywords: &|matcher| told(matcher.matches_keyword(view)),
    };
    sight.rule(rule) == Known::Open
}

fn told(holds: bool) -> Known {
    if holds { Known::Holds } else { Known::Fails }
}

/// Whether an event fits an item; `None` where it does not and lacks the field.
fn fits(item: &CompiledDetectionItem, view: &EventView<'_>) -> Option<bool> {
    let Some(field) = &item.field else {
        return Some(item.matcher.matches_keyword(view));
    };
    let value = view.get_field(field);
    if let Some(wanted) = item.exists {
        return Some(value.is_some_and(|value| !value.is_null()) == wanted);
    }
    let Some(value) = value else {
        return matches!(item.matcher, CompiledMatcher::Null).then_some(true);
    };
    let fits = item.matcher.matches(&value, view);
    (fits || !value.is_null()).then_some(fits)
}
