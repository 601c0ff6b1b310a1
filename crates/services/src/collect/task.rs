//! The life of one source: Started, Initialized, Authenticated, Collecting, and Error in between.

use std::time::Duration;

use drishti_ledger::{Lease, Source};
use drishti_model::{ErrorKind, SourceState};
use tokio_util::sync::CancellationToken;

use super::CollectProgress;
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

/// Renewals in the lifetime of a lease.
const RENEWALS_PER_LIFETIME: u32 = 3;

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
            Ok(progress) if progress.caught_up => {
                self.say(
                    SourceState::Pending,
                    "caught up; the next run goes on from here",
                )
                .await?;
            }
            Ok(_) => {
                self.say(
                    SourceState::Pending,
                    "stopped; the next run goes on from here",
                )
                .await?;
            }
            // Whoever holds the source says how it is.
            Err(ServiceError::Held { .. }) => {}
            Err(error) => self.services.report_error(&self.source.name, error).await?,
        }
        collected
    }

    /// Collects until `stop`, through every failure that time can heal. A wrong configuration waits for `stop`: the supervisor
    /// starts the task anew when the source is changed or restarted.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut wait = RETRY_WAIT_MIN;
        loop {
            let began = tokio::time::Instant::now();
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
                tokio::select! {
                    () = tokio::time::sleep(HELD_WAIT) => continue,
                    () = stop.cancelled() => return,
                }
            }
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
        let lease = self.services.lease(&self.source.name).await?;
        let collected = tokio::select! {
            collected = self.collect(lease.clone(), until, report, stop) => collected,
            lost = self.keep(lease.clone()) => Err(lost),
        };
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
        let opened = Intake::open(&self.services, lease).await?;
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
        session.run(opened.intake, until, report, stop).await
    }

    /// Renews the lease until that fails.
    async fn keep(&self, mut lease: Lease) -> ServiceError {
        let lifetime = LEASE_LIFETIME.to_std().unwrap_or_default();
        loop {
            tokio::time::sleep(lifetime / RENEWALS_PER_LIFETIME).await;
            let now = self.services.clock.now();
            match self
                .services
                .ledger
                .renew_lease(&lease, LEASE_LIFETIME, now)
                .await
            {
                Ok(Some(renewed)) => lease = renewed,
                Ok(None) => return ServiceError::LeaseLost(self.source.name.clone()),
                Err(error) => return error.into(),
            }
        }
    }
}
