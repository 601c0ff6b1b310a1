use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

use crate::ServiceError;

/// Threads on which events are judged, of machines with more cores.
const THREADS_MAX: usize = 8;

/// The threads on which events are judged, whichever source they are of. They stay the same, so that memory that one batch of events
/// frees is there for the next; on threads that change with each batch it would pile up in all of them.
#[derive(Clone)]
pub(crate) struct Evaluators(Arc<ThreadPool>);

/// Work that was begun.
pub(crate) struct Begun<T>(oneshot::Receiver<T>);

impl Evaluators {
    pub(crate) fn new() -> Result<Self, ServiceError> {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let threads = ThreadPoolBuilder::new()
            .num_threads(cores.min(THREADS_MAX))
            .thread_name(|number| format!("evaluation {number}"))
            // Whoever waits for the work learns of it: nothing is answered.
            .panic_handler(drop)
            .build();
        threads
            .map(|threads| Self(Arc::new(threads)))
            .map_err(ServiceError::Threads)
    }

    /// Begins work; it goes on though nobody waits for it.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Begun<T> {
        let (sender, done) = oneshot::channel();
        self.0.spawn(move || drop(sender.send(work())));
        Begun(done)
    }
}

impl<T> Begun<T> {
    /// Waits for what comes of it.
    pub(crate) async fn end(self) -> Result<T, ServiceError> {
        let ended = self.0.await;
        ended.map_err(|_| ServiceError::TaskDied("the evaluation of events"))
    }
}
