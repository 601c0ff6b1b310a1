//! Where events came from.

use chrono::{DateTime, Utc};
use deltalake::arrow::array::{Array as _, AsArray};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, Float64Type, TimestampMicrosecondType, UInt64Type};
use deltalake::arrow::record_batch::RecordBatch;
use deltalake::datafusion::dataframe::DataFrame;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::functions_aggregate::expr_fn::{count, max, min};
use deltalake::datafusion::prelude::{Expr, col, lit};

use crate::events::within;
use crate::{EventFilter, Lake, LakeError, schema};

/// Most places that are told.
pub const PLACES_MAX: usize = 200;

/// A place from which events came. What its addresses don't say is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceSeen {
    /// Two letters.
    pub country: Option<String>,
    /// Region or state.
    pub region: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Degrees, north positive.
    pub latitude: Option<f64>,
    /// Degrees, east positive.
    pub longitude: Option<f64>,
    /// How many events came from there.
    pub events: u64,
    /// When the first of them happened.
    pub first_at: DateTime<Utc>,
    /// When the last of them happened.
    pub last_at: DateTime<Utc>,
}

impl Lake {
    /// From where the events came that fit `filter`: the most frequent places first, at most [`PLACES_MAX`]. Those of which no place is
    /// known are one of them.
    pub async fn places(&self, filter: &EventFilter) -> Result<Vec<PlaceSeen>, LakeError> {
        let table = self.newest().await?;
        let frame = self.reading(&table).await?;
        let conditions = filter.conditions().into_iter();
        let condition = conditions.chain(filter.range.map(within)).reduce(Expr::and);
        let counting = async {
            let frame = match condition {
                Some(condition) => frame.filter(condition)?,
                None => frame,
            };
            counted(frame).await
        };
        self.within_time(counting).await
    }
}

async fn counted(frame: DataFrame) -> Result<Vec<PlaceSeen>, DataFusionError> {
    let place = [
        "ip_country",
        "ip_region",
        "ip_city",
        "ip_latitude",
        "ip_longitude",
    ];
    let batches = frame
        .aggregate(
            place.map(col).to_vec(),
            vec![
                count(lit(1_i64)).alias("events"),
                min(col("created_at")).alias("first_at"),
                max(col("created_at")).alias("last_at"),
            ],
        )?
        .sort(
            [col("events").sort(false, false)]
                .into_iter()
                .chain(place.map(|name| col(name).sort(true, true)))
                .collect(),
        )?
        .limit(0, Some(PLACES_MAX))?
        .collect()
        .await?;
    let mut places = Vec::new();
    for batch in &batches {
        places.extend(places_of(batch)?);
    }
    Ok(places)
}

fn places_of(batch: &RecordBatch) -> Result<Vec<PlaceSeen>, DataFusionError> {
    let texts = |column: usize| cast(batch.column(column), &DataType::Utf8);
    let degrees = |column: usize| cast(batch.column(column), &DataType::Float64);
    let times = |column: usize| cast(batch.column(column), &schema::timestamp());
    let (country, region, city) = (texts(0)?, texts(1)?, texts(2)?);
    let (latitude, longitude) = (degrees(3)?, degrees(4)?);
    let events = cast(batch.column(5), &DataType::UInt64)?;
    let (first, last) = (times(6)?, times(7)?);
    let text = |column: &deltalake::arrow::array::ArrayRef, row: usize| {
        let texts = column.as_string::<i32>();
        texts.is_valid(row).then(|| texts.value(row).to_owned())
    };
    let degree = |column: &deltalake::arrow::array::ArrayRef, row: usize| {
        let degrees = column.as_primitive::<Float64Type>();
        degrees.is_valid(row).then(|| degrees.value(row))
    };
    let time = |column: &deltalake::arrow::array::ArrayRef, row: usize| {
        let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    };
    let place = |row: usize| PlaceSeen {
        country: text(&country, row),
        region: text(&region, row),
        city: text(&city, row),
        latitude: degree(&latitude, row),
        longitude: degree(&longitude, row),
        events: events.as_primitive::<UInt64Type>().value(row),
        first_at: time(&first, row),
        last_at: time(&last, row),
    };
    Ok((0..batch.num_rows()).map(place).collect())
}
