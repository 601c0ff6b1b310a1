use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash};

use compact_str::CompactString;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::second::Second;
use crate::StateRow;

/// The form in which values are saved; values of another form are not read.
const FORM: u8 = 1;

/// What a table can hold: it knows when it was last touched, so that the table can make room.
pub(crate) trait Remembered: Clone + Serialize + DeserializeOwned {
    fn touched(&self) -> Second;
}

/// What a table can be keyed by: it has a form as text, for the keys of saved rows.
pub(crate) trait Key: Clone + Eq + Hash + Ord {
    fn to_text(&self) -> String;
    fn from_text(text: &str) -> Option<Self>;
}

/// Values by key: at most so many, with undo, and with a list of what is not saved yet.
#[derive(Debug)]
pub(crate) struct Table<K, V> {
    /// Begins the keys of the saved rows.
    prefix: &'static str,
    max: usize,
    /// In boxes, so that the table stays small while it grows.
    entries: HashTable<Box<Entry<K, V>>>,
    hasher: RandomState,
    /// During a preview, what each touched key held before it.
    before: Option<Before<K, V>>,
    /// Keys whose saved row is not as it should be, each once.
    changed: Vec<K>,
}

/// What keys held; `None` where nothing was.
type Before<K, V> = HashMap<K, Option<Box<Entry<K, V>>>>;

#[derive(Clone, Debug)]
struct Entry<K, V> {
    key: K,
    value: V,
    /// Whether the key is in the list of changed ones.
    changed: bool,
}

impl<K, V> Entry<K, V> {
    fn new(key: K, value: V) -> Self {
        let changed = false;
        Self {
            key,
            value,
            changed,
        }
    }
}

impl<K: Key, V: Remembered> Table<K, V> {
    pub(crate) fn new(prefix: &'static str, max: usize) -> Self {
        Self {
            prefix,
            max,
            entries: HashTable::new(),
            hasher: RandomState::default(),
            before: None,
            changed: Vec::new(),
        }
    }

    pub(crate) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let place = self.place(key, self.hasher.hash_one(key))?;
        Some(&self.entries.get_bucket(place)?.value)
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value under `key`, to be changed; where there is none yet, `create` makes it, or nothing happens.
    pub(crate) fn change<Q>(
        &mut self,
        key: &Q,
        own: impl Fn() -> K,
        create: impl FnOnce() -> Option<V>,
    ) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        let place = if let Some(place) = self.place(key, hash) {
            if let Some(before) = &mut self.before
                && !before.contains_key(key)
            {
                before.insert(own(), self.entries.get_bucket(place).cloned());
            }
            place
        } else {
            let value = create()?;
            self.make_room();
            if let Some(before) = &mut self.before {
                before.entry(own()).or_default();
            }
            self.insert(hash, Box::new(Entry::new(own(), value)))
        };
        let entry = self.entries.get_bucket_mut(place)?;
        if self.before.is_none() && !entry.changed {
            entry.changed = true;
            self.changed.push(own());
        }
        Some(&mut entry.value)
    }

    /// Where `key`, which has this hash, stands; good until something is added or removed.
    fn place<Q>(&self, key: &Q, hash: u64) -> Option<usize>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.entries
            .find_bucket_index(hash, |entry| entry.key.borrow() == key)
    }

    /// Adds what is not there yet.
    fn insert(&mut self, hash: u64, entry: Box<Entry<K, V>>) -> usize {
        let hasher = &self.hasher;
        let added = self
            .entries
            .insert_unique(hash, entry, |entry| hasher.hash_one(&entry.key));
        added.bucket_index()
    }

    fn remove(&mut self, key: &K) -> Option<Box<Entry<K, V>>> {
        let hash = self.hasher.hash_one(key);
        let found = self.entries.find_entry(hash, |entry| entry.key == *key);
        Some(found.ok()?.remove().0)
    }

    /// Before the table overflows, the eighth that was not touched for longest goes; of equals, the lowest keys.
    fn make_room(&mut self) {
        if self.entries.len() < self.max {
            return;
        }
        let by_age = self.entries.iter();
        let mut by_age: Vec<(Second, K)> = by_age
            .map(|entry| (entry.value.touched(), entry.key.clone()))
            .collect();
        let leaving = (self.max / 8).max(1);
        if leaving < by_age.len() {
            by_age.select_nth_unstable(leaving);
        }
        for (_, key) in by_age.into_iter().take(leaving) {
            let gone = self.remove(&key);
            if let Some(before) = &mut self.before {
                before.entry(key).or_insert(gone);
            } else if gone.is_some_and(|entry| !entry.changed) {
                self.changed.push(key);
            }
        }
    }

    /// From now on, changes are undone by [`Self::end_preview`].
    pub(crate) fn begin_preview(&mut self) {
        self.before.get_or_insert_default();
    }

    pub(crate) fn end_preview(&mut self) {
        for (key, entry) in self.before.take().unwrap_or_default() {
            self.remove(&key);
            if let Some(entry) = entry {
                self.insert(self.hasher.hash_one(&key), entry);
            }
        }
    }

    /// Rows for everything that changed since the last call, by key.
    pub(crate) fn take_changes(&mut self, rows: &mut Vec<StateRow>) {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        for key in changed {
            let place = self.place(&key, self.hasher.hash_one(&key));
            let entry = place.and_then(|place| self.entries.get_bucket_mut(place));
            let value = entry.and_then(|entry| {
                entry.changed = false;
                // All values are plain data, so writing them to memory can't fail.
                postcard::to_extend(&entry.value, vec![FORM]).ok()
            });
            rows.push(StateRow {
                key: format!("{}{}", self.prefix, key.to_text()),
                value,
            });
        }
    }

    /// Takes a saved row. `None`: it is another table's; `Some(false)`: it can't be read.
    pub(crate) fn restore(&mut self, row: &StateRow) -> Option<bool> {
        let key = row.key.strip_prefix(self.prefix)?;
        let Some(value) = &row.value else {
            return Some(true);
        };
        let value = match value.split_first() {
            Some((&FORM, value)) => postcard::from_bytes(value).ok(),
            _ => None,
        };
        let Some((key, value)) = K::from_text(key).zip(value) else {
            return Some(false);
        };
        self.remove(&key);
        let hash = self.hasher.hash_one(&key);
        self.insert(hash, Box::new(Entry::new(key, value)));
        Some(true)
    }
}

/// In place up to 24 bytes, as gids are.
impl Key for CompactString {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Key for Box<str> {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Key for u128 {
    fn to_text(&self) -> String {
        format!("{self:032x}")
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::from_str_radix(text, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Touch(Second);

    impl Remembered for Touch {
        fn touched(&self) -> Second {
            self.0
        }
    }

    type Touches = Table<u128, Touch>;

    fn touch(table: &mut Touches, key: u128, at: Second) {
        if let Some(value) = table.change(&key, || key, || Some(Touch(at))) {
            value.0 = at;
        }
    }

    fn contents(table: &Touches) -> Vec<(u128, Second)> {
        let mut contents: Vec<_> = table
            .entries
            .iter()
            .map(|entry| (entry.key, entry.value.0))
            .collect();
        contents.sort_unstable();
        contents
    }

    fn rows(table: &mut Touches) -> Vec<StateRow> {
        let mut rows = Vec::new();
        table.take_changes(&mut rows);
        rows
    }

    #[test]
    fn the_least_recent_make_room_and_their_rows_go() {
        let mut table = Touches::new("touch/", 16);
        for key in 0..16_u128 {
            touch(&mut table, key, 100 - Second::try_from(key).unwrap() / 2);
        }
        assert_eq!(rows(&mut table).len(), 16);
        touch(&mut table, 99, 200);
        assert_eq!(table.len(), 15);
        let gone: Vec<String> = rows(&mut table)
            .into_iter()
            .filter(|row| row.value.is_none())
            .map(|row| row.key)
            .collect();
        assert_eq!(
            gone,
            [format!("touch/{:032x}", 14), format!("touch/{:032x}", 15)]
        );
        assert!(table.change(&7777, || 7777, || None).is_none());
    }

    #[test]
    fn rows_of_another_form_are_refused() {
        let mut table = Touches::new("touch/", 16);
        let row = |key: &str, value: Option<Vec<u8>>| StateRow {
            key: key.to_owned(),
            value,
        };
        for (row, outcome) in [
            (row("other/1", None), None),
            (row("touch/1", None), Some(true)),
            (row("touch/1", Some(vec![FORM, 5])), Some(true)),
            (row("touch/1", Some(vec![FORM])), Some(false)),
            (row("touch/1", Some(vec![FORM + 1, 5])), Some(false)),
            (row("touch/1", Some(vec![])), Some(false)),
            (row("touch/zebra", Some(vec![FORM, 5])), Some(false)),
        ] {
            assert_eq!(table.restore(&row), outcome, "{row:?}");
        }
        assert_eq!(contents(&table), [(1, 5)]);
    }

    proptest! {
        #[test]
        fn a_preview_leaves_no_trace_and_rows_give_the_same_table(
            settled in prop::collection::vec((0..40_u128, 0..50_u32), 0..60),
            previewed in prop::collection::vec((0..40_u128, 0..50_u32), 0..60),
        ) {
            let (mut plain, mut table) = (Touches::new("t/", 16), Touches::new("t/", 16));
            let mut copy = Touches::new("t/", 16);
            let mut saved = std::collections::BTreeMap::new();
            for (round, (key, at)) in settled.into_iter().enumerate() {
                touch(&mut plain, key, at);
                touch(&mut table, key, at);
                if round % 7 == 0 {
                    table.begin_preview();
                    for (key, at) in &previewed {
                        touch(&mut table, *key, *at);
                    }
                    table.end_preview();
                }
                if round % 5 == 0 {
                    saved.extend(rows(&mut table).into_iter().map(|row| (row.key.clone(), row)));
                }
            }
            prop_assert_eq!(contents(&plain), contents(&table));
            saved.extend(rows(&mut table).into_iter().map(|row| (row.key.clone(), row)));
            for row in saved.values() {
                prop_assert_eq!(copy.restore(row), Some(true));
            }
            prop_assert_eq!(contents(&plain), contents(&copy));
        }
    }
}
