//! Between the vocabulary and what stands in a column.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use drishti_model::{HealthSeverity, HealthStatus, SourceName, TimeRange};

use crate::error::{Fault, Step};

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
