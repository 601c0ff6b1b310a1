//! The answer of a query, and the formats that it is written in.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;

use deltalake::arrow::array::{ArrayRef, RecordBatch, StringArray};
use deltalake::arrow::csv;
use deltalake::arrow::datatypes::SchemaRef;
use deltalake::arrow::error::ArrowError;
use deltalake::arrow::json::writer::{EncoderOptions, JsonArray, LineDelimited, make_encoder};
use deltalake::arrow::json::{WriterBuilder, writer::JsonFormat};
use deltalake::arrow::util::display::FormatOptions;
use deltalake::arrow::util::pretty::pretty_format_batches_with_options;
use serde_json::{Map, Value};

use crate::LakeError;

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
}

impl FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "jsonl" => Ok(Self::JsonLines),
            "csv" => Ok(Self::Csv),
            _ => Err(format!("`{text}` is not one of table, json, jsonl, csv")),
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
}

/// The rows with lists and structures as JSON text: CSV has neither.
fn flat(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let options = EncoderOptions::default();
    let mut columns: Vec<(&String, ArrayRef)> = Vec::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        if !field.data_type().is_nested() {
            columns.push((field.name(), column.clone()));
            continue;
        }
        let mut encoder = make_encoder(field, column, &options)?;
        let texts: StringArray = (0..column.len())
            .map(|row| {
                let mut text = Vec::new();
                (!encoder.is_null(row)).then(|| encoder.encode(row, &mut text))?;
                Some(String::from_utf8_lossy(&text).into_owned())
            })
            .collect();
        columns.push((field.name(), Arc::new(texts)));
    }
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
}
