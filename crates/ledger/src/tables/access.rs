//! Who may do what.

/// Somebody who may sign in.
pub(crate) mod operator {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "operators")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) name: String,
        pub(crate) display_name: String,
        pub(crate) role: String,
        pub(crate) sources: Option<String>,
        pub(crate) enabled: bool,
        pub(crate) password_hash: String,
        pub(crate) sealed_totp: Option<Vec<u8>>,
        pub(crate) sealed_totp_offered: Option<Vec<u8>>,
        pub(crate) totp_step: i64,
        pub(crate) revision: i64,
        pub(crate) created_at: i64,
        pub(crate) updated_at: i64,
        pub(crate) signed_in_at: Option<i64>,
        pub(crate) openid_subject: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// An operator who is signed in, by the digest of a secret that only the browser has.
pub(crate) mod session {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) digest: String,
        pub(crate) operator: String,
        pub(crate) created_at: i64,
        pub(crate) seen_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A view of a page that somebody keeps.
pub(crate) mod saved_view {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "saved_views")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) owner: String,
        pub(crate) page: String,
        pub(crate) name: String,
        pub(crate) query: String,
        pub(crate) shared: bool,
        pub(crate) revision: i64,
        pub(crate) created_at: i64,
        pub(crate) updated_at: i64,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A request that may be repeated, by the digest of who made it and of its key.
pub(crate) mod repeatable_request {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "repeatable_requests")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: String,
        pub(crate) principal: String,
        pub(crate) begun_at: i64,
        pub(crate) sealed: Vec<u8>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A program that may use the API, by the digest of its token.
pub(crate) mod api_token {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "api_tokens")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) name: String,
        pub(crate) digest: String,
        pub(crate) role: String,
        pub(crate) sources: Option<String>,
        pub(crate) created_by: String,
        pub(crate) created_at: i64,
        pub(crate) expires_at: i64,
        pub(crate) used_at: Option<i64>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
