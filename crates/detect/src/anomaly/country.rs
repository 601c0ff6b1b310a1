//! Activity from infrequent country (`defender-behaviour.md`, section 1.3 b).

use super::address::{origin, what};
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::parameters::{Parameters, Sensitivity};
use super::words;
use crate::baseline::{Aspects, Attribute, DAY, Lessons, Second, country_code, days_between};

/// Compared with whose past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compared {
    Person,
    Organisation,
    Both,
}

/// Activity from a country in which nobody is expected.
#[derive(Debug)]
pub(super) struct InfrequentCountry {
    compared: Compared,
    learning_days: u32,
    memory_days: u32,
}

impl InfrequentCountry {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let choices = [
            ("person", Compared::Person),
            ("organisation", Compared::Organisation),
            ("both", Compared::Both),
        ];
        let sensitivity = parameters.sensitivity();
        let usual = match sensitivity {
            Sensitivity::Low => Compared::Both,
            Sensitivity::Medium | Sensitivity::High => Compared::Person,
        };
        Self {
            compared: parameters.choice("new_for", usual, &choices),
            learning_days: parameters.learning_days(7),
            memory_days: parameters.memory_days(),
        }
    }
}

/// When a country was seen last.
struct Past {
    person: Option<Second>,
    organisation: Option<Second>,
    /// What was seen before does not count.
    since: Second,
}

impl InfrequentCountry {
    fn past(&self, moment: &Moment<'_>, country: u64) -> Past {
        let memory = self.memory_days.saturating_mul(DAY);
        let by_person = moment
            .person
            .and_then(|person| person.countries.get(country));
        let by_anybody = moment.value(Attribute::Country, country);
        Past {
            person: by_person.map(|seen| seen.last),
            // In person: a program that runs somewhere does not make the country usual.
            organisation: by_anybody.and_then(|known| known.crowd.last()),
            since: moment.at.saturating_sub(memory),
        }
    }

    /// Whoever is compared with was not seen there lately.
    fn not_seen(&self, moment: &Moment<'_>, country: u64, past: &Past) -> Result<(), Quiet> {
        let lately = |last: Option<Second>| last.filter(|last| *last >= past.since);
        let ago = |last| words::days(days_between(last, moment.at));
        if self.compared != Compared::Organisation
            && let Some(last) = lately(past.person)
        {
            return Err(moment.quiet(|| {
                format!(
                    "they were seen in {} {} ago",
                    country_code(country),
                    ago(last)
                )
            }));
        }
        if self.compared != Compared::Person
            && let Some(last) = lately(past.organisation)
        {
            return Err(moment.quiet(|| {
                let country = country_code(country);
                format!(
                    "somebody of the organisation was seen in {country} {} ago",
                    ago(last)
                )
            }));
        }
        Ok(())
    }
}

impl Judge for InfrequentCountry {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::INTERACTIVE))
    }

    fn asks(&self) -> Lessons {
        Lessons::COUNTRIES | Lessons::COUNTRIES_OF_ALL
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.interactive()?;
        let country = moment.country()?;
        let past = self.past(moment, country);
        self.not_seen(moment, country, &past)?;
        let person = moment.learned(self.learning_days)?;
        let facts = moment.facts()?;
        moment.not_own_address(facts)?;
        let hidden = moment.observed.hidden_place;
        moment.require(hidden.is_none(), || {
            let kind = hidden.unwrap_or("no place");
            format!("the address is {kind}, whose country is not the person's")
        })?;
        let code = country_code(country);
        let title = format!(
            "{} was active in {code}, where they are not expected",
            subject.name
        );
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "activity comes from {}",
            words::usual(moment, person, Attribute::Country)
        );
        raised.seen = format!("{} came from {}", what(moment), origin(moment));
        if let Some(last) = past.person {
            raised.compare(
                "days since they were seen in this country",
                days_between(last, moment.at),
                f64::from(self.memory_days),
            );
        }
        if past.organisation.is_none_or(|last| last < past.since) {
            raised.steps += 1;
            raised.unsuppressed("nobody else of the organisation was seen in this country either");
        }
        raised.compare(
            "days for which habits are known",
            days_between(person.learning_since, moment.at),
            f64::from(self.learning_days),
        );
        raised.unsuppressed(
            "the address is neither the organisation's own nor one that hides where they are",
        );
        Ok(raised)
    }
}
