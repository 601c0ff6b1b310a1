//! Taking a piece out of the window.

use super::super::value::{Found, ValueEnd};
use super::{BEGINNING_BYTES, Fault, HEAD_BYTES_MAX, Pieces, Place, Value};

impl Pieces {
    /// Takes a key, without its quotes.
    pub(super) fn key(&mut self) -> Option<Vec<u8>> {
        let mut end = ValueEnd::default();
        let mut fed = 0;
        while fed <= HEAD_BYTES_MAX {
            let text = self.window.text();
            match end.feed(text.get(fed..).unwrap_or_default()) {
                Found::End(length) => {
                    let key = text.get(1..fed + length - 1)?.to_vec();
                    self.window.consume(fed + length);
                    return Some(key);
                }
                Found::Broken(_) => return None,
                Found::More => fed = text.len(),
            }
            if !self.window.more() {
                return None;
            }
        }
        None
    }

    /// Passes over a value that nobody asked for.
    pub(super) fn skip_value(&mut self) -> Option<Value> {
        let mut end = ValueEnd::default();
        loop {
            let text = self.window.text();
            let all = text.len();
            match end.feed(text) {
                Found::End(length) => {
                    self.window.consume(length);
                    return None;
                }
                Found::Broken(length) => {
                    self.window.consume(length);
                    return self.broken();
                }
                Found::More => self.window.consume(all),
            }
            if !self.window.more() {
                self.note_cut(self.window.line());
                return None;
            }
        }
    }

    /// Takes a line, or the value that begins on it and goes on behind it.
    pub(super) fn line(&mut self) -> Value {
        let mut searched = 0;
        let line = self.window.line();
        let (length, is_last) = loop {
            let text = self.window.text();
            let rest = text.get(searched..).unwrap_or_default();
            if let Some(found) = memchr::memchr(b'\n', rest) {
                break (searched + found, false);
            }
            searched = text.len();
            if searched > self.bytes_max {
                return self.long_line();
            }
            if !self.window.more() {
                break (searched, true);
            }
        };
        let whole = self.window.text().get(..length).unwrap_or_default();
        let text = whole.trim_ascii_end();
        // Elements of an array that broke stand one a line, with their commas.
        let text = match text.strip_suffix(b",") {
            Some(element) if element.ends_with(b"}") => element,
            _ => text,
        };
        let mut value = Value::new(line, text.len(), None);
        value.tail = length - text.len();
        if text.starts_with(b"{") && !text.ends_with(b"}") {
            let line_break: &[u8] = if is_last { b"" } else { b"\n" };
            let mut end = ValueEnd::default();
            if end.feed(whole) == Found::More && end.feed(line_break) == Found::More {
                // Either the event goes on behind this line, or it is cut off and something else follows.
                value = self.value();
            }
        }
        value
    }

    fn long_line(&mut self) -> Value {
        let line = self.window.line();
        self.keep_beginning();
        loop {
            let text = self.window.text();
            if let Some(found) = memchr::memchr(b'\n', text) {
                self.window.consume(found);
                break;
            }
            let all = text.len();
            self.window.consume(all);
            if !self.window.more() {
                break;
            }
        }
        self.too_long(line)
    }

    /// Takes the value that begins here.
    pub(super) fn value(&mut self) -> Value {
        let line = self.window.line();
        let mut end = ValueEnd::default();
        let mut fed = 0;
        loop {
            let text = self.window.text();
            match end.feed(text.get(fed..).unwrap_or_default()) {
                Found::End(length) => return Value::new(line, fed + length, None),
                Found::Broken(length) => {
                    self.place = Place::Broken;
                    return Value::new(line, fed + length, Some(Fault::Broken));
                }
                Found::More => fed = text.len(),
            }
            if fed > self.bytes_max {
                return self.long_value(line, end);
            }
            if !self.window.more() {
                self.note_cut(line);
                return Value::new(line, fed, Some(Fault::Cut));
            }
        }
    }

    /// Goes on to the end of a value of which everything in the window has been fed to `end`.
    fn long_value(&mut self, line: u64, mut end: ValueEnd) -> Value {
        self.keep_beginning();
        loop {
            let all = self.window.text().len();
            self.window.consume(all);
            if !self.window.more() {
                self.note_cut(line);
                break;
            }
            match end.feed(self.window.text()) {
                Found::End(length) => {
                    self.window.consume(length);
                    break;
                }
                Found::Broken(length) => {
                    self.window.consume(length);
                    self.note_break();
                    break;
                }
                Found::More => {}
            }
        }
        self.too_long(line)
    }

    fn keep_beginning(&mut self) {
        let text = self.window.text();
        self.beginning = text.get(..BEGINNING_BYTES).unwrap_or(text).to_vec();
    }

    fn too_long(&self, line: u64) -> Value {
        Value::new(line, 0, Some(Fault::TooLong(self.bytes_max)))
    }
}
