//! Rows as the bytes of files, batch by batch.

use std::mem;
use std::sync::Arc;

use deltalake::arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use deltalake::arrow::compute::cast;
use deltalake::arrow::csv;
use deltalake::arrow::datatypes::{DataType, SchemaRef};
use deltalake::arrow::error::ArrowError;
use deltalake::arrow::json::writer::{EncoderOptions, make_encoder};
use deltalake::parquet::arrow::ArrowWriter;
use deltalake::parquet::arrow::arrow_writer::ArrowWriterOptions;
use deltalake::parquet::basic::Compression;
use deltalake::parquet::file::properties::WriterProperties;

use crate::rows::stored_from_columns;

/// Rows of one row group of a Parquet file, which are held in memory until they are written.
const ROW_GROUP_ROWS: usize = 65_536;

/// The mark by which spreadsheets know UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// First characters of texts that spreadsheets run as formulas (OWASP, "CSV Injection").
const FORMULA_CHARACTERS: [char; 7] = ['=', '+', '-', '@', '|', '\t', '\r'];

/// Writes rows that come batch by batch.
pub(crate) enum FileWriter {
    /// CSV for spreadsheets, with a line of column names.
    Csv { schema: SchemaRef, is_begun: bool },
    /// Events in Asana's own JSON, one a line.
    Events,
    /// Parquet.
    Parquet(Box<ArrowWriter<Vec<u8>>>),
}

impl FileWriter {
    pub(crate) fn csv(schema: &SchemaRef) -> Self {
        Self::Csv {
            schema: Arc::clone(schema),
            is_begun: false,
        }
    }

    pub(crate) fn parquet(schema: &SchemaRef) -> Result<Self, ArrowError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        // Plain types only, which every reader knows.
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options)?;
        Ok(Self::Parquet(Box::new(writer)))
    }

    /// The bytes that follow for these rows; they may also come later.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        match self {
            Self::Csv { is_begun, .. } => {
                let is_first = !mem::replace(is_begun, true);
                let mut out = Vec::new();
                if is_first {
                    out.extend_from_slice(BYTE_ORDER_MARK.as_bytes());
                }
                csv::WriterBuilder::new()
                    .with_header(is_first)
                    .build(&mut out)
                    .write(&harmless(batch)?)?;
                Ok(out)
            }
            Self::Events => {
                let mut out = Vec::new();
                for stored in stored_from_columns(batch)? {
                    out.extend_from_slice(stored.event.to_json().as_bytes());
                    out.push(b'\n');
                }
                Ok(out)
            }
            Self::Parquet(writer) => {
                writer.write(batch)?;
                Ok(mem::take(writer.inner_mut()))
            }
        }
    }

    /// The last bytes.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>, ArrowError> {
        match self {
            Self::Csv {
                is_begun: false,
                schema,
            } => {
                let empty = RecordBatch::new_empty(Arc::clone(schema));
                self.write(&empty)
            }
            Self::Csv { .. } | Self::Events => Ok(Vec::new()),
            Self::Parquet(writer) => {
                writer.finish()?;
                Ok(mem::take(writer.inner_mut()))
            }
        }
    }
}

/// The rows, flat, with an apostrophe before each text, also names of columns, that a spreadsheet would run as a formula.
pub(crate) fn harmless(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let batch = flat(batch)?;
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let name = without_formula(field.name()).unwrap_or_else(|| field.name().clone());
        let column: ArrayRef = if is_text(field.data_type()) {
            let texts = cast(column, &DataType::Utf8)?;
            let texts = texts.as_string::<i32>().iter();
            let texts: StringArray = texts
                .map(|text| {
                    let text = text?;
                    Some(without_formula(text).unwrap_or_else(|| text.to_owned()))
                })
                .collect();
            Arc::new(texts)
        } else {
            Arc::clone(column)
        };
        columns.push((name, column));
    }
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// The text as no formula, where it would be one.
fn without_formula(text: &str) -> Option<String> {
    let text_begins = |first: char| FORMULA_CHARACTERS.contains(&first);
    let is_formula = text.starts_with(text_begins) || text.trim_start().starts_with(text_begins);
    is_formula.then(|| format!("'{text}"))
}

/// The rows with lists and structures as JSON text: CSV has neither.
pub(crate) fn flat(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_no_formulas_any_more() {
        for (text, harmless) in [
            ("=cmd|' /C calc'!A0", true),
            ("  @SUM(A1)", true),
            ("\t=1", true),
            ("-5", true),
            ("Ada = Bob", false),
            ("", false),
            ("ΣΑΣ+1", false),
        ] {
            assert_eq!(without_formula(text).is_some(), harmless, "{text}");
        }
        assert_eq!(without_formula("+1").unwrap(), "'+1");
    }
}
