use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use drishti_model::{Account, AccountRole, AccountStatus, SourceName, SourceScope};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition,
    DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use crate::error::{Fault, LedgerError, Step};
use crate::sources::within;
use crate::tables::{account, account_sync};
use crate::transaction::hold_source;
use crate::value::{micros, moment, moment_if_any, source_name, text, word};
use crate::{Ledger, ROWS_MAX};

/// Rows of one bulk statement: far below the number of values that a statement may have (32,766 in SQLite, 65,535 in PostgreSQL).
const ROWS_AT_ONCE: usize = 1_000;

/// A reading of all accounts of a source, under way.
#[derive(Debug)]
pub struct AccountSync {
    id: i64,
    source: SourceName,
    started_at: DateTime<Utc>,
}

impl AccountSync {
    /// Whose accounts are read.
    pub fn source(&self) -> &SourceName {
        &self.source
    }
}

/// What a finished sync found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncSummary {
    /// Accounts never seen before.
    pub added: u64,
    /// Accounts that differ from before, those that came back among them.
    pub changed: u64,
    /// Accounts that are no longer there.
    pub gone: u64,
    /// Accounts that are there.
    pub total: u64,
}

/// Which accounts to list.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Only of this source.
    pub source: Option<SourceName>,
    /// Only of sources in this scope.
    pub scope: SourceScope,
    /// Only with this role.
    pub role: Option<AccountRole>,
    /// Only with this status.
    pub status: Option<AccountStatus>,
    /// Only those that follow the account with this source and user gid.
    pub after: Option<(SourceName, String)>,
    /// How many at most, up to [`ROWS_MAX`].
    pub limit: u64,
}

/// An account and when it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    /// Of which source.
    pub source: SourceName,
    /// The account.
    pub account: Account,
    /// Begin of the first sync that saw it.
    pub first_seen_at: DateTime<Utc>,
    /// Begin of the last sync that saw it.
    pub last_seen_at: DateTime<Utc>,
    /// When a complete sync first missed it; `None` while it is there.
    pub gone_at: Option<DateTime<Utc>>,
}

impl Ledger {
    /// Begins to read all accounts of a source. An earlier sync that was not finished can't go on.
    pub async fn begin_account_sync(
        &self,
        name: &SourceName,
        now: DateTime<Utc>,
    ) -> Result<AccountSync, LedgerError> {
        let write = self
            .write(format!("beginning to sync the accounts of source `{name}`"))
            .await?;
        let outcome = begin(&write.transaction, name, now).await;
        write.finish(outcome).await
    }

    /// Stores accounts that the sync saw; [`LedgerError::AccountSyncOvertaken`] where a newer sync was begun.
    pub async fn store_accounts(
        &self,
        sync: &AccountSync,
        accounts: &[Account],
    ) -> Result<(), LedgerError> {
        let write = self
            .write(format!("storing the accounts of source `{}`", sync.source))
            .await?;
        let outcome = store(&write.transaction, sync, accounts).await;
        write.finish(outcome).await
    }

    /// Ends a sync that saw everybody: accounts that it did not see are gone. A sync that is cut half-way is never finished, and
    /// so says nothing about those it did not see.
    pub async fn finish_account_sync(
        &self,
        sync: AccountSync,
        now: DateTime<Utc>,
    ) -> Result<SyncSummary, LedgerError> {
        let write = self
            .write(format!(
                "finishing the sync of the accounts of source `{}`",
                sync.source
            ))
            .await?;
        let outcome = finish(&write.transaction, &sync, micros(now)).await;
        write.finish(outcome).await
    }

    /// Accounts by source and user gid, in the database's order of text.
    pub async fn accounts(&self, filter: AccountFilter) -> Result<Vec<StoredAccount>, LedgerError> {
        let mut query = account::Entity::find()
            .order_by_asc(account::Column::Source)
            .order_by_asc(account::Column::UserGid)
            .limit(filter.limit.min(ROWS_MAX));
        if let Some(source) = &filter.source {
            query = query.filter(account::Column::Source.eq(source.as_str()));
        }
        if let Some(within) = within(account::Column::Source, &filter.scope) {
            query = query.filter(within);
        }
        if let Some(role) = filter.role {
            query = query.filter(account::Column::Role.eq(role.as_str()));
        }
        if let Some(status) = filter.status {
            query = query.filter(account::Column::Status.eq(status.as_str()));
        }
        if let Some((source, user_gid)) = &filter.after {
            let same_source = Condition::all()
                .add(account::Column::Source.eq(source.as_str()))
                .add(account::Column::UserGid.gt(text(user_gid)));
            let later_source = account::Column::Source.gt(source.as_str());
            query = query.filter(Condition::any().add(later_source).add(same_source));
        }
        let rows = query.all(self.database()).await.map_err(Fault::from);
        let accounts = rows.and_then(|rows| rows.into_iter().map(stored).collect());
        accounts.map_err(|fault: Fault| self.failed("reading the accounts", fault))
    }

    /// When the accounts of a source were last read completely.
    pub async fn last_account_sync(
        &self,
        name: &SourceName,
    ) -> Result<Option<DateTime<Utc>>, LedgerError> {
        let found = async {
            let newest: Option<Option<i64>> = account_sync::Entity::find()
                .select_only()
                .column_as(account_sync::Column::FinishedAt.max(), "newest")
                .filter(account_sync::Column::Source.eq(name.as_str()))
                .into_tuple()
                .one(self.database())
                .await?;
            moment_if_any(newest.flatten())
        };
        found.await.map_err(|fault: Fault| {
            self.failed(
                format!("reading the last sync of the accounts of source `{name}`"),
                fault,
            )
        })
    }
}

fn stored(row: account::Model) -> Step<StoredAccount> {
    Ok(StoredAccount {
        source: source_name(row.source)?,
        account: Account {
            user_gid: row.user_gid,
            name: row.name,
            email: row.email,
            role: word(&row.role)?,
            status: word(&row.status)?,
            joined_at: moment_if_any(row.joined_at)?,
        },
        first_seen_at: moment(row.first_seen_at)?,
        last_seen_at: moment(row.last_seen_at)?,
        gone_at: moment_if_any(row.gone_at)?,
    })
}

async fn begin(
    transaction: &DatabaseTransaction,
    name: &SourceName,
    now: DateTime<Utc>,
) -> Step<AccountSync> {
    hold_source(transaction, name).await?;
    account_sync::Entity::delete_many()
        .filter(account_sync::Column::Source.eq(name.as_str()))
        .filter(account_sync::Column::FinishedAt.is_null())
        .exec(transaction)
        .await?;
    let row = account_sync::ActiveModel {
        id: NotSet,
        source: Set(name.to_string()),
        started_at: Set(micros(now)),
        finished_at: Set(None),
        added: Set(0),
        changed: Set(0),
    };
    let id = account_sync::Entity::insert(row)
        .exec(transaction)
        .await?
        .last_insert_id;
    Ok(AccountSync {
        id,
        source: name.clone(),
        started_at: now,
    })
}

/// Holds the source's row and gives that of the sync, unless it was overtaken.
async fn hold_sync(
    transaction: &DatabaseTransaction,
    sync: &AccountSync,
) -> Step<account_sync::Model> {
    hold_source(transaction, &sync.source).await?;
    account_sync::Entity::find_by_id(sync.id)
        .one(transaction)
        .await?
        .filter(|row| row.finished_at.is_none())
        .ok_or_else(|| Fault::Ledger(LedgerError::AccountSyncOvertaken(sync.source.clone())))
}

async fn store(
    transaction: &DatabaseTransaction,
    sync: &AccountSync,
    accounts: &[Account],
) -> Step<()> {
    let mut progress = hold_sync(transaction, sync).await?;
    // Asana may list a person twice; the last time counts.
    let accounts: BTreeMap<String, &Account> = accounts
        .iter()
        .map(|account| (text(&account.user_gid), account))
        .collect();
    let accounts: Vec<(String, &Account)> = accounts.into_iter().collect();
    for accounts in accounts.chunks(ROWS_AT_ONCE) {
        let known = known_accounts(transaction, &sync.source, accounts).await?;
        let rows: Vec<account::Model> = accounts
            .iter()
            .map(|(user_gid, account)| seen(sync, account, known.get(user_gid)))
            .collect();
        for row in &rows {
            match known.get(&row.user_gid) {
                None => progress.added += 1,
                Some(before) if differs(before, row) => progress.changed += 1,
                Some(_) => {}
            }
        }
        save_accounts(transaction, rows).await?;
    }
    progress
        .into_active_model()
        .reset_all()
        .update(transaction)
        .await?;
    Ok(())
}

async fn known_accounts(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    accounts: &[(String, &Account)],
) -> Step<BTreeMap<String, account::Model>> {
    let rows = account::Entity::find()
        .filter(account::Column::Source.eq(source.as_str()))
        .filter(
            account::Column::UserGid.is_in(accounts.iter().map(|(user_gid, _)| user_gid.as_str())),
        )
        .all(transaction)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.user_gid.clone(), row))
        .collect())
}

fn seen(sync: &AccountSync, account: &Account, before: Option<&account::Model>) -> account::Model {
    let seen_at = micros(sync.started_at);
    account::Model {
        source: sync.source.to_string(),
        user_gid: text(&account.user_gid),
        name: account.name.as_deref().map(text),
        email: account.email.as_deref().map(text),
        role: account.role.as_str().to_owned(),
        status: account.status.as_str().to_owned(),
        joined_at: account.joined_at.map(micros),
        first_seen_at: before.map_or(seen_at, |before| before.first_seen_at),
        last_seen_at: seen_at,
        gone_at: None,
        seen_by: sync.id,
    }
}

/// Whether the account itself changed, not just when it was seen.
fn differs(before: &account::Model, now: &account::Model) -> bool {
    let as_seen_before = account::Model {
        last_seen_at: before.last_seen_at,
        seen_by: before.seen_by,
        ..now.clone()
    };
    as_seen_before != *before
}

async fn save_accounts(transaction: &DatabaseTransaction, rows: Vec<account::Model>) -> Step<()> {
    use account::Column as Of;
    let replace = OnConflict::columns([Of::Source, Of::UserGid])
        .update_columns([
            Of::Name,
            Of::Email,
            Of::Role,
            Of::Status,
            Of::JoinedAt,
            Of::LastSeenAt,
            Of::GoneAt,
            Of::SeenBy,
        ])
        .to_owned();
    account::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .on_conflict(replace)
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

async fn finish(
    transaction: &DatabaseTransaction,
    sync: &AccountSync,
    now: i64,
) -> Step<SyncSummary> {
    let mut row = hold_sync(transaction, sync).await?;
    let of_source = account::Column::Source.eq(sync.source.as_str());
    let gone = account::Entity::update_many()
        .set(account::ActiveModel {
            status: Set(AccountStatus::Gone.as_str().to_owned()),
            gone_at: Set(Some(now)),
            ..Default::default()
        })
        .filter(of_source.clone())
        .filter(account::Column::SeenBy.ne(sync.id))
        .filter(account::Column::Status.ne(AccountStatus::Gone.as_str()))
        .exec(transaction)
        .await?
        .rows_affected;
    let seen = account::Entity::find()
        .filter(of_source)
        .filter(account::Column::SeenBy.eq(sync.id));
    let total = seen.count(transaction).await?;
    let summary = SyncSummary {
        added: row.added.unsigned_abs(),
        changed: row.changed.unsigned_abs(),
        gone,
        total,
    };
    row.finished_at = Some(now);
    row.into_active_model()
        .reset_all()
        .update(transaction)
        .await?;
    account_sync::Entity::delete_many()
        .filter(account_sync::Column::Source.eq(sync.source.as_str()))
        .filter(account_sync::Column::Id.lt(sync.id))
        .exec(transaction)
        .await?;
    Ok(summary)
}
