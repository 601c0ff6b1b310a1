//! How much memory queries may take: each for itself, and all together.

use std::fmt;
use std::sync::Arc;

use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::memory_pool::{
    FairSpillPool, GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};

/// Most working memory of all queries at once, in bytes: that of four.
pub(crate) const QUERIES_MEMORY_MAX: usize = 2 << 30;

/// The memory of one query, within that of all.
#[derive(Debug)]
pub(crate) struct SharedPool {
    own: FairSpillPool,
    all: Arc<GreedyMemoryPool>,
}

impl SharedPool {
    pub(crate) fn new(bytes: usize, all: Arc<GreedyMemoryPool>) -> Self {
        Self {
            own: FairSpillPool::new(bytes),
            all,
        }
    }
}

impl MemoryPool for SharedPool {
    fn name(&self) -> &'static str {
        "shared"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.own.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.own.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.all.grow(reservation, additional);
        self.own.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.own.shrink(reservation, shrink);
        self.all.shrink(reservation, shrink);
    }

    fn try_grow(
        &self,
        reservation: &MemoryReservation,
        additional: usize,
    ) -> Result<(), DataFusionError> {
        self.all.try_grow(reservation, additional)?;
        let grown = self.own.try_grow(reservation, additional);
        if grown.is_err() {
            self.all.shrink(reservation, additional);
        }
        grown
    }

    fn reserved(&self) -> usize {
        self.own.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.own.memory_limit()
    }
}

impl fmt::Display for SharedPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {}", self.own, self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_have_together_no_more_than_all_may() {
        let all = Arc::new(GreedyMemoryPool::new(150));
        let pool = || -> Arc<dyn MemoryPool> { Arc::new(SharedPool::new(100, Arc::clone(&all))) };
        let (one, other) = (pool(), pool());
        let first = MemoryConsumer::new("first").register(&one);
        let second = MemoryConsumer::new("second").register(&other);
        assert!(first.try_grow(101).is_err());
        assert_eq!(all.reserved(), 0);
        first.try_grow(100).unwrap();
        assert!(second.try_grow(51).is_err());
        second.try_grow(50).unwrap();
        assert_eq!((other.reserved(), all.reserved()), (50, 150));
        drop(first);
        second.try_grow(50).unwrap();
        drop(second);
        assert_eq!(all.reserved(), 0);
    }
}
