//! The life of one source: Started, Initialized, Authenticated, Collecting, and Error in between.

use std::time::Duration;

use chrono::TimeDelta;
use drishti_ledger::{Lease, Source};
use drishti_model::{DesiredState, ErrorKind, SourceState};
use futures::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::CollectProgress;
use super::refused::{ADVICE, EVENTS_QUARANTINED, reason};
use super::session::{Session, Until, warn_of_lost_lake};
use super::writer::Report;
use crate::intake::{Intake, LEASE_LIFETIME};
use crate::words::chain;
use crate::{ServiceError, Services};

/// First wait after a failure; each further one doubles it.
const RETRY_WAIT_MIN: Duration = Duration::from_secs(1);

/// Longest wait between two tries.
const RETRY_WAIT_MAX: Duration = Duration::from_mins(5);

/// Time between two looks whether another process still works on the source.
const HELD_WAIT: Duration = Duration::from_secs(20);

/// A try that ran this long was a success: the next failure waits the shortest time again.
const STABLE_AFTER: Duration = Duration::from_mins(1);

/// Why a source is paused.
pub(crate) const PAUSED: &str = "paused by its owner";

/// Renewals in the lifetime of a lease.
const RENEWALS_PER_LIFETIME: u32 = 3;

/// Time before a renewal that failed is tried again.
const RENEWAL_RETRY_WAIT: Duration = Duration::from_secs(5);

/// How long somebody else may work on a source, without anything new being fetched, before its owner is told.
const HELD_TOLD_AFTER: Duration = Duration::from_mins(10);

/// Collects one source.
pub(crate) struct Task {
    services: Services,
    source: Source,
}

impl Task {
    pub(crate) fn new(services: Services, source: Source) -> Self {
        Self { services, source }
    }

    /// Collects until everything is read, `stop` is called or something fails.
    pub(crate) async fn once(
        &self,
        report: Report,
        stop: CancellationToken,
    ) -> Result<CollectProgress, ServiceError> {
        let collected = self.attempt(Until::CaughtUp, report, &stop).await;
        match &collected {
            Ok(progress) => self.note_end(progress).await?,
            // Whoever holds the source says how it is.
            Err(ServiceError::Held { .. }) => {}
            Err(error) => self.services.report_error(&self.source.name, error).await?,
        }
        self.services.forget_if_removed(&self.source.name).await?;
        collected
    }

    /// The state between two runs: as the owner wants it, who may have changed his mind meanwhile.
    async fn note_end(&self, progress: &CollectProgress) -> Result<(), ServiceError> {
        let name = &self.source.name;
        let source = self.services.ledger.source(name).await?;
        if source.is_some_and(|source| source.desired == DesiredState::Paused) {
            return self.say(SourceState::Paused, PAUSED).await;
        }
        let end = if progress.caught_up {
            "caught up; the next run goes on from here"
        } else {
            "stopped; the next run goes on from here"
        };
        let state = SourceState::Pending;
        if progress.quarantined == 0 {
            return self.services.report_working(name, state, end).await;
        }
        let reason = format!("{end}; {}", reason(progress.quarantined));
        self.services
            .report_warning(name, state, EVENTS_QUARANTINED, reason, ADVICE)
            .await
    }

    /// Collects until `stop`, through every failure that time can heal. A wrong configuration waits for `stop`: the supervisor
    /// starts the task anew when the source is changed or restarted.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut wait = RETRY_WAIT_MIN;
        let mut held_since = None;
        loop {
            let began = Instant::now();
            let outcome = self.attempt(Until::Stopped, Box::new(|_| ()), &stop).await;
            let held_elsewhere = matches!(outcome, Err(ServiceError::Held { .. }));
            if stop.is_cancelled() {
                if !held_elsewhere {
                    self.note_stop().await;
                }
                return;
            }
            let Err(error) = outcome else { return };
            if held_elsewhere {
                tracing::info!(source = %self.source.name, "{error}; looking again in {} seconds", HELD_WAIT.as_secs());
                let since = *held_since.get_or_insert(began);
                if let Err(unsaid) = self.tell_if_held(&error, since.elapsed()).await {
                    tracing::error!(source = %self.source.name, %unsaid, "the ledger did not take a health event");
                }
                tokio::select! {
                    () = tokio::time::sleep(HELD_WAIT) => continue,
                    () = stop.cancelled() => return,
                }
            }
            held_since = None;
            tracing::error!(source = %self.source.name, name = error.name(), "{}", chain(&error));
            if let Err(unsaid) = self.services.report_error(&self.source.name, &error).await {
                tracing::error!(source = %self.source.name, %unsaid, "the ledger did not take a health event");
            }
            if error.kind() == ErrorKind::ThirdPartyConfig {
                stop.cancelled().await;
                return;
            }
            if began.elapsed() >= STABLE_AFTER {
                wait = RETRY_WAIT_MIN;
            }
            let pause = wait.max(error.retry_after().unwrap_or_default());
            tokio::select! {
                () = tokio::time::sleep(pause) => wait = (wait * 2).min(RETRY_WAIT_MAX),
                () = stop.cancelled() => return,
            }
        }
    }

    /// Tells the owner, once, where somebody else has worked on the source for so long and nothing new was fetched meanwhile. Another
    /// node that collects it is as good as this one.
    async fn tell_if_held(&self, held: &ServiceError, time: Duration) -> Result<(), ServiceError> {
        let name = &self.source.name;
        let Some(status) = self.services.ledger.status(name).await? else {
            return Ok(());
        };
        let settings = &self.source.profile.collect;
        let poll_interval = TimeDelta::seconds(i64::from(settings.poll_interval_seconds));
        let told_after = TimeDelta::from_std(HELD_TOLD_AFTER).unwrap_or_default();
        let fetched_since = self.services.clock.now() - poll_interval - told_after;
        let is_fetched = status
            .last_poll_at
            .is_some_and(|last| last >= fetched_since);
        if time < HELD_TOLD_AFTER || is_fetched || status.event_name == held.name() {
            return Ok(());
        }
        let reason = format!("nothing new is fetched: {held}");
        self.services
            .report_warning(name, status.state, held.name(), reason, &held.advice())
            .await
    }

    async fn note_stop(&self) {
        let reason = "its task was stopped; the next one goes on from here";
        if let Err(error) = self.say(SourceState::Pending, reason).await {
            tracing::error!(source = %self.source.name, %error, "the ledger did not take a health event");
        }
    }

    async fn say(&self, state: SourceState, reason: &str) -> Result<(), ServiceError> {
        self.services
            .report_state(&self.source.name, state, reason)
            .await
    }

    async fn attempt(
        &self,
        until: Until,
        report: Report,
        stop: &CancellationToken,
    ) -> Result<CollectProgress, ServiceError> {
        let lease = self.services.lease(&self.source.name);
        let Some(lease) = stop.run_until_cancelled(lease).await else {
            return Ok(CollectProgress::default());
        };
        let lease = lease?;
        let ended = stop.child_token();
        // All that a session does is much for one stack.
        let collecting = self.collect(lease.clone(), until, report, &ended).boxed();
        let collected = until_ended(collecting, self.keep(lease.clone()), &ended).await;
        let released = self.services.ledger.release_lease(&lease).await;
        let collected = collected?;
        released?;
        Ok(collected)
    }

    async fn collect(
        &self,
        lease: Lease,
        until: Until,
        report: Report,
        stop: &CancellationToken,
    ) -> Result<CollectProgress, ServiceError> {
        self.say(SourceState::Started, "a task collects this source")
            .await?;
        let opened = Intake::open(&self.services, lease.clone());
        let Some(opened) = stop.run_until_cancelled(opened).await else {
            return Ok(CollectProgress::default());
        };
        let opened = opened?;
        self.say(SourceState::Initialized, "lake and ledger are ready")
            .await?;
        warn_of_lost_lake(&self.services, &self.source, &opened).await?;
        let authenticated =
            Session::authenticate(self.services.clone(), self.source.clone(), opened.progress);
        let session = tokio::select! {
            session = authenticated => session?,
            // Asana may take minutes to answer, and nothing is lost by not waiting for it.
            () = stop.cancelled() => return Ok(CollectProgress::default()),
        };
        let ended = stop.child_token();
        let collecting = session.run(opened.intake, until, report, &ended).boxed();
        let watching = self.services.watch(lease.clone()).boxed();
        let progress = until_ended(collecting, watching, &ended).await?;
        if until == Until::CaughtUp {
            self.services.evaluate_all(lease).boxed().await?;
        }
        Ok(progress)
    }

    /// Renews the lease until somebody else has it, or until it ends because the ledger can't be reached.
    async fn keep(&self, mut lease: Lease) -> ServiceError {
        let lifetime = LEASE_LIFETIME.to_std().unwrap_or_default();
        let mut ends_at = Instant::now() + lifetime;
        let mut wait = lifetime / RENEWALS_PER_LIFETIME;
        loop {
            tokio::time::sleep(wait).await;
            let asked_at = Instant::now();
            let now = self.services.clock.now();
            match self
                .services
                .ledger
                .renew_lease(&lease, LEASE_LIFETIME, now)
                .await
            {
                Ok(Some(renewed)) => {
                    lease = renewed;
                    ends_at = asked_at + lifetime;
                    wait = lifetime / RENEWALS_PER_LIFETIME;
                }
                Ok(None) => return ServiceError::LeaseLost(self.source.name.clone()),
                Err(error) if Instant::now() >= ends_at => return error.into(),
                Err(error) => {
                    tracing::warn!(source = %self.source.name, %error, "the lease could not be renewed; trying again");
                    wait = RENEWAL_RETRY_WAIT;
                }
            }
        }
    }
}

/// Does `work` to its end. Where `end` comes first, as when the lease is lost, the work is told to stop and waited for: a batch that is
/// being written must be through before anybody else begins one.
async fn until_ended<T>(
    work: impl Future<Output = Result<T, ServiceError>>,
    end: impl Future<Output = ServiceError>,
    stop: &CancellationToken,
) -> Result<T, ServiceError> {
    tokio::pin!(work);
    let reason = tokio::select! {
        done = &mut work => return done,
        reason = end => reason,
    };
    stop.cancel();
    if let Err(error) = work.await {
        tracing::debug!(error = chain(&error), "stopping work that was ended");
    }
    Err(reason)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use drishti_ledger::Advance;

    use super::*;
    use crate::installation::for_tests;

    #[tokio::test]
    async fn work_without_a_lease_is_waited_for() {
        let (stop, is_written) = (CancellationToken::new(), AtomicBool::new(false));
        let work = async {
            stop.cancelled().await;
            tokio::task::yield_now().await;
            is_written.store(true, Ordering::Relaxed);
            Ok(())
        };
        let ended = until_ended(work, async { ServiceError::NoWorkspace }, &stop).await;
        assert!(matches!(ended, Err(ServiceError::NoWorkspace)));
        assert!(is_written.load(Ordering::Relaxed));
        let done = until_ended(async { Ok(7) }, std::future::pending(), &stop).await;
        assert_eq!(done.unwrap(), 7);
    }

    async fn task(folder: &std::path::Path) -> Task {
        let (services, name) = for_tests(folder).await;
        let source = services.ledger.source(&name).await.unwrap().unwrap();
        Task::new(services, source)
    }

    #[tokio::test]
    async fn a_task_that_is_stopped_takes_no_lease() {
        let folder = tempfile::tempdir().unwrap();
        let task = task(folder.path()).await;
        let stop = CancellationToken::new();
        stop.cancel();
        let report = Box::new(|_| ());
        let progress = task.attempt(Until::Stopped, report, &stop).await.unwrap();
        assert_eq!(progress, CollectProgress::default());
        let ledger = &task.services.ledger;
        let holder = ledger.lease_holder(&task.source.name).await.unwrap();
        assert_eq!(holder, None);
    }

    #[tokio::test]
    async fn a_lease_that_can_not_be_renewed_ends_at_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let task = task(folder.path()).await;
        let lease = task.services.lease(&task.source.name).await.unwrap();
        task.services.ledger.clone().close().await;
        tokio::time::pause();
        let began = Instant::now();
        let error = task.keep(lease).await;
        assert!(matches!(error, ServiceError::Ledger(_)), "{error}");
        let lasted = began.elapsed();
        assert!((60..70).contains(&lasted.as_secs()), "{lasted:?}");
    }

    #[tokio::test]
    async fn the_owner_is_told_of_a_source_that_is_held_and_not_fetched() {
        let folder = tempfile::tempdir().unwrap();
        let task = task(folder.path()).await;
        let (services, name) = (&task.services, &task.source.name);
        let events = async || {
            let status = services.ledger.status(name).await.unwrap().unwrap();
            (status.event_name, status.warning_total)
        };
        let held = ServiceError::Held {
            name: name.clone(),
            holder: "node-2".to_owned(),
        };
        let lease = services.lease(name).await.unwrap();
        let polled = Advance {
            polled_at: Some(services.clock.now() - TimeDelta::minutes(10)),
            ..Advance::default()
        };
        let now = services.clock.now();
        services.ledger.advance(&lease, polled, now).await.unwrap();
        task.tell_if_held(&held, HELD_TOLD_AFTER).await.unwrap();
        assert_eq!(events().await.1, 0, "somebody collects it");
        let polled = Advance {
            polled_at: Some(now - TimeDelta::minutes(12)),
            ..Advance::default()
        };
        services.ledger.advance(&lease, polled, now).await.unwrap();
        let not_long = HELD_TOLD_AFTER.saturating_sub(Duration::from_secs(1));
        task.tell_if_held(&held, not_long).await.unwrap();
        assert_eq!(events().await.1, 0);
        for _ in 0..3 {
            task.tell_if_held(&held, HELD_TOLD_AFTER).await.unwrap();
            assert_eq!(events().await, ("HeldElsewhere".to_owned(), 1));
        }
    }
}
