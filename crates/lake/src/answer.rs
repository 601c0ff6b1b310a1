//! The answer of a query, and the formats that it is written in.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::csv;
use deltalake::arrow::datatypes::{DataType, SchemaRef};
use deltalake::arrow::error::ArrowError;
use deltalake::arrow::json::writer::{JsonArray, LineDelimited};
use deltalake::arrow::json::{WriterBuilder, writer::JsonFormat};
use deltalake::arrow::util::display::FormatOptions;
use deltalake::arrow::util::pretty::pretty_format_batches_with_options;
use serde_json::{Map, Value};

use crate::file::{FileWriter, flat};
use crate::{ExportFormat, LakeError};

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON array.
    Json,
    /// One JSON object a line.
    JsonLines,
    /// With a line of column names.
    Csv,
    /// A Parquet file.
    Parquet,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Text.
    Text,
    /// A whole number or one with a fraction.
    Number,
    /// True or false.
    Boolean,
    /// A point in time.
    Time,
    /// A day.
    Date,
    /// Several values.
    List,
    /// Anything else, such as a structure or a length of time.
    Other,
}

impl ValueKind {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Time => "time",
            Self::Date => "date",
            Self::List => "list",
            Self::Other => "other",
        }
    }

    fn of(kind: &DataType) -> Self {
        match kind {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Boolean => Self::Boolean,
            DataType::Timestamp(..) => Self::Time,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Dictionary(_, values) => Self::of(values),
            kind if kind.is_numeric() => Self::Number,
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => Self::List,
            _ => Self::Other,
        }
    }
}

impl FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "jsonl" => Ok(Self::JsonLines),
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            _ => Err(format!(
                "`{text}` is not one of table, json, jsonl, csv, parquet"
            )),
        }
    }
}

/// Rows that answer a query.
pub struct Answer {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    truncated: bool,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Answer({} rows)", self.rows())
    }
}

impl Answer {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>, truncated: bool) -> Self {
        Self {
            schema,
            batches,
            truncated,
        }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether the row limit cut it short.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Names of its columns.
    pub fn columns(&self) -> Vec<String> {
        self.schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    }

    /// What the values of its columns are.
    pub fn kinds(&self) -> Vec<ValueKind> {
        let fields = self.schema.fields().iter();
        fields
            .map(|field| ValueKind::of(field.data_type()))
            .collect()
    }

    /// The rows as the bytes of a file; in CSV no text is a formula.
    pub fn to_file(&self, format: ExportFormat) -> Result<Vec<u8>, LakeError> {
        let mut out = Vec::new();
        match format {
            ExportFormat::JsonLines => self.write(Format::JsonLines, &mut out)?,
            ExportFormat::Parquet => self.write(Format::Parquet, &mut out)?,
            ExportFormat::Csv => {
                let mut file = FileWriter::csv(&self.schema);
                for batch in &self.batches {
                    out.extend(file.write(batch).map_err(LakeError::Columns)?);
                }
                out.extend(file.finish().map_err(LakeError::Columns)?);
            }
        }
        Ok(out)
    }

    /// The rows as JSON objects; a null has its key.
    pub fn to_json(&self) -> Result<Vec<Map<String, Value>>, LakeError> {
        let mut text = Vec::new();
        self.write(Format::Json, &mut text)?;
        serde_json::from_slice(&text).map_err(|error| LakeError::Write(error.into()))
    }

    /// Writes the answer to `out`.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> Result<(), LakeError> {
        let written = match format {
            Format::Table => self.write_table(out),
            Format::Json => self
                .write_json::<JsonArray>(out)
                .and_then(|()| Ok(writeln!(out)?)),
            Format::JsonLines => self.write_json::<LineDelimited>(out),
            Format::Csv => self.write_csv(out),
            Format::Parquet => self.write_parquet(out),
        };
        written.map_err(|error| match error {
            ArrowError::IoError(_, source) => LakeError::Write(source),
            other => LakeError::Write(io::Error::other(other)),
        })
    }

    fn write_table(&self, out: &mut dyn Write) -> Result<(), ArrowError> {
        let options = FormatOptions::default()
            .with_display_error(true)
            .with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.3fZ"));
        let empty = [RecordBatch::new_empty(self.schema.clone())];
        let batches = if self.batches.is_empty() {
            empty.as_slice()
        } else {
            self.batches.as_slice()
        };
        let table = pretty_format_batches_with_options(batches, &options)?;
        writeln!(out, "{table}").map_err(ArrowError::from)
    }

    fn write_json<F: JsonFormat>(&self, out: &mut dyn Write) -> Result<(), ArrowError> {
        let mut writer = WriterBuilder::new()
            .with_explicit_nulls(true)
            .build::<_, F>(out);
        for batch in &self.batches {
            writer.write(batch)?;
        }
        writer.finish()
    }

    fn write_csv(&self, out: &mut dyn Write) -> Result<(), ArrowError> {
        let mut writer = csv::WriterBuilder::new().with_header(true).build(out);
        if self.batches.is_empty() {
            writer.write(&flat(&RecordBatch::new_empty(self.schema.clone()))?)?;
        }
        for batch in &self.batches {
            writer.write(&flat(batch)?)?;
        }
        Ok(())
    }

    fn write_parquet(&self, out: &mut dyn Write) -> Result<(), ArrowError> {
        let mut file = FileWriter::parquet(&self.schema)?;
        for batch in &self.batches {
            out.write_all(&file.write(batch)?)?;
        }
        Ok(out.write_all(&file.finish()?)?)
    }
}
