//! Where `rsigma` and `sigma.md` differ, rules are rewritten before they are compiled, so that they mean what the specification
//! says. Each repair has a test that names the gap (`repair/tests.rs`); `docs/POLICIES.md` lists them.

mod condition;
mod item;
mod windash;

use rsigma_parser::{Detection, Modifier, SigmaRule, SigmaValue};

use super::fault::Fault;

pub(super) use condition::{expand_selectors, is_meant, merge_filter};

/// Most regular expressions in a rule, values with wildcards included.
const REGEXES_MAX: usize = 200;

/// Rewrites the detections of a rule whose selectors are expanded.
pub(super) fn repair(mut rule: SigmaRule) -> Result<SigmaRule, Fault> {
    let mut regexes = 0;
    for detection in rule.detection.named.values_mut() {
        *detection = repair_detection(detection)?;
        regexes += count_regexes(detection);
    }
    if regexes > REGEXES_MAX {
        let problem =
            format!("more than {REGEXES_MAX} regular expressions and values with wildcards");
        return Err(Fault::new(problem).advise("`contains`, `startswith` and `endswith` need none"));
    }
    Ok(rule)
}

fn count_regexes(detection: &Detection) -> usize {
    match detection {
        Detection::AllOf(items) => items
            .iter()
            .filter(|item| item.field.has_modifier(Modifier::Re))
            .map(|item| item.values.len())
            .sum(),
        Detection::AnyOf(detections) | Detection::And(detections) => {
            detections.iter().map(count_regexes).sum()
        }
        Detection::Keywords(_) | Detection::ArrayMatch { .. } | Detection::Conditional { .. } => 0,
    }
}

fn repair_detection(detection: &Detection) -> Result<Detection, Fault> {
    let all = |detections: &[Detection]| -> Result<Vec<Detection>, Fault> {
        detections.iter().map(repair_detection).collect()
    };
    Ok(match detection {
        Detection::AllOf(items) => {
            let mut plain = Vec::new();
            let mut others = Vec::new();
            for item in items {
                if item.field.name.is_none() {
                    others.extend(item::keywords(item)?);
                } else {
                    plain.extend(item::repair(item)?);
                }
            }
            if others.is_empty() {
                return Ok(Detection::AllOf(plain));
            }
            if !plain.is_empty() {
                others.push(Detection::AllOf(plain));
            }
            Detection::And(others)
        }
        Detection::AnyOf(detections) => Detection::AnyOf(all(detections)?),
        Detection::And(detections) => Detection::And(all(detections)?),
        Detection::Keywords(values) => Detection::Keywords(keyword_texts(values)?),
        // Only `sigma-version: 3` has them, which is refused.
        Detection::ArrayMatch { .. } | Detection::Conditional { .. } => detection.clone(),
    })
}

/// Keywords are looked for in texts: `rsigma` never finds a number, because it compares it with texts as a number.
fn keyword_texts(values: &[SigmaValue]) -> Result<Vec<SigmaValue>, Fault> {
    values
        .iter()
        .map(|value| match value {
            SigmaValue::String(_) => Ok(value.clone()),
            SigmaValue::Null => Err(Fault::new("a keyword cannot be null")),
            other => Ok(SigmaValue::from_raw_string(&other.to_string())),
        })
        .collect()
}

#[cfg(test)]
mod tests;
