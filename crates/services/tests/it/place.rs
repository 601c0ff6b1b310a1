//! Where a test has its installation, and the values that tests share.

use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{ManualClock, SourceName};
use drishti_services::ingest::IngestSummary;
use drishti_services::watch::{KnowledgeFiles, NamedFile};
use drishti_services::{
    EventFilter, EventPosition, Installation, LakeLocation, Proxy, QuarantineEntry,
    QuarantineFilter, SealingKey, Services, StoredEvent,
};
use tempfile::TempDir;

/// An empty installation, with a clock that stands still.
pub(crate) struct Place {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) proxy: Option<Proxy>,
    /// Path and text of each policy.
    pub(crate) policies: Vec<(PathBuf, String)>,
    pub(crate) policy_folder: Option<PathBuf>,
    pub(crate) places: Vec<PathBuf>,
    pub(crate) feeds: Vec<NamedFile>,
    key: SealingKey,
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            clock: Arc::new(ManualClock::new(now())),
            proxy: None,
            policies: Vec::new(),
            policy_folder: None,
            places: Vec::new(),
            feeds: Vec::new(),
            key: SealingKey::generate().unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Opens it.
    pub(crate) async fn open(&self) -> Services {
        self.open_as("test").await
    }

    /// Opens it as another process would.
    pub(crate) async fn open_as(&self, holder: &str) -> Services {
        let installation = Installation {
            lake: LakeLocation::folder(&self.folder.path().join("lake")).unwrap(),
            ledger_url: format!(
                "sqlite://{}",
                self.folder.path().join("ledger.db").display()
            ),
            key: self.key.clone(),
            holder: holder.to_owned(),
            proxy: self.proxy.clone(),
            declared_in: Some("/etc/drishti.toml".to_owned()),
            knowledge: KnowledgeFiles {
                shipped: self.policies.clone(),
                folder: self.policy_folder.clone(),
                places: self.places.clone(),
                feeds: self.feeds.clone(),
                ..KnowledgeFiles::default()
            },
        };
        Services::open(installation, self.clock.clone())
            .await
            .unwrap()
    }
}

/// The time that the clock shows at first.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

pub(crate) fn name(text: &str) -> SourceName {
    SourceName::new(text).unwrap()
}

/// The JSON text of an event with this gid, some minutes before [`now`].
pub(crate) fn event(gid: u64) -> String {
    event_at(gid, now() - TimeDelta::minutes(10))
}

/// The JSON text of an event with this gid.
pub(crate) fn event_at(gid: u64, time: DateTime<Utc>) -> String {
    let time = drishti_model::canonical_time(time);
    format!(
        r#"{{"gid":"{gid}","created_at":"{time}","event_type":"user_login_succeeded","event_category":"logins","actor":{{"actor_type":"user","gid":"88","name":"Mara Lindqvist","email":"mara@example.org"}},"details":{{"n":[{gid},null]}},"context":{{"context_type":"web","client_ip_address":"192.0.2.7"}}}}"#
    )
}

pub(crate) fn input(bytes: impl Into<Vec<u8>>) -> Box<dyn Read + Send> {
    Box::new(Cursor::new(bytes.into()))
}

/// Ingests text into the source `files`.
pub(crate) async fn ingest(services: &Services, bytes: impl Into<Vec<u8>>) -> IngestSummary {
    services
        .ingest(&name("files"), "test.jsonl", input(bytes), |_| ())
        .await
        .unwrap()
}

/// All stored events, newest first.
pub(crate) async fn stored(services: &Services) -> Vec<StoredEvent> {
    let mut all: Vec<StoredEvent> = Vec::new();
    loop {
        let position = all.last().map(|last| EventPosition {
            created_at: last.event.created_at,
            gid: last.event.gid.clone(),
            source: last.source.clone(),
        });
        let page = services
            .events(&EventFilter::default(), position.as_ref(), 1_000)
            .await
            .unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page.iter().cloned());
    }
}

/// The gids of all stored events, in order.
pub(crate) async fn stored_gids(services: &Services) -> Vec<u64> {
    let mut gids: Vec<u64> = stored(services)
        .await
        .iter()
        .map(|stored| stored.event.gid.parse().unwrap())
        .collect();
    gids.sort_unstable();
    gids
}

/// Everything in quarantine.
pub(crate) async fn quarantined(services: &Services) -> Vec<QuarantineEntry> {
    let filter = QuarantineFilter {
        limit: 10_000,
        ..QuarantineFilter::default()
    };
    services.quarantine(filter).await.unwrap()
}

/// An input whose text comes when the test sends it, and which ends when the sender is dropped.
struct Fed {
    texts: Receiver<String>,
    rest: Vec<u8>,
}

/// Such an input, and what feeds it.
pub(crate) fn fed() -> (Sender<String>, Box<dyn Read + Send>) {
    let (sender, texts) = channel();
    let rest = Vec::new();
    (sender, Box::new(Fed { texts, rest }))
}

impl Read for Fed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.rest = self.texts.recv().unwrap_or_default().into_bytes();
        }
        let length = self.rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.rest[..length]);
        self.rest.drain(..length);
        Ok(length)
    }
}
