use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Value, json};

use super::history::{AlertAction, Histories, lengths};
use super::{ALERT_HISTORY_MAX, Alert, Triage, alert_of};
use crate::Ledger;
use crate::audit::{AuditEntry, Trail, record_all};
use crate::error::{Fault, LedgerError, Step};
use crate::rows::{ROWS_AT_ONCE, insert_or_replace};
use crate::tables::{alert, source};
use crate::value::{micros, moment, name, text, within};

/// Most characters of a comment on an alert, and of the reason of a resolution.
pub const ALERT_COMMENT_CHARS_MAX: usize = 10_000;
/// Most alerts that one call changes.
pub const ALERTS_AT_ONCE_MAX: usize = 1_000;

/// What to change of an alert; `None` leaves a part as it is, and what is already so is no change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertChange {
    /// What people make of it.
    pub triage: Option<Triage>,
    /// Who looks after it; `Some(None)`: nobody.
    pub assignee: Option<Option<String>>,
    /// A comment to add.
    pub comment: Option<String>,
}

impl AlertChange {
    /// The change as it can be kept.
    fn checked(&self) -> Step<Self> {
        let mut checked = self.clone();
        if let Some(Triage::Resolved { reason, .. }) = &mut checked.triage {
            *reason = within("the reason", reason, ALERT_COMMENT_CHARS_MAX)?;
        }
        if let Some(Some(assignee)) = &mut checked.assignee {
            *assignee = name("the assignee", assignee)?;
        }
        if let Some(comment) = &mut checked.comment {
            *comment = within("the comment", comment, ALERT_COMMENT_CHARS_MAX)?;
        }
        Ok(checked)
    }
}

impl Ledger {
    /// Changes an alert, in the name of `author`; with `expected_revision`, only where the alert still has it.
    pub async fn change_alert(
        &self,
        id: &str,
        change: &AlertChange,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<Alert, LedgerError> {
        let alerts = [(id.to_owned(), expected_revision)];
        let mut changed = self.change_alerts(&alerts, change, author, now).await?;
        changed
            .pop()
            .unwrap_or_else(|| Err(LedgerError::NoSuchAlert(id.to_owned())))
    }

    /// Makes the same change to several alerts, up to [`ALERTS_AT_ONCE_MAX`], each with the revision that it must have. What
    /// became of each is told in the same order; one that can't be changed does not keep the others.
    pub async fn change_alerts(
        &self,
        alerts: &[(String, Option<i64>)],
        change: &AlertChange,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<Result<Alert, LedgerError>>, LedgerError> {
        let doing = match alerts {
            [(id, _)] => format!("changing alert `{id}`"),
            _ => format!("changing {} alerts", alerts.len()),
        };
        let write = self.write(doing).await?;
        let outcome = change_all(&write.transaction, alerts, change, author, micros(now)).await;
        write.finish(outcome).await
    }
}

async fn change_all(
    transaction: &DatabaseTransaction,
    alerts: &[(String, Option<i64>)],
    change: &AlertChange,
    author: &str,
    now: i64,
) -> Step<Vec<Result<Alert, LedgerError>>> {
    if alerts.len() > ALERTS_AT_ONCE_MAX {
        return Err(Fault::Refused(format!(
            "they are more than {ALERTS_AT_ONCE_MAX}"
        )));
    }
    let change = change.checked()?;
    let mut histories = Histories::of(name("the author", author)?, now);
    let ids: Vec<String> = alerts.iter().map(|(id, _)| id.clone()).collect();
    let before = hold_alerts(transaction, &ids).await?;
    let entries = lengths(transaction, &ids).await?;
    let mut rows = before.clone();
    let mut told = Vec::new();
    let mut outcomes = Vec::with_capacity(alerts.len());
    for (id, expected) in alerts {
        let outcome = match rows.get_mut(id) {
            None => Err(LedgerError::NoSuchAlert(id.clone())),
            Some(row) => {
                if let Some(refusal) = refusal(row, *expected, entries.get(id).copied()) {
                    Err(refusal)
                } else {
                    let before = row.clone();
                    apply(row, &change, &mut histories, now)?;
                    let is_commented = change.comment.is_some();
                    told.extend(entry_of((&before, row), is_commented, author, now)?);
                    Ok(alert_of(row.clone())?)
                }
            }
        };
        outcomes.push(outcome);
    }
    let changed = rows
        .into_iter()
        .filter(|(id, row)| before.get(id) != Some(row))
        .map(|(_, row)| row)
        .collect();
    insert_or_replace(transaction, changed).await?;
    histories.save(transaction).await?;
    record_all(transaction, &told).await?;
    Ok(outcomes)
}

/// What the audit trail tells of what was made of an alert; nothing where that was nothing.
fn entry_of(
    (before, after): (&alert::Model, &alert::Model),
    is_commented: bool,
    author: &str,
    now: i64,
) -> Step<Option<AuditEntry>> {
    let trail = Trail {
        author,
        at: moment(now)?,
        kind: "alert",
        subject: &after.id,
    };
    // A comment alone is no new revision.
    if before.revision == after.revision {
        return Ok(is_commented.then(|| trail.entry("commented", (None, None))));
    }
    let told = |row: &alert::Model| -> Step<Value> {
        let state = Triage::of(row)?.to_string();
        Ok(json!({"state": state, "assignee": row.assignee}))
    };
    let (before, after) = (Some(told(before)?), Some(told(after)?));
    Ok(Some(trail.entry("changed", (before, after))))
}

/// Why an alert may not be changed.
fn refusal(row: &alert::Model, expected: Option<i64>, entries: Option<u64>) -> Option<LedgerError> {
    if let Some(expected) = expected.filter(|&expected| expected != row.revision) {
        return Some(LedgerError::RevisionConflict {
            what: format!("alert `{}`", row.id),
            expected,
            actual: row.revision,
        });
    }
    let is_full = entries.is_some_and(|entries| entries >= ALERT_HISTORY_MAX);
    is_full.then(|| LedgerError::Refused {
        doing: format!("changing alert `{}`", row.id),
        problem: format!("its history has {ALERT_HISTORY_MAX} entries, and no room for more"),
    })
}

fn apply(
    row: &mut alert::Model,
    change: &AlertChange,
    histories: &mut Histories,
    now: i64,
) -> Step<()> {
    let before = row.clone();
    if let Some(triage) = &change.triage {
        let from = Triage::of(row)?;
        if from != *triage {
            triage.put(row, now);
            let reason = match triage {
                Triage::Resolved { reason, .. } => Some(reason.clone()),
                Triage::New | Triage::InReview => None,
            };
            let (from, to) = (Some(from.to_string()), Some(triage.to_string()));
            histories.tell(&row.id, AlertAction::State, (from, to), reason);
        }
    }
    if let Some(assignee) = &change.assignee
        && row.assignee != *assignee
    {
        let from = std::mem::replace(&mut row.assignee, assignee.clone());
        let to = assignee.clone();
        histories.tell(&row.id, AlertAction::Assignee, (from, to), None);
    }
    row.revision += i64::from(*row != before);
    if let Some(comment) = &change.comment {
        let comment = Some(comment.clone());
        histories.tell(&row.id, AlertAction::Comment, (None, None), comment);
    }
    if *row != before || change.comment.is_some() {
        row.touched = true;
        row.updated_at = now;
    }
    Ok(())
}

/// Holds the rows of alerts until the transaction ends, after those of their sources, as every change does. Unknown ids, and
/// sources that were removed, are passed over.
pub(crate) async fn hold_alerts(
    transaction: &DatabaseTransaction,
    ids: &[String],
) -> Step<BTreeMap<String, alert::Model>> {
    let ids: BTreeSet<String> = ids.iter().map(|id| text(id)).collect();
    let ids: Vec<String> = ids.into_iter().collect();
    let mut sources = BTreeSet::new();
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let of_chunk: Vec<String> = alert::Entity::find()
            .select_only()
            .column(alert::Column::Source)
            .distinct()
            .filter(alert::Column::Id.is_in(ids.iter().map(String::as_str)))
            .into_tuple()
            .all(transaction)
            .await?;
        sources.extend(of_chunk);
    }
    for source in sources {
        source::Entity::find_by_id(source)
            .lock_exclusive()
            .one(transaction)
            .await?;
    }
    let mut held = BTreeMap::new();
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let rows = alert::Entity::find()
            .filter(alert::Column::Id.is_in(ids.iter().map(String::as_str)))
            .order_by_asc(alert::Column::Id)
            .lock_exclusive()
            .all(transaction)
            .await?;
        held.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
    }
    Ok(held)
}
