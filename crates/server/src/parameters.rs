//! Parameters of addresses: taken apart, checked, and refused with their names.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Datelike, Utc};
use drishti_model::SourceName;
use drishti_services::ServiceError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;

use crate::bounds::{PAGE_DEFAULT, PAGE_MAX, PARAMETER_CHARACTERS_MAX};
use crate::principal::Scope;
use crate::problem::{Code, Problem};

/// Years that a time in a parameter may be in: what both the lake's columns and four digits can hold.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// The query part of an address as one or two structs. A name that none of them has is refused: a filter with a slip of the pen
/// must not become no filter.
pub(crate) struct Parameters<A, B = Nothing>(pub(crate) A, pub(crate) B);

/// No parameters.
#[derive(Deserialize, IntoParams)]
pub(crate) struct Nothing {}

impl<S, A, B> FromRequestParts<S> for Parameters<A, B>
where
    S: Sync,
    A: DeserializeOwned + IntoParams,
    B: DeserializeOwned + IntoParams,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let place = || Some(ParameterIn::Query);
        let described = A::into_params(place)
            .into_iter()
            .chain(B::into_params(place));
        let names: Vec<String> = described.map(|parameter| parameter.name).collect();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if !names.iter().any(|known| *known == name) {
                let problem = format!("there is no such parameter; known are {}", names.join(", "));
                return Err(Problem::parameter(&shortened(&name), problem));
            }
            plain(&name, &value)?;
        }
        Ok(Self(read(query)?, read(query)?))
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let parsed = form_urlencoded::parse(query.as_bytes());
    let deserializer = serde_html_form::Deserializer::new(parsed);
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| Problem::parameter(&error.path().to_string(), error.inner()))
}

/// Refuses values that no name, address or id has and that are only sent to see what breaks. An empty one is refused as well: a
/// variable that was forgotten must not become no filter.
fn plain(name: &str, value: &str) -> Result<(), Problem> {
    if value.is_empty() {
        return Err(Problem::parameter(name, "it is empty; leave it out"));
    }
    let characters = value.chars().count();
    if characters > PARAMETER_CHARACTERS_MAX {
        let problem = format!(
            "it has {characters} characters, at most {PARAMETER_CHARACTERS_MAX} are allowed"
        );
        return Err(Problem::parameter(name, problem));
    }
    match value.chars().find(|character| character.is_control()) {
        Some(character) => Err(Problem::parameter(
            name,
            format!("it can't have the control character {character:?}"),
        )),
        None => Ok(()),
    }
}

fn shortened(name: &str) -> String {
    name.chars()
        .filter(|character| !character.is_control())
        .take(80)
        .collect()
}

/// A time in RFC 3339, such as `2026-03-01T08:00:00Z`.
pub(crate) fn moment(name: &str, text: &str) -> Result<DateTime<Utc>, Problem> {
    let parsed = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    match parsed {
        Ok(time) if YEARS.contains(&time.year()) => Ok(time),
        Ok(_) => Err(Problem::parameter(
            name,
            format!("the year must be from {} to {}", YEARS.start(), YEARS.end()),
        )),
        Err(error) => Err(Problem::parameter(
            name,
            format!("`{text}` is not a time as in RFC 3339: {error}"),
        )
        .with_hint("Write it as in 2026-03-01T08:00:00Z; in an address, a `+` before the offset is written %2B.")),
    }
}

/// How many entries a page may have, as the caller asked.
pub(crate) fn page_size(limit: Option<usize>) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(PAGE_DEFAULT);
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::parameter(
        "limit",
        format!("it is {limit}, expected 1 to {PAGE_MAX}"),
    ))
}

/// Cuts a list that was read one entry too long, and says where the next page goes on: after the last entry that was kept.
pub(crate) fn page<T, P>(
    mut entries: Vec<T>,
    limit: usize,
    position: impl Fn(&T) -> P,
) -> (Vec<T>, Option<P>) {
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(position);
    (entries, next)
}

/// What an address names, refused as everything else is where it is no text.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        let axum::extract::Path(named) = read.map_err(|error| {
            let detail = format!("the address can't be read: {}", error.body_text());
            Problem::new(Code::InvalidParameter, detail)
        })?;
        Ok(Self(named))
    }
}

/// The source that the address names.
#[derive(Debug)]
pub(crate) struct Named(pub(crate) SourceName);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(name) = Path::<String>::from_request_parts(parts, state).await?;
        in_scope(name, parts, state).await.map(Self)
    }
}

/// The source that the address names, and the number of something of it.
#[derive(Debug)]
pub(crate) struct NamedEntry(pub(crate) SourceName, pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for NamedEntry {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((name, id)) = named?;
        let name = in_scope(name, parts, state).await?;
        let id = id
            .parse()
            .map_err(|error| Problem::parameter("id", error))?;
        Ok(Self(name, id))
    }
}

/// The source of this name, which is not there for those who may not see it.
async fn in_scope<S: Sync>(
    name: String,
    parts: &mut Parts,
    state: &S,
) -> Result<SourceName, Problem> {
    let name = SourceName::new(name).map_err(|error| Problem::parameter("name", error))?;
    let Scope(scope) = Scope::from_request_parts(parts, state).await?;
    if scope.has(&name) {
        Ok(name)
    } else {
        Err(ServiceError::NoSuchSource(name).into())
    }
}

/// One of a fixed list of words.
pub(crate) fn word<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|problem| Problem::parameter(name, problem))
}

/// The source that a parameter names.
pub(crate) fn source_name(name: &str, text: &str) -> Result<SourceName, Problem> {
    SourceName::new(text).map_err(|error| Problem::parameter(name, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_only_where_there_is_more() {
        let id = |entry: &i32| *entry;
        assert_eq!(page(vec![1, 2, 3], 2, id), (vec![1, 2], Some(2)));
        assert_eq!(page(vec![1, 2], 2, id), (vec![1, 2], None));
        assert_eq!(page(vec![], 2, id), (vec![], None));
    }

    #[test]
    fn times_are_read_or_refused() {
        assert!(moment("from", "2026-03-01T08:00:00.123456+02:00").is_ok());
        for text in [
            "",
            "yesterday",
            "2026-03-01",
            "2026-13-01T00:00:00Z",
            "2026-03-01T08:00:00 02:00",
            "1969-12-31T23:59:59Z",
            "-0001-01-01T00:00:00Z",
            "99999-01-01T00:00:00Z",
        ] {
            assert!(moment("from", text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_have_bounds() {
        let get = |limit| page_size(limit).ok();
        assert_eq!(get(None), Some(PAGE_DEFAULT));
        assert_eq!(get(Some(1)), Some(1));
        assert_eq!(get(Some(PAGE_MAX)), Some(PAGE_MAX));
        assert_eq!(get(Some(PAGE_MAX + 1)), None);
        assert_eq!(get(Some(0)), None);
    }
}
