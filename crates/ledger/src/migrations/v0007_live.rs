//! Version 7: what changed last is found without reading all alerts, and so are the alerts that rest on an event.

use sea_orm_migration::prelude::*;

use super::parts::index;

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0007_live"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, name, column) in [
            ("alerts", "alerts_by_change", "updated_at"),
            ("alert_events", "alert_events_by_gid", "gid"),
        ] {
            let made = index(table, name).col(column).take();
            manager.create_index(made).await?;
        }
        Ok(())
    }
}
