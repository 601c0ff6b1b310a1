//! Events that are evaluated as they are read, and not kept.

use std::io::Read;
use std::sync::Arc;

use drishti_ledger::Lease;
use drishti_model::{AuditEvent, SourceName};

use super::order::Order;
use super::reader;
use super::{Bounds, IngestSummary, incomplete};
use crate::watch::Watcher;
use crate::{ServiceError, Services};

impl Services {
    /// Evaluates the events of `input` as they come, without storing them: the alerts are those that [`Services::ingest`] would give,
    /// for a fraction of the work. `None` where they are not in the order of their times; what was saved until then is of no use.
    ///
    /// For a `source` of which nothing is known. Nothing is gone on with afterwards: what detection has learned is not saved.
    pub async fn evaluate_passing(
        &self,
        source: &SourceName,
        origin: &str,
        input: Box<dyn Read + Send>,
        progress: impl Fn(&IngestSummary) + Send,
    ) -> Result<Option<IngestSummary>, ServiceError> {
        self.make_source_for_files(source).await?;
        self.leased(source, "detection", |worker, lease| async move {
            evaluate(&worker, lease, origin, input, progress).await
        })
        .await
    }
}

async fn evaluate(
    services: &Services,
    lease: Lease,
    origin: &str,
    input: Box<dyn Read + Send>,
    progress: impl Fn(&IngestSummary) + Send,
) -> Result<Option<IngestSummary>, ServiceError> {
    let failed = |source| ServiceError::Read {
        origin: origin.to_owned(),
        source,
    };
    let bounds = Bounds::default();
    let clock = Arc::clone(&services.clock);
    let mut chunks = reader::read(input, origin, clock, bounds).map_err(failed)?;
    let knowledge = services.knowledge().await?;
    let enriched = |events: Vec<AuditEvent>| {
        let events = events.into_iter();
        events
            .map(|event| knowledge.enricher.enrich(event))
            .collect()
    };
    let mut watcher = Watcher::open(services, lease).await?;
    let mut order = Order::default();
    let mut summary = IngestSummary::default();
    loop {
        let chunk = chunks.next().await;
        let mut chunk = chunk.ok_or(ServiceError::TaskDied("the reader of the input"))?;
        summary.take(&mut chunk);
        let Ok(settled) = order.take(chunk.events) else {
            return Ok(None);
        };
        watcher.evaluate_passing(enriched(settled)).await?;
        progress(&summary);
        let Some(end) = chunk.end else { continue };
        watcher.evaluate_passing(enriched(order.end())).await?;
        summary.duplicates = order.duplicates;
        summary.detection = watcher.end_passing().await?;
        summary.incomplete = incomplete(&summary, &end, bounds);
        return match end.failure {
            Some(failure) if summary.bytes == 0 => Err(failed(failure)),
            _ => Ok(Some(summary)),
        };
    }
}
