//! The columns of `events` and how they are written.

use std::sync::Arc;

use deltalake::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use deltalake::parquet::basic::{Compression, Encoding, ZstdLevel};
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::properties::{EnabledStatistics, WriterProperties};
use deltalake::parquet::schema::types::ColumnPath;

/// The partition column: UTC day of `created_at`.
pub(crate) const PARTITION: &str = "event_date";

/// Rows of one row group.
const ROW_GROUP_ROWS: usize = 262_144;

/// Rows of one page, the least that is unpacked to read one row.
const PAGE_ROWS: usize = 4_096;

/// zstd level: 3 writes twice as fast as 9 and costs 7 % of size (`lake.md`, "Ingest and size").
const ZSTD_LEVEL: i32 = 3;

/// Share of wrong "maybe" answers of the bloom filters.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;

/// Columns looked up by one value, and how many values of each a row group is expected to have. Each file that is open has all of
/// its filters in memory at this size, and a backfill has as many open as days; on disk they are as small as they can be.
const BLOOM_COLUMNS: [(&str, u64); 5] = [
    ("gid", 131_072),
    ("actor_gid", 16_384),
    ("actor_email", 16_384),
    ("resource_gid", 131_072),
    ("client_ip_address", 16_384),
];

/// Columns whose values hardly repeat, so that a dictionary only costs.
const UNIQUE_COLUMNS: [&str; 1] = ["gid"];

/// Columns with minimum and maximum in the Delta log, for skipping whole files.
pub(crate) const STATISTICS_COLUMNS: &str =
    "created_at,gid,source,event_type,actor_gid,client_ip_address,batch";

/// The type of every point in time.
pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The table's columns. A new column is added at the end, nullable; none is ever given another meaning.
pub(crate) fn events() -> SchemaRef {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    Arc::new(Schema::new(vec![
        text("source", false),
        text("gid", false),
        Field::new("created_at", timestamp(), false),
        text("event_type", false),
        text("event_category", true),
        text("actor_type", true),
        text("actor_gid", true),
        text("actor_name", true),
        text("actor_email", true),
        text("resource_type", true),
        text("resource_subtype", true),
        text("resource_gid", true),
        text("resource_name", true),
        text("resource_email", true),
        text("context_type", true),
        text("api_authentication_method", true),
        text("client_ip_address", true),
        text("user_agent", true),
        text("oauth_app_name", true),
        text("rule_name", true),
        Field::new("on_behalf_of_user_id", DataType::Int64, true),
        text("details", true),
        text("extra", true),
        Field::new("batch", DataType::Int64, false),
        Field::new("collected_at", timestamp(), false),
        Field::new(PARTITION, DataType::Date32, false),
        text("ip_country", true),
        text("ip_region", true),
        text("ip_city", true),
        Field::new("ip_latitude", DataType::Float64, true),
        Field::new("ip_longitude", DataType::Float64, true),
        Field::new("ip_asn", DataType::Int64, true),
        text("ip_organization", true),
        text("ip_category", true),
        text("ip_tags", true),
        text("device_browser", true),
        text("device_os", true),
        text("device_kind", true),
        text("device_tags", true),
    ]))
}

/// How Parquet files are written, at append and at compaction.
pub(crate) fn writer_properties() -> Result<WriterProperties, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_column_statistics_enabled(ColumnPath::from("details"), EnabledStatistics::None)
        .set_column_statistics_enabled(ColumnPath::from("extra"), EnabledStatistics::None)
        .set_column_dictionary_enabled(ColumnPath::from("created_at"), false)
        .set_column_encoding(
            ColumnPath::from("created_at"),
            Encoding::DELTA_BINARY_PACKED,
        );
    for (column, values) in BLOOM_COLUMNS {
        let column = ColumnPath::from(column);
        properties = properties
            .set_column_bloom_filter_enabled(column.clone(), true)
            .set_column_bloom_filter_fpp(column.clone(), BLOOM_FALSE_POSITIVES)
            .set_column_bloom_filter_max_ndv(column, values);
    }
    for column in UNIQUE_COLUMNS {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(column), false);
    }
    Ok(properties.build())
}
