use chrono::{DateTime, NaiveDate, Utc};
use drishti_model::AuditEvent;
use foldhash::HashSet;
use xxhash_rust::xxh3::xxh3_128;

/// Most events of one moment that wait for each other.
const AT_ONCE_MAX: usize = 100_000;

/// Brings events that come in the order of their times into the order of the lake: by time, then gid, and each gid of a day once.
#[derive(Default)]
pub(super) struct Order {
    /// The events of the newest moment, in the order in which they came.
    newest: Vec<AuditEvent>,
    day: NaiveDate,
    /// The gids of that day, by what they hash to.
    gids: HashSet<u128>,
    pub(super) duplicates: u64,
}

/// An event came after a later one, or too many came at one moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfOrder;

impl Order {
    /// Takes events; gives those that nothing will come before any more.
    pub(super) fn take(&mut self, events: Vec<AuditEvent>) -> Result<Vec<AuditEvent>, OutOfOrder> {
        let mut settled = Vec::with_capacity(events.len());
        for event in events {
            let at = event.created_at;
            match self.newest_at() {
                Some(newest) if at < newest => return Err(OutOfOrder),
                Some(newest) if at > newest => settled.append(&mut self.end()),
                _ => {}
            }
            if at.date_naive() != self.day {
                self.day = at.date_naive();
                self.gids.clear();
            }
            if !self.gids.insert(xxh3_128(event.gid.as_bytes())) {
                self.duplicates += 1;
                continue;
            }
            self.newest.push(event);
            if self.newest.len() > AT_ONCE_MAX {
                return Err(OutOfOrder);
            }
        }
        Ok(settled)
    }

    /// Gives the last events.
    pub(super) fn end(&mut self) -> Vec<AuditEvent> {
        let mut newest = std::mem::take(&mut self.newest);
        newest.sort_by(|one, other| one.gid.cmp(&other.gid));
        newest
    }

    fn newest_at(&self) -> Option<DateTime<Utc>> {
        self.newest.first().map(|event| event.created_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(of: &[(&str, i64)]) -> Vec<AuditEvent> {
        let event = |(gid, seconds): &(&str, i64)| AuditEvent {
            gid: (*gid).to_owned(),
            created_at: DateTime::from_timestamp(*seconds, 0).unwrap(),
            ..AuditEvent::default()
        };
        of.iter().map(event).collect()
    }

    fn gids(events: &[AuditEvent]) -> Vec<&str> {
        events.iter().map(|event| event.gid.as_str()).collect()
    }

    #[test]
    fn events_of_one_moment_are_sorted_and_come_once() {
        let mut order = Order::default();
        let first = order.take(events(&[("a", 1), ("c", 2), ("b", 2)]));
        assert_eq!(gids(&first.unwrap()), ["a"]);
        let second = order.take(events(&[("a", 2), ("b", 2), ("aa", 2), ("d", 90_000)]));
        assert_eq!(gids(&second.unwrap()), ["aa", "b", "c"]);
        assert_eq!(gids(&order.end()), ["d"]);
        assert_eq!(order.duplicates, 2);
    }

    #[test]
    fn what_comes_after_something_later_is_out_of_order() {
        let mut order = Order::default();
        order.take(events(&[("a", 2)])).unwrap();
        assert_eq!(order.take(events(&[("b", 1)])), Err(OutOfOrder));
    }

    #[test]
    fn a_gid_may_come_again_on_another_day() {
        let mut order = Order::default();
        order.take(events(&[("a", 2), ("a", 90_000)])).unwrap();
        assert_eq!(order.duplicates, 0);
    }
}
