//! Departing-user exfiltration: who is known to leave takes along more than usual.

use super::catalogue::{Interest, Judge};
use super::mass::{recent, steps};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{Action, Aspects, DAY, HOUR, Lessons, Memory, Spread};
use drishti_model::canonical_time;

const TAKING: Aspects = Aspects::DOWNLOAD.union(Aspects::EXPORT);

/// Downloads and exports of somebody who is going to leave, far beyond what they and their colleagues usually take.
#[derive(Debug)]
pub(super) struct DepartingUserExfiltration {
    minimum: u32,
    deviations: f64,
    sweeping: bool,
}

impl DepartingUserExfiltration {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let deviations = parameters.sensitivity().choose(3.0, 2.0, 1.5);
        Self {
            minimum: parameters.count("minimum", 15, 1..=10_000),
            deviations,
            sweeping: parameters.flag("sweeping", true),
        }
    }

    /// What the person, or colleagues, take on a day.
    fn usual(&self, of: impl Fn(Action) -> Option<Spread>) -> f64 {
        let spreads = [Action::Download, Action::Export]
            .into_iter()
            .filter_map(of);
        spreads.map(|spread| spread.above(self.deviations)).sum()
    }
}

/// What was taken on a day, this event included, and what would be too much.
struct Taken {
    count: u32,
    limit: f64,
    own: f64,
    peers: f64,
}

impl DepartingUserExfiltration {
    fn taken(&self, moment: &Moment<'_>) -> Taken {
        let rate = |action| moment.person.and_then(|person| person.rate(action));
        let before = |action| rate(action).map_or(0, |rate| rate.day_count(moment.at));
        let own = self.usual(|action| rate(action).map(|rate| rate.days));
        let peers = self.usual(|action| {
            let peers = moment.organisation?.peers(moment.observed.role(), action);
            peers.map(|peers| peers.days)
        });
        Taken {
            count: before(Action::Download)
                .saturating_add(before(Action::Export))
                .saturating_add(1),
            limit: f64::from(self.minimum).max(own).max(peers),
            own,
            peers,
        }
    }
}

impl Judge for DepartingUserExfiltration {
    fn interest(&self) -> Interest {
        Interest::any(Aspects::DONE, TAKING)
    }

    fn asks(&self) -> Lessons {
        Lessons::ACTIONS
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.subject()?;
        moment.require(moment.has(Aspects::DONE) && moment.has_any(TAKING), || {
            "the event is no download and no export".to_owned()
        })?;
        let facts = moment
            .observed
            .facts
            .ok_or(Quiet::Lacks("a person that the directory knows"))?;
        let leaving = facts
            .leaving_since
            .filter(|since| *since <= moment.observed.event.event.created_at);
        let leaving = leaving.ok_or_else(|| {
            moment.quiet(|| "no directory says that they are going to leave".to_owned())
        })?;
        let taken = self.taken(moment);
        let (count, limit) = (taken.count, taken.limit);
        let sweeping = self.sweeping && moment.has(Aspects::SWEEPING);
        moment.require(sweeping || f64::from(count) >= limit, || {
            format!("{count} downloads and exports on this day; {} are needed: at least {}, more than is usual for them ({}) and for colleagues ({})", words::number(limit), self.minimum, words::number(taken.own), words::number(taken.peers))
        })?;
        let ratio = f64::from(count) / limit;
        let said = moment
            .raised()
            .filter(|raise| raise.at.saturating_add(12 * HOUR) > moment.at);
        let doubled = said.is_none_or(|raise| count >= raise.level.saturating_mul(2));
        moment.require(doubled || sweeping, || {
            "it was raised already and has not doubled since".to_owned()
        })?;
        let since = canonical_time(leaving);
        let title = if sweeping {
            format!(
                "{}, who is leaving, exported a list of the whole organisation",
                subject.name
            )
        } else {
            format!(
                "{}, who is leaving, took {count} files and exports on one day",
                subject.name
            )
        };
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "at most {} downloads and exports on one day: {} at least, {} by their own habit, {} by that of colleagues",
            words::number(limit),
            self.minimum,
            words::number(taken.own),
            words::number(taken.peers)
        );
        raised.seen = format!(
            "{count} on this day, the newest `{}`; it has been known since {since} that they will leave",
            moment.observed.event.event.event_type
        );
        raised.compare("downloads and exports on one day", f64::from(count), limit);
        raised.unsuppressed(format!(
            "the directory has said since {since} that they are going to leave"
        ));
        raised.steps = steps(ratio);
        raised.after(recent(moment, TAKING, moment.at / DAY * DAY));
        raised.remember = Some((Memory::Subject, count));
        Ok(raised)
    }
}
