//! Sigma filters in files of their own. They narrow rules of other files, so that shipped ones need not be copied for an exclusion.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::yaml::Document;
use super::{Pack, Policy, PolicyError, PolicyKind};
use crate::activity::{self, OuterFilters};

/// A file of Sigma filters and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterFile {
    /// Where it was read from.
    pub file: PathBuf,
    /// The whole file.
    pub text: Arc<str>,
}

impl FilterFile {
    /// Takes a file of which all documents are filters; `None` where it is another one.
    pub(super) fn of(file: &Path, text: &str, documents: &[Document]) -> Option<Self> {
        let is_filter = |document: &Document| document.value.contains_key("filter");
        let filters_only = !documents.is_empty() && documents.iter().all(is_filter);
        filters_only.then(|| Self {
            file: file.to_owned(),
            text: Arc::from(text),
        })
    }
}

impl Pack {
    /// Gives each policy the filters of this pack that name its rules. A filter that names no rule, or that a rule can't be run with,
    /// is told among the errors, and narrows nothing.
    pub fn attach_filters(&mut self) {
        for file in &self.filters {
            match OuterFilters::read(file) {
                Ok(filters) => self
                    .errors
                    .extend(attach(&mut self.policies, file, &filters)),
                Err(error) => self.errors.push(error),
            }
        }
    }
}

fn attach(
    policies: &mut [Arc<Policy>],
    file: &Arc<FilterFile>,
    filters: &OuterFilters,
) -> Vec<PolicyError> {
    let mut unused = filters.titles();
    let mut errors = Vec::new();
    for policy in policies {
        if !matches!(policy.kind, PolicyKind::Activity(_)) {
            continue;
        }
        let fitting = filters.fitting(policy);
        if fitting.is_empty() {
            continue;
        }
        unused.retain(|title| !fitting.contains(title));
        let mut narrowed = Policy::clone(policy);
        narrowed.filters.push(Arc::clone(file));
        let narrowed = Arc::new(narrowed);
        match activity::check(&narrowed) {
            Ok(()) => *policy = narrowed,
            Err(error) => {
                let problem = format!("`{}` can't be run with it: {}", policy.id, error.problem);
                errors.push(PolicyError::new(&file.file, problem));
            }
        }
    }
    let unused = unused.into_iter().map(|title| {
        PolicyError::new(
            &file.file,
            format!("the filter `{title}` fits no rule of any policy"),
        )
        .advise(
            "name the rule by its id, name or title under `filter.rules`, with the same logsource",
        )
    });
    errors.extend(unused);
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "title: Exports\nname: export_rule\nlogsource: {product: asana}\ndetection:\n  export: {event_type: workspace_export_started}\n  condition: export\ndrishti:\n  name: example.exports\n  tests:\n    - {name: robot, fires: true, events: [{event_type: workspace_export_started, actor: {email: robot@example.com}}]}\n";

    fn filter(rule: &str, condition: &str) -> String {
        format!(
            "title: Our robot\nlogsource: {{product: asana}}\nfilter:\n  rules: [{rule}]\n  robot: {{actor.email: robot@example.com}}\n  condition: {condition}\n"
        )
    }

    fn pack(texts: &[&str]) -> Pack {
        let files: Vec<(PathBuf, String)> = texts
            .iter()
            .enumerate()
            .map(|(number, text)| (PathBuf::from(format!("{number}.yml")), (*text).to_owned()))
            .collect();
        let mut pack = Pack::parse(&files);
        pack.attach_filters();
        pack
    }

    #[test]
    fn a_filter_narrows_a_rule_of_another_file_and_not_its_tests() {
        for name in ["export_rule", "example.exports", "Exports"] {
            let pack = pack(&[&filter(name, "not robot"), RULE]);
            assert_eq!(pack.errors, []);
            assert_eq!(pack.policies[0].filters, pack.filters);
        }
        let pack = pack(&[&filter("export_rule", "not robot"), RULE]);
        let evaluator = |policy: &Arc<Policy>| {
            let (engine, errors) = crate::ActivityEngine::new(&[Arc::clone(policy)]);
            errors.into_iter().next().map_or(Ok(engine), Err)
        };
        assert!(crate::run_tests(&pack, evaluator).passed());

        let (mut engine, _) = crate::ActivityEngine::new(&pack.policies);
        let found = |engine: &mut crate::ActivityEngine, email: &str| {
            let events = [
                serde_json::json!({"event_type": "workspace_export_started", "actor": {"email": email}}),
            ];
            let events = super::super::example::events(&events).unwrap();
            let mut findings = Vec::new();
            engine.evaluate(&events[0], &crate::People::default(), &mut findings);
            findings.len()
        };
        assert_eq!(found(&mut engine, "robot@example.com"), 0);
        assert_eq!(found(&mut engine, "mara@example.com"), 1);
    }

    #[test]
    fn what_fits_nothing_or_breaks_a_rule_is_told_and_the_rule_goes_on() {
        for (filter, problem) in [
            (filter("nothing", "not robot"), "fits no rule of any policy"),
            (
                filter("export_rule", "not robots"),
                "no selection is called `robots`",
            ),
            (
                filter("export_rule", "not robot")
                    .replace("actor.email", "actor.email|re")
                    .replace("robot@example.com", "'('"),
                "`example.exports` can't be run with it",
            ),
        ] {
            let pack = pack(&[RULE, &filter]);
            let [error] = pack.errors.as_slice() else {
                panic!("{:?}", pack.errors)
            };
            assert_eq!(error.file, PathBuf::from("1.yml"));
            assert!(error.problem.contains(problem), "{error}");
            assert!(pack.policies[0].filters.is_empty());
        }
    }
}
