use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::bounds::{STREAMS_MAX, STREAMS_OF_ONE_MAX};

/// The streams that are open, by whom.
#[derive(Clone)]
pub(crate) struct Streams {
    open: Arc<Mutex<BTreeMap<String, usize>>>,
    /// When the server stops.
    shutdown: CancellationToken,
}

impl Streams {
    /// Streams that end with `shutdown`.
    pub(crate) fn new(shutdown: CancellationToken) -> Self {
        Self {
            open: Arc::default(),
            shutdown,
        }
    }

    /// A place for a stream of `caller`, unless there are too many.
    pub(super) fn enter(&self, caller: &str) -> Option<StreamPlace> {
        let mut open = self.open();
        let all: usize = open.values().sum();
        let own = open.entry(caller.to_owned()).or_default();
        if all >= STREAMS_MAX || *own >= STREAMS_OF_ONE_MAX {
            return None;
        }
        *own += 1;
        Some(StreamPlace {
            streams: self.clone(),
            caller: caller.to_owned(),
        })
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one stream, which is free again when this is dropped.
pub(super) struct StreamPlace {
    streams: Streams,
    caller: String,
}

impl StreamPlace {
    /// Waits for the server to stop.
    pub(super) async fn ended(&self) {
        self.streams.shutdown.cancelled().await;
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        if let Some(own) = open.get_mut(&self.caller) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_for_each_and_for_all_and_are_free_again() {
        let streams = Streams::new(CancellationToken::new());
        let of_one: Vec<_> = (0..STREAMS_OF_ONE_MAX)
            .map(|_| streams.enter("mara").unwrap())
            .collect();
        assert!(streams.enter("mara").is_none());
        let mut others: Vec<_> = (STREAMS_OF_ONE_MAX..STREAMS_MAX)
            .map(|caller| streams.enter(&caller.to_string()).unwrap())
            .collect();
        assert!(streams.enter("ben").is_none());
        others.pop();
        let ben = streams.enter("ben").unwrap();
        assert!(streams.enter("ben").is_none());
        drop(of_one);
        assert!(streams.enter("mara").is_some());
        drop((ben, others));
        assert!(streams.open().values().all(|open| *open == 0));
    }
}
