//! Unusual hours: Defender's *hours of activity* (`defender-behaviour.md`, section 1.1).

use super::address::what;
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::newness::SENSITIVE;
use super::parameters::Parameters;
use super::words;
use crate::baseline::{Aspects, DAY, Lessons, Memory, hour_of_day};

/// Activity at an hour of the week at which the person is hardly ever active.
#[derive(Debug)]
pub(super) struct UnusualHours {
    active_days: u16,
    share: f64,
    alone: bool,
}

impl UnusualHours {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let share = parameters.sensitivity().choose(0.002, 0.005, 0.02);
        let active_days = parameters.count("active_days", 20, 5..=200);
        Self {
            active_days: u16::try_from(active_days).unwrap_or(u16::MAX),
            share,
            alone: parameters.flag("alone", false),
        }
    }
}

impl Judge for UnusualHours {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::INTERACTIVE))
    }

    fn asks(&self) -> Lessons {
        Lessons::HOURS | Lessons::FAMILIAR
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.interactive()?;
        let nothing = || "nothing is known of their hours yet".to_owned();
        let person = moment.person.ok_or_else(|| moment.quiet(nothing))?;
        moment.require(person.active_days >= self.active_days, || {
            format!(
                "their hours are known from {} days; {} are needed",
                person.active_days, self.active_days
            )
        })?;
        let unfamiliar = moment.unfamiliar(person, 3);
        let sensitive = unfamiliar.network && moment.has_any(SENSITIVE);
        let strange = self.alone || unfamiliar.both() || sensitive;
        // Most events are of familiar places: the hour, which takes longer to compare, is only looked at where it matters.
        if !strange && !moment.explains {
            return Err(Quiet::Because(None));
        }
        let share = person.hours.share_around(moment.at);
        moment.require(share <= self.share, || {
            format!(
                "{:.1} % of their activity falls into this hour of the week and those around it",
                share * 100.0
            )
        })?;
        moment.require(strange, || {
            "the hour is unusual, but device or network is familiar: people work at night now and then".to_owned()
        })?;
        let said = moment
            .raised()
            .filter(|raise| raise.at.saturating_add(DAY) > moment.at);
        moment.require(said.is_none(), || {
            "this was raised within the last day".to_owned()
        })?;
        let hour = hour_of_day(moment.at);
        let title = format!(
            "{} was active at {hour:02}:00 UTC, when they hardly ever are",
            subject.name
        );
        let mut raised = Raised::about(subject, title);
        raised.expected = match person.hours.usual_span() {
            Some((from, until)) => format!(
                "nine tenths of their activity fall between {from:02}:00 and {until:02}:00 UTC"
            ),
            None => "their usual hours".to_owned(),
        };
        raised.seen = format!("{} at {hour:02}:00 UTC", what(moment));
        raised.compare(
            "share of activity around this hour of the week, in %",
            share * 100.0,
            self.share * 100.0,
        );
        raised.compare(
            "days from which their hours are known",
            f64::from(person.active_days),
            f64::from(self.active_days),
        );
        raised.unsuppressed(format!(
            "their hours have been learned for {}",
            words::watched(moment, person)
        ));
        raised.remember = Some((Memory::Subject, 0));
        Ok(raised)
    }
}
