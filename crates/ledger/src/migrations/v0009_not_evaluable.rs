//! Version 9: how many events each policy could not judge.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer;

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0009_not_evaluable"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let counted = Table::alter()
            .table("policy_days")
            .add_column(big_integer("not_evaluable").default(0))
            .take();
        manager.alter_table(counted).await
    }
}
