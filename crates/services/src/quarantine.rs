//! What was refused: looking at it, and trying it again.

use std::collections::{BTreeMap, BTreeSet};

use drishti_ledger::{Advance, QuarantineEntry, QuarantineFilter, ROWS_MAX};
use drishti_model::{AuditEvent, DesiredState, SourceName};
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
    /// Events of sources that are being collected: whoever does it tries them again within seconds.
    pub queued: u64,
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

    /// One event in quarantine; `None` where it is not, or no longer, there.
    pub async fn quarantine_entry(&self, id: i64) -> Result<Option<QuarantineEntry>, ServiceError> {
        let filter = QuarantineFilter {
            source: None,
            after_id: Some(id.saturating_sub(1)),
            limit: 1,
        };
        let found = self.ledger.quarantine(filter).await?.pop();
        Ok(found.filter(|entry| entry.id == id))
    }

    /// The bytes of an event in quarantine, as they came; `None` where it is not, or no longer, there.
    pub async fn quarantine_raw(&self, id: i64) -> Result<Option<Vec<u8>>, ServiceError> {
        Ok(self.ledger.quarantine_raw(id).await?)
    }

    /// The first of these bytes, `most` of them.
    pub async fn quarantine_beginning(
        &self,
        id: i64,
        most: usize,
    ) -> Result<Option<Vec<u8>>, ServiceError> {
        Ok(self.ledger.quarantine_beginning(id, most).await?)
    }

    /// Checks events in quarantine again, stores those that are accepted now, and lets them out. Without `source` those of all
    /// sources are meant, with empty `ids` all of them; ids that are not in quarantine are passed over. Of a source that is being
    /// collected they are queued for whoever does it.
    pub async fn replay_quarantine(
        &self,
        source: Option<&SourceName>,
        ids: &[i64],
    ) -> Result<ReplaySummary, ServiceError> {
        let mut summary = ReplaySummary::default();
        for (name, entries) in self.entries_by_source(source, ids).await? {
            let found: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
            let replayed = &mut summary;
            let outcome = self
                .leased(
                    &name,
                    "replay of its quarantine",
                    |worker, lease| async move {
                        let mut intake = Intake::open(&worker, lease).await?.intake;
                        worker.replay_entries(&mut intake, entries, replayed).await
                    },
                )
                .await;
            match outcome {
                Err(ServiceError::Held { .. }) if self.is_collected(&name).await? => {
                    let now = self.clock.now();
                    summary.queued += self.ledger.request_replay(&name, &found, now).await?;
                }
                outcome => outcome?,
            }
        }
        summary.still_refused.sort_unstable();
        Ok(summary)
    }

    /// Whether a source is collected now or will be, by whichever process.
    async fn is_collected(&self, name: &SourceName) -> Result<bool, ServiceError> {
        let source = self.ledger.source(name).await?;
        Ok(source.is_some_and(|source| {
            source.desired == DesiredState::Running && source.profile.workspace_gid.is_some()
        }))
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
        let mut rechecked = Rechecked::default();
        for entry in entries {
            self.recheck(&entry, &mut rechecked).await?;
            if rechecked.is_full() {
                release(intake, std::mem::take(&mut rechecked), summary).await?;
            }
        }
        release(intake, rechecked, summary).await
    }

    /// Looks at an event in quarantine again. One that has left it meanwhile is passed over.
    pub(crate) async fn recheck(
        &self,
        entry: &QuarantineEntry,
        rechecked: &mut Rechecked,
    ) -> Result<(), ServiceError> {
        let id = entry.id;
        if entry.truncated {
            let reason = "only its beginning was kept".to_owned();
            rechecked.refused.push((id, reason));
            return Ok(());
        }
        let Some(raw) = self.ledger.quarantine_raw(id).await? else {
            return Ok(());
        };
        match accept(&raw, self.clock.now()) {
            Ok(event) => {
                rechecked.ids.push(id);
                rechecked.events.push(event);
                rechecked.bytes += raw.len();
            }
            Err(refusal) => rechecked.refused.push((id, refusal.reason)),
        }
        Ok(())
    }
}

/// Stores events and lets them out of quarantine in one step of the ledger: a crash before it only repeats it.
async fn release(
    intake: &mut Intake,
    rechecked: Rechecked,
    summary: &mut ReplaySummary,
) -> Result<(), ServiceError> {
    if rechecked.is_empty() {
        return Ok(());
    }
    let advance = Advance {
        newest_event_at: rechecked.events.iter().map(|event| event.created_at).max(),
        released: rechecked.ids.clone(),
        refused_again: rechecked.refused.clone(),
        ..Advance::default()
    };
    let stored = intake.store(&rechecked.events, advance).await?;
    summary.replayed += rechecked.ids.len() as u64;
    summary.stored += stored.fresh;
    summary.still_refused.extend(rechecked.refused);
    Ok(())
}

/// Events in quarantine that were looked at again.
#[derive(Default)]
pub(crate) struct Rechecked {
    /// Ids of those that are accepted now.
    pub(crate) ids: Vec<i64>,
    /// These themselves.
    pub(crate) events: Vec<AuditEvent>,
    /// Ids of the others, with what is wrong with them now.
    pub(crate) refused: Vec<(i64, String)>,
    bytes: usize,
}

impl Rechecked {
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.refused.is_empty()
    }

    /// Whether it should be stored before more joins it.
    pub(crate) fn is_full(&self) -> bool {
        self.ids.len() + self.refused.len() >= BATCH_EVENTS || self.bytes >= BATCH_BYTES
    }
}
