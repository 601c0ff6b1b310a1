use std::collections::{BTreeMap, BTreeSet};

use drishti_model::SourceName;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};

use super::content::{Content, Stored};
use super::events::{EventsOf, distinct, keys_of, save_events};
use super::history::{AlertAction, DETECTION_AUTHOR, Histories};
use super::{AlertState, DetectedAlert, Triage, check_id};
use crate::error::{Fault, Step};
use crate::rows::{ROWS_AT_ONCE, insert_or_replace};
use crate::tables::{alert, alert_detail};

/// What saving did to alerts, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertChanges {
    /// Those that were not there before.
    pub opened: Vec<String>,
    /// Those that had been resolved and are new again.
    pub reopened: Vec<String>,
    /// Those that are gone: nothing says them any more, and nobody had worked on them.
    pub removed: Vec<String>,
    /// Those that nothing says any more, but that people have worked on: they stay, and their history tells it.
    pub withdrawn: Vec<String>,
}

/// Alerts of one source under change.
pub(super) struct Changing<'a> {
    source: &'a SourceName,
    now: i64,
    rows: BTreeMap<String, Stored>,
    before: BTreeMap<String, Stored>,
    histories: Histories,
    changes: AlertChanges,
}

impl<'a> Changing<'a> {
    /// Reads those of the alerts that are there.
    pub(super) async fn read(
        transaction: &DatabaseTransaction,
        source: &'a SourceName,
        ids: &BTreeSet<&str>,
        now: i64,
    ) -> Step<Self> {
        let ids: Vec<&str> = ids.iter().copied().collect();
        let mut before = BTreeMap::new();
        for ids in ids.chunks(ROWS_AT_ONCE) {
            let ids = || ids.iter().copied();
            let alerts = alert::Entity::find().filter(alert::Column::Id.is_in(ids()));
            let details =
                alert_detail::Entity::find().filter(alert_detail::Column::AlertId.is_in(ids()));
            let mut details: BTreeMap<String, alert_detail::Model> = details
                .all(transaction)
                .await?
                .into_iter()
                .map(|detail| (detail.alert_id.clone(), detail))
                .collect();
            for alert in alerts.all(transaction).await? {
                if alert.source != source.as_str() {
                    return Err(Fault::Refused(format!(
                        "alert `{}` is one of source `{}`",
                        alert.id, alert.source
                    )));
                }
                let detail = details.remove(&alert.id).ok_or_else(|| {
                    Fault::Unreadable(format!("alert `{}` has no details", alert.id))
                })?;
                before.insert(alert.id.clone(), Stored { alert, detail });
            }
        }
        Ok(Self {
            source,
            now,
            rows: before.clone(),
            before,
            histories: Histories::of(DETECTION_AUTHOR.to_owned(), now),
            changes: AlertChanges::default(),
        })
    }

    /// Ends what previews made of the alerts; gives those of which nothing is left.
    pub(super) fn end_previews(&mut self) -> Step<BTreeSet<String>> {
        let mut nothing_left = BTreeSet::new();
        for (id, stored) in &mut self.rows {
            if stored.alert.provisional && !stored.end_preview()? {
                nothing_left.insert(id.clone());
            }
        }
        Ok(nothing_left)
    }

    /// Lets an alert say what was found for good.
    pub(super) fn settle(&mut self, id: &str, content: Content) -> Step<()> {
        let matches = content.match_count;
        self.entry(id)?.settle(content);
        self.found(id, matches);
        Ok(())
    }

    fn preview(&mut self, id: &str, content: Content) -> Step<()> {
        let matches = content.match_count;
        self.entry(id)?.preview(content)?;
        self.found(id, matches);
        Ok(())
    }

    fn entry(&mut self, id: &str) -> Step<&mut Stored> {
        if !self.rows.contains_key(id) {
            let begun = Stored::begin(self.source, id, self.now);
            self.changes.opened.push(id.to_owned());
            self.rows.insert(id.to_owned(), begun);
        }
        self.rows
            .get_mut(id)
            .ok_or_else(|| Fault::Unreadable(format!("alert `{id}` vanished while it was saved")))
    }

    fn found(&mut self, id: &str, matches: i64) {
        let Some(Stored { alert, .. }) = self.rows.get_mut(id) else {
            return;
        };
        if alert.withdrawn_at.take().is_some() {
            self.histories
                .tell(id, AlertAction::FoundAgain, (None, None), None);
        }
        let more = alert.resolved_match_count.is_some_and(|at| matches > at);
        if more {
            let before = Triage::of(alert).map(|triage| triage.to_string());
            Triage::New.put(alert, self.now);
            alert.revision += 1;
            let after = Some(AlertState::New.as_str().to_owned());
            self.histories
                .tell(id, AlertAction::Reopened, (before.ok(), after), None);
            self.changes.reopened.push(id.to_owned());
        }
    }

    /// Takes back an alert that nothing says any more.
    pub(super) fn withdraw(&mut self, id: &str) {
        let Some(Stored { alert, .. }) = self.rows.get_mut(id) else {
            return;
        };
        if !alert.touched {
            self.rows.remove(id);
            self.changes.removed.push(id.to_owned());
        } else if alert.withdrawn_at.is_none() {
            alert.withdrawn_at = Some(self.now);
            self.histories
                .tell(id, AlertAction::Withdrawn, (None, None), None);
            self.changes.withdrawn.push(id.to_owned());
        }
    }

    /// Writes what has changed.
    pub(super) async fn write(self, transaction: &DatabaseTransaction) -> Step<AlertChanges> {
        for ids in self.changes.removed.chunks(ROWS_AT_ONCE) {
            alert::Entity::delete_many()
                .filter(alert::Column::Id.is_in(ids.iter().map(String::as_str)))
                .exec(transaction)
                .await?;
        }
        let (mut alerts, mut details) = (Vec::new(), Vec::new());
        for (id, mut stored) in self.rows {
            // A match that went away and comes back later has not been seen by whoever resolved the alert.
            let matches = stored.alert.match_count;
            let resolved_at = &mut stored.alert.resolved_match_count;
            *resolved_at = resolved_at.map(|at| at.min(matches));
            let before = self.before.get(&id);
            if before == Some(&stored) {
                continue;
            }
            if before.is_none_or(|before| before.detail != stored.detail) {
                details.push(stored.detail);
            }
            stored.alert.updated_at = self.now;
            alerts.push(stored.alert);
        }
        insert_or_replace(transaction, alerts).await?;
        insert_or_replace(transaction, details).await?;
        self.histories.save(transaction).await?;
        Ok(self.changes)
    }
}

/// Saves the alerts that a step settled, and lets those of its preview take the place of the last preview's.
pub(crate) async fn save_alerts(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    settled: &[DetectedAlert],
    previewed: &[DetectedAlert],
    now: i64,
) -> Step<AlertChanges> {
    for alert in settled.iter().chain(previewed) {
        check_id("an alert", &alert.id)?;
    }
    let previewed_before = previewed_ids(transaction, source).await?;
    let given = settled
        .iter()
        .chain(previewed)
        .map(|alert| alert.id.as_str());
    let ids: BTreeSet<&str> = given
        .chain(previewed_before.iter().map(String::as_str))
        .collect();
    let mut changing = Changing::read(transaction, source, &ids, now).await?;
    let mut nothing_left = changing.end_previews()?;
    for alert in settled {
        nothing_left.remove(&alert.id);
        changing.settle(&alert.id, Content::of(alert))?;
    }
    for alert in previewed {
        nothing_left.remove(&alert.id);
        changing.preview(&alert.id, Content::of(alert))?;
    }
    for id in &nothing_left {
        changing.withdraw(id);
    }
    let changes = changing.write(transaction).await?;
    // What stays because people have worked on it keeps its events.
    let replaced: Vec<String> = previewed_before
        .into_iter()
        .filter(|id| !nothing_left.contains(id))
        .collect();
    save_events(
        transaction,
        &replaced,
        &events_of(settled),
        &events_of(previewed),
    )
    .await?;
    Ok(changes)
}

/// The alerts of a source that say what a preview found.
async fn previewed_ids(
    transaction: &DatabaseTransaction,
    source: &SourceName,
) -> Step<Vec<String>> {
    Ok(alert::Entity::find()
        .select_only()
        .column(alert::Column::Id)
        .filter(alert::Column::Source.eq(source.as_str()))
        .filter(alert::Column::Provisional.eq(true))
        .into_tuple()
        .all(transaction)
        .await?)
}

fn events_of(alerts: &[DetectedAlert]) -> EventsOf {
    let mut events = EventsOf::new();
    for alert in alerts {
        let of_alert = events.entry(alert.id.clone()).or_default();
        of_alert.append(&mut keys_of(&alert.events));
    }
    for of_alert in events.values_mut() {
        *of_alert = distinct(std::mem::take(of_alert));
    }
    events
}
