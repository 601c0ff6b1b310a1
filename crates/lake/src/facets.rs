//! Counting the values of columns.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::str::FromStr;

use deltalake::arrow::array::{Array as _, AsArray};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::DataType;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::SendableRecordBatchStream;
use deltalake::datafusion::functions::expr_fn::date_part;
use deltalake::datafusion::prelude::{Expr, col, lit};
use futures::TryStreamExt as _;
use tokio::task::JoinSet;

use crate::events::{escaped, within};
use crate::{EventFilter, Lake, LakeError};

/// Most values of one field that are told.
pub const FACET_VALUES_MAX: usize = 200;

/// Most different values of one field that are counted, about 100 MB of addresses.
const DISTINCT_VALUES_MAX: usize = 1_000_000;

/// Between the tags of one event.
const TAG_SEPARATOR: char = ',';

/// Something of events whose values can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FacetField {
    /// Name of the source.
    Source,
    /// Type of the event.
    EventType,
    /// Category of the event.
    EventCategory,
    /// What kind of actor did it.
    ActorType,
    /// Who did it, by e-mail address.
    ActorEmail,
    /// Who did it, by gid.
    ActorGid,
    /// What kind of thing it was done to.
    ResourceType,
    /// What kind of it more exactly.
    ResourceSubtype,
    /// Whether it came by the web, the API and so on.
    ContextType,
    /// How the API was authenticated with.
    AuthenticationMethod,
    /// Client address.
    ClientIpAddress,
    /// Name of the OAuth app.
    OauthAppName,
    /// Country of the address.
    Country,
    /// City of the address.
    City,
    /// Who runs the network of the address.
    Network,
    /// What kind of address it is.
    AddressCategory,
    /// What is known of the address; an event counts for each of its tags.
    AddressTags,
    /// Browser, application or library.
    Browser,
    /// Operating system.
    OperatingSystem,
    /// Kind of device.
    DeviceKind,
    /// What is known of the device; an event counts for each of its tags.
    DeviceTags,
    /// Hour of the day, 0 to 23 (UTC).
    Hour,
    /// Day of the week, 0 (Sunday) to 6 (UTC).
    Weekday,
}

impl FacetField {
    /// All fields.
    pub const ALL: [Self; 23] = [
        Self::Source,
        Self::EventType,
        Self::EventCategory,
        Self::ActorType,
        Self::ActorEmail,
        Self::ActorGid,
        Self::ResourceType,
        Self::ResourceSubtype,
        Self::ContextType,
        Self::AuthenticationMethod,
        Self::ClientIpAddress,
        Self::OauthAppName,
        Self::Country,
        Self::City,
        Self::Network,
        Self::AddressCategory,
        Self::AddressTags,
        Self::Browser,
        Self::OperatingSystem,
        Self::DeviceKind,
        Self::DeviceTags,
        Self::Hour,
        Self::Weekday,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::EventType => "event_type",
            Self::EventCategory => "event_category",
            Self::ActorType => "actor_type",
            Self::ActorEmail => "actor_email",
            Self::ActorGid => "actor_gid",
            Self::ResourceType => "resource_type",
            Self::ResourceSubtype => "resource_subtype",
            Self::ContextType => "context_type",
            Self::AuthenticationMethod => "api_authentication_method",
            Self::ClientIpAddress => "client_ip_address",
            Self::OauthAppName => "oauth_app_name",
            Self::Country => "ip_country",
            Self::City => "ip_city",
            Self::Network => "ip_organization",
            Self::AddressCategory => "ip_category",
            Self::AddressTags => "ip_tags",
            Self::Browser => "device_browser",
            Self::OperatingSystem => "device_os",
            Self::DeviceKind => "device_kind",
            Self::DeviceTags => "device_tags",
            Self::Hour => "hour",
            Self::Weekday => "weekday",
        }
    }

    fn expression(self) -> Expr {
        match self {
            Self::Hour => date_part(lit("hour"), col("created_at")),
            Self::Weekday => date_part(lit("dow"), col("created_at")),
            _ => col(self.as_str()),
        }
    }

    /// Whether an event can have several values, which stand in one column.
    fn has_many(self) -> bool {
        matches!(self, Self::AddressTags | Self::DeviceTags)
    }

    /// Whether an event has this value; `None`: whether it has none.
    fn is(self, value: Option<&str>) -> Expr {
        let Some(value) = value else {
            return self.expression().is_null();
        };
        match self {
            Self::Hour | Self::Weekday => value
                .parse::<i32>()
                .map_or(lit(false), |number| self.expression().eq(lit(number))),
            _ if self.has_many() => {
                let tag = escaped(value);
                let patterns = [
                    format!("{tag}{TAG_SEPARATOR}%"),
                    format!("%{TAG_SEPARATOR}{tag}"),
                    format!("%{TAG_SEPARATOR}{tag}{TAG_SEPARATOR}%"),
                ];
                let alone = self.expression().eq(lit(value));
                let among = patterns.map(|pattern| self.expression().like(lit(pattern)));
                among.into_iter().fold(alone, Expr::or)
            }
            _ => self.expression().eq(lit(value)),
        }
    }
}

/// Events that have one of some values of a field, or none of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ValueFilter {
    /// Which field.
    pub field: FacetField,
    /// The values. `None`: events without one.
    pub values: Vec<Option<String>>,
    /// Whether those events are meant that have none of the values.
    pub is_excluded: bool,
}

impl ValueFilter {
    pub(crate) fn condition(&self) -> Option<Expr> {
        let each = self.values.iter();
        let any = each
            .map(|value| self.field.is(value.as_deref()))
            .reduce(Expr::or)?;
        Some(if self.is_excluded {
            any.is_not_true()
        } else {
            any
        })
    }
}

impl FromStr for FacetField {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|field| field.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no such field; known are {names}")
        })
    }
}

/// The values of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// Which field.
    pub field: FacetField,
    /// Values and how many events have them, the most frequent first. `None`: events without a value.
    pub values: Vec<(Option<String>, u64)>,
    /// Whether there are more values.
    pub is_truncated: bool,
}

/// How often each value of a field was there.
#[derive(Debug, Default)]
struct Counts {
    values: HashMap<Box<str>, u64>,
    without: u64,
}

impl Counts {
    fn add(&mut self, value: &str, events: u64, most: usize) -> Result<(), DataFusionError> {
        if let Some(count) = self.values.get_mut(value) {
            *count += events;
        } else if self.values.len() < most {
            self.values.insert(value.into(), events);
        } else {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "a field has over {most} values"
            )));
        }
        Ok(())
    }

    /// The most frequent values, of equally frequent ones the first by alphabet.
    fn into_facet(self, field: FacetField, most: usize) -> Facet {
        let without = Some((None, self.without)).filter(|(_, count)| *count > 0);
        let named = self.values.into_iter();
        let mut values: Vec<(Option<String>, u64)> = named
            .map(|(value, count)| (Some(String::from(value)), count))
            .chain(without)
            .collect();
        values.sort_unstable_by(|(value, count), (other, others)| {
            (Reverse(count), value).cmp(&(Reverse(others), other))
        });
        let is_truncated = values.len() > most;
        values.truncate(most);
        Facet {
            field,
            values,
            is_truncated,
        }
    }
}

impl Lake {
    /// The most frequent values of each of `fields` in the events that fit `filter`, at most `most` (and never more than
    /// [`FACET_VALUES_MAX`]). The events are read once, whatever the number of fields.
    pub async fn facets(
        &self,
        filter: &EventFilter,
        fields: &[FacetField],
        most: usize,
    ) -> Result<Vec<Facet>, LakeError> {
        let table = self.newest().await?;
        let frame = self.reading(&table).await?;
        let conditions = filter.conditions().into_iter();
        let condition = conditions.chain(filter.range.map(within)).reduce(Expr::and);
        let most = most.min(FACET_VALUES_MAX);
        let counting = async {
            let frame = match condition {
                Some(condition) => frame.filter(condition)?,
                None => frame,
            };
            let columns = fields.iter();
            let frame = frame.select(
                columns
                    .map(|field| field.expression().alias(field.as_str()))
                    .collect::<Vec<_>>(),
            )?;
            // Ends the counting of all parts when it is dropped.
            let mut parts = JoinSet::new();
            for part in frame.execute_stream_partitioned().await? {
                parts.spawn(count(part, fields.to_vec()));
            }
            let mut all: Vec<Counts> = fields.iter().map(|_| Counts::default()).collect();
            while let Some(part) = parts.join_next().await {
                let part = part.map_err(|error| DataFusionError::External(Box::new(error)))??;
                for (counts, more) in all.iter_mut().zip(part) {
                    counts.without += more.without;
                    for (value, events) in more.values {
                        counts.add(&value, events, DISTINCT_VALUES_MAX)?;
                    }
                }
            }
            let facets = fields.iter().zip(all);
            Ok(facets
                .map(|(&field, counts)| counts.into_facet(field, most))
                .collect())
        };
        self.within_time(counting).await
    }
}

/// Counts the values of each column of `rows`, which stands for the field at its place.
async fn count(
    mut rows: SendableRecordBatchStream,
    fields: Vec<FacetField>,
) -> Result<Vec<Counts>, DataFusionError> {
    let mut all: Vec<Counts> = fields.iter().map(|_| Counts::default()).collect();
    while let Some(batch) = rows.try_next().await? {
        for ((column, field), counts) in batch.columns().iter().zip(&fields).zip(&mut all) {
            let texts = cast(column, &DataType::Utf8View)?;
            let texts = texts.as_string_view();
            counts.without += u64::try_from(texts.null_count()).unwrap_or_default();
            for text in texts.iter().flatten() {
                if field.has_many() {
                    for tag in text.split(TAG_SEPARATOR) {
                        counts.add(tag, 1, DISTINCT_VALUES_MAX)?;
                    }
                } else {
                    counts.add(text, 1, DISTINCT_VALUES_MAX)?;
                }
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_different_values_are_counted() {
        let mut counts = Counts::default();
        for value in ["a", "b", "a"] {
            counts.add(value, 1, 2).unwrap();
        }
        counts.add("c", 1, 2).unwrap_err();
        counts.without = 2;
        let facet = counts.into_facet(FacetField::City, 2);
        let expected = [(None, 2), (Some("a".to_owned()), 2)];
        assert_eq!(facet.values, expected);
        assert!(facet.is_truncated);
    }
}
