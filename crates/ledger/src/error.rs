use std::io;
use std::sync::Arc;

use drishti_model::SourceName;
use sea_orm::sqlx::postgres::PgDatabaseError;
use sea_orm::sqlx::sqlite::SqliteError;
use sea_orm::{DbErr, RuntimeErr, SqlxError};
use thiserror::Error;

/// What can go wrong with the ledger. [`LedgerError::advice`] says what to do about it. No variant holds a password.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The address is none that a ledger can be opened at.
    #[error("reading the address of the ledger: {problem}")]
    Address {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The sealing key is not what [`SealingKey::to_base64`](crate::SealingKey::to_base64) wrote.
    #[error("reading the sealing key: it is not 32 bytes in base64")]
    KeyFormat,
    /// The system gave no random bytes for a key or a nonce.
    #[error("drawing random bytes from the system")]
    Random(#[source] rand::rngs::SysError),
    /// The database's file can't be made in its folder.
    #[error("opening the database: {place} can't be created")]
    Create {
        /// Which ledger.
        place: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file, its folder or the database's user allows no writing.
    #[error("{doing}: {place} can't be opened for writing")]
    NotWritable {
        /// What was being done to what.
        doing: String,
        /// Which ledger.
        place: String,
        /// The database's own words.
        #[source]
        source: DbErr,
    },
    /// The file is no database, or its inside is broken.
    #[error("{doing}: {place} is damaged")]
    Damaged {
        /// What was being done to what.
        doing: String,
        /// Which ledger.
        place: String,
        /// What was found.
        #[source]
        source: DbErr,
    },
    /// The file of the ledger was removed, or replaced by another, while it was open. The change has not been made.
    #[error("{doing}: the file of {place} is no longer in its place")]
    Vanished {
        /// What was being done to what.
        doing: String,
        /// Which ledger.
        place: String,
    },
    /// There is no room left for the change; it has not been made.
    #[error("{doing}: the disk is full, there is no room for {place}")]
    DiskFull {
        /// What was being done to what.
        doing: String,
        /// Which ledger.
        place: String,
        /// The database's own words.
        #[source]
        source: DbErr,
    },
    /// Somebody else held the database for longer than [`BUSY_SECONDS_MAX`](crate::BUSY_SECONDS_MAX).
    #[error("{doing}: {place} is held by another process")]
    Busy {
        /// What was being done to what.
        doing: String,
        /// Which ledger.
        place: String,
        /// The database's own words.
        #[source]
        source: DbErr,
    },
    /// The database does not answer, or does not let us in.
    #[error("{doing}: {place} can't be reached")]
    Unreachable {
        /// What was being done to what.
        doing: String,
        /// Which ledger.
        place: String,
        /// The database's own words.
        #[source]
        source: DbErr,
    },
    /// Any other fault of the database.
    #[error("{doing}: {place} failed")]
    Database {
        /// What was being done to what.
        doing: String,
        /// Which ledger.
        place: String,
        /// The database's own words.
        #[source]
        source: DbErr,
    },
    /// The tables have a version that this program does not know.
    #[error(
        "opening the database: {place} has tables of the version `{version}` of a newer Drishti"
    )]
    Newer {
        /// Which ledger.
        place: String,
        /// The unknown version.
        version: String,
    },
    /// The ledger was made with another sealing key.
    #[error("opening the database: the secrets of {place} are sealed with another key")]
    WrongKey {
        /// Which ledger.
        place: String,
    },
    /// A secret was changed after it was sealed, or sealed with another key.
    #[error("opening the sealed {what}: it has been changed, or sealed with another key")]
    Unsealable {
        /// Which secret.
        what: String,
    },
    /// A row holds what this program can't read.
    #[error("{doing}: {finding}")]
    Unreadable {
        /// What was being done to what.
        doing: String,
        /// What was found.
        finding: String,
    },
    /// The bytes of a quarantined event could not be packed or unpacked.
    #[error("{doing}: its bytes can't be packed")]
    Packing {
        /// What was being done to what.
        doing: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A source of this name is there already.
    #[error("adding source `{0}`: there is one of this name")]
    SourceExists(SourceName),
    /// There is no source of this name.
    #[error("finding source `{0}`: there is none of this name")]
    NoSuchSource(SourceName),
    /// There is no alert with this id.
    #[error("finding alert `{0}`: there is none with this id")]
    NoSuchAlert(String),
    /// There is no suppression with this id.
    #[error("finding suppression {0}: there is none with this id")]
    NoSuchSuppression(i64),
    /// There is no range of this name.
    #[error("finding range `{0}`: there is none of this name")]
    NoSuchRange(String),
    /// A range of this name is there already.
    #[error("adding range `{0}`: there is one of this name")]
    RangeExists(String),
    /// No policy of this name was written here.
    #[error("finding policy `{0}`: none of this name was written here")]
    NoSuchOwnPolicy(String),
    /// A policy of this name was written here already.
    #[error("adding policy `{0}`: there is one of this name")]
    PolicyExists(String),
    /// There is no feed of this name.
    #[error("finding feed `{0}`: there is none of this name")]
    NoSuchFeed(String),
    /// There is no operator of this name.
    #[error("finding operator `{0}`: there is none of this name")]
    NoSuchOperator(String),
    /// An operator of this name is there already.
    #[error("adding operator `{0}`: there is one of this name")]
    OperatorExists(String),
    /// Nobody would be left who may do everything.
    #[error("changing operator `{0}`: no other admin is enabled")]
    LastAdmin(String),
    /// There is no API token with this id.
    #[error("finding API token {0}: there is none with this id")]
    NoSuchApiToken(i64),
    /// An API token of this name is there already.
    #[error("adding API token `{0}`: there is one of this name")]
    ApiTokenExists(String),
    /// There is no saved view with this id, or it is somebody else's.
    #[error("finding saved view {0}: there is none with this id")]
    NoSuchView(i64),
    /// The owner has a view of this name on the same page already.
    #[error("saving view `{0}`: there is one of this name")]
    ViewExists(String),
    /// Somebody else changed it first.
    #[error("changing {what}: it has revision {actual}, not {expected}")]
    RevisionConflict {
        /// What was to be changed, such as ``source `acme` ``.
        what: String,
        /// The revision that the change was made for.
        expected: i64,
        /// The revision that it has.
        actual: i64,
    },
    /// What was given is not what can be kept, such as a text beyond its bound; nothing was changed.
    #[error("{doing}: {problem}")]
    Refused {
        /// What was being done to what.
        doing: String,
        /// What is wrong with what was given.
        problem: String,
    },
    /// Somebody else works on the source now; nothing was changed.
    #[error("working on source `{0}`: its lease is lost")]
    LeaseLost(SourceName),
    /// A newer sync of the accounts was begun, or this one is finished; nothing was changed.
    #[error("syncing the accounts of source `{0}`: another sync has overtaken this one")]
    AccountSyncOvertaken(SourceName),
    /// The step does not follow the last one that was saved, or its generation is gone; nothing was changed.
    #[error("saving the detection of source `{0}`: the step does not follow the last one saved")]
    DetectionOvertaken(SourceName),
    /// There is no rebuild under way, or it has not come as far as the detection it is to replace; nothing was changed.
    #[error("finishing the rebuild of source `{0}`: it is not as far as the detection it replaces")]
    RebuildBehind(SourceName),
}

impl LedgerError {
    /// What the owner can do about it, as a sentence; `None` where the error is a plain answer to the caller.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Address { .. } => {
                "use sqlite:// and a path, such as sqlite:///var/lib/drishti/ledger.db, or postgres://user@host/database"
            }
            Self::KeyFormat => {
                "restore the key file from a backup; a key is 44 characters of base64"
            }
            Self::Random(_) => "check that this system offers getrandom or /dev/urandom",
            Self::Create { .. } => {
                "check that the folder exists, belongs to the user Drishti runs as, and is not read-only"
            }
            Self::NotWritable { .. } => {
                "check that the file, its folder and the files beside it exist and may be written by the user Drishti runs as"
            }
            Self::Damaged { .. } => {
                "stop Drishti, set the file and its -wal and -shm files aside and restore a backup; without one start with \
                 a new ledger and add the sources again: the events are safe in the lake"
            }
            Self::Vanished { .. } => {
                "stop Drishti, put it back from a backup and start again; without one a new ledger begins, and the sources have \
                 to be added again"
            }
            Self::DiskFull { .. } => {
                "free some space; nothing is lost, collection goes on by itself"
            }
            Self::Busy { .. } => {
                "see which other process holds the database, such as a backup or an open SQL shell"
            }
            Self::Unreachable { .. } => {
                "check that the database server runs at that address, and the user, password and database name"
            }
            Self::Newer { .. } => {
                "use the newer Drishti, or restore the backup made before it was installed"
            }
            Self::WrongKey { .. } => {
                "give the key this ledger was made with; if it is lost, start with a new ledger and enter the tokens again"
            }
            Self::Unsealable { .. } => "enter the secret again",
            Self::Database { .. } | Self::Unreadable { .. } | Self::Packing { .. } => {
                "look at the cause; if it stays, report it with the lines of the log around it"
            }
            Self::RevisionConflict { .. } => "read it again and repeat the change",
            Self::RebuildBehind(_) => "let the rebuild go on, then finish it",
            Self::SourceExists(_)
            | Self::NoSuchSource(_)
            | Self::NoSuchAlert(_)
            | Self::NoSuchSuppression(_)
            | Self::NoSuchRange(_)
            | Self::RangeExists(_)
            | Self::NoSuchOwnPolicy(_)
            | Self::PolicyExists(_)
            | Self::NoSuchFeed(_)
            | Self::NoSuchOperator(_)
            | Self::OperatorExists(_)
            | Self::LastAdmin(_)
            | Self::NoSuchApiToken(_)
            | Self::ApiTokenExists(_)
            | Self::NoSuchView(_)
            | Self::ViewExists(_)
            | Self::Refused { .. }
            | Self::LeaseLost(_)
            | Self::AccountSyncOvertaken(_)
            | Self::DetectionOvertaken(_) => {
                return None;
            }
        })
    }

    /// Sorts what the database at `place` said into the variant that says what to do.
    pub(crate) fn database(doing: String, place: String, source: DbErr) -> Self {
        match Cause::of(&source) {
            Cause::NotWritable => Self::NotWritable {
                doing,
                place,
                source,
            },
            Cause::Damaged => Self::Damaged {
                doing,
                place,
                source,
            },
            Cause::DiskFull => Self::DiskFull {
                doing,
                place,
                source,
            },
            Cause::Busy => Self::Busy {
                doing,
                place,
                source,
            },
            Cause::Unreachable => Self::Unreachable {
                doing,
                place,
                source,
            },
            Cause::Other => Self::Database {
                doing,
                place,
                source,
            },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    NotWritable,
    Damaged,
    DiskFull,
    Busy,
    Unreachable,
    Other,
}

impl Cause {
    fn of(error: &DbErr) -> Self {
        let connecting = matches!(error, DbErr::Conn(_));
        let error = match error {
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => error,
            DbErr::ConnectionAcquire(_) => return Self::Unreachable,
            _ => return Self::Other,
        };
        match error.as_ref() {
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed => Self::Unreachable,
            SqlxError::Database(error) => {
                let code = error.code().unwrap_or_default();
                if error.try_downcast_ref::<SqliteError>().is_some() {
                    Self::of_sqlite(&code)
                } else if error.try_downcast_ref::<PgDatabaseError>().is_some() {
                    if connecting {
                        Self::Unreachable
                    } else {
                        Self::of_postgres(&code)
                    }
                } else {
                    Self::Other
                }
            }
            _ => Self::Other,
        }
    }

    /// By SQLite's result code (sqlite.org, "Result and Error Codes"); the low byte is the primary one.
    fn of_sqlite(code: &str) -> Self {
        /// The index of the write-ahead log could not grow, which only a full disk does.
        const IOERR_SHMSIZE: i32 = 4874;
        match code.parse::<i32>().map(|code| {
            if code == IOERR_SHMSIZE {
                13
            } else {
                code & 0xff
            }
        }) {
            Ok(5 | 6) => Self::Busy,
            Ok(3 | 8 | 14 | 23) => Self::NotWritable,
            Ok(11 | 26) => Self::Damaged,
            Ok(13) => Self::DiskFull,
            _ => Self::Other,
        }
    }

    /// By SQLSTATE (PostgreSQL's documentation, appendix "Error Codes").
    fn of_postgres(code: &str) -> Self {
        match code {
            "53100" => Self::DiskFull,
            "55P03" | "40001" | "40P01" | "57014" => Self::Busy,
            "25006" | "42501" => Self::NotWritable,
            "XX001" | "XX002" => Self::Damaged,
            "3D000" | "53300" | "57P01" | "57P02" | "57P03" => Self::Unreachable,
            _ if code.starts_with("08") || code.starts_with("28") => Self::Unreachable,
            _ => Self::Other,
        }
    }
}

/// An error of a connection that is not SeaORM's.
pub(crate) fn connection_error(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

/// What stopped a step inside a transaction. It becomes a [`LedgerError`] where it is known what was being done to what.
#[derive(Debug)]
pub(crate) enum Fault {
    Database(DbErr),
    Ledger(LedgerError),
    Unreadable(String),
    Refused(String),
}

/// A step inside a transaction.
pub(crate) type Step<T> = Result<T, Fault>;

impl Fault {
    pub(crate) fn during(self, doing: String, place: String) -> LedgerError {
        match self {
            Self::Database(source) => LedgerError::database(doing, place, source),
            Self::Ledger(error) => error,
            Self::Unreadable(finding) => LedgerError::Unreadable { doing, finding },
            Self::Refused(problem) => LedgerError::Refused { doing, problem },
        }
    }

    /// Whether trying again at once can help, because another process only held the database.
    pub(crate) fn is_busy(error: &DbErr) -> bool {
        Cause::of(error) == Cause::Busy
    }
}

impl From<DbErr> for Fault {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}
