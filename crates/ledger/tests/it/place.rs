//! Where a case has its ledger, and the values that cases share.

use chrono::{DateTime, TimeDelta, Utc};
use drishti_ledger::{Ledger, LedgerError, NewSource, SealingKey};
use drishti_model::{Secret, SourceName, SourceProfile};
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

/// An empty database and the key of its ledger.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) key: SealingKey,
    /// Removed with the place.
    pub(crate) folder: Option<TempDir>,
}

impl Place {
    /// A place for a SQLite file.
    pub(crate) fn in_a_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("ledger.db").display());
        Self {
            url,
            key: SealingKey::generate().unwrap(),
            folder: Some(folder),
        }
    }

    /// The database at `url`.
    pub(crate) fn at(url: String) -> Self {
        Self {
            url,
            key: SealingKey::generate().unwrap(),
            folder: None,
        }
    }

    /// Opens the ledger.
    pub(crate) async fn open(&self) -> Ledger {
        self.try_open().await.unwrap()
    }

    /// Opens the ledger, or not.
    pub(crate) async fn try_open(&self) -> Result<Ledger, LedgerError> {
        Ledger::open(&self.url, self.key.clone()).await
    }

    /// Does something to the database that no ledger does.
    pub(crate) async fn execute(&self, statement: &str) {
        let database = Database::connect(&self.url).await.unwrap();
        database.execute_unprepared(statement).await.unwrap();
        database.close().await.unwrap();
    }

    /// Opens the ledger and adds source `asana` to it.
    pub(crate) async fn open_with_source(&self) -> (Ledger, SourceName) {
        let ledger = self.open().await;
        let source = ledger.add_source(new_source("asana"), at(0)).await.unwrap();
        (ledger, source.name)
    }
}

/// A moment some seconds after a fixed one, with microseconds.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap() + TimeDelta::seconds(seconds)
}

/// A name of a source.
pub(crate) fn name(text: &str) -> SourceName {
    SourceName::new(text).unwrap()
}

/// A configuration.
pub(crate) fn profile(workspace: &str) -> SourceProfile {
    SourceProfile {
        workspace_gid: Some(workspace.to_owned()),
        api_url: SourceProfile::API_URL.to_owned(),
        description: "with \0 and ünïcode".to_owned(),
        category: "saas/asana".to_owned(),
        fields: [("team".to_owned(), "security".to_owned())].into(),
        collect: drishti_model::CollectSettings::default(),
    }
}

/// A source to be added, with a token.
pub(crate) fn new_source(text: &str) -> NewSource {
    NewSource {
        name: name(text),
        profile: profile("1201"),
        token: Some(Secret::new(format!("2/1201/{text}:token"))),
        declared: false,
    }
}
