//! Following the newest events.

use chrono::{DateTime, TimeDelta, Utc};
use drishti_asana::Client;
use drishti_ledger::Position;
use drishti_model::TimeRange;
use tokio::sync::mpsc;

use super::fetch::Stream;
use super::writer::{Fetched, Step};
use crate::ServiceError;

/// Sweeps in the time of one overlap.
const SWEEPS_PER_OVERLAP: i32 = 3;

/// Reads on by offset, again and again.
pub(crate) struct Poller {
    pub(crate) stream: Stream,
    pub(crate) pages: mpsc::Sender<Fetched>,
    pub(crate) newest_event_at: Option<DateTime<Utc>>,
}

impl Poller {
    /// Reads everything up to now. Returns Asana's clock, where it told.
    pub(crate) async fn catch_up(&mut self) -> Result<Option<DateTime<Utc>>, ServiceError> {
        loop {
            let page = self.stream.next().await?;
            let (caught_up, server_time) = (page.is_last, page.server_time);
            let newest = page
                .events
                .iter()
                .flatten()
                .map(|event| event.created_at)
                .max();
            self.newest_event_at = self.newest_event_at.max(newest);
            // Without an offset nothing has come yet, and an earlier position may still find what becomes visible very late.
            let position = Some(self.stream.position.clone());
            let step = Step::Cursor {
                position: position.filter(|position| position.offset.is_some()),
                caught_up,
            };
            let writer_is_there = self.pages.send(Fetched { page, step }).await.is_ok();
            if caught_up || !writer_is_there {
                return Ok(server_time);
            }
        }
    }
}

/// Reads the last minutes again. An event may become visible after others that happened later; the offset is past it then. Each
/// sweep begins one overlap before everything is settled, and settles up to one overlap before now: so every moment is read once
/// more when it is at least one overlap old.
pub(crate) struct Sweep {
    pub(crate) client: Client,
    pub(crate) workspace_gid: String,
    pub(crate) pages: mpsc::Sender<Fetched>,
    pub(crate) overlap: TimeDelta,
    pub(crate) settled_until: DateTime<Utc>,
    pub(crate) last_at: Option<DateTime<Utc>>,
}

impl Sweep {
    /// Whether it is time for another sweep.
    pub(crate) fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.last_at
            .is_none_or(|last| now < last || now - last >= self.overlap / SWEEPS_PER_OVERLAP)
    }

    /// Sweeps up to `now` by Asana's clock.
    pub(crate) async fn run(&mut self, now: DateTime<Utc>) -> Result<(), ServiceError> {
        let from = self.settled_until - self.overlap;
        let settled = TimeRange::new(self.settled_until, now - self.overlap);
        let mut stream = Stream::new(
            self.client.clone(),
            &self.workspace_gid,
            Position {
                start_at: from,
                offset: None,
            },
            None,
            self.overlap,
        );
        loop {
            let page = stream.next().await?;
            let is_last = page.is_last;
            let step = Step::Sweep {
                complete: settled.filter(|_| is_last),
            };
            if self.pages.send(Fetched { page, step }).await.is_err() {
                return Ok(());
            }
            if is_last {
                self.settled_until = settled.map_or(self.settled_until, |range| range.end);
                self.last_at = Some(now);
                return Ok(());
            }
        }
    }
}
