//! Looks through policies for what works but is probably not meant, and for what is missing.

use std::fmt;
use std::path::{Path, PathBuf};

use rsigma_parser::{LintConfig, LintRule, Severity, lint_yaml_str_with_config};
use serde::Serialize;

use super::{Pack, Policy, PolicyKind, example, lines};
use crate::activity;

/// Begins the tags of attack techniques.
const TECHNIQUE: &str = "attack.t";

/// Something about a policy that deserves a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Which file.
    pub file: PathBuf,
    /// Which line, counted from 1, where one can be told.
    pub line: Option<usize>,
    /// How much it matters.
    pub level: RemarkLevel,
    /// A short name of the check; Sigma's own checks have those of `rsigma`.
    pub code: String,
    /// What was seen.
    pub text: String,
    /// What to do about it.
    pub advice: Option<String>,
}

/// How much a [`Remark`] matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RemarkLevel {
    /// A matter of taste.
    Hint,
    /// Probably not what is meant.
    Warning,
    /// Does not work.
    Error,
}

impl fmt::Display for RemarkLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        write!(formatter, ": {} [{}]: {}", self.level, self.code, self.text)?;
        match &self.advice {
            Some(advice) => write!(formatter, ": {advice}"),
            None => Ok(()),
        }
    }
}

/// A check's result before it is known which file it is in.
pub(crate) struct Note {
    pub(crate) code: &'static str,
    pub(crate) level: RemarkLevel,
    pub(crate) line: Option<usize>,
    pub(crate) text: String,
    pub(crate) advice: String,
}

/// Looks through a pack. Remarks come in the order of files and lines; what could not be read is an error.
pub fn lint(pack: &Pack) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = pack
        .errors
        .iter()
        .map(|error| Remark {
            file: error.file.clone(),
            line: error.line,
            level: RemarkLevel::Error,
            code: "unreadable".to_owned(),
            text: error.problem.clone(),
            advice: error.advice.clone(),
        })
        .collect();
    for policy in &pack.policies {
        let anomaly = matches!(policy.kind, PolicyKind::Anomaly { .. });
        remarks.extend(of_sigma(&policy.file, &policy.text, anomaly));
        let notes = frame(policy).into_iter().chain(activity::notes(policy));
        remarks.extend(notes.map(|note| Remark {
            file: policy.file.clone(),
            line: note.line,
            level: note.level,
            code: note.code.to_owned(),
            text: note.text,
            advice: Some(note.advice),
        }));
    }
    for filters in &pack.filters {
        remarks.extend(of_sigma(&filters.file, &filters.text, false));
    }
    remarks.sort_by(|one, other| {
        let place = |remark: &Remark| (remark.file.clone(), remark.line);
        place(one).cmp(&place(other))
    });
    remarks
}

/// What every policy should have.
fn frame(policy: &Policy) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |code, level, keys: &[&str], text: String, advice: &str| {
        notes.push(Note {
            code,
            level,
            line: lines::find_in_any(&policy.text, keys).or(Some(1)),
            text,
            advice: advice.to_owned(),
        });
    };
    let warning = RemarkLevel::Warning;
    for (fires, code, text) in [
        (true, "no_firing_test", "no test shows an event that fires"),
        (
            false,
            "no_near_miss",
            "no test shows an event that nearly fires",
        ),
    ] {
        if !policy.tests.iter().any(|test| test.fires == fires) {
            let advice = "add one under `drishti.tests`";
            note(
                code,
                warning,
                &["drishti", "tests"],
                text.to_owned(),
                advice,
            );
        }
    }
    for test in &policy.tests {
        let read = example::people(&test.people)
            .map(drop)
            .and_then(|()| example::events(&test.events).map(drop));
        if let Err(error) = read {
            let text = format!("the test `{}` cannot be read: {error}", test.name);
            let place = ["drishti", "tests"];
            note(
                "unreadable_test",
                RemarkLevel::Error,
                &place,
                text,
                "see docs/POLICIES.md",
            );
        }
    }
    if policy.runbook.trim().is_empty() {
        let text = "no runbook says what to do with an alert".to_owned();
        note(
            "no_runbook",
            warning,
            &["drishti", "runbook"],
            text,
            "write `drishti.runbook`",
        );
    }
    if !policy.tags.iter().any(|tag| tag.starts_with(TECHNIQUE)) {
        let text = "no tag names an ATT&CK technique".to_owned();
        note(
            "no_technique",
            warning,
            &["tags"],
            text,
            "add one such as `attack.t1078`",
        );
    }
    notes
}

/// What `rsigma` has to say of the documents, each by itself so that the lines are right.
fn of_sigma(file: &Path, text: &str, anomaly: bool) -> Vec<Remark> {
    let config = LintConfig::default();
    let starts = lines::document_starts(text);
    let mut remarks = Vec::new();
    for start in starts {
        let document: Vec<&str> = text
            .lines()
            .skip(start - 1)
            .take_while(|line| !lines::is_marker(line))
            .collect();
        for warning in lint_yaml_str_with_config(&document.join("\n"), &config) {
            if is_ours(warning.rule, anomaly) {
                continue;
            }
            let line = warning
                .span
                .and_then(|span| usize::try_from(span.start_line).ok());
            remarks.push(Remark {
                file: file.to_owned(),
                line: Some(start + line.unwrap_or_default()),
                level: match warning.severity {
                    Severity::Error => RemarkLevel::Error,
                    Severity::Warning => RemarkLevel::Warning,
                    Severity::Info | Severity::Hint => RemarkLevel::Hint,
                },
                code: warning.rule.to_string(),
                text: warning.message,
                advice: warning.fix.map(|fix| fix.title),
            });
        }
    }
    remarks
}

/// What a policy of ours need not have.
fn is_ours(rule: LintRule, anomaly: bool) -> bool {
    let detection = matches!(
        rule,
        LintRule::MissingLogsource
            | LintRule::MissingDetection
            | LintRule::MissingCondition
            | LintRule::EmptyDetection
    );
    rule == LintRule::MissingAuthor || (anomaly && detection)
}

#[cfg(test)]
mod tests;
