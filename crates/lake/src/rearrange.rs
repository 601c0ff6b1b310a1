//! Commits that let files take the place of others. Where two of them were made of the same version, the second is refused: Delta
//! itself compares what both remove only where that changes the data, and would let both merge the same files, whose events stood twice
//! then.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use deltalake::kernel::Version;
use deltalake::kernel::transaction::{CommitConflictError, TransactionError};
use deltalake::logstore::{CommitOrBytes, LogStore, LogStoreConfig, LogStoreRef};
use deltalake::{DeltaResult, DeltaTable, DeltaTableError};
use object_store::ObjectStore;
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

/// Times that such a change is begun anew because another has come between.
pub(crate) const TRIES_MAX: u32 = 5;

/// This version of the table, to which nothing can be committed once another commit has removed files.
pub(crate) fn guarded(table: &DeltaTable) -> DeltaTable {
    let mut guarded = DeltaTable::new(Arc::new(GuardedLog {
        log: table.log_store(),
        read_version: table.version().unwrap_or_default(),
    }));
    guarded.state.clone_from(&table.state);
    guarded
}

/// Whether a commit was refused because somebody else has changed the table meanwhile.
pub(crate) fn is_overtaken(error: &DeltaTableError) -> bool {
    matches!(
        error,
        DeltaTableError::VersionAlreadyExists(_)
            | DeltaTableError::Transaction {
                source: TransactionError::CommitConflict(_)
                    | TransactionError::VersionAlreadyExists(_)
                    | TransactionError::MaxCommitAttempts(_),
            }
    )
}

/// A log that looks at what was committed since `read_version` before it writes.
struct GuardedLog {
    log: LogStoreRef,
    read_version: Version,
}

/// A line of a commit.
#[derive(Deserialize)]
struct Line {
    remove: Option<IgnoredAny>,
}

impl GuardedLog {
    /// Whether a commit removes files; one that is no longer there may have.
    async fn removes(&self, version: Version) -> Result<bool, TransactionError> {
        let entry = self.log.read_commit_entry(version).await;
        let entry = entry.map_err(|error| TransactionError::LogStoreError {
            msg: format!("reading version {version}"),
            source: Box::new(error),
        })?;
        let Some(entry) = entry else {
            return Ok(true);
        };
        let mut lines = serde_json::Deserializer::from_slice(&entry).into_iter::<Line>();
        Ok(lines.any(|line| line.is_ok_and(|line| line.remove.is_some())))
    }
}

#[async_trait]
impl LogStore for GuardedLog {
    fn name(&self) -> String {
        self.log.name()
    }

    async fn read_commit_entry(&self, version: Version) -> DeltaResult<Option<Bytes>> {
        self.log.read_commit_entry(version).await
    }

    async fn write_commit_entry(
        &self,
        version: Version,
        commit_or_bytes: CommitOrBytes,
        operation_id: Uuid,
    ) -> Result<(), TransactionError> {
        for earlier in self.read_version + 1..version {
            if self.removes(earlier).await? {
                return Err(CommitConflictError::ConcurrentDeleteDelete.into());
            }
        }
        self.log
            .write_commit_entry(version, commit_or_bytes, operation_id)
            .await
    }

    async fn abort_commit_entry(
        &self,
        version: Version,
        commit_or_bytes: CommitOrBytes,
        operation_id: Uuid,
    ) -> Result<(), TransactionError> {
        self.log
            .abort_commit_entry(version, commit_or_bytes, operation_id)
            .await
    }

    async fn get_latest_version(&self, start_version: Version) -> DeltaResult<Version> {
        self.log.get_latest_version(start_version).await
    }

    fn object_store(&self, operation_id: Option<Uuid>) -> Arc<dyn ObjectStore> {
        self.log.object_store(operation_id)
    }

    fn root_object_store(&self, operation_id: Option<Uuid>) -> Arc<dyn ObjectStore> {
        self.log.root_object_store(operation_id)
    }

    fn config(&self) -> &LogStoreConfig {
        self.log.config()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate, TimeDelta};
    use drishti_model::{AddressFacts, AuditEvent, EnrichedEvent, SourceName};

    use super::*;
    use crate::{Lake, LakeLocation};

    const DAYS: u64 = 3;
    const BATCHES: u64 = 4;

    /// Two processes over the same lake, in which each day has some small files.
    async fn two(folder: &std::path::Path) -> (Lake, Lake) {
        let location = || LakeLocation::folder(folder).unwrap();
        let (one, _) = Lake::open(location()).await.unwrap();
        let source = SourceName::new("a").unwrap();
        for batch in 0..BATCHES {
            let events: Vec<EnrichedEvent> = (0..DAYS)
                .map(|day| AuditEvent {
                    gid: format!("{batch}/{day}"),
                    created_at: DateTime::UNIX_EPOCH + TimeDelta::days(day.cast_signed()),
                    ..AuditEvent::default()
                })
                .map(EnrichedEvent::from)
                .collect();
            let sequence = batch.cast_signed() + 1;
            let append = one.append(&source, sequence, DateTime::UNIX_EPOCH).await;
            let mut append = append.unwrap();
            append.write(&events).await.unwrap();
            append.commit().await.unwrap();
        }
        let (other, _) = Lake::open(location()).await.unwrap();
        (one, other)
    }

    async fn rows(lake: &Lake) -> u64 {
        lake.statistics().await.unwrap().rows
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn files_are_merged_once() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = two(folder.path()).await;
        let seen_by_other = other.newest().await.unwrap();
        let merged = one.compact().await.unwrap();
        assert_eq!((merged.files_removed, merged.files_added), (12, 3));
        let refused = other.compact_from(seen_by_other).await.unwrap_err();
        assert!(is_overtaken(&refused), "{refused}");
        assert_eq!(rows(&other).await, DAYS * BATCHES);
        // Whoever comes later finds nothing to do.
        assert_eq!(other.compact().await.unwrap(), crate::Compacted::default());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_day_that_was_merged_meanwhile_is_not_kept_beside_its_like() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = two(folder.path()).await;
        let seen_by_other = other.newest().await.unwrap();
        let first = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let changed = |event: AuditEvent| EnrichedEvent {
            address: Some(std::sync::Arc::new(AddressFacts {
                country: Some("DE".into()),
                ..AddressFacts::default()
            })),
            ..EnrichedEvent::from(event)
        };
        one.compact().await.unwrap();
        let refused = other
            .enrich_day_of(seen_by_other, first, &changed)
            .await
            .unwrap_err();
        assert!(refused.is_overtaken(), "{refused}");
        assert_eq!(rows(&other).await, DAYS * BATCHES);
        other.enrich_again(first, &changed).await.unwrap();
        assert_eq!(rows(&one).await, DAYS * BATCHES);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn old_days_go_though_their_files_were_merged_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = two(folder.path()).await;
        let seen_by_other = other.newest().await.unwrap();
        let second = NaiveDate::from_ymd_opt(1970, 1, 2).unwrap();
        one.compact().await.unwrap();
        let refused = other.retain_of(seen_by_other, second).await.unwrap_err();
        assert!(is_overtaken(&refused), "{refused}");
        assert_eq!(other.retain(second).await.unwrap(), 1);
        assert_eq!(rows(&one).await, (DAYS - 1) * BATCHES);
    }
}
