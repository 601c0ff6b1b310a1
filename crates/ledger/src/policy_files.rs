use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, ExprTrait,
    QueryFilter,
};
use serde_json::{Value, json};

use crate::Ledger;
use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::tables::audit_entry;

/// Who is told in the audit trail to have changed a policy of a file: an editor did, and it can't be known whose.
pub const POLICY_FILES_AUTHOR: &str = "policy folder";

/// To what kind of thing it was done.
const KIND: &str = "policy";

/// Key of the PostgreSQL advisory lock under which one process at a time notes: `policies` in ASCII.
const NOTE_LOCK: i64 = 0x70_6f_6c_69_63_69_65_73;

impl Ledger {
    /// Notes in the audit trail which policies of files, by name with their texts, came, changed or went since it last told of them. Answers
    /// how many.
    pub async fn note_policy_files(
        &self,
        texts: &BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> Result<usize, LedgerError> {
        let doing = "noting which policies of files have changed";
        let told = told_last(self.database()).await;
        let told = told.map_err(|fault| self.failed(doing, fault))?;
        if changed(&told, texts).is_empty() {
            return Ok(0);
        }
        let write = self.write(doing.to_owned()).await?;
        let outcome = note(&write.transaction, texts, now).await;
        write.finish(outcome).await
    }
}

async fn note(
    transaction: &DatabaseTransaction,
    texts: &BTreeMap<String, String>,
    now: DateTime<Utc>,
) -> Step<usize> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let lock = format!("select pg_advisory_xact_lock({NOTE_LOCK})");
        transaction.execute_unprepared(&lock).await?;
    }
    // Another process may have noted it meanwhile.
    let told = told_last(transaction).await?;
    let changed = changed(&told, texts);
    for name in &changed {
        let trail = Trail {
            author: POLICY_FILES_AUTHOR,
            at: now,
            kind: KIND,
            subject: name,
        };
        let part = |text: Option<&String>| text.map(|text| json!({ "text": text }));
        let (before, after) = (part(told.get(name)), part(texts.get(name)));
        let action = match (&before, &after) {
            (_, None) => "removed",
            (None, Some(_)) => "created",
            (Some(_), Some(_)) => "replaced",
        };
        trail.note(transaction, action, (before, after)).await?;
    }
    Ok(changed.len())
}

/// Names that have another text in one than in the other, or none.
fn changed(told: &BTreeMap<String, String>, texts: &BTreeMap<String, String>) -> Vec<String> {
    let names: BTreeSet<&String> = told.keys().chain(texts.keys()).collect();
    let changed = names
        .into_iter()
        .filter(|name| told.get(*name) != texts.get(*name));
    changed.cloned().collect()
}

/// The texts that policies of files have by what the trail told of them last; those that went are left out.
async fn told_last(connection: &impl ConnectionTrait) -> Step<BTreeMap<String, String>> {
    use audit_entry::Column as Of;

    let by_files = Of::SubjectKind
        .eq(KIND)
        .and(Of::Author.eq(POLICY_FILES_AUTHOR));
    let newest = Query::select()
        .expr(Of::Id.max())
        .from(audit_entry::Entity)
        .and_where(by_files)
        .group_by_col(Of::Subject)
        .take();
    let entries = audit_entry::Entity::find()
        .filter(Of::Id.in_subquery(newest))
        .all(connection)
        .await?;
    let text = |entry: audit_entry::Model| {
        let after: Value = serde_json::from_str(&entry.after?).ok()?;
        let text = after.get("text")?.as_str()?.to_owned();
        Some((entry.subject, text))
    };
    Ok::<_, Fault>(entries.into_iter().filter_map(text).collect())
}
