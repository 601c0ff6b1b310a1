use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use drishti_model::{SourceScope, TimeRange};
use drishti_services::{EventFilter, FacetField, ValueFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::bounds::VALUE_FILTERS_MAX;
use crate::parameters::{moment, word};
use crate::problem::Problem;

/// Which events are meant. All filters that are given must fit.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct EventParameters {
    /// Name of the source.
    source: Option<String>,
    /// First moment, such as `2026-03-01T08:00:00Z`.
    #[param(format = DateTime)]
    from: Option<String>,
    /// First moment after the last.
    #[param(format = DateTime)]
    to: Option<String>,
    /// An event type; given several times, any of them.
    event_type: Vec<String>,
    /// An event category; given several times, any of them.
    event_category: Vec<String>,
    /// Gid or e-mail address of who did it.
    actor: Option<String>,
    /// Gid or e-mail address of what it was done to.
    resource: Option<String>,
    /// Client address, as Asana wrote it.
    ip: Option<String>,
    /// Gid of the event.
    gid: Option<String>,
    /// Text that stands somewhere in names, addresses, the user agent or the details, whatever its case.
    q: Option<String>,
    /// A field that facets count, a colon and a value, such as `ip_country:DE`; without a value, events that have none. Given several
    /// times, any value of one field, and all fields.
    is: Vec<String>,
    /// The same for what is left out, such as `device_kind:program`.
    not: Vec<String>,
}

impl EventParameters {
    /// `from` and `to`, where they are given.
    pub(super) fn ends(&self) -> Result<[Option<DateTime<Utc>>; 2], Problem> {
        let read = |name, text: &Option<String>| {
            text.as_deref().map(|text| moment(name, text)).transpose()
        };
        Ok([read("from", &self.from)?, read("to", &self.to)?])
    }

    /// The span that the filters name; `None` where it is all time.
    pub(super) fn range(&self) -> Result<Option<TimeRange>, Problem> {
        match self.ends()? {
            [None, None] => Ok(None),
            [from, to] => range(
                from.unwrap_or(DateTime::UNIX_EPOCH),
                to.unwrap_or_else(end_of_time),
            )
            .map(Some),
        }
    }

    /// The filter, over this span.
    pub(super) fn into_filter(
        self,
        range: Option<TimeRange>,
        scope: SourceScope,
    ) -> Result<EventFilter, Problem> {
        let values = values(&self.is, &self.not)?;
        Ok(EventFilter {
            source: self.source,
            scope,
            range,
            event_types: self.event_type,
            event_categories: self.event_category,
            actor: self.actor,
            resource: self.resource,
            ip_address: self.ip,
            gid: self.gid,
            text: self.q,
            values,
        })
    }
}

fn values(is: &[String], not: &[String]) -> Result<Vec<ValueFilter>, Problem> {
    let mut filters: Vec<ValueFilter> = Vec::new();
    for (name, texts, is_excluded) in [("is", is, false), ("not", not, true)] {
        if texts.len() > VALUE_FILTERS_MAX {
            let problem = format!("it is given over {VALUE_FILTERS_MAX} times");
            return Err(Problem::parameter(name, problem));
        }
        for text in texts {
            let (field, value) = text.split_once(':').ok_or_else(|| {
                Problem::parameter(name, "expected `field:value`, such as `ip_country:DE`")
            })?;
            let field: FacetField = word(name, field)?;
            let value = Some(value.to_owned()).filter(|value| !value.is_empty());
            let mut known = filters.iter_mut();
            match known.find(|known| known.field == field && known.is_excluded == is_excluded) {
                Some(known) => known.values.push(value),
                None => filters.push(ValueFilter {
                    field,
                    values: vec![value],
                    is_excluded,
                }),
            }
        }
    }
    Ok(filters)
}

/// The span between two moments.
pub(super) fn range(from: DateTime<Utc>, to: DateTime<Utc>) -> Result<TimeRange, Problem> {
    TimeRange::new(from, to).ok_or_else(|| Problem::parameter("to", "it must be after `from`"))
}

/// The first moment after all that a parameter can name.
pub(super) fn end_of_time() -> DateTime<Utc> {
    let day = NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap_or(NaiveDate::MAX);
    day.and_time(NaiveTime::MIN).and_utc()
}
