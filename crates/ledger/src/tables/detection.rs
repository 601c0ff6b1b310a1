//! What detecting remembers between two steps, and what it counts.

/// One evaluation of a source from its first event on: the one in use, or the rebuild that is to replace it.
pub(crate) mod generation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "generations")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) source: String,
        pub(crate) active: bool,
        pub(crate) engine: String,
        pub(crate) settled_until: Option<i64>,
        pub(crate) evaluated_batch: i64,
        pub(crate) sequence: i64,
        pub(crate) begun_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What an engine remembers under a key; the digest stands for the key, which may be long.
pub(crate) mod detection_state {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "detection_state")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) generation: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) digest: Vec<u8>,
        pub(crate) key: Vec<u8>,
        pub(crate) value: Vec<u8>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Somebody who did something.
pub(crate) mod people_seen {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people_seen")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) generation: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) person: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) provisional: bool,
        pub(crate) kind: String,
        pub(crate) name: Option<String>,
        pub(crate) email: Option<String>,
        pub(crate) first_at: i64,
        pub(crate) last_at: i64,
        pub(crate) events: i64,
        pub(crate) sequence: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a policy came to on a day, in days since 1970.
pub(crate) mod policy_day {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "policy_days")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) generation: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) policy: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) day: i64,
        pub(crate) matches: i64,
        pub(crate) alerts: i64,
        pub(crate) suppressed: i64,
        pub(crate) capped: i64,
        pub(crate) not_evaluable: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a suppression kept quiet.
pub(crate) mod suppression_hit {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "suppression_hits")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) generation: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) suppression: i64,
        pub(crate) matches: i64,
        pub(crate) last_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What one alert or signal adds to the risk of a person.
pub(crate) mod risk_event {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "risk_events")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) generation: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) person: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) cause_kind: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) cause: String,
        pub(crate) person_name: Option<String>,
        pub(crate) at: i64,
        pub(crate) points: i64,
        pub(crate) why: String,
        pub(crate) provisional: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A match that is only recorded.
pub(crate) mod signal {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "signals")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) generation: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: String,
        pub(crate) policy: String,
        pub(crate) severity: i16,
        pub(crate) title: String,
        pub(crate) entity_kind: String,
        pub(crate) entity_id: String,
        pub(crate) entity_name: Option<String>,
        pub(crate) at: i64,
        pub(crate) day: i64,
        pub(crate) gids: String,
        pub(crate) seen: String,
        pub(crate) provisional: bool,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
