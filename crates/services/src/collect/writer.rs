//! The one writer of a session: pages come in, batches go to the lake, then the ledger moves.

use std::sync::Arc;
use std::time::Duration;

use drishti_ledger::{Advance, Position, Quarantined, Window};
use drishti_model::{AuditEvent, Clock, TimeRange};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::CollectProgress;
use super::fetch::{ORIGIN, Page};
use crate::ServiceError;
use crate::intake::{Intake, sift};

/// Events that make a batch.
const BATCH_EVENTS: usize = 20_000;

/// Longest time that a page waits for others before it is written.
const BATCH_WAIT: Duration = Duration::from_secs(1);

/// Pages that may wait for the writer.
pub(crate) const PAGES_WAITING_MAX: usize = 64;

/// What a page means for the ledger, once its events are in the lake.
#[derive(Debug)]
pub(crate) enum Step {
    /// A planned window moved, or is complete.
    Window(Window),
    /// The newest events moved; whether everything up to now has been read.
    Cursor { position: Position, caught_up: bool },
    /// Part of a sweep, which leaves no trace until it is complete.
    Sweep { complete: Option<TimeRange> },
}

/// A page on its way to the writer.
pub(crate) struct Fetched {
    pub(crate) page: Page,
    pub(crate) step: Step,
}

pub(crate) type Report = Box<dyn Fn(CollectProgress) + Send + Sync>;

pub(crate) struct Writer {
    pub(crate) intake: Intake,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) progress: CollectProgress,
    pub(crate) report: Report,
    /// Up to where a complete window counts as complete: events just before now may still become visible.
    pub(crate) settled_until: chrono::DateTime<chrono::Utc>,
}

impl Writer {
    /// Writes until all senders are gone.
    pub(crate) async fn run(
        mut self,
        mut pages: mpsc::Receiver<Fetched>,
    ) -> Result<CollectProgress, ServiceError> {
        while let Some(first) = pages.recv().await {
            let mut batch = Batch::default();
            let mut urgent = self.take(first, &mut batch);
            let deadline = Instant::now() + BATCH_WAIT;
            while !urgent && batch.events.len() < BATCH_EVENTS {
                match timeout_at(deadline, pages.recv()).await {
                    Ok(Some(page)) => urgent = self.take(page, &mut batch),
                    Ok(None) | Err(_) => break,
                }
            }
            self.write(batch).await?;
        }
        Ok(self.progress)
    }

    /// Adds a page to the batch and tells whether the batch should be written at once.
    fn take(&mut self, fetched: Fetched, batch: &mut Batch) -> bool {
        // A clock of ours that is behind must not make good events look as if they came from the future.
        let ours = self.clock.now();
        let now = fetched
            .page
            .server_time
            .map_or(ours, |asana| asana.max(ours));
        let (good, bad) = sift(fetched.page.events, ORIGIN, now);
        batch.events.extend(good);
        batch.quarantined.extend(bad);
        match fetched.step {
            Step::Window(window) => {
                if window.done {
                    self.progress.windows_done += 1;
                    let end = window.range.end.min(self.settled_until);
                    batch
                        .covered
                        .extend(TimeRange::new(window.range.start, end));
                }
                batch.windows.retain(|known| known.range != window.range);
                batch.windows.push(window);
                false
            }
            Step::Cursor {
                position,
                caught_up,
            } => {
                batch.cursor = Some(position);
                self.progress.caught_up |= caught_up;
                caught_up
            }
            Step::Sweep { complete } => {
                batch.covered.extend(complete);
                complete.is_some()
            }
        }
    }

    async fn write(&mut self, batch: Batch) -> Result<(), ServiceError> {
        self.progress.quarantined += batch.quarantined.len() as u64;
        let advance = Advance {
            newest_event_at: batch.events.iter().map(|event| event.created_at).max(),
            cursor: batch.cursor,
            windows: batch.windows,
            covered: batch.covered,
            quarantined: batch.quarantined,
            polled_at: Some(self.clock.now()),
            ..Advance::default()
        };
        let appended = self.intake.store(&batch.events, advance).await?;
        self.progress.stored += appended.stored;
        self.progress.duplicates += appended.duplicates;
        (self.report)(self.progress);
        Ok(())
    }
}

#[derive(Default)]
struct Batch {
    events: Vec<AuditEvent>,
    quarantined: Vec<Quarantined>,
    cursor: Option<Position>,
    windows: Vec<Window>,
    covered: Vec<TimeRange>,
}
