use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait, QuerySelect};
use serde_json::{Value, json};

use crate::Ledger;
use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::tables::setting;
use crate::value::{micros, text};

impl Ledger {
    /// The setting under `key`.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, LedgerError> {
        let row = setting::Entity::find_by_id(text(key))
            .one(self.database())
            .await;
        let row = row.map_err(|error| self.failed(format!("reading setting `{key}`"), error))?;
        Ok(row.map(|row| row.value))
    }

    /// Sets the setting under `key`.
    pub async fn set_setting(
        &self,
        key: &str,
        value: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let write = self.write(format!("saving setting `{key}`")).await?;
        let outcome = put(&write.transaction, (key, value), now).await;
        write.finish(outcome).await
    }

    /// Sets a setting that people change, to a piece of JSON. It is told in the audit trail.
    pub async fn change_setting(
        &self,
        key: &str,
        value: &str,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let write = self.write(format!("changing setting `{key}`")).await?;
        let outcome = change(&write.transaction, (key, value), author, now).await;
        write.finish(outcome).await
    }
}

async fn change(
    transaction: &DatabaseTransaction,
    (key, value): (&str, &str),
    author: &str,
    now: DateTime<Utc>,
) -> Step<()> {
    let parsed = |value: &str| {
        serde_json::from_str::<Value>(value).map_err(|problem| Fault::Refused(problem.to_string()))
    };
    let after = parsed(value)?;
    let known = setting::Entity::find_by_id(text(key)).lock_exclusive();
    let before = known.one(transaction).await?;
    let before = before.map(|row| parsed(&row.value)).transpose()?;
    let before = before.unwrap_or(Value::Null);
    if before == after {
        return Ok(());
    }
    put(transaction, (key, value), now).await?;
    let trail = Trail {
        author,
        at: now,
        kind: "setting",
        subject: key,
    };
    let told = |value: Value| Some(json!({ "value": value }));
    trail
        .note(transaction, "changed", (told(before), told(after)))
        .await
}

async fn put(
    transaction: &DatabaseTransaction,
    (key, value): (&str, &str),
    now: DateTime<Utc>,
) -> Step<()> {
    let row = setting::ActiveModel {
        key: Set(text(key)),
        value: Set(text(value)),
        updated_at: Set(micros(now)),
    };
    let replace = OnConflict::column(setting::Column::Key)
        .update_columns([setting::Column::Value, setting::Column::UpdatedAt])
        .to_owned();
    setting::Entity::insert(row)
        .on_conflict(replace)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}
