//! Which gids of which day are already in the lake.

use std::collections::HashMap;

use chrono::NaiveDate;
use drishti_model::SourceName;
use foldhash::HashSet;

/// Most gids held in memory over all days; about 70 MB. Beyond it the day that was used longest ago is forgotten, and loaded
/// again when it is touched.
const GIDS_IN_MEMORY_MAX: usize = 4_000_000;

/// A set of gids. Asana's are decimal numbers, which take 8 bytes; any other text is kept as it is.
#[derive(Debug, Default)]
pub(crate) struct GidSet {
    numbers: HashSet<u64>,
    texts: HashSet<Box<str>>,
}

impl GidSet {
    /// Adds a gid and tells whether it was new.
    pub(crate) fn insert(&mut self, gid: &str) -> bool {
        match canonical_number(gid) {
            Some(number) => self.numbers.insert(number),
            None => !self.texts.contains(gid) && self.texts.insert(gid.into()),
        }
    }

    pub(crate) fn contains(&self, gid: &str) -> bool {
        match canonical_number(gid) {
            Some(number) => self.numbers.contains(&number),
            None => self.texts.contains(gid),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len() + self.texts.len()
    }

    fn absorb(&mut self, other: GidSet) {
        if self.len() == 0 {
            *self = other;
        } else {
            self.numbers.extend(other.numbers);
            self.texts.extend(other.texts);
        }
    }
}

/// The number that `gid` is, where exactly this text is how the number is written.
fn canonical_number(gid: &str) -> Option<u64> {
    let leading = gid.as_bytes().first()?;
    let canonical = leading.is_ascii_digit() && (gid.len() == 1 || *leading != b'0');
    canonical.then(|| gid.parse().ok()).flatten()
}

pub(crate) type Day = (SourceName, NaiveDate);

/// The days that were touched lately, each with all its gids.
#[derive(Debug)]
pub(crate) struct KnownGids {
    most: usize,
    days: HashMap<Day, (GidSet, u64)>,
    uses: u64,
    /// The newest batch of each source that `days` has seen.
    sequences: HashMap<SourceName, i64>,
}

impl Default for KnownGids {
    fn default() -> Self {
        Self::with_room_for(GIDS_IN_MEMORY_MAX)
    }
}

impl KnownGids {
    /// Holds at most `most` gids, or those of one batch's days if that is more.
    pub(crate) fn with_room_for(most: usize) -> Self {
        Self {
            most,
            days: HashMap::new(),
            uses: 0,
            sequences: HashMap::new(),
        }
    }

    pub(crate) fn day(&mut self, day: &Day) -> Option<&GidSet> {
        self.uses += 1;
        let (gids, used) = self.days.get_mut(day)?;
        *used = self.uses;
        Some(gids)
    }

    /// Adds gids to a day. A day that is not held must come whole.
    pub(crate) fn add(&mut self, day: Day, gids: GidSet) {
        self.uses += 1;
        let held = self.days.entry(day).or_default();
        held.0.absorb(gids);
        held.1 = self.uses;
    }

    /// Notes that the table is at batch `sequence` of `source`, and forgets its days where that is news: another process wrote.
    pub(crate) fn trust(&mut self, source: &SourceName, sequence: i64) {
        if self.sequences.insert(source.clone(), sequence) != Some(sequence) {
            self.forget(source);
        }
    }

    /// Notes that this process wrote batch `sequence` itself, and holds what was in it.
    pub(crate) fn wrote(&mut self, source: &SourceName, sequence: i64) {
        self.sequences.insert(source.clone(), sequence);
    }

    pub(crate) fn forget(&mut self, source: &SourceName) {
        self.days.retain(|(name, _), _| name != source);
    }

    /// Forgets the days used longest ago until the gids have room, but none used after `since`.
    pub(crate) fn shrink(&mut self, since: u64) {
        let mut total: usize = self.days.values().map(|(gids, _)| gids.len()).sum();
        while total > self.most {
            let oldest = self
                .days
                .iter()
                .filter(|(_, (_, used))| *used <= since)
                .min_by_key(|(_, (_, used))| *used)
                .map(|(day, (gids, _))| (day.clone(), gids.len()));
            let Some((day, gids)) = oldest else { break };
            self.days.remove(&day);
            total -= gids;
        }
    }

    /// How many gids are held.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.days.values().map(|(gids, _)| gids.len()).sum()
    }

    /// A mark for [`KnownGids::shrink`]: what is used from now on is later than it.
    pub(crate) fn mark(&self) -> u64 {
        self.uses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_written_differently_are_different_gids() {
        let mut gids = GidSet::default();
        for gid in ["7", "07", "+7", "18446744073709551616", "a", ""] {
            assert!(gids.insert(gid), "{gid}");
            assert!(!gids.insert(gid), "{gid}");
            assert!(gids.contains(gid), "{gid}");
        }
        assert_eq!(gids.len(), 6);
    }

    #[test]
    fn the_day_used_longest_ago_is_forgotten_first() {
        let day = |n| {
            (
                SourceName::new("a").unwrap(),
                NaiveDate::from_ymd_opt(2026, 1, n).unwrap(),
            )
        };
        let mut known = KnownGids::with_room_for(20);
        for n in 1..=3 {
            let mut gids = GidSet::default();
            for gid in 0..10 {
                gids.insert(&gid.to_string());
            }
            known.add(day(n), gids);
        }
        known.day(&day(1));
        let mark = known.mark();
        known.shrink(mark);
        assert!(known.day(&day(2)).is_none());
        assert!(known.day(&day(1)).is_some() && known.day(&day(3)).is_some());
        known.most = 0;
        known.shrink(mark);
        assert!(known.day(&day(1)).is_some(), "used after the mark");
    }
}
