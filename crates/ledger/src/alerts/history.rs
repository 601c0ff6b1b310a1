use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use crate::error::{Fault, LedgerError, Step};
use crate::rows::ROWS_AT_ONCE;
use crate::tables::alert_history;
use crate::value::{moment, word};
use crate::{Ledger, ROWS_MAX};

/// Entries of an alert's history beyond which people's further changes to the alert are refused.
pub const ALERT_HISTORY_MAX: u64 = 1_000;
/// Who stands in a history for what no person did.
pub const DETECTION_AUTHOR: &str = "detection";

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertAction {
    /// Somebody changed its state or classification.
    State,
    /// Somebody gave it to somebody.
    Assignee,
    /// Somebody wrote about it.
    Comment,
    /// It had been resolved, and matched again.
    Reopened,
    /// Detection no longer finds it.
    Withdrawn,
    /// Detection finds it again.
    FoundAgain,
}

impl AlertAction {
    /// All actions.
    pub const ALL: [Self; 6] = [
        Self::State,
        Self::Assignee,
        Self::Comment,
        Self::Reopened,
        Self::Withdrawn,
        Self::FoundAgain,
    ];

    /// The word in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Assignee => "assignee",
            Self::Comment => "comment",
            Self::Reopened => "reopened",
            Self::Withdrawn => "withdrawn",
            Self::FoundAgain => "found_again",
        }
    }
}

impl FromStr for AlertAction {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| format!("nothing that happens to an alert is called `{text}`"))
    }
}

/// One thing that happened to an alert. Entries are never changed or removed while the alert is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertHistory {
    /// Greater than that of every earlier entry.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it; [`DETECTION_AUTHOR`] where no person did.
    pub author: String,
    /// What happened.
    pub action: AlertAction,
    /// What was before, where something changed.
    pub before: Option<String>,
    /// What was after, where something changed.
    pub after: Option<String>,
    /// What was written.
    pub comment: Option<String>,
}

impl Ledger {
    /// What happened to an alert, the newest first, up to [`ROWS_MAX`] entries.
    pub async fn alert_history(&self, id: &str) -> Result<Vec<AlertHistory>, LedgerError> {
        let rows = alert_history::Entity::find()
            .filter(alert_history::Column::AlertId.eq(id))
            .order_by_desc(alert_history::Column::Id)
            .limit(ROWS_MAX)
            .all(self.database())
            .await
            .map_err(Fault::from);
        let entries = rows.and_then(|rows| rows.into_iter().map(entry_of).collect());
        entries.map_err(|fault: Fault| {
            self.failed(format!("reading the history of alert `{id}`"), fault)
        })
    }
}

fn entry_of(row: alert_history::Model) -> Step<AlertHistory> {
    Ok(AlertHistory {
        id: row.id,
        at: moment(row.at)?,
        author: row.author,
        action: word(&row.action)?,
        before: row.before,
        after: row.after,
        comment: row.comment,
    })
}

/// What is to be added to the histories of alerts.
pub(super) struct Histories {
    author: String,
    at: i64,
    entries: Vec<alert_history::ActiveModel>,
}

impl Histories {
    pub(super) fn of(author: String, at: i64) -> Self {
        Self {
            author,
            at,
            entries: Vec::new(),
        }
    }

    /// Notes that `action` was done to an alert; the pair is what was before and what after.
    pub(super) fn tell(
        &mut self,
        alert_id: &str,
        action: AlertAction,
        (before, after): (Option<String>, Option<String>),
        comment: Option<String>,
    ) {
        self.entries.push(alert_history::ActiveModel {
            id: NotSet,
            alert_id: Set(alert_id.to_owned()),
            at: Set(self.at),
            author: Set(self.author.clone()),
            action: Set(action.as_str().to_owned()),
            before: Set(before),
            after: Set(after),
            comment: Set(comment),
        });
    }

    pub(super) async fn save(self, transaction: &DatabaseTransaction) -> Step<()> {
        for entries in self.entries.chunks(ROWS_AT_ONCE) {
            alert_history::Entity::insert_many(entries.to_vec())
                .exec_without_returning(transaction)
                .await?;
        }
        Ok(())
    }
}

/// How many entries the histories of these alerts have; those without any are left out.
pub(super) async fn lengths(
    transaction: &DatabaseTransaction,
    ids: &[String],
) -> Step<BTreeMap<String, u64>> {
    let mut lengths = BTreeMap::new();
    for ids in ids.chunks(ROWS_AT_ONCE) {
        let counts: Vec<(String, i64)> = alert_history::Entity::find()
            .select_only()
            .column(alert_history::Column::AlertId)
            .column_as(alert_history::Column::Id.count(), "entries")
            .filter(alert_history::Column::AlertId.is_in(ids.iter().map(String::as_str)))
            .group_by(alert_history::Column::AlertId)
            .into_tuple()
            .all(transaction)
            .await?;
        lengths.extend(
            counts
                .into_iter()
                .map(|(id, entries)| (id, entries.unsigned_abs())),
        );
    }
    Ok(lengths)
}
