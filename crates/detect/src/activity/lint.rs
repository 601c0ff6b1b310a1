//! What is probably not meant in a Sigma document.

use std::collections::HashSet;
use std::sync::Arc;

use rsigma_parser::{ConditionExpr, Detection, DetectionItem, Modifier, SigmaRule, SigmaValue};
use serde_json::Value;

use super::compile::{Program, compile};
use super::tell::fields_of;
use super::view::FIELDS;
use crate::Policy;
use crate::policy::{Note, RemarkLevel, nearest};

/// The types of events that Asana's documents and others name (`asana-api.md`, section 3; `asana-event-types-extra.md`).
const EVENT_TYPES: &str = include_str!("../policy/event_types.txt");

/// Begin the fields that enrichment adds, which are often unknown.
const ADDED: [&str; 6] = [
    "ip.",
    "device.",
    "actor.role",
    "actor.is_",
    "actor.groups",
    "actor.domain",
];

/// Looks through an activity policy.
pub(crate) fn notes(policy: &Arc<Policy>) -> Vec<Note> {
    let Ok(Some(program)) = compile(policy) else {
        return Vec::new();
    };
    let look = Look {
        text: &policy.text,
        program: &program,
    };
    let mut notes = Vec::new();
    for rule in &program.rules {
        look.rule(&rule.source, &mut notes);
    }
    look.fields(&mut notes);
    look.severities(&mut notes);
    notes
}

struct Look<'a> {
    text: &'a str,
    program: &'a Program,
}

impl Look<'_> {
    /// A warning about the first line that has `near`.
    fn note(&self, code: &'static str, near: &str, text: String, advice: String) -> Note {
        let line = self.text.lines().position(|line| line.contains(near));
        Note {
            code,
            level: RemarkLevel::Warning,
            line: line.map(|index| index + 1),
            text,
            advice,
        }
    }

    fn rule(&self, rule: &SigmaRule, notes: &mut Vec<Note>) {
        let mut names: Vec<&String> = rule.detection.named.keys().collect();
        names.sort();
        let mut asked = HashSet::new();
        let mut denied = HashSet::new();
        for condition in &rule.detection.conditions {
            mentioned(condition, true, &mut asked, &mut denied);
        }
        for name in names {
            let Some(detection) = rule.detection.named.get(name) else {
                continue;
            };
            if !asked.contains(name.as_str()) && !denied.contains(name.as_str()) {
                let text = format!("no condition asks for the selection `{name}`");
                let advice = "use it or remove it".to_owned();
                notes.push(self.note("unused_selection", name, text, advice));
            }
            for item in items(detection) {
                self.item(item, notes);
            }
        }
        self.unknown_passes(rule, &asked, &denied, notes);
    }

    fn item(&self, item: &DetectionItem, notes: &mut Vec<Note>) {
        let texts = item.values.iter().filter_map(|value| match value {
            SigmaValue::String(text) => text.as_plain(),
            _ => None,
        });
        let exact = item
            .field
            .modifiers
            .iter()
            .all(|modifier| matches!(modifier, Modifier::Cased | Modifier::Neq));
        for text in texts {
            let known = || EVENT_TYPES.lines().any(|known| known == text);
            if item.field.name.as_deref() == Some("event_type") && exact && !known() {
                let advice = nearest(&text, EVENT_TYPES.lines());
                let problem = format!("no source names an event of type `{text}`");
                notes.push(self.note("unknown_event_type", &text, problem, advice));
            }
            let placeholder = text.len() > 2 && text.starts_with('%') && text.ends_with('%');
            if placeholder && !item.field.has_modifier(Modifier::Expand) {
                let problem =
                    format!("`{text}` looks like a placeholder, and is a text like any other");
                let advice = "write the values themselves".to_owned();
                notes.push(self.note("placeholder", &text, problem, advice));
            }
        }
    }

    /// `not corporate` is also true of an address of which nothing is known.
    fn unknown_passes(
        &self,
        rule: &SigmaRule,
        asked: &HashSet<&str>,
        denied: &HashSet<&str>,
        notes: &mut Vec<Note>,
    ) {
        let fields = |names: &HashSet<&str>| {
            let mut fields = Vec::new();
            for name in names {
                if let Some(detection) = rule.detection.named.get(*name) {
                    fields_of(detection, &mut fields);
                }
            }
            fields.sort_unstable();
            fields.dedup();
            fields
        };
        let asked = fields(asked);
        for field in fields(denied) {
            if ADDED.iter().any(|prefix| field.starts_with(prefix)) && !asked.contains(&field) {
                let text = format!("`not` is also true where `{field}` is unknown");
                let advice = format!("use `{field}|neq`, or ask for `{field}|exists: true`, too");
                notes.push(self.note("unknown_passes", field, text, advice));
            }
        }
    }

    /// Fields that no event has, wherever they are named.
    fn fields(&self, notes: &mut Vec<Note>) {
        let mut fields: Vec<String> = Vec::new();
        for rule in &self.program.rules {
            let mut own = Vec::new();
            for detection in rule.source.detection.named.values() {
                fields_of(detection, &mut own);
            }
            fields.extend(own.into_iter().map(str::to_owned));
        }
        for correlation in &self.program.correlations {
            for reference in &correlation.references {
                fields.extend(reference.group_by.iter().cloned());
            }
            fields.extend(correlation.condition.field.iter().flatten().cloned());
        }
        let activity = &self.program.activity;
        fields.extend(activity.group_by.iter().cloned());
        fields.extend(self.program.title.fields().map(str::to_owned));
        for case in &activity.severities {
            keys(case.when.as_ref(), &mut fields);
        }
        fields.sort();
        fields.dedup();
        for field in fields {
            if !FIELDS.contains(&field.as_str()) && !field.starts_with("details.") {
                let text = format!("no event is known to have a field `{field}`");
                let advice = nearest(&field, FIELDS);
                notes.push(self.note("unknown_field", &field, text, advice));
            }
        }
    }

    fn severities(&self, notes: &mut Vec<Note>) {
        let cases = &self.program.activity.severities;
        for (place, case) in cases.iter().enumerate() {
            let before = cases.iter().take(place);
            let hidden = before
                .into_iter()
                .any(|earlier| earlier.when.is_none() || earlier.when == case.when);
            if hidden {
                let text = format!("severity {} is never reached", place + 1);
                let advice = "an earlier one fits whenever it does: change their order".to_owned();
                notes.push(self.note("unreachable_severity", "severities:", text, advice));
            }
        }
    }
}

/// The selections that a condition asks for, and those that it denies.
fn mentioned<'a>(
    condition: &'a ConditionExpr,
    asks: bool,
    asked: &mut HashSet<&'a str>,
    denied: &mut HashSet<&'a str>,
) {
    match condition {
        ConditionExpr::And(parts) | ConditionExpr::Or(parts) => {
            for part in parts {
                mentioned(part, asks, asked, denied);
            }
        }
        ConditionExpr::Not(part) => mentioned(part, !asks, asked, denied),
        ConditionExpr::Identifier(name) => {
            let names = if asks { asked } else { denied };
            names.insert(name);
        }
        ConditionExpr::Selector { .. } => {}
    }
}

fn items(detection: &Detection) -> Vec<&DetectionItem> {
    match detection {
        Detection::AllOf(items) => items.iter().collect(),
        Detection::AnyOf(parts) | Detection::And(parts) => parts.iter().flat_map(items).collect(),
        Detection::Keywords(_) | Detection::ArrayMatch { .. } | Detection::Conditional { .. } => {
            Vec::new()
        }
    }
}

/// The fields of a selection in JSON.
fn keys(selection: Option<&Value>, fields: &mut Vec<String>) {
    match selection {
        Some(Value::Object(map)) => {
            let names = map.keys().filter_map(|key| key.split('|').next());
            fields.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
        }
        Some(Value::Array(items)) => {
            for item in items {
                keys(Some(item), fields);
            }
        }
        _ => {}
    }
}
