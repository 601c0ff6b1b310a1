use drishti_model::{AuditEvent, EnrichedEvent};
use foldhash::HashMap;

use chrono::{DateTime, Utc};

use crate::EntityKind;
use crate::baseline::{Aspects, Subject, TypeFacts, of_context};

/// Somebody who did something: how often, and when first and last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Asana's gid, else the e-mail address in lower case: as detection knows people.
    pub person: String,
    /// A person or a service account.
    pub kind: EntityKind,
    /// The newest display name that was told.
    pub name: Option<String>,
    /// The newest e-mail address that was told.
    pub email: Option<String>,
    /// When the first of the events happened.
    pub first_at: DateTime<Utc>,
    /// When the last of them happened.
    pub last_at: DateTime<Utc>,
    /// How many events they did.
    pub events: u64,
}

impl Presence {
    fn note(&mut self, event: &AuditEvent) {
        self.events += 1;
        self.first_at = self.first_at.min(event.created_at);
        self.last_at = self.last_at.max(event.created_at);
        renew(&mut self.name, event.actor.name.as_deref());
        renew(&mut self.email, event.actor.email.as_deref());
        if of_context(event).contains(Aspects::SERVICE_ACCOUNT) {
            self.kind = EntityKind::ServiceAccount;
        }
    }
}

/// Who did something in the events since it was last asked. Asana itself, its support and strangers are nobody here, and what was
/// refused to an address without gid counts for nobody: it may be made up.
#[derive(Debug, Default)]
pub struct Presences(HashMap<Box<str>, Presence>);

impl Presences {
    /// Takes an event.
    pub fn note(&mut self, event: &EnrichedEvent) {
        let event = &event.event;
        let Some(subject) = Subject::of_actor(&event.actor) else {
            return;
        };
        let aspects = || TypeFacts::new(&event.event_type).aspects;
        // Whoever is known by then: what is counted must not depend on how events are cut into steps.
        if !subject.has_gid && aspects().contains(Aspects::FAILED) {
            return;
        }
        if let Some(known) = self.0.get_mut(&*subject.key) {
            return known.note(event);
        }
        let mut presence = Presence {
            person: subject.key.as_ref().to_owned(),
            kind: EntityKind::Person,
            name: None,
            email: None,
            first_at: event.created_at,
            last_at: event.created_at,
            events: 0,
        };
        presence.note(event);
        self.0.insert(subject.key.as_ref().into(), presence);
    }

    /// Who it was, by id; from here on it begins anew.
    pub fn take(&mut self) -> Vec<Presence> {
        let mut all: Vec<Presence> = self.0.drain().map(|(_, presence)| presence).collect();
        all.sort_unstable_by(|a, b| a.person.cmp(&b.person));
        all
    }
}

fn renew(known: &mut Option<String>, told: Option<&str>) {
    if let Some(told) = told
        && known.as_deref() != Some(told)
    {
        *known = Some(told.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use drishti_model::Actor;

    use super::*;

    fn event(at: &str, kind: &str, actor: Actor) -> EnrichedEvent {
        EnrichedEvent {
            event: AuditEvent {
                created_at: format!("2026-11-20T{at}:00Z").parse().unwrap(),
                event_type: kind.to_owned(),
                actor,
                ..AuditEvent::default()
            },
            address: None,
            device: None,
        }
    }

    fn actor(kind: &str, gid: &str, name: &str, email: &str) -> Actor {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Actor {
            actor_type: given(kind),
            gid: given(gid),
            name: given(name),
            email: given(email),
        }
    }

    #[test]
    fn people_are_counted_by_what_they_are_known_by() {
        let mut presences = Presences::default();
        for (at, kind, actor) in [
            (
                "10:00",
                "user_login_succeeded",
                actor("user", "7", "Ada", "ada@example.com"),
            ),
            ("11:00", "task_deleted", actor("user", "7", "Ada B.", "")),
            (
                "09:00",
                "task_deleted",
                actor("", "", "", "Ben@Example.com"),
            ),
            (
                "09:30",
                "user_login_failed",
                actor("user", "", "", "ben@example.com"),
            ),
            (
                "09:40",
                "user_login_failed",
                actor("user", "", "", "made-up@example.com"),
            ),
            ("09:50", "task_deleted", actor("asana", "", "", "")),
            ("09:55", "task_deleted", actor("anonymous", "3", "", "")),
        ] {
            presences.note(&event(at, kind, actor));
        }
        let mut by_program = event("12:00", "task_deleted", actor("user", "9", "", ""));
        by_program.event.context.api_authentication_method = Some("service_account".to_owned());
        presences.note(&by_program);
        let told: Vec<_> = presences.take();
        let known: Vec<(&str, EntityKind, u64)> = told
            .iter()
            .map(|who| (who.person.as_str(), who.kind, who.events))
            .collect();
        assert_eq!(
            known,
            [
                ("7", EntityKind::Person, 2),
                ("9", EntityKind::ServiceAccount, 1),
                ("ben@example.com", EntityKind::Person, 1),
            ]
        );
        let ada = &told[0];
        assert_eq!(ada.name.as_deref(), Some("Ada B."));
        assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
        assert_eq!((ada.last_at - ada.first_at).num_hours(), 1);
        assert_eq!(presences.take(), []);
    }
}
