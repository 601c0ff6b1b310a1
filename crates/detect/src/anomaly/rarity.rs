use super::moment::Moment;
use crate::Rarity;
use crate::baseline::{Attribute, PersonBaseline, Second, days_between, name_of};

/// How rare the attributes of an event are, for the person and for the organisation, as known before it. Unknown ones are left out.
pub(super) fn rarity(moment: &Moment<'_>) -> Vec<Rarity> {
    let known = Attribute::ALL.into_iter().filter_map(|attribute| {
        let value = moment.observed.traits.get(attribute)?;
        let person = moment
            .person
            .and_then(|person| last_seen(person, attribute, value));
        let anybody = moment.value(attribute, value);
        Some(Rarity {
            attribute: attribute.as_str().to_owned(),
            // As the event itself calls it: the memory may not know the value yet.
            value: name_of(attribute, moment.observed).into(),
            person_last_seen_days: person.map(|last| rounded(days_between(last, moment.at))),
            organisation_last_seen_days: anybody
                .map(|known| rounded(days_between(known.seen.last, moment.at))),
        })
    });
    known.collect()
}

/// To a hundredth: a quarter of an hour is exact enough, and reads better.
fn rounded(days: f64) -> f64 {
    (days * 100.0).round() / 100.0
}

fn last_seen(person: &PersonBaseline, attribute: Attribute, value: u64) -> Option<Second> {
    let seen = match attribute {
        Attribute::Country => person.countries.get(value),
        Attribute::Network => {
            let in_person = person.networks.get(value);
            let by_token = person.token_networks.get(value);
            in_person
                .into_iter()
                .chain(by_token)
                .max_by_key(|seen| seen.last)
        }
        Attribute::Device => person.devices.get(value),
        Attribute::DeviceKind => person.device_kinds.get(value),
        Attribute::EventType => person.event_types.get(value),
        Attribute::App => person.apps.get(value),
    };
    seen.map(|seen| seen.last)
}
