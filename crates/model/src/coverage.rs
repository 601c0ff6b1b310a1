use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A span of time: `start` is part of it, `end` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TimeRange {
    /// First moment.
    pub start: DateTime<Utc>,
    /// First moment after it.
    pub end: DateTime<Utc>,
}

impl TimeRange {
    /// The span from `start` to `end`, or `None` where it would be empty.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }
}

/// The spans of time that are known to be complete, kept sorted, apart and not touching.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    ranges: Vec<TimeRange>,
}

impl Coverage {
    /// The complete spans, oldest first.
    pub fn ranges(&self) -> &[TimeRange] {
        &self.ranges
    }

    /// Adds a complete span, melting it with those that it touches.
    pub fn add(&mut self, range: TimeRange) {
        let before = self.ranges.partition_point(|known| known.end < range.start);
        let after = self
            .ranges
            .partition_point(|known| known.start <= range.end);
        let melted = self
            .ranges
            .drain(before..after)
            .fold(range, |melted, known| TimeRange {
                start: melted.start.min(known.start),
                end: melted.end.max(known.end),
            });
        self.ranges.insert(before, melted);
    }

    /// Takes a span away: it is no longer known complete.
    pub fn remove(&mut self, range: TimeRange) {
        let ranges = std::mem::take(&mut self.ranges);
        for known in ranges {
            let left = TimeRange::new(known.start, known.end.min(range.start));
            let right = TimeRange::new(known.start.max(range.end), known.end);
            if known.end <= range.start || known.start >= range.end {
                self.ranges.push(known);
            } else {
                self.ranges.extend(left.into_iter().chain(right));
            }
        }
    }

    /// The spans of `within` that are not known complete, oldest first.
    pub fn gaps(&self, within: TimeRange) -> Vec<TimeRange> {
        let mut gaps = Vec::new();
        let mut from = within.start;
        for known in &self.ranges {
            gaps.extend(TimeRange::new(from, known.start.min(within.end)));
            from = from.max(known.end);
        }
        gaps.extend(TimeRange::new(from, within.end));
        gaps
    }

    /// Up to when everything since `start` is known complete; `None` where `start` itself is not.
    pub fn complete_until(&self, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.ranges
            .iter()
            .find(|known| known.start <= start && start < known.end)
            .map(|known| known.end)
    }
}

impl FromIterator<TimeRange> for Coverage {
    fn from_iter<I: IntoIterator<Item = TimeRange>>(ranges: I) -> Self {
        let mut coverage = Self::default();
        for range in ranges {
            coverage.add(range);
        }
        coverage
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECONDS: i64 = 40;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
    }

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange {
            start: at(start),
            end: at(end),
        }
    }

    fn seconds(ranges: &[TimeRange]) -> Vec<bool> {
        (0..SECONDS)
            .map(|second| {
                ranges
                    .iter()
                    .any(|r| r.start <= at(second) && at(second) < r.end)
            })
            .collect()
    }

    #[test]
    fn touching_spans_melt() {
        let coverage: Coverage = [range(0, 5), range(10, 20), range(5, 10)]
            .into_iter()
            .collect();
        assert_eq!(coverage.ranges(), [range(0, 20)]);
        assert_eq!(coverage.complete_until(at(3)), Some(at(20)));
        assert_eq!(coverage.complete_until(at(20)), None);
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_list_of_seconds(
            steps in prop::collection::vec((any::<bool>(), 0..SECONDS, 1..SECONDS), 0..20),
            (from, length) in (0..SECONDS, 1..SECONDS),
        ) {
            let mut coverage = Coverage::default();
            let mut model = vec![false; usize::try_from(SECONDS).unwrap()];
            for (add, start, length) in steps {
                let end = (start + length).min(SECONDS);
                if add { coverage.add(range(start, end)) } else { coverage.remove(range(start, end)) }
                for second in start..end {
                    model[usize::try_from(second).unwrap()] = add;
                }
                prop_assert_eq!(seconds(coverage.ranges()), model.clone());
                prop_assert!(coverage.ranges().windows(2).all(|pair| pair[0].end < pair[1].start));
            }
            let to = (from + length).min(SECONDS);
            let gaps = coverage.gaps(range(from, to));
            for second in from..to {
                let missing = !model[usize::try_from(second).unwrap()];
                prop_assert_eq!(seconds(&gaps)[usize::try_from(second).unwrap()], missing);
            }
            prop_assert!(gaps.iter().all(|gap| gap.start >= at(from) && gap.end <= at(to)));
        }
    }
}
