//! Between the vocabulary and what stands in a column.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use drishti_model::{HealthSeverity, HealthStatus, Severity, SourceName, TimeRange};

use crate::NAME_CHARS_MAX;
use crate::error::{Fault, Step};

/// Microseconds of a day.
pub(crate) const DAY_MICROS: i64 = 86_400_000_000;

/// A time as it stands in a column: microseconds since 1970 in UTC.
pub(crate) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// The time that stands in a column.
pub(crate) fn moment(micros: i64) -> Step<DateTime<Utc>> {
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| Fault::Unreadable(format!("{micros} microseconds since 1970 is no time")))
}

/// The time that stands in a column, where there is one.
pub(crate) fn moment_if_any(micros: Option<i64>) -> Step<Option<DateTime<Utc>>> {
    micros.map(moment).transpose()
}

/// The span between two columns, which is never empty.
pub(crate) fn range(start: i64, end: i64) -> Step<TimeRange> {
    TimeRange::new(moment(start)?, moment(end)?)
        .ok_or_else(|| Fault::Unreadable(format!("the span from {start} to {end} is empty")))
}

/// Text as it stands in a column. PostgreSQL's text has no NUL, so it becomes U+FFFD in both databases.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The value that a word in a column stands for.
pub(crate) fn word<T: FromStr<Err: Display>>(word: &str) -> Step<T> {
    word.parse()
        .map_err(|problem: T::Err| Fault::Unreadable(problem.to_string()))
}

/// The name of a source in a column.
pub(crate) fn source_name(name: String) -> Step<SourceName> {
    SourceName::new(name).map_err(|problem| Fault::Unreadable(problem.to_string()))
}

/// The health that a word in a column stands for.
pub(crate) fn health_status(word: &str) -> Step<HealthStatus> {
    one_of(
        word,
        [HealthStatus::Healthy, HealthStatus::Unhealthy],
        HealthStatus::as_str,
    )
}

/// The severity that a word in a column stands for.
pub(crate) fn severity(word: &str) -> Step<HealthSeverity> {
    one_of(
        word,
        [
            HealthSeverity::Information,
            HealthSeverity::Warning,
            HealthSeverity::Error,
        ],
        HealthSeverity::as_str,
    )
}

fn one_of<T: Copy, const N: usize>(
    word: &str,
    values: [T; N],
    name: fn(T) -> &'static str,
) -> Step<T> {
    values
        .into_iter()
        .find(|value| name(*value) == word)
        .ok_or_else(|| Fault::Unreadable(format!("`{word}` has no meaning here")))
}

/// A count as it stands in a column.
pub(crate) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A text of people's as it stands in a column, unless it has more than `chars_max` characters; `what` is how the refusal names it.
pub(crate) fn within(what: &str, given: &str, chars_max: usize) -> Step<String> {
    let chars = given.chars().count();
    if chars > chars_max {
        return Err(Fault::Refused(format!(
            "{what} has {chars} characters, more than {chars_max}"
        )));
    }
    Ok(text(given))
}

/// A name as it stands in a column: some text within [`NAME_CHARS_MAX`].
pub(crate) fn name(what: &str, given: &str) -> Step<String> {
    if given.is_empty() {
        return Err(Fault::Refused(format!("{what} is empty")));
    }
    within(what, given, NAME_CHARS_MAX)
}

/// JSON as it stands in a column, unless it is none or has more than `bytes_max` bytes.
pub(crate) fn json(what: &str, given: &str, bytes_max: usize) -> Step<String> {
    if given.len() > bytes_max {
        return Err(Fault::Refused(format!(
            "{what} has {} bytes, more than {bytes_max}",
            given.len()
        )));
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(given) {
        Ok(_) => Ok(text(given)),
        Err(problem) => Err(Fault::Refused(format!("{what} is no JSON: {problem}"))),
    }
}

/// A text from events as it stands in a column, cut after `chars_max` characters: it may be hostile and must not stop detection.
pub(crate) fn cut(given: &str, chars_max: usize) -> String {
    match given.char_indices().nth(chars_max) {
        None => text(given),
        Some((end, _)) => {
            let kept = given.get(..end).unwrap_or_default();
            format!("{}…", text(kept))
        }
    }
}

/// The day of a time, in days since 1970.
pub(crate) fn day_of(micros: i64) -> i64 {
    micros.div_euclid(DAY_MICROS)
}

/// The date that stands in a column as days since 1970.
pub(crate) fn date(day: i64) -> Step<NaiveDate> {
    let date = day
        .checked_mul(DAY_MICROS)
        .and_then(DateTime::from_timestamp_micros);
    date.map(|moment| moment.date_naive())
        .ok_or_else(|| Fault::Unreadable(format!("{day} days since 1970 is no date")))
}

/// A date as it stands in a column.
pub(crate) fn day(date: NaiveDate) -> i64 {
    day_of(micros(date.and_time(NaiveTime::MIN).and_utc()))
}

/// An alert's severity as it stands in a column: its place in [`Severity::ALL`].
pub(crate) fn rank(severity: Severity) -> i16 {
    match severity {
        Severity::Informational => 0,
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

/// The severity of an alert in a column.
pub(crate) fn ranked(rank: i16) -> Step<Severity> {
    Severity::ALL
        .into_iter()
        .find(|severity| self::rank(*severity) == rank)
        .ok_or_else(|| Fault::Unreadable(format!("{rank} is no severity")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_events_are_cut_and_texts_of_people_refused() {
        assert_eq!(cut("äbc", 3), "äbc");
        assert_eq!(cut("äbcd", 3), "äbc…");
        assert_eq!(cut("ä\0cd", 2), "ä\u{fffd}…");
        assert_eq!(within("it", "äb\0", 3).unwrap(), "äb\u{fffd}");
        let refusals = [
            within("it", "äbcd", 3),
            name("its name", ""),
            json("it", "[1,2]", 4),
            json("it", "[1", 4),
        ];
        let problems: Vec<String> = refusals
            .into_iter()
            .map(|refused| match refused {
                Err(Fault::Refused(problem)) => problem,
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            "it has 4 characters, more than 3",
            "its name is empty",
            "it has 5 bytes, more than 4",
            "it is no JSON: EOF while parsing a list at line 1 column 2",
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn days_begin_at_midnight_also_before_1970() {
        for (micros, expected) in [
            (0, 0),
            (DAY_MICROS - 1, 0),
            (DAY_MICROS, 1),
            (-1, -1),
            (-DAY_MICROS, -1),
        ] {
            assert_eq!(day_of(micros), expected, "{micros}");
            assert_eq!(day(date(expected).unwrap()), expected);
        }
        assert!(date(i64::MAX).is_err());
    }

    #[test]
    fn severities_keep_their_order() {
        assert!(Severity::ALL.is_sorted_by_key(|severity| rank(*severity)));
        for severity in Severity::ALL {
            assert_eq!(ranked(rank(severity)).unwrap(), severity);
        }
        assert!(ranked(5).is_err());
    }
}
