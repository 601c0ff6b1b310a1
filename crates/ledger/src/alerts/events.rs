use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter,
    QuerySelect,
};

use super::AlertEvent;
use crate::Ledger;
use crate::error::{LedgerError, Step};
use crate::rows::{ROWS_AT_ONCE, insert_or_keep, insert_or_replace};
use crate::tables::alert_event;
use crate::value::{cut, micros, moment};

/// Most events kept of one alert: the first [`ALERT_EVENTS_FIRST`] and the newest.
pub const ALERT_EVENTS_MAX: usize = 1_000;
/// How many of an alert's first events are kept where it has more than [`ALERT_EVENTS_MAX`].
pub const ALERT_EVENTS_FIRST: usize = 100;

/// Most characters of a gid.
const GID_CHARS_MAX: usize = 200;

/// An event as it stands in columns: time, then gid, so that they sort in the order of the lake.
pub(super) type EventKey = (i64, String);

impl Ledger {
    /// The events that an alert rests on, the oldest first; of more than [`ALERT_EVENTS_MAX`], the first and the newest.
    pub async fn alert_events(&self, id: &str) -> Result<Vec<AlertEvent>, LedgerError> {
        let found = events_of(self.database(), &[id]).await;
        let found = found.map(|mut events| events.remove(id).unwrap_or_default());
        found.map_err(|fault| self.failed(format!("reading the events of alert `{id}`"), fault))
    }
}

/// The events of several alerts; an alert that has none is left out.
pub(super) async fn events_of(
    connection: &impl ConnectionTrait,
    ids: &[&str],
) -> Step<BTreeMap<String, Vec<AlertEvent>>> {
    let mut found = EventsOf::new();
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let rows: Vec<(String, i64, String)> = alert_event::Entity::find()
            .select_only()
            .column(alert_event::Column::AlertId)
            .column(alert_event::Column::CreatedAt)
            .column(alert_event::Column::Gid)
            .filter(alert_event::Column::AlertId.is_in(ids.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        for (id, created_at, gid) in rows {
            found.entry(id).or_default().push((created_at, gid));
        }
    }
    let in_order = |(id, mut events): (String, Vec<EventKey>)| {
        events.sort_unstable();
        leave_first_and_newest(&mut events);
        let event = |(created_at, gid)| {
            Ok(AlertEvent {
                created_at: moment(created_at)?,
                gid,
            })
        };
        let events = events.into_iter().map(event).collect::<Step<Vec<_>>>()?;
        Ok((id, events))
    };
    found.into_iter().map(in_order).collect()
}

/// Events as they stand in columns, in order.
pub(super) fn keys_of(events: &[AlertEvent]) -> Vec<EventKey> {
    let key = |event: &AlertEvent| (micros(event.created_at), cut(&event.gid, GID_CHARS_MAX));
    distinct(events.iter().map(key))
}

/// Events in order, each gid once.
pub(super) fn distinct(events: impl IntoIterator<Item = EventKey>) -> Vec<EventKey> {
    let times: BTreeMap<String, i64> = events.into_iter().map(|(at, gid)| (gid, at)).collect();
    let mut events: Vec<EventKey> = times.into_iter().map(|(gid, at)| (at, gid)).collect();
    events.sort_unstable();
    events
}

/// Takes out of the middle of sorted events what is beyond [`ALERT_EVENTS_MAX`]; gives what it took.
pub(super) fn leave_first_and_newest(events: &mut Vec<EventKey>) -> Vec<EventKey> {
    let beyond = events.len().saturating_sub(ALERT_EVENTS_MAX);
    if beyond == 0 {
        return Vec::new();
    }
    events
        .drain(ALERT_EVENTS_FIRST..ALERT_EVENTS_FIRST + beyond)
        .collect()
}

/// Events by alert.
pub(super) type EventsOf = BTreeMap<String, Vec<EventKey>>;

/// Replaces the events that previews added to alerts of a source, and adds those that are there for good.
pub(super) async fn save_events(
    transaction: &DatabaseTransaction,
    previewed_before: &[String],
    settled: &EventsOf,
    previewed: &EventsOf,
) -> Step<()> {
    for ids in previewed_before.chunks(ROWS_AT_ONCE) {
        alert_event::Entity::delete_many()
            .filter(alert_event::Column::AlertId.is_in(ids.iter().map(String::as_str)))
            .filter(alert_event::Column::Provisional.eq(true))
            .exec(transaction)
            .await?;
    }
    insert_or_replace(transaction, rows(settled, false)).await?;
    insert_or_keep(transaction, rows(previewed, true)).await?;
    trim(transaction, settled, false).await?;
    trim(transaction, previewed, true).await
}

/// Lets alerts rest on these events and on no others.
pub(super) async fn replace_events(
    transaction: &DatabaseTransaction,
    events: &EventsOf,
) -> Step<()> {
    let ids: Vec<&str> = events.keys().map(String::as_str).collect();
    for ids in ids.chunks(ROWS_AT_ONCE) {
        alert_event::Entity::delete_many()
            .filter(alert_event::Column::AlertId.is_in(ids.iter().copied()))
            .exec(transaction)
            .await?;
    }
    insert_or_replace(transaction, rows(events, false)).await
}

fn rows(events: &EventsOf, provisional: bool) -> Vec<alert_event::Model> {
    let row = |alert_id: &str, (created_at, gid): &EventKey| alert_event::Model {
        alert_id: alert_id.to_owned(),
        gid: gid.clone(),
        created_at: *created_at,
        provisional,
    };
    events
        .iter()
        .flat_map(|(id, events)| events.iter().map(move |event| row(id, event)))
        .collect()
}

/// Events that are there for good and those of previews are bounded apart, so that a preview leaves no trace.
async fn trim(transaction: &DatabaseTransaction, events: &EventsOf, provisional: bool) -> Step<()> {
    let ids: Vec<&str> = events.keys().map(String::as_str).collect();
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let full: Vec<String> = alert_event::Entity::find()
            .select_only()
            .column(alert_event::Column::AlertId)
            .filter(alert_event::Column::AlertId.is_in(ids.iter().copied()))
            .filter(alert_event::Column::Provisional.eq(provisional))
            .group_by(alert_event::Column::AlertId)
            .having(alert_event::Column::Gid.count().gt(events_max()))
            .into_tuple()
            .all(transaction)
            .await?;
        for id in full {
            trim_one(transaction, &id, provisional).await?;
        }
    }
    Ok(())
}

fn events_max() -> i64 {
    i64::try_from(ALERT_EVENTS_MAX).unwrap_or(i64::MAX)
}

async fn trim_one(
    transaction: &DatabaseTransaction,
    alert_id: &str,
    provisional: bool,
) -> Step<()> {
    let of_alert = alert_event::Column::AlertId.eq(alert_id);
    let mut events: Vec<EventKey> = alert_event::Entity::find()
        .select_only()
        .column(alert_event::Column::CreatedAt)
        .column(alert_event::Column::Gid)
        .filter(of_alert.clone())
        .filter(alert_event::Column::Provisional.eq(provisional))
        .into_tuple()
        .all(transaction)
        .await?;
    events.sort_unstable();
    for beyond in leave_first_and_newest(&mut events).chunks(ROWS_AT_ONCE) {
        alert_event::Entity::delete_many()
            .filter(of_alert.clone())
            .filter(alert_event::Column::Gid.is_in(beyond.iter().map(|(_, gid)| gid.as_str())))
            .exec(transaction)
            .await?;
    }
    Ok(())
}
