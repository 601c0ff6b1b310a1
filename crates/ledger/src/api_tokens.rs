use chrono::{DateTime, Utc};
use drishti_model::{Role, SourceScope};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction,
    EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr,
};
use serde_json::json;

use crate::Ledger;
use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::operators::{scope_of, scope_text};
use crate::tables::api_token;
use crate::value::{micros, moment, moment_if_any, name, text, within, word};
use crate::{NAME_CHARS_MAX, views};

/// Most API tokens of an installation.
pub const API_TOKENS_MAX: u64 = 1_000;

/// Most characters of a token's name, so that the author that it makes is a name, too.
pub const TOKEN_NAME_CHARS_MAX: usize = NAME_CHARS_MAX - AUTHOR_PREFIX.len();

/// How the trail calls what is changed here.
const KIND: &str = "api token";

/// What stands before the name of a token where it is an author. No operator's name has a space, so none can be taken for it.
const AUTHOR_PREFIX: &str = "token ";

/// How the trail calls the token of this name where it is an author.
pub fn token_author(name: &str) -> String {
    let author = format!("{AUTHOR_PREFIX}{name}");
    author.chars().take(NAME_CHARS_MAX).collect()
}

/// A token that a program is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiToken {
    /// Tells it from others.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Which sources it may see.
    pub scope: SourceScope,
    /// Until when it holds.
    pub expires_at: DateTime<Utc>,
}

/// A token of a program, without the token itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Greater than that of every earlier one.
    pub id: i64,
    /// Tells it from others.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Which sources it may see.
    pub scope: SourceScope,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it holds.
    pub expires_at: DateTime<Utc>,
    /// When it was last noted to be used.
    pub used_at: Option<DateTime<Utc>>,
}

impl Ledger {
    /// Adds a token, by its digest. It is told in the audit trail.
    pub async fn add_api_token(
        &self,
        new: &NewApiToken,
        digest: &str,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<ApiToken, LedgerError> {
        let doing = format!("adding API token `{}`", new.name);
        let write = self.write(doing).await?;
        let outcome = add(&write.transaction, new, digest, author, now).await;
        write.finish(outcome).await
    }

    /// All tokens, the newest first.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, LedgerError> {
        let rows = api_token::Entity::find()
            .order_by_desc(api_token::Column::Id)
            .all(self.database())
            .await;
        let tokens = rows
            .map_err(Fault::from)
            .and_then(|rows| rows.into_iter().map(token_of).collect());
        tokens.map_err(|fault: Fault| self.failed("reading the API tokens", fault))
    }

    /// The token with this digest, unless it has expired.
    pub async fn api_token(
        &self,
        digest: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<ApiToken>, LedgerError> {
        let row = api_token::Entity::find()
            .filter(api_token::Column::Digest.eq(text(digest)))
            .filter(api_token::Column::ExpiresAt.gt(micros(now)))
            .one(self.database())
            .await;
        let token = row
            .map_err(Fault::from)
            .and_then(|row| row.map(token_of).transpose());
        token.map_err(|fault: Fault| self.failed("reading an API token", fault))
    }

    /// Notes that a token is used.
    pub async fn touch_api_token(&self, id: i64, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let doing = format!("noting the use of API token {id}");
        let write = self.write(doing).await?;
        let outcome = api_token::Entity::update_many()
            .col_expr(api_token::Column::UsedAt, Expr::value(micros(now)))
            .filter(api_token::Column::Id.eq(id))
            .exec(&write.transaction)
            .await;
        write.finish(outcome.map(|_| ()).map_err(Fault::from)).await
    }

    /// Removes a token and those that were made with it: whoever shows them is let in no more. It is told in the audit trail.
    pub async fn remove_api_token(
        &self,
        id: i64,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let write = self.write(format!("removing API token {id}")).await?;
        let outcome = remove(&write.transaction, id, author, now).await;
        write.finish(outcome).await
    }
}

async fn add(
    transaction: &DatabaseTransaction,
    new: &NewApiToken,
    digest: &str,
    author: &str,
    now: DateTime<Utc>,
) -> Step<ApiToken> {
    if api_token::Entity::find().count(transaction).await? >= API_TOKENS_MAX {
        return Err(Fault::Refused(format!(
            "there are {API_TOKENS_MAX} tokens, and no more can be"
        )));
    }
    if new.name.is_empty() {
        return Err(Fault::Refused("the name is empty".to_owned()));
    }
    let row = api_token::ActiveModel {
        id: NotSet,
        name: Set(within("the name", &new.name, TOKEN_NAME_CHARS_MAX)?),
        digest: Set(text(digest)),
        role: Set(new.role.as_str().to_owned()),
        sources: Set(scope_text(&new.scope)?),
        created_by: Set(name("the author", author)?),
        created_at: Set(micros(now)),
        expires_at: Set(micros(new.expires_at)),
        used_at: Set(None),
    };
    let row = row.insert(transaction).await.map_err(|error| {
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Fault::Ledger(LedgerError::ApiTokenExists(new.name.clone()));
        }
        Fault::Database(error)
    })?;
    let token = token_of(row)?;
    note(transaction, "added", &token, author, now).await?;
    Ok(token)
}

async fn remove(
    transaction: &DatabaseTransaction,
    id: i64,
    author: &str,
    now: DateTime<Utc>,
) -> Step<()> {
    let row = api_token::Entity::find_by_id(id)
        .lock_exclusive()
        .one(transaction)
        .await?;
    let row = row.ok_or(Fault::Ledger(LedgerError::NoSuchApiToken(id)))?;
    let token = token_of(row)?;
    delete(transaction, &token).await?;
    note(transaction, "removed", &token, author, now).await?;
    revoke(transaction, &token_author(&token.name), None, author, now).await
}

/// Removes the tokens that `maker` made, and all that were made with these; where `maker` keeps some rights, only those that could do
/// more, and what was made with them. Nobody is to go on with a token when they may no longer do the same themselves.
pub(crate) async fn revoke(
    transaction: &DatabaseTransaction,
    maker: &str,
    kept_rights: Option<(Role, &SourceScope)>,
    author: &str,
    now: DateTime<Utc>,
) -> Step<()> {
    let rows = api_token::Entity::find()
        .order_by_asc(api_token::Column::Id)
        .lock_exclusive()
        .all(transaction)
        .await?;
    let mut tokens: Vec<ApiToken> = rows.into_iter().map(token_of).collect::<Step<_>>()?;
    let mut makers = vec![(maker.to_owned(), kept_rights)];
    while let Some((maker, kept_rights)) = makers.pop() {
        let is_kept = |token: &ApiToken| {
            kept_rights.is_some_and(|(role, scope)| {
                role.reaches(token.role) && scope.includes(&token.scope)
            })
        };
        let (gone, left): (Vec<_>, Vec<_>) = tokens
            .into_iter()
            .partition(|token| token.created_by == maker && !is_kept(token));
        tokens = left;
        for token in gone {
            delete(transaction, &token).await?;
            note(transaction, "revoked", &token, author, now).await?;
            makers.push((token_author(&token.name), None));
        }
    }
    Ok(())
}

/// Deletes a token with what only it could see, which is not for another one of its name.
async fn delete(transaction: &DatabaseTransaction, token: &ApiToken) -> Step<()> {
    api_token::Entity::delete_by_id(token.id)
        .exec(transaction)
        .await?;
    views::leave(transaction, &token_author(&token.name)).await
}

fn token_of(row: api_token::Model) -> Step<ApiToken> {
    Ok(ApiToken {
        id: row.id,
        name: row.name,
        role: word(&row.role)?,
        scope: scope_of(row.sources.as_deref())?,
        created_by: row.created_by,
        created_at: moment(row.created_at)?,
        expires_at: moment(row.expires_at)?,
        used_at: moment_if_any(row.used_at)?,
    })
}

async fn note(
    transaction: &DatabaseTransaction,
    action: &str,
    token: &ApiToken,
    author: &str,
    at: DateTime<Utc>,
) -> Step<()> {
    let told = Some(json!({
        "role": token.role.as_str(),
        "sources": token.scope.names(),
        "expires_at": token.expires_at,
    }));
    let told = match action {
        "added" => (None, told),
        _ => (told, None),
    };
    let trail = Trail {
        author,
        at,
        kind: KIND,
        subject: &token.name,
    };
    trail.note(transaction, action, told).await
}
