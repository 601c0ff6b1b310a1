//! Events to columns and back.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray, new_null_array,
};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, Int64Type, SchemaRef, TimestampMicrosecondType};
use deltalake::arrow::error::ArrowError;
use drishti_model::{Actor, AuditEvent, Context, Resource, SourceName};

use crate::events::StoredEvent;
use crate::schema;

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
    events: &[&AuditEvent],
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

fn column(name: &str, stamp: &Stamp<'_>, events: &[&AuditEvent]) -> Option<ArrayRef> {
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
                .map(|event| event.created_at.timestamp_micros())
                .collect(),
        ),
        "on_behalf_of_user_id" => Arc::new(
            events
                .iter()
                .map(|event| event.context.on_behalf_of_user_id)
                .collect::<Int64Array>(),
        ),
        "batch" => Arc::new(Int64Array::from(vec![stamp.sequence; rows])),
        "collected_at" => times(vec![stamp.collected_at.timestamp_micros(); rows]),
        schema::PARTITION => Arc::new(Date32Array::from_iter_values(
            events
                .iter()
                .map(|event| days_since_epoch(event.created_at.date_naive())),
        )),
        _ => {
            let read = text_field(name)?;
            let bytes = events
                .iter()
                .filter_map(|event| read(event))
                .map(str::len)
                .sum();
            let mut builder = StringBuilder::with_capacity(rows, bytes);
            for event in events {
                builder.append_option(read(event));
            }
            Arc::new(builder.finish())
        }
    })
}

type ReadText = fn(&AuditEvent) -> Option<&str>;

fn text_field(name: &str) -> Option<ReadText> {
    Some(match name {
        "gid" => |event| Some(&event.gid),
        "event_type" => |event| Some(&event.event_type),
        "event_category" => |event| event.event_category.as_deref(),
        "actor_type" => |event| event.actor.actor_type.as_deref(),
        "actor_gid" => |event| event.actor.gid.as_deref(),
        "actor_name" => |event| event.actor.name.as_deref(),
        "actor_email" => |event| event.actor.email.as_deref(),
        "resource_type" => |event| event.resource.resource_type.as_deref(),
        "resource_subtype" => |event| event.resource.resource_subtype.as_deref(),
        "resource_gid" => |event| event.resource.gid.as_deref(),
        "resource_name" => |event| event.resource.name.as_deref(),
        "resource_email" => |event| event.resource.email.as_deref(),
        "context_type" => |event| event.context.context_type.as_deref(),
        "api_authentication_method" => |event| event.context.api_authentication_method.as_deref(),
        "client_ip_address" => |event| event.context.client_ip_address.as_deref(),
        "user_agent" => |event| event.context.user_agent.as_deref(),
        "oauth_app_name" => |event| event.context.oauth_app_name.as_deref(),
        "rule_name" => |event| event.context.rule_name.as_deref(),
        "details" => |event| event.details.as_deref(),
        "extra" => |event| event.extra.as_deref(),
        _ => return None,
    })
}

/// The rows of `batch` as events. A column that the batch lacks is read as null.
pub(crate) fn from_columns(batch: &RecordBatch) -> Result<Vec<StoredEvent>, ArrowError> {
    let rows = Rows::new(batch)?;
    (0..batch.num_rows()).map(|row| rows.event(row)).collect()
}

/// Columns by name, in the types that they are stored in: the engine reads text as views.
struct Rows(HashMap<String, ArrayRef>);

impl Rows {
    fn new(batch: &RecordBatch) -> Result<Self, ArrowError> {
        let schema = batch.schema();
        let fields = schema.fields().iter().zip(batch.columns());
        let columns = fields.map(|(field, column)| {
            let kind = match field.data_type() {
                DataType::Timestamp(..) => &schema::timestamp(),
                DataType::Int64 | DataType::Date32 => field.data_type(),
                _ => &DataType::Utf8,
            };
            Ok((field.name().clone(), cast(column, kind)?))
        });
        Ok(Self(columns.collect::<Result<_, ArrowError>>()?))
    }

    fn column(&self, name: &str, row: usize) -> Option<&ArrayRef> {
        self.0.get(name).filter(|column| column.is_valid(row))
    }

    fn text(&self, name: &str, row: usize) -> Option<String> {
        let texts = self.column(name, row)?.as_string_opt::<i32>()?;
        Some(texts.value(row).to_owned())
    }

    fn number(&self, name: &str, row: usize) -> Option<i64> {
        let numbers = self.column(name, row)?.as_primitive_opt::<Int64Type>()?;
        Some(numbers.value(row))
    }

    fn time(&self, name: &str, row: usize) -> Result<DateTime<Utc>, ArrowError> {
        self.column(name, row)
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
            .and_then(|times| DateTime::from_timestamp_micros(times.value(row)))
            .ok_or_else(|| ArrowError::CastError(format!("row {row} has no time in `{name}`")))
    }

    fn event(&self, row: usize) -> Result<StoredEvent, ArrowError> {
        let text = |name| self.text(name, row);
        Ok(StoredEvent {
            source: text("source").unwrap_or_default(),
            batch: self.number("batch", row).unwrap_or_default(),
            collected_at: self.time("collected_at", row)?,
            event: AuditEvent {
                gid: text("gid").unwrap_or_default(),
                created_at: self.time("created_at", row)?,
                event_type: text("event_type").unwrap_or_default(),
                event_category: text("event_category"),
                actor: Actor {
                    actor_type: text("actor_type"),
                    gid: text("actor_gid"),
                    name: text("actor_name"),
                    email: text("actor_email"),
                },
                resource: Resource {
                    resource_type: text("resource_type"),
                    resource_subtype: text("resource_subtype"),
                    gid: text("resource_gid"),
                    name: text("resource_name"),
                    email: text("resource_email"),
                },
                context: Context {
                    context_type: text("context_type"),
                    api_authentication_method: text("api_authentication_method"),
                    client_ip_address: text("client_ip_address"),
                    user_agent: text("user_agent"),
                    oauth_app_name: text("oauth_app_name"),
                    rule_name: text("rule_name"),
                    on_behalf_of_user_id: self.number("on_behalf_of_user_id", row),
                },
                details: text("details"),
                extra: text("extra"),
            },
        })
    }
}
