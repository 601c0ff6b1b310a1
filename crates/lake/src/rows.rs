//! Events to columns and back.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    StringBuilder, TimestampMicrosecondArray, new_null_array,
};
use deltalake::arrow::compute::cast;
use deltalake::arrow::compute::kernels::boolean::or;
use deltalake::arrow::compute::kernels::cmp::distinct;
use deltalake::arrow::datatypes::SchemaRef;
use deltalake::arrow::error::ArrowError;
use drishti_model::{AddressCategory, AddressFacts, Device, DeviceKind, EnrichedEvent, SourceName};

use crate::schema;

mod read;

pub(crate) use read::{
    Rows, Shared, TextColumn, Texts, Times, enriched_again, enriched_from_columns,
    stored_from_columns,
};

/// Between the tags of an address or a device, which stand in one column.
const TAG_SEPARATOR: &str = ",";

/// What all rows of a batch have in common.
pub(crate) struct Stamp<'a> {
    pub(crate) source: &'a SourceName,
    pub(crate) sequence: i64,
    pub(crate) collected_at: DateTime<Utc>,
}

/// Days since 1970, as Arrow and Delta count dates.
pub(crate) fn days_since_epoch(date: NaiveDate) -> i32 {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).unwrap_or(i32::MAX)
}

/// The columns of `events` in the order of `table`; a column that only the table knows is null.
pub(crate) fn to_columns(
    stamp: &Stamp<'_>,
    events: &[&EnrichedEvent],
    table: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let columns = table
        .fields()
        .iter()
        .map(|field| {
            column(field.name(), stamp, events)
                .unwrap_or_else(|| new_null_array(field.data_type(), events.len()))
        })
        .collect();
    RecordBatch::try_new(Arc::clone(table), columns)
}

/// The columns of `batch` in the order of `table`, with what `again` says of the address and device of each row; and how many rows
/// said something else.
pub(crate) fn with_enrichment(
    batch: &RecordBatch,
    again: &[EnrichedEvent],
    table: &SchemaRef,
) -> Result<(RecordBatch, u64), ArrowError> {
    let again: Vec<&EnrichedEvent> = again.iter().collect();
    let mut differing: Option<BooleanArray> = None;
    let mut columns = Vec::with_capacity(table.fields().len());
    for field in table.fields() {
        let stored = batch.column_by_name(field.name());
        let stored = stored.map(|stored| cast(stored, field.data_type()));
        let stored = stored.transpose()?;
        let stored = stored.unwrap_or_else(|| new_null_array(field.data_type(), again.len()));
        let Some(column) = enrichment_column(field.name(), &again) else {
            columns.push(stored);
            continue;
        };
        let differs = distinct(&stored, &column)?;
        differing = Some(match differing {
            Some(others) => or(&others, &differs)?,
            None => differs,
        });
        columns.push(column);
    }
    let differing = differing.map_or(0, |differing| differing.true_count());
    Ok((
        RecordBatch::try_new(Arc::clone(table), columns)?,
        differing as u64,
    ))
}

fn column(name: &str, stamp: &Stamp<'_>, events: &[&EnrichedEvent]) -> Option<ArrayRef> {
    let rows = events.len();
    let times = |times: Vec<i64>| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))
    };
    Some(match name {
        "source" => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
            stamp.source.as_str(),
            rows,
        ))),
        "created_at" => times(
            events
                .iter()
                .map(|event| event.event.created_at.timestamp_micros())
                .collect(),
        ),
        "on_behalf_of_user_id" => Arc::new(
            events
                .iter()
                .map(|event| event.event.context.on_behalf_of_user_id)
                .collect::<Int64Array>(),
        ),
        "batch" => Arc::new(Int64Array::from(vec![stamp.sequence; rows])),
        "collected_at" => times(vec![stamp.collected_at.timestamp_micros(); rows]),
        schema::PARTITION => {
            Arc::new(Date32Array::from_iter_values(events.iter().map(|event| {
                days_since_epoch(event.event.created_at.date_naive())
            })))
        }
        _ => {
            let of_event = event_field(name).map(|read| text_column(events, read));
            of_event.or_else(|| enrichment_column(name, events))?
        }
    })
}

/// A column of what is known of addresses and devices.
fn enrichment_column(name: &str, events: &[&EnrichedEvent]) -> Option<ArrayRef> {
    let degrees = |read: fn(&AddressFacts) -> Option<f64>| -> ArrayRef {
        let values = events.iter().map(|event| read(event.address.as_deref()?));
        Arc::new(values.collect::<Float64Array>())
    };
    Some(match name {
        "ip_latitude" => degrees(|facts| facts.latitude),
        "ip_longitude" => degrees(|facts| facts.longitude),
        "ip_asn" => {
            let values = events
                .iter()
                .map(|event| Some(i64::from(event.address.as_deref()?.asn?)));
            Arc::new(values.collect::<Int64Array>())
        }
        "ip_tags" => tags(
            events
                .iter()
                .map(|event| Some(event.address.as_deref()?.tags.as_slice())),
        ),
        "device_tags" => tags(
            events
                .iter()
                .map(|event| Some(event.device.as_deref()?.tags.as_slice())),
        ),
        _ => text_column(events, enrichment_field(name)?),
    })
}

fn text_column(events: &[&EnrichedEvent], read: ReadText) -> ArrayRef {
    let texts = events.iter().filter_map(|event| read(event));
    let bytes = texts.map(str::len).sum();
    let mut builder = StringBuilder::with_capacity(events.len(), bytes);
    for event in events {
        builder.append_option(read(event));
    }
    Arc::new(builder.finish())
}

/// Tags as one text; none are null.
fn tags<'a>(all: impl Iterator<Item = Option<&'a [String]>>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    for tags in all {
        match tags.unwrap_or_default() {
            [] => builder.append_null(),
            [tag] => builder.append_value(tag),
            tags => builder.append_value(tags.join(TAG_SEPARATOR)),
        }
    }
    Arc::new(builder.finish())
}

type ReadText = fn(&EnrichedEvent) -> Option<&str>;

fn event_field(name: &str) -> Option<ReadText> {
    Some(match name {
        "gid" => |row| Some(&row.event.gid),
        "event_type" => |row| Some(&row.event.event_type),
        "event_category" => |row| row.event.event_category.as_deref(),
        "actor_type" => |row| row.event.actor.actor_type.as_deref(),
        "actor_gid" => |row| row.event.actor.gid.as_deref(),
        "actor_name" => |row| row.event.actor.name.as_deref(),
        "actor_email" => |row| row.event.actor.email.as_deref(),
        "resource_type" => |row| row.event.resource.resource_type.as_deref(),
        "resource_subtype" => |row| row.event.resource.resource_subtype.as_deref(),
        "resource_gid" => |row| row.event.resource.gid.as_deref(),
        "resource_name" => |row| row.event.resource.name.as_deref(),
        "resource_email" => |row| row.event.resource.email.as_deref(),
        "context_type" => |row| row.event.context.context_type.as_deref(),
        "api_authentication_method" => |row| row.event.context.api_authentication_method.as_deref(),
        "client_ip_address" => |row| row.event.context.client_ip_address.as_deref(),
        "user_agent" => |row| row.event.context.user_agent.as_deref(),
        "oauth_app_name" => |row| row.event.context.oauth_app_name.as_deref(),
        "rule_name" => |row| row.event.context.rule_name.as_deref(),
        "details" => |row| row.event.details.as_deref(),
        "extra" => |row| row.event.extra.as_deref(),
        _ => return None,
    })
}

fn enrichment_field(name: &str) -> Option<ReadText> {
    fn address(row: &EnrichedEvent) -> Option<&AddressFacts> {
        row.address.as_deref()
    }
    fn device(row: &EnrichedEvent) -> Option<&Device> {
        row.device.as_deref()
    }
    Some(match name {
        "ip_country" => |row| address(row)?.country.as_deref(),
        "ip_region" => |row| address(row)?.region.as_deref(),
        "ip_city" => |row| address(row)?.city.as_deref(),
        "ip_organization" => |row| address(row)?.organization.as_deref(),
        "ip_category" => |row| address(row)?.category.map(AddressCategory::as_str),
        "device_browser" => |row| device(row)?.browser.as_deref(),
        "device_os" => |row| device(row)?.os.as_deref(),
        "device_kind" => |row| device(row)?.kind.map(DeviceKind::as_str),
        _ => return None,
    })
}
