use std::sync::Arc;

use drishti_model::EnrichedEvent;
use foldhash::{HashMap, HashMapExt as _};
use rsigma_eval::Event as _;

use super::compile::{Program, compile};
use super::route;
use super::tell::fields_of;
use super::view::EventView;
use crate::{People, Policy};

/// Most types of events of which it is remembered whether they matter; if there are more, it is found out anew.
const TYPES_MAX: usize = 2_000;

/// Counts, over the events that an activity policy looks at, how many lack a field that it asks for: what is not known never matches,
/// and so a policy can be silent because a place or a feed is missing.
#[derive(Debug)]
pub struct FieldCensus {
    program: Program,
    /// The fields that the policy asks for or counts by, and how many events lacked each.
    lacking: Vec<(String, u64)>,
    /// Whether events of a type can matter.
    concerned: HashMap<Box<str>, bool>,
    events: u64,
}

impl FieldCensus {
    /// A census for `policy`; `None` where it is no activity policy that can be run.
    pub fn new(policy: &Arc<Policy>) -> Option<Self> {
        let program = compile(policy).ok().flatten()?;
        let mut fields: Vec<String> = Vec::new();
        for rule in &program.rules {
            let mut own = Vec::new();
            for detection in rule.source.detection.named.values() {
                fields_of(detection, &mut own);
            }
            fields.extend(own.into_iter().map(str::to_owned));
        }
        for correlation in &program.correlations {
            for reference in &correlation.references {
                fields.extend(reference.group_by.iter().cloned());
            }
            fields.extend(correlation.condition.field.iter().flatten().cloned());
        }
        fields.sort();
        fields.dedup();
        Some(Self {
            program,
            lacking: fields.into_iter().map(|field| (field, 0)).collect(),
            concerned: HashMap::new(),
            events: 0,
        })
    }

    /// Looks at an event.
    pub fn take(&mut self, event: &EnrichedEvent, people: &People) {
        let view = EventView::new(event, people);
        if !self.concerns(&event.event.event_type, &view) {
            return;
        }
        self.events += 1;
        for (field, lacking) in &mut self.lacking {
            if view.get_field(field).is_none_or(|value| value.is_null()) {
                *lacking += 1;
            }
        }
    }

    fn concerns(&mut self, event_type: &str, view: &EventView<'_>) -> bool {
        if let Some(known) = self.concerned.get(event_type) {
            return *known;
        }
        if self.concerned.len() >= TYPES_MAX {
            self.concerned.clear();
        }
        let rules = &self.program.rules;
        let matters = rules
            .iter()
            .any(|rule| route::may_match(&rule.compiled, event_type, view));
        self.concerned.insert(event_type.into(), matters);
        matters
    }

    /// How many events it was that the policy looks at.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The fields that any of them lacked, and how many did.
    pub fn lacking(&self) -> impl Iterator<Item = (&str, u64)> {
        let lacking = self.lacking.iter();
        lacking
            .filter(|(_, events)| *events > 0)
            .map(|(field, events)| (field.as_str(), *events))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;
    use crate::Pack;
    use crate::policy::example;

    const POLICY: &str = r"
title: Sign-in from elsewhere
logsource: {product: asana, service: audit}
detection:
  selection: {event_type: user_login_succeeded, ip.country|neq: DE, details.new_value: null}
  condition: selection
";

    #[test]
    fn what_is_lacking_is_counted_among_the_events_that_matter() {
        let pack = Pack::parse(&[(PathBuf::from("policy.yml"), POLICY.to_owned())]);
        let mut census = FieldCensus::new(&pack.policies[0]).unwrap();
        let events = [
            json!({"event_type": "user_login_succeeded", "ip": {"country": "FR"}}),
            json!({"event_type": "user_login_succeeded", "details": {"new_value": null}}),
            json!({"event_type": "user_login_succeeded", "details": {"new_value": 1}}),
            json!({"event_type": "task_deleted"}),
        ];
        for event in &example::events(&events).unwrap() {
            census.take(event, &People::default());
        }
        assert_eq!(census.events(), 3);
        let lacking: Vec<_> = census.lacking().collect();
        assert_eq!(lacking, [("details.new_value", 2), ("ip.country", 2)]);
    }
}
