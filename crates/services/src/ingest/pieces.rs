//! Cutting text into the events in it.
//!
//! Three forms are understood, and may follow each other in one input: one event a line, documents `{"data":[…]}` with or without
//! `next_page`, and arrays. An event may also be spread over several lines. Nothing is held but the piece in hand, and of a piece
//! that is too long only its beginning.
//!
//! Damage costs as little as can be: a line that is no event is one piece. Where a document breaks, what can't be told apart any
//! more is passed over, up to the next line that begins with a bracket or brace.

mod take;

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
    Element {
        in_page: bool,
    },
    /// In an array, behind an element.
    Separator {
        in_page: bool,
    },
    /// Behind a break.
    Broken,
    /// Behind everything.
    End,
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
            let found = match self.place {
                Place::Start => self.start(),
                Place::Top => self.top(),
                Place::Page => self.page(),
                Place::Element { in_page } => self.element(in_page),
                Place::Separator { in_page } => self.separator(in_page),
                Place::Broken => self.pass_over(),
                Place::End => return None,
            };
            if let Some(value) = found {
                break value;
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

    fn start(&mut self) -> Option<Value> {
        self.window.has(2);
        self.damage.is_utf_16 = matches!(self.window.text(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
        self.place = if self.damage.is_utf_16 {
            Place::End
        } else {
            Place::Top
        };
        None
    }

    /// Begins a document, or takes a line.
    fn top(&mut self) -> Option<Value> {
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
            _ => return Some(self.line()),
        }
        None
    }

    /// Reads a key and its value, or the end of the page.
    fn page(&mut self) -> Option<Value> {
        match self.byte_of_document()? {
            b'}' => {
                self.window.consume(1);
                self.place = Place::Top;
                return None;
            }
            b',' => {
                self.window.consume(1);
                return None;
            }
            b'"' => {}
            _ => return self.broken(),
        }
        let Some(key) = self.key() else {
            return self.broken();
        };
        if self.byte_of_document()? != b':' {
            return self.broken();
        }
        self.window.consume(1);
        let first = self.byte_of_document()?;
        if key != b"data" {
            return self.skip_value();
        }
        if first == b'[' {
            self.window.consume(1);
            self.place = Place::Element { in_page: true };
            return None;
        }
        self.value_of_document()
    }

    fn element(&mut self, in_page: bool) -> Option<Value> {
        if self.byte_of_document()? == b']' {
            self.close(in_page);
            return None;
        }
        self.place = Place::Separator { in_page };
        self.value_of_document()
    }

    fn separator(&mut self, in_page: bool) -> Option<Value> {
        match self.byte_of_document()? {
            b',' => {
                self.window.consume(1);
                self.place = Place::Element { in_page };
            }
            b']' => self.close(in_page),
            _ => return self.broken(),
        }
        None
    }

    fn value_of_document(&mut self) -> Option<Value> {
        let value = self.value();
        match value.fault {
            Some(Fault::Broken) if value.length == 0 => return self.broken(),
            Some(Fault::Broken) => self.note_break(),
            _ => {}
        }
        Some(value)
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
    fn pass_over(&mut self) -> Option<Value> {
        while self.window.has(1) {
            if self.is_at_new_beginning() {
                self.place = Place::Top;
                return None;
            }
            if self.window.is_at_line_start() {
                self.damage.lines_passed_over += 1;
            }
            let text = self.window.text();
            let length = memchr::memchr(b'\n', text).map_or(text.len(), |found| found + 1);
            self.window.consume(length);
        }
        self.place = Place::End;
        None
    }

    /// The next byte that is no white space; [`Place::End`] where there is none.
    fn first_byte(&mut self) -> Option<u8> {
        loop {
            let text = self.window.text();
            let all = text.len();
            let space = text.iter().position(|byte| !byte.is_ascii_whitespace());
            self.window.consume(space.unwrap_or(all));
            if space.is_some() {
                return self.window.text().first().copied();
            }
            if !self.window.more() {
                self.place = Place::End;
                return None;
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
}

#[cfg(test)]
mod tests;
