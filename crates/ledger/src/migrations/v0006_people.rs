//! Version 6: who did something, and how often.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, text, text_null};

use super::parts::{index, owned_by, table};

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0006_people"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(people_seen()).await?;
        let by_step = index("people_seen", "people_seen_by_step")
            .col("generation")
            .col("sequence")
            .take();
        manager.create_index(by_step).await
    }
}

/// Goes when its generation goes.
fn people_seen() -> TableCreateStatement {
    let mut key = Index::create();
    key.col("generation").col("person").col("provisional");
    table(
        "people_seen",
        [
            big_integer("generation"),
            text("person"),
            boolean("provisional"),
            text("kind"),
            text_null("name"),
            text_null("email"),
            big_integer("first_at"),
            big_integer("last_at"),
            big_integer("events"),
            big_integer("sequence"),
        ],
    )
    .foreign_key(&mut owned_by(
        "people_seen",
        "generation",
        "generations",
        "id",
    ))
    .primary_key(&mut key)
    .take()
}
