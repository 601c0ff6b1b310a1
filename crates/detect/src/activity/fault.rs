use std::path::Path;

use crate::PolicyError;
use crate::policy::Problem;

/// What is wrong in a Sigma document; where it stands is found by a word of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    text: String,
    advice: Option<String>,
    near: Vec<String>,
}

impl Fault {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            advice: None,
            near: Vec::new(),
        }
    }

    /// A message of `rsigma`; it quotes the words that it is about.
    pub(super) fn quoting(text: &str) -> Self {
        let quoted = |quote: char| {
            text.split(quote)
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .filter(|word| !word.trim().is_empty())
                .collect::<Vec<_>>()
        };
        let last = text.rsplit([' ', ':']).next().map(str::to_owned);
        let mut near = quoted('\'');
        near.extend(quoted('`'));
        near.extend(last.filter(|word| word.len() > 2));
        Self {
            near,
            ..Self::new(lower_first(text))
        }
    }

    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Stands on the first line that has `word`.
    pub(super) fn near(mut self, word: impl Into<String>) -> Self {
        self.near.push(word.into());
        self
    }

    /// The error in a file with this text.
    pub(super) fn in_file(self, file: &Path, text: &str) -> PolicyError {
        let line = self
            .near
            .iter()
            .find_map(|word| text.lines().position(|line| line.contains(word.as_str())))
            .or_else(|| {
                text.lines().position(|line| {
                    line.starts_with("detection") || line.starts_with("correlation")
                })
            })
            .map(|index| index + 1);
        let problem = Problem::new(line, self.text);
        match self.advice {
            Some(advice) => problem.advise(advice),
            None => problem,
        }
        .in_file(file)
    }
}

/// Errors begin with a small letter.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
