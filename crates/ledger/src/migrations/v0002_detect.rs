//! Version 2: alerts, what detecting remembers, and what people set about policies, addresses and persons; and since when a source
//! answers for what happens, what was told of losses, and which events in quarantine are to be tried again.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, blob, boolean, small_integer, small_integer_null,
    text, text_null,
};

use super::parts::{index, key, owned_by, table, table_of_source};

pub(super) struct Version;

impl MigrationName for Version {
    fn name(&self) -> &'static str {
        "v0002_detect"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Version {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            vec![alerts()],
            alert_tables(),
            generation_tables(),
            finding_tables(),
            policy_tables(),
            address_tables(),
            people_tables(),
        ];
        for table in tables.into_iter().flatten() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        add_to_collecting(manager).await
    }
}

/// What collecting needs since version 1. Ledgers that were made while this was written may have it already.
async fn add_to_collecting(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (table, column) in [
        ("progress", "collected_since"),
        ("progress", "loss_told_until"),
        ("quarantine", "replay_requested_at"),
    ] {
        if !manager.has_column(table, column).await? {
            let mut change = Table::alter();
            change.table(table).add_column(big_integer_null(column));
            manager.alter_table(change).await?;
        }
    }
    Ok(())
}

/// A table whose rows go when their generation goes.
fn table_of_generation(
    name: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
    key: &[&'static str],
) -> TableCreateStatement {
    table(name, columns)
        .foreign_key(&mut owned_by(name, "generation", "generations", "id"))
        .primary_key(&mut key_of(key))
        .take()
}

fn key_of(columns: &[&'static str]) -> IndexCreateStatement {
    let mut key = Index::create();
    for column in columns {
        key.col(*column);
    }
    key.take()
}

/// Alerts stay when their source goes: with what people wrote about them they are evidence.
fn alerts() -> TableCreateStatement {
    table(
        "alerts",
        vec![
            key("id"),
            text("source"),
            text("policy"),
            text("policy_title"),
            text("title"),
            small_integer("severity"),
            text("entity_kind"),
            text("entity_id"),
            text_null("entity_name"),
            text("dedup"),
            text("search"),
            big_integer("opened_at"),
            big_integer("first_event_at"),
            big_integer("last_event_at"),
            big_integer("match_count"),
            big_integer("event_count"),
            big_integer_null("suppressed_by"),
            boolean("capped"),
            boolean("provisional"),
            text("state"),
            text_null("classification"),
            text_null("reason"),
            text_null("assignee"),
            big_integer_null("resolved_at"),
            big_integer_null("resolved_match_count"),
            boolean("touched"),
            big_integer_null("withdrawn_at"),
            big_integer("revision"),
            big_integer("created_at"),
            big_integer("updated_at"),
        ],
    )
}

fn alert_tables() -> Vec<TableCreateStatement> {
    let of_alert = |name: &'static str, columns: Vec<ColumnDef>| {
        table(name, columns)
            .foreign_key(&mut owned_by(name, "alert_id", "alerts", "id"))
            .take()
    };
    vec![
        of_alert(
            "alert_details",
            vec![
                key("alert_id"),
                text("explanation"),
                text("finding"),
                text_null("settled"),
            ],
        ),
        of_alert(
            "alert_events",
            vec![
                text("alert_id"),
                text("gid"),
                big_integer("created_at"),
                boolean("provisional"),
            ],
        )
        .primary_key(&mut key_of(&["alert_id", "gid"]))
        .take(),
        of_alert(
            "alert_history",
            vec![
                big_pk_auto("id"),
                text("alert_id"),
                big_integer("at"),
                text("author"),
                text("action"),
                text_null("before"),
                text_null("after"),
                text_null("comment"),
            ],
        ),
    ]
}

fn generation_tables() -> Vec<TableCreateStatement> {
    vec![
        table_of_source(
            "generations",
            [
                big_pk_auto("id"),
                text("source"),
                boolean("active"),
                text("engine"),
                big_integer_null("settled_until"),
                big_integer("evaluated_batch"),
                big_integer("sequence"),
                big_integer("begun_at"),
            ],
        ),
        table_of_generation(
            "detection_state",
            [
                big_integer("generation"),
                text("kind"),
                blob("digest"),
                blob("key"),
                blob("value"),
            ],
            &["generation", "kind", "digest"],
        ),
        table_of_generation(
            "alert_drafts",
            [big_integer("generation"), text("id"), text("draft")],
            &["generation", "id"],
        ),
        table_of_generation(
            "policy_days",
            [
                big_integer("generation"),
                text("policy"),
                big_integer("day"),
                big_integer("matches"),
                big_integer("alerts"),
                big_integer("suppressed"),
                big_integer("capped"),
            ],
            &["generation", "policy", "day"],
        ),
        table_of_generation(
            "suppression_hits",
            [
                big_integer("generation"),
                big_integer("suppression"),
                big_integer("matches"),
                big_integer("last_at"),
            ],
            &["generation", "suppression"],
        ),
    ]
}

fn finding_tables() -> Vec<TableCreateStatement> {
    vec![
        table_of_generation(
            "risk_events",
            [
                big_integer("generation"),
                text("person"),
                text("cause_kind"),
                text("cause"),
                text_null("person_name"),
                big_integer("at"),
                big_integer("points"),
                text("why"),
                boolean("provisional"),
            ],
            &["generation", "person", "cause_kind", "cause"],
        ),
        table_of_generation(
            "signals",
            [
                big_integer("generation"),
                text("id"),
                text("policy"),
                small_integer("severity"),
                text("title"),
                text("entity_kind"),
                text("entity_id"),
                text_null("entity_name"),
                big_integer("at"),
                big_integer("day"),
                text("gids"),
                text("seen"),
                boolean("provisional"),
            ],
            &["generation", "id"],
        ),
    ]
}

fn policy_tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "policy_settings",
            [
                key("policy"),
                text_null("mode"),
                text_null("scope"),
                text_null("parameters"),
                small_integer_null("severity"),
                big_integer_null("daily_cap"),
                big_integer_null("paused_since"),
                text_null("paused_why"),
                big_integer_null("resumed_at"),
                big_integer("revision"),
                big_integer("updated_at"),
                text("updated_by"),
            ],
        ),
        table(
            "audit",
            [
                big_pk_auto("id"),
                big_integer("at"),
                text("author"),
                text("action"),
                text("subject_kind"),
                text("subject"),
                text_null("before"),
                text_null("after"),
            ],
        ),
        table(
            "suppressions",
            [
                big_pk_auto("id"),
                text_null("policy"),
                text("conditions"),
                text("reason"),
                text("created_by"),
                big_integer("created_at"),
                big_integer("ends_at"),
            ],
        ),
    ]
}

fn address_tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "ip_ranges",
            [
                key("name"),
                text("range"),
                big_integer("revision"),
                big_integer("updated_at"),
                text("updated_by"),
            ],
        ),
        table(
            "feeds",
            [
                key("name"),
                text("kind"),
                text("location"),
                text_null("licence"),
                big_integer("updated_at"),
                text("updated_by"),
                text_null("checksum"),
                big_integer_null("fetched_at"),
                big_integer_null("as_of"),
                big_integer_null("entries"),
                big_integer_null("failed_at"),
                text_null("error"),
            ],
        ),
    ]
}

fn people_tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "people_providers",
            [
                key("name"),
                big_integer("facts"),
                big_integer("replaced_at"),
                text("replaced_by"),
            ],
        ),
        table(
            "people_facts",
            [
                big_pk_auto("id"),
                text("provider"),
                text_null("source"),
                text_null("gid"),
                text_null("email"),
                text("groups"),
                big_integer_null("terminated_since"),
                big_integer_null("leaving_since"),
                text("told_by"),
            ],
        )
        .foreign_key(&mut owned_by(
            "people_facts",
            "provider",
            "people_providers",
            "name",
        ))
        .take(),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    let of = |table: &'static str, name: &'static str, columns: &[&'static str]| {
        let mut index = index(table, name);
        for column in columns {
            index.col(*column);
        }
        index
    };
    vec![
        of("alerts", "alerts_by_time", &["last_event_at", "id"]),
        of(
            "alerts",
            "alerts_by_severity",
            &["severity", "last_event_at", "id"],
        ),
        of("alerts", "alerts_by_state", &["state", "last_event_at"]),
        of("alerts", "alerts_by_source", &["source", "provisional"]),
        of("alerts", "alerts_by_entity", &["entity_id"]),
        of(
            "alert_history",
            "alert_history_by_alert",
            &["alert_id", "id"],
        ),
        of(
            "generations",
            "generations_by_source",
            &["source", "active"],
        )
        .unique()
        .take(),
        of("risk_events", "risk_events_by_time", &["generation", "at"]),
        of("risk_events", "risk_events_by_person", &["person", "at"]),
        of("signals", "signals_by_time", &["at", "id"]),
        of(
            "signals",
            "signals_by_policy",
            &["generation", "policy", "day"],
        ),
        of("signals", "signals_by_entity", &["entity_id", "at"]),
        of(
            "audit",
            "audit_by_subject",
            &["subject_kind", "subject", "id"],
        ),
        of("people_facts", "people_facts_by_provider", &["provider"]),
    ]
}
