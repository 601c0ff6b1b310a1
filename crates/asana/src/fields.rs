use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::printable::printable;

/// Characters of a key that a message shows.
const KEY_CHARACTERS_SHOWN: usize = 64;

/// What stands under the keys of one JSON object, as the text that stood there: under the known names by their place in
/// `names`, under all others by name.
pub(crate) struct Fields<'a, const N: usize> {
    names: &'static [&'static str; N],
    known: [Option<&'a RawValue>; N],
    rest: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    duplicate: Option<String>,
}

impl<'a, const N: usize> Fields<'a, N> {
    pub(crate) fn new(names: &'static [&'static str; N]) -> Self {
        Self {
            names,
            known: [None; N],
            rest: BTreeMap::new(),
            duplicate: None,
        }
    }

    /// Takes up the keys of the object in `text`. After an error, what stood before the fault is there.
    pub(crate) fn read(&mut self, text: &'a str) -> Result<(), serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        deserializer.deserialize_map(&mut *self)?;
        deserializer.end()
    }

    /// The first key that stood there twice, as it may be shown.
    pub(crate) fn duplicate(&self) -> Option<&str> {
        self.duplicate.as_deref()
    }

    /// The text of the value at `place`.
    pub(crate) fn raw(&self, place: usize) -> Option<&'a str> {
        self.known.get(place)?.map(RawValue::get)
    }

    /// The string at `place`; a value of another type goes to the rest.
    pub(crate) fn text(&mut self, place: usize) -> Option<String> {
        let raw = self.raw(place)?;
        let text = unquoted(raw);
        if text.is_none() {
            self.set_aside(place, raw);
        }
        text.map(Cow::into_owned)
    }

    /// The whole number at `place`; a value that would not be written back as it stands goes to the rest.
    pub(crate) fn integer(&mut self, place: usize) -> Option<i64> {
        let raw = self.raw(place)?;
        let number = raw
            .parse::<i64>()
            .ok()
            .filter(|number| number.to_string() == raw);
        if number.is_none() {
            self.set_aside(place, raw);
        }
        number
    }

    /// Puts `text` into the rest under the name of `place`.
    pub(crate) fn set_aside(&mut self, place: usize, text: impl Into<Cow<'a, str>>) {
        if let Some(name) = self.names.get(place) {
            self.rest.insert(Cow::Borrowed(name), text.into());
        }
    }

    /// The rest as the text of one JSON object, on one line; `None` where there is none.
    pub(crate) fn extra(&self) -> Option<String> {
        let mut object = String::new();
        for (key, value) in &self.rest {
            object.push(if object.is_empty() { '{' } else { ',' });
            object.push_str(&serde_json::Value::from(key.as_ref()).to_string());
            object.push(':');
            object.push_str(&one_line(value));
        }
        (!object.is_empty()).then(|| object + "}")
    }

    fn put(&mut self, key: Key<'a>, value: &'a RawValue) {
        let (name, before) = match key {
            Key::Known(place) => {
                let name = self.names.get(place).copied().unwrap_or_default();
                let before = self
                    .known
                    .get_mut(place)
                    .is_some_and(|known| known.replace(value).is_some());
                (Cow::Borrowed(name), before)
            }
            Key::Unknown(name) => {
                let before = self
                    .rest
                    .insert(name.clone(), Cow::Borrowed(value.get()))
                    .is_some();
                (name, before)
            }
        };
        if before {
            self.duplicate
                .get_or_insert_with(|| printable(&name, KEY_CHARACTERS_SHOWN));
        }
    }
}

impl<'a, const N: usize> Visitor<'a> for &mut Fields<'a, N> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeySeed(self.names))? {
            let value = map.next_value()?;
            self.put(key, value);
        }
        Ok(())
    }
}

enum Key<'a> {
    Known(usize),
    Unknown(Cow<'a, str>),
}

struct KeySeed<const N: usize>(&'static [&'static str; N]);

impl<const N: usize> KeySeed<N> {
    fn place(&self, key: &str) -> Option<usize> {
        self.0.iter().position(|name| *name == key)
    }
}

impl<'a, const N: usize> DeserializeSeed<'a> for KeySeed<N> {
    type Value = Key<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Key<'a>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a, const N: usize> Visitor<'a> for KeySeed<N> {
    type Value = Key<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'a str) -> Result<Key<'a>, E> {
        Ok(self
            .place(key)
            .map_or(Key::Unknown(Cow::Borrowed(key)), Key::Known))
    }

    fn visit_str<E>(self, key: &str) -> Result<Key<'a>, E> {
        Ok(self
            .place(key)
            .map_or_else(|| Key::Unknown(Cow::Owned(key.to_owned())), Key::Known))
    }
}

/// The string that `raw` spells as JSON, unless it is of another type or not one that Unicode has (a lone surrogate).
pub(crate) fn unquoted(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inside))
    }
}

/// JSON `text` without its line breaks: inside of strings they can only be escaped, elsewhere they mean nothing.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if bytes.contains(&b'\n') || bytes.contains(&b'\r') {
        Cow::Owned(text.replace(['\n', '\r'], ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// The type of the JSON value that `text` begins with, for messages.
pub(crate) fn kind(text: &str) -> &'static str {
    let text = text.trim_ascii();
    match text.bytes().next() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(_) if matches!(text, "true" | "false") => "a boolean",
        Some(_) if text == "null" => "null",
        Some(_) => "no JSON",
        None => "empty",
    }
}

/// Whether objects and arrays in `text` stand in each other more than `depth_max` deep.
pub(crate) fn is_deeper_than(text: &str, depth_max: usize) -> bool {
    if brackets(text) <= depth_max {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            return true;
        }
    }
    false
}

/// How many objects and arrays `text` opens, or more: brackets in strings count too. Nearly every event has fewer than may stand
/// in each other, and they are counted many times faster than walked, above all in sums of one byte.
fn brackets(text: &str) -> usize {
    let is_bracket = |byte: &u8| u8::from(matches!(byte, b'{' | b'['));
    text.as_bytes()
        .chunks(usize::from(u8::MAX))
        .map(|chunk| usize::from(chunk.iter().map(is_bracket).sum::<u8>()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_strings() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(!is_deeper_than(&nested(64), 64));
        assert!(is_deeper_than(&nested(65), 64));
        assert!(!is_deeper_than(&nested(2).repeat(100), 64));
        assert!(!is_deeper_than(&format!("\"\\\"{}\"", "[".repeat(100)), 64));
        assert!(is_deeper_than(&format!("\"\\\\\"{}", "[".repeat(100)), 64));
        assert!(is_deeper_than(&"[".repeat(100_000), 64));
    }

    #[test]
    fn strings_are_unquoted_where_unicode_has_them() {
        assert_eq!(unquoted(r#""plain""#).as_deref(), Some("plain"));
        assert_eq!(unquoted(r#""a\u00e9\n\"""#).as_deref(), Some("aé\n\""));
        assert_eq!(unquoted(r#""\ud83d\ude00""#).as_deref(), Some("😀"));
        assert_eq!(unquoted(r#""\ud83d""#), None);
        assert_eq!(unquoted("null"), None);
        assert_eq!(unquoted("\""), None);
    }
}
