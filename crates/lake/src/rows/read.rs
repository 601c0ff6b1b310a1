use std::sync::Arc;

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::datatypes::Int64Type;
use deltalake::arrow::error::ArrowError;
use drishti_model::{Actor, AddressFacts, Context, Device, EnrichedEvent, Resource};
use foldhash::HashMap;

use crate::events::StoredEvent;

mod columns;
mod facts;

pub(crate) use columns::{TextColumn, Times};

use columns::Numbers;
use facts::{Addresses, Devices};

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

impl Shared {
    /// Forgets everything where it has become much.
    pub(crate) fn make_room(&mut self) {
        if self.addresses.len() + self.devices.len() > SHARED_MAX {
            *self = Self::default();
        }
    }
}

/// The rows of `batch` as stored events. A column that the batch lacks is read as null.
pub(crate) fn stored_from_columns(batch: &RecordBatch) -> Result<Vec<StoredEvent>, ArrowError> {
    let mut shared = Shared::default();
    let mut rows = Rows::new(batch, Texts::All)?;
    let source = TextColumn::new(batch, "source")?;
    let sequence = Numbers::<Int64Type>::new(batch, "batch")?;
    let collected_at = Times::new(batch, "collected_at")?;
    (0..batch.num_rows())
        .map(|row| {
            let mut enriched = EnrichedEvent::default();
            rows.fill(row, &mut enriched, &mut shared)?;
            let EnrichedEvent {
                event,
                address,
                device,
            } = enriched;
            Ok(StoredEvent {
                source: source.get(row).unwrap_or_default().to_owned(),
                batch: sequence.get(row).unwrap_or_default(),
                collected_at: collected_at.get(row)?,
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
    shared.make_room();
    let mut rows = Rows::new(batch, texts)?;
    events.resize_with(batch.num_rows(), EnrichedEvent::default);
    for (row, event) in events.iter_mut().enumerate() {
        rows.fill(row, event, shared)?;
    }
    Ok(events)
}

/// Writes a text into the room of another.
fn put(place: &mut Option<String>, column: &TextColumn, row: usize) {
    match column.get(row) {
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
pub(crate) struct Rows {
    of_texts: Texts,
    gid: TextColumn,
    created_at: Times,
    event_type: TextColumn,
    event_category: TextColumn,
    actor: [TextColumn; 4],
    resource: [TextColumn; 5],
    context: [TextColumn; 6],
    on_behalf_of_user_id: Numbers<Int64Type>,
    details: TextColumn,
    extra: TextColumn,
    addresses: Addresses,
    devices: Devices,
}

impl Rows {
    pub(crate) fn new(batch: &RecordBatch, of_texts: Texts) -> Result<Self, ArrowError> {
        let text = |name| TextColumn::new(batch, name);
        let context = [
            text("context_type")?,
            text("api_authentication_method")?,
            text("client_ip_address")?,
            text("user_agent")?,
            text("oauth_app_name")?,
            text("rule_name")?,
        ];
        let [_, _, addresses, agents, ..] = &context;
        Ok(Self {
            of_texts,
            gid: text("gid")?,
            created_at: Times::new(batch, "created_at")?,
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
            on_behalf_of_user_id: Numbers::new(batch, "on_behalf_of_user_id")?,
            details: text("details")?,
            extra: text("extra")?,
            addresses: Addresses::new(batch, addresses)?,
            devices: Devices::new(batch, agents)?,
            context,
        })
    }

    /// When each event was, in microseconds since 1970.
    pub(crate) fn microseconds(&self) -> Result<&[i64], ArrowError> {
        self.created_at.microseconds()
    }

    /// The gid of a row.
    pub(crate) fn gid(&self, row: usize) -> &str {
        self.gid.get(row).unwrap_or_default()
    }

    /// Makes `enriched` the event of a row, whatever it was before.
    pub(crate) fn fill(
        &mut self,
        row: usize,
        enriched: &mut EnrichedEvent,
        shared: &mut Shared,
    ) -> Result<(), ArrowError> {
        let event = &mut enriched.event;
        put_text(&mut event.gid, self.gid(row));
        let event_type = self.event_type.get(row).unwrap_or_default();
        put_text(&mut event.event_type, event_type);
        event.created_at = self.created_at.get(row)?;
        put(&mut event.event_category, &self.event_category, row);
        self.fill_actor(row, &mut event.actor);
        self.fill_resource(row, &mut event.resource);
        self.fill_context(row, &mut event.context);
        put(&mut event.details, &self.details, row);
        put(&mut event.extra, &self.extra, row);
        let [_, _, addresses, agents, ..] = &self.context;
        let known = &mut shared.addresses;
        enriched.address = self.addresses.facts(row, addresses, known);
        enriched.device = self.devices.device(row, agents, &mut shared.devices);
        Ok(())
    }

    fn fill_actor(&self, row: usize, actor: &mut Actor) {
        let [actor_type, gid, name, email] = &self.actor;
        put(&mut actor.actor_type, actor_type, row);
        put(&mut actor.gid, gid, row);
        put(&mut actor.name, name, row);
        put(&mut actor.email, email, row);
    }

    fn fill_resource(&self, row: usize, resource: &mut Resource) {
        let [resource_type, resource_subtype, gid, name, email] = &self.resource;
        put(&mut resource.resource_type, resource_type, row);
        let is_account = resource.resource_type.as_deref() == Some(ACCOUNT);
        if self.of_texts == Texts::OfHabits && !is_account {
            *resource = Resource {
                resource_type: resource.resource_type.take(),
                ..Resource::default()
            };
            return;
        }
        put(&mut resource.resource_subtype, resource_subtype, row);
        put(&mut resource.gid, gid, row);
        put(&mut resource.name, name, row);
        put(&mut resource.email, email, row);
    }

    fn fill_context(&self, row: usize, context: &mut Context) {
        let [context_type, method, address, user_agent, app, rule] = &self.context;
        put(&mut context.context_type, context_type, row);
        put(&mut context.api_authentication_method, method, row);
        put(&mut context.client_ip_address, address, row);
        if self.of_texts == Texts::All {
            put(&mut context.user_agent, user_agent, row);
        }
        put(&mut context.oauth_app_name, app, row);
        put(&mut context.rule_name, rule, row);
        context.on_behalf_of_user_id = self.on_behalf_of_user_id.get(row);
    }
}

#[cfg(test)]
mod tests;
