//! A map that can take back what was done to it, and knows what has to be saved.

use std::borrow::Borrow;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

/// A map with a memory of its changes. Between [`Journal::begin`] and [`Journal::end`] every change is noted and then undone;
/// outside of them, keys that changed are remembered until [`Journal::take_changed`].
#[derive(Clone, Debug)]
pub(crate) struct Journal<K, V> {
    values: HashMap<K, V>,
    /// What stood under the keys that changed since `begin`.
    before: Option<HashMap<K, Option<V>>>,
    changed: HashSet<K>,
}

impl<K, V> Default for Journal<K, V> {
    fn default() -> Self {
        Self {
            values: HashMap::new(),
            before: None,
            changed: HashSet::new(),
        }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Journal<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.values.iter()
    }

    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.values.get(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        let before = self.values.insert(key.clone(), value);
        self.note(key, || before);
    }

    pub(crate) fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some((key, before)) = self.values.remove_entry(key) {
            self.note(key, || Some(before));
        }
    }

    /// Puts a value there that was saved; it does not count as a change.
    pub(crate) fn restore(&mut self, key: K, value: V) {
        self.values.insert(key, value);
    }

    /// From here on changes are undone by [`Journal::end`].
    pub(crate) fn begin(&mut self) {
        self.before = Some(HashMap::new());
    }

    /// Undoes what was changed since [`Journal::begin`].
    pub(crate) fn end(&mut self) {
        for (key, before) in self.before.take().unwrap_or_default() {
            match before {
                Some(value) => drop(self.values.insert(key, value)),
                None => drop(self.values.remove(&key)),
            }
        }
    }

    /// The keys that changed since the last time, with what stands there now.
    pub(crate) fn take_changed(&mut self) -> Vec<(K, Option<V>)> {
        let changed = std::mem::take(&mut self.changed);
        changed
            .into_iter()
            .map(|key| {
                let value = self.values.get(&key).cloned();
                (key, value)
            })
            .collect()
    }

    fn note(&mut self, key: K, before: impl FnOnce() -> Option<V>) {
        match &mut self.before {
            None => drop(self.changed.insert(key)),
            Some(noted) => {
                if let Entry::Vacant(place) = noted.entry(key) {
                    place.insert(before());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(journal: &Journal<u8, char>) -> Vec<(u8, char)> {
        let mut all: Vec<_> = journal.iter().map(|(key, value)| (*key, *value)).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn what_happens_between_begin_and_end_is_undone_and_not_saved() {
        let mut journal = Journal::default();
        journal.restore(1, 'a');
        journal.insert(2, 'b');
        journal.begin();
        journal.insert(1, 'x');
        journal.insert(1, 'y');
        journal.remove(&2);
        journal.insert(2, 'z');
        journal.insert(3, 'n');
        journal.remove(&3);
        assert_eq!(contents(&journal), [(1, 'y'), (2, 'z')]);
        journal.end();
        assert_eq!(contents(&journal), [(1, 'a'), (2, 'b')]);
        assert_eq!(journal.take_changed(), [(2, Some('b'))]);
        journal.remove(&1);
        assert_eq!(journal.take_changed(), [(1, None)]);
        assert_eq!(journal.take_changed(), []);
        assert_eq!((journal.len(), journal.get(&2)), (1, Some(&'b')));
    }
}
