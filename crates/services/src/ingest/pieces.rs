//! Cutting text into the events in it.
//!
//! Three forms are understood, and may follow each other in one input: one event a line, documents `{"data":[…]}` with or without
//! `next_page`, and arrays. An event may also be spread over several lines. Nothing is held but the piece in hand, and of a piece
//! that is too long only its beginning.
//!
//! Damage costs as little as can be: a line that is no event is one piece. Where a document breaks, what can't be told apart any
//! more is passed over, up to the next line that begins with a bracket or brace.

use super::value::{Found, ValueEnd};
use super::window::Window;

/// Bytes kept of a piece that is too long.
pub(crate) const BEGINNING_BYTES: usize = 64 << 10;

/// Most bytes of white space, and of a key, at the beginning of a document.
const HEAD_BYTES_MAX: usize = 4 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Something that should be an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// Its first line, from 1.
    pub(crate) line: u64,
    pub(crate) text: &'a [u8],
    /// What is wrong with it as a piece, whatever is in it.
    pub(crate) fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Longer than this many bytes; the text is only its beginning.
    TooLong(usize),
    /// No JSON goes on behind the text.
    Broken,
    /// The input ends in it.
    Cut,
}

/// What is wrong with the input as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Damage {
    /// The line on which the input ends in the middle of something.
    pub(crate) cut: Option<u64>,
    /// The line on which a document first broke.
    pub(crate) broken: Option<u64>,
    /// Lines passed over behind such places.
    pub(crate) lines_passed_over: u64,
    /// It is UTF-16, of which nothing is read.
    pub(crate) is_utf_16: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    /// Outside of documents.
    Top,
    /// In a page, before a key or its end.
    Page,
    /// In an array, before an element.
    Element { in_page: bool },
    /// In an array, behind an element.
    Separator { in_page: bool },
    /// Behind a break.
    Broken,
}

/// The pieces of an input.
pub(crate) struct Pieces {
    window: Window,
    bytes_max: usize,
    place: Place,
    /// Length of the piece given out last, which is still in the window.
    given: usize,
    /// Beginning of a piece that was too long.
    beginning: Vec<u8>,
    pub(crate) damage: Damage,
}

/// Where a value ended.
struct Value {
    line: u64,
    length: usize,
    /// Bytes behind it that go with it, such as the end of its line.
    tail: usize,
    fault: Option<Fault>,
}

impl Value {
    fn new(line: u64, length: usize, fault: Option<Fault>) -> Self {
        Self {
            line,
            length,
            tail: 0,
            fault,
        }
    }
}

impl Pieces {
    pub(crate) fn new(window: Window, bytes_max: usize) -> Self {
        Self {
            window,
            bytes_max,
            place: Place::Start,
            given: 0,
            beginning: Vec::new(),
            damage: Damage::default(),
        }
    }

    pub(crate) fn window(&mut self) -> &mut Window {
        &mut self.window
    }

    /// The next piece; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Piece<'_>> {
        self.window.consume(std::mem::take(&mut self.given));
        let value = loop {
            match self.place {
                Place::Start => self.start()?,
                Place::Broken => self.pass_over()?,
                Place::Top => {
                    if let Some(line) = self.top()? {
                        break line;
                    }
                }
                Place::Page => {
                    if let Some(value) = self.page()? {
                        break value;
                    }
                }
                Place::Element { in_page } => {
                    if let Some(value) = self.element(in_page)? {
                        break value;
                    }
                }
                Place::Separator { in_page } => {
                    if let Some(rest) = self.separator(in_page)? {
                        break rest;
                    }
                }
            }
        };
        self.given = value.length + value.tail;
        let text = match value.fault {
            Some(Fault::TooLong(_)) => &self.beginning,
            _ => self.window.text().get(..value.length).unwrap_or_default(),
        };
        Some(Piece {
            line: value.line,
            text,
            fault: value.fault,
        })
    }

    fn start(&mut self) -> Option<()> {
        self.window.has(2);
        self.damage.is_utf_16 = matches!(self.window.text(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
        self.place = Place::Top;
        (!self.damage.is_utf_16).then_some(())
    }

    /// Begins a document, or takes a line.
    fn top(&mut self) -> Option<Option<Value>> {
        match self.first_byte()? {
            b'[' => {
                self.window.consume(1);
                self.place = Place::Element { in_page: false };
            }
            b'{' if self.is_page() => {
                self.window.consume(1);
                self.place = Place::Page;
            }
            0xef if self.window.has(3) && self.window.text().starts_with(BYTE_ORDER_MARK) => {
                self.window.consume(BYTE_ORDER_MARK.len());
            }
            _ => return Some(Some(self.line())),
        }
        Some(None)
    }

    /// Reads a key and its value, or the end of the page.
    fn page(&mut self) -> Option<Option<Value>> {
        match self.byte_of_document()? {
            b'}' => {
                self.window.consume(1);
                self.place = Place::Top;
                return Some(None);
            }
            b',' => {
                self.window.consume(1);
                return Some(None);
            }
            b'"' => {}
            _ => return Some(self.broken()),
        }
        let Some(key) = self.key() else {
            return Some(self.broken());
        };
        if self.byte_of_document()? != b':' {
            return Some(self.broken());
        }
        self.window.consume(1);
        let first = self.byte_of_document()?;
        if key != b"data" {
            return Some(self.skip_value());
        }
        if first == b'[' {
            self.window.consume(1);
            self.place = Place::Element { in_page: true };
            return Some(None);
        }
        let value = self.value();
        if value.fault == Some(Fault::Broken) {
            self.note_break();
        }
        Some(Some(value))
    }

    fn element(&mut self, in_page: bool) -> Option<Option<Value>> {
        if self.byte_of_document()? == b']' {
            self.close(in_page);
            return Some(None);
        }
        self.place = Place::Separator { in_page };
        let value = self.value();
        match value.fault {
            Some(Fault::Broken) if value.length == 0 => return Some(self.broken()),
            Some(Fault::Broken) => self.note_break(),
            _ => {}
        }
        Some(Some(value))
    }

    fn separator(&mut self, in_page: bool) -> Option<Option<Value>> {
        match self.byte_of_document()? {
            b',' => {
                self.window.consume(1);
                self.place = Place::Element { in_page };
            }
            b']' => self.close(in_page),
            _ => return Some(self.broken()),
        }
        Some(None)
    }

    fn close(&mut self, in_page: bool) {
        self.window.consume(1);
        self.place = if in_page { Place::Page } else { Place::Top };
    }

    /// Notes that the document breaks here. What stands here on this line becomes a piece, unless it can be read on its own.
    fn broken(&mut self) -> Option<Value> {
        self.note_break();
        let line = self.window.line();
        if self.is_at_new_beginning() {
            return None;
        }
        self.window.has(BEGINNING_BYTES);
        let text = self.window.text();
        let text = text.get(..BEGINNING_BYTES).unwrap_or(text);
        let length = memchr::memchr(b'\n', text).unwrap_or(text.len());
        (length > 0).then(|| Value::new(line, length, Some(Fault::Broken)))
    }

    fn note_cut(&mut self, line: u64) {
        self.damage.cut.get_or_insert(line);
    }

    fn note_break(&mut self) {
        self.damage.broken.get_or_insert(self.window.line());
        self.place = Place::Broken;
    }

    /// Whether something begins here that can be read without what came before.
    fn is_at_new_beginning(&self) -> bool {
        self.window.is_at_line_start() && matches!(self.window.text().first(), Some(b'{' | b'['))
    }

    /// Goes on to the next new beginning.
    fn pass_over(&mut self) -> Option<()> {
        loop {
            if !self.window.has(1) {
                return None;
            }
            if self.is_at_new_beginning() {
                self.place = Place::Top;
                return Some(());
            }
            if self.window.is_at_line_start() {
                self.damage.lines_passed_over += 1;
            }
            let text = self.window.text();
            let length = memchr::memchr(b'\n', text).map_or(text.len(), |found| found + 1);
            self.window.consume(length);
        }
    }

    /// The next byte that is no white space.
    fn first_byte(&mut self) -> Option<u8> {
        loop {
            let text = self.window.text();
            match text.iter().position(|byte| !byte.is_ascii_whitespace()) {
                Some(space) => {
                    self.window.consume(space);
                    return self.window.text().first().copied();
                }
                None => {
                    let all = text.len();
                    self.window.consume(all);
                    if !self.window.more() {
                        return None;
                    }
                }
            }
        }
    }

    /// The next byte that is no white space, where the input may not end.
    fn byte_of_document(&mut self) -> Option<u8> {
        let first = self.first_byte();
        if first.is_none() {
            self.note_cut(self.window.line());
        }
        first
    }

    /// Whether the object that begins here has a first key that only pages have.
    fn is_page(&mut self) -> bool {
        const KEYS: [&[u8]; 2] = [b"\"data\"", b"\"next_page\""];
        loop {
            let inside = self.window.text().get(1..).unwrap_or_default();
            let key = inside.trim_ascii_start();
            if let Some(&first) = key.first() {
                let undecided = KEYS
                    .iter()
                    .any(|name| name.len() > key.len() && name.starts_with(key));
                if first != b'"' || !undecided {
                    return KEYS.iter().any(|name| key.starts_with(name));
                }
            }
            if inside.len() > HEAD_BYTES_MAX || !self.window.more() {
                return false;
            }
        }
    }

    /// Takes a key, without its quotes.
    fn key(&mut self) -> Option<Vec<u8>> {
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
    fn skip_value(&mut self) -> Option<Value> {
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
    fn line(&mut self) -> Value {
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
    fn value(&mut self) -> Value {
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

#[cfg(test)]
mod tests;
