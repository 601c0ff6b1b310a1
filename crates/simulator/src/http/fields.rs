//! `opt_fields`: which parts of a record are asked for (`asana-api.md` section 1.1).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::failure::Failure;

/// Most paths that one request may name, groups written out.
pub(super) const FIELD_PATHS_MAX: usize = 500;

/// A tree of names; a leaf asks for the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fields(BTreeMap<String, Fields>);

impl Fields {
    /// Reads `a,b.c,d.(e|f)`.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let malformed = || Failure::bad_request("opt_fields: Malformed field list");
        let mut rest = text;
        let paths = alternatives(&mut rest, ',').ok_or_else(malformed)?;
        if !rest.is_empty() {
            return Err(malformed());
        }
        let mut fields = Self::default();
        for path in paths {
            let mut node = &mut fields;
            for name in path {
                node = node.0.entry(name).or_default();
            }
        }
        Ok(fields)
    }

    /// The parts of a record that are asked for, and its gid.
    pub(super) fn of(&self, record: &Value) -> Value {
        match record {
            Value::Array(records) => records.iter().map(|record| self.of(record)).collect(),
            Value::Object(record) => {
                let mut chosen = Map::new();
                if let Some(gid) = record.get("gid") {
                    chosen.insert("gid".to_owned(), gid.clone());
                }
                for (name, inner) in &self.0 {
                    if let Some(value) = record.get(name) {
                        let value = if inner.0.is_empty() {
                            whole(value)
                        } else {
                            inner.of(value)
                        };
                        chosen.insert(name.clone(), value);
                    }
                }
                Value::Object(chosen)
            }
            other => other.clone(),
        }
    }
}

/// A value named without parts: another record is only pointed at.
fn whole(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(whole).collect(),
        Value::Object(record) if record.contains_key("gid") => record
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "gid" | "resource_type"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        other => other.clone(),
    }
}

/// The paths of a list up to its end or a closing bracket.
fn alternatives(rest: &mut &str, separator: char) -> Option<Vec<Vec<String>>> {
    let in_group = separator == '|';
    let mut paths = path(rest, in_group)?;
    while let Some(after) = rest.strip_prefix(separator) {
        *rest = after;
        paths.extend(path(rest, in_group)?);
        if paths.len() > FIELD_PATHS_MAX {
            return None;
        }
    }
    Some(paths)
}

/// Names and groups with dots between, groups written out.
fn path(rest: &mut &str, in_group: bool) -> Option<Vec<Vec<String>>> {
    let mut paths = part(rest, in_group)?;
    while let Some(after) = rest.strip_prefix('.') {
        *rest = after;
        let tails = part(rest, in_group)?;
        if paths.len() * tails.len() > FIELD_PATHS_MAX {
            return None;
        }
        let join = |head: &Vec<String>| {
            let head = head.clone();
            tails
                .iter()
                .map(move |tail| [head.clone(), tail.clone()].concat())
                .collect::<Vec<_>>()
        };
        paths = paths.iter().flat_map(join).collect();
    }
    Some(paths)
}

fn part(rest: &mut &str, in_group: bool) -> Option<Vec<Vec<String>>> {
    if let Some(after) = rest.strip_prefix('(') {
        // No client needs groups within groups, and each would take a piece of the stack.
        if in_group {
            return None;
        }
        *rest = after;
        let group = alternatives(rest, '|')?;
        *rest = rest.strip_prefix(')')?;
        return Some(group);
    }
    let end = rest
        .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    *rest = after;
    (!name.is_empty()).then(|| vec![vec![name.to_owned()]])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(fields: &str, expect: &Value) {
        let record = json!({
            "gid": "1", "resource_type": "workspace_membership", "is_active": true,
            "user": {"gid": "2", "resource_type": "user", "name": "Ada", "email": "a@b.example"},
            "vacation_dates": {"start_on": "2026-01-01", "end_on": null},
            "list": [{"gid": "3", "name": "x"}]
        });
        let chosen = Fields::parse(fields).unwrap().of(&record);
        assert_eq!(&chosen, expect, "{fields}");
    }

    #[test]
    fn only_what_is_named_comes_back() {
        check("is_active", &json!({"gid": "1", "is_active": true}));
        check(
            "user.name",
            &json!({"gid": "1", "user": {"gid": "2", "name": "Ada"}}),
        );
        check(
            "user",
            &json!({"gid": "1", "user": {"gid": "2", "resource_type": "user"}}),
        );
        check(
            "user.(name|email),nothing",
            &json!({"gid": "1", "user": {"gid": "2", "name": "Ada", "email": "a@b.example"}}),
        );
        check(
            "list.name",
            &json!({"gid": "1", "list": [{"gid": "3", "name": "x"}]}),
        );
        check(
            "vacation_dates",
            &json!({"gid": "1", "vacation_dates": {"start_on": "2026-01-01", "end_on": null}}),
        );
        check(
            "(resource_type|is_active)",
            &json!({
                "gid": "1", "resource_type": "workspace_membership", "is_active": true
            }),
        );
    }

    #[test]
    fn malformed_lists_are_refused() {
        for text in ["a,", "(a", "a)", "a..b", "((a))", "(a.(b))", "é"] {
            assert!(Fields::parse(text).is_err(), "{text}");
        }
        let many = vec!["a"; FIELD_PATHS_MAX + 1].join(",");
        assert!(Fields::parse(&many).is_err());
        let group = format!("({})", vec!["a"; 40].join("|"));
        assert!(Fields::parse(&format!("{group}.{group}")).is_err());
    }
}
