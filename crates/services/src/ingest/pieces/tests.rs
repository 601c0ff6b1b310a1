use std::io::{self, Read};

use super::*;

/// Gives its bytes in small pieces, so that every place in the text is once the end of what is in memory.
struct Dripping {
    bytes: Vec<u8>,
    given: usize,
    step: usize,
}

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.given..];
        let length = rest.len().min(self.step).min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}

type Found = Vec<(u64, String, Option<Fault>)>;

fn read(text: &[u8], step: usize, bytes_max: usize) -> (Found, Damage) {
    let input = Dripping {
        bytes: text.to_vec(),
        given: 0,
        step,
    };
    let mut pieces = Pieces::new(Window::new(Box::new(input)), bytes_max);
    let mut found = Vec::new();
    while let Some(piece) = pieces.next() {
        let text = String::from_utf8_lossy(piece.text).into_owned();
        found.push((piece.line, text, piece.fault));
    }
    (found, pieces.damage)
}

fn check_within(
    text: &[u8],
    bytes_max: usize,
    expected: &[(u64, &str, Option<Fault>)],
    damage: &Damage,
) {
    let expected: Found = expected
        .iter()
        .map(|(line, text, fault)| (*line, (*text).to_owned(), *fault))
        .collect();
    for step in [1, 2, 7, usize::MAX] {
        let (found, found_damage) = read(text, step, bytes_max);
        let shown = String::from_utf8_lossy(text);
        assert_eq!(found, expected, "in steps of {step}: {shown}");
        assert_eq!(&found_damage, damage, "in steps of {step}: {shown}");
    }
}

fn check(text: &str, expected: &[(u64, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(line, text)| (*line, *text, None))
        .collect();
    check_within(text.as_bytes(), 1_000, &expected, &Damage::default());
}

fn check_damaged(text: &str, expected: &[(u64, &str, Option<Fault>)], damage: &Damage) {
    check_within(text.as_bytes(), 1_000, expected, damage);
}

const BROKEN: Option<Fault> = Some(Fault::Broken);
const CUT: Option<Fault> = Some(Fault::Cut);

#[test]
fn lines() {
    check("", &[]);
    check(" \r\n\n\t", &[]);
    check(
        "{\"a\":1}\n{\"b\":2}\n",
        &[(1, "{\"a\":1}"), (2, "{\"b\":2}")],
    );
    check(
        "{\"a\":1}\r\n\r\n  {\"b\":2} \r\n",
        &[(1, "{\"a\":1}"), (3, "{\"b\":2}")],
    );
    check(
        "\u{feff}{\"a\":1}\n{\"b\":2}",
        &[(1, "{\"a\":1}"), (2, "{\"b\":2}")],
    );
    check(
        "{\"a\":1}\n\u{feff}{\"b\":2}",
        &[(1, "{\"a\":1}"), (2, "{\"b\":2}")],
    );
    check(
        "nonsense, really\n}\n{\"a\":1}",
        &[(1, "nonsense, really"), (2, "}"), (3, "{\"a\":1}")],
    );
}

#[test]
fn events_over_several_lines() {
    check(
        "{\n  \"a\": {\n    \"b\": [1,\n 2]\n  }\n}\n{\"c\":\n3}\n",
        &[
            (1, "{\n  \"a\": {\n    \"b\": [1,\n 2]\n  }\n}"),
            (7, "{\"c\":\n3}"),
        ],
    );
}

#[test]
fn documents() {
    check("[]", &[]);
    check(
        "[{\"a\":1},{\"b\":[2]}]\n",
        &[(1, "{\"a\":1}"), (1, "{\"b\":[2]}")],
    );
    check(
        "[\n{\"a\":1},\n{\"b\":2}\n]\n{\"c\":3}\n",
        &[(2, "{\"a\":1}"), (3, "{\"b\":2}"), (5, "{\"c\":3}")],
    );
    check("[1, \"x\", null,]", &[(1, "1"), (1, "\"x\""), (1, "null")]);
    check(
        "{\"data\":[{\"a\":1}],\"next_page\":null}",
        &[(1, "{\"a\":1}")],
    );
    check(
        "{\"data\":[{\"a\":1}],\"next_page\":{\"offset\":\"]}\"}}\n{\"next_page\":{},\"data\":[{\"b\":2}]}",
        &[(1, "{\"a\":1}"), (2, "{\"b\":2}")],
    );
    check(
        "{\n  \"data\": [\n    {\n      \"a\": 1\n    }\n  ],\n  \"more\": [1]\n}{\"data\" : {\"b\":2} }",
        &[(3, "{\n      \"a\": 1\n    }"), (8, "{\"b\":2}")],
    );
}

#[test]
fn a_cut_line_costs_only_itself() {
    check(
        "{\"a\":\"x\n{\"b\":2}\n",
        &[(1, "{\"a\":\"x"), (2, "{\"b\":2}")],
    );
    check(
        "{\"a\":\"x\r\n{\"b\":2}\r\n",
        &[(1, "{\"a\":\"x"), (2, "{\"b\":2}")],
    );
    check_damaged(
        "{\"a\":1,\n{\"b\":2}\n",
        &[(1, "{\"a\":1,\n", BROKEN), (2, "{\"b\":2}", None)],
        &Damage::default(),
    );
    check_damaged(
        "{\"a\":1}\n{\"b\":[\"x",
        &[(1, "{\"a\":1}", None), (2, "{\"b\":[\"x", CUT)],
        &Damage {
            cut: Some(2),
            ..Damage::default()
        },
    );
}

#[test]
fn a_broken_document_costs_as_little_as_can_be() {
    let broken = |line, lines_passed_over| Damage {
        broken: Some(line),
        lines_passed_over,
        ..Damage::default()
    };
    // An element lacks its end.
    check_damaged(
        "[\n{\"a\":{\"x\":1},\n{\"b\":2},\n{\"c\":3}\n",
        &[
            (2, "{\"a\":{\"x\":1},\n", BROKEN),
            (3, "{\"b\":2}", None),
            (4, "{\"c\":3}", None),
        ],
        &broken(2, 0),
    );
    // A comma is missing.
    check_damaged(
        "[\n{\"a\":1}\n{\"b\":2}\n",
        &[(2, "{\"a\":1}", None), (3, "{\"b\":2}", None)],
        &broken(3, 0),
    );
    // Pages one a line: the rest of the broken one is lost, and kept as it is.
    check_damaged(
        "{\"data\":[{\"a\":1} oops {\"b\":2}]}\n{\"data\":[{\"c\":3}]}\n",
        &[
            (1, "{\"a\":1}", None),
            (1, "oops {\"b\":2}]}", BROKEN),
            (2, "{\"c\":3}", None),
        ],
        &broken(1, 0),
    );
    // Lines in which nothing begins are passed over and counted.
    check_damaged(
        "{\"data\": [\n  {\"a\":}\n  ],\n \"x\"\n{\"b\":2}",
        &[(2, "{\"a\":}", None), (5, "{\"b\":2}", None)],
        &broken(5, 0),
    );
    check_damaged(
        "[{\"a\":[}\n  1\n  2\n[{\"b\":2}]",
        &[(1, "{\"a\":[", BROKEN), (4, "{\"b\":2}", None)],
        &broken(1, 2),
    );
    check_damaged(
        "{\"data\":[1], 5",
        &[(1, "1", None), (1, "5", BROKEN)],
        &broken(1, 0),
    );
}

#[test]
fn a_cut_document_is_noticed() {
    let cut = |line| Damage {
        cut: Some(line),
        ..Damage::default()
    };
    check_damaged("[\n{\"a\":1},\n", &[(2, "{\"a\":1}", None)], &cut(3));
    check_damaged("[{\"a\":1}", &[(1, "{\"a\":1}", None)], &cut(1));
    check_damaged("{\"data\":[{\"a\":\"x", &[(1, "{\"a\":\"x", CUT)], &cut(1));
    check_damaged("{\"data\":[],\"more\":[1,", &[], &cut(1));
    check_damaged("{\"data\":", &[], &cut(1));
    check_damaged("{\"data\"", &[], &cut(1));
}

#[test]
fn pieces_that_are_too_long_are_passed_over() {
    let long = "x".repeat(300);
    let too_long = Some(Fault::TooLong(100));
    for text in [
        format!("{{\"a\":\"{long}\"}}\n{{\"b\":2}}\n"),
        format!("[{{\"a\":\"{long}\"}},\n{{\"b\":2}}]"),
        format!("{{\"a\":\n\"{long}\"}}{{\"b\":2}}"),
    ] {
        for step in [1, 64, usize::MAX] {
            let (found, damage) = read(text.as_bytes(), step, 100);
            assert_eq!(found.len(), 2, "{found:?}");
            // A text that is in memory whole is not refused for its length here; its parser knows a lower bound.
            if step == 1 {
                assert_eq!(found[0].2, too_long, "{text}");
                assert!(text.trim_start_matches('[').starts_with(&found[0].1));
                assert_eq!(damage, Damage::default());
            }
            assert_eq!(found[1].1, "{\"b\":2}");
        }
    }
    let (found, damage) = read(format!("[\"{long}").as_bytes(), 1, 100);
    assert_eq!((found.len(), damage.cut), (1, Some(1)));
    let (found, _) = read(
        "y".repeat(BEGINNING_BYTES + 10).as_bytes(),
        4_096,
        BEGINNING_BYTES - 1,
    );
    assert_eq!(found[0].1.len(), BEGINNING_BYTES);
}

#[test]
fn utf_16_is_named() {
    let damage = Damage {
        is_utf_16: true,
        ..Damage::default()
    };
    check_within(b"\xff\xfe{\0}\0", 1_000, &[], &damage);
    check_within(b"\xfe\xff\0{\0}", 1_000, &[], &damage);
}

#[test]
fn white_space_before_a_key_is_bounded() {
    let page = |space: usize| format!("{{{}\"data\":[{{\"a\":1}}]}}", " ".repeat(space));
    let (found, _) = read(page(HEAD_BYTES_MAX - 10).as_bytes(), 64, 100_000);
    assert_eq!(found[0].1, "{\"a\":1}");
    let text = page(HEAD_BYTES_MAX * 2);
    let (found, _) = read(text.as_bytes(), 64, 100_000);
    assert_eq!(found[0].1, text);
    let text = format!("{{\"data\":[],\"{}\":1}}", "k".repeat(2 * HEAD_BYTES_MAX));
    let (found, damage) = read(text.as_bytes(), 64, 100_000);
    assert_eq!((found.len(), damage.broken), (1, Some(1)));
}
