//! Waiting for a condition, never for a time.

use std::time::Duration;

use tokio::time::Instant;

/// How long a condition may take. Far more than it does, so that only what never happens gets there.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Time between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Looks until it finds something, and gives that. What the last look said instead is told when patience ends.
pub(crate) async fn eventually<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(last) if Instant::now() >= deadline => {
                panic!("waited in vain for {what}; at last: {last}")
            }
            Err(_) => tokio::time::sleep(LOOK_INTERVAL).await,
        }
    }
}

/// A look that finds `found` where `condition` is met.
pub(crate) fn met<T: std::fmt::Debug>(
    found: T,
    condition: impl Fn(&T) -> bool,
) -> Result<T, String> {
    if condition(&found) {
        Ok(found)
    } else {
        Err(format!("{found:#?}"))
    }
}
