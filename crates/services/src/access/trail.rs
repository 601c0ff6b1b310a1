use drishti_ledger::{AuditEntry, AuditFilter, StoredAuditEntry};

use crate::{ServiceError, Services};

impl Services {
    /// Entries of the audit trail, the newest first.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<StoredAuditEntry>, ServiceError> {
        Ok(self.ledger.audit(filter).await?)
    }

    /// Notes in the audit trail what was done to what, where the ledger does not do so by itself.
    pub async fn note_in_trail(
        &self,
        author: &str,
        action: &str,
        (kind, subject): (&str, &str),
    ) -> Result<(), ServiceError> {
        let entry = AuditEntry {
            at: self.clock.now(),
            author: author.to_owned(),
            action: action.to_owned(),
            subject_kind: kind.to_owned(),
            subject: subject.to_owned(),
            before: None,
            after: None,
        };
        Ok(self.ledger.record_audit(&entry).await?)
    }
}
