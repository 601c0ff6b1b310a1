use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use crate::error::{Fault, LedgerError, Step};
use crate::rows::ROWS_AT_ONCE;
use crate::tables::audit_entry;
use crate::value::{json, micros, moment, name, text};
use crate::{JSON_BYTES_MAX, Ledger, ROWS_MAX};

/// Most bytes of what was before, and of what was after, of an entry of the audit trail: the longest policy, written as JSON.
pub const AUDIT_JSON_BYTES_MAX: usize = 16 * JSON_BYTES_MAX;

/// Entries that are read at once where their bytes count: each may be long.
const AUDIT_ROWS_AT_ONCE: u64 = 20;

/// One change that somebody made. There is no call that changes or removes an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub author: String,
    /// What was done, such as `changed`.
    pub action: String,
    /// To what kind of thing, such as `policy`.
    pub subject_kind: String,
    /// To which one.
    pub subject: String,
    /// It before, as JSON; `None` where it was not there.
    pub before: Option<String>,
    /// It after, as JSON; `None` where it is gone.
    pub after: Option<String>,
}

impl AuditEntry {
    /// Bytes of what is told in it.
    fn bytes(&self) -> usize {
        [&self.before, &self.after]
            .into_iter()
            .flatten()
            .map(String::len)
            .sum()
    }
}

/// An entry and its place in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAuditEntry {
    /// Greater than that of every earlier entry.
    pub id: i64,
    /// The entry.
    pub entry: AuditEntry,
}

/// Which entries of the trail to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only about this kind of thing.
    pub subject_kind: Option<String>,
    /// Only about the one with this name.
    pub subject: Option<String>,
    /// Only by this person.
    pub author: Option<String>,
    /// Only older than the entry with this number.
    pub before_id: Option<i64>,
    /// How many at most, up to [`ROWS_MAX`].
    pub limit: u64,
}

impl Ledger {
    /// Appends an entry to the trail. Changes to alerts, policies, suppressions, ranges, feeds, facts about
    /// people, operators and API tokens do so by themselves.
    pub async fn record_audit(&self, entry: &AuditEntry) -> Result<(), LedgerError> {
        let write = self
            .write("appending to the audit trail".to_owned())
            .await?;
        let outcome = record(&write.transaction, entry).await;
        write.finish(outcome).await
    }

    /// Entries of the trail, the newest first.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<StoredAuditEntry>, LedgerError> {
        let rows = self.audit_rows(filter).await;
        let entries = rows.and_then(|rows| rows.into_iter().map(entry_of).collect());
        entries.map_err(|fault: Fault| self.failed("reading the audit trail", fault))
    }

    /// The same, but no further ones once those before have `bytes_max` bytes together; whether there are more that fit the filter.
    pub async fn audit_within(
        &self,
        filter: &AuditFilter,
        bytes_max: usize,
    ) -> Result<(Vec<StoredAuditEntry>, bool), LedgerError> {
        let limit = usize::try_from(filter.limit.min(ROWS_MAX)).unwrap_or(usize::MAX);
        let mut part = AuditFilter {
            limit: AUDIT_ROWS_AT_ONCE,
            ..filter.clone()
        };
        let (mut found, mut bytes) = (Vec::new(), 0);
        loop {
            let entries = self.audit(&part).await?;
            let Some(last) = entries.last() else {
                return Ok((found, false));
            };
            part.before_id = Some(last.id);
            for entry in entries {
                if found.len() >= limit || bytes >= bytes_max {
                    return Ok((found, true));
                }
                bytes += entry.entry.bytes();
                found.push(entry);
            }
        }
    }

    async fn audit_rows(&self, filter: &AuditFilter) -> Step<Vec<audit_entry::Model>> {
        use audit_entry::Column as Of;

        let mut query = audit_entry::Entity::find()
            .order_by_desc(Of::Id)
            .limit(filter.limit.min(ROWS_MAX));
        if let Some(kind) = &filter.subject_kind {
            query = query.filter(Of::SubjectKind.eq(text(kind)));
        }
        if let Some(subject) = &filter.subject {
            query = query.filter(Of::Subject.eq(text(subject)));
        }
        if let Some(author) = &filter.author {
            query = query.filter(Of::Author.eq(text(author)));
        }
        if let Some(before) = filter.before_id {
            query = query.filter(Of::Id.lt(before));
        }
        Ok(query.all(self.database()).await?)
    }
}

fn entry_of(row: audit_entry::Model) -> Step<StoredAuditEntry> {
    Ok(StoredAuditEntry {
        id: row.id,
        entry: AuditEntry {
            at: moment(row.at)?,
            author: row.author,
            action: row.action,
            subject_kind: row.subject_kind,
            subject: row.subject,
            before: row.before,
            after: row.after,
        },
    })
}

/// Appends an entry to the trail, with the change that it tells of.
pub(crate) async fn record(transaction: &DatabaseTransaction, entry: &AuditEntry) -> Step<()> {
    audit_entry::Entity::insert(row_of(entry)?)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// Appends many entries.
pub(crate) async fn record_all(
    transaction: &DatabaseTransaction,
    entries: &[AuditEntry],
) -> Step<()> {
    for entries in entries.chunks(ROWS_AT_ONCE) {
        let rows: Vec<_> = entries.iter().map(row_of).collect::<Step<_>>()?;
        audit_entry::Entity::insert_many(rows)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

fn row_of(entry: &AuditEntry) -> Step<audit_entry::ActiveModel> {
    let part = |what: &str, given: &Option<String>| {
        given
            .as_deref()
            .map(|given| json(what, given, AUDIT_JSON_BYTES_MAX))
            .transpose()
    };
    Ok(audit_entry::ActiveModel {
        id: NotSet,
        at: Set(micros(entry.at)),
        author: Set(name("the author", &entry.author)?),
        action: Set(name("the action", &entry.action)?),
        subject_kind: Set(name("the kind of the subject", &entry.subject_kind)?),
        subject: Set(name("the subject", &entry.subject)?),
        before: Set(part("what was before", &entry.before)?),
        after: Set(part("what was after", &entry.after)?),
    })
}

/// What is being changed, and by whom, for the trail.
pub(crate) struct Trail<'a> {
    pub(crate) author: &'a str,
    pub(crate) at: DateTime<Utc>,
    pub(crate) kind: &'a str,
    pub(crate) subject: &'a str,
}

impl Trail<'_> {
    /// Notes in the trail that `action` was done.
    pub(crate) async fn note(
        &self,
        transaction: &DatabaseTransaction,
        action: &str,
        (before, after): (Option<serde_json::Value>, Option<serde_json::Value>),
    ) -> Step<()> {
        record(transaction, &self.entry(action, (before, after))).await
    }

    /// The entry that `action` was done.
    pub(crate) fn entry(
        &self,
        action: &str,
        (before, after): (Option<serde_json::Value>, Option<serde_json::Value>),
    ) -> AuditEntry {
        AuditEntry {
            at: self.at,
            author: self.author.to_owned(),
            action: action.to_owned(),
            subject_kind: self.kind.to_owned(),
            subject: self.subject.to_owned(),
            before: before.map(|before| before.to_string()),
            after: after.map(|after| after.to_string()),
        }
    }
}
