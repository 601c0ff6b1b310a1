use std::path::Path;

use crate::PolicyError;
use crate::policy::Problem;

/// What is wrong in a Sigma document; where it stands is found by a word of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    text: String,
    advice: Option<String>,
    near: Vec<String>,
    /// The title of the document of the file that it is about.
    document: Option<String>,
}

impl Fault {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            advice: None,
            near: Vec::new(),
            document: None,
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

    /// Stands in the document of this title, where the file has several.
    pub(super) fn of(mut self, title: &str) -> Self {
        self.document.get_or_insert_with(|| title.to_owned());
        self
    }

    /// The error in a file with this text.
    pub(super) fn in_file(self, file: &Path, text: &str) -> PolicyError {
        let lines: Vec<(usize, &str)> = (1..).zip(text.lines()).collect();
        let document = self.document.as_deref().and_then(|title| {
            let has_title = |line: &str| line.starts_with("title:") && line.contains(title);
            let mut documents = lines.split(|(_, line)| line.trim_end() == "---");
            documents.find(|document| document.iter().any(|(_, line)| has_title(line)))
        });
        let line = document.and_then(|document| self.line_in(document));
        let line = line.or_else(|| self.line_in(&lines));
        let problem = Problem::new(line, self.text);
        match self.advice {
            Some(advice) => problem.advise(advice),
            None => problem,
        }
        .in_file(file)
    }

    fn line_in(&self, lines: &[(usize, &str)]) -> Option<usize> {
        let first = |is_it: &dyn Fn(&str) -> bool| {
            let found = lines.iter().find(|(_, line)| is_it(line));
            found.map(|(number, _)| *number)
        };
        let mut near = self.near.iter();
        near.find_map(|word| first(&|line| line.contains(word.as_str())))
            .or_else(|| {
                first(&|line| line.starts_with("detection") || line.starts_with("correlation"))
            })
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
