use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, RuntimeErr, SqlxError, SqlxPostgresConnector};

use crate::address::Address;
use crate::error::{Fault, LedgerError, connection_error};
use crate::sqlite::SqliteFile;
use crate::{QUARANTINE_RAW_BYTES_MAX, SealingKey, migrations};

/// How long a change waits for another process that holds the database, and for a database server to answer, in seconds.
pub const BUSY_SECONDS_MAX: u64 = 10;
/// Largest SQLite file whose pages are all checked on [`Ledger::open`], in bytes; beyond it the check would delay every start.
/// [`Ledger::check`] knows no such limit.
pub const CHECK_BYTES_MAX: u64 = 256 << 20;

/// How errors name the opening of a ledger.
pub(crate) const OPENING: &str = "opening the database";
/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 8;
/// Time that one statement may take on PostgreSQL, in seconds.
pub(crate) const STATEMENT_SECONDS_MAX: u64 = 60;

/// The bounds of a ledger, so that tests can hit them.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) busy: Duration,
    pub(crate) check_bytes: u64,
    pub(crate) quarantine_raw_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            busy: Duration::from_secs(BUSY_SECONDS_MAX),
            check_bytes: CHECK_BYTES_MAX,
            quarantine_raw_bytes: QUARANTINE_RAW_BYTES_MAX,
        }
    }
}

/// An open ledger. A clone is cheap and uses the same connections.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
    /// In whose name sources are changed.
    author: Option<Arc<str>>,
}

struct Inner {
    database: DatabaseConnection,
    address: Address,
    key: SealingKey,
    bounds: Bounds,
    /// Of a ledger on SQLite.
    file: Option<SqliteFile>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ledger({})", self.inner.address)
    }
}

impl Ledger {
    /// Opens the ledger at `sqlite://PATH`, whose file is created where it is missing (readable by its owner only), or at
    /// `postgres://…`. Brings its tables up to date, and checks `key` against a text that the first opening sealed.
    pub async fn open(url: &str, key: SealingKey) -> Result<Self, LedgerError> {
        Self::open_within(Bounds::default(), url, key).await
    }

    pub(crate) async fn open_within(
        bounds: Bounds,
        url: &str,
        key: SealingKey,
    ) -> Result<Self, LedgerError> {
        let address = Address::parse(url)?;
        let (file, database) = match &address {
            Address::Sqlite(path) => {
                let (file, database) = SqliteFile::open(path, &address.to_string(), bounds).await?;
                (Some(file), database)
            }
            Address::Postgres(options) => (None, connect_postgres(options, &address).await?),
        };
        let inner = Inner {
            database,
            address,
            key,
            bounds,
            file,
        };
        let ledger = Self {
            inner: Arc::new(inner),
            author: None,
        };
        migrations::apply(&ledger).await?;
        ledger.check_key().await?;
        Ok(ledger)
    }

    /// The same ledger for somebody who changes sources: the audit trail tells of it, in the same transaction. What the program
    /// does to sources by itself has no author and is not told.
    #[must_use]
    pub fn in_name_of(&self, author: &str) -> Self {
        Self {
            author: Some(author.into()),
            ..self.clone()
        }
    }

    /// In whose name sources are changed.
    pub(crate) fn author(&self) -> Option<&str> {
        self.author.as_deref()
    }

    /// Ends the connections of this ledger and its clones, after what they are doing.
    pub async fn close(self) {
        self.inner.database.close_by_ref().await.unwrap_or_default();
    }

    /// Asks the database for a sign of life, and SQLite's file whether it is still in its place.
    pub async fn ping(&self) -> Result<(), LedgerError> {
        let doing = "asking the database for a sign of life".to_owned();
        match self.inner.database.ping().await {
            Ok(()) => self.in_place(doing),
            Err(error) => Err(self.failed(doing, error)),
        }
    }

    /// Looks through every page of a SQLite file for damage; PostgreSQL looks after its own.
    pub async fn check(&self) -> Result<(), LedgerError> {
        self.ping().await?;
        match &self.inner.file {
            Some(file) => file.check("checking its pages").await,
            None => Ok(()),
        }
    }

    /// Which ledger this is, for people: without user, password and parameters.
    pub fn place(&self) -> String {
        self.inner.address.to_string()
    }

    /// `sqlite` or `postgresql`.
    pub fn kind(&self) -> &'static str {
        match self.backend() {
            DbBackend::Postgres => "postgresql",
            _ => "sqlite",
        }
    }

    pub(crate) fn database(&self) -> &DatabaseConnection {
        &self.inner.database
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.inner.database.get_database_backend()
    }

    pub(crate) fn key(&self) -> &SealingKey {
        &self.inner.key
    }

    pub(crate) fn bounds(&self) -> Bounds {
        self.inner.bounds
    }

    pub(crate) fn file(&self) -> Option<&SqliteFile> {
        self.inner.file.as_ref()
    }

    /// Fails where SQLite's file was removed or replaced.
    pub(crate) fn in_place(&self, doing: String) -> Result<(), LedgerError> {
        match &self.inner.file {
            Some(file) if !file.is_in_place() => Err(LedgerError::Vanished {
                doing,
                place: self.place(),
            }),
            _ => Ok(()),
        }
    }

    /// The error of what stopped `doing`.
    pub(crate) fn failed(&self, doing: impl Into<String>, fault: impl Into<Fault>) -> LedgerError {
        fault.into().during(doing.into(), self.place())
    }

    pub(crate) fn newer(&self, version: String) -> LedgerError {
        LedgerError::Newer {
            place: self.place(),
            version,
        }
    }
}

async fn connect_postgres(
    options: &PgConnectOptions,
    address: &Address,
) -> Result<DatabaseConnection, LedgerError> {
    let options = match options.get_application_name() {
        Some(_) => options.clone(),
        None => options.clone().application_name("drishti"),
    };
    let options = options.disable_statement_logging();
    let answer_time = Duration::from_secs(BUSY_SECONDS_MAX);
    // The pool would hide why it can't connect behind a time-out, so the first connection is made without it.
    let first = match tokio::time::timeout(answer_time, PgConnection::connect_with(&options)).await
    {
        Ok(Ok(connection)) => connection.close().await.map_err(connection_error),
        Ok(Err(error)) => Err(connection_error(error)),
        Err(_) => Err(DbErr::Conn(RuntimeErr::Internal(format!(
            "no answer within {BUSY_SECONDS_MAX} s"
        )))),
    };
    first.map_err(|source| LedgerError::Unreachable {
        doing: OPENING.to_owned(),
        place: address.to_string(),
        source,
    })?;
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(answer_time)
        .after_connect(|connection, _| {
            Box::pin(async move {
                set_unless_set(connection, "lock_timeout", BUSY_SECONDS_MAX).await?;
                set_unless_set(connection, "statement_timeout", STATEMENT_SECONDS_MAX).await
            })
        })
        .connect_lazy_with(options);
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

/// Sets a time-out of a connection, unless the owner set it for the database or the user.
async fn set_unless_set(
    connection: &mut PgConnection,
    name: &str,
    seconds: u64,
) -> Result<(), SqlxError> {
    sqlx::query("SELECT set_config($1, $2, false) WHERE current_setting($1) = '0'")
        .bind(name)
        .bind(format!("{seconds}s"))
        .execute(connection)
        .await
        .map(|_| ())
}
