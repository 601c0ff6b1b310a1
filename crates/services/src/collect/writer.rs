//! The one writer of a session: pages come in, batches go to the lake, then the ledger moves.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use drishti_ledger::{Advance, Position, Quarantined, Window};
use drishti_model::{AuditEvent, Clock, TimeRange};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::CollectProgress;
use super::fetch::{ORIGIN, Page};
use super::refused::Refused;
use crate::intake::{Intake, sift};
use crate::{ServiceError, Services};

/// Events that make a batch.
const BATCH_EVENTS: usize = 20_000;

/// Bytes of events in memory that make a batch: some carry long documents.
const BATCH_BYTES: usize = 32 << 20;

/// Time that a page waits for others before it is written, at first: so that something is to be seen at once.
pub(crate) const BATCH_WAIT_MIN: Duration = Duration::from_secs(1);

/// The longest such time, which doubles with each batch that was not filled in it. Windows side by side reach over many days, and a
/// batch has a file for each of them: at Asana's speed, a batch a second would make thousands of tiny files.
const BATCH_WAIT_MAX: Duration = Duration::from_secs(15);

/// Batches of a long run after which it is looked whether their files should be merged.
const BATCHES_PER_COMPACTION: u64 = 32;

/// Bytes that an event takes in memory besides its long texts, about.
const EVENT_BYTES: usize = 512;

/// Pages that may wait for the writer.
pub(crate) const PAGES_WAITING_MAX: usize = 64;

/// What a page means for the ledger, once its events are in the lake.
#[derive(Debug)]
pub(crate) enum Step {
    /// A planned window moved, or is complete from `complete_from` on.
    Window {
        window: Window,
        complete_from: DateTime<Utc>,
    },
    /// The newest events moved, if they did; whether everything up to now has been read.
    Cursor {
        position: Option<Position>,
        caught_up: bool,
    },
    /// Part of a sweep, which leaves no trace until it is complete.
    Sweep { complete: Option<TimeRange> },
    /// Events that were in quarantine, whose ids are `released`; others were refused again.
    Replay {
        released: Vec<i64>,
        refused_again: Vec<(i64, String)>,
    },
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
    pub(crate) settled_until: DateTime<Utc>,
    pub(crate) refused: Refused,
    /// How long a page waits for others.
    pub(crate) wait: Duration,
    /// Where nobody else looks after the lake meanwhile.
    pub(crate) compacts: Option<Services>,
}

impl Writer {
    /// Writes until all senders are gone.
    pub(crate) async fn run(
        mut self,
        mut pages: mpsc::Receiver<Fetched>,
    ) -> Result<CollectProgress, ServiceError> {
        let mut batches = 0_u64;
        while let Some(batch) = self.gather(&mut pages).await {
            self.write(batch).await?;
            batches += 1;
            if let Some(services) = &self.compacts
                && batches.is_multiple_of(BATCHES_PER_COMPACTION)
            {
                services.compact_after_bulk().await;
            }
        }
        Ok(self.progress)
    }

    /// The next batch; `None` when all senders are gone.
    async fn gather(&mut self, pages: &mut mpsc::Receiver<Fetched>) -> Option<Batch> {
        let mut batch = Batch::default();
        let mut urgent = self.take(pages.recv().await?, &mut batch);
        let deadline = Instant::now() + self.wait;
        while !urgent && !batch.is_full() {
            match timeout_at(deadline, pages.recv()).await {
                Ok(Some(page)) => urgent = self.take(page, &mut batch),
                Ok(None) => break,
                Err(_) => {
                    self.wait = (self.wait * 2).min(BATCH_WAIT_MAX);
                    break;
                }
            }
        }
        Some(batch)
    }

    /// Adds a page to the batch and tells whether the batch should be written at once.
    fn take(&mut self, fetched: Fetched, batch: &mut Batch) -> bool {
        if let Step::Replay {
            released,
            refused_again,
        } = fetched.step
        {
            // They were looked at again already. What is let out must be stored, whatever the clock says by now.
            batch.add(fetched.page.events.into_iter().flatten());
            batch.released.extend(released);
            batch.refused_again.extend(refused_again);
            return true;
        }
        // A clock of ours that is behind must not make good events look as if they came from the future.
        let ours = self.clock.now();
        let now = fetched
            .page
            .server_time
            .map_or(ours, |asana| asana.max(ours));
        let (good, bad) = sift(fetched.page.events, ORIGIN, now);
        batch.add(good);
        batch.set_aside(bad);
        match fetched.step {
            Step::Window {
                window,
                complete_from,
            } => {
                let is_done = window.done;
                if is_done {
                    self.progress.windows_done += 1;
                    let end = window.range.end.min(self.settled_until);
                    batch.covered.extend(TimeRange::new(complete_from, end));
                }
                batch.windows.retain(|known| known.range != window.range);
                batch.windows.push(window);
                is_done && self.progress.windows_done == self.progress.windows_total
            }
            Step::Cursor {
                position,
                caught_up,
            } => {
                batch.cursor = position.or(batch.cursor.take());
                self.progress.caught_up |= caught_up;
                caught_up
            }
            Step::Sweep { complete } => {
                batch.covered.extend(complete);
                complete.is_some()
            }
            Step::Replay { .. } => true,
        }
    }

    async fn write(&mut self, batch: Batch) -> Result<(), ServiceError> {
        let advance = Advance {
            newest_event_at: batch.events.iter().map(|event| event.created_at).max(),
            cursor: batch.cursor,
            windows: batch.windows,
            covered: batch.covered,
            quarantined: batch.quarantined,
            released: batch.released,
            refused_again: batch.refused_again,
            polled_at: Some(self.clock.now()),
            ..Advance::default()
        };
        let stored = self.intake.store(&batch.events, advance).await?;
        self.progress.stored += stored.fresh;
        self.progress.duplicates += stored.duplicates;
        self.progress.quarantined += stored.quarantined;
        (self.report)(self.progress);
        self.refused.after_batch(stored.quarantined).await
    }
}

#[derive(Default)]
struct Batch {
    events: Vec<AuditEvent>,
    quarantined: Vec<Quarantined>,
    cursor: Option<Position>,
    windows: Vec<Window>,
    covered: Vec<TimeRange>,
    released: Vec<i64>,
    refused_again: Vec<(i64, String)>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, events: impl IntoIterator<Item = AuditEvent>) {
        for event in events {
            self.bytes += memory_bytes(&event);
            self.events.push(event);
        }
    }

    fn set_aside(&mut self, events: Vec<Quarantined>) {
        self.bytes += events.iter().map(|event| event.raw.len()).sum::<usize>();
        self.quarantined.extend(events);
    }

    fn is_full(&self) -> bool {
        self.events.len() >= BATCH_EVENTS || self.bytes >= BATCH_BYTES
    }
}

/// What an event takes in memory, about: its long texts, and a flat rate for the rest.
fn memory_bytes(event: &AuditEvent) -> usize {
    let long = [
        &event.details,
        &event.extra,
        &event.actor.name,
        &event.resource.name,
        &event.context.user_agent,
    ];
    let long = long.into_iter().flatten().map(String::len);
    EVENT_BYTES + long.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use drishti_model::ManualClock;
    use tokio::time::sleep;

    use super::*;
    use crate::installation::for_tests;

    fn event(details_bytes: usize) -> AuditEvent {
        AuditEvent {
            created_at: "2026-11-20T11:00:00Z".parse().unwrap(),
            details: Some("x".repeat(details_bytes)),
            ..AuditEvent::default()
        }
    }

    fn fetched(events: Vec<AuditEvent>, step: Step) -> Fetched {
        let page = Page {
            events: events.into_iter().map(Ok).collect(),
            is_last: false,
            server_time: None,
        };
        Fetched { page, step }
    }

    fn sweep(complete: bool) -> Step {
        let start = "2026-11-20T10:00:00Z".parse().unwrap();
        let end = "2026-11-20T10:15:00Z".parse().unwrap();
        Step::Sweep {
            complete: TimeRange::new(start, end).filter(|_| complete),
        }
    }

    async fn writer(folder: &std::path::Path) -> Writer {
        let (services, name) = for_tests(folder).await;
        let lease = services.lease(&name).await.unwrap();
        let now = services.clock.now();
        Writer {
            intake: Intake::open(&services, lease).await.unwrap().intake,
            clock: Arc::new(ManualClock::new(now)),
            progress: CollectProgress::default(),
            report: Box::new(|_| ()),
            settled_until: now,
            refused: Refused::new(services.clone(), name),
            wait: BATCH_WAIT_MIN,
            compacts: Some(services),
        }
    }

    /// At Asana's speed of 25 pages a second.
    #[tokio::test]
    async fn a_long_backfill_makes_few_batches() {
        const SECONDS: u64 = 120;
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path()).await;
        tokio::time::pause();
        let (sender, mut pages) = mpsc::channel(PAGES_WAITING_MAX);
        tokio::spawn(async move {
            for _ in 0..SECONDS * 25 {
                sender
                    .send(fetched(vec![event(10)], sweep(false)))
                    .await
                    .ok();
                sleep(Duration::from_millis(40)).await;
            }
        });
        let (began, mut batches) = (Instant::now(), Vec::new());
        while let Some(batch) = writer.gather(&mut pages).await {
            batches.push((began.elapsed().as_secs(), batch.events.len()));
        }
        assert!((8..=12).contains(&batches.len()), "{batches:?}");
        assert_eq!(batches[0].0, 1, "something is to be seen soon: {batches:?}");
        let events: usize = batches.iter().map(|(_, events)| events).sum();
        assert_eq!(events as u64, SECONDS * 25);
    }

    #[tokio::test]
    async fn what_is_complete_is_written_at_once_and_long_events_soon() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path()).await;
        // Not before: the ledger's connections take real time.
        tokio::time::pause();
        let (sender, mut pages) = mpsc::channel(PAGES_WAITING_MAX);
        let began = Instant::now();
        sender
            .send(fetched(vec![event(1)], sweep(false)))
            .await
            .ok();
        sender.send(fetched(vec![event(1)], sweep(true))).await.ok();
        let batch = writer.gather(&mut pages).await.unwrap();
        assert_eq!((batch.events.len(), batch.covered.len()), (2, 1));
        for _ in 0..40 {
            let page = fetched(vec![event(1 << 20)], sweep(false));
            sender.send(page).await.ok();
        }
        let batch = writer.gather(&mut pages).await.unwrap();
        assert_eq!(batch.events.len(), 32);
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_long_run_merges_its_small_files_on_the_way() {
        const DAYS: i64 = 8;
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(folder.path()).await;
        let services = writer.compacts.clone().unwrap();
        let (sender, pages) = mpsc::channel(PAGES_WAITING_MAX);
        let batches = i64::try_from(BATCHES_PER_COMPACTION).unwrap();
        for batch in 0..batches {
            let days = (0..DAYS).map(|day| AuditEvent {
                gid: (batch * DAYS + day).to_string(),
                created_at: event(1).created_at - TimeDelta::days(day),
                ..event(1)
            });
            sender.send(fetched(days.collect(), sweep(true))).await.ok();
        }
        drop(sender);
        writer.run(pages).await.unwrap();
        let statistics = services.lake.statistics().await.unwrap();
        assert_eq!(statistics.rows, (batches * DAYS).unsigned_abs());
        assert_eq!(statistics.files, DAYS.unsigned_abs());
    }

    /// What the clock says now must not keep back what was let out of quarantine.
    #[tokio::test]
    async fn replayed_events_are_stored_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(folder.path()).await;
        let (sender, mut pages) = mpsc::channel(PAGES_WAITING_MAX);
        let early = AuditEvent {
            created_at: "2027-01-01T00:00:00Z".parse().unwrap(),
            ..event(1)
        };
        let step = Step::Replay {
            released: vec![7],
            refused_again: vec![(8, "why".to_owned())],
        };
        sender.send(fetched(vec![early.clone()], step)).await.ok();
        let batch = writer.gather(&mut pages).await.unwrap();
        assert_eq!((batch.events, batch.quarantined.len()), (vec![early], 0));
        assert_eq!(batch.released, [7]);
        assert_eq!(batch.refused_again, [(8, "why".to_owned())]);
    }
}
