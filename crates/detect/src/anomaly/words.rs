//! How numbers and habits are put into sentences.

use super::moment::Moment;
use crate::baseline::{
    Attribute, FORGOTTEN_AFTER, PersonBaseline, Second, Seen, country_code, days_between,
};

/// Most values that a sentence lists.
const LISTED_MAX: usize = 4;

/// `3 days`, `1 day`, `5 hours`, `12 minutes`.
pub(super) fn days(days: f64) -> String {
    let (amount, unit) = if days >= 1.0 {
        (days, "day")
    } else if days >= 1.0 / 24.0 {
        (days * 24.0, "hour")
    } else {
        (days * 24.0 * 60.0, "minute")
    };
    let amount = amount.floor();
    let plural = if (amount - 1.0).abs() < f64::EPSILON {
        ""
    } else {
        "s"
    };
    format!("{amount:.0} {unit}{plural}")
}

/// `an event`, `3 events`.
pub(super) fn count(number: u32, one: &str, many: &str) -> String {
    match number {
        1 => format!("one {one}"),
        _ => format!("{number} {many}"),
    }
}

/// `nobody else of the organisation uses it`, `only 3 others of the organisation use it`.
pub(super) fn few_others_use(others: usize, what: &str) -> String {
    match others {
        0 => format!("nobody else of the organisation uses {what}"),
        1 => format!("only one other of the organisation uses {what}"),
        _ => format!("only {others} others of the organisation use {what}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How a value of an attribute is called.
pub(super) fn name_of(moment: &Moment<'_>, attribute: Attribute, value: u64) -> String {
    if attribute == Attribute::Country {
        return country_code(value);
    }
    match moment.value(attribute, value) {
        Some(known) if !known.name.is_empty() => known.name.to_string(),
        _ => format!("another {}", noun(attribute)),
    }
}

fn noun(attribute: Attribute) -> &'static str {
    match attribute {
        Attribute::Country => "country",
        Attribute::Network => "network",
        Attribute::Device => "device",
        Attribute::DeviceKind => "kind of device",
        Attribute::EventType => "event type",
        Attribute::App => "app",
    }
}

/// The most frequent values of an attribute with counts: `DE (412 events on 60 days) and IE (3 events on one day)`.
pub(super) fn usual(moment: &Moment<'_>, person: &PersonBaseline, attribute: Attribute) -> String {
    usual_since(
        moment,
        person,
        attribute,
        moment.at.saturating_sub(FORGOTTEN_AFTER),
    )
}

/// The same, however long ago they were seen.
pub(super) fn usual_ever(
    moment: &Moment<'_>,
    person: &PersonBaseline,
    attribute: Attribute,
) -> String {
    usual_since(moment, person, attribute, 0)
}

fn usual_since(
    moment: &Moment<'_>,
    person: &PersonBaseline,
    attribute: Attribute,
    since: Second,
) -> String {
    let seen = match attribute {
        Attribute::Country => person.countries.usual(since),
        Attribute::Network => person.networks.usual(since),
        Attribute::Device => person.devices.usual(since),
        Attribute::DeviceKind => person.device_kinds.usual(since),
        Attribute::EventType => person.event_types.usual(since),
        Attribute::App => person.apps.usual(since),
    };
    values(moment, attribute, &seen)
}

/// The same for values that are not a person's.
pub(super) fn values(moment: &Moment<'_>, attribute: Attribute, seen: &[Seen]) -> String {
    if seen.is_empty() {
        return "nowhere known".to_owned();
    }
    let more = seen.len().saturating_sub(LISTED_MAX);
    let mut words: Vec<String> = seen
        .iter()
        .take(LISTED_MAX)
        .map(|seen| {
            format!(
                "{} ({} on {})",
                name_of(moment, attribute, seen.value),
                count(seen.count, "event", "events"),
                count(u32::from(seen.days), "day", "days")
            )
        })
        .collect();
    if more > 0 {
        words.push(format!("{more} more"));
    }
    list(&words)
}

/// For how long somebody's habits have been learned.
pub(super) fn watched(moment: &Moment<'_>, person: &PersonBaseline) -> String {
    days(days_between(person.learning_since, moment.at))
}

/// A number without needless digits.
pub(super) fn number(number: f64) -> String {
    if (number - number.round()).abs() < 0.05 {
        format!("{number:.0}")
    } else {
        format!("{number:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_well() {
        for (amount, text) in [
            (1.0, "1 day"),
            (12.7, "12 days"),
            (0.5, "12 hours"),
            (1.0 / 24.0, "1 hour"),
            (0.01, "14 minutes"),
            (0.0, "0 minutes"),
        ] {
            assert_eq!(days(amount), text);
        }
        let words = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(list(&words(&["a"])), "a");
        assert_eq!(list(&words(&["a", "b", "c"])), "a, b and c");
        assert_eq!(number(3.04), "3");
        assert_eq!(number(2.51), "2.5");
        assert_eq!(count(1, "event", "events"), "one event");
    }
}
