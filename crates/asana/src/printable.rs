/// `text` as it may be shown to a person: one line, nothing that a terminal or browser would act on, at most `characters_max`
/// characters.
pub(crate) fn printable(text: &str, characters_max: usize) -> String {
    let mut shown = String::new();
    let mut gap = false;
    let mut left = characters_max;
    for character in text.chars() {
        if character.is_whitespace() {
            gap = !shown.is_empty();
            continue;
        }
        let width = if gap { 2 } else { 1 };
        if left < width {
            shown.push('…');
            break;
        }
        left -= width;
        if std::mem::take(&mut gap) {
            shown.push(' ');
        }
        shown.push(if is_printable(character) {
            character
        } else {
            char::REPLACEMENT_CHARACTER
        });
    }
    shown
}

/// Whether Rust's debug output would leave `character` alone, which leaves out controls, direction marks and unassigned places.
fn is_printable(character: char) -> bool {
    matches!(character, '"' | '\'' | '\\') || character.escape_debug().len() == 1
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn what_a_terminal_would_act_on_is_replaced() {
        let cases = [
            ("Not Authorized", "Not Authorized"),
            ("  a\r\n\tb  ", "a b"),
            ("\u{1b}[31mred\u{7}", "\u{fffd}[31mred\u{fffd}"),
            ("\u{202e}gnp.exe", "\u{fffd}gnp.exe"),
            ("zero\u{200b}width", "zero\u{fffd}width"),
            (
                "it's \"fine\" \\o/ – Größe 目",
                "it's \"fine\" \\o/ – Größe 目",
            ),
            ("", ""),
        ];
        for (text, shown) in cases {
            assert_eq!(printable(text, 100), shown);
        }
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(printable("abcdef", 6), "abcdef");
        assert_eq!(printable("abcdefg", 6), "abcdef…");
        assert_eq!(printable("abc defg", 4), "abc…");
        assert_eq!(printable(&"é".repeat(1_000_000), 3), "ééé…");
    }
}
