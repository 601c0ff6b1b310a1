//! Acting for others: Defender's *unusual impersonated activity* (`defender-behaviour.md`, section 1.6).

use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{Aspects, DAY, Lessons, acted_for, days_between};
use crate::{Entity, EntityKind};

/// Asana's support, or somebody else, acts for a person for whom they did not act lately.
#[derive(Debug)]
pub(super) struct ActingForOthers {
    learning_days: u32,
    quiet_days: u32,
}

impl ActingForOthers {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            learning_days: parameters.learning_days(7),
            quiet_days: parameters.count("quiet_days", 30, 1..=365),
        }
    }
}

impl Judge for ActingForOthers {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::FOR_OTHERS)
    }

    fn asks(&self) -> Lessons {
        Lessons::empty()
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        moment.require(moment.has(Aspects::FOR_OTHERS), || {
            "neither Asana's support nor anybody else acted for another person".to_owned()
        })?;
        let organisation = moment.organisation_learned(self.learning_days)?;
        let known = organisation.acted_for.get(acted_for(moment.observed));
        let since = moment.at.saturating_sub(self.quiet_days * DAY);
        if let Some(known) = known.filter(|known| known.last >= since) {
            return Err(moment.quiet(|| {
                format!(
                    "the same one acted for the same person {} ago too; {} days without are needed",
                    words::days(days_between(known.last, moment.at)),
                    self.quiet_days
                )
            }));
        }
        let event = &moment.observed.event.event;
        let (entity, whom) = whom(moment);
        let who = who(moment);
        let mut raised = Raised::new(
            entity,
            format!("{who} acted for {whom}: `{}`", event.event_type),
        );
        raised.expected = match known {
            Some(known) => format!(
                "{who} does not act for {whom}; the last time was {} ago",
                words::days(days_between(known.last, moment.at))
            ),
            None => format!("{who} does not act for {whom}, and never did"),
        };
        raised.seen = format!("{who} did `{}` for {whom}", event.event_type);
        if let Some(known) = known {
            raised.compare(
                "days since the same one acted for them",
                days_between(known.last, moment.at),
                f64::from(self.quiet_days),
            );
        }
        let days = self.quiet_days;
        raised.unsuppressed(format!(
            "{who} did not act for them within the last {days} days"
        ));
        if moment.has(Aspects::ADMINISTRATION) {
            raised.steps += 1;
            raised.unsuppressed(
                "it changed a setting of the organisation, which raises the severity",
            );
        }
        Ok(raised)
    }
}

/// For whom it was done, as an entity and in words.
fn whom(moment: &Moment<'_>) -> (Entity, String) {
    let person = moment.observed.event.event.context.on_behalf_of_user_id;
    let (kind, id, words) = match person {
        Some(person) => (
            EntityKind::Person,
            person.to_string(),
            format!("user {person}"),
        ),
        None => (
            EntityKind::Organisation,
            "workspace".to_owned(),
            "somebody who is not named".to_owned(),
        ),
    };
    (
        Entity {
            kind,
            id,
            name: None,
        },
        words,
    )
}

fn who(moment: &Moment<'_>) -> String {
    let subject = moment.observed.subject.as_ref();
    match moment.observed.event.event.actor.actor_type.as_deref() {
        Some("asana_support") => "Asana's support".to_owned(),
        _ => subject
            .map_or("somebody", |subject| subject.name)
            .to_owned(),
    }
}
