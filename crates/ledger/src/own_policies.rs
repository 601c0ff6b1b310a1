//! The owner's policies that were written here, not in files. The revision of what is set about a policy is that of its text, too:
//! each change of either makes it one more, and so a policy that was removed and written anew never has an old one.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryOrder,
};
use serde_json::{Value, json};

use crate::Ledger;
use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::policies::{PolicySettings, check_revision, hold, settings_of};
use crate::tables::{own_policy, policy_setting};
use crate::value::{micros, moment, name, text};

/// Most policies that can be written here.
pub const OWN_POLICIES_MAX: u64 = 1_000;

/// Most bytes of one of them.
pub const OWN_POLICY_BYTES_MAX: usize = 256 << 10;

/// A policy that was written here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPolicy {
    /// Its name.
    pub policy: String,
    /// What would be its file.
    pub text: String,
    /// When it was first written.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
    /// By whom.
    pub updated_by: String,
}

impl Ledger {
    /// All policies that were written here, by name.
    pub async fn own_policies(&self) -> Result<Vec<OwnPolicy>, LedgerError> {
        let rows = own_policy::Entity::find()
            .order_by_asc(own_policy::Column::Policy)
            .all(self.database())
            .await
            .map_err(Fault::from);
        let policies = rows.and_then(|rows| rows.into_iter().map(policy_of).collect());
        policies.map_err(|fault: Fault| self.failed("reading the policies written here", fault))
    }

    /// Adds a policy; [`LedgerError::PolicyExists`] where its name is taken. Told in the audit trail, as its changes are.
    pub async fn add_own_policy(
        &self,
        policy: &str,
        text: &str,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<PolicySettings, LedgerError> {
        let write = self.write(format!("adding policy `{policy}`")).await?;
        let trail = trail(policy, author, now);
        let outcome = add(&write.transaction, text, &trail).await;
        write.finish(outcome).await
    }

    /// Lets a policy be another of the same name; with `expected_revision`, only where it still has it. The same text is no change.
    pub async fn replace_own_policy(
        &self,
        policy: &str,
        text: &str,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<PolicySettings, LedgerError> {
        let write = self.write(format!("replacing policy `{policy}`")).await?;
        let trail = trail(policy, author, now);
        let outcome = replace(&write.transaction, text, expected_revision, &trail).await;
        write.finish(outcome).await
    }

    /// Removes a policy, and what is set about it; with `expected_revision`, only where it still has it.
    pub async fn remove_own_policy(
        &self,
        policy: &str,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let write = self.write(format!("removing policy `{policy}`")).await?;
        let trail = trail(policy, author, now);
        let outcome = remove(&write.transaction, expected_revision, &trail).await;
        write.finish(outcome).await
    }
}

fn trail<'a>(policy: &'a str, author: &'a str, at: DateTime<Utc>) -> Trail<'a> {
    Trail {
        author,
        at,
        kind: "policy",
        subject: policy,
    }
}

async fn add(
    transaction: &DatabaseTransaction,
    given: &str,
    trail: &Trail<'_>,
) -> Step<PolicySettings> {
    let settings = hold(transaction, trail).await?;
    if find(transaction, trail.subject).await?.is_some() {
        let name = trail.subject.to_owned();
        return Err(Fault::Ledger(LedgerError::PolicyExists(name)));
    }
    if own_policy::Entity::find().count(transaction).await? >= OWN_POLICIES_MAX {
        return Err(Fault::Refused(format!(
            "{OWN_POLICIES_MAX} policies are written here, and no more can be"
        )));
    }
    let author = name("the author", trail.author)?;
    let row = own_policy::Model {
        policy: settings.policy.clone(),
        text: within(given)?,
        created_at: micros(trail.at),
        created_by: author.clone(),
        updated_at: micros(trail.at),
        updated_by: author,
    };
    let after = told(&row.text);
    row.into_active_model().insert(transaction).await?;
    trail
        .note(transaction, "created", (None, Some(after)))
        .await?;
    settings_of(count_up(transaction, settings, trail).await?)
}

async fn replace(
    transaction: &DatabaseTransaction,
    given: &str,
    expected_revision: Option<i64>,
    trail: &Trail<'_>,
) -> Step<PolicySettings> {
    let (settings, mut row) = held(transaction, expected_revision, trail).await?;
    let given = within(given)?;
    if row.text == given {
        return settings_of(settings);
    }
    let (before, after) = (told(&row.text), told(&given));
    row.text = given;
    row.updated_at = micros(trail.at);
    row.updated_by = name("the author", trail.author)?;
    let row = row.into_active_model().reset_all();
    row.update(transaction).await?;
    trail
        .note(transaction, "replaced", (Some(before), Some(after)))
        .await?;
    settings_of(count_up(transaction, settings, trail).await?)
}

async fn remove(
    transaction: &DatabaseTransaction,
    expected_revision: Option<i64>,
    trail: &Trail<'_>,
) -> Step<()> {
    let (settings, row) = held(transaction, expected_revision, trail).await?;
    let before = told(&row.text);
    own_policy::Entity::delete_by_id(row.policy)
        .exec(transaction)
        .await?;
    let nothing = policy_setting::Model {
        mode: None,
        scope: None,
        parameters: None,
        severity: None,
        daily_cap: None,
        paused_since: None,
        paused_why: None,
        resumed_at: None,
        ..settings
    };
    count_up(transaction, nothing, trail).await?;
    trail
        .note(transaction, "removed", (Some(before), None))
        .await
}

/// A policy and what is set about it, held until the transaction ends.
async fn held(
    transaction: &DatabaseTransaction,
    expected_revision: Option<i64>,
    trail: &Trail<'_>,
) -> Step<(policy_setting::Model, own_policy::Model)> {
    let settings = hold(transaction, trail).await?;
    let row = find(transaction, trail.subject).await?;
    let missing = || Fault::Ledger(LedgerError::NoSuchOwnPolicy(trail.subject.to_owned()));
    let row = row.ok_or_else(missing)?;
    check_revision(&settings, expected_revision)?;
    Ok((settings, row))
}

async fn find(transaction: &DatabaseTransaction, policy: &str) -> Step<Option<own_policy::Model>> {
    let found = own_policy::Entity::find_by_id(text(policy));
    Ok(found.one(transaction).await?)
}

/// One revision more.
async fn count_up(
    transaction: &DatabaseTransaction,
    mut settings: policy_setting::Model,
    trail: &Trail<'_>,
) -> Step<policy_setting::Model> {
    settings.revision += 1;
    settings.updated_at = micros(trail.at);
    settings.updated_by = name("the author", trail.author)?;
    let row = settings.clone().into_active_model().reset_all();
    row.update(transaction).await?;
    Ok(settings)
}

fn within(given: &str) -> Step<String> {
    if given.len() > OWN_POLICY_BYTES_MAX {
        return Err(Fault::Refused(format!(
            "the policy has {} bytes, more than {OWN_POLICY_BYTES_MAX}",
            given.len()
        )));
    }
    Ok(text(given))
}

/// A policy as the audit trail tells it.
fn told(text: &str) -> Value {
    json!({ "text": text })
}

fn policy_of(row: own_policy::Model) -> Step<OwnPolicy> {
    Ok(OwnPolicy {
        policy: row.policy,
        text: row.text,
        created_at: moment(row.created_at)?,
        created_by: row.created_by,
        updated_at: moment(row.updated_at)?,
        updated_by: row.updated_by,
    })
}
