//! The rows of each table, as SeaORM entities. Times are microseconds since 1970 in UTC: the same number in both databases, in time
//! order when sorted. Only this crate sees them. Here are those of collecting; those of detecting are in files of their own.

mod access;
mod alerts;
mod detection;
mod policies;

pub(crate) use access::{api_token, operator, repeatable_request, saved_view, session};
pub(crate) use alerts::{alert, alert_detail, alert_draft, alert_event, alert_history};
pub(crate) use detection::{
    detection_state, generation, people_seen, policy_day, risk_event, signal, suppression_hit,
};
pub(crate) use policies::{
    audit_entry, feed, ip_range, own_policy, people_fact, people_provider, policy_setting,
    suppression,
};

/// A source and what is configured of it.
pub(crate) mod source {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sources")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) name: String,
        pub(crate) profile: String,
        pub(crate) desired: String,
        pub(crate) declared: bool,
        pub(crate) sealed_token: Option<Vec<u8>>,
        pub(crate) revision: i64,
        pub(crate) restart_generation: i64,
        pub(crate) created_at: i64,
        pub(crate) updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where a source stands, from its newest health event.
pub(crate) mod source_status {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "source_status")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) source: String,
        pub(crate) state: String,
        pub(crate) since: i64,
        pub(crate) status: String,
        pub(crate) kind: Option<String>,
        pub(crate) event_name: String,
        pub(crate) reason: String,
        pub(crate) advice: String,
        pub(crate) error_count: i64,
        pub(crate) warning_count: i64,
        pub(crate) error_total: i64,
        pub(crate) warning_total: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One change in a source's health.
pub(crate) mod health_event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "health_events")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) source: String,
        pub(crate) at: i64,
        pub(crate) state: String,
        pub(crate) status: String,
        pub(crate) severity: String,
        pub(crate) kind: Option<String>,
        pub(crate) name: String,
        pub(crate) reason: String,
        pub(crate) advice: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who works on a source; the fence is never used twice.
pub(crate) mod lease {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "leases")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) fence: i64,
        pub(crate) source: String,
        pub(crate) holder: String,
        pub(crate) expires_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// How far a source is collected.
pub(crate) mod progress {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "progress")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) source: String,
        pub(crate) cursor_start_at: Option<i64>,
        pub(crate) cursor_offset: Option<String>,
        pub(crate) lake_sequence: i64,
        pub(crate) newest_event_at: Option<i64>,
        pub(crate) last_poll_at: Option<i64>,
        pub(crate) events_stored: i64,
        pub(crate) events_duplicate: i64,
        pub(crate) events_quarantined: i64,
        pub(crate) collected_since: Option<i64>,
        pub(crate) loss_told_until: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A span of a source's backfill and where its fetch goes on.
pub(crate) mod window {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "windows")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) source: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) start_at: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) end_at: i64,
        pub(crate) position_start_at: i64,
        pub(crate) position_offset: Option<String>,
        pub(crate) done: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A span of time that is known complete.
pub(crate) mod coverage {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "coverage")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) source: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) start_at: i64,
        pub(crate) end_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An event that failed validation; its bytes stand in `quarantine_raw`.
pub(crate) mod quarantine {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "quarantine")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) source: String,
        pub(crate) digest: Vec<u8>,
        pub(crate) origin: String,
        pub(crate) line: Option<i64>,
        pub(crate) gid: Option<String>,
        pub(crate) reason: String,
        pub(crate) raw_bytes: i64,
        pub(crate) truncated: bool,
        pub(crate) times_seen: i64,
        pub(crate) first_seen_at: i64,
        pub(crate) last_seen_at: i64,
        pub(crate) replay_requested_at: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The bytes of a quarantined event, compressed, apart so that counting a repeat does not rewrite them.
pub(crate) mod quarantine_raw {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "quarantine_raw")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) quarantine_id: i64,
        pub(crate) compressed: Vec<u8>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A person in the workspace of a source.
pub(crate) mod account {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "accounts")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) source: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) user_gid: String,
        pub(crate) name: Option<String>,
        pub(crate) email: Option<String>,
        pub(crate) role: String,
        pub(crate) status: String,
        pub(crate) joined_at: Option<i64>,
        pub(crate) first_seen_at: i64,
        pub(crate) last_seen_at: i64,
        pub(crate) gone_at: Option<i64>,
        pub(crate) seen_by: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A reading of all accounts; the newest one of a source is the only one that may go on.
pub(crate) mod account_sync {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "account_syncs")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) source: String,
        pub(crate) started_at: i64,
        pub(crate) finished_at: Option<i64>,
        pub(crate) added: i64,
        pub(crate) changed: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A setting by key.
pub(crate) mod setting {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "settings")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) key: String,
        pub(crate) value: String,
        pub(crate) updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A sealed secret by name.
pub(crate) mod secret {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "secrets")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) name: String,
        pub(crate) sealed: Vec<u8>,
        pub(crate) updated_at: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
