//! Version 4: views of the web app's pages that people keep.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_pk_auto, boolean, text};

use super::parts::{index, table};

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0004_views"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            big_pk_auto("id"),
            text("owner"),
            text("page"),
            text("name"),
            text("query"),
            boolean("shared"),
            big_integer("revision"),
            big_integer("created_at"),
            big_integer("updated_at"),
        ];
        manager.create_table(table("saved_views", columns)).await?;
        let unique = index("saved_views", "saved_views_by_owner")
            .col("owner")
            .col("page")
            .col("name")
            .unique()
            .take();
        manager.create_index(unique).await
    }
}
