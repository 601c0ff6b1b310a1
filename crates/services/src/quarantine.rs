//! What was refused: looking at it, and trying it again.

use std::collections::{BTreeMap, BTreeSet};

use drishti_ledger::{Advance, QuarantineEntry, QuarantineFilter, ROWS_MAX};
use drishti_model::{AuditEvent, SourceName};
use serde::Serialize;

use crate::ingest::accept;
use crate::intake::Intake;
use crate::{ServiceError, Services};

/// Events that are replayed in one batch.
const BATCH_EVENTS: usize = 5_000;

/// Bytes of them, beyond which no further one joins the batch.
const BATCH_BYTES: usize = 32 << 20;

/// What a replay did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReplaySummary {
    /// Events that were accepted and so left the quarantine.
    pub replayed: u64,
    /// Those of them that are new in the lake.
    pub stored: u64,
    /// Ids of those that stay, with what is wrong with them now.
    pub still_refused: Vec<(i64, String)>,
}

impl Services {
    /// Events in quarantine, oldest first.
    pub async fn quarantine(
        &self,
        filter: QuarantineFilter,
    ) -> Result<Vec<QuarantineEntry>, ServiceError> {
        Ok(self.ledger.quarantine(filter).await?)
    }

    /// The bytes of an event in quarantine, as they came; `None` where it is not, or no longer, there.
    pub async fn quarantine_raw(&self, id: i64) -> Result<Option<Vec<u8>>, ServiceError> {
        Ok(self.ledger.quarantine_raw(id).await?)
    }

    /// Checks events in quarantine again, stores those that are accepted now, and lets them out. Without `source` those of all
    /// sources are meant, with empty `ids` all of them; ids that are not in quarantine are passed over.
    pub async fn replay_quarantine(
        &self,
        source: Option<&SourceName>,
        ids: &[i64],
    ) -> Result<ReplaySummary, ServiceError> {
        let mut summary = ReplaySummary::default();
        for (name, entries) in self.entries_by_source(source, ids).await? {
            let summary = &mut summary;
            self.leased(
                &name,
                "replay of its quarantine",
                |worker, lease| async move {
                    let mut intake = Intake::open(&worker, lease).await?.intake;
                    worker.replay_entries(&mut intake, entries, summary).await
                },
            )
            .await?;
        }
        summary.still_refused.sort_unstable();
        Ok(summary)
    }

    async fn entries_by_source(
        &self,
        source: Option<&SourceName>,
        ids: &[i64],
    ) -> Result<BTreeMap<SourceName, Vec<QuarantineEntry>>, ServiceError> {
        let wanted: BTreeSet<i64> = ids.iter().copied().collect();
        let mut found: BTreeMap<SourceName, Vec<QuarantineEntry>> = BTreeMap::new();
        let mut after_id = wanted.first().map(|first| first.saturating_sub(1));
        loop {
            let filter = QuarantineFilter {
                source: source.cloned(),
                after_id,
                limit: ROWS_MAX,
            };
            let page = self.ledger.quarantine(filter).await?;
            let Some(last) = page.last().map(|entry| entry.id) else {
                return Ok(found);
            };
            for entry in page {
                if wanted.is_empty() || wanted.contains(&entry.id) {
                    found.entry(entry.source.clone()).or_default().push(entry);
                }
            }
            if wanted
                .last()
                .is_some_and(|&last_wanted| last_wanted <= last)
            {
                return Ok(found);
            }
            after_id = Some(last);
        }
    }

    async fn replay_entries(
        &self,
        intake: &mut Intake,
        entries: Vec<QuarantineEntry>,
        summary: &mut ReplaySummary,
    ) -> Result<(), ServiceError> {
        let mut accepted = Accepted::default();
        for entry in entries {
            let Some(raw) = self.ledger.quarantine_raw(entry.id).await? else {
                continue;
            };
            if entry.truncated {
                let reason = "only its beginning was kept".to_owned();
                summary.still_refused.push((entry.id, reason));
                continue;
            }
            match accept(&raw, self.clock.now()) {
                Ok(event) => accepted.add(entry.id, event, raw.len()),
                Err(refusal) => summary.still_refused.push((entry.id, refusal.reason)),
            }
            if accepted.is_full() {
                self.release(intake, std::mem::take(&mut accepted), summary)
                    .await?;
            }
        }
        self.release(intake, accepted, summary).await
    }

    /// Stores events, then lets them out: a crash between the two only repeats it.
    async fn release(
        &self,
        intake: &mut Intake,
        accepted: Accepted,
        summary: &mut ReplaySummary,
    ) -> Result<(), ServiceError> {
        if accepted.ids.is_empty() {
            return Ok(());
        }
        let advance = Advance {
            newest_event_at: accepted.events.iter().map(|event| event.created_at).max(),
            ..Advance::default()
        };
        let appended = intake.store(&accepted.events, advance).await?;
        self.ledger
            .release_quarantine(intake.lease(), &accepted.ids)
            .await?;
        summary.replayed += accepted.ids.len() as u64;
        summary.stored += appended.stored;
        Ok(())
    }
}

/// Events that may leave the quarantine.
#[derive(Default)]
struct Accepted {
    ids: Vec<i64>,
    events: Vec<AuditEvent>,
    bytes: usize,
}

impl Accepted {
    fn add(&mut self, id: i64, event: AuditEvent, bytes: usize) {
        self.ids.push(id);
        self.events.push(event);
        self.bytes += bytes;
    }

    fn is_full(&self) -> bool {
        self.events.len() >= BATCH_EVENTS || self.bytes >= BATCH_BYTES
    }
}
