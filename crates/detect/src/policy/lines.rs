//! Finds the line of a key in a YAML text, so that an error can point to it.
//!
//! It follows the indentation of block style. What stands in one line (`{a: 1, b: 2}`) has the line of the key before it.

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// A line that says something.
struct Line<'a> {
    /// Counted from 1.
    number: usize,
    indent: usize,
    content: &'a str,
}

/// The lines on which the documents of `text` begin, counted from 1: each after its `---`.
pub(super) fn document_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        if is_marker(line) {
            // The marker before the first document opens no other one.
            starts.push(index + 2);
            open = true;
        } else if !open && says_something(line) {
            starts.push(index + 1);
            open = true;
        }
    }
    starts
}

/// The line of the value that `path` leads to in the document that begins on line `start`; where the path is lost, the line of
/// the last step that was found.
pub(super) fn find(text: &str, start: usize, path: &[Step]) -> Option<usize> {
    let lines: Vec<Line<'_>> = text
        .lines()
        .enumerate()
        .skip(start.saturating_sub(1))
        .take_while(|(_, line)| !is_marker(line))
        .filter(|(_, line)| says_something(line))
        .map(|(index, line)| Line {
            number: index + 1,
            indent: line.len() - line.trim_start().len(),
            content: line.trim(),
        })
        .collect();
    locate(lines, path)
}

/// As [`find`] in the first document that has the first key.
pub(super) fn find_in_any(text: &str, keys: &[&str]) -> Option<usize> {
    let path: Vec<Step> = keys
        .iter()
        .map(|key| Step::Key((*key).to_owned()))
        .collect();
    document_starts(text)
        .into_iter()
        .find_map(|start| find(text, start, &path))
}

pub(super) fn is_marker(line: &str) -> bool {
    line == "---" || line.starts_with("--- ")
}

fn says_something(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

fn locate(lines: Vec<Line<'_>>, path: &[Step]) -> Option<usize> {
    let (step, rest) = path.split_first()?;
    let level = lines.first()?.indent;
    let here = match step {
        Step::Key(key) => lines
            .iter()
            .position(|line| line.indent == level && is_key(line.content, key)),
        Step::Item(index) => lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.indent == level && line.content.starts_with('-'))
            .map(|(place, _)| place)
            .nth(*index),
    }?;
    let number = lines.get(here)?.number;
    let mut body: Vec<Line<'_>> = Vec::new();
    for (place, line) in lines.into_iter().enumerate().skip(here) {
        if place == here {
            // What follows the dash of an item is indented by what stands before it.
            if let (Step::Item(_), Some(content)) = (step, line.content.strip_prefix('-')) {
                let trimmed = content.trim_start();
                body.push(Line {
                    indent: line.indent + line.content.len() - trimmed.len(),
                    content: trimmed,
                    ..line
                });
            }
            continue;
        }
        // A list may stand as deep as its key.
        let belongs = line.indent > level
            || (line.indent == level
                && matches!(step, Step::Key(_))
                && line.content.starts_with('-'));
        if !belongs {
            break;
        }
        body.push(line);
    }
    locate(body, rest).or(Some(number))
}

fn is_key(content: &str, key: &str) -> bool {
    let unquoted = |quote| {
        content
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_prefix(key))
            .and_then(|rest| rest.strip_prefix(quote))
    };
    content
        .strip_prefix(key)
        .or_else(|| unquoted('"'))
        .or_else(|| unquoted('\''))
        .is_some_and(|rest| rest.trim_start().starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a comment
title: one
detection:
  selection:
    'event_type': a
  condition: selection
---
title: two
drishti:
  name: x

  # another comment
  tests:
  - name: first
    fires: true
  -   name: second
      fires: false
      events:
        - {a: 1}
        - b: 2
";

    fn steps(path: &[&str]) -> Vec<Step> {
        path.iter()
            .map(|part| {
                part.parse()
                    .map_or_else(|_| Step::Key((*part).to_owned()), Step::Item)
            })
            .collect()
    }

    #[test]
    fn lines_are_found_by_indentation() {
        assert_eq!(document_starts(TEXT), [2, 8]);
        assert_eq!(document_starts("---\na: 1\n---\nb: 2\n"), [2, 4]);
        let cases: [(usize, &[&str], Option<usize>); 10] = [
            (2, &["title"], Some(2)),
            (2, &["detection", "selection", "event_type"], Some(5)),
            (2, &["detection", "condition"], Some(6)),
            (2, &["drishti"], None),
            (8, &["drishti", "name"], Some(10)),
            (8, &["drishti", "tests", "0", "fires"], Some(15)),
            (8, &["drishti", "tests", "1", "name"], Some(16)),
            (8, &["drishti", "tests", "1", "events", "0", "a"], Some(19)),
            (8, &["drishti", "tests", "1", "events", "1", "b"], Some(20)),
            (8, &["drishti", "mode"], Some(9)),
        ];
        for (start, path, line) in cases {
            assert_eq!(find(TEXT, start, &steps(path)), line, "{path:?}");
        }
        assert_eq!(find_in_any(TEXT, &["drishti", "name"]), Some(10));
        assert_eq!(find_in_any(TEXT, &["correlation"]), None);
    }
}
