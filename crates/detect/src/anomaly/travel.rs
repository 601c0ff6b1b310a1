//! Impossible travel (`defender-behaviour.md`, section 1.3 a).

use super::address::origin;
use super::borders;
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::parameters::{Parameters, Sensitivity};
use super::words;
use crate::baseline::{
    Aspects, Attribute, DAY, FORGOTTEN_AFTER, HOUR, Lessons, MINUTE, Memory, PersonBaseline, Place,
    Subject, country_code, days_between,
};

/// Mean radius of the earth.
const EARTH_RADIUS_KM: f64 = 6_371.0;
/// On so many days somebody must have been seen somewhere for it to be usual for them.
const USUAL_DAYS: u16 = 3;

/// Two places that are too far apart for the time between.
#[derive(Debug)]
pub(super) struct ImpossibleTravel {
    sensitivity: Sensitivity,
    learning_days: u32,
    speed_kmh: f64,
    distance_km: f64,
    memory_hours: u32,
    shared_people: usize,
    same_device_minutes: u32,
}

/// A journey that would have been.
struct Journey<'a> {
    from: &'a Place,
    to: Place,
    kilometres: f64,
    hours: f64,
}

impl Journey<'_> {
    fn speed(&self) -> f64 {
        self.kilometres / self.hours
    }
}

impl ImpossibleTravel {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            sensitivity: parameters.sensitivity(),
            learning_days: parameters.learning_days(7),
            speed_kmh: parameters.number("speed_kmh", 900.0, 100.0..=5_000.0),
            distance_km: parameters.number("distance_km", 300.0, 50.0..=10_000.0),
            memory_hours: parameters.count("memory_hours", 24, 1..=72),
            shared_people: parameters.shared_people(),
            same_device_minutes: parameters.count("same_device_minutes", 30, 0..=1_440),
        }
    }

    /// The fastest journey to `to` that is too fast.
    fn journey<'a>(
        &self,
        moment: &Moment<'_>,
        person: &'a PersonBaseline,
        to: &Place,
    ) -> Result<Journey<'a>, Quiet> {
        let since = to.at.saturating_sub(self.memory_hours.saturating_mul(HOUR));
        let mut fastest: Option<Journey<'a>> = None;
        let mut elsewhere = false;
        for from in person.places.iter().filter(|place| place.at >= since) {
            if from.country == to.country || borders::touch(from.country, to.country) {
                continue;
            }
            elsewhere = true;
            let minutes = to.at.saturating_sub(from.at).max(MINUTE);
            let journey = Journey {
                from,
                kilometres: kilometres(from, to),
                hours: f64::from(minutes) / f64::from(HOUR),
                to: to.clone(),
            };
            let faster = fastest
                .as_ref()
                .is_none_or(|known| journey.speed() > known.speed());
            if journey.kilometres >= self.distance_km && faster {
                fastest = Some(journey);
            }
        }
        let fastest = fastest.ok_or_else(|| {
            moment.quiet(|| {
                let hours = self.memory_hours;
                if elsewhere {
                    let km = self.distance_km;
                    format!("no other place of the last {hours} hours is {km} km away")
                } else {
                    let here = country_code(to.country);
                    format!("in the last {hours} hours they were seen only in {here} or in countries that border it")
                }
            })
        })?;
        moment.require(fastest.speed() > self.speed_kmh, || {
            format!(
                "{:.0} km from {} in {} is {:.0} km/h, and {} km/h are possible",
                fastest.kilometres,
                country_code(fastest.from.country),
                words::days(days_between(fastest.from.at, to.at)),
                fastest.speed(),
                self.speed_kmh,
            )
        })?;
        Ok(fastest)
    }

    /// The suppressions of the sensitivity: low has all, medium those of the system and the person, high those of the system.
    fn not_suppressed(
        &self,
        moment: &Moment<'_>,
        person: &PersonBaseline,
        journey: &Journey<'_>,
    ) -> Result<(), Quiet> {
        if self.sensitivity != Sensitivity::High {
            moment.require(!(journey.from.is_safe && journey.to.is_safe), || {
                "both addresses are the organisation's own".to_owned()
            })?;
            let usual = |place: &Place| {
                let since = moment.at.saturating_sub(FORGOTTEN_AFTER);
                let seen = person.countries.since(place.country, since);
                seen.is_some_and(|seen| seen.days >= USUAL_DAYS)
            };
            moment.require(!(usual(journey.from) && usual(&journey.to)), || {
                format!(
                    "both countries are usual for them: each was seen on at least {USUAL_DAYS} days"
                )
            })?;
        }
        if self.sensitivity == Sensitivity::Low {
            for place in [journey.from, &journey.to] {
                let others = place
                    .network
                    .map_or(0, |network| moment.others_in_network(network));
                moment.require(others < self.shared_people, || {
                    format!("{others} others of the organisation use the network in {}, so it is one that many share", country_code(place.country))
                })?;
            }
        }
        Ok(())
    }

    /// Says it in words.
    fn tell(
        &self,
        moment: &Moment<'_>,
        subject: &Subject<'_>,
        person: &PersonBaseline,
        journey: &Journey<'_>,
        same_device: bool,
    ) -> Box<Raised> {
        let (from_country, to_country) = (
            country_code(journey.from.country),
            country_code(journey.to.country),
        );
        let apart = words::days(days_between(journey.from.at, journey.to.at));
        let title = format!(
            "{} was in {from_country} and {apart} later in {to_country}",
            subject.name
        );
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "people travel at up to {} km/h; they are usually in {}",
            self.speed_kmh,
            words::usual(moment, person, Attribute::Country)
        );
        raised.seen = format!(
            "{:.0} km from {from_country} to {} in {apart}",
            journey.kilometres,
            origin(moment)
        );
        raised.compare("speed in km/h", journey.speed(), self.speed_kmh);
        raised.compare("distance in km", journey.kilometres, self.distance_km);
        raised.unsuppressed(
            "neither address is a VPN, a cloud or hosting provider, or an anonymiser",
        );
        raised.unsuppressed("the two countries are different and do not border each other");
        if self.sensitivity != Sensitivity::High {
            raised.unsuppressed(match (journey.from.is_safe, journey.to.is_safe) {
                (false, false) => "neither address is the organisation's own",
                (true, _) => {
                    "only the first address is the organisation's own; both would have to be"
                }
                (_, true) => {
                    "only the second address is the organisation's own; both would have to be"
                }
            });
            raised.unsuppressed(format!(
                "not both countries are usual for them (seen on at least {USUAL_DAYS} days)"
            ));
        }
        if same_device {
            raised.steps -= 2;
            raised.unsuppressed(format!("the same kind of device was used within {} minutes, which lowers the severity: it may be a VPN that no table knows", self.same_device_minutes));
        }
        raised.after([&journey.from.event]);
        raised.remember = Some((Memory::Subject, pair(journey)));
        raised
    }

    fn on_same_device(&self, journey: &Journey<'_>) -> bool {
        let apart = journey.to.at.saturating_sub(journey.from.at);
        journey.from.device.is_some()
            && journey.from.device == journey.to.device
            && apart <= self.same_device_minutes.saturating_mul(MINUTE)
    }
}

/// The same two countries are told once a day.
fn not_said_already(moment: &Moment<'_>, journey: &Journey<'_>) -> Result<(), Quiet> {
    let said = moment
        .raised()
        .filter(|raise| raise.level == pair(journey) && raise.at.saturating_add(DAY) > moment.at);
    moment.require(said.is_none(), || {
        "the same two countries were raised within the last day".to_owned()
    })
}

impl Judge for ImpossibleTravel {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::INTERACTIVE))
    }

    fn asks(&self) -> Lessons {
        let asks = Lessons::COUNTRIES | Lessons::PLACES;
        match self.sensitivity {
            Sensitivity::Low => asks | Lessons::NETWORKS_OF_ALL,
            Sensitivity::Medium | Sensitivity::High => asks,
        }
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.interactive()?;
        moment.country()?;
        let facts = moment.facts()?;
        if let Some(kind) = moment.observed.hidden_place {
            return Err(
                moment.quiet(|| format!("the address is {kind}, whose place is not the person's"))
            );
        }
        let unplaced = Quiet::Lacks("the coordinates of its address");
        // Most events come from where the last one came from: nothing is built for them.
        facts.coordinates().ok_or(unplaced.clone())?;
        let person = moment.learned(self.learning_days)?;
        let country = moment.observed.traits.country;
        let stayed = person
            .places
            .iter()
            .all(|place| Some(place.country) == country);
        moment.require(!stayed, || {
            "they were seen in no other country lately".to_owned()
        })?;
        let to = Place::of(moment.observed).ok_or(unplaced)?;
        let journey = self.journey(moment, person, &to)?;
        self.not_suppressed(moment, person, &journey)?;
        let same_device = self.on_same_device(&journey);
        moment.require(
            !(same_device && self.sensitivity == Sensitivity::Low),
            || {
                format!(
                    "the same kind of device within {} minutes: a VPN is likelier than a journey",
                    self.same_device_minutes
                )
            },
        )?;
        not_said_already(moment, &journey)?;
        Ok(self.tell(moment, subject, person, &journey, same_device))
    }
}

/// A number for the two countries, whichever comes first.
fn pair(journey: &Journey<'_>) -> u32 {
    let (one, other) = (journey.from.country, journey.to.country);
    let mixed = one.min(other).rotate_left(16) ^ one.max(other);
    u32::try_from(mixed & u64::from(u32::MAX)).unwrap_or(0)
}

/// The great-circle distance.
fn kilometres(one: &Place, other: &Place) -> f64 {
    let (latitude, other_latitude) = (one.latitude.to_radians(), other.latitude.to_radians());
    let half_latitudes = ((other_latitude - latitude) / 2.0).sin();
    let half_longitudes = ((other.longitude - one.longitude).to_radians() / 2.0).sin();
    let chord =
        half_latitudes.powi(2) + latitude.cos() * other_latitude.cos() * half_longitudes.powi(2);
    2.0 * EARTH_RADIUS_KM * chord.clamp(0.0, 1.0).sqrt().asin()
}
