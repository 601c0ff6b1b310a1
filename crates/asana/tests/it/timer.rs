use std::sync::Mutex;
use std::time::Duration;

use drishti_asana::Timer;
use futures::FutureExt as _;
use futures::future::BoxFuture;

/// Time that passes only by being waited for, and remembers every wait.
#[derive(Debug, Default)]
pub(crate) struct RecordedTimer(Mutex<Vec<Duration>>);

impl RecordedTimer {
    /// Every wait so far.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

impl Timer for RecordedTimer {
    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap().iter().sum()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push(duration);
        async {}.boxed()
    }
}
