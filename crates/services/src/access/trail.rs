use drishti_ledger::{AuditEntry, AuditFilter, StoredAuditEntry};

use serde_json::Value;

use crate::{ServiceError, Services};

/// Bytes of what is told in the entries of a page, after which it ends: one can have a whole policy before and after.
pub const AUDIT_PAGE_BYTES_MAX: usize = 8 << 20;

impl Services {
    /// Entries of the audit trail, the newest first, no further ones once they are long; and whether there are more.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
    ) -> Result<(Vec<StoredAuditEntry>, bool), ServiceError> {
        let read = self.ledger.audit_within(filter, AUDIT_PAGE_BYTES_MAX);
        Ok(read.await?)
    }

    /// Notes in the audit trail what was done to what, where the ledger does not do so by itself.
    pub async fn note_in_trail(
        &self,
        author: &str,
        action: &str,
        about: (&str, &str),
    ) -> Result<(), ServiceError> {
        self.note_with(author, action, about, None).await
    }

    /// The same, with what more is to be told of it.
    pub async fn note_with(
        &self,
        author: &str,
        action: &str,
        (kind, subject): (&str, &str),
        details: Option<Value>,
    ) -> Result<(), ServiceError> {
        let entry = AuditEntry {
            at: self.clock.now(),
            author: author.to_owned(),
            action: action.to_owned(),
            subject_kind: kind.to_owned(),
            subject: subject.to_owned(),
            before: None,
            after: details.map(|details| details.to_string()),
        };
        Ok(self.ledger.record_audit(&entry).await?)
    }
}
