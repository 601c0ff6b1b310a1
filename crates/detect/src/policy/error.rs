use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Policy;
use super::lines;

/// What is wrong in a policy's file. It disables this policy only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyError {
    /// Which file.
    pub file: PathBuf,
    /// Which line, counted from 1, where one can be told.
    pub line: Option<usize>,
    /// What is wrong, lower case, without a full stop.
    pub problem: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl PolicyError {
    /// Something is wrong in `file`.
    pub fn new(file: &Path, problem: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            problem: problem.into(),
            advice: None,
        }
    }

    /// Something is wrong in a policy at the place that `keys` lead to from the top of any of its documents, such as
    /// `["drishti", "parameters", "sensitivity"]`.
    pub fn in_policy(policy: &Policy, keys: &[&str], problem: impl Into<String>) -> Self {
        Self {
            line: lines::find_in_any(&policy.text, keys),
            ..Self::new(&policy.file, problem)
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {}", self.problem)?;
        if let Some(advice) = &self.advice {
            write!(formatter, ": {advice}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}

/// A [`PolicyError`] before it is known which file it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) line: Option<usize>,
    pub(crate) text: String,
    pub(crate) advice: Option<String>,
}

impl Problem {
    pub(crate) fn new(line: Option<usize>, text: impl Into<String>) -> Self {
        Self {
            line,
            text: text.into(),
            advice: None,
        }
    }

    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    pub(crate) fn in_file(self, file: &Path) -> PolicyError {
        PolicyError {
            file: file.to_owned(),
            line: self.line,
            problem: self.text,
            advice: self.advice,
        }
    }
}
