//! Version 3: who may sign in, who is signed in, and the tokens of programs.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, blob_null, boolean, text, text_null,
};

use super::parts::{index, key, owned_by, table};

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0003_access"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [operators(), sessions(), api_tokens()] {
            manager.create_table(table).await?;
        }
        let by_operator = index("sessions", "sessions_by_operator")
            .col("operator")
            .take();
        manager.create_index(by_operator).await?;
        for (name, column) in [
            ("api_tokens_by_name", "name"),
            ("api_tokens_by_digest", "digest"),
        ] {
            let unique = index("api_tokens", name).col(column).unique().take();
            manager.create_index(unique).await?;
        }
        Ok(())
    }
}

fn operators() -> TableCreateStatement {
    table(
        "operators",
        [
            key("name"),
            text("display_name"),
            text("role"),
            text_null("sources"),
            boolean("enabled"),
            text("password_hash"),
            blob_null("sealed_totp"),
            blob_null("sealed_totp_offered"),
            big_integer("totp_step"),
            big_integer("revision"),
            big_integer("created_at"),
            big_integer("updated_at"),
            big_integer_null("signed_in_at"),
        ],
    )
}

/// A session goes when its operator goes.
fn sessions() -> TableCreateStatement {
    table(
        "sessions",
        [
            key("digest"),
            text("operator"),
            big_integer("created_at"),
            big_integer("seen_at"),
        ],
    )
    .foreign_key(&mut owned_by("sessions", "operator", "operators", "name"))
    .take()
}

fn api_tokens() -> TableCreateStatement {
    table(
        "api_tokens",
        [
            big_pk_auto("id"),
            text("name"),
            text("digest"),
            text("role"),
            text_null("sources"),
            text("created_by"),
            big_integer("created_at"),
            big_integer("expires_at"),
            big_integer_null("used_at"),
        ],
    )
}
