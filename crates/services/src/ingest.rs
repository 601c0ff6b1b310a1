//! Events from files and streams.
//!
//! A thread reads, unpacks and parses while this side writes chunk by chunk and commits batch by batch, so that a large
//! file takes little memory and a kill loses at most one batch of work: what is in the lake is dropped as known the next time.
//! `docs/INGEST.md` tells what is understood.

mod accept;
mod keep;
mod order;
mod passing;
mod pieces;
mod reader;
mod unpack;
mod value;
mod window;

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use drishti_lake::Append;
use drishti_ledger::{Advance, LedgerError, NewSource, Quarantined};
use drishti_model::{Clock, CollectSettings, SourceName, SourceProfile};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

pub(crate) use accept::accept;
pub(crate) use unpack::unpacked;

use crate::intake::Intake;
use crate::watch::WatchSummary;
use crate::{ServiceError, Services};
use reader::{Chunk, Chunks, End};

/// Events of one commit to the lake.
pub const INGEST_BATCH_EVENTS: u64 = 250_000;

/// Most bytes of one line or one element of a document. Of a longer one only the beginning is kept.
pub const LINE_BYTES_MAX: usize = 64 << 20;

/// Most refused events that one run keeps in the quarantine.
pub const QUARANTINE_ENTRIES_MAX: u64 = 10_000;

/// Most bytes of refused events that one run keeps in the quarantine.
pub const QUARANTINE_BYTES_MAX: u64 = 1 << 30;

/// Refused events that a summary names.
pub const PROBLEMS_SHOWN_MAX: usize = 20;

/// Longest time that an event waits for its batch to fill before it is committed.
const BATCH_WAIT: Duration = Duration::from_secs(3);

/// Refused events that wait to be stored together.
const REFUSED_WAITING_MAX: usize = 2_000;

/// Bytes of refused events that wait to be stored together, beyond which no further one joins them.
const REFUSED_WAITING_BYTES: usize = 32 << 20;

/// The bounds of one run, so that tests can hit them.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) batch_events: u64,
    pub(crate) line_bytes: usize,
    pub(crate) quarantine_entries: u64,
    pub(crate) quarantine_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            batch_events: INGEST_BATCH_EVENTS,
            line_bytes: LINE_BYTES_MAX,
            quarantine_entries: QUARANTINE_ENTRIES_MAX,
            quarantine_bytes: QUARANTINE_BYTES_MAX,
        }
    }
}

/// What became of an input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IngestSummary {
    /// Events found in it, good or not.
    pub read: u64,
    /// Events that are new in the lake.
    pub stored: u64,
    /// Events that were there already, or twice in the input.
    pub duplicates: u64,
    /// Events that were refused.
    pub quarantined: u64,
    /// Bytes of the input read so far, packed as they are.
    pub bytes: u64,
    /// The first [`PROBLEMS_SHOWN_MAX`] refused events.
    pub problems: Vec<Problem>,
    /// Why something of the input is neither in the lake nor in the quarantine; `None` where everything is.
    pub incomplete: Option<String>,
    /// What detection came to.
    pub detection: WatchSummary,
}

impl IngestSummary {
    /// Counts what a chunk has.
    fn take(&mut self, chunk: &mut Chunk) {
        self.read += chunk.events.len() as u64 + chunk.refused_count;
        self.quarantined += chunk.refused_count;
        self.bytes = chunk.bytes;
        self.problems.append(&mut chunk.problems);
    }
}

/// A refused event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl Services {
    /// Stores the events of `input` under `source`, which is made where there is none: without a workspace and a token, so that it
    /// only takes files. `origin` names the input in the quarantine and in errors. `progress` is called for each chunk that was
    /// read and each batch that was stored.
    ///
    /// Refused events are no error, nor is an input that breaks off after its beginning; the summary tells of both.
    pub async fn ingest(
        &self,
        source: &SourceName,
        origin: &str,
        input: Box<dyn Read + Send>,
        progress: impl Fn(&IngestSummary) + Send,
    ) -> Result<IngestSummary, ServiceError> {
        self.ingest_within(Bounds::default(), source, origin, input, progress)
            .await
    }

    pub(crate) async fn ingest_within(
        &self,
        bounds: Bounds,
        source: &SourceName,
        origin: &str,
        input: Box<dyn Read + Send>,
        progress: impl Fn(&IngestSummary) + Send,
    ) -> Result<IngestSummary, ServiceError> {
        self.make_source_for_files(source).await?;
        let purpose = format!("ingest of {origin}");
        let summary = self
            .leased(source, &purpose, |worker, lease| async move {
                let intake = Intake::open(&worker, lease.clone()).await?.intake;
                let clock = Arc::clone(&worker.clock);
                let mut summary = write(intake, clock, bounds, origin, input, progress).await?;
                summary.detection = worker.evaluate_all(lease).await?;
                Ok(summary)
            })
            .await?;
        self.compact_after_bulk().await;
        Ok(summary)
    }

    async fn make_source_for_files(&self, name: &SourceName) -> Result<(), ServiceError> {
        self.forget_if_removed(name).await?;
        if self.ledger.source(name).await?.is_some() {
            return Ok(());
        }
        let new = NewSource {
            name: name.clone(),
            profile: SourceProfile {
                workspace_gid: None,
                api_url: SourceProfile::API_URL.to_owned(),
                description: String::new(),
                category: String::new(),
                fields: [].into(),
                collect: CollectSettings::default(),
            },
            token: None,
            declared: false,
        };
        match self.ledger.add_source(new, self.clock.now()).await {
            Ok(_) | Err(LedgerError::SourceExists(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

async fn write(
    intake: Intake,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    origin: &str,
    input: Box<dyn Read + Send>,
    progress: impl Fn(&IngestSummary) + Send,
) -> Result<IngestSummary, ServiceError> {
    let failed = |source| ServiceError::Read {
        origin: origin.to_owned(),
        source,
    };
    let writer = Writer {
        intake,
        bounds,
        batch: None,
        refused: Vec::new(),
        refused_bytes: 0,
        summary: IngestSummary::default(),
        progress,
    };
    let chunks = reader::read(input, origin, clock, bounds).map_err(failed)?;
    let (mut summary, end) = writer.run(chunks).await?;
    summary.incomplete = incomplete(&summary, &end, bounds);
    match end.failure {
        Some(failure) if summary.bytes == 0 => Err(failed(failure)),
        _ => Ok(summary),
    }
}

/// The writing half of an ingest.
struct Writer<P> {
    intake: Intake,
    bounds: Bounds,
    batch: Option<Batch>,
    refused: Vec<Quarantined>,
    refused_bytes: usize,
    summary: IngestSummary,
    progress: P,
}

/// Events on their way into one commit.
struct Batch {
    append: Append,
    events: u64,
    newest_event_at: Option<DateTime<Utc>>,
    due: Instant,
}

impl Batch {
    async fn begin(intake: &Intake) -> Result<Self, ServiceError> {
        Ok(Self {
            append: intake.begin().await?,
            events: 0,
            newest_event_at: None,
            due: Instant::now() + BATCH_WAIT,
        })
    }
}

impl<P: Fn(&IngestSummary) + Send> Writer<P> {
    /// Writes all chunks.
    async fn run(mut self, mut chunks: Chunks) -> Result<(IngestSummary, End), ServiceError> {
        loop {
            let next = match &self.batch {
                Some(batch) => timeout_at(batch.due, chunks.next()).await,
                None => Ok(chunks.next().await),
            };
            let Ok(chunk) = next else {
                self.finish().await?;
                continue;
            };
            let chunk = chunk.ok_or(ServiceError::TaskDied("the reader of the input"))?;
            if let Some(end) = self.take(chunk).await? {
                self.finish().await?;
                return Ok((self.summary, end));
            }
        }
    }

    async fn take(&mut self, mut chunk: Chunk) -> Result<Option<End>, ServiceError> {
        self.summary.take(&mut chunk);
        let Chunk {
            events,
            refused,
            end,
            ..
        } = chunk;
        self.refused_bytes += refused
            .iter()
            .map(|refused| refused.raw.len())
            .sum::<usize>();
        self.refused.extend(refused);
        if !events.is_empty() {
            let mut batch = match self.batch.take() {
                Some(batch) => batch,
                None => Batch::begin(&self.intake).await?,
            };
            let newest = events.iter().map(|event| event.created_at).max();
            let events = self.intake.enriched(events).await?;
            batch.append.write(&events).await?;
            batch.events += events.len() as u64;
            batch.newest_event_at = batch.newest_event_at.max(newest);
            let is_full = batch.events >= self.bounds.batch_events;
            self.batch = Some(batch);
            if is_full {
                self.finish().await?;
            }
        }
        if self.refused.len() >= REFUSED_WAITING_MAX || self.refused_bytes >= REFUSED_WAITING_BYTES
        {
            let advance = self.set_aside();
            self.intake.advance(advance).await?;
        }
        (self.progress)(&self.summary);
        Ok(end)
    }

    /// Commits what has been written, and stores what was refused.
    async fn finish(&mut self) -> Result<(), ServiceError> {
        let advance = self.set_aside();
        if let Some(batch) = self.batch.take() {
            let advance = Advance {
                newest_event_at: batch.newest_event_at,
                ..advance
            };
            let appended = self.intake.finish(batch.append, advance).await?;
            self.summary.stored += appended.fresh;
            self.summary.duplicates += appended.duplicates;
        } else if !advance.quarantined.is_empty() {
            self.intake.advance(advance).await?;
        }
        (self.progress)(&self.summary);
        Ok(())
    }

    fn set_aside(&mut self) -> Advance {
        self.refused_bytes = 0;
        Advance {
            quarantined: std::mem::take(&mut self.refused),
            ..Advance::default()
        }
    }
}

/// What of the input is neither in the lake nor in the quarantine.
fn incomplete(summary: &IngestSummary, end: &End, bounds: Bounds) -> Option<String> {
    let damage = &end.damage;
    let mut reasons = Vec::new();
    if let Some(failure) = &end.failure {
        reasons.push(format!(
            "it could not be read beyond {} bytes: {failure}",
            summary.bytes
        ));
    }
    if damage.is_utf_16 {
        reasons.push("it is UTF-16, of which nothing is read; write it as UTF-8".to_owned());
    }
    if let Some(line) = damage.cut {
        reasons.push(format!(
            "it ends in the middle of what began on line {line}"
        ));
    }
    if let Some(line) = damage.broken {
        reasons.push(format!("the document breaks on line {line}"));
    }
    if damage.lines_passed_over > 0 {
        reasons.push(format!(
            "{} lines behind a break were passed over",
            damage.lines_passed_over
        ));
    }
    if end.not_kept > 0 {
        reasons.push(format!(
            "{} of the refused events were counted but not kept: a run keeps {} of them, or {} MB",
            end.not_kept,
            bounds.quarantine_entries,
            bounds.quarantine_bytes >> 20
        ));
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

#[cfg(test)]
mod tests;
