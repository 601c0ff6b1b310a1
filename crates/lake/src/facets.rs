//! Counting the values of columns.

use std::str::FromStr;

use deltalake::arrow::array::{Array as _, AsArray};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, UInt64Type};
use deltalake::datafusion::dataframe::DataFrame;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::functions::expr_fn::date_part;
use deltalake::datafusion::functions_aggregate::expr_fn::count;
use deltalake::datafusion::prelude::{Expr, col, lit};

use crate::events::within;
use crate::{EventFilter, Lake, LakeError};

/// Most values of one field that are told.
pub const FACET_VALUES_MAX: usize = 200;

/// Something of events whose values can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FacetField {
    /// Name of the source.
    Source,
    /// Type of the event.
    EventType,
    /// Category of the event.
    EventCategory,
    /// Who did it, by e-mail address.
    ActorEmail,
    /// Who did it, by gid.
    ActorGid,
    /// What kind of thing it was done to.
    ResourceType,
    /// Whether it came by the web, the API and so on.
    ContextType,
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
    /// Browser, application or library.
    Browser,
    /// Operating system.
    OperatingSystem,
    /// Kind of device.
    DeviceKind,
    /// Hour of the day, 0 to 23 (UTC).
    Hour,
    /// Day of the week, 0 (Sunday) to 6 (UTC).
    Weekday,
}

impl FacetField {
    /// All fields.
    pub const ALL: [Self; 18] = [
        Self::Source,
        Self::EventType,
        Self::EventCategory,
        Self::ActorEmail,
        Self::ActorGid,
        Self::ResourceType,
        Self::ContextType,
        Self::ClientIpAddress,
        Self::OauthAppName,
        Self::Country,
        Self::City,
        Self::Network,
        Self::AddressCategory,
        Self::Browser,
        Self::OperatingSystem,
        Self::DeviceKind,
        Self::Hour,
        Self::Weekday,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::EventType => "event_type",
            Self::EventCategory => "event_category",
            Self::ActorEmail => "actor_email",
            Self::ActorGid => "actor_gid",
            Self::ResourceType => "resource_type",
            Self::ContextType => "context_type",
            Self::ClientIpAddress => "client_ip_address",
            Self::OauthAppName => "oauth_app_name",
            Self::Country => "ip_country",
            Self::City => "ip_city",
            Self::Network => "ip_organization",
            Self::AddressCategory => "ip_category",
            Self::Browser => "device_browser",
            Self::OperatingSystem => "device_os",
            Self::DeviceKind => "device_kind",
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

impl Lake {
    /// The most frequent values of each of `fields` in the events that fit `filter`, at most `most` (and never more than
    /// [`FACET_VALUES_MAX`]).
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
            let mut facets = Vec::with_capacity(fields.len());
            for &field in fields {
                facets.push(facet(frame.clone(), field, most).await?);
            }
            Ok(facets)
        };
        self.within_time(counting).await
    }
}

async fn facet(frame: DataFrame, field: FacetField, most: usize) -> Result<Facet, DataFusionError> {
    let counted = frame
        .aggregate(
            vec![field.expression().alias("value")],
            vec![count(lit(1_i64)).alias("events")],
        )?
        .sort(vec![
            col("events").sort(false, false),
            col("value").sort(true, true),
        ])?
        .limit(0, Some(most + 1))?
        .collect()
        .await?;
    let mut values = Vec::new();
    for batch in counted {
        let texts = cast(batch.column(0), &DataType::Utf8)?;
        let texts = texts.as_string::<i32>();
        let rows = cast(batch.column(1), &DataType::UInt64)?;
        let rows = rows.as_primitive::<UInt64Type>();
        values.extend((0..batch.num_rows()).map(|row| {
            let value = texts.is_valid(row).then(|| texts.value(row).to_owned());
            (value, rows.value(row))
        }));
    }
    let is_truncated = values.len() > most;
    values.truncate(most);
    Ok(Facet {
        field,
        values,
        is_truncated,
    })
}
