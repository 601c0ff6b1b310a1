//! Pages of events that were read already: an analyst's pages ask again at every change, and many people look at the same ones.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::{EventFilter, EventPosition, LakeError, StoredEvent};

/// Most bytes of events in the pages that are kept, about.
const PAGES_BYTES_MAX: u64 = 16 << 20;

/// Pages that are kept, about.
const PAGES_USUAL: usize = 200;

/// Bytes of an event without what can be of any length, about.
const EVENT_BYTES: u64 = 1_500;

/// What a page depends on: nothing of a version of the table ever changes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct PageKey {
    pub(crate) version: u64,
    pub(crate) filter: EventFilter,
    pub(crate) position: Option<EventPosition>,
    pub(crate) limit: usize,
}

/// The pages, the least used of which go first.
pub(crate) struct Pages(Cache<PageKey, Arc<[StoredEvent]>, Bytes>);

#[derive(Clone)]
struct Bytes;

impl Weighter<PageKey, Arc<[StoredEvent]>> for Bytes {
    fn weight(&self, _: &PageKey, events: &Arc<[StoredEvent]>) -> u64 {
        let of_any_length = |StoredEvent { event, .. }: &StoredEvent| {
            let texts = [&event.details, &event.extra, &event.context.user_agent];
            texts.into_iter().flatten().map(String::len).sum::<usize>()
        };
        let bytes = |stored| EVENT_BYTES + of_any_length(stored) as u64;
        EVENT_BYTES + events.iter().map(bytes).sum::<u64>()
    }
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self(Cache::with_weighter(PAGES_USUAL, PAGES_BYTES_MAX, Bytes))
    }

    /// The page of `key`, which `read` reads unless it is known. Of several who want it at once, one reads it.
    pub(crate) async fn get(
        &self,
        key: &PageKey,
        read: impl Future<Output = Result<Vec<StoredEvent>, LakeError>>,
    ) -> Result<Arc<[StoredEvent]>, LakeError> {
        let read = async { Ok(Arc::from(read.await?)) };
        self.0.get_or_insert_async(key, read).await
    }
}
