//! One day in memory as its files have it: repeated texts once, and an order of rows beside them. Nothing is unpacked or moved before
//! it is asked for, so that it takes a fraction of the time and memory of sorting rows.

use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;
use deltalake::arrow::array::{BooleanArray, RecordBatch};
use deltalake::arrow::compute::and;
use deltalake::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake::arrow::error::ArrowError;
use deltalake::datafusion::error::DataFusionError;
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
    RowFilter,
};
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, RowGroupMetaData};
use drishti_model::EnrichedEvent;
use object_store::{GetResult, GetResultPayload, ObjectStoreExt as _};

use super::files::{DayFiles, StoredFile};
use super::{DayQuery, needless};
use crate::rows::{Rows, Shared, TextColumn, Times};

/// Rows of a day that is held in memory.
const ROWS_MAX: u64 = 2_000_000;

/// Bytes of its columns, packed as they are.
const BYTES_MAX: u64 = 256 << 20;

/// Events that are given at a time: so few that they are still in the caches of the cores when they are judged.
const EVENTS_AT_ONCE: usize = 1_024;

/// Columns of so many different texts that a dictionary of them only costs.
const VARIED_COLUMNS: [&str; 5] = ["gid", "resource_gid", "resource_name", "details", "extra"];

/// A day in memory.
pub(super) struct Packed {
    pieces: Vec<Rows>,
    order: Vec<Place>,
    given: usize,
}

/// Where a row is, and when it was.
#[derive(Clone, Copy)]
struct Place {
    microseconds: i64,
    piece: u32,
    row: u32,
}

impl DayQuery {
    /// The day in memory; `None` where it is too large for that.
    pub(super) async fn packed(&self, day: &DayFiles) -> Result<Option<Packed>, DataFusionError> {
        if day.rows().is_none_or(|rows| rows > ROWS_MAX) || day.bytes() > BYTES_MAX {
            return Ok(None);
        }
        let store = self.table.log_store().object_store(None);
        let mut pieces = Vec::new();
        let mut bytes_left = BYTES_MAX;
        for file in &day.files {
            let content = content_of(store.get(&file.path).await?).await?;
            let unpacked = self.columns_of(file, &content, bytes_left)?;
            let Some((batches, bytes)) = unpacked else {
                return Ok(None);
            };
            bytes_left = bytes_left.saturating_sub(bytes);
            for batch in batches {
                pieces.push(Rows::new(&batch, self.texts)?);
            }
        }
        Ok(Some(Packed::new(pieces)?))
    }

    /// The rows of a file that are asked for, one batch for each row group, and how many bytes their columns have; `None` where those are
    /// more than `bytes_max`.
    fn columns_of(
        &self,
        file: &StoredFile,
        content: &Bytes,
        bytes_max: u64,
    ) -> Result<Option<(Vec<RecordBatch>, u64)>, ParquetError> {
        let is_whole = file.is_whole && self.event_types.is_none();
        let pages = if is_whole {
            PageIndexPolicy::Skip
        } else {
            PageIndexPolicy::Optional
        };
        let options = ArrowReaderOptions::new().with_page_index_policy(pages);
        let metadata = ArrowReaderMetadata::load(content, options.clone())?;
        let options = options.with_schema(packed(metadata.schema()));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)?;
        let groups = metadata.metadata().row_groups();
        let bytes = groups.iter().map(|group| self.bytes_of(group)).sum();
        if bytes > bytes_max {
            return Ok(None);
        }
        let columns = metadata.parquet_schema();
        let needed = columns.columns().iter().map(|column| column.name());
        let needed = needed.filter(|name| !needless(self.texts, name));
        let mask = ProjectionMask::columns(columns, needed);
        let mut batches = Vec::with_capacity(groups.len());
        for (group, rows) in groups.iter().map(RowGroupMetaData::num_rows).enumerate() {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(
                content.clone(),
                metadata.clone(),
            );
            let mut builder = builder
                .with_projection(mask.clone())
                .with_row_groups(vec![group])
                .with_batch_size(usize::try_from(rows).unwrap_or_default());
            if !is_whole {
                builder = builder.with_row_filter(self.row_filter(&metadata));
            }
            for batch in builder.build()? {
                batches.push(batch?);
            }
        }
        Ok(Some((batches, bytes)))
    }

    /// How many bytes the columns of a row group have that are read.
    fn bytes_of(&self, group: &RowGroupMetaData) -> u64 {
        let columns = group.columns().iter();
        let read = columns.filter(|column| !needless(self.texts, column.column_descr().name()));
        let bytes = read.map(ColumnChunkMetaData::uncompressed_size);
        bytes
            .map(|bytes| u64::try_from(bytes).unwrap_or_default())
            .sum()
    }

    /// Lets only the rows of the source, the span and the types be unpacked.
    fn row_filter(&self, metadata: &ArrowReaderMetadata) -> RowFilter {
        let compared = ["source", "created_at", "event_type"];
        let mask = ProjectionMask::columns(metadata.parquet_schema(), compared);
        let query = self.clone();
        let fits = ArrowPredicateFn::new(mask, move |batch| query.fits(&batch));
        RowFilter::new(vec![Box::new(fits)])
    }

    fn fits(&self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let rows = batch.num_rows();
        let of_source = |name: &str| name == self.source.as_str();
        let of_source = TextColumn::new(batch, "source")?.matches(rows, of_source);
        let types = self.event_types.as_deref();
        let of_type =
            |name: &str| types.is_none_or(|types| types.iter().any(|known| known == name));
        let of_type = TextColumn::new(batch, "event_type")?.matches(rows, of_type);
        let times = Times::new(batch, "created_at")?;
        let times = times.microseconds()?;
        let range = self.range.start.timestamp_micros()..self.range.end.timestamp_micros();
        let in_range = times.iter().map(|time| Some(range.contains(time)));
        and(&and(&of_source, &of_type)?, &in_range.collect())
    }
}

impl Packed {
    fn new(pieces: Vec<Rows>) -> Result<Self, ArrowError> {
        let mut order = Vec::new();
        for (number, piece) in (0..).zip(&pieces) {
            let place = |(row, microseconds): (u32, &i64)| Place {
                microseconds: *microseconds,
                piece: number,
                row,
            };
            order.extend((0..).zip(piece.microseconds()?).map(place));
        }
        let gid = |place: &Place| {
            let piece = pieces.get(place.piece as usize);
            piece.map_or("", |piece| piece.gid(place.row as usize))
        };
        order.sort_unstable_by(|one, other| {
            let by_time = one.microseconds.cmp(&other.microseconds);
            by_time.then_with(|| gid(one).cmp(gid(other)))
        });
        Ok(Self {
            pieces,
            order,
            given: 0,
        })
    }

    /// The next events, written into the room of others; `None` at the end.
    pub(super) fn next(
        &mut self,
        shared: &mut Shared,
        room: &mut Vec<EnrichedEvent>,
    ) -> Result<Option<Vec<EnrichedEvent>>, ArrowError> {
        let left = self.order.get(self.given..).unwrap_or_default();
        let next = left.get(..EVENTS_AT_ONCE).unwrap_or(left);
        if next.is_empty() {
            return Ok(None);
        }
        shared.make_room();
        let mut events = room.split_off(room.len().saturating_sub(next.len()));
        events.resize_with(next.len(), EnrichedEvent::default);
        for (place, event) in next.iter().zip(&mut events) {
            if let Some(piece) = self.pieces.get_mut(place.piece as usize) {
                piece.fill(place.row as usize, event, shared)?;
            }
        }
        self.given += next.len();
        Ok(Some(events))
    }
}

/// All bytes of a file. One of this machine is read here and now, not on another thread, where its room would not be used again.
async fn content_of(found: GetResult) -> Result<Bytes, DataFusionError> {
    let GetResultPayload::File(mut file, _) = found.payload else {
        return Ok(found.bytes().await?);
    };
    let mut content = Vec::with_capacity(usize::try_from(found.meta.size).unwrap_or_default());
    file.read_to_end(&mut content)?;
    Ok(content.into())
}

/// The schema under which texts stay packed.
fn packed(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let is_varied = VARIED_COLUMNS.contains(&field.name().as_str());
        let kind = match field.data_type() {
            DataType::Utf8 | DataType::Utf8View if is_varied => DataType::Utf8View,
            DataType::Utf8 | DataType::Utf8View => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
            }
            other => other.clone(),
        };
        Field::new(field.name(), kind, field.is_nullable())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
