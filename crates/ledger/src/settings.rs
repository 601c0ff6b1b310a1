use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};

use crate::Ledger;
use crate::error::{Fault, LedgerError};
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
        let row = setting::ActiveModel {
            key: Set(text(key)),
            value: Set(text(value)),
            updated_at: Set(micros(now)),
        };
        let write = self.write(format!("saving setting `{key}`")).await?;
        let replace = OnConflict::column(setting::Column::Key)
            .update_columns([setting::Column::Value, setting::Column::UpdatedAt])
            .to_owned();
        let outcome = setting::Entity::insert(row)
            .on_conflict(replace)
            .exec_without_returning(&write.transaction)
            .await;
        write.finish(outcome.map(|_| ()).map_err(Fault::from)).await
    }
}
