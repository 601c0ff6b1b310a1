//! Version 5: operators of an `OpenID` provider, and the answers to requests that may be repeated.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, text, text_null};

use super::parts::{index, key, table};

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0005_platform"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let subject = Table::alter()
            .table("operators")
            .add_column(text_null("openid_subject"))
            .take();
        manager.alter_table(subject).await?;
        let by_subject = index("operators", "operators_by_openid_subject")
            .col("openid_subject")
            .unique()
            .take();
        manager.create_index(by_subject).await?;
        manager.create_table(repeatable_requests()).await?;
        let by_time = index("repeatable_requests", "repeatable_requests_by_time")
            .col("begun_at")
            .take();
        manager.create_index(by_time).await
    }
}

fn repeatable_requests() -> TableCreateStatement {
    table(
        "repeatable_requests",
        [
            key("id"),
            text("principal"),
            big_integer("begun_at"),
            blob("sealed"),
        ],
    )
}
