//! Writes JSON straight into bytes, in the key order that Asana has; events are written once and never parsed here.

use std::fmt::Display;
use std::io::Write;

/// Writes one object; the caller says which keys in which order.
pub(crate) struct Object<'a> {
    bytes: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn open(bytes: &'a mut Vec<u8>) -> Self {
        bytes.push(b'{');
        Self { bytes, empty: true }
    }

    pub(crate) fn close(self) {
        self.bytes.push(b'}');
    }

    /// Writes a key that needs no escape.
    fn key(&mut self, key: &str) {
        if !self.empty {
            self.bytes.push(b',');
        }
        self.empty = false;
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        text(self.bytes, value);
    }

    /// A string of characters that need no escape.
    pub(crate) fn plain(&mut self, key: &str, value: impl Display) {
        self.key(key);
        self.bytes.push(b'"');
        display(self.bytes, value);
        self.bytes.push(b'"');
    }

    /// A number, `true`, `null`, or text that is JSON already.
    pub(crate) fn bare(&mut self, key: &str, value: impl Display) {
        self.key(key);
        display(self.bytes, value);
    }

    pub(crate) fn object(&mut self, key: &str) -> Object<'_> {
        self.key(key);
        Object::open(self.bytes)
    }
}

fn display(bytes: &mut Vec<u8>, value: impl Display) {
    // Writing to a vector can't fail.
    _ = write!(bytes, "{value}");
}

fn text(bytes: &mut Vec<u8>, value: &str) {
    bytes.push(b'"');
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' => bytes.extend_from_slice(&[b'\\', byte]),
            0..0x20 => display(bytes, format_args!("\\u{byte:04x}")),
            _ => bytes.push(byte),
        }
    }
    bytes.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut bytes = Vec::new();
        let mut outer = Object::open(&mut bytes);
        outer.text("name", "a \"b\" \\ \n\u{1} 🚀 é");
        outer.plain("gid", 12);
        outer.bare("number", 7);
        let mut inner = outer.object("inner");
        inner.bare("nothing", "null");
        inner.close();
        outer.object("empty").close();
        outer.close();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "name": "a \"b\" \\ \n\u{1} 🚀 é", "gid": "12", "number": 7,
                "inner": {"nothing": null}, "empty": {}
            })
        );
    }
}
