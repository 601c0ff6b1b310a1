//! Events to columns and back.

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
            let bytes = events.iter().filter_map(|event| read(event)).map(str::len).sum();
            let mut builder = StringBuilder::with_capacity(rows, bytes);
            events.iter().for_each(|event| builder.append_option(read(event)));
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
    let rows = Rows { batch };
    let text = |name| rows.text(name);
    let (source, gid, event_type) = (text("source")?, text("gid")?, text("event_type")?);
    let (category, details, extra) = (text("event_category")?, text("details")?, text("extra")?);
    let actor = [text("actor_type")?, text("actor_gid")?, text("actor_name")?, text("actor_email")?];
    let resource = [
        text("resource_type")?,
        text("resource_subtype")?,
        text("resource_gid")?,
        text("resource_name")?,
        text("resource_email")?,
    ];
    let context = [
        text("context_type")?,
        text("api_authentication_method")?,
        text("client_ip_address")?,
        text("user_agent")?,
        text("oauth_app_name")?,
        text("rule_name")?,
    ];
    let on_behalf_of = rows.cast("on_behalf_of_user_id", &DataType::Int64)?;
    let sequence = rows.cast("batch", &DataType::Int64)?;
    let created_at = rows.cast("created_at", &schema::timestamp())?;
    let collected_at = rows.cast("collected_at", &schema::timestamp())?;
    (0..batch.num_rows())
        .map(|row| {
            let value = |column: &StringArray| {
                column.is_valid(row).then(|| column.value(row).to_owned())
            };
            let [actor_type, actor_gid, actor_name, actor_email] = actor.each_ref().map(value);
            let [resource_type, resource_subtype, resource_gid, resource_name, resource_email] =
                resource.each_ref().map(value);
            let [context_type, api_authentication_method, client_ip_address, user_agent, oauth_app_name, rule_name] =
                context.each_ref().map(value);
            Ok(StoredEvent {
                source: value(&source).unwrap_or_default(),
                batch: number(&sequence, row).unwrap_or_default(),
                collected_at: time(&collected_at, row)?,
                event: AuditEvent {
                    gid: value(&gid).unwrap_or_default(),
                    created_at: time(&created_at, row)?,
                    event_type: value(&event_type).unwrap_or_default(),
                    event_category: value(&category),
                    actor: Actor { actor_type, gid: actor_gid, name: actor_name, email: actor_email },
                    resource: Resource {
                        resource_type,
                        resource_subtype,
                        gid: resource_gid,
                        name: resource_name,
                        email: resource_email,
                    },
                    context: Context {
                        context_type,
                        api_authentication_method,
                        client_ip_address,
                        user_agent,
                        oauth_app_name,
                        rule_name,
                        on_behalf_of_user_id: number(&on_behalf_of, row),
                    },
                    details: value(&details),
                    extra: value(&extra),
                },
            })
        })
        .collect()
}

struct Rows<'a> {
    batch: &'a RecordBatch,
}

impl Rows<'_> {
    fn cast(&self, name: &str, kind: &DataType) -> Result<ArrayRef, ArrowError> {
        match self.batch.column_by_name(name) {
            Some(column) => cast(column, kind),
            None => Ok(new_null_array(kind, self.batch.num_rows())),
        }
    }

    fn text(&self, name: &str) -> Result<StringArray, ArrowError> {
        Ok(self.cast(name, &DataType::Utf8)?.as_string::<i32>().clone())
    }
}

fn number(column: &ArrayRef, row: usize) -> Option<i64> {
    let numbers = column.as_primitive::<Int64Type>();
    numbers.is_valid(row).then(|| numbers.value(row))
}

fn time(column: &ArrayRef, row: usize) -> Result<DateTime<Utc>, ArrowError> {
    let microseconds = column.as_primitive::<TimestampMicrosecondType>().value(row);
    DateTime::from_timestamp_micros(microseconds).ok_or_else(|| {
        ArrowError::CastError(format!("{microseconds} µs since 1970 is no time"))
    })
}
