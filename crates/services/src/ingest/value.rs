//! Finding where a JSON value ends, in bounded memory and without reading it.

/// Deepest nesting that is followed; [`drishti_asana::DEPTH_MAX`] is far below it.
pub(crate) const DEPTH_FOLLOWED_MAX: usize = 1 << 20;

/// What a piece of text says about the value that runs through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The value ends before this place.
    End(usize),
    /// No JSON value goes on at this place.
    Broken(usize),
    /// It does not end here.
    More,
}

/// Follows one value through pieces of text. Brackets, quotes, commas and colons must be where JSON has them, so that a value that
/// was cut off is noticed where the next one begins; numbers and words are not looked at.
#[derive(Debug, Default)]
pub(crate) struct ValueEnd {
    /// For each open bracket whether it is an object's.
    open: Vec<bool>,
    in_string: bool,
    escaped: bool,
    /// The last byte that means something: a bracket, a quote, a comma, a colon, [`SCALAR`], or 0 before the first.
    last: u8,
}

/// Stands for any byte of a number or word.
const SCALAR: u8 = b'0';

impl ValueEnd {
    /// Goes on with `text`, which follows what was fed before.
    pub(crate) fn feed(&mut self, text: &[u8]) -> Found {
        let mut place = 0;
        while let Some(&byte) = text.get(place) {
            if self.in_string {
                let rest = text.get(place..).unwrap_or_default();
                match self.string(rest) {
                    Found::End(length) if self.open.is_empty() => {
                        return Found::End(place + length);
                    }
                    Found::End(length) => place += length,
                    Found::Broken(length) => return Found::Broken(place + length),
                    Found::More => return Found::More,
                }
                continue;
            }
            if byte.is_ascii_whitespace() {
                if self.last == SCALAR && self.open.is_empty() {
                    return Found::End(place);
                }
                place += 1;
                continue;
            }
            if self.open.is_empty() && self.last == SCALAR && matches!(byte, b',' | b']' | b'}') {
                return Found::End(place);
            }
            if !self.step(byte) {
                return Found::Broken(place);
            }
            place += 1;
            if self.open.is_empty() && matches!(byte, b']' | b'}') {
                return Found::End(place);
            }
        }
        Found::More
    }

    /// Goes on inside a string, up to behind its closing quote.
    fn string(&mut self, text: &[u8]) -> Found {
        let mut place = 0;
        loop {
            if std::mem::take(&mut self.escaped) {
                place += 1;
            }
            let rest = text.get(place..).unwrap_or_default();
            let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', rest) else {
                // An escape may be the last byte of this piece, and the byte that it escapes the first of the next.
                self.escaped = place > text.len();
                return Found::More;
            };
            place += found;
            match text.get(place) {
                Some(b'"') => {
                    self.in_string = false;
                    self.last = b'"';
                    return Found::End(place + 1);
                }
                Some(b'\\') => {
                    self.escaped = true;
                    place += 1;
                }
                _ => return Found::Broken(place),
            }
        }
    }

    /// Takes a byte outside of strings that is no white space; false where JSON has none such here.
    fn step(&mut self, byte: u8) -> bool {
        match byte {
            b'"' => {
                self.in_string = true;
                return self.may_begin(true);
            }
            b'{' | b'[' => {
                if !self.may_begin(false) || self.open.len() == DEPTH_FOLLOWED_MAX {
                    return false;
                }
                self.open.push(byte == b'{');
            }
            b'}' | b']' => {
                if self.open.pop() != Some(byte == b'}') {
                    return false;
                }
            }
            b',' => {
                if self.open.is_empty() || matches!(self.last, b'{' | b'[' | b',' | b':') {
                    return false;
                }
            }
            b':' => {
                if self.open.last() != Some(&true) || self.last != b'"' {
                    return false;
                }
            }
            _ => {
                let begins_or_goes_on = self.last == SCALAR || self.may_begin(false);
                self.last = SCALAR;
                return begins_or_goes_on;
            }
        }
        self.last = byte;
        true
    }

    /// Whether a value, or where that is a string a key, may begin here.
    fn may_begin(&self, is_string: bool) -> bool {
        match self.open.last() {
            None => self.last == 0,
            Some(true) => self.last == b':' || (is_string && matches!(self.last, b'{' | b',')),
            Some(false) => matches!(self.last, b'[' | b','),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Found) {
        assert_eq!(
            ValueEnd::default().feed(text.as_bytes()),
            expected,
            "{text}"
        );
    }

    #[test]
    fn ends_are_found() {
        check("{} ", Found::End(2));
        check(r#"{"a":[1,{"b":"]}\""}],"c":null},"#, Found::End(31));
        check("\"a\\\\\" ", Found::End(5));
        check("12,", Found::End(2));
        check("nonsense ]", Found::End(8));
        check("{\n \"a\" : 1\n}\n", Found::End(12));
    }

    #[test]
    fn cut_values_are_noticed() {
        check("", Found::More);
        check(r#"{"a":"b"#, Found::More);
        check(r#"{"a":1,"#, Found::More);
        check("{\"a\":\"b\n", Found::Broken(7));
        check("{\"a\":{\"b\":1},\n{\"a\"", Found::Broken(14));
        check("{\"a\":[{}\n{", Found::Broken(9));
        check(r#"{"a":[}"#, Found::Broken(6));
        check(r#"{"a" 1}"#, Found::Broken(5));
        check("]", Found::Broken(0));
        check(",", Found::Broken(0));
    }

    #[test]
    fn depth_is_bounded() {
        check(&"[".repeat(DEPTH_FOLLOWED_MAX), Found::More);
        check(
            &"[".repeat(DEPTH_FOLLOWED_MAX + 1),
            Found::Broken(DEPTH_FOLLOWED_MAX),
        );
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<i64>().prop_map(Into::into),
            r#"[a"\\{}\[\],:\n é]{0,6}"#.prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::btree_map("[a\"\\\\]{0,3}", inner, 0..4)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(value in json(), pretty: bool, pieces in 1_usize..9) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            let followed = format!("{text}\n{{");
            let mut end = ValueEnd::default();
            let mut fed = 0;
            let mut found = Found::More;
            for piece in followed.as_bytes().chunks(pieces) {
                found = end.feed(piece);
                if found != Found::More {
                    break;
                }
                fed += piece.len();
            }
            match found {
                Found::End(length) => prop_assert_eq!(fed + length, text.len()),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
