//! Version 8: the owner's policies that were written here, not in files.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text};

use super::parts::{key, table};

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0008_policies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(own_policies()).await
    }
}

fn own_policies() -> TableCreateStatement {
    table(
        "own_policies",
        [
            key("policy"),
            text("text"),
            big_integer("created_at"),
            text("created_by"),
            big_integer("updated_at"),
            text("updated_by"),
        ],
    )
}
