//! Activity performed by terminated user (`defender-behaviour.md`, section 1.3 e).

use super::address::what;
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{Aspects, HOUR, Lessons};
use drishti_model::canonical_time;

/// Somebody whose account should have ended does something, with or without a program.
#[derive(Debug)]
pub(super) struct TerminatedUser {
    grace_hours: u32,
}

impl TerminatedUser {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            grace_hours: parameters.count("grace_hours", 1, 0..=720),
        }
    }
}

impl Judge for TerminatedUser {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE)
    }

    fn asks(&self) -> Lessons {
        Lessons::empty()
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.subject()?;
        moment.require(moment.has(Aspects::DONE), || {
            "the event is a failed one: nothing was done".to_owned()
        })?;
        let facts = moment
            .observed
            .facts
            .ok_or(Quiet::Lacks("a person that the directory knows"))?;
        let terminated = facts.terminated.as_ref();
        let terminated = terminated.ok_or_else(|| {
            moment.quiet(|| "no directory says that their account should have ended".to_owned())
        })?;
        let event = &moment.observed.event.event;
        let since = event.created_at.signed_duration_since(terminated.since);
        let grace = i64::from(self.grace_hours) * i64::from(HOUR);
        moment.require(since.num_seconds() >= grace, || {
            format!(
                "{} says that the account ends at {}, and {} hours of grace follow",
                terminated.told_by,
                canonical_time(terminated.since),
                self.grace_hours
            )
        })?;
        moment.require(!moment.has(Aspects::SIGN_OUT), || {
            "signing out ends activity rather than being some".to_owned()
        })?;
        let hours = f64::from(i32::try_from(since.num_minutes()).unwrap_or(i32::MAX)) / 60.0;
        let gone = words::days(hours / 24.0);
        let mut raised = Raised::about(
            subject,
            format!(
                "{} was active {gone} after their account should have ended",
                subject.name
            ),
        );
        raised.expected = format!(
            "nothing is done after {}, from when on {} says that the account should have ended",
            canonical_time(terminated.since),
            terminated.told_by
        );
        let how = if moment.has(Aspects::INTERACTIVE) {
            "in person"
        } else {
            "by a program or a token"
        };
        raised.seen = format!("{} {how}, {gone} later", what(moment));
        raised.compare(
            "hours since the account should have ended",
            hours,
            f64::from(self.grace_hours),
        );
        raised.unsuppressed(format!("the {} hours of grace are over", self.grace_hours));
        Ok(raised)
    }
}
