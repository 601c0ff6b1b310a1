use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use sea_orm::{DatabaseConnection, DbErr, SqlxError, SqlxSqliteConnector};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::{Fault, LedgerError, connection_error};
use crate::open::{Bounds, OPENING};

/// Connections to the file: one writes, the others read.
const CONNECTIONS: u32 = 4;
/// Pause between two attempts to set up a file that another process is setting up.
const SETUP_PAUSE: Duration = Duration::from_millis(20);

/// The file of a ledger on SQLite.
pub(crate) struct SqliteFile {
    path: PathBuf,
    /// How errors name it.
    place: String,
    bounds: Bounds,
    identity: Identity,
    /// SQLite has one writer: those of this process wait for each other here, in turn, not in SQLite's polling.
    pub(crate) writer: Arc<Mutex<()>>,
}

/// Tells a file from another that has its path later: its device and its number there.
type Identity = (u64, u64);

impl SqliteFile {
    /// Opens the file at `path`, which is created where it is missing. `place` is how errors name it.
    pub(crate) async fn open(
        path: &Path,
        place: &str,
        bounds: Bounds,
    ) -> Result<(Self, DatabaseConnection), LedgerError> {
        let failed = |source| LedgerError::Create {
            place: place.to_owned(),
            source,
        };
        create_private(path).await.map_err(failed)?;
        let file = Self {
            path: path.to_owned(),
            place: place.to_owned(),
            bounds,
            identity: identity(path).map_err(failed)?,
            writer: Arc::default(),
        };
        let set_up = file.set_up().await;
        set_up.map_err(|error| file.failed(OPENING, error))?;
        let size = tokio::fs::metadata(path).await;
        if size.is_ok_and(|file| file.len() <= bounds.check_bytes) {
            file.check(OPENING).await?;
        }
        // All connections are made now and kept, so that none ever leads to another file than the first.
        let pool = SqlitePoolOptions::new()
            .min_connections(CONNECTIONS)
            .max_connections(CONNECTIONS)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(file.options())
            .await;
        let pool = pool.map_err(|error| file.failed(OPENING, connection_error(error)))?;
        Ok((file, SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)))
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(false)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(self.bounds.busy)
            .disable_statement_logging()
    }

    /// Puts the file in WAL mode, which stays with it. Only the very first opening changes the mode; SQLite does not wait for a
    /// process that does so at the same moment but fails at once, so this waits.
    async fn set_up(&self) -> Result<(), DbErr> {
        let options = self.options().journal_mode(SqliteJournalMode::Wal);
        let deadline = Instant::now() + self.bounds.busy;
        loop {
            match options.connect().await.map_err(connection_error) {
                Ok(connection) => return connection.close().await.map_err(connection_error),
                Err(error) if Fault::is_busy(&error) && Instant::now() < deadline => {
                    tokio::time::sleep(SETUP_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Fails where a page of the file is not as it should be.
    pub(crate) async fn check(&self, doing: &str) -> Result<(), LedgerError> {
        match self.damage().await {
            Ok(None) => Ok(()),
            Ok(Some(finding)) => Err(LedgerError::Damaged {
                doing: doing.to_owned(),
                place: self.place.clone(),
                source: DbErr::Custom(finding),
            }),
            Err(error) => Err(self.failed(doing, error)),
        }
    }

    fn failed(&self, doing: &str, error: DbErr) -> LedgerError {
        LedgerError::database(doing.to_owned(), self.place.clone(), error)
    }

    async fn damage(&self) -> Result<Option<String>, DbErr> {
        let connection = self.options().connect().await;
        let mut connection = connection.map_err(connection_error)?;
        let finding: Result<String, SqlxError> = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&mut connection)
            .await;
        connection.close().await.map_err(connection_error)?;
        let finding = finding.map_err(connection_error)?;
        Ok(Some(finding).filter(|finding| finding != "ok"))
    }

    /// Whether the path still leads to the file that was opened. SQLite does not ask: it would go on writing to a file that was
    /// deleted, and all of it would be lost at the end.
    pub(crate) fn is_in_place(&self) -> bool {
        identity(&self.path).is_ok_and(|identity| identity == self.identity)
    }
}

/// Makes the file where it is missing. SQLite gives its `-wal` and `-shm` files the same mode.
async fn create_private(path: &Path) -> io::Result<()> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    match options.open(path).await {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;

    std::fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    std::fs::metadata(path).map(|_| (0, 0))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use drishti_model::{Secret, SourceName, SourceProfile};
    use sea_orm::ConnectionTrait;
    use tempfile::TempDir;

    use super::*;
    use crate::{Advance, Lease, Ledger, NewSource, QuarantineFilter, Quarantined, SealingKey};

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    async fn ledger(bounds: Bounds) -> (TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("ledger.db").display());
        let key = SealingKey::generate().unwrap();
        (
            folder,
            Ledger::open_within(bounds, &url, key).await.unwrap(),
        )
    }

    async fn lease(ledger: &Ledger) -> Lease {
        let profile = SourceProfile {
            workspace_gid: None,
            api_url: SourceProfile::API_URL.to_owned(),
            description: String::new(),
            category: String::new(),
            fields: std::collections::BTreeMap::new(),
            collect: drishti_model::CollectSettings::default(),
        };
        let name = SourceName::new("asana").unwrap();
        let new = NewSource {
            name: name.clone(),
            profile,
            token: None,
            declared: false,
        };
        ledger.add_source(new, NOW).await.unwrap();
        ledger
            .acquire_lease(&name, "node", TimeDelta::seconds(60), NOW)
            .await
            .unwrap()
            .unwrap()
    }

    fn quarantined(raw: Vec<u8>) -> Advance {
        let event = Quarantined {
            origin: "audit log".to_owned(),
            line: None,
            gid: None,
            reason: "no JSON".to_owned(),
            raw,
        };
        Advance {
            quarantined: vec![event],
            stored: 1,
            ..Advance::default()
        }
    }

    /// Lets the file grow to so many pages, or no further than it is, which SQLite takes for a full disk.
    async fn allow_pages(ledger: &Ledger, pages: u32) {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let connection = ledger.snapshot().await.unwrap();
            let statement = format!("PRAGMA max_page_count = {pages}");
            connection.execute_unprepared(&statement).await.unwrap();
            connections.push(connection);
        }
        for connection in connections {
            connection.commit().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_full_disk_leaves_nothing_and_goes_on_when_there_is_room() {
        let (_folder, ledger) = ledger(Bounds::default()).await;
        let lease = lease(&ledger).await;
        allow_pages(&ledger, 1).await;
        let mut big = Vec::new();
        for _ in 0..4_000 {
            let noise = SealingKey::generate().unwrap().to_base64();
            big.extend_from_slice(noise.expose().as_bytes());
        }
        let refused = ledger
            .advance(&lease, quarantined(big.clone()), NOW)
            .await
            .unwrap_err();
        assert!(
            matches!(refused, LedgerError::DiskFull { .. }),
            "{refused:?}"
        );
        assert_eq!(
            refused.to_string(),
            format!(
                "saving the progress of source `asana`: the disk is full, there is no room for {}",
                ledger.place()
            )
        );
        let progress = ledger.progress(&lease.source).await.unwrap();
        assert_eq!(progress.events_stored, 0);
        assert!(ledger.quarantine_counts().await.unwrap().is_empty());

        allow_pages(&ledger, 1_000_000).await;
        ledger.advance(&lease, quarantined(big), NOW).await.unwrap();
        assert_eq!(
            ledger.progress(&lease.source).await.unwrap().events_stored,
            1
        );
    }

    #[tokio::test]
    async fn a_held_database_is_told_after_the_bound() {
        let bounds = Bounds {
            busy: Duration::from_millis(30),
            ..Bounds::default()
        };
        let (_folder, ledger) = ledger(bounds).await;
        let mut other = ledger.file().unwrap().options().connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE")
            .execute(&mut other)
            .await
            .unwrap();
        let refused = ledger
            .seal("api", &Secret::new("x"), NOW)
            .await
            .unwrap_err();
        assert!(matches!(refused, LedgerError::Busy { .. }), "{refused:?}");
        assert_eq!(
            ledger.sealed("api").await.unwrap(),
            None,
            "reading does not wait"
        );
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        ledger.seal("api", &Secret::new("x"), NOW).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_above_the_bound_is_checked_only_on_request() {
        let (folder, ledger) = ledger(Bounds::default()).await;
        let lease = lease(&ledger).await;
        // What can't be compressed, so that the last page is one of its and none that the opening reads.
        let noise =
            (0..100_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]);
        ledger
            .advance(&lease, quarantined(noise.collect()), NOW)
            .await
            .unwrap();
        let (url, key) = (
            format!("sqlite://{}", folder.path().join("ledger.db").display()),
            ledger.key().clone(),
        );
        ledger.close().await;
        let path = folder.path().join("ledger.db");
        let mut bytes = std::fs::read(&path).unwrap();
        let last_page = bytes.len() - 4_096;
        bytes[last_page..].fill(0xa5);
        std::fs::write(&path, bytes).unwrap();

        let bounds = Bounds {
            check_bytes: 4_096,
            ..Bounds::default()
        };
        let unchecked = Ledger::open_within(bounds, &url, key.clone())
            .await
            .unwrap();
        let found = unchecked.check().await.unwrap_err();
        assert!(matches!(found, LedgerError::Damaged { .. }), "{found:?}");
        let found = Ledger::open(&url, key).await.unwrap_err();
        assert!(matches!(found, LedgerError::Damaged { .. }), "{found:?}");
    }

    #[tokio::test]
    async fn a_long_event_is_cut() {
        let bounds = Bounds {
            quarantine_raw_bytes: 10,
            ..Bounds::default()
        };
        let (_folder, ledger) = ledger(bounds).await;
        let lease = lease(&ledger).await;
        for raw in [&b"0123456789"[..], b"0123456789a", b"0123456789b"] {
            ledger
                .advance(&lease, quarantined(raw.to_vec()), NOW)
                .await
                .unwrap();
        }
        let filter = QuarantineFilter {
            limit: 10,
            ..QuarantineFilter::default()
        };
        let entries = ledger.quarantine(filter).await.unwrap();
        let lengths: Vec<_> = entries
            .iter()
            .map(|entry| (entry.raw_bytes, entry.truncated))
            .collect();
        assert_eq!(lengths, [(10, false), (11, true), (11, true)]);
        for entry in entries {
            assert_eq!(
                ledger.quarantine_raw(entry.id).await.unwrap(),
                Some(b"0123456789".to_vec())
            );
        }
    }
}
