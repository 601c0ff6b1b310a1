//! The one way of events into the lake: check, append durably, then move the ledger.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use drishti_lake::Append;
use drishti_ledger::{Advance, Lease, Progress, Quarantined};
use drishti_model::{AuditEvent, EnrichedEvent, SourceName, canonical_time};

use crate::holder::{is_gone, shown};
use crate::{ServiceError, Services};

/// No event of Asana can be older than Asana.
pub const EARLIEST_EVENT_YEAR: i32 = 2008;

/// How far ahead of our clock an event may be: clocks differ, but a day is no difference between clocks.
pub const CLOCK_AHEAD_MAX: TimeDelta = TimeDelta::days(1);

/// How long a lease lives without renewal. Its holder renews it every third of that.
pub(crate) const LEASE_LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// Writes batches of one source, under its lease.
pub(crate) struct Intake {
    services: Services,
    lease: Lease,
    sequence: i64,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Events that are new in the lake.
    pub(crate) fresh: u64,
    /// Events that were there already, or twice in the batch.
    pub(crate) duplicates: u64,
    /// Events that were set aside and had not been before.
    pub(crate) quarantined: u64,
}

/// What [`Intake::open`] found.
pub(crate) struct Opened {
    pub(crate) intake: Intake,
    pub(crate) progress: Progress,
    /// Whether the lake had lost batches that the ledger knew of, so that everything known of the source's coverage was dropped.
    pub(crate) lake_was_behind: bool,
}

impl Services {
    /// Takes the lease on a source, or says who has it. A process of this machine that was killed holds it no longer.
    pub(crate) async fn lease(&self, name: &SourceName) -> Result<Lease, ServiceError> {
        if let Some(lease) = self.lease_as(name, &self.holder).await? {
            return Ok(lease);
        }
        let holder = self.ledger.lease_holder(name).await?;
        let holder = holder.map_or_else(|| "another process".to_owned(), |(holder, _)| holder);
        if is_gone(&holder, &self.holder)
            && let Some(left) = self.lease_as(name, &holder).await?
        {
            self.ledger.release_lease(&left).await?;
            if let Some(lease) = self.lease_as(name, &self.holder).await? {
                return Ok(lease);
            }
        }
        Err(ServiceError::Held {
            name: name.clone(),
            holder: shown(&holder),
        })
    }

    async fn lease_as(
        &self,
        name: &SourceName,
        holder: &str,
    ) -> Result<Option<Lease>, ServiceError> {
        let now = self.clock.now();
        Ok(self
            .ledger
            .acquire_lease(name, holder, LEASE_LIFETIME, now)
            .await?)
    }
}

impl Intake {
    /// Compares the ledger with the lake and gets ready to write. The lake is the truth: a batch that reached it but not the ledger
    /// is counted as written; batches that the ledger knows and the lake does not are gone, and so is the coverage they stood for.
    pub(crate) async fn open(services: &Services, lease: Lease) -> Result<Opened, ServiceError> {
        let sequence = services.lake.last_sequence(&lease.source).await?;
        let mut progress = services.ledger.progress(&lease.source).await?;
        let lake_was_behind = sequence < progress.lake_sequence;
        if lake_was_behind {
            services.ledger.reset_progress(&lease).await?;
            progress = services.ledger.progress(&lease.source).await?;
        }
        Ok(Opened {
            intake: Self {
                services: services.clone(),
                lease,
                sequence,
            },
            progress,
            lake_was_behind,
        })
    }

    /// The events with what is known of their addresses and user agents.
    pub(crate) async fn enriched(
        &self,
        events: impl IntoIterator<Item = AuditEvent>,
    ) -> Result<Vec<EnrichedEvent>, ServiceError> {
        let knowledge = self.services.knowledge().await?;
        let events = events.into_iter();
        Ok(events
            .map(|event| knowledge.enricher.enrich(event))
            .collect())
    }

    pub(crate) fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Begins a batch that is written piece by piece.
    pub(crate) async fn begin(&self) -> Result<Append, ServiceError> {
        let now = self.services.clock.now();
        Ok(self
            .services
            .lake
            .append(&self.lease.source, self.sequence + 1, now)
            .await?)
    }

    /// Commits a batch to the lake, then moves the ledger by `advance`, whose counts are filled in here.
    pub(crate) async fn finish(
        &mut self,
        append: Append,
        advance: Advance,
    ) -> Result<Stored, ServiceError> {
        let appended = append.commit().await?;
        self.sequence = appended.sequence.unwrap_or(self.sequence);
        let advance = Advance {
            lake_sequence: Some(self.sequence),
            stored: appended.stored,
            duplicates: appended.duplicates,
            ..advance
        };
        let quarantined = self.move_ledger(advance).await?;
        self.services.news.notify_waiters();
        Ok(Stored {
            fresh: appended.stored,
            duplicates: appended.duplicates,
            quarantined,
        })
    }

    /// Stores one batch that is all in memory.
    pub(crate) async fn store(
        &mut self,
        events: &[AuditEvent],
        advance: Advance,
    ) -> Result<Stored, ServiceError> {
        if events.is_empty() {
            let quarantined = self.move_ledger(advance).await?;
            return Ok(Stored {
                quarantined,
                ..Stored::default()
            });
        }
        let mut append = self.begin().await?;
        let events = self.enriched(events.iter().cloned()).await?;
        append.write(&events).await?;
        self.finish(append, advance).await
    }

    /// Moves the ledger alone.
    pub(crate) async fn advance(&self, advance: Advance) -> Result<(), ServiceError> {
        self.move_ledger(advance).await.map(|_| ())
    }

    /// Moves the ledger, and returns how many events were newly set aside.
    async fn move_ledger(&self, advance: Advance) -> Result<u64, ServiceError> {
        let now = self.services.clock.now();
        match self
            .services
            .ledger
            .advance(&self.lease, advance, now)
            .await
        {
            Err(drishti_ledger::LedgerError::LeaseLost { .. }) => {
                Err(ServiceError::LeaseLost(self.lease.source.clone()))
            }
            other => Ok(other?),
        }
    }
}

/// Why an event that parses is refused all the same: a time that can't be.
pub(crate) fn implausible(event: &AuditEvent, now: DateTime<Utc>) -> Option<String> {
    let at = canonical_time(event.created_at);
    if event.created_at.year() < EARLIEST_EVENT_YEAR {
        Some(format!(
            "`created_at` is {at}, before Asana existed; expected {EARLIEST_EVENT_YEAR} or later"
        ))
    } else if event.created_at > now + CLOCK_AHEAD_MAX {
        Some(format!(
            "`created_at` is {at}, more than a day ahead of this machine's clock ({}); replay it when the clock is right",
            canonical_time(now)
        ))
    } else {
        None
    }
}

/// Sorts events into those to store and those to set aside.
pub(crate) fn sift(
    events: impl IntoIterator<Item = Result<AuditEvent, Quarantined>>,
    origin: &str,
    now: DateTime<Utc>,
) -> (Vec<AuditEvent>, Vec<Quarantined>) {
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for event in events {
        match event {
            Ok(event) => match implausible(&event, now) {
                None => good.push(event),
                Some(reason) => bad.push(Quarantined {
                    origin: origin.to_owned(),
                    line: None,
                    gid: Some(event.gid.clone()),
                    reason,
                    raw: event.to_json().into_bytes(),
                }),
            },
            Err(quarantined) => bad.push(quarantined),
        }
    }
    (good, bad)
}
