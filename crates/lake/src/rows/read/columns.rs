//! Columns of one batch, by row.

use chrono::{DateTime, Utc};
use deltalake::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray as _, BooleanArray, Int32Array, PrimitiveArray,
    RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use deltalake::arrow::buffer::ScalarBuffer;
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, Int32Type, TimestampMicrosecondType};
use deltalake::arrow::error::ArrowError;

use crate::schema;

/// Stands for the key of a row without a text.
const NO_TEXT: i32 = -1;

/// Text, in the form in which it was read.
pub(crate) enum TextColumn {
    /// The batch lacks it: everything is null.
    Absent,
    Views(StringViewArray),
    /// Each text once, and for each row which it is.
    Dictionary {
        /// [`NO_TEXT`] where a row has none.
        keys: ScalarBuffer<i32>,
        values: StringArray,
    },
}

impl TextColumn {
    pub(crate) fn new(batch: &RecordBatch, name: &str) -> Result<Self, ArrowError> {
        let Some(column) = batch.column_by_name(name) else {
            return Ok(Self::Absent);
        };
        if let Some(dictionary) = column.as_dictionary_opt::<Int32Type>()
            && let Some(values) = dictionary.values().as_string_opt::<i32>()
        {
            return Ok(Self::Dictionary {
                keys: with_nulls(dictionary.keys()),
                values: values.clone(),
            });
        }
        let views = cast(column, &DataType::Utf8View)?;
        let views = views.as_string_view_opt();
        Ok(views.map_or(Self::Absent, |views| Self::Views(views.clone())))
    }

    pub(crate) fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Views(views) => views.is_valid(row).then(|| views.value(row)),
            Self::Dictionary { values, .. } => Some(values.value(self.key(row)?)),
        }
    }

    /// Which of the dictionary's texts the row has; `None` where it has none, or there is no dictionary.
    pub(super) fn key(&self, row: usize) -> Option<usize> {
        match self {
            Self::Dictionary { keys, .. } => usize::try_from(*keys.get(row)?).ok(),
            _ => None,
        }
    }

    /// How many texts the dictionary has; 0 where there is none.
    pub(super) fn keys(&self) -> usize {
        match self {
            Self::Dictionary { values, .. } => values.len(),
            _ => 0,
        }
    }

    /// Whether two rows have the same text.
    pub(super) fn is_same(&self, row: usize, other: usize) -> bool {
        match self {
            Self::Dictionary { keys, .. } => keys.get(row) == keys.get(other),
            _ => self.get(row) == self.get(other),
        }
    }

    /// Which of `rows` rows have a text of which this holds.
    pub(crate) fn matches(&self, rows: usize, holds: impl Fn(&str) -> bool) -> BooleanArray {
        let of_row = |row| Some(self.get(row).is_some_and(&holds));
        let Self::Dictionary { values, .. } = self else {
            return (0..rows).map(of_row).collect();
        };
        let of_keys: Vec<bool> = (0..values.len())
            .map(|key| values.is_valid(key) && holds(values.value(key)))
            .collect();
        let of_row = |row| {
            Some(
                self.key(row)
                    .is_some_and(|key| of_keys.get(key) == Some(&true)),
            )
        };
        (0..rows).map(of_row).collect()
    }
}

/// Numbers, some of which may be null.
pub(crate) struct Numbers<T: ArrowPrimitiveType>(Option<PrimitiveArray<T>>);

impl<T: ArrowPrimitiveType> Numbers<T> {
    pub(crate) fn new(batch: &RecordBatch, name: &str) -> Result<Self, ArrowError> {
        let column = column(batch, name, &T::DATA_TYPE)?;
        Ok(Self(column.and_then(|column| {
            column.as_primitive_opt::<T>().cloned()
        })))
    }

    pub(crate) fn get(&self, row: usize) -> Option<T::Native> {
        let numbers = self.0.as_ref().filter(|numbers| numbers.is_valid(row))?;
        Some(numbers.value(row))
    }
}

/// Times, each of which is there.
pub(crate) struct Times {
    name: &'static str,
    times: Option<TimestampMicrosecondArray>,
}

impl Times {
    pub(crate) fn new(batch: &RecordBatch, name: &'static str) -> Result<Self, ArrowError> {
        let column = column(batch, name, &schema::timestamp())?;
        let times = column.and_then(|column| {
            column
                .as_primitive_opt::<TimestampMicrosecondType>()
                .cloned()
        });
        Ok(Self { name, times })
    }

    /// Of all rows, in microseconds since 1970.
    pub(crate) fn microseconds(&self) -> Result<&[i64], ArrowError> {
        let times = self.times.as_ref().filter(|times| times.null_count() == 0);
        let lacks =
            || ArrowError::CastError(format!("not every row has a time in `{}`", self.name));
        times.map(|times| times.values().as_ref()).ok_or_else(lacks)
    }

    pub(crate) fn get(&self, row: usize) -> Result<DateTime<Utc>, ArrowError> {
        let times = self.times.as_ref().filter(|times| times.is_valid(row));
        times
            .and_then(|times| DateTime::from_timestamp_micros(times.value(row)))
            .ok_or_else(|| {
                ArrowError::CastError(format!("row {row} has no time in `{}`", self.name))
            })
    }
}

/// Keys in which it is seen at once where there is none.
fn with_nulls(keys: &Int32Array) -> ScalarBuffer<i32> {
    if keys.null_count() == 0 {
        return keys.values().clone();
    }
    keys.iter().map(|key| key.unwrap_or(NO_TEXT)).collect()
}

/// A column in the type that it is stored in.
fn column(
    batch: &RecordBatch,
    name: &str,
    kind: &DataType,
) -> Result<Option<ArrayRef>, ArrowError> {
    let column = batch.column_by_name(name);
    column.map(|column| cast(column, kind)).transpose()
}
