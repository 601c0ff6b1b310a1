use std::sync::Arc;

use drishti_model::SourceName;
use sea_orm::{
    DatabaseTransaction, DbBackend, DbErr, EntityTrait, IsolationLevel, QuerySelect, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::OwnedMutexGuard;

use crate::error::{Fault, LedgerError, Step};
use crate::{Ledger, tables};

/// A change under way. It is rolled back unless [`Write::finish`] ends it.
pub(crate) struct Write {
    pub(crate) transaction: DatabaseTransaction,
    ledger: Ledger,
    doing: String,
    /// Held until the change is made; on SQLite there is one at a time.
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Ledger {
    /// Begins a change; `doing` is how an error names it. On SQLite it is the only one under way from here on.
    pub(crate) async fn write(&self, doing: String) -> Result<Write, LedgerError> {
        let turn = match self.file() {
            Some(file) => Some(Arc::clone(&file.writer).lock_owned().await),
            None => None,
        };
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match self.begin(options).await {
            Ok(transaction) => Ok(Write {
                transaction,
                ledger: self.clone(),
                doing,
                _turn: turn,
            }),
            Err(error) => Err(self.failed(doing, error)),
        }
    }

    /// Begins several reads that see one state.
    pub(crate) async fn snapshot(&self) -> Step<DatabaseTransaction> {
        let options = TransactionOptions {
            isolation_level: (self.backend() == DbBackend::Postgres)
                .then_some(IsolationLevel::RepeatableRead),
            ..TransactionOptions::default()
        };
        Ok(self.begin(options).await?)
    }

    /// Begins a transaction in a task of its own. Were a `BEGIN` to PostgreSQL dropped while it is under way, sqlx 0.9 would put the
    /// connection back with a transaction open that nobody ends; this way it is begun, then dropped, which rolls back.
    async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        let database = self.database().clone();
        tokio::spawn(async move { database.begin_with_options(options).await })
            .await
            .map_err(|error| DbErr::Conn(RuntimeErr::Internal(error.to_string())))?
    }
}

impl Write {
    /// Makes the change durable where `outcome` is good, and undoes it otherwise.
    pub(crate) async fn finish<T>(self, outcome: Step<T>) -> Result<T, LedgerError> {
        let outcome = outcome.map_err(|fault| self.ledger.failed(self.doing.as_str(), fault));
        let in_place = |value| self.ledger.in_place(self.doing.clone()).map(|()| value);
        match outcome.and_then(in_place) {
            Ok(value) => match self.transaction.commit().await {
                Ok(()) => Ok(value),
                Err(error) => Err(self.ledger.failed(self.doing, error)),
            },
            // What broke the change matters; a connection that can't even roll back is dropped by the pool, with the same effect.
            Err(error) => match self.transaction.rollback().await {
                Ok(()) | Err(_) => Err(error),
            },
        }
    }
}

/// The row of a source, held until the transaction ends. Every change begins with it, so changes to one source never interleave
/// and never wait for each other in a circle.
pub(crate) async fn hold_source(
    transaction: &DatabaseTransaction,
    name: &SourceName,
) -> Step<tables::source::Model> {
    tables::source::Entity::find_by_id(name.as_str())
        .lock_exclusive()
        .one(transaction)
        .await?
        .ok_or_else(|| Fault::Ledger(LedgerError::NoSuchSource(name.clone())))
}
