//! Filters that are not in the file of the rules that they narrow.

use rsigma_parser::{FilterRule, FilterRuleTarget};

use super::compile;
use super::fault::Fault;
use super::repair::{expand_selectors, is_meant};
use crate::policy::{FilterFile, Policy, PolicyError};

/// The filters of a file, read.
pub(crate) struct OuterFilters(Vec<FilterRule>);

impl OuterFilters {
    /// Reads the filters of a file.
    pub(crate) fn read(file: &FilterFile) -> Result<Self, PolicyError> {
        let fault = |fault: Fault| fault.in_file(&file.file, &file.text);
        let mut filters = compile::parse(&file.text).map_err(fault)?.filters;
        for filter in &mut filters {
            expand_selectors(&mut filter.detection).map_err(fault)?;
        }
        Ok(Self(filters))
    }

    /// Their titles.
    pub(crate) fn titles(&self) -> Vec<String> {
        self.0.iter().map(|filter| filter.title.clone()).collect()
    }

    /// The titles of those that name `policy` or a rule of it.
    pub(crate) fn fitting(&self, policy: &Policy) -> Vec<String> {
        let Ok(collection) = compile::parse(&policy.text) else {
            return Vec::new();
        };
        let mut fitting = self.of(policy);
        fitting.retain(|filter| collection.rules.iter().any(|rule| is_meant(rule, filter)));
        fitting.into_iter().map(|filter| filter.title).collect()
    }

    /// The filters, where those that name `policy` itself are meant for any rule: it is asked for the rules of this policy only.
    pub(super) fn of(&self, policy: &Policy) -> Vec<FilterRule> {
        let mut filters = self.0.clone();
        for filter in &mut filters {
            let is_named = match &filter.rules {
                FilterRuleTarget::Any => true,
                FilterRuleTarget::Specific(names) => {
                    names.iter().any(|name| name == policy.id.as_str())
                }
            };
            if is_named {
                filter.rules = FilterRuleTarget::Any;
            }
        }
        filters
    }
}
