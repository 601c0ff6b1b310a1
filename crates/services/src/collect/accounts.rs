//! The daily sync of a workspace's people into the ledger.

use std::collections::HashMap;

use chrono::TimeDelta;
use drishti_asana::{Client, Membership, User};
use drishti_model::{Account, AccountRole, AccountStatus, SourceName, SourceState};
use futures::{StreamExt, pin_mut};

use crate::words::chain;
use crate::{ServiceError, Services};

/// Time between two syncs.
pub(crate) const SYNC_INTERVAL: TimeDelta = TimeDelta::hours(24);

/// Accounts written to the ledger at a time.
const ACCOUNTS_PER_WRITE: usize = 1_000;

/// Where the people of one source come from.
pub(crate) struct Directory {
    pub(crate) services: Services,
    pub(crate) source: SourceName,
    pub(crate) client: Client,
    pub(crate) workspace_gid: String,
}

impl Directory {
    /// Syncs if the last complete sync is a day old. What fails is reported and does not disturb the collection.
    pub(crate) async fn sync_if_due(&self) -> Result<(), ServiceError> {
        let last = self.services.ledger.last_account_sync(&self.source).await?;
        let now = self.services.clock.now();
        if last.is_some_and(|last| now >= last && now - last < SYNC_INTERVAL) {
            return Ok(());
        }
        match self.sync().await {
            Ok(()) => Ok(()),
            Err(error @ ServiceError::Ledger(_)) => Err(error),
            Err(error) => {
                let reason = format!(
                    "the people of the workspace could not be read: {}",
                    chain(&error)
                );
                let state = SourceState::Collecting;
                self.services
                    .report_warning(
                        &self.source,
                        state,
                        "AccountsNotSynced",
                        reason,
                        &error.advice(),
                    )
                    .await
            }
        }
    }

    /// Reads all users and memberships. Only a sync that read everything marks the unseen as gone.
    pub(crate) async fn sync(&self) -> Result<(), ServiceError> {
        let ledger = &self.services.ledger;
        let sync = ledger
            .begin_account_sync(&self.source, self.services.clock.now())
            .await?;
        let mut users = HashMap::new();
        let pages = self.client.users(&self.workspace_gid);
        pin_mut!(pages);
        while let Some(page) = pages.next().await {
            users.extend(page?.into_iter().map(|user| (user.gid.clone(), user)));
        }
        let mut accounts = Vec::new();
        let mut is_empty = users.is_empty();
        let pages = self.client.workspace_memberships(&self.workspace_gid);
        pin_mut!(pages);
        while let Some(page) = pages.next().await {
            for membership in page? {
                is_empty = false;
                let user = users.remove(&membership.user_gid);
                accounts.push(account(membership, user));
            }
            if accounts.len() >= ACCOUNTS_PER_WRITE {
                ledger.store_accounts(&sync, &accounts).await?;
                accounts.clear();
            }
        }
        if is_empty {
            // A workspace has at least the account that asks: nobody at all is a fault of the answer, not news about people.
            return Err(ServiceError::NobodySeen(self.source.clone()));
        }
        accounts.extend(users.into_values().map(without_membership));
        for chunk in accounts.chunks(ACCOUNTS_PER_WRITE) {
            ledger.store_accounts(&sync, chunk).await?;
        }
        let summary = ledger
            .finish_account_sync(sync, self.services.clock.now())
            .await?;
        tracing::info!(source = %self.source, ?summary, "people synced");
        Ok(())
    }
}

fn account(membership: Membership, user: Option<User>) -> Account {
    let (name, email) = user.map_or((None, None), |user| (user.name, user.email));
    let flag = |flag: Option<bool>| flag.unwrap_or(false);
    Account {
        user_gid: membership.user_gid,
        name: name.or(membership.user_name),
        email: email.or(membership.user_email),
        role: AccountRole::from_flags(
            flag(membership.is_admin),
            flag(membership.is_guest),
            flag(membership.is_view_only),
        ),
        status: match membership.is_active {
            Some(true) => AccountStatus::Active,
            Some(false) => AccountStatus::Inactive,
            None => AccountStatus::Unknown,
        },
        joined_at: membership.created_at,
    }
}

/// A user whose membership Asana does not show: the role is a guess, and the status says so.
fn without_membership(user: User) -> Account {
    Account {
        user_gid: user.gid,
        name: user.name,
        email: user.email,
        role: AccountRole::Member,
        status: AccountStatus::Unknown,
        joined_at: None,
    }
}
