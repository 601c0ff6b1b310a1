use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::Change;

/// Most changes that are kept; whoever is further behind begins anew.
pub const CHANGES_KEPT: usize = 1_000;

/// Most changes that a follower is given at once.
const AT_ONCE: usize = 100;

/// The newest changes, each with its number.
pub(super) struct Log {
    epoch: String,
    kept: Mutex<Kept>,
    /// Number of the newest change.
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    changes: VecDeque<Arc<Change>>,
    /// Number of the newest one; the first is 1.
    newest: u64,
}

impl Kept {
    fn oldest(&self) -> u64 {
        self.newest + 1 - self.changes.len() as u64
    }
}

impl Log {
    pub(super) fn new(epoch: String) -> Self {
        Self {
            epoch,
            kept: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }

    pub(super) fn is_followed(&self) -> bool {
        self.newest.receiver_count() > 0
    }

    pub(super) fn tell(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let mut kept = self.kept();
        for change in changes {
            if kept.changes.len() == CHANGES_KEPT {
                kept.changes.pop_front();
            }
            kept.changes.push_back(Arc::new(change));
            kept.newest += 1;
        }
        self.newest.send_replace(kept.newest);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes from number `from` on; `None` where one of them is not kept any more.
    fn since(&self, from: u64) -> Option<Vec<Arc<Change>>> {
        let kept = self.kept();
        let place = usize::try_from(from.checked_sub(kept.oldest())?).ok()?;
        let changes = kept.changes.iter().skip(place).take(AT_ONCE);
        Some(changes.cloned().collect())
    }

    /// The number of the change after the place called `after`, where it is one of this log and nothing after it is lost.
    fn number_after(&self, after: &str) -> Option<u64> {
        let (epoch, number) = after.rsplit_once('.')?;
        let next = number.parse::<u64>().ok()?.checked_add(1)?;
        let kept = self.kept();
        let is_here = epoch == self.epoch && (kept.oldest()..=kept.newest + 1).contains(&next);
        is_here.then_some(next)
    }

    fn end(&self) -> u64 {
        self.kept().newest + 1
    }
}

/// Somebody who is told of changes.
pub struct Follower {
    log: Arc<Log>,
    newest: watch::Receiver<u64>,
    /// Number of the next change to be told.
    next: u64,
    is_continued: bool,
}

/// What a follower hears.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// These changes, each with the place after it.
    Changes(Vec<(String, Arc<Change>)>),
    /// Some changes were missed: everything is to be read anew.
    Missed,
}

impl Follower {
    pub(super) fn of(log: &Arc<Log>, after: Option<&str>) -> Self {
        let continued = after.and_then(|after| log.number_after(after));
        Self {
            newest: log.newest.subscribe(),
            next: continued.unwrap_or_else(|| log.end()),
            is_continued: after.is_none() || continued.is_some(),
            log: Arc::clone(log),
        }
    }

    /// Whether it goes on where it was asked to; where not, changes may have been missed.
    pub fn is_continued(&self) -> bool {
        self.is_continued
    }

    /// The place up to which it has heard everything, to follow from later.
    pub fn place(&self) -> String {
        self.place_of(self.next - 1)
    }

    fn place_of(&self, number: u64) -> String {
        format!("{}.{number}", self.log.epoch)
    }

    /// Waits for what comes next. Nothing is lost where this is not waited for to its end.
    pub async fn hear(&mut self) -> Heard {
        loop {
            self.newest.borrow_and_update();
            let Some(changes) = self.log.since(self.next) else {
                self.next = self.log.end();
                return Heard::Missed;
            };
            if !changes.is_empty() {
                let numbers = self.next..;
                self.next += changes.len() as u64;
                let placed = numbers.zip(changes);
                return Heard::Changes(
                    placed
                        .map(|(number, change)| (self.place_of(number), change))
                        .collect(),
                );
            }
            if self.newest.changed().await.is_err() {
                // The log is held by this very follower, so its sender is there.
                return std::future::pending().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(number: usize) -> Change {
        Change::Policy {
            name: number.to_string(),
        }
    }

    fn names(heard: Heard) -> Vec<String> {
        let Heard::Changes(changes) = heard else {
            panic!("missed");
        };
        let name = |(_, change): (String, Arc<Change>)| match &*change {
            Change::Policy { name } => name.clone(),
            other => panic!("{other:?}"),
        };
        changes.into_iter().map(name).collect()
    }

    #[tokio::test]
    async fn a_follower_hears_what_comes_and_goes_on_where_it_was() {
        let log = Arc::new(Log::new("here".to_owned()));
        log.tell(vec![policy(1)]);
        let mut follower = Follower::of(&log, None);
        assert!(follower.is_continued());
        log.tell(vec![policy(2), policy(3)]);
        assert_eq!(names(follower.hear().await), ["2", "3"]);
        let place = follower.place();
        drop(follower);
        assert!(!log.is_followed());
        log.tell(vec![policy(4)]);
        let mut again = Follower::of(&log, Some(&place));
        assert!(again.is_continued());
        assert_eq!(names(again.hear().await), ["4"]);
    }

    #[tokio::test]
    async fn places_that_are_not_of_this_log_are_not_gone_on_from() {
        let log = Arc::new(Log::new("he.re".to_owned()));
        log.tell((0..CHANGES_KEPT + 5).map(policy).collect());
        for (place, is_continued) in [
            ("he.re.1005", true),
            ("he.re.5", true),
            ("he.re.4", false),
            ("he.re.1006", false),
            ("there.1005", false),
            ("he.re.", false),
            ("he.re.-1", false),
            ("he.re.18446744073709551615", false),
            ("", false),
            ("1005", false),
        ] {
            let follower = Follower::of(&log, Some(place));
            assert_eq!(follower.is_continued(), is_continued, "{place}");
        }
    }

    #[tokio::test]
    async fn who_is_slow_begins_anew_and_costs_nothing() {
        let log = Arc::new(Log::new("here".to_owned()));
        let mut slow = Follower::of(&log, None);
        log.tell((0..=CHANGES_KEPT).map(policy).collect());
        assert_eq!(log.kept().changes.len(), CHANGES_KEPT);
        assert_eq!(slow.hear().await, Heard::Missed);
        log.tell(vec![policy(7)]);
        assert_eq!(names(slow.hear().await), ["7"]);
    }

    #[tokio::test]
    async fn much_is_told_in_parts() {
        let log = Arc::new(Log::new("here".to_owned()));
        let mut follower = Follower::of(&log, None);
        log.tell((0..=AT_ONCE).map(policy).collect());
        assert_eq!(names(follower.hear().await).len(), AT_ONCE);
        assert_eq!(names(follower.hear().await), ["100"]);
    }
}
