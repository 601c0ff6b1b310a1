//! Saying anew of stored events what policies and people go by: places, networks, devices.

use std::sync::Arc;

use chrono::NaiveDate;
use drishti_model::{AuditEvent, EnrichedEvent};
use serde::Serialize;

use crate::{ServiceError, Services};

/// What enriching stored events anew came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reenriched {
    /// Days that were gone through.
    pub days: u64,
    /// Days that were written anew.
    pub days_changed: u64,
    /// Events of which something else is known now.
    pub events_changed: u64,
}

impl Services {
    /// Enriches what is in the lake by the tables, feeds and ranges of now, from `since` on. Each day changes whole or not at all, so
    /// that this can be broken off and begun again. Alerts are not evaluated anew: that is [`Services::rebuild`]. `progress` is told
    /// of each day.
    pub async fn enrich_stored(
        &self,
        since: Option<NaiveDate>,
        mut progress: impl FnMut(NaiveDate, &Reenriched) + Send,
    ) -> Result<Reenriched, ServiceError> {
        let knowledge = self.knowledge().await?;
        let enrich: Arc<dyn Fn(AuditEvent) -> EnrichedEvent + Send + Sync> =
            Arc::new(move |event| knowledge.enricher.enrich(event));
        let mut done = Reenriched::default();
        for day in self.lake.days().await? {
            if since.is_some_and(|since| day < since) {
                continue;
            }
            let changed = self.lake.enrich_again(day, &*enrich).await?;
            done.days += 1;
            done.days_changed += u64::from(changed > 0);
            done.events_changed += changed;
            progress(day, &done);
        }
        Ok(done)
    }
}
