use std::net::IpAddr;

use regex::RegexBuilder;
use rsigma_parser::{
    Detection, DetectionItem, FieldSpec, Modifier, SigmaString, SigmaValue, SpecialChar, StringPart,
};

use super::windash::spellings;
use super::{Fault, keyword_texts};
use crate::activity::view::PRESENCE;

/// Longest pattern of a regular expression, in bytes.
pub(super) const REGEX_BYTES_MAX: usize = 2_000;

/// Largest compiled regular expression, in bytes.
const REGEX_COMPILED_BYTES_MAX: usize = 1024 * 1024;

/// Words that YAML 1.1 reads as a truth value and YAML 1.2 as a text.
const SPELLINGS: [(&str, &str); 4] = [
    ("off", "false"),
    ("no", "false"),
    ("on", "true"),
    ("yes", "true"),
];

/// The items that mean what `item`, which names a field, says; all of them must match.
pub(super) fn repair(item: &DetectionItem) -> Result<Vec<DetectionItem>, Fault> {
    let mut item = item.clone();
    if item.values.is_empty() {
        // An empty list is null.
        item.values.push(SigmaValue::Null);
    }
    check(&item)?;
    if has(&item, Modifier::Exists) {
        return Ok(vec![presence(&item)?]);
    }
    if has(&item, Modifier::Expand) {
        expand(&mut item)?;
    }
    let mut items = split_all(item);
    for item in &mut items {
        computed_time(item);
        spell(item);
        windash(item)?;
        regular_expression(item)?;
        wildcards(item);
        for value in texts(item) {
            if has(item, Modifier::Re) {
                check_regex(value)?;
            }
            if has(item, Modifier::Cidr) {
                check_network(value)?;
            }
        }
    }
    let referred = items.iter().flat_map(known_reference).collect::<Vec<_>>();
    items.extend(referred);
    Ok(items)
}

/// Items without a field look at the whole event: any of their values, or with `all` each of them.
pub(super) fn keywords(item: &DetectionItem) -> Result<Vec<Detection>, Fault> {
    if let Some(modifier) = item
        .field
        .modifiers
        .iter()
        .find(|modifier| !matches!(modifier, Modifier::All | Modifier::Contains))
    {
        let name = format!("{modifier:?}").to_lowercase();
        return Err(Fault::new(format!("`{name}` needs a field")).near(format!("'|{name}")));
    }
    let values = keyword_texts(&item.values)?;
    if !has(item, Modifier::All) {
        return Ok(vec![Detection::Keywords(values)]);
    }
    Ok(values
        .into_iter()
        .map(|value| Detection::Keywords(vec![value]))
        .collect())
}

/// Refuses a regular expression that is too large. Matching takes linear time in any case.
fn check_regex(pattern: &str) -> Result<(), Fault> {
    if pattern.len() > REGEX_BYTES_MAX {
        let problem = format!("a regular expression longer than {REGEX_BYTES_MAX} bytes");
        let start: String = pattern.chars().take(20).collect();
        return Err(Fault::new(problem).near(start));
    }
    let compiled = RegexBuilder::new(pattern)
        .size_limit(REGEX_COMPILED_BYTES_MAX)
        .build();
    compiled.map(drop).map_err(|error| {
        let advice = match error {
            regex::Error::CompiledTooBig(_) => "smaller numbers in `{}` help",
            _ => "look-around and back-references do not exist, because matching must take linear time",
        };
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
        Fault::new(format!("the regular expression `{pattern}`: {reason}"))
            .near(pattern)
            .advise(advice)
    })
}

fn has(item: &DetectionItem, modifier: Modifier) -> bool {
    item.field.has_modifier(modifier)
}

fn name(item: &DetectionItem) -> &str {
    item.field.name.as_deref().unwrap_or_default()
}

/// The texts among the values, as they were written.
fn texts(item: &DetectionItem) -> impl Iterator<Item = &str> {
    item.values.iter().filter_map(|value| match value {
        SigmaValue::String(text) => Some(text.original.as_str()),
        _ => None,
    })
}

/// What the specification forbids and `rsigma` lets pass.
fn check(item: &DetectionItem) -> Result<(), Fault> {
    let field = name(item);
    let fault = |text: String| Err(Fault::new(text).near(field));
    if item.values.len() > 1 && item.values.contains(&SigmaValue::Null) {
        return fault(format!("`{field}`: null cannot stand in a list")).map_err(|fault| {
            fault.advise("write two selections, and `1 of` them in the condition")
        });
    }
    let compares = [Modifier::Gt, Modifier::Gte, Modifier::Lt, Modifier::Lte];
    let compares = compares.into_iter().any(|modifier| has(item, modifier));
    if compares && texts(item).next().is_some() {
        return fault(format!("`{field}` is compared with a text"))
            .map_err(|fault| fault.advise("write the number without quotes"));
    }
    let encodes = [
        Modifier::Base64,
        Modifier::Base64Offset,
        Modifier::Wide,
        Modifier::Utf16,
        Modifier::Utf16be,
    ];
    let encodes = encodes.into_iter().any(|modifier| has(item, modifier));
    let wild =
        |value: &SigmaValue| matches!(value, SigmaValue::String(text) if text.contains_wildcards());
    if encodes && item.values.iter().any(wild) {
        return fault(format!("`{field}`: an encoded value cannot have wildcards"))
            .map_err(|fault| fault.advise("write `\\*` or `\\?` for the character itself"));
    }
    if has(item, Modifier::Expand) || !has(item, Modifier::Re) {
        return Ok(());
    }
    let early = item
        .field
        .modifiers
        .iter()
        .take_while(|modifier| **modifier != Modifier::Re)
        .find(|modifier| !matches!(modifier, Modifier::All | Modifier::Neq | Modifier::Cased));
    match early {
        Some(modifier) => {
            let early = format!("{modifier:?}").to_lowercase();
            fault(format!("`{field}`: `re` must come before `{early}`"))
        }
        None => Ok(()),
    }
}

/// `exists` asks whether the field is there, null or not; `rsigma` takes null as missing.
fn presence(item: &DetectionItem) -> Result<DetectionItem, Fault> {
    let field = name(item);
    match (item.values.as_slice(), item.field.modifiers.as_slice()) {
        ([SigmaValue::Bool(expected)], [_]) => Ok(DetectionItem {
            field: FieldSpec::new(Some(format!("{PRESENCE}{field}")), Vec::new()),
            values: vec![SigmaValue::Bool(*expected)],
        }),
        (_, [_]) => {
            Err(Fault::new(format!("`{field}|exists` needs `true` or `false`")).near(field))
        }
        _ => {
            Err(Fault::new(format!("`{field}`: `exists` goes with no other modifier")).near(field))
        }
    }
}

/// Placeholders stand for values that somebody else knows. There is nobody to ask, so the rule is refused; `rsigma` takes them
/// as fields of the event.
fn expand(item: &mut DetectionItem) -> Result<(), Fault> {
    if let Some(text) = texts(item).find(|text| text.matches('%').count() > 1) {
        return Err(Fault::new(format!(
            "nothing is known to put in for the placeholder `{text}`"
        ))
        .near(text)
        .advise("write the values themselves, or compare with a field by `fieldref`"));
    }
    item.field
        .modifiers
        .retain(|modifier| *modifier != Modifier::Expand);
    Ok(())
}

/// `all` as one item for each value, so that a value may become several spellings.
fn split_all(mut item: DetectionItem) -> Vec<DetectionItem> {
    if !has(&item, Modifier::All) || item.values.len() < 2 {
        return vec![item];
    }
    item.field
        .modifiers
        .retain(|modifier| *modifier != Modifier::All);
    let values = std::mem::take(&mut item.values);
    values
        .into_iter()
        .map(|value| DetectionItem {
            field: item.field.clone(),
            values: vec![value],
        })
        .collect()
}

/// `created_at|hour|gte` compares the hour; `rsigma` knows the hour only for equality.
fn computed_time(item: &mut DetectionItem) {
    let part = |modifier: &Modifier| match modifier {
        Modifier::Minute => Some("minute"),
        Modifier::Hour => Some("hour"),
        Modifier::Day => Some("day"),
        Modifier::Week => Some("week"),
        Modifier::Month => Some("month"),
        Modifier::Year => Some("year"),
        _ => None,
    };
    let modifiers = &item.field.modifiers;
    if modifiers.len() < 2 {
        return;
    }
    if let Some(name_of_part) = modifiers.iter().find_map(part) {
        item.field.name = Some(format!("{name_of_part} of {}", name(item)));
        item.field
            .modifiers
            .retain(|modifier| part(modifier).is_none());
    }
}

/// A word that YAML 1.1 reads as a truth value matches in either spelling, on both sides.
fn spell(item: &mut DetectionItem) {
    let equality = item
        .field
        .modifiers
        .iter()
        .all(|modifier| matches!(modifier, Modifier::Cased | Modifier::Neq));
    if !equality {
        return;
    }
    let mut more = Vec::new();
    for value in &item.values {
        let spelled = match value {
            SigmaValue::String(text) => text.original.to_lowercase(),
            SigmaValue::Bool(value) => value.to_string(),
            _ => continue,
        };
        for (word, truth) in SPELLINGS {
            match value {
                // As a text it equals both the truth value and its word.
                SigmaValue::String(_) if spelled == word => more.push(truth),
                SigmaValue::Bool(_) if spelled == truth => more.push(word),
                _ => {}
            }
        }
    }
    item.values
        .extend(more.into_iter().map(SigmaValue::from_raw_string));
}

fn windash(item: &mut DetectionItem) -> Result<(), Fault> {
    if !has(item, Modifier::WindAsh) {
        return Ok(());
    }
    item.field
        .modifiers
        .retain(|modifier| *modifier != Modifier::WindAsh);
    let mut values = Vec::new();
    for value in &item.values {
        match value {
            SigmaValue::String(text) => values.extend(
                spellings(&text.original)?
                    .iter()
                    .map(|text| SigmaValue::String(SigmaString::new(text))),
            ),
            other => values.push(other.clone()),
        }
    }
    item.values = values;
    Ok(())
}

/// `re` finds its pattern anywhere. With `startswith` and `endswith` after it, the pattern is bound to that end; `rsigma` refuses
/// the combination.
fn regular_expression(item: &mut DetectionItem) -> Result<(), Fault> {
    if !has(item, Modifier::Re) {
        return Ok(());
    }
    let (start, end) = (
        has(item, Modifier::StartsWith),
        has(item, Modifier::EndsWith),
    );
    if start && end {
        return Err(Fault::new(format!(
            "`{}`: `startswith` and `endswith` exclude each other",
            name(item)
        ))
        .near(name(item)));
    }
    item.field.modifiers.retain(|modifier| {
        !matches!(
            modifier,
            Modifier::Contains | Modifier::StartsWith | Modifier::EndsWith
        )
    });
    if !start && !end {
        return Ok(());
    }
    for value in &mut item.values {
        if let SigmaValue::String(text) = value {
            let pattern = &text.original;
            let bound = if start {
                format!("^(?:{pattern})")
            } else {
                format!("(?:{pattern})$")
            };
            *value = SigmaValue::from_raw_string(&bound);
        }
    }
    Ok(())
}

/// Wildcards as a regular expression whose `.` is any character; `rsigma` does not let `*` go over the end of a line, and binds
/// `startswith` with a wildcard to the wrong end.
fn wildcards(item: &mut DetectionItem) {
    let plain = |modifier: &Modifier| {
        matches!(
            modifier,
            Modifier::Contains
                | Modifier::StartsWith
                | Modifier::EndsWith
                | Modifier::Cased
                | Modifier::Neq
        )
    };
    let wild =
        |value: &SigmaValue| matches!(value, SigmaValue::String(text) if text.contains_wildcards());
    if !item.field.modifiers.iter().all(plain) || !item.values.iter().any(wild) {
        return;
    }
    let contains = has(item, Modifier::Contains);
    let start = !contains && !has(item, Modifier::EndsWith);
    let end = !contains && !has(item, Modifier::StartsWith);
    for value in &mut item.values {
        let body = match &*value {
            SigmaValue::String(text) => pattern(text),
            other => regex::escape(&other.to_string()),
        };
        let (start, end) = (if start { "^" } else { "" }, if end { "$" } else { "" });
        *value = SigmaValue::from_raw_string(&format!("{start}{body}{end}"));
    }
    let mut modifiers = vec![Modifier::Re, Modifier::DotAll];
    if !has(item, Modifier::Cased) {
        modifiers.push(Modifier::IgnoreCase);
    }
    if has(item, Modifier::Neq) {
        modifiers.push(Modifier::Neq);
    }
    item.field.modifiers = modifiers;
}

fn pattern(text: &SigmaString) -> String {
    text.parts
        .iter()
        .map(|part| match part {
            StringPart::Plain(text) => regex::escape(text),
            StringPart::Special(SpecialChar::WildcardMulti) => ".*".to_owned(),
            StringPart::Special(SpecialChar::WildcardSingle) => ".".to_owned(),
        })
        .collect()
}

/// A network is written by its first address.
fn check_network(text: &str) -> Result<(), Fault> {
    let network = text.split_once('/').and_then(|(address, length)| {
        let address: IpAddr = address.parse().ok()?;
        let length: u32 = length.parse().ok()?;
        let (bits, width) = match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let host = u32::checked_sub(width, length)?;
        // All ones, where nothing is left of the network.
        let mask = 1_u128.checked_shl(host).map_or(u128::MAX, |bit| bit - 1);
        Some(bits & mask == 0)
    });
    match network {
        Some(true) => Ok(()),
        Some(false) => Err(Fault::new(format!(
            "`{text}` is an address within a network, not the network"
        ))
        .near(text)
        .advise("set the bits after the length to zero, such as 10.0.0.0/8")),
        None => Err(Fault::new(format!("`{text}` is no network"))
            .near(text)
            .advise("write it as 10.0.0.0/8 or 2001:db8::/32")),
    }
}

/// With `fieldref` and `neq`, the other field must be known: unknown is not different.
fn known_reference(item: &DetectionItem) -> Vec<DetectionItem> {
    if !(has(item, Modifier::FieldRef) && has(item, Modifier::Neq)) {
        return Vec::new();
    }
    texts(item)
        .map(|other| DetectionItem {
            field: FieldSpec::new(Some(format!("{PRESENCE}{other}")), Vec::new()),
            values: vec![SigmaValue::Bool(true)],
        })
        .collect()
}
