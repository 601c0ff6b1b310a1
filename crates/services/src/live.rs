//! Telling of changes as they come, whoever made them: this process, the command line, or another node on the same ledger.
//!
//! One look at the ledger every other second, while anybody follows, is compared with the look before. What differs goes into one
//! bounded log with numbers, and each follower reads on from its own place in it. Whoever falls behind the log, or comes from the log of
//! another process, is told to begin anew: nobody's slowness costs memory.

mod change;
mod log;
mod seen;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use change::Change;
pub use log::{CHANGES_KEPT, Follower, Heard};
pub use seen::{ALERTS_A_LOOK_MAX, CHANGES_A_LOOK_MAX};

use crate::words::chain;
use crate::{ServiceError, Services};
use log::Log;
use seen::{HEALTH_A_LOOK_MAX, Seen};

/// Time between two looks at the ledger.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// The changes of an installation, as this process sees them.
pub(crate) struct Feed {
    log: Arc<Log>,
    seen: tokio::sync::Mutex<Seen>,
    /// Told when somebody begins to follow.
    wanted: Notify,
}

impl Feed {
    /// A feed whose places are told from those of others by `epoch`.
    pub(crate) fn new(epoch: String) -> Self {
        Self {
            log: Arc::new(Log::new(epoch)),
            seen: tokio::sync::Mutex::default(),
            wanted: Notify::new(),
        }
    }
}

impl Services {
    /// Follows what changes from now on, or from the place `after` on, which a follower of this process was told.
    pub fn follow_changes(&self, after: Option<&str>) -> Follower {
        let follower = Follower::of(&self.feed.log, after);
        self.feed.wanted.notify_one();
        follower
    }

    /// Looks for changes for as long as anybody follows them, until `shutdown`.
    pub async fn tell_changes(&self, shutdown: CancellationToken) {
        let telling = async {
            let mut is_failing = false;
            loop {
                let wanted = self.feed.wanted.notified();
                if !self.feed.log.is_followed() {
                    wanted.await;
                }
                let looked = self.look_for_changes().await;
                if let Err(error) = &looked
                    && !is_failing
                {
                    let error = chain(error);
                    tracing::warn!(error, "changes can't be told at the moment");
                }
                is_failing = looked.is_err();
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        };
        shutdown.run_until_cancelled(telling).await;
    }

    /// Looks once, and tells the followers what differs from the look before.
    pub async fn look_for_changes(&self) -> Result<(), ServiceError> {
        let mut seen = self.feed.seen.lock().await;
        let since = seen.alerts_since(self.clock.now());
        // One more than is told, which says that there are too many.
        let alerts_max = ALERTS_A_LOOK_MAX as u64 + 1;
        let look = self
            .ledger
            .look(since, alerts_max, HEALTH_A_LOOK_MAX as u64)
            .await?;
        let totals = if seen.has_evaluated(&look) {
            Some(self.ledger.alert_totals().await?)
        } else {
            None
        };
        self.feed.log.tell(seen.take(look, totals, since));
        Ok(())
    }
}
