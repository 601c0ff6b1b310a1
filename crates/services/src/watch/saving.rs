use chrono::{DateTime, Utc};
use drishti_ledger::{DetectionStep, Lease};
use tokio::task::JoinSet;

use crate::{ServiceError, Services};

/// The step that is being saved while the next one is evaluated; dropped, it is broken off.
#[derive(Default)]
pub(super) struct Saving(JoinSet<Result<u64, ServiceError>>);

impl Saving {
    /// Begins to save a step when the one before is saved. Answers how many alerts that one opened.
    pub(super) async fn begin(
        &mut self,
        services: &Services,
        lease: &Lease,
        step: DetectionStep,
        now: DateTime<Utc>,
    ) -> Result<u64, ServiceError> {
        let opened = self.end().await?;
        let (ledger, lease) = (services.ledger.clone(), lease.clone());
        self.0.spawn(async move {
            let saved = ledger.save_detection(&lease, &step, now).await?;
            for (policy, why) in &step.paused {
                tracing::warn!(source = %lease.source, policy, "a policy is paused: {why}");
            }
            Ok(saved.alerts.opened.len() as u64)
        });
        Ok(opened)
    }

    /// Waits until everything is saved. Answers how many alerts the last step opened.
    pub(super) async fn end(&mut self) -> Result<u64, ServiceError> {
        const DIED: ServiceError = ServiceError::TaskDied("the saving of what was found");
        match self.0.join_next().await {
            None => Ok(0),
            Some(saved) => saved.map_err(|_| DIED)?,
        }
    }
}
