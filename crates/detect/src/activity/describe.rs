//! Detections in words, for somebody who has never seen Sigma.

use rsigma_parser::{ConditionExpr, Detection, DetectionItem, Detections, Modifier, SigmaValue};

/// Most values of a list that are named.
const VALUES_SHOWN: usize = 6;

/// Longest text of a value, in characters.
const VALUE_CHARACTERS: usize = 80;

/// What a rule asks of an event, such as "`event_type` is `task_deleted` and `ip.category` is not `corporate`".
pub(super) fn conditions(section: &Detections) -> String {
    let parts: Vec<String> = section
        .conditions
        .iter()
        .map(|part| condition(part, section))
        .collect();
    join(&parts, "or")
}

fn condition(expression: &ConditionExpr, section: &Detections) -> String {
    let all = |parts: &[ConditionExpr], word| {
        let parts: Vec<String> = parts
            .iter()
            .map(|part| grouped(part, condition(part, section)))
            .collect();
        join(&parts, word)
    };
    match expression {
        ConditionExpr::And(parts) => all(parts, "and"),
        ConditionExpr::Or(parts) => all(parts, "or"),
        ConditionExpr::Not(part) => format!("it is not so that {}", condition(part, section)),
        ConditionExpr::Identifier(name) => match section.named.get(name) {
            Some(selection) => detection(selection),
            None => name.clone(),
        },
        ConditionExpr::Selector { .. } => expression.to_string(),
    }
}

/// Puts what is itself a list of alternatives into brackets.
fn grouped(part: &ConditionExpr, text: String) -> String {
    match part {
        ConditionExpr::Or(parts) if parts.len() > 1 => format!("({text})"),
        ConditionExpr::And(parts) if parts.len() > 1 => format!("({text})"),
        _ => text,
    }
}

/// What one selection asks.
pub(super) fn detection(selection: &Detection) -> String {
    let all = |parts: &[Detection], word| {
        let parts: Vec<String> = parts.iter().map(detection).collect();
        join(&parts, word)
    };
    match selection {
        Detection::AllOf(items) => {
            let parts: Vec<String> = items.iter().map(item).collect();
            join(&parts, "and")
        }
        Detection::AnyOf(parts) if parts.len() > 1 => format!("({})", all(parts, "or")),
        Detection::AnyOf(parts) => all(parts, "or"),
        Detection::And(parts) => all(parts, "and"),
        Detection::Keywords(values) => format!("the event contains {}", list(values, "or")),
        Detection::ArrayMatch { field, .. } => format!("a member of `{field}` fits"),
        Detection::Conditional { .. } => "a part of the event fits".to_owned(),
    }
}

/// What one line of a selection asks.
pub(super) fn item(item: &DetectionItem) -> String {
    let has = |modifier| item.field.has_modifier(modifier);
    let Some(field) = &item.field.name else {
        let word = if has(Modifier::All) { "and" } else { "or" };
        return format!("the event contains {}", list(&item.values, word));
    };
    if has(Modifier::Exists) {
        let there = item.values.first() != Some(&SigmaValue::Bool(false));
        return format!(
            "`{field}` {}",
            if there { "is there" } else { "is not there" }
        );
    }
    let not = if has(Modifier::Neq) { "not " } else { "" };
    if item.values.is_empty() || item.values == [SigmaValue::Null] {
        return format!("`{field}` is {not}null or missing");
    }
    let word = match (has(Modifier::All), has(Modifier::Neq)) {
        (true, _) => "and",
        (false, true) => "nor",
        (false, false) => "or",
    };
    let values = list(&item.values, word);
    let part = time_part(item).map_or_else(String::new, |part| format!("the {part} of "));
    format!("{part}`{field}` {} {values}", verb(item, not))
}

fn verb(item: &DetectionItem, not: &str) -> String {
    let has = |modifier| item.field.has_modifier(modifier);
    let active = |third: &str, base: &str| {
        if not.is_empty() {
            third.to_owned()
        } else {
            format!("does not {base}")
        }
    };
    if has(Modifier::Re) {
        return active("matches", "match") + " the regular expression";
    }
    if has(Modifier::Cidr) {
        return format!("is {not}in the network");
    }
    let comparisons = [
        (Modifier::Gt, "more than"),
        (Modifier::Gte, "at least"),
        (Modifier::Lt, "less than"),
        (Modifier::Lte, "at most"),
    ];
    if let Some((_, words)) = comparisons.into_iter().find(|(modifier, _)| has(*modifier)) {
        return format!("is {not}{words}");
    }
    let base64 = has(Modifier::Base64) || has(Modifier::Base64Offset);
    let object = match (has(Modifier::FieldRef), base64) {
        (true, _) => " the event's own",
        (_, true) => " the Base64 form of",
        _ => "",
    };
    let verb = if has(Modifier::Contains) {
        active("contains", "contain")
    } else if has(Modifier::StartsWith) {
        active("begins with", "begin with")
    } else if has(Modifier::EndsWith) {
        active("ends with", "end with")
    } else {
        format!("is {not}").trim_end().to_owned()
    };
    verb + object
}

fn time_part(item: &DetectionItem) -> Option<&'static str> {
    item.field
        .modifiers
        .iter()
        .find_map(|modifier| match modifier {
            Modifier::Minute => Some("minute"),
            Modifier::Hour => Some("hour"),
            Modifier::Day => Some("day"),
            Modifier::Week => Some("week"),
            Modifier::Month => Some("month"),
            Modifier::Year => Some("year"),
            _ => None,
        })
}

fn list(values: &[SigmaValue], word: &str) -> String {
    let mut parts: Vec<String> = values.iter().take(VALUES_SHOWN).map(value).collect();
    if values.len() > VALUES_SHOWN {
        parts.push(format!("{} more", values.len() - VALUES_SHOWN));
    }
    join(&parts, word)
}

fn value(value: &SigmaValue) -> String {
    match value {
        SigmaValue::String(text) if text.original.is_empty() => "an empty text".to_owned(),
        SigmaValue::String(text) => format!("`{}`", cut(&text.original, VALUE_CHARACTERS)),
        other => format!("`{other}`"),
    }
}

/// The start of a text, so that nobody's explanation is flooded.
pub(super) fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        None => text.to_owned(),
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
    }
}

/// `a, b and c`.
pub(super) fn join(parts: &[String], word: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use rsigma_parser::parse_sigma_yaml;

    use super::*;

    fn described(detection: &str) -> String {
        let yaml = format!("title: a\nlogsource: {{product: asana}}\ndetection:\n{detection}");
        let collection = parse_sigma_yaml(&yaml).unwrap();
        conditions(&collection.rules[0].detection)
    }

    #[test]
    fn rules_read_like_sentences() {
        let selection = |items: &str| format!("  a: {{{items}}}\n  condition: a\n");
        for (items, words) in [
            ("f: x", "`f` is `x`"),
            ("f: [x, 5, true]", "`f` is `x`, `5` or `true`"),
            ("f|neq: [x, y]", "`f` is not `x` nor `y`"),
            ("f|contains|all: [x, y]", "`f` contains `x` and `y`"),
            (
                "f|startswith: x, g|endswith: y",
                "`f` begins with `x` and `g` ends with `y`",
            ),
            ("f|contains|neq: x", "`f` does not contain `x`"),
            ("f|re: x.*", "`f` matches the regular expression `x.*`"),
            ("f|cidr: 10.0.0.0/8", "`f` is in the network `10.0.0.0/8`"),
            ("f|gte: 5", "`f` is at least `5`"),
            ("f|fieldref: g", "`f` is the event's own `g`"),
            ("f|fieldref|neq: g", "`f` is not the event's own `g`"),
            ("f|exists: true", "`f` is there"),
            ("f|exists: false", "`f` is not there"),
            ("f: null", "`f` is null or missing"),
            ("f: ''", "`f` is an empty text"),
            ("f|hour: 5", "the hour of `f` is `5`"),
            (
                "f: [1, 2, 3, 4, 5, 6, 7, 8]",
                "`f` is `1`, `2`, `3`, `4`, `5`, `6` or 2 more",
            ),
        ] {
            assert_eq!(described(&selection(items)), words);
        }
        assert_eq!(
            described("  a: [word, other]\n  b: [{f: x}, {g: y}]\n  condition: a and not b\n"),
            "the event contains `word` or `other` and it is not so that (`f` is `x` or `g` is `y`)"
        );
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("aé", 2), "aé");
        assert_eq!(cut("aéb", 2), "aé…");
    }
}
