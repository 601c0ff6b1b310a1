//! The windows of all correlations: bounded, saved row by row, and able to take back what a preview did.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::window::Window;
use crate::StateRow;

/// Most groups over all correlations. Beyond it those are forgotten that were quiet for the longest time.
pub(super) const GROUPS_MAX: usize = 100_000;

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
pub(super) type Key = (usize, Arc<str>);

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
    windows: HashMap<Key, Window>,
    tally: Tally,
    changed: HashSet<Key>,
    swept_changed: bool,
    /// Keys of saved rows whose correlation is gone.
    orphans: Vec<String>,
    before: Option<Before>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Events in all windows.
    hits: usize,
    /// The hour, since 1970, in which expired groups were last looked for.
    swept: i64,
}

/// What there was before a preview.
#[derive(Debug)]
struct Before {
    windows: HashMap<Key, Option<Window>>,
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
            spans,
            bounds,
            ..Self::default()
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Window> {
        self.windows.get(key)
    }

    /// Changes a window, which may be a new one, at the time of an event in microseconds.
    pub(super) fn change<R>(
        &mut self,
        key: Key,
        at: i64,
        change: impl FnOnce(&mut Window) -> R,
    ) -> R {
        self.sweep_hourly(at);
        self.make_room(at);
        self.note(&key);
        let window = self.windows.entry(key).or_default();
        let before = window.len();
        let result = change(window);
        self.tally.hits = self.tally.hits + window.len() - before;
        result
    }

    pub(super) fn begin_preview(&mut self) {
        self.before = Some(Before {
            windows: HashMap::new(),
            tally: self.tally,
        });
    }

    pub(super) fn end_preview(&mut self) {
        let Some(before) = self.before.take() else {
            return;
        };
        for (key, window) in before.windows {
            match window {
                Some(window) => self.windows.insert(key, window),
                None => self.windows.remove(&key),
            };
        }
        self.tally = before.tally;
    }

    /// The rows that changed since the last time, in the order of their keys.
    pub(super) fn take_changes(&mut self) -> Vec<StateRow> {
        let mut rows: Vec<StateRow> = std::mem::take(&mut self.changed)
            .into_iter()
            .filter_map(|key| {
                let window = self.windows.get(&key);
                let (correlation, group) = key;
                Some(StateRow {
                    key: row_key(&self.spans.get(correlation)?.rows, &group),
                    value: window.map(|window| saved(&Saved { group, window })),
                })
            })
            .collect();
        let orphans = std::mem::take(&mut self.orphans);
        rows.extend(orphans.into_iter().map(|key| StateRow { key, value: None }));
        if std::mem::take(&mut self.swept_changed) {
            rows.push(StateRow {
                key: SWEPT.to_owned(),
                value: Some(saved(&self.tally.swept)),
            });
        }
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        rows
    }

    /// Takes the rows that were saved in place of what is there. Rows of correlations that are gone or were changed are left out,
    /// and given back by [`Memory::take_changes`] as removed.
    pub(super) fn restore(&mut self, rows: Vec<StateRow>) {
        let bounds = self.bounds;
        *self = Self::new(std::mem::take(&mut self.spans), bounds);
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
            let read = serde_json::from_slice::<Saved<Window>>(&value);
            match (correlation, read) {
                (Some(correlation), Ok(mut read)) => {
                    read.window.recount();
                    self.tally.hits += read.window.len();
                    self.windows.insert((correlation, read.group), read.window);
                }
                _ => self.orphans.push(row.key),
            }
        }
    }

    /// Remembers what was there, for the end of the preview or for the next save.
    fn note(&mut self, key: &Key) {
        match &mut self.before {
            None => {
                self.changed.insert(key.clone());
            }
            Some(before) => {
                if !before.windows.contains_key(key) {
                    let window = self.windows.get(key).cloned();
                    before.windows.insert(key.clone(), window);
                }
            }
        }
    }

    fn remove(&mut self, key: &Key) {
        self.note(key);
        if let Some(window) = self.windows.remove(key) {
            self.tally.hits -= window.len();
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
        let spans = &self.spans;
        let expired: Vec<Key> = self
            .windows
            .iter()
            .filter(|((correlation, _), window)| {
                let span = spans.get(*correlation).map_or(0, |span| span.microseconds);
                window
                    .latest()
                    .is_none_or(|latest| latest < at.saturating_sub(span))
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in expired {
            self.remove(&key);
        }
    }

    /// Keeps the bounds. What is removed depends only on the events so far, not on batches or restarts.
    fn make_room(&mut self, at: i64) {
        let full = |memory: &Self| {
            memory.windows.len() >= memory.bounds.groups || memory.tally.hits >= memory.bounds.hits
        };
        if !full(self) {
            return;
        }
        self.sweep(at);
        if !full(self) {
            return;
        }
        let mut quietest: Vec<(i64, Key)> = self
            .windows
            .iter()
            .map(|(key, window)| (window.latest().unwrap_or(i64::MIN), key.clone()))
            .collect();
        quietest.sort();
        let (groups, hits) = (self.bounds.groups / 10 * 9, self.bounds.hits / 10 * 9);
        for (_, key) in quietest {
            if self.windows.len() <= groups && self.tally.hits <= hits {
                break;
            }
            self.remove(&key);
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
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    if text.len() > KEY_BYTES_MAX {
        text.truncate(KEY_BYTES_MAX);
        let hash = fingerprint([group]);
        text.push_str(&format!("~{hash}"));
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
