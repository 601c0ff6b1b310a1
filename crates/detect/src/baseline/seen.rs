use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use super::second::{DAY, Second};

/// A value that was not seen for so long is new again: Sumo Logic's retention for the same purpose, and as long as Asana keeps its log.
pub(crate) const FORGOTTEN_AFTER: Second = 90 * DAY;

/// A value of one attribute: since when, until when, how often and on how many days it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// The value as a number, see [`super::Traits`].
    pub(crate) value: u64,
    pub(crate) first: Second,
    pub(crate) last: Second,
    pub(crate) count: u32,
    pub(crate) days: u16,
}

impl Seen {
    pub(crate) fn new(value: u64, at: Second) -> Self {
        Self {
            value,
            first: at,
            last: at,
            count: 1,
            days: 1,
        }
    }

    /// It was seen again.
    pub(crate) fn learn(&mut self, at: Second) {
        if at.saturating_sub(self.last) >= FORGOTTEN_AFTER {
            *self = Self::new(self.value, at);
            return;
        }
        if at / DAY > self.last / DAY {
            self.days = self.days.saturating_add(1);
        }
        self.last = self.last.max(at);
        self.count = self.count.saturating_add(1);
    }
}

/// The values of one attribute that were seen, at most `MAX`; the one not seen for longest makes room.
/// Few are in place: most people have one or two devices and networks, and are found sooner so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SeenSet<const MAX: usize>(
    #[serde(serialize_with = "as_list", deserialize_with = "from_list")] SmallVec<[Seen; 2]>,
);

fn as_list<S: Serializer>(seen: &[Seen], serializer: S) -> Result<S::Ok, S::Error> {
    seen.serialize(serializer)
}

fn from_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SmallVec<[Seen; 2]>, D::Error> {
    let seen: Vec<Seen> = Vec::deserialize(deserializer)?;
    Ok(seen.into_iter().collect())
}

impl<const MAX: usize> SeenSet<MAX> {
    /// What is known of `value`, however long ago.
    pub(crate) fn get(&self, value: u64) -> Option<&Seen> {
        self.0.iter().find(|seen| seen.value == value)
    }

    /// What is known of `value`, if it was seen since then.
    pub(crate) fn since(&self, value: u64, since: Second) -> Option<&Seen> {
        self.get(value).filter(|seen| seen.last >= since)
    }

    /// Whether `value` is new: not seen within so much time, or on one day only, which is over. Who came once, such as an attacker
    /// who was noticed, does not become known by it.
    pub(crate) fn is_new(&self, value: u64, at: Second, memory: Second) -> bool {
        let seen = self.since(value, at.saturating_sub(memory));
        seen.is_none_or(|seen| seen.days == 1 && at / DAY > seen.last / DAY)
    }

    /// Whether `value` is new, or was first seen after `before`.
    pub(crate) fn is_unfamiliar(&self, value: u64, at: Second, before: Second) -> bool {
        let is_recent = |seen: &Seen| seen.first > before;
        self.is_new(value, at, FORGOTTEN_AFTER) || self.get(value).is_some_and(is_recent)
    }

    /// The values seen since then, the most frequent first.
    pub(crate) fn usual(&self, since: Second) -> Vec<Seen> {
        let recent = self.0.iter().filter(|seen| seen.last >= since);
        let mut usual: Vec<Seen> = recent.copied().collect();
        usual.sort_by_key(|seen| (std::cmp::Reverse(seen.count), seen.value));
        usual
    }

    /// When something new came up last.
    pub(crate) fn newest(&self) -> Option<Second> {
        self.0.iter().map(|seen| seen.first).max()
    }

    /// How many values are known.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether other values may have been seen that had to make room.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= MAX
    }

    pub(crate) fn learn(&mut self, value: u64, at: Second) {
        if let Some(place) = self.0.iter().position(|seen| seen.value == value) {
            if let Some(seen) = self.0.get_mut(place) {
                seen.learn(at);
            }
            // What comes often moves to the front, where it is found sooner.
            return self.0.swap(place, place.saturating_sub(1));
        }
        let seen = Seen::new(value, at);
        if !self.is_full() {
            self.0.push(seen);
            return;
        }
        let oldest = self.0.iter_mut().min_by_key(|seen| (seen.last, seen.value));
        if let Some(oldest) = oldest {
            *oldest = seen;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_sightings_are_counted_and_long_absence_forgets() {
        let mut set = SeenSet::<4>::default();
        for at in [DAY, DAY + 1, 2 * DAY, 2 * DAY + 5] {
            set.learn(7, at);
        }
        let seen = *set.get(7).unwrap();
        assert_eq!((seen.count, seen.days, seen.first), (4, 2, DAY));
        assert_eq!(set.since(7, 3 * DAY), None);
        set.learn(7, 2 * DAY + 5 + FORGOTTEN_AFTER);
        assert_eq!(set.get(7).unwrap().count, 1);
    }

    #[test]
    fn the_least_recent_value_makes_room() {
        let mut set = SeenSet::<3>::default();
        for (value, at) in [(1, 10), (2, 5), (3, 5), (1, 20), (4, 30), (5, 31)] {
            set.learn(value, at);
        }
        assert_eq!(set.len(), 3);
        assert!(set.get(2).is_none() && set.get(3).is_none());
        let usual: Vec<u64> = set.usual(0).iter().map(|seen| seen.value).collect();
        assert_eq!(usual, [1, 4, 5]);
    }
}
