//! Policies of the owner's folder in the audit trail: an editor changes them, so it can't be told who did, but when and what.

use std::collections::{BTreeMap, BTreeSet};

use drishti_ledger::{AuditEntry, AuditFilter};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Origin;
use crate::tables::hexadecimal;
use crate::watch::Knowledge;
use crate::{ServiceError, Services};

/// Who is told in the trail to have changed a policy of a file.
pub const FILES_AUTHOR: &str = "policy folder";

/// The setting under which stands what was noted last: the SHA-256 of each text, by name.
const NOTED: &str = "policies_of_files";

impl Services {
    /// Notes in the audit trail which policies, and which filters, of the owner's folder have come, changed or gone since that was last
    /// done. To be called by who evaluates events by them.
    pub(crate) async fn note_policy_files(
        &self,
        knowledge: &Knowledge,
    ) -> Result<(), ServiceError> {
        let texts = texts_of_files(knowledge);
        let noted = self.ledger.setting(NOTED).await?;
        let noted: BTreeMap<String, String> = noted
            .and_then(|noted| serde_json::from_str(&noted).ok())
            .unwrap_or_default();
        let present: BTreeMap<String, String> = texts
            .iter()
            .map(|(name, text)| ((*name).to_owned(), digest(text)))
            .collect();
        if present == noted {
            return Ok(());
        }
        let names: BTreeSet<&String> = noted.keys().chain(present.keys()).collect();
        for name in names {
            if noted.get(name) != present.get(name) {
                let text = texts.get(name.as_str()).copied();
                self.note_policy_file(name, text).await?;
            }
        }
        let now = self.clock.now();
        let present = json!(present).to_string();
        self.ledger.set_setting(NOTED, &present, now).await?;
        Ok(())
    }

    /// Notes that a policy has `text` now; `None` where it is gone.
    async fn note_policy_file(&self, name: &str, text: Option<&str>) -> Result<(), ServiceError> {
        let filter = AuditFilter {
            subject_kind: Some("policy".to_owned()),
            subject: Some(name.to_owned()),
            author: Some(FILES_AUTHOR.to_owned()),
            limit: 1,
            ..AuditFilter::default()
        };
        let last = self.ledger.audit(&filter).await?.pop();
        let before = last.and_then(|last| last.entry.after);
        let after = text.map(|text| json!({ "text": text }).to_string());
        let action = match (&before, &after) {
            (_, None) => "removed",
            (None, Some(_)) => "created",
            (Some(_), Some(_)) => "replaced",
        };
        let entry = AuditEntry {
            at: self.clock.now(),
            author: FILES_AUTHOR.to_owned(),
            action: action.to_owned(),
            subject_kind: "policy".to_owned(),
            subject: name.to_owned(),
            before,
            after,
        };
        Ok(self.ledger.record_audit(&entry).await?)
    }
}

/// The texts of the policies of files, by name, and of filters, by the names of their files.
fn texts_of_files(knowledge: &Knowledge) -> BTreeMap<&str, &str> {
    let policies = knowledge.pack.policies.iter();
    let policies = policies
        .filter(|policy| knowledge.origin(&policy.id) == Origin::File)
        .map(|policy| (policy.id.as_str(), &*policy.text));
    let filters = knowledge.pack.filters.iter();
    let filters = filters.filter_map(|filter| {
        let name = filter.file.file_name()?.to_str()?;
        Some((name, &*filter.text))
    });
    policies.chain(filters).collect()
}

fn digest(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}
