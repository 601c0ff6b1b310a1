//! From the text of a policy to what the engine runs.

mod correlate;

use std::str::FromStr;
use std::sync::Arc;

use drishti_model::Severity;
use rsigma_eval::{CompiledRule, compile_rule};
use rsigma_parser::{
    FilterRule, Level, SigmaCollection, SigmaRule, is_unsupported, parse_sigma_yaml,
};

use super::correlation::{Correlation, Feed};
use super::fault::Fault;
use super::lacking;
use super::outer::OuterFilters;
use super::repair::{expand_selectors, merge_filter, repair};
use super::title::Title;
use crate::policy::{Activity, Policy, PolicyError, PolicyKind, SeverityCase};

/// The log source of every policy.
const PRODUCT: &str = "asana";

/// One policy, ready to run.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) policy: Arc<Policy>,
    pub(super) activity: Activity,
    pub(super) title: Title,
    pub(super) cases: Vec<Case>,
    pub(super) rules: Vec<BaseRule>,
    /// Those that others are fed by come first.
    pub(super) correlations: Vec<Correlation>,
}

/// A severity for matches that fit.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) when: Option<CompiledRule>,
    pub(super) severity: Option<Severity>,
}

/// A Sigma rule.
#[derive(Debug)]
pub(super) struct BaseRule {
    /// As written, with selectors expanded and filters merged.
    pub(super) source: SigmaRule,
    /// As it is run: repaired.
    pub(super) compiled: CompiledRule,
    /// The fields it asks for that an event can lack.
    pub(super) asked: Vec<String>,
    /// Names of the filters that were merged.
    pub(super) filters: Vec<String>,
    /// How bad it is, if it speaks itself.
    pub(super) raises: Option<Severity>,
    /// Which correlations of the same file it feeds.
    pub(super) feeds: Vec<Feed>,
}

/// Compiles an activity policy; `None` where the policy is of another kind.
pub(super) fn compile(policy: &Arc<Policy>) -> Result<Option<Program>, PolicyError> {
    let PolicyKind::Activity(activity) = &policy.kind else {
        return Ok(None);
    };
    let fault = |fault: Fault| fault.in_file(&policy.file, &policy.text);
    let collection = parse(&policy.text).map_err(fault)?;
    let mut narrowing = Vec::new();
    for file in &policy.filters {
        narrowing.extend(OuterFilters::read(file)?.of(policy));
    }
    let mut rules = base_rules(&collection, &narrowing).map_err(fault)?;
    let mut correlations =
        correlate::correlations(&collection.correlations, &rules).map_err(fault)?;
    correlate::connect(
        &collection.correlations,
        &mut rules,
        &mut correlations,
        &Levels::of(policy),
    );
    let cases = activity
        .severities
        .iter()
        .map(case)
        .collect::<Result<Vec<Case>, Fault>>()
        .map_err(fault)?;
    Ok(Some(Program {
        policy: Arc::clone(policy),
        activity: Activity::clone(activity),
        title: Title::parse(&activity.alert_title),
        cases,
        rules,
        correlations,
    }))
}

/// The Sigma documents of a text. What `rsigma` only warns of is left to `lint`.
pub(super) fn parse(text: &str) -> Result<SigmaCollection, Fault> {
    let mut collection =
        parse_sigma_yaml(text).map_err(|error| Fault::quoting(&error.to_string()))?;
    collection.errors.retain(|error| {
        let warnings = ["invalid status", "invalid level", "related", "'related'"];
        !warnings.iter().any(|warning| error.starts_with(warning))
    });
    if let Some(error) = collection.errors.first() {
        return Err(Fault::quoting(error).advise("see docs/POLICIES.md for what Sigma knows"));
    }
    Ok(collection)
}

/// How bad the matches of a policy's rules are.
struct Levels {
    usual: Severity,
    /// Whether the owner has set it, whatever levels the rules have.
    is_set: bool,
}

impl Levels {
    fn of(policy: &Policy) -> Self {
        Self {
            usual: policy.severity,
            is_set: policy.severity_is_set,
        }
    }

    /// A level of Sigma as ours: the words are the same.
    fn severity(&self, level: Option<Level>) -> Severity {
        let level = level.filter(|_| !self.is_set);
        let level = level.and_then(|level| Severity::from_str(level.as_str()).ok());
        level.unwrap_or(self.usual)
    }
}

fn base_rules(
    collection: &SigmaCollection,
    narrowing: &[FilterRule],
) -> Result<Vec<BaseRule>, Fault> {
    let mut filters = collection.filters.clone();
    for filter in &mut filters {
        expand_selectors(&mut filter.detection)?;
    }
    let mut used = vec![false; filters.len()];
    let mut rules = Vec::with_capacity(collection.rules.len());
    for rule in &collection.rules {
        let base = base_rule(rule, &filters, &mut used, narrowing);
        rules.push(base.map_err(|fault| fault.of(&rule.title))?);
    }
    if let Some((filter, _)) = filters.iter().zip(used).find(|(_, used)| !used) {
        return Err(Fault::new(format!(
            "the filter `{}` fits no rule of the file",
            filter.title
        ))
        .near(&filter.title)
        .advise("name the rule by its id or name under `filter.rules`, with the same logsource"));
    }
    Ok(rules)
}

/// A rule with the filters that it is narrowed by; those of its own file that fit are noted in `used`.
fn base_rule(
    rule: &SigmaRule,
    filters: &[FilterRule],
    used: &mut [bool],
    narrowing: &[FilterRule],
) -> Result<BaseRule, Fault> {
    check_header(rule)?;
    let mut source = rule.clone();
    expand_selectors(&mut source.detection)?;
    let mut names = Vec::new();
    for (filter, used) in filters.iter().zip(used) {
        if merge_filter(&mut source, filter) {
            names.push(filter.title.clone());
            *used = true;
        }
    }
    for filter in narrowing {
        if merge_filter(&mut source, filter) {
            names.push(filter.title.clone());
        }
    }
    let compiled = compile_one(&source)?;
    Ok(BaseRule {
        asked: lacking::asked(&compiled),
        compiled,
        source,
        filters: names,
        raises: None,
        feeds: Vec::new(),
    })
}

fn check_header(rule: &SigmaRule) -> Result<(), Fault> {
    let near = |text: String, word: &str| Err(Fault::new(text).near(word));
    if is_unsupported(rule.sigma_version) || rule.sigma_version.is_some_and(|major| major > 2) {
        return near("only Sigma 2 is understood".to_owned(), "sigma-version");
    }
    let source = &rule.logsource;
    if source.product.is_none() && source.service.is_none() && source.category.is_none() {
        return near(format!("`{}` has no `logsource`", rule.title), &rule.title)
            .map_err(|fault| fault.advise("write `logsource: {product: asana, service: audit}`"));
    }
    match &source.product {
        Some(product) if !product.eq_ignore_ascii_case(PRODUCT) => {
            near(format!("a rule for `{product}`, not for Asana"), "product").map_err(|fault| {
                fault.advise("write `logsource: {product: asana, service: audit}`")
            })
        }
        _ => Ok(()),
    }
}

/// Repairs and compiles a rule whose selectors are expanded. What a match would only copy is left out.
pub(super) fn compile_one(source: &SigmaRule) -> Result<CompiledRule, Fault> {
    let mut bare = source.clone();
    bare.custom_attributes.clear();
    let repaired = repair(bare)?;
    compile_rule(&repaired).map_err(|error| Fault::quoting(&error.to_string()))
}

fn case(case: &SeverityCase) -> Result<Case, Fault> {
    let when = case.when.as_ref().map(|when| {
        // JSON is YAML, too.
        let yaml = format!(
            "title: severity\nlogsource: {{product: {PRODUCT}}}\ndetection:\n  when: {when}\n  condition: when\n"
        );
        let wrong = |error: &str| Fault::quoting(error).near("severities");
        let collection = parse_sigma_yaml(&yaml).map_err(|error| wrong(&error.to_string()))?;
        match (collection.errors.first(), collection.rules.first()) {
            (None, Some(rule)) => compile_one(rule).map_err(|fault| fault.near("severities")),
            (error, _) => Err(wrong(error.map_or("no selection", String::as_str))),
        }
    });
    Ok(Case {
        when: when.transpose()?,
        severity: case.severity,
    })
}
