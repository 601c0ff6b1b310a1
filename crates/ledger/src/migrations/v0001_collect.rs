//! Version 1: sources and what collecting them needs.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, blob, blob_null, boolean, text, text_null,
};

use super::parts::{index, key, owned_by, table, table_of_source};

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0001_collect"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            source_tables(),
            progress_tables(),
            quarantine_tables(),
            account_tables(),
            installation_tables(),
        ];
        for table in tables.into_iter().flatten() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn source_tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "sources",
            [
                key("name"),
                text("profile"),
                text("desired"),
                boolean("declared"),
                blob_null("sealed_token"),
                big_integer("revision"),
                big_integer("restart_generation"),
                big_integer("created_at"),
                big_integer("updated_at"),
            ],
        ),
        table_of_source(
            "source_status",
            [
                key("source"),
                text("state"),
                big_integer("since"),
                text("status"),
                text_null("kind"),
                text("event_name"),
                text("reason"),
                text("advice"),
                big_integer("error_count"),
                big_integer("warning_count"),
                big_integer("error_total"),
                big_integer("warning_total"),
            ],
        ),
        table_of_source(
            "health_events",
            [
                big_pk_auto("id"),
                text("source"),
                big_integer("at"),
                text("state"),
                text("status"),
                text("severity"),
                text_null("kind"),
                text("name"),
                text("reason"),
                text("advice"),
            ],
        ),
        table_of_source(
            "leases",
            [
                big_pk_auto("fence"),
                text("source").unique_key().take(),
                text("holder"),
                big_integer("expires_at"),
            ],
        ),
    ]
}

fn progress_tables() -> Vec<TableCreateStatement> {
    vec![
        table_of_source(
            "progress",
            [
                key("source"),
                big_integer_null("cursor_start_at"),
                text_null("cursor_offset"),
                big_integer("lake_sequence"),
                big_integer_null("newest_event_at"),
                big_integer_null("last_poll_at"),
                big_integer("events_stored"),
                big_integer("events_duplicate"),
                big_integer("events_quarantined"),
            ],
        ),
        table_of_source(
            "windows",
            [
                text("source"),
                big_integer("start_at"),
                big_integer("end_at"),
                big_integer("position_start_at"),
                text_null("position_offset"),
                boolean("done"),
            ],
        )
        .primary_key(Index::create().col("source").col("start_at").col("end_at"))
        .take(),
        table_of_source(
            "coverage",
            [
                text("source"),
                big_integer("start_at"),
                big_integer("end_at"),
            ],
        )
        .primary_key(Index::create().col("source").col("start_at"))
        .take(),
    ]
}

fn quarantine_tables() -> Vec<TableCreateStatement> {
    vec![
        table_of_source(
            "quarantine",
            [
                big_pk_auto("id"),
                text("source"),
                blob("digest"),
                text("origin"),
                big_integer_null("line"),
                text_null("gid"),
                text("reason"),
                big_integer("raw_bytes"),
                boolean("truncated"),
                big_integer("times_seen"),
                big_integer("first_seen_at"),
                big_integer("last_seen_at"),
            ],
        ),
        table(
            "quarantine_raw",
            [
                big_integer("quarantine_id").primary_key().take(),
                blob("compressed"),
            ],
        )
        .foreign_key(&mut owned_by(
            "quarantine_raw",
            "quarantine_id",
            "quarantine",
            "id",
        ))
        .take(),
    ]
}

fn account_tables() -> Vec<TableCreateStatement> {
    vec![
        table_of_source(
            "accounts",
            [
                text("source"),
                text("user_gid"),
                text_null("name"),
                text_null("email"),
                text("role"),
                text("status"),
                big_integer_null("joined_at"),
                big_integer("first_seen_at"),
                big_integer("last_seen_at"),
                big_integer_null("gone_at"),
                big_integer("seen_by"),
            ],
        )
        .primary_key(Index::create().col("source").col("user_gid"))
        .take(),
        table_of_source(
            "account_syncs",
            [
                big_pk_auto("id"),
                text("source"),
                big_integer("started_at"),
                big_integer_null("finished_at"),
                big_integer("added"),
                big_integer("changed"),
            ],
        ),
    ]
}

fn installation_tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "settings",
            [key("key"), text("value"), big_integer("updated_at")],
        ),
        table(
            "secrets",
            [key("name"), blob("sealed"), big_integer_null("updated_at")],
        ),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index("health_events", "health_events_by_source")
            .col("source")
            .col("id")
            .take(),
        index("quarantine", "quarantine_by_digest")
            .col("source")
            .col("digest")
            .unique()
            .take(),
        index("account_syncs", "account_syncs_by_source")
            .col("source")
            .take(),
    ]
}
