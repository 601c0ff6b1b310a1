use std::fmt;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::Instant;

/// Measures and waits. The client waits through it alone, so that a test can stand in for time.
pub trait Timer: fmt::Debug + Send + Sync {
    /// Time since a fixed moment of the past; never less than before.
    fn elapsed(&self) -> Duration;

    /// Completes when `duration` has passed.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The runtime's time.
#[derive(Clone, Copy, Debug)]
pub struct TokioTimer(Instant);

impl Default for TokioTimer {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Timer for TokioTimer {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(duration).boxed()
    }
}
