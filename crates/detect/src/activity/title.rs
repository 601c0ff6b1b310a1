use rsigma_eval::Event;

use super::describe::cut;
use super::view::{EventView, shown};

/// Longest title, in characters.
const TITLE_CHARACTERS: usize = 200;

/// The field that says what a correlation counted.
const COUNT: &str = "count";

/// Stands for a field that the event does not have.
const UNKNOWN: &str = "«unknown»";

/// What a title says of somebody or something whose usual name the event does not have.
const STAND_INS: [(&str, &[&str]); 3] = [
    ("actor.email", &["actor.name", "actor.gid"]),
    ("resource.email", &["resource.name", "resource.gid"]),
    ("resource.name", &["resource.email", "resource.gid"]),
];

/// A title with fields in braces: `{actor.email} made SAML optional`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Title {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
}

impl Title {
    pub(super) fn parse(template: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((text, after)) = rest.split_once('{') {
            let Some((field, after)) = after.split_once('}') else {
                break;
            };
            parts.push(Part::Text(text.to_owned()));
            parts.push(Part::Field(field.trim().to_owned()));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Self { parts }
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Field(field) => Some(field.as_str()),
            Part::Text(_) => None,
        })
    }

    pub(super) fn fill(&self, view: &EventView<'_>) -> String {
        let mut title = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => title.push_str(text),
                Part::Field(field) => match told(view, field) {
                    Some(told) => title.push_str(&told),
                    None => title.push_str(UNKNOWN),
                },
            }
        }
        cut(&title, TITLE_CHARACTERS)
    }
}

/// The value of a field, or of what stands in for it.
fn told(view: &EventView<'_>, field: &str) -> Option<String> {
    let stand_ins = STAND_INS.iter().find(|(of, _)| *of == field);
    let stand_ins = stand_ins.map_or(&[][..], |(_, stand_ins)| stand_ins);
    std::iter::once(field)
        .chain(stand_ins.iter().copied())
        .find_map(|field| {
            let value = view.get_field(field).filter(|value| !value.is_null())?;
            let more = if field == COUNT && view.is_count_least() {
                " or more"
            } else {
                ""
            };
            Some(shown(&value) + more)
        })
}

#[cfg(test)]
mod tests {
    use drishti_model::{Actor, AuditEvent, EnrichedEvent};

    use super::*;
    use crate::People;

    #[test]
    fn fields_are_filled_in() {
        let event = EnrichedEvent {
            event: AuditEvent {
                actor: Actor {
                    email: Some("ada@example.com".to_owned()),
                    name: Some("x".repeat(300)),
                    ..Actor::default()
                },
                resource: drishti_model::Resource {
                    gid: Some("12081".to_owned()),
                    ..drishti_model::Resource::default()
                },
                details: Some(r#"{"list": ["a", "b"], "none": null}"#.to_owned()),
                ..AuditEvent::default()
            },
            ..EnrichedEvent::default()
        };
        let people = People::default();
        let view = EventView::new(&event, &people).counting(12.0, true);
        for (template, title) in [
            ("{actor.email} did it", "ada@example.com did it"),
            ("{ details.list }: {count}", "a, b: 12 or more"),
            ("{resource.name}/{details.none}", "12081/«unknown»"),
            ("{context.user_agent}", "«unknown»"),
            ("a { b", "a { b"),
            ("plain", "plain"),
        ] {
            assert_eq!(Title::parse(template).fill(&view), title);
        }
        let long = Title::parse("{actor.name}").fill(&view);
        assert_eq!(long.chars().count(), TITLE_CHARACTERS + 1);
    }
}
