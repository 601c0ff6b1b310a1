use std::sync::Arc;

use chrono::{DateTime, Utc};
use deltalake::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use deltalake::arrow::error::ArrowError;
use drishti_model::{Actor, AddressFacts, Context, Device, EnrichedEvent, Resource};
use foldhash::HashMap;

use super::TAG_SEPARATOR;
use crate::events::StoredEvent;
use crate::schema;

/// Addresses and devices that are remembered from batch to batch, so that rows with the same facts share them.
const SHARED_MAX: usize = 50_000;

/// Bytes of a text beyond which its room is not kept for another.
const ROOM_BYTES_MAX: usize = 4_096;

/// The type of resources that are accounts of people.
const ACCOUNT: &str = "user";

/// Which texts of events are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    All,
    /// Those that habits are learned and judged by: no text of a user agent, and no resource that is not somebody's account.
    OfHabits,
}

/// What rows have in common.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    addresses: HashMap<String, Arc<AddressFacts>>,
    devices: HashMap<String, Arc<Device>>,
}

/// The rows of `batch` as stored events. A column that the batch lacks is read as null.
pub(crate) fn stored_from_columns(batch: &RecordBatch) -> Result<Vec<StoredEvent>, ArrowError> {
    let mut shared = Shared::default();
    let mut rows = Rows::new(batch, Texts::All, &mut shared)?;
    let source = texts(batch, "source")?;
    let sequence = numbers(batch, "batch")?;
    let collected_at = times(batch, "collected_at")?;
    (0..batch.num_rows())
        .map(|row| {
            let mut enriched = EnrichedEvent::default();
            rows.fill(row, &mut enriched)?;
            let EnrichedEvent {
                event,
                address,
                device,
            } = enriched;
            Ok(StoredEvent {
                source: owned(source.as_ref(), row).unwrap_or_default(),
                batch: number(sequence.as_ref(), row).unwrap_or_default(),
                collected_at: time(collected_at.as_ref(), row, "collected_at")?,
                event,
                address,
                device,
            })
        })
        .collect()
}

/// The rows of `batch` as enriched events. A column that the batch lacks is read as null.
pub(crate) fn enriched_from_columns(batch: &RecordBatch) -> Result<Vec<EnrichedEvent>, ArrowError> {
    enriched_again(batch, Texts::All, &mut Shared::default(), Vec::new())
}

/// The same in the room of events that nobody needs any more.
pub(crate) fn enriched_again(
    batch: &RecordBatch,
    texts: Texts,
    shared: &mut Shared,
    mut events: Vec<EnrichedEvent>,
) -> Result<Vec<EnrichedEvent>, ArrowError> {
    if shared.addresses.len() + shared.devices.len() > SHARED_MAX {
        *shared = Shared::default();
    }
    let mut rows = Rows::new(batch, texts, shared)?;
    events.resize_with(batch.num_rows(), EnrichedEvent::default);
    for (row, event) in events.iter_mut().enumerate() {
        rows.fill(row, event)?;
    }
    Ok(events)
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

/// A column of text, as views, which is what the engine reads text as.
fn texts(batch: &RecordBatch, name: &str) -> Result<Option<StringViewArray>, ArrowError> {
    let column = column(batch, name, &DataType::Utf8View)?;
    Ok(column.and_then(|column| column.as_string_view_opt().cloned()))
}

fn numbers(batch: &RecordBatch, name: &str) -> Result<Option<Int64Array>, ArrowError> {
    let column = column(batch, name, &DataType::Int64)?;
    Ok(column.and_then(|column| column.as_primitive_opt::<Int64Type>().cloned()))
}

fn degrees(batch: &RecordBatch, name: &str) -> Result<Option<Float64Array>, ArrowError> {
    let column = column(batch, name, &DataType::Float64)?;
    Ok(column.and_then(|column| column.as_primitive_opt::<Float64Type>().cloned()))
}

fn times(batch: &RecordBatch, name: &str) -> Result<Option<TimestampMicrosecondArray>, ArrowError> {
    let column = column(batch, name, &schema::timestamp())?;
    Ok(column.and_then(|column| {
        column
            .as_primitive_opt::<TimestampMicrosecondType>()
            .cloned()
    }))
}

fn text(column: Option<&StringViewArray>, row: usize) -> Option<&str> {
    column
        .filter(|column| column.is_valid(row))
        .map(|column| column.value(row))
}

fn owned(column: Option<&StringViewArray>, row: usize) -> Option<String> {
    text(column, row).map(str::to_owned)
}

fn number(column: Option<&Int64Array>, row: usize) -> Option<i64> {
    column
        .filter(|column| column.is_valid(row))
        .map(|column| column.value(row))
}

fn time(
    column: Option<&TimestampMicrosecondArray>,
    row: usize,
    name: &str,
) -> Result<DateTime<Utc>, ArrowError> {
    column
        .filter(|column| column.is_valid(row))
        .and_then(|column| DateTime::from_timestamp_micros(column.value(row)))
        .ok_or_else(|| ArrowError::CastError(format!("row {row} has no time in `{name}`")))
}

/// Writes a text into the room of another.
fn put(place: &mut Option<String>, column: Option<&StringViewArray>, row: usize) {
    match text(column, row) {
        Some(text) => put_text(place.get_or_insert_default(), text),
        None => *place = None,
    }
}

fn put_text(place: &mut String, text: &str) {
    if place.capacity() > ROOM_BYTES_MAX {
        *place = String::new();
    }
    place.clear();
    place.push_str(text);
}

/// The columns of one batch, found once.
struct Rows<'a> {
    of_texts: Texts,
    gid: Option<StringViewArray>,
    created_at: Option<TimestampMicrosecondArray>,
    event_type: Option<StringViewArray>,
    event_category: Option<StringViewArray>,
    actor: [Option<StringViewArray>; 4],
    resource: [Option<StringViewArray>; 5],
    context: [Option<StringViewArray>; 6],
    on_behalf_of_user_id: Option<Int64Array>,
    details: Option<StringViewArray>,
    extra: Option<StringViewArray>,
    addresses: Addresses<'a>,
    devices: Devices<'a>,
}

impl<'a> Rows<'a> {
    fn new(
        batch: &RecordBatch,
        of_texts: Texts,
        shared: &'a mut Shared,
    ) -> Result<Self, ArrowError> {
        let text = |name| texts(batch, name);
        Ok(Self {
            of_texts,
            gid: text("gid")?,
            created_at: times(batch, "created_at")?,
            event_type: text("event_type")?,
            event_category: text("event_category")?,
            actor: [
                text("actor_type")?,
                text("actor_gid")?,
                text("actor_name")?,
                text("actor_email")?,
            ],
            resource: [
                text("resource_type")?,
                text("resource_subtype")?,
                text("resource_gid")?,
                text("resource_name")?,
                text("resource_email")?,
            ],
            context: [
                text("context_type")?,
                text("api_authentication_method")?,
                text("client_ip_address")?,
                text("user_agent")?,
                text("oauth_app_name")?,
                text("rule_name")?,
            ],
            on_behalf_of_user_id: numbers(batch, "on_behalf_of_user_id")?,
            details: text("details")?,
            extra: text("extra")?,
            addresses: Addresses::new(batch, &mut shared.addresses)?,
            devices: Devices::new(batch, &mut shared.devices)?,
        })
    }

    /// Makes `enriched` the event of a row, whatever it was before.
    fn fill(&mut self, row: usize, enriched: &mut EnrichedEvent) -> Result<(), ArrowError> {
        let event = &mut enriched.event;
        let gid = text(self.gid.as_ref(), row).unwrap_or_default();
        put_text(&mut event.gid, gid);
        let event_type = text(self.event_type.as_ref(), row).unwrap_or_default();
        put_text(&mut event.event_type, event_type);
        event.created_at = time(self.created_at.as_ref(), row, "created_at")?;
        put(&mut event.event_category, self.event_category.as_ref(), row);
        self.fill_actor(row, &mut event.actor);
        self.fill_resource(row, &mut event.resource);
        self.fill_context(row, &mut event.context);
        put(&mut event.details, self.details.as_ref(), row);
        put(&mut event.extra, self.extra.as_ref(), row);
        let address = event.context.client_ip_address.as_deref();
        enriched.address = self.addresses.facts(row, address);
        let [_, _, _, user_agent, ..] = &self.context;
        enriched.device = self.devices.device(row, text(user_agent.as_ref(), row));
        Ok(())
    }

    fn fill_actor(&self, row: usize, actor: &mut Actor) {
        let [actor_type, gid, name, email] = &self.actor;
        put(&mut actor.actor_type, actor_type.as_ref(), row);
        put(&mut actor.gid, gid.as_ref(), row);
        put(&mut actor.name, name.as_ref(), row);
        put(&mut actor.email, email.as_ref(), row);
    }

    fn fill_resource(&self, row: usize, resource: &mut Resource) {
        let [resource_type, resource_subtype, gid, name, email] = &self.resource;
        put(&mut resource.resource_type, resource_type.as_ref(), row);
        let is_account = resource.resource_type.as_deref() == Some(ACCOUNT);
        if self.of_texts == Texts::OfHabits && !is_account {
            *resource = Resource {
                resource_type: resource.resource_type.take(),
                ..Resource::default()
            };
            return;
        }
        put(
            &mut resource.resource_subtype,
            resource_subtype.as_ref(),
            row,
        );
        put(&mut resource.gid, gid.as_ref(), row);
        put(&mut resource.name, name.as_ref(), row);
        put(&mut resource.email, email.as_ref(), row);
    }

    fn fill_context(&self, row: usize, context: &mut Context) {
        let [context_type, method, address, user_agent, app, rule] = &self.context;
        put(&mut context.context_type, context_type.as_ref(), row);
        put(&mut context.api_authentication_method, method.as_ref(), row);
        put(&mut context.client_ip_address, address.as_ref(), row);
        if self.of_texts == Texts::All {
            put(&mut context.user_agent, user_agent.as_ref(), row);
        }
        put(&mut context.oauth_app_name, app.as_ref(), row);
        put(&mut context.rule_name, rule.as_ref(), row);
        context.on_behalf_of_user_id = number(self.on_behalf_of_user_id.as_ref(), row);
    }
}

/// The columns about addresses. Rows with the same facts share them.
struct Addresses<'a> {
    /// Country, region, city, organization, category, tags.
    texts: [Option<StringViewArray>; 6],
    latitude: Option<Float64Array>,
    longitude: Option<Float64Array>,
    asn: Option<Int64Array>,
    known: &'a mut HashMap<String, Arc<AddressFacts>>,
}

impl<'a> Addresses<'a> {
    fn new(
        batch: &RecordBatch,
        known: &'a mut HashMap<String, Arc<AddressFacts>>,
    ) -> Result<Self, ArrowError> {
        Ok(Self {
            texts: [
                texts(batch, "ip_country")?,
                texts(batch, "ip_region")?,
                texts(batch, "ip_city")?,
                texts(batch, "ip_organization")?,
                texts(batch, "ip_category")?,
                texts(batch, "ip_tags")?,
            ],
            latitude: degrees(batch, "ip_latitude")?,
            longitude: degrees(batch, "ip_longitude")?,
            asn: numbers(batch, "ip_asn")?,
            known,
        })
    }

    fn facts(&mut self, row: usize, address: Option<&str>) -> Option<Arc<AddressFacts>> {
        let address = address?;
        let [country, region, city, organization, category, tags] = self
            .texts
            .each_ref()
            .map(|column| text(column.as_ref(), row));
        let degree = |column: &Option<Float64Array>| {
            let column = column.as_ref().filter(|column| column.is_valid(row))?;
            Some(column.value(row))
        };
        let (latitude, longitude) = (degree(&self.latitude), degree(&self.longitude));
        let asn = number(self.asn.as_ref(), row).and_then(|asn| u32::try_from(asn).ok());
        let category = category.and_then(|category| category.parse().ok());
        let is_same = |known: &AddressFacts| {
            known.country.as_deref() == country
                && known.region.as_deref() == region
                && known.city.as_deref() == city
                && known.organization.as_deref() == organization
                && known.category == category
                && known.asn == asn
                && known.coordinates() == latitude.zip(longitude)
                && is_list(&known.tags, tags)
        };
        if let Some(known) = self.known.get(address)
            && is_same(known)
        {
            return Some(Arc::clone(known));
        }
        let facts = AddressFacts {
            country: country.map(str::to_owned),
            region: region.map(str::to_owned),
            city: city.map(str::to_owned),
            latitude,
            longitude,
            asn,
            organization: organization.map(str::to_owned),
            category,
            tags: list(tags),
        };
        if facts == AddressFacts::default() {
            return None;
        }
        let facts = Arc::new(facts);
        self.known.insert(address.to_owned(), Arc::clone(&facts));
        Some(facts)
    }
}

/// The columns about devices. Rows with the same device share it.
struct Devices<'a> {
    /// Browser, system, kind, tags.
    texts: [Option<StringViewArray>; 4],
    known: &'a mut HashMap<String, Arc<Device>>,
}

impl<'a> Devices<'a> {
    fn new(
        batch: &RecordBatch,
        known: &'a mut HashMap<String, Arc<Device>>,
    ) -> Result<Self, ArrowError> {
        Ok(Self {
            texts: [
                texts(batch, "device_browser")?,
                texts(batch, "device_os")?,
                texts(batch, "device_kind")?,
                texts(batch, "device_tags")?,
            ],
            known,
        })
    }

    fn device(&mut self, row: usize, user_agent: Option<&str>) -> Option<Arc<Device>> {
        let user_agent = user_agent?;
        let [browser, os, kind, tags] = self
            .texts
            .each_ref()
            .map(|column| text(column.as_ref(), row));
        let kind = kind.and_then(|kind| kind.parse().ok());
        let is_same = |known: &Device| {
            known.browser.as_deref() == browser
                && known.os.as_deref() == os
                && known.kind == kind
                && is_list(&known.tags, tags)
        };
        if let Some(known) = self.known.get(user_agent)
            && is_same(known)
        {
            return Some(Arc::clone(known));
        }
        let device = Device {
            browser: browser.map(str::to_owned),
            os: os.map(str::to_owned),
            kind,
            tags: list(tags),
        };
        if device == Device::default() {
            return None;
        }
        let device = Arc::new(device);
        self.known
            .insert(user_agent.to_owned(), Arc::clone(&device));
        Some(device)
    }
}

fn list(tags: Option<&str>) -> Vec<String> {
    tags.map(|tags| tags.split(TAG_SEPARATOR).map(str::to_owned).collect())
        .unwrap_or_default()
}

fn is_list(known: &[String], tags: Option<&str>) -> bool {
    match tags {
        None => known.is_empty(),
        Some(tags) => known.iter().eq(tags.split(TAG_SEPARATOR)),
    }
}

#[cfg(test)]
mod tests;
