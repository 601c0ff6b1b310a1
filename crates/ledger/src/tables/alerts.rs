//! Alerts and what people do with them.

/// An alert: what detection last said of it in short, and what people made of it.
pub(crate) mod alert {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "alerts")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: String,
        pub(crate) source: String,
        pub(crate) policy: String,
        pub(crate) policy_title: String,
        pub(crate) title: String,
        pub(crate) severity: i16,
        pub(crate) entity_kind: String,
        pub(crate) entity_id: String,
        pub(crate) entity_name: Option<String>,
        pub(crate) dedup: String,
        pub(crate) search: String,
        pub(crate) opened_at: i64,
        pub(crate) first_event_at: i64,
        pub(crate) last_event_at: i64,
        pub(crate) match_count: i64,
        pub(crate) event_count: i64,
        pub(crate) suppressed_by: Option<i64>,
        pub(crate) capped: bool,
        pub(crate) provisional: bool,
        pub(crate) state: String,
        pub(crate) classification: Option<String>,
        pub(crate) reason: Option<String>,
        pub(crate) assignee: Option<String>,
        pub(crate) resolved_at: Option<i64>,
        pub(crate) resolved_match_count: Option<i64>,
        pub(crate) touched: bool,
        pub(crate) withdrawn_at: Option<i64>,
        pub(crate) revision: i64,
        pub(crate) created_at: i64,
        pub(crate) updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// The long texts of an alert, apart so that listings need not read them.
pub(crate) mod alert_detail {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "alert_details")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) alert_id: String,
        pub(crate) explanation: String,
        pub(crate) finding: String,
        pub(crate) settled: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An event that an alert rests on.
pub(crate) mod alert_event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "alert_events")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) alert_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) gid: String,
        pub(crate) created_at: i64,
        pub(crate) provisional: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One thing that happened to an alert.
pub(crate) mod alert_history {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "alert_history")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) alert_id: String,
        pub(crate) at: i64,
        pub(crate) author: String,
        pub(crate) action: String,
        pub(crate) before: Option<String>,
        pub(crate) after: Option<String>,
        pub(crate) comment: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An alert of a rebuild that is under way.
pub(crate) mod alert_draft {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "alert_drafts")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) generation: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: String,
        pub(crate) draft: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
