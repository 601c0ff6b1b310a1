//! Who set or wrote what, and what differs.

use std::time::Duration;

use chrono::{DateTime, Utc};
#[cfg(doc)]
use drishti_ledger::POLICY_FILES_AUTHOR;
use drishti_ledger::{AuditFilter, StoredAuditEntry};
use serde::Serialize;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::access::AUDIT_PAGE_BYTES_MAX;
use crate::{ServiceError, Services};

/// Most lines of a difference that are told.
pub const DIFFERENCE_LINES_MAX: usize = 2_000;

/// Lines that are the same before and after each line that is not.
const CONTEXT_LINES: usize = 3;

/// Longest time in which the shortest difference is looked for; after it, a longer one is taken.
const DIFFERENCE_TIME_MAX: Duration = Duration::from_millis(200);

/// One change of a policy, or of what is set about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyChangeView {
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it; `detection` where it paused the policy, [`POLICY_FILES_AUTHOR`] where its file changed.
    pub author: String,
    /// Name of the policy.
    pub policy_id: String,
    /// `changed`, `paused` or `resumed`; `created`, `replaced` or `removed` where its text was.
    pub action: String,
    /// What was set before; nothing where nothing was.
    pub before: Option<Value>,
    /// What was set after.
    pub after: Option<Value>,
    /// How its text differs, where that changed.
    pub difference: Option<TextDifference>,
}

/// How two texts differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TextDifference {
    /// The lines that differ, and some around them.
    pub lines: Vec<DifferenceLine>,
    /// Whether there are more of them.
    pub is_truncated: bool,
}

/// A line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DifferenceLine {
    /// Its number in the text before, from 1; nothing where it is new.
    pub before: Option<usize>,
    /// Its number in the text after; nothing where it is gone.
    pub after: Option<usize>,
    /// The line.
    pub text: String,
}

impl TextDifference {
    /// From `before` to `after`.
    pub fn of(before: &str, after: &str) -> Self {
        let diff = TextDiff::configure()
            .timeout(DIFFERENCE_TIME_MAX)
            .diff_lines(before, after);
        let groups = diff.grouped_ops(CONTEXT_LINES);
        let changes = groups
            .iter()
            .flatten()
            .flat_map(|part| diff.iter_changes(part));
        let place = |index: Option<usize>| index.map(|index| index + 1);
        let mut lines = changes.map(|change| DifferenceLine {
            before: place(change.old_index()).filter(|_| change.tag() != ChangeTag::Insert),
            after: place(change.new_index()).filter(|_| change.tag() != ChangeTag::Delete),
            text: change.value().trim_end_matches(['\r', '\n']).to_owned(),
        });
        Self {
            lines: lines.by_ref().take(DIFFERENCE_LINES_MAX).collect(),
            is_truncated: lines.next().is_some(),
        }
    }

    /// How many lines are new, and how many are gone.
    pub fn counts(&self) -> (usize, usize) {
        let count =
            |of: fn(&DifferenceLine) -> bool| self.lines.iter().filter(|line| of(line)).count();
        (
            count(|line| line.before.is_none()),
            count(|line| line.after.is_none()),
        )
    }
}

impl From<StoredAuditEntry> for PolicyChangeView {
    fn from(stored: StoredAuditEntry) -> Self {
        let entry = stored.entry;
        let parsed = |text: Option<String>| serde_json::from_str::<Value>(&text?).ok();
        let (before, after) = (parsed(entry.before), parsed(entry.after));
        let text = |said: &Option<Value>| Some(said.as_ref()?.get("text")?.as_str()?.to_owned());
        let texts = (text(&before), text(&after));
        let difference = (texts != (None, None)).then(|| {
            let [before, after] = [texts.0, texts.1].map(Option::unwrap_or_default);
            TextDifference::of(&before, &after)
        });
        let set = |said: Option<Value>| said.filter(|_| difference.is_none());
        Self {
            at: entry.at,
            author: entry.author,
            policy_id: entry.subject,
            action: entry.action,
            before: set(before),
            after: set(after),
            difference,
        }
    }
}

impl Services {
    /// What was set or written about one policy, or about all, and by whom; the newest first, and fewer than `limit` where they are long.
    pub async fn policy_history(
        &self,
        policy: Option<&str>,
        limit: u64,
    ) -> Result<Vec<PolicyChangeView>, ServiceError> {
        let filter = AuditFilter {
            subject_kind: Some("policy".to_owned()),
            subject: policy.map(str::to_owned),
            limit,
            ..AuditFilter::default()
        };
        let read = self.ledger.audit_within(&filter, AUDIT_PAGE_BYTES_MAX);
        let (entries, _) = read.await?;
        let mut changes = Vec::new();
        for entry in entries {
            // One by one, so that whoever no longer waits ends it.
            let compared = tokio::task::spawn_blocking(move || PolicyChangeView::from(entry));
            let died = |_| ServiceError::TaskDied("the comparison of texts");
            changes.push(compared.await.map_err(died)?);
        }
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_has_the_lines_around_it() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let after = "a\nb\nc\nd\nE\nf\ng\nh\ni\n";
        let difference = TextDifference::of(before, after);
        let told: Vec<_> = difference
            .lines
            .iter()
            .map(|line| (line.before, line.after, line.text.as_str()))
            .collect();
        let expected = [
            (Some(2), Some(2), "b"),
            (Some(3), Some(3), "c"),
            (Some(4), Some(4), "d"),
            (Some(5), None, "e"),
            (None, Some(5), "E"),
            (Some(6), Some(6), "f"),
            (Some(7), Some(7), "g"),
            (Some(8), Some(8), "h"),
            (None, Some(9), "i"),
        ];
        assert_eq!(told, expected);
        assert_eq!(difference.counts(), (2, 1));
        assert!(TextDifference::of(before, before).lines.is_empty());
    }

    #[test]
    fn a_difference_has_a_bound() {
        let line = "x\n";
        let most = TextDifference::of("", &line.repeat(DIFFERENCE_LINES_MAX));
        assert_eq!(most.lines.len(), DIFFERENCE_LINES_MAX);
        assert!(!most.is_truncated);
        let more = TextDifference::of("", &line.repeat(DIFFERENCE_LINES_MAX + 1));
        assert_eq!(more.lines.len(), DIFFERENCE_LINES_MAX);
        assert!(more.is_truncated);
    }
}
