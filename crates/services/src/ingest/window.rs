//! The part of the input that is in memory.

use std::io::{self, Read};

/// Bytes asked of the input at once.
const READ_BYTES: usize = 256 << 10;

/// A window of text that moves over an input. It grows only as far as its user does not [consume](Window::consume).
pub(crate) struct Window {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Line breaks consumed.
    breaks: u64,
    at_line_start: bool,
    ended: bool,
    failure: Option<io::Error>,
}

impl Window {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            breaks: 0,
            at_line_start: true,
            ended: false,
            failure: None,
        }
    }

    /// What is in memory and not consumed.
    pub(crate) fn text(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// The line, from 1, that the text begins on.
    pub(crate) fn line(&self) -> u64 {
        self.breaks + 1
    }

    /// Whether the text begins at the beginning of a line.
    pub(crate) fn is_at_line_start(&self) -> bool {
        self.at_line_start
    }

    /// Why the input ended before its end, where it did.
    pub(crate) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Adds text from the input; false where there is no more.
    pub(crate) fn more(&mut self) -> bool {
        if self.ended {
            return false;
        }
        self.make_room();
        loop {
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.input.read(room) {
                Ok(0) => break,
                Ok(length) => {
                    self.end += length;
                    return true;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        self.ended = true;
        false
    }

    /// Adds text until there are `length` bytes of it; false where the input has fewer.
    pub(crate) fn has(&mut self, length: usize) -> bool {
        while self.text().len() < length {
            if !self.more() {
                return false;
            }
        }
        true
    }

    /// Lets the first `length` bytes of the text go.
    pub(crate) fn consume(&mut self, length: usize) {
        let gone = self.text().get(..length).unwrap_or(self.text());
        let Some(&last) = gone.last() else { return };
        let (length, breaks) = (gone.len(), memchr::memchr_iter(b'\n', gone).count());
        self.at_line_start = last == b'\n';
        self.breaks += breaks as u64;
        self.start += length;
    }

    /// Sees to it that at least [`READ_BYTES`] fit behind the text.
    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.buffer.len() - self.end >= READ_BYTES {
            return;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let wanted = (self.end * 2).max(2 * READ_BYTES);
        self.buffer.resize(wanted, 0);
        self.buffer.shrink_to(wanted);
    }
}
