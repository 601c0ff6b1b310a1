//! Removing sources: at once, or by whoever works on them.

use drishti_model::{DesiredState, SourceName};

use super::named;
use crate::{LedgerError, ServiceError, Services};

/// Under which name a removal takes the lease, so that not even a collector of this process counts as the same holder.
const REMOVER: &str = "removal";

/// What became of a removal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// The source is forgotten.
    Done,
    /// This one still works on the source, and forgets it when that ends.
    LeftTo(String),
}

impl Services {
    /// Forgets a source with its token, quarantine and accounts; its events stay in the lake. Where somebody works on it, they stop
    /// first and forget it then. A source of a configuration file is not removed: its next reading would add it again.
    /// With `expected_revision`, only where it still has it.
    pub async fn remove_source(
        &self,
        name: &SourceName,
        expected_revision: Option<i64>,
    ) -> Result<Removal, ServiceError> {
        if let Some(source) = self.ledger.source(name).await? {
            self.check_not_declared(&source)?;
        }
        self.want(name, DesiredState::Removed, expected_revision)
            .await?;
        self.forget(name).await
    }

    /// Forgets a source that its owner wants removed, unless somebody works on it.
    pub(crate) async fn forget(&self, name: &SourceName) -> Result<Removal, ServiceError> {
        let remover = Self {
            holder: format!("{} ({REMOVER})", self.holder).into(),
            ..self.clone()
        };
        let forgotten = match remover.lease(name).await {
            Ok(_) => self.ledger.delete_source(name).await.map_err(named),
            Err(ServiceError::Held { holder, .. }) => return Ok(Removal::LeftTo(holder)),
            Err(error) => Err(error),
        };
        match forgotten {
            // Somebody else was faster.
            Err(
                ServiceError::NoSuchSource(_) | ServiceError::Ledger(LedgerError::NoSuchSource(_)),
            )
            | Ok(()) => Ok(Removal::Done),
            Err(error) => Err(error),
        }
    }

    /// The end of work on a source: where its owner wanted it removed meanwhile, it is forgotten now.
    pub(crate) async fn forget_if_removed(&self, name: &SourceName) -> Result<(), ServiceError> {
        let source = self.ledger.source(name).await?;
        if source.is_some_and(|source| source.desired == DesiredState::Removed) {
            self.forget(name).await?;
        }
        Ok(())
    }
}
