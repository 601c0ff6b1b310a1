use rsigma_parser::{
    ConditionExpr, Detections, FilterRule, FilterRuleTarget, LogSource, Quantifier,
    SelectorPattern, SigmaRule,
};

use super::Fault;

/// Writes out `1 of selection_*` and the like with the names that they mean, in the order of the alphabet. `rsigma` knows a `*`
/// only at one place of a pattern, and takes `all of` nothing as true.
pub(in crate::activity) fn expand_selectors(section: &mut Detections) -> Result<(), Fault> {
    let mut names: Vec<String> = section.named.keys().cloned().collect();
    names.sort();
    for condition in &mut section.conditions {
        *condition = expand(condition, &names)?;
    }
    Ok(())
}

fn expand(condition: &ConditionExpr, names: &[String]) -> Result<ConditionExpr, Fault> {
    let all = |parts: &[ConditionExpr]| -> Result<Vec<ConditionExpr>, Fault> {
        parts.iter().map(|part| expand(part, names)).collect()
    };
    Ok(match condition {
        ConditionExpr::And(parts) => ConditionExpr::And(all(parts)?),
        ConditionExpr::Or(parts) => ConditionExpr::Or(all(parts)?),
        ConditionExpr::Not(part) => ConditionExpr::Not(Box::new(expand(part, names)?)),
        ConditionExpr::Identifier(name) => {
            if !names.contains(name) {
                let known = names.join(", ");
                return Err(Fault::new(format!("no selection is called `{name}`"))
                    .near("condition:")
                    .advise(format!("there are {known}")));
            }
            condition.clone()
        }
        ConditionExpr::Selector {
            quantifier,
            pattern,
        } => {
            let parts: Vec<ConditionExpr> = names
                .iter()
                .filter(|name| fits(pattern, name))
                .cloned()
                .map(ConditionExpr::Identifier)
                .collect();
            if parts.is_empty() {
                return Err(
                    Fault::new(format!("no selection has a name like `{pattern}`"))
                        .near("condition:")
                        .advise(format!("there are {}", names.join(", "))),
                );
            }
            match quantifier {
                Quantifier::Any => ConditionExpr::Or(parts),
                Quantifier::All => ConditionExpr::And(parts),
                Quantifier::Count(count) => {
                    return Err(Fault::new(format!("Sigma has no `{count} of`"))
                        .near("condition:")
                        .advise("use `1 of`, `any of` or `all of`"));
                }
            }
        }
    })
}

fn fits(pattern: &SelectorPattern, name: &str) -> bool {
    match pattern {
        SelectorPattern::Them => !name.starts_with('_'),
        SelectorPattern::Pattern(pattern) => glob(pattern, name),
    }
}

/// Whether `name` fits a pattern in which each `*` stands for any text.
fn glob(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else {
            return false;
        };
        left = after;
    }
    left.ends_with(last)
}

/// Whether a filter is meant for a rule: it names it, and does not speak of another log source.
pub(in crate::activity) fn is_meant(rule: &SigmaRule, filter: &FilterRule) -> bool {
    let is_named = match &filter.rules {
        FilterRuleTarget::Any => true,
        FilterRuleTarget::Specific(names) => names.iter().any(|name| {
            rule.id.as_ref() == Some(name)
                || rule.name.as_ref() == Some(name)
                || rule.title == *name
        }),
    };
    let same_source = filter
        .logsource
        .as_ref()
        .is_none_or(|source| contains(source, &rule.logsource));
    is_named && same_source
}

/// Adds a filter to a rule, if it is meant for it: the rule's conditions and the filter's condition. Whether it was.
/// The selectors of both are expanded.
pub(in crate::activity) fn merge_filter(rule: &mut SigmaRule, filter: &FilterRule) -> bool {
    if !is_meant(rule, filter) {
        return false;
    }
    let own = |name: &str| format!("{}: {name}", filter.title);
    for (name, detection) in &filter.detection.named {
        rule.detection.named.insert(own(name), detection.clone());
    }
    let parts: Vec<ConditionExpr> = filter
        .detection
        .conditions
        .iter()
        .map(|condition| rename(condition, &own))
        .collect();
    let condition = match <[ConditionExpr; 1]>::try_from(parts) {
        Ok([one]) => one,
        Err(parts) => ConditionExpr::Or(parts),
    };
    for own in &mut rule.detection.conditions {
        *own = ConditionExpr::And(vec![own.clone(), condition.clone()]);
    }
    true
}

/// What a filter says of the log source must be said by the rule, too.
fn contains(filter: &LogSource, rule: &LogSource) -> bool {
    let agrees = |filter: &Option<String>, rule: &Option<String>| match (filter, rule) {
        (None, _) => true,
        (Some(filter), Some(rule)) => filter.eq_ignore_ascii_case(rule),
        (Some(_), None) => false,
    };
    agrees(&filter.product, &rule.product)
        && agrees(&filter.service, &rule.service)
        && agrees(&filter.category, &rule.category)
}

fn rename(condition: &ConditionExpr, own: &impl Fn(&str) -> String) -> ConditionExpr {
    let all = |parts: &[ConditionExpr]| parts.iter().map(|part| rename(part, own)).collect();
    match condition {
        ConditionExpr::Identifier(name) => ConditionExpr::Identifier(own(name)),
        ConditionExpr::And(parts) => ConditionExpr::And(all(parts)),
        ConditionExpr::Or(parts) => ConditionExpr::Or(all(parts)),
        ConditionExpr::Not(part) => ConditionExpr::Not(Box::new(rename(part, own))),
        ConditionExpr::Selector { .. } => condition.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text_anywhere() {
        for (pattern, name, fit) in [
            ("selection_*", "selection_a", true),
            ("selection_*", "selection", false),
            ("*_a", "selection_a", true),
            ("*lect*", "selection", true),
            ("s*c*n", "selection", true),
            ("s*x*n", "selection", false),
            ("*", "anything", true),
            ("ab*ba", "aba", false),
            ("a", "a", true),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern, name), fit, "{pattern} {name}");
        }
    }
}
