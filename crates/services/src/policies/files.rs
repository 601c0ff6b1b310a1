//! Policies of the owner's folder in the audit trail.

use std::collections::BTreeMap;
use std::path::Path;

use super::Origin;
use crate::Services;
use crate::watch::Knowledge;
use crate::words::chain;

impl Services {
    /// Notes in the audit trail which policies, and which filters, of the owner's folder have come, changed or gone since that was last
    /// done. To be called by who evaluates events by them; what can't be noted keeps nobody from that, is told, and is tried again.
    pub(crate) async fn note_policy_files(&self, knowledge: &Knowledge) {
        let folder = self.knowledge_files.folder.as_deref();
        let Some(folder) = folder else { return };
        let texts = texts_of_files(knowledge, folder);
        let now = self.clock.now();
        if let Err(error) = self.ledger.note_policy_files(&texts, now).await {
            let error = chain(&error);
            tracing::warn!(
                error,
                "what has changed in the policy folder does not stand in the audit trail"
            );
        }
    }
}

/// The texts of the policies of files, by name, and of filters, by their paths in the folder.
fn texts_of_files(knowledge: &Knowledge, folder: &Path) -> BTreeMap<String, String> {
    let policies = knowledge.pack.policies.iter();
    let policies = policies
        .filter(|policy| knowledge.origin(&policy.id) == Origin::File)
        .map(|policy| (policy.id.to_string(), policy.text.to_string()));
    let filters = knowledge.pack.filters.iter().map(|filter| {
        let path = filter.file.strip_prefix(folder).unwrap_or(&filter.file);
        (path.display().to_string(), filter.text.to_string())
    });
    policies.chain(filters).collect()
}
