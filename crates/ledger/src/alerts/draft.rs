use std::collections::{BTreeMap, BTreeSet};

use drishti_model::SourceName;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};

use super::content::Content;
use super::events::{
    EventKey, EventsOf, distinct, keys_of, leave_first_and_newest, replace_events,
};
use super::save::Changing;
use super::{AlertChanges, DetectedAlert, check_id};
use crate::error::{Fault, Step};
use crate::rows::{ROWS_AT_ONCE, insert_or_replace};
use crate::tables::{alert, alert_detail, alert_draft};

/// An alert of a rebuild, unseen until the rebuild is finished.
#[derive(Serialize, Deserialize)]
struct Draft {
    content: Content,
    events: Vec<EventKey>,
}

impl Draft {
    fn parse(text: &str) -> Step<Self> {
        serde_json::from_str(text).map_err(|problem| {
            Fault::Unreadable(format!("an alert of a rebuild can't be read: {problem}"))
        })
    }

    fn to_text(&self) -> Step<String> {
        serde_json::to_string(self).map_err(|problem| Fault::Unreadable(problem.to_string()))
    }
}

/// Saves alerts of a rebuild; they are not seen until it is finished.
pub(crate) async fn save_drafts(
    transaction: &DatabaseTransaction,
    generation: i64,
    detected: &[DetectedAlert],
) -> Step<()> {
    for alert in detected {
        check_id("an alert", &alert.id)?;
    }
    let ids: BTreeSet<&str> = detected.iter().map(|alert| alert.id.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let rows = alert_draft::Entity::find()
            .filter(alert_draft::Column::Generation.eq(generation))
            .filter(alert_draft::Column::Id.is_in(ids.iter().copied()))
            .all(transaction)
            .await?;
        for row in rows {
            drafts.insert(row.id, Draft::parse(&row.draft)?);
        }
    }
    for alert in detected {
        let known = drafts.remove(&alert.id).map(|draft| draft.events);
        let known = known.unwrap_or_default().into_iter();
        let mut events = distinct(known.chain(keys_of(&alert.events)));
        leave_first_and_newest(&mut events);
        let draft = Draft {
            content: Content::of(alert),
            events,
        };
        drafts.insert(alert.id.clone(), draft);
    }
    let row = |(id, draft): (String, Draft)| {
        Ok(alert_draft::Model {
            generation,
            id,
            draft: draft.to_text()?,
        })
    };
    let rows: Vec<alert_draft::Model> = drafts.into_iter().map(row).collect::<Step<_>>()?;
    insert_or_replace(transaction, rows).await
}

/// Lets the alerts of a finished rebuild take the place of the source's alerts, but for those whose newest event is older than
/// `kept_before`; previews are left to the next step.
pub(crate) async fn finish_drafts(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    generation: i64,
    kept_before: Option<i64>,
    now: i64,
) -> Step<AlertChanges> {
    let mut changes = AlertChanges::default();
    let mut drafted: BTreeSet<String> = BTreeSet::new();
    let mut last: Option<String> = None;
    loop {
        let mut query = alert_draft::Entity::find()
            .filter(alert_draft::Column::Generation.eq(generation))
            .order_by_asc(alert_draft::Column::Id)
            .limit(ROWS_AT_ONCE as u64);
        if let Some(last) = last {
            query = query.filter(alert_draft::Column::Id.gt(last));
        }
        let rows = query.all(transaction).await?;
        let is_last = rows.len() < ROWS_AT_ONCE;
        last = rows.last().map(|row| row.id.clone());
        drafted.extend(rows.iter().map(|row| row.id.clone()));
        add(&mut changes, publish(transaction, source, rows, now).await?);
        if is_last {
            break;
        }
    }
    let undrafted: Vec<String> = settled_ids(transaction, source, kept_before)
        .await?
        .into_iter()
        .filter(|id| !drafted.contains(id))
        .collect();
    for ids in undrafted.chunks(ROWS_AT_ONCE) {
        let of_chunk = ids.iter().map(String::as_str).collect();
        let mut changing = Changing::read(transaction, source, &of_chunk, now).await?;
        changing.end_previews()?;
        for id in ids {
            changing.withdraw(id);
        }
        add(&mut changes, changing.write(transaction).await?);
    }
    Ok(changes)
}

async fn publish(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    rows: Vec<alert_draft::Model>,
    now: i64,
) -> Step<AlertChanges> {
    let ids = rows.iter().map(|row| row.id.as_str()).collect();
    let mut changing = Changing::read(transaction, source, &ids, now).await?;
    let mut events = EventsOf::new();
    for row in &rows {
        let draft = Draft::parse(&row.draft)?;
        changing.settle(&row.id, draft.content)?;
        events.insert(row.id.clone(), draft.events);
    }
    let changes = changing.write(transaction).await?;
    replace_events(transaction, &events).await?;
    Ok(changes)
}

/// The alerts of a source that say something for good, from `since` on.
async fn settled_ids(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    since: Option<i64>,
) -> Step<Vec<String>> {
    let since = since.map(|since| alert::Column::LastEventAt.gte(since));
    let all: Vec<(String, bool)> = alert::Entity::find()
        .select_only()
        .column(alert::Column::Id)
        .column(alert::Column::Provisional)
        .filter(alert::Column::Source.eq(source.as_str()))
        .filter(since.into_iter().fold(Condition::all(), Condition::add))
        .into_tuple()
        .all(transaction)
        .await?;
    let (previewed, mut settled): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(_, provisional)| *provisional);
    let previewed: Vec<String> = previewed.into_iter().map(|(id, _)| id).collect();
    for ids in previewed.chunks(ROWS_AT_ONCE) {
        let with_settled: Vec<String> = alert_detail::Entity::find()
            .select_only()
            .column(alert_detail::Column::AlertId)
            .filter(alert_detail::Column::AlertId.is_in(ids.iter().map(String::as_str)))
            .filter(alert_detail::Column::Settled.is_not_null())
            .into_tuple()
            .all(transaction)
            .await?;
        settled.extend(with_settled.into_iter().map(|id| (id, true)));
    }
    Ok(settled.into_iter().map(|(id, _)| id).collect())
}

fn add(all: &mut AlertChanges, some: AlertChanges) {
    all.opened.extend(some.opened);
    all.reopened.extend(some.reopened);
    all.removed.extend(some.removed);
    all.withdrawn.extend(some.withdrawn);
}
