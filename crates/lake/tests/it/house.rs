//! A lake in a folder that lives as long as the test, and events to put into it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use drishti_lake::{
    Appended, EventFilter, Lake, LakeError, LakeLocation, QueryLimits, StoredEvent,
};
use drishti_model::{Actor, AuditEvent, EnrichedEvent, SourceName};
use serde_json::{Map, Value};
use tempfile::TempDir;

pub(crate) struct House {
    folder: TempDir,
    pub(crate) lake: Lake,
}

impl House {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lake = open(&folder.path().join("lake")).await;
        Self { folder, lake }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// The lake as another process would open it.
    pub(crate) async fn second_handle(&self) -> Lake {
        open(&self.path()).await
    }
}

pub(crate) async fn open(folder: &Path) -> Lake {
    let location = LakeLocation::folder(folder).unwrap();
    Lake::open(location).await.unwrap().0
}

pub(crate) fn source(name: &str) -> SourceName {
    SourceName::new(name).unwrap()
}

/// Noon of the first day, from which events count their minutes.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn event(gid: &str, minutes: i64) -> AuditEvent {
    AuditEvent {
        gid: gid.to_owned(),
        created_at: noon() + TimeDelta::minutes(minutes),
        event_type: "task_created".to_owned(),
        actor: Actor {
            gid: Some(format!("{}", minutes.rem_euclid(7))),
            ..Actor::default()
        },
        ..AuditEvent::default()
    }
}

/// Events with the gids of `gids`, each as many minutes after noon.
pub(crate) fn events(gids: impl IntoIterator<Item = i64>) -> Vec<AuditEvent> {
    gids.into_iter()
        .map(|gid| event(&gid.to_string(), gid))
        .collect()
}

/// The events, of which nothing more is known.
pub(crate) fn enriched(events: &[AuditEvent]) -> Vec<EnrichedEvent> {
    events.iter().cloned().map(EnrichedEvent::from).collect()
}

/// Appends one batch as the next of its source.
pub(crate) async fn put(lake: &Lake, name: &str, events: &[AuditEvent]) -> Appended {
    let sequence = lake.last_sequence(&source(name)).await.unwrap() + 1;
    try_put(lake, name, sequence, events).await.unwrap()
}

pub(crate) async fn try_put(
    lake: &Lake,
    name: &str,
    sequence: i64,
    events: &[AuditEvent],
) -> Result<Appended, LakeError> {
    let mut append = lake.append(&source(name), sequence, noon()).await?;
    append.write(&enriched(events)).await?;
    append.commit().await
}

pub(crate) async fn ask(lake: &Lake, sql: &str) -> Vec<Map<String, Value>> {
    let answer = lake.query(sql, &QueryLimits::default(), &[]).await;
    answer.unwrap().to_json().unwrap()
}

/// The one number that `sql` answers.
pub(crate) async fn number(lake: &Lake, sql: &str) -> i64 {
    let rows = ask(lake, sql).await;
    rows[0].values().next().unwrap().as_i64().unwrap()
}

pub(crate) async fn rows(lake: &Lake) -> i64 {
    number(lake, "select count(*) from events").await
}

/// How often each `(source, gid)` is stored.
pub(crate) async fn stored_gids(lake: &Lake) -> BTreeMap<(String, String), i64> {
    let sql = "select source, gid, count(*) as copies from events group by 1, 2";
    let limits = QueryLimits {
        rows: 1_000_000,
        ..QueryLimits::default()
    };
    let answer = lake.query(sql, &limits, &[]).await.unwrap();
    let text = |row: &Map<String, Value>, key: &str| row[key].as_str().unwrap().to_owned();
    answer
        .to_json()
        .unwrap()
        .iter()
        .map(|row| {
            (
                (text(row, "source"), text(row, "gid")),
                row["copies"].as_i64().unwrap(),
            )
        })
        .collect()
}

/// Every event, newest first.
pub(crate) async fn all_events(lake: &Lake) -> Vec<StoredEvent> {
    lake.events(&EventFilter::default(), None, 1_000)
        .await
        .unwrap()
        .to_vec()
}

/// Every file below `folder` whose path ends in `ending`.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The data files below a lake's folder, referenced or not.
pub(crate) fn data_files(lake: &Path) -> Vec<PathBuf> {
    let mut found = files(lake, ".parquet");
    found.retain(|path| !path.to_str().unwrap().contains("_delta_log"));
    found
}
