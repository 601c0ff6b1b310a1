//! What people set about policies, addresses and persons, and the trail of it.

/// What differs from the file of a policy, and whether it is paused.
pub(crate) mod policy_setting {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "policy_settings")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) policy: String,
        pub(crate) mode: Option<String>,
        pub(crate) scope: Option<String>,
        pub(crate) parameters: Option<String>,
        pub(crate) severity: Option<i16>,
        pub(crate) daily_cap: Option<i64>,
        pub(crate) paused_since: Option<i64>,
        pub(crate) paused_why: Option<String>,
        pub(crate) resumed_at: Option<i64>,
        pub(crate) revision: i64,
        pub(crate) updated_at: i64,
        pub(crate) updated_by: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A policy that was written here.
pub(crate) mod own_policy {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "own_policies")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) policy: String,
        pub(crate) text: String,
        pub(crate) created_at: i64,
        pub(crate) created_by: String,
        pub(crate) updated_at: i64,
        pub(crate) updated_by: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who changed what, when and how.
pub(crate) mod audit_entry {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) at: i64,
        pub(crate) author: String,
        pub(crate) action: String,
        pub(crate) subject_kind: String,
        pub(crate) subject: String,
        pub(crate) before: Option<String>,
        pub(crate) after: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What is not to be told until a time.
pub(crate) mod suppression {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "suppressions")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) policy: Option<String>,
        pub(crate) conditions: String,
        pub(crate) reason: String,
        pub(crate) created_by: String,
        pub(crate) created_at: i64,
        pub(crate) ends_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// One of the owner's address ranges.
pub(crate) mod ip_range {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ip_ranges")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) name: String,
        pub(crate) range: String,
        pub(crate) revision: i64,
        pub(crate) updated_at: i64,
        pub(crate) updated_by: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A list of addresses or places and how fresh it is.
pub(crate) mod feed {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "feeds")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) name: String,
        pub(crate) kind: String,
        pub(crate) location: String,
        pub(crate) licence: Option<String>,
        pub(crate) updated_at: i64,
        pub(crate) updated_by: String,
        pub(crate) checksum: Option<String>,
        pub(crate) fetched_at: Option<i64>,
        pub(crate) as_of: Option<i64>,
        pub(crate) entries: Option<i64>,
        pub(crate) failed_at: Option<i64>,
        pub(crate) error: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Somebody who tells facts about people, such as a file.
pub(crate) mod people_provider {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people_providers")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) name: String,
        pub(crate) facts: i64,
        pub(crate) replaced_at: i64,
        pub(crate) replaced_by: String,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a provider says of a person.
pub(crate) mod people_fact {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "people_facts")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) provider: String,
        pub(crate) source: Option<String>,
        pub(crate) gid: Option<String>,
        pub(crate) email: Option<String>,
        pub(crate) groups: String,
        pub(crate) terminated_since: Option<i64>,
        pub(crate) leaving_since: Option<i64>,
        pub(crate) told_by: String,
        pub(crate) role: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
