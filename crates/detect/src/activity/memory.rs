//! The windows of all correlations: bounded, saved row by row, and able to take back what a preview did.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _, HashSet};
use serde::{Deserialize, Serialize};

use super::window::Window;
use crate::StateRow;

/// Most groups over all correlations. Beyond it those are forgotten that were quiet for the longest time.
pub(super) const GROUPS_MAX: usize = 250_000;

/// Most events that are remembered over all groups; beyond it as with [`GROUPS_MAX`].
pub(super) const HITS_MAX: usize = 2_000_000;

/// Begins the keys of all rows.
const ROWS: &str = "activity/";

/// Key of the row that says when expired groups were last looked for.
const SWEPT: &str = "activity/swept";

/// Longest readable group in the key of a row, in bytes.
const KEY_BYTES_MAX: usize = 200;

const HOUR_MICROSECONDS: i64 = 3_600_000_000;

/// A correlation and the values of its group.
type Key = (usize, Arc<str>);

/// How long a correlation remembers, as the memory needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Begins the keys of its rows; changes when the correlation does.
    pub(super) rows: String,
    /// Microseconds after which an event does not count any more.
    pub(super) microseconds: i64,
}

/// Bounds, so that tests can have small ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) groups: usize,
    pub(super) hits: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            groups: GROUPS_MAX,
            hits: HITS_MAX,
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Memory {
    spans: Vec<Span>,
    bounds: Bounds,
    /// The groups of each correlation.
    groups: Vec<HashMap<Arc<str>, Group>>,
    tally: Tally,
    swept_changed: bool,
    /// Groups that were saved and are no longer there.
    removed: HashSet<Key>,
    /// Keys of saved rows whose correlation is gone.
    orphans: Vec<String>,
    before: Option<Before>,
}

#[derive(Clone, Debug, Default)]
struct Group {
    window: Window,
    /// Differs from what was saved.
    changed: bool,
    /// There is a row of it.
    saved: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    groups: usize,
    /// Events in all windows.
    hits: usize,
    /// The hour, since 1970, in which expired groups were last looked for.
    swept: i64,
}

/// What there was before a preview.
#[derive(Debug)]
struct Before {
    groups: HashMap<Key, Option<Group>>,
    removed: HashSet<Key>,
    tally: Tally,
}

/// A window as it is saved.
#[derive(Serialize, Deserialize)]
struct Saved<W> {
    group: Arc<str>,
    window: W,
}

impl Memory {
    pub(super) fn new(spans: Vec<Span>, bounds: Bounds) -> Self {
        Self {
            groups: vec![HashMap::new(); spans.len()],
            spans,
            bounds,
            ..Self::default()
        }
    }

    pub(super) fn get(&self, correlation: usize, group: &str) -> Option<&Window> {
        let group = self.groups.get(correlation)?.get(group)?;
        Some(&group.window)
    }

    /// Changes a window, which may be a new one, at the time of an event in microseconds.
    pub(super) fn change<R>(
        &mut self,
        correlation: usize,
        group: &str,
        at: i64,
        change: impl FnOnce(&mut Window) -> Option<R>,
    ) -> Option<R> {
        self.sweep_hourly(at);
        self.make_room(at);
        if self.before.is_some() {
            self.note(correlation, group);
        }
        let groups = self.groups.get_mut(correlation)?;
        if !groups.contains_key(group) {
            self.tally.groups += 1;
            let name: Arc<str> = group.into();
            let saved = self.removed.remove(&(correlation, Arc::clone(&name)));
            let new = Group {
                saved,
                ..Group::default()
            };
            groups.insert(name, new);
        }
        let found = groups.get_mut(group)?;
        let before = found.window.len();
        let result = change(&mut found.window);
        found.changed = true;
        self.tally.hits = self.tally.hits + found.window.len() - before;
        result
    }

    pub(super) fn is_previewing(&self) -> bool {
        self.before.is_some()
    }

    pub(super) fn begin_preview(&mut self) {
        self.before = Some(Before {
            groups: HashMap::new(),
            removed: self.removed.clone(),
            tally: self.tally,
        });
    }

    pub(super) fn end_preview(&mut self) {
        let Some(before) = self.before.take() else {
            return;
        };
        for ((correlation, name), group) in before.groups {
            if let Some(groups) = self.groups.get_mut(correlation) {
                match group {
                    Some(group) => groups.insert(name, group),
                    None => groups.remove(&name),
                };
            }
        }
        self.removed = before.removed;
        self.tally = before.tally;
    }

    /// The rows that changed since the last time, in the order of their keys.
    pub(super) fn take_changes(&mut self) -> Vec<StateRow> {
        let mut rows = Vec::new();
        let mut row = |key, value| rows.push(StateRow { key, value });
        for (span, groups) in self.spans.iter().zip(&mut self.groups) {
            for (name, group) in groups {
                if std::mem::take(&mut group.changed) {
                    group.saved = true;
                    let value = saved(&Saved {
                        group: Arc::clone(name),
                        window: &group.window,
                    });
                    row(row_key(&span.rows, name), Some(value));
                }
            }
        }
        for (correlation, name) in std::mem::take(&mut self.removed) {
            if let Some(span) = self.spans.get(correlation) {
                row(row_key(&span.rows, &name), None);
            }
        }
        for key in std::mem::take(&mut self.orphans) {
            row(key, None);
        }
        if std::mem::take(&mut self.swept_changed) {
            row(SWEPT.to_owned(), Some(saved(&self.tally.swept)));
        }
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        rows
    }

    /// Takes the rows that were saved in place of what is there. Rows of correlations that are gone or were changed are left out,
    /// and given back by [`Memory::take_changes`] as removed.
    pub(super) fn restore(&mut self, rows: Vec<StateRow>) {
        *self = Self::new(std::mem::take(&mut self.spans), self.bounds);
        for row in rows {
            let (Some(value), true) = (row.value, row.key.starts_with(ROWS)) else {
                continue;
            };
            if row.key == SWEPT {
                self.tally.swept = serde_json::from_slice(&value).unwrap_or_default();
                continue;
            }
            let correlation = self.spans.iter().position(|span| {
                row.key
                    .strip_prefix(&span.rows)
                    .is_some_and(|rest| rest.starts_with('/'))
            });
            let groups = correlation.and_then(|correlation| self.groups.get_mut(correlation));
            let read = serde_json::from_slice::<Saved<Window>>(&value);
            match (groups, read) {
                (Some(groups), Ok(Saved { group, window })) => {
                    self.tally.groups += 1;
                    self.tally.hits += window.len();
                    let restored = Group {
                        window,
                        changed: false,
                        saved: true,
                    };
                    groups.insert(group, restored);
                }
                _ => self.orphans.push(row.key),
            }
        }
    }

    /// Remembers what was there, for the end of the preview.
    fn note(&mut self, correlation: usize, group: &str) {
        let Some(before) = &mut self.before else {
            return;
        };
        let known = self
            .groups
            .get(correlation)
            .and_then(|groups| groups.get_key_value(group));
        let name = known.map_or_else(|| group.into(), |(name, _)| Arc::clone(name));
        before
            .groups
            .entry((correlation, name))
            .or_insert_with(|| known.map(|(_, group)| group.clone()));
    }

    fn remove(&mut self, correlation: usize, group: &str) {
        self.note(correlation, group);
        let groups = self.groups.get_mut(correlation);
        let Some((name, group)) = groups.and_then(|groups| groups.remove_entry(group)) else {
            return;
        };
        self.tally.groups -= 1;
        self.tally.hits -= group.window.len();
        if group.saved {
            self.removed.insert((correlation, name));
        }
    }

    fn sweep_hourly(&mut self, at: i64) {
        let hour = at.div_euclid(HOUR_MICROSECONDS);
        if hour > self.tally.swept {
            self.tally.swept = hour;
            if self.before.is_none() {
                self.swept_changed = true;
            }
            self.sweep(at);
        }
    }

    /// Removes the groups in which nothing counts any more.
    fn sweep(&mut self, at: i64) {
        let mut expired: Vec<Key> = Vec::new();
        for (correlation, (span, groups)) in self.spans.iter().zip(&self.groups).enumerate() {
            let oldest = at.saturating_sub(span.microseconds);
            for (name, group) in groups {
                if group.window.latest().is_none_or(|latest| latest < oldest) {
                    expired.push((correlation, Arc::clone(name)));
                }
            }
        }
        for (correlation, name) in expired {
            self.remove(correlation, &name);
        }
    }

    fn is_full(&self) -> bool {
        self.tally.groups >= self.bounds.groups || self.tally.hits >= self.bounds.hits
    }

    /// Keeps the bounds. What is removed depends only on the events so far, not on batches or restarts.
    fn make_room(&mut self, at: i64) {
        if !self.is_full() {
            return;
        }
        self.sweep(at);
        if !self.is_full() {
            return;
        }
        let mut quietest: Vec<(i64, Key)> = Vec::with_capacity(self.tally.groups);
        for (correlation, groups) in self.groups.iter().enumerate() {
            quietest.extend(groups.iter().map(|(name, group)| {
                let latest = group.window.latest().unwrap_or(i64::MIN);
                (latest, (correlation, Arc::clone(name)))
            }));
        }
        quietest.sort_unstable();
        let (most_groups, most_hits) = (self.bounds.groups / 10 * 9, self.bounds.hits / 10 * 9);
        for (_, (correlation, name)) in quietest {
            if self.tally.groups <= most_groups && self.tally.hits <= most_hits {
                break;
            }
            self.remove(correlation, &name);
        }
    }
}

fn saved(value: &impl Serialize) -> Vec<u8> {
    // Numbers and texts always have a JSON form, so there is no error to handle.
    serde_json::to_vec(value).unwrap_or_default()
}

/// The key of a group's row: readable, in plain characters, and never too long for an index.
fn row_key(rows: &str, group: &str) -> String {
    let mut text = String::with_capacity(group.len());
    for byte in group.bytes() {
        if byte.is_ascii_alphanumeric() || b"@._-".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            let digits = [byte >> 4, byte & 15];
            text.extend(
                digits
                    .iter()
                    .filter_map(|digit| char::from_digit((*digit).into(), 16)),
            );
        }
    }
    if text.len() > KEY_BYTES_MAX {
        text.truncate(KEY_BYTES_MAX);
        text.push('~');
        text.push_str(&fingerprint([group]));
    }
    format!("{rows}/{text}")
}

/// A short text that changes when one of the texts does (FNV-1a, 128 bits).
pub(super) fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for text in texts {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u128::from(byte)).wrapping_mul(PRIME);
        }
    }
    format!("{hash:032x}")
}

/// What begins the keys of a correlation's rows.
pub(super) fn rows_of(policy: &str, correlation: &str, fingerprint: &str) -> String {
    row_key(
        &format!("{ROWS}{policy}"),
        &format!("{correlation}.{fingerprint}"),
    )
}

#[cfg(test)]
mod tests;
