//! Much more of something than usual: Defender's *mass download*, *unusual file share* and *unusual file deletion*
//! (`defender-behaviour.md`, section 1.6; `detections-catalogue.md`, numbers 57 to 59 and 63).

use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{Action, Aspects, DAY, HOUR, Lessons, Memory, Second, Spread};
use drishti_model::AccountRole;

/// From so many days of colleagues on, they are compared with.
const PEER_DAYS_MIN: u16 = 20;
/// So many times the busiest hour of the last weeks is still within habit.
const MOST_FACTOR: f64 = 2.0;
/// A day may hold so many times the least number of an hour.
const DAY_FACTOR: u32 = 3;

/// Far more of one kind of action than the person and their colleagues usually do.
#[derive(Debug)]
pub(super) struct Mass {
    action: Action,
    minimum: u32,
    deviations: f64,
    learning_days: u32,
    peers: bool,
    /// Up to so many an hour by administrators are their work.
    administrators_max: u32,
}

/// How much is too much, and how much there was.
struct Volume {
    /// `hour` or `day`.
    span: &'static str,
    count: u32,
    limit: f64,
    own: f64,
    peers: f64,
}

impl Volume {
    fn ratio(&self) -> f64 {
        f64::from(self.count) / self.limit
    }
}

impl Mass {
    pub(super) fn new(action: Action, parameters: &mut Parameters<'_>) -> Self {
        let (minimum, administrators_max) = match action {
            Action::Export => (20, 0),
            Action::Deletion => (100, 1_000),
            Action::Invitation => (20, 500),
            Action::Sharing => (40, 500),
            _ => (40, 0),
        };
        let deviations = parameters.sensitivity().choose(4.0, 3.0, 2.5);
        Self {
            action,
            minimum: parameters.count("minimum", minimum, 2..=100_000),
            deviations,
            learning_days: parameters.learning_days(7),
            peers: parameters.flag("peers", true),
            administrators_max: parameters.count(
                "administrators_max",
                administrators_max,
                0..=1_000_000,
            ),
        }
    }

    /// The hour that ends now, or this day, whichever is further beyond its limit.
    fn volume(&self, moment: &Moment<'_>) -> Volume {
        let rate = moment.person.and_then(|person| person.rate(self.action));
        let role = moment.observed.role();
        let peers = moment
            .organisation
            .and_then(|organisation| organisation.peers(role, self.action));
        let peers = peers.filter(|peers| self.peers && peers.hours.days >= PEER_DAYS_MIN);
        let volume =
            |span, before: u32, minimum: u32, own: Option<&Spread>, peers: Option<&Spread>| {
                let own = own.filter(|own| own.days > 0);
                let own = own.map_or(0.0, |own| {
                    own.above(self.deviations).max(own.most * MOST_FACTOR)
                });
                let peers = peers.map_or(0.0, |peers| peers.above(self.deviations));
                Volume {
                    span,
                    count: before.saturating_add(1),
                    limit: f64::from(minimum).max(own).max(peers),
                    own,
                    peers,
                }
            };
        let hour = volume(
            "hour",
            rate.map_or(0, |rate| rate.hour_count(moment.at)),
            self.minimum,
            rate.map(|rate| &rate.hours),
            peers.map(|peers| &peers.hours),
        );
        let day = volume(
            "day",
            rate.map_or(0, |rate| rate.day_count(moment.at)),
            self.minimum.saturating_mul(DAY_FACTOR),
            rate.map(|rate| &rate.days),
            peers.map(|peers| &peers.days),
        );
        if day.ratio() > hour.ratio() && day.ratio() >= 1.0 {
            day
        } else {
            hour
        }
    }

    /// Tidying up is an administrator's work: what they delete can be restored, and they are where they always are.
    fn not_administrators_work(&self, moment: &Moment<'_>, volume: &Volume) -> Result<(), Quiet> {
        if volume.count > self.administrators_max
            || moment.observed.role() != Some(AccountRole::Admin)
        {
            return Ok(());
        }
        let Some(person) = moment.person else {
            return Ok(());
        };
        let hour_ago = moment.at.saturating_sub(HOUR);
        let permanent = moment.has(Aspects::PERMANENT)
            || person
                .recent
                .iter()
                .any(|recent| recent.at >= hour_ago && recent.is(Aspects::PERMANENT));
        let unfamiliar = moment.unfamiliar(person, 3);
        moment.require(permanent || unfamiliar.either(), || {
            format!(
                "they are an administrator on a device and in a network that they have used before, nothing was done that can't be undone, and up to {} are taken as their work",
                self.administrators_max
            )
        })
    }
}

/// Once it was raised, it is raised again when it has doubled, weighs more, or begins anew.
fn not_said_already(moment: &Moment<'_>, volume: &Volume) -> Result<(), Quiet> {
    let Some(said) = moment.raised() else {
        return Ok(());
    };
    let pause = if volume.span == "day" { DAY } else { HOUR };
    let over = said.at.saturating_add(pause) <= moment.at;
    let doubled = level(volume) >= said.level.saturating_mul(2);
    let worse = steps(volume.ratio()) > steps(f64::from(said.level) / 100.0);
    moment.require(over || doubled || worse, || {
        "it was raised already and has not doubled since".to_owned()
    })
}

/// How far beyond the limit, in hundredths.
fn level(volume: &Volume) -> u32 {
    let hundredths = (volume.ratio() * 100.0).clamp(0.0, 1e9).round();
    format!("{hundredths:.0}").parse().unwrap_or(u32::MAX)
}

impl Judge for Mass {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE | self.action.aspect())
    }

    fn asks(&self) -> Lessons {
        Lessons::ACTIONS | Lessons::FAMILIAR
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.subject()?;
        let what = self.action.plural();
        moment.require(moment.has(Aspects::DONE | self.action.aspect()), || {
            format!("the event is none of the {what} that are counted")
        })?;
        let volume = self.volume(moment);
        moment.require(f64::from(volume.count) >= volume.limit, || {
            format!(
                "{} {what} within the {}; {} are needed: at least {}, more than is usual for them ({}) and for colleagues in the same role ({})",
                volume.count, volume.span, words::number(volume.limit), self.minimum, words::number(volume.own), words::number(volume.peers)
            )
        })?;
        moment.organisation_learned(self.learning_days)?;
        self.not_administrators_work(moment, &volume)?;
        not_said_already(moment, &volume)?;
        let title = format!(
            "{} {what} by {} within one {}",
            volume.count, subject.name, volume.span
        );
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "at most {} {what} within one {}: {} at least, {} by their own habit, {} by that of colleagues in the same role",
            words::number(volume.limit),
            volume.span,
            self.minimum,
            words::number(volume.own),
            words::number(volume.peers)
        );
        raised.seen = format!("{} {what} within one {}", volume.count, volume.span);
        raised.compare(
            &format!("{what} within one {}", volume.span),
            f64::from(volume.count),
            volume.limit,
        );
        raised.compare("usual for the person", f64::from(volume.count), volume.own);
        if volume.peers > 0.0 {
            raised.compare(
                "usual for colleagues in the same role",
                f64::from(volume.count),
                volume.peers,
            );
        }
        if self.administrators_max > 0 {
            raised
                .unsuppressed("it is not the everyday work of an administrator on a known device");
        }
        raised.steps = steps(volume.ratio());
        let since = moment
            .at
            .saturating_sub(if volume.span == "day" { DAY } else { HOUR });
        raised.after(recent(moment, self.action.aspect(), since));
        raised.remember = Some((Memory::Subject, level(&volume)));
        Ok(raised)
    }
}

/// Severity grows with the quantity.
pub(super) fn steps(ratio: f64) -> i8 {
    i8::from(ratio >= 3.0) + i8::from(ratio >= 10.0)
}

/// The remembered actions of the person of these kinds.
pub(super) fn recent<'a>(
    moment: &Moment<'a>,
    aspects: Aspects,
    since: Second,
) -> impl Iterator<Item = &'a crate::baseline::Reference> {
    let recent = moment.person.into_iter().flat_map(|person| &person.recent);
    recent
        .filter(move |recent| recent.at >= since && recent.is_any(aspects))
        .map(|recent| &recent.event)
}
