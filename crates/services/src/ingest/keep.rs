//! Working under a lease that is renewed for as long as the work goes on.

use std::time::Duration;

use drishti_ledger::Lease;
use drishti_model::SourceName;

use crate::intake::LEASE_LIFETIME;
use crate::{ServiceError, Services};

/// How often it is looked whether the lease needs renewal.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Renewals in the lifetime of a lease.
const RENEWALS_PER_LIFETIME: i32 = 3;

impl Services {
    /// Does `work` on a source under its lease, which is given back afterwards. `purpose` tells the holder apart from others in the
    /// same process, so that they don't count as the same one.
    pub(crate) async fn leased<T, W>(
        &self,
        name: &SourceName,
        purpose: &str,
        work: impl FnOnce(Self, Lease) -> W,
    ) -> Result<T, ServiceError>
    where
        W: Future<Output = Result<T, ServiceError>>,
    {
        let worker = Self {
            holder: format!("{} ({purpose})", self.holder).into(),
            ..self.clone()
        };
        let lease = worker.lease(name).await?;
        let outcome = tokio::select! {
            outcome = work(worker, lease.clone()) => outcome,
            () = self.renewed_until_lost(lease.clone()) => Err(ServiceError::LeaseLost(name.clone())),
        };
        let released = self.ledger.release_lease(&lease).await;
        let forgotten = self.forget_if_removed(name).await;
        let done = outcome?;
        released?;
        forgotten?;
        Ok(done)
    }

    /// Renews a lease until somebody else has it.
    async fn renewed_until_lost(&self, mut lease: Lease) {
        let fresh = LEASE_LIFETIME - LEASE_LIFETIME / RENEWALS_PER_LIFETIME;
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let now = self.clock.now();
            if now + fresh < lease.expires_at {
                continue;
            }
            match self.ledger.renew_lease(&lease, LEASE_LIFETIME, now).await {
                Ok(Some(renewed)) => lease = renewed,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(source = %lease.source, %error, "the lease could not be renewed; trying again");
                }
            }
        }
    }
}
