use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a correlation remembers of one group: the events that still count, the oldest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Window {
    /// When the first event of the session happened, in microseconds since 1970; only for session windows.
    start: i64,
    hits: VecDeque<Hit>,
    /// How many hits have each value; follows from `hits`, and is made when they are more than a few.
    #[serde(skip)]
    values: Option<HashMap<Arc<str>, usize>>,
}

/// Up to so many hits, values are compared with each other instead of being kept in a table.
const COMPARED_MAX: usize = 16;

/// An event that counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Hit {
    /// Microseconds since 1970.
    pub(super) at: i64,
    pub(super) gid: Arc<str>,
    /// Which of the rules that the correlation names.
    pub(super) reference: usize,
    pub(super) measure: Measure,
}

/// What is counted or added up of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Measure {
    Nothing,
    Value(Arc<str>),
    Number(f64),
}

impl Window {
    pub(super) fn len(&self) -> usize {
        self.hits.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.hits.is_empty()
    }

    pub(super) fn hits(&self) -> impl DoubleEndedIterator<Item = &Hit> {
        self.hits.iter()
    }

    pub(super) fn start(&self) -> i64 {
        self.start
    }

    pub(super) fn latest(&self) -> Option<i64> {
        self.hits.back().map(|hit| hit.at)
    }

    /// How many different values were seen.
    pub(super) fn distinct(&self) -> usize {
        if let Some(values) = &self.values {
            return values.len();
        }
        let first = |(place, hit): &(usize, &Hit)| match &hit.measure {
            Measure::Value(_) => !self
                .hits
                .iter()
                .take(*place)
                .any(|earlier| earlier.measure == hit.measure),
            Measure::Nothing | Measure::Number(_) => false,
        };
        self.hits.iter().enumerate().filter(first).count()
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> {
        self.hits.iter().filter_map(|hit| match hit.measure {
            Measure::Number(number) => Some(number),
            Measure::Nothing | Measure::Value(_) => None,
        })
    }

    pub(super) fn push(&mut self, hit: Hit) {
        if self.hits.is_empty() {
            self.start = hit.at;
        }
        let valued = matches!(hit.measure, Measure::Value(_));
        if let (Some(values), Measure::Value(value)) = (&mut self.values, &hit.measure) {
            *values.entry(Arc::clone(value)).or_default() += 1;
        }
        self.hits.push_back(hit);
        if valued && self.values.is_none() && self.hits.len() > COMPARED_MAX {
            self.tabulate();
        }
    }

    /// Forgets what happened before `time`.
    pub(super) fn forget_before(&mut self, time: i64) {
        while self.hits.front().is_some_and(|hit| hit.at < time) {
            self.pop();
        }
    }

    /// Forgets the oldest until at most `count` are left.
    pub(super) fn keep_newest(&mut self, count: usize) {
        while self.hits.len() > count {
            self.pop();
        }
    }

    pub(super) fn clear(&mut self) {
        self.hits.clear();
        self.values = None;
    }

    /// Makes the table of values.
    fn tabulate(&mut self) {
        let mut values: HashMap<Arc<str>, usize> = HashMap::new();
        for hit in &self.hits {
            if let Measure::Value(value) = &hit.measure {
                *values.entry(Arc::clone(value)).or_default() += 1;
            }
        }
        self.values = Some(values);
    }

    fn pop(&mut self) {
        let Some(Measure::Value(value)) = self.hits.pop_front().map(|hit| hit.measure) else {
            return;
        };
        let Some(values) = &mut self.values else {
            return;
        };
        if let Some(count) = values.get_mut(&value) {
            *count -= 1;
            if *count == 0 {
                values.remove(&value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(at: i64, value: &str) -> Hit {
        Hit {
            at,
            gid: Arc::from(at.to_string()),
            reference: 0,
            measure: Measure::Value(Arc::from(value)),
        }
    }

    #[test]
    fn values_are_counted_as_they_come_and_go() {
        let mut window = Window::default();
        for (at, value) in [(1, "a"), (2, "b"), (3, "a"), (4, "c")] {
            window.push(hit(at, value));
        }
        assert_eq!(
            (window.len(), window.distinct(), window.latest()),
            (4, 3, Some(4))
        );
        window.forget_before(3);
        assert_eq!((window.len(), window.distinct()), (2, 2));
        let saved = serde_json::to_string(&window).unwrap();
        let again: Window = serde_json::from_str(&saved).unwrap();
        assert_eq!((again.len(), again.distinct()), (2, 2));
        window.keep_newest(1);
        assert_eq!((window.distinct(), window.start()), (1, 1));
        window.clear();
        assert!(window.is_empty());
    }

    #[test]
    fn few_and_many_values_are_counted_alike() {
        let mut window = Window::default();
        for at in 0..100 {
            window.push(hit(at, &(at % 20).to_string()));
            let expected = usize::try_from(at + 1).unwrap().min(20);
            assert_eq!(window.distinct(), expected);
        }
        assert!(window.values.is_some());
        for left in [30, 15, 3] {
            window.keep_newest(left);
            assert_eq!(window.distinct(), left.min(20));
        }
    }
}
