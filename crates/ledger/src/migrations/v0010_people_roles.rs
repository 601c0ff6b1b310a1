//! Version 10: which role somebody tells that people have.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0010_people_roles"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let told = Table::alter()
            .table("people_facts")
            .add_column(text_null("role"))
            .take();
        manager.alter_table(told).await
    }
}
