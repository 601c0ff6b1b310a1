//! How many things each caller has at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::rate::Caller;

/// What callers have taken and not yet given back.
#[derive(Clone, Default)]
pub(crate) struct Shares(Arc<Mutex<HashMap<Caller, usize>>>);

/// One thing of a caller's, given back when it is dropped.
pub(crate) struct Share {
    caller: Caller,
    shares: Shares,
}

impl Shares {
    /// One more for this caller, unless it has `most` already.
    pub(crate) fn take(&self, caller: &Caller, most: usize) -> Option<Share> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.get(caller).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        taken.insert(caller.clone(), count + 1);
        Some(Share {
            caller: caller.clone(),
            shares: self.clone(),
        })
    }

    #[cfg(test)]
    pub(crate) fn callers(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.caller);
            }
        }
    }
}
