//! Trying events in quarantine again while their source is collected: only who holds its lease may store them.

use std::time::Duration;

use drishti_ledger::QuarantineEntry;
use drishti_model::SourceName;
use tokio::sync::mpsc;

use super::fetch::Page;
use super::session::Until;
use super::writer::{Fetched, Step};
use crate::quarantine::Rechecked;
use crate::{ServiceError, Services};

/// Time between two looks whether somebody asked for a replay.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Entries asked of the ledger at once.
const ENTRIES_AT_ONCE: u64 = 1_000;

/// Looks for what is to be tried again.
pub(crate) struct Replays {
    pub(crate) services: Services,
    pub(crate) source: SourceName,
    pub(crate) pages: mpsc::Sender<Fetched>,
}

impl Replays {
    pub(crate) async fn run(self, until: Until) -> Result<(), ServiceError> {
        loop {
            self.pass().await?;
            if until == Until::CaughtUp {
                return Ok(());
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Takes everything that is asked for now. What the writer has not got to by the next look is taken twice, which changes nothing.
    async fn pass(&self) -> Result<(), ServiceError> {
        let mut after_id = None;
        loop {
            let ledger = &self.services.ledger;
            let entries = ledger
                .replay_requests(&self.source, after_id, ENTRIES_AT_ONCE)
                .await?;
            let Some(last) = entries.last().map(|entry| entry.id) else {
                return Ok(());
            };
            after_id = Some(last);
            self.recheck(entries).await?;
        }
    }

    async fn recheck(&self, entries: Vec<QuarantineEntry>) -> Result<(), ServiceError> {
        let mut rechecked = Rechecked::default();
        for entry in entries {
            self.services.recheck(&entry, &mut rechecked).await?;
            if rechecked.is_full() {
                self.send(std::mem::take(&mut rechecked)).await;
            }
        }
        self.send(rechecked).await;
        Ok(())
    }

    async fn send(&self, rechecked: Rechecked) {
        if rechecked.is_empty() {
            return;
        }
        let page = Page {
            events: rechecked.events.into_iter().map(Ok).collect(),
            is_last: false,
            server_time: None,
        };
        let step = Step::Replay {
            released: rechecked.ids,
            refused_again: rechecked.refused,
        };
        // Without a writer the session is ending, and the next one looks again.
        drop(self.pages.send(Fetched { page, step }).await);
    }
}
