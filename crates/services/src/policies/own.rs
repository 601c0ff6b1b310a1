//! The owner's policies that are written here: kept in the ledger, so that every node has them, and whoever changed them stands in
//! the same transaction. Those that come with the program, or stand in files of the owner's, can only be set.

use std::sync::Arc;

use drishti_detect::{Policy, PolicyId};
use drishti_ledger::LedgerError;

use super::{DraftCheck, PolicySettingsView};
use crate::{ServiceError, Services};

/// Where a policy comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It comes with the program.
    Shipped,
    /// It stands in a file of the owner's.
    File,
    /// It was written here.
    Own,
}

impl Origin {
    /// The word for it in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::File => "file",
            Self::Own => "own",
        }
    }

    /// In words, after «it».
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Shipped => "comes with the program",
            Self::File => "stands in a file",
            Self::Own => "was written here",
        }
    }
}

impl Services {
    /// Adds a policy that is written here, if it could be put in force and its name is free; detection takes it up at once.
    pub async fn add_policy(
        &self,
        text: String,
        author: &str,
    ) -> Result<(Arc<Policy>, PolicySettingsView), ServiceError> {
        let policy = checked(text).await?;
        let name = policy.id.as_str();
        if let Some(origin) = self.origin(&policy.id).await? {
            return Err(ServiceError::PolicyTaken {
                name: name.to_owned(),
                origin,
            });
        }
        let now = self.clock.now();
        let added = self.ledger.add_own_policy(name, &policy.text, author, now);
        let added = PolicySettingsView::from(&added.await?);
        self.take_up_policies().await;
        Ok((policy, added))
    }

    /// Lets a policy that is written here be another of the same name; with `expected_revision`, only where it still has it.
    pub async fn replace_policy(
        &self,
        name: &str,
        text: String,
        expected_revision: Option<i64>,
        author: &str,
    ) -> Result<(Arc<Policy>, PolicySettingsView), ServiceError> {
        let policy = checked(text).await?;
        if policy.id.as_str() != name {
            return Err(ServiceError::InvalidPolicy {
                line: None,
                problem: format!("it calls itself `{}`, not `{name}`", policy.id),
                advice: "A policy keeps its name: save it as another one, and remove this one."
                    .to_owned(),
            });
        }
        let now = self.clock.now();
        let ledger = &self.ledger;
        let replaced =
            ledger.replace_own_policy(name, &policy.text, expected_revision, author, now);
        let replaced = match replaced.await {
            Err(LedgerError::NoSuchOwnPolicy(name)) => return Err(self.not_own(name).await?),
            replaced => PolicySettingsView::from(&replaced?),
        };
        self.take_up_policies().await;
        Ok((policy, replaced))
    }

    /// Removes a policy that is written here, and what is set about it; with `expected_revision`, only where it still has it. Its
    /// alerts stay.
    pub async fn remove_policy(
        &self,
        name: &str,
        expected_revision: Option<i64>,
        author: &str,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let ledger = &self.ledger;
        let removed = ledger.remove_own_policy(name, expected_revision, author, now);
        match removed.await {
            Err(LedgerError::NoSuchOwnPolicy(name)) => return Err(self.not_own(name).await?),
            removed => removed?,
        }
        self.take_up_policies().await;
        Ok(())
    }

    /// Where the policy of this name comes from; `None` where there is none.
    async fn origin(&self, policy: &PolicyId) -> Result<Option<Origin>, ServiceError> {
        let knowledge = self.knowledge().await?;
        let mut known = knowledge.pack.policies.iter();
        let is_known = known.any(|known| known.id == *policy);
        Ok(is_known.then(|| knowledge.origin(policy)))
    }

    /// Why a policy that was not written here can't be changed like one that was.
    async fn not_own(&self, name: String) -> Result<ServiceError, ServiceError> {
        let origin = self.origin(&PolicyId::new(&name)).await?;
        Ok(match origin {
            Some(origin) => ServiceError::NotOwnPolicy { name, origin },
            None => ServiceError::NoSuchPolicy(name),
        })
    }

    async fn take_up_policies(&self) {
        self.forget_knowledge().await;
        self.news.notify_waiters();
    }
}

async fn checked(text: String) -> Result<Arc<Policy>, ServiceError> {
    let check = tokio::task::spawn_blocking(move || DraftCheck::of(text));
    let died = |_| ServiceError::TaskDied("the check of a policy");
    check.await.map_err(died)?.policy().cloned()
}
