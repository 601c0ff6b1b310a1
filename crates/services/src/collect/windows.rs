//! Fetching planned windows side by side.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_asana::Client;
use drishti_ledger::Window;
use drishti_model::{ErrorKind, SourceName, SourceState, TimeRange, canonical_time};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::fetch::{Page, Stream};
use super::plan::complete_from;
use super::session::Until;
use super::writer::{Fetched, Step};
use crate::words::chain;
use crate::{ServiceError, Services};

/// How far before its newest event a window starts again after a refused offset. Late arrivals are the sweeps' business.
const OVERLAP: TimeDelta = TimeDelta::seconds(60);

/// First wait before a window that Asana did not serve is tried again; each further one doubles it.
const RETRY_WAIT_MIN: Duration = Duration::from_secs(1);

/// Longest such wait.
const RETRY_WAIT_MAX: Duration = Duration::from_mins(10);

/// Failures of a window in a row, after which its owner is told; a run that is to end gives it up then.
const FAILURES_MAX: u32 = 3;

/// Fetches the windows of one session. A window that Asana can't serve waits its turn and does not keep the others.
pub(crate) struct Windows {
    pub(crate) services: Services,
    pub(crate) source: SourceName,
    pub(crate) client: Client,
    pub(crate) workspace_gid: String,
    pub(crate) until: Until,
    pub(crate) pages: mpsc::Sender<Fetched>,
}

/// A window that is not done.
#[derive(Debug)]
struct Unread {
    window: Window,
    /// From when on it will be complete when it is done.
    complete_from: DateTime<Utc>,
    /// Everything from there to here has been read.
    read_until: DateTime<Utc>,
    failures: u32,
    /// When it is tried again.
    due: Instant,
}

/// What the readers share.
#[derive(Default)]
struct Shared {
    unread: Vec<Unread>,
    /// Windows that the owner was told of.
    failing: BTreeSet<TimeRange>,
    given_up: Option<ServiceError>,
}

impl Windows {
    /// Fetches `windows` in their order with `readers` of them at a time, in a session that began at `began_at` by Asana's clock.
    /// Returns why a window was given up, where one was.
    pub(crate) async fn fetch(
        self,
        windows: Vec<Window>,
        readers: u32,
        began_at: DateTime<Utc>,
    ) -> Result<Option<ServiceError>, ServiceError> {
        let now = Instant::now();
        let unread = windows.into_iter().map(|window| {
            let complete_from = complete_from(window.range.start, began_at);
            Unread {
                window,
                complete_from,
                read_until: complete_from,
                failures: 0,
                due: now,
            }
        });
        let shared = Arc::new(Mutex::new(Shared {
            unread: unread.collect(),
            ..Shared::default()
        }));
        let windows = Arc::new(self);
        let mut tasks: JoinSet<Result<(), ServiceError>> = JoinSet::new();
        for _ in 0..readers {
            tasks.spawn(Arc::clone(&windows).read(Arc::clone(&shared)));
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(|_| ServiceError::TaskDied("a reader of the audit log"))??;
        }
        Ok(lock(&shared).given_up.take())
    }

    /// One reader: reads window after window until none is left.
    async fn read(self: Arc<Self>, shared: Arc<Mutex<Shared>>) -> Result<(), ServiceError> {
        loop {
            let Some(mut unread) = lock(&shared).next() else {
                return Ok(());
            };
            sleep_until(unread.due).await;
            match self.read_window(&mut unread).await {
                Ok(()) => self.tell_of_success(&shared, unread.window.range).await?,
                Err(error) if error.kind() == ErrorKind::ThirdPartyGeneric => {
                    unread.put_off(&error);
                    self.tell_of_failure(&shared, unread, error).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn read_window(&self, unread: &mut Unread) -> Result<(), ServiceError> {
        let mut stream = Stream::new(
            self.client.clone(),
            &self.workspace_gid,
            unread.window.position.clone(),
            Some(unread.window.range.end),
            OVERLAP,
        );
        loop {
            let page = stream.next().await?;
            unread.note(&page);
            unread.window.position = stream.position.clone();
            unread.window.done = page.is_last;
            let step = Step::Window {
                window: unread.window.clone(),
                complete_from: unread.complete_from,
            };
            let writer_is_there = self.pages.send(Fetched { page, step }).await.is_ok();
            if unread.window.done || !writer_is_there {
                return Ok(());
            }
        }
    }

    async fn tell_of_failure(
        &self,
        shared: &Mutex<Shared>,
        unread: Unread,
        error: ServiceError,
    ) -> Result<(), ServiceError> {
        let range = unread.window.range;
        let reason = format!(
            "Asana does not serve the events from {} to {}: {}; the others go on, and these are tried again",
            canonical_time(range.start),
            canonical_time(range.end),
            chain(&error)
        );
        let advice = error.advice();
        tracing::debug!(source = %self.source, failures = unread.failures, "{reason}");
        if lock(shared).put_back(unread, error, self.until) {
            let state = SourceState::Collecting;
            self.services
                .report_warning(&self.source, state, "WindowFailing", reason, &advice)
                .await?;
        }
        Ok(())
    }

    async fn tell_of_success(
        &self,
        shared: &Mutex<Shared>,
        range: TimeRange,
    ) -> Result<(), ServiceError> {
        let was_last = {
            let mut shared = lock(shared);
            shared.failing.remove(&range) && shared.failing.is_empty()
        };
        if was_last {
            let reason = "Asana serves all windows again";
            self.services
                .report_working(&self.source, SourceState::Collecting, reason)
                .await?;
        }
        Ok(())
    }
}

impl Unread {
    /// Takes note of a page: what Asana forgot before it could be read is not complete.
    fn note(&mut self, page: &Page) {
        self.failures = 0;
        let answered_at = page.server_time.unwrap_or(self.read_until);
        let remembered = complete_from(self.read_until, answered_at);
        if remembered > self.read_until {
            self.complete_from = remembered;
        }
        let times = page.events.iter().flatten().map(|event| event.created_at);
        self.read_until = times.chain([remembered]).max().unwrap_or(remembered);
    }

    fn put_off(&mut self, error: &ServiceError) {
        let doubled = RETRY_WAIT_MIN.saturating_mul(2_u32.saturating_pow(self.failures));
        let wait = doubled.min(RETRY_WAIT_MAX);
        self.failures = self.failures.saturating_add(1);
        self.due = Instant::now() + wait.max(error.retry_after().unwrap_or_default());
    }
}

impl Shared {
    /// The first of the windows that are due soonest.
    fn next(&mut self) -> Option<Unread> {
        let soonest = self.unread.iter().enumerate();
        let place = soonest.min_by_key(|(_, unread)| unread.due)?.0;
        Some(self.unread.remove(place))
    }

    /// Keeps a window that failed for later, or gives it up. Returns whether its owner should be told: of the first one, if others
    /// fail with it.
    fn put_back(&mut self, unread: Unread, error: ServiceError, until: Until) -> bool {
        let fails_for_long = unread.failures >= FAILURES_MAX;
        let is_first = self.failing.is_empty();
        if fails_for_long {
            self.failing.insert(unread.window.range);
        }
        if fails_for_long && until == Until::CaughtUp {
            self.given_up.get_or_insert(error);
        } else {
            self.unread.push(unread);
        }
        fails_for_long && is_first
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use drishti_ledger::Position;
    use drishti_model::AuditEvent;

    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + hour * 3_600, 0).unwrap()
    }

    fn unread(start: i64, end: i64) -> Unread {
        let range = TimeRange::new(at(start), at(end)).unwrap();
        Unread {
            window: Window {
                range,
                position: Position {
                    start_at: range.start,
                    offset: None,
                },
                done: false,
            },
            complete_from: range.start,
            read_until: range.start,
            failures: 0,
            due: Instant::now(),
        }
    }

    /// A page answered `days` after the window began, with an event at that hour.
    fn page(days: i64, event: Option<i64>) -> Page {
        let event = event.map(|hour| AuditEvent {
            created_at: at(hour),
            ..AuditEvent::default()
        });
        Page {
            events: event.into_iter().map(Ok).collect(),
            is_last: false,
            server_time: Some(at(24 * days)),
        }
    }

    #[test]
    fn what_asana_forgot_while_a_window_waited_is_not_complete() {
        let mut fast = unread(0, 6);
        for (days, event) in [(1, 2), (89, 4), (90, 5)] {
            fast.note(&page(days, Some(event)));
        }
        assert_eq!(fast.complete_from, at(0));

        let mut late = unread(0, 48);
        late.note(&page(1, Some(3)));
        assert_eq!((late.complete_from, late.read_until), (at(0), at(3)));
        late.note(&page(91, Some(30)));
        assert_eq!((late.complete_from, late.read_until), (at(24), at(30)));
        late.note(&page(91, None));
        assert_eq!(late.complete_from, at(24));
        late.note(&page(93, None));
        assert_eq!(late.complete_from, at(72));
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_that_fails_waits_ever_longer() {
        let mut failing = unread(0, 6);
        let error = ServiceError::NoWorkspace;
        let mut waits = Vec::new();
        for _ in 0..12 {
            failing.put_off(&error);
            waits.push((failing.due - Instant::now()).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        failing.note(&page(1, None));
        failing.put_off(&error);
        assert_eq!(failing.due - Instant::now(), RETRY_WAIT_MIN);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_of_those_that_are_due_is_next() {
        let mut shared = Shared::default();
        shared
            .unread
            .extend([unread(0, 6), unread(6, 12), unread(12, 18)]);
        let mut first = shared.next().unwrap();
        assert_eq!(first.window.range.start, at(0));
        let error = || ServiceError::NoWorkspace;
        for told in [false, false, true, false] {
            first.put_off(&error());
            assert_eq!(shared.put_back(first, error(), Until::Stopped), told);
            first = shared.unread.pop().unwrap();
        }
        shared.unread.push(first);
        let order: Vec<_> = std::iter::from_fn(|| shared.next())
            .map(|unread| unread.window.range.start)
            .collect();
        assert_eq!(order, [at(6), at(12), at(0)]);
    }
}
