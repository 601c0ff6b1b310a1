use chrono::{DateTime, Utc};
use drishti_model::Severity;
use sea_orm::{
    ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryOrder, QuerySelect,
};
use serde_json::{Value, json};

use crate::alerts::DETECTION_AUTHOR;
use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::rows::insert_or_keep;
use crate::tables::policy_setting;
use crate::value::{count, micros, moment, moment_if_any, name, rank, ranked, text, within};
use crate::{JSON_BYTES_MAX, Ledger, REASON_CHARS_MAX};

/// Most policies that can have settings.
pub const POLICY_SETTINGS_MAX: u64 = 10_000;

/// What differs from the file of a policy; `None`: as it is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyOverrides {
    /// Whether it alerts, only records, or is off.
    pub mode: Option<String>,
    /// About whom it speaks, as JSON.
    pub scope: Option<String>,
    /// Parameters of its detector, as JSON.
    pub parameters: Option<String>,
    /// How bad a match is.
    pub severity: Option<Severity>,
    /// How many alerts a day it makes before they are only counted.
    pub daily_cap: Option<u64>,
}

/// Why and since when a policy is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyPause {
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why, in words.
    pub why: String,
}

/// What is set about a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySettings {
    /// Which policy.
    pub policy: String,
    /// What differs from its file.
    pub overrides: PolicyOverrides,
    /// Set while it is paused because it matched too often.
    pub paused: Option<PolicyPause>,
    /// When somebody last let it go on after it was paused.
    pub resumed_at: Option<DateTime<Utc>>,
    /// One more with each change; 0 where nothing was ever set.
    pub revision: i64,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who did.
    pub updated_by: String,
}

/// What one change does to the settings of a policy.
#[derive(Clone, Copy, Debug)]
pub struct PolicyStep<'a> {
    /// What differs from its file from now on, all of it; `None` leaves that as it is.
    pub overrides: Option<&'a PolicyOverrides>,
    /// Whether it goes on where it is paused.
    pub resumes: bool,
}

impl Ledger {
    /// What is set about a policy; `None` where nothing ever was.
    pub async fn policy_settings(
        &self,
        policy: &str,
    ) -> Result<Option<PolicySettings>, LedgerError> {
        let found = async {
            let row = policy_setting::Entity::find_by_id(text(policy))
                .one(self.database())
                .await?;
            row.map(settings_of).transpose()
        };
        found.await.map_err(|fault: Fault| {
            self.failed(format!("reading the settings of policy `{policy}`"), fault)
        })
    }

    /// What is set about all policies, by policy.
    pub async fn all_policy_settings(&self) -> Result<Vec<PolicySettings>, LedgerError> {
        let rows = policy_setting::Entity::find()
            .order_by_asc(policy_setting::Column::Policy)
            .all(self.database())
            .await
            .map_err(Fault::from);
        let settings = rows.and_then(|rows| rows.into_iter().map(settings_of).collect());
        settings.map_err(|fault: Fault| self.failed("reading the settings of the policies", fault))
    }

    /// Sets what differs from the file of a policy, all of it; with `expected_revision`, only where the settings still have it (0:
    /// nothing was ever set). What is so already is no change; a change is told in the audit trail.
    pub async fn set_policy_overrides(
        &self,
        policy: &str,
        overrides: &PolicyOverrides,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<PolicySettings, LedgerError> {
        let step = PolicyStep {
            overrides: Some(overrides),
            resumes: false,
        };
        self.change_policy_settings(policy, step, expected_revision, author, now)
            .await
    }

    /// The same for all that one change does to the settings.
    pub async fn change_policy_settings(
        &self,
        policy: &str,
        step: PolicyStep<'_>,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<PolicySettings, LedgerError> {
        let change = |row: &mut policy_setting::Model| {
            if step.resumes {
                resume(row, now);
            }
            step.overrides
                .map_or(Ok(()), |overrides| put_overrides(row, overrides))
        };
        let action = match step.overrides {
            None => "resumed",
            Some(_) => "changed",
        };
        self.change_policy(policy, action, change, expected_revision, author, now)
            .await
    }

    /// Pauses a policy that matched too often; one that is paused already stays as it is.
    pub async fn pause_policy(
        &self,
        policy: &str,
        why: &str,
        now: DateTime<Utc>,
    ) -> Result<PolicySettings, LedgerError> {
        let write = self.write(format!("changing policy `{policy}`")).await?;
        let outcome = pause(&write.transaction, policy, why, now).await;
        write.finish(outcome).await
    }

    /// Lets a paused policy go on.
    pub async fn resume_policy(
        &self,
        policy: &str,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<PolicySettings, LedgerError> {
        let step = PolicyStep {
            overrides: None,
            resumes: true,
        };
        self.change_policy_settings(policy, step, None, author, now)
            .await
    }

    async fn change_policy(
        &self,
        policy: &str,
        action: &str,
        change: impl FnOnce(&mut policy_setting::Model) -> Step<()> + Send,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<PolicySettings, LedgerError> {
        let write = self.write(format!("changing policy `{policy}`")).await?;
        let trail = Trail {
            author,
            at: now,
            kind: "policy",
            subject: policy,
        };
        let outcome = change_row(
            &write.transaction,
            &trail,
            action,
            change,
            expected_revision,
        )
        .await;
        write.finish(outcome).await
    }
}

/// Pauses a policy that matched too often; one that is paused already stays as it is.
pub(crate) async fn pause(
    transaction: &DatabaseTransaction,
    policy: &str,
    why: &str,
    now: DateTime<Utc>,
) -> Step<PolicySettings> {
    let change = |row: &mut policy_setting::Model| {
        if row.paused_since.is_none() {
            row.paused_why = Some(within("the reason", why, REASON_CHARS_MAX)?);
            row.paused_since = Some(micros(now));
        }
        Ok(())
    };
    let trail = Trail {
        author: DETECTION_AUTHOR,
        at: now,
        kind: "policy",
        subject: policy,
    };
    change_row(transaction, &trail, "paused", change, None).await
}

async fn change_row(
    transaction: &DatabaseTransaction,
    trail: &Trail<'_>,
    action: &str,
    change: impl FnOnce(&mut policy_setting::Model) -> Step<()> + Send,
    expected_revision: Option<i64>,
) -> Step<PolicySettings> {
    let row = hold(transaction, trail).await?;
    check_revision(&row, expected_revision)?;
    let mut changed = row.clone();
    change(&mut changed)?;
    if changed != row {
        changed.revision += 1;
        changed.updated_at = micros(trail.at);
        changed.updated_by = name("the author", trail.author)?;
        let (before, after) = (told(&row)?, told(&changed)?);
        trail.note(transaction, action, (before, after)).await?;
        changed
            .clone()
            .into_active_model()
            .reset_all()
            .update(transaction)
            .await?;
    }
    settings_of(changed)
}

/// Refuses a change that is made for another revision.
pub(crate) fn check_revision(
    row: &policy_setting::Model,
    expected_revision: Option<i64>,
) -> Step<()> {
    match expected_revision {
        Some(expected) if expected != row.revision => {
            Err(Fault::Ledger(LedgerError::RevisionConflict {
                what: format!("policy `{}`", row.policy),
                expected,
                actual: row.revision,
            }))
        }
        _ => Ok(()),
    }
}

/// The settings of a policy, held until the transaction ends; made where there are none.
pub(crate) async fn hold(
    transaction: &DatabaseTransaction,
    trail: &Trail<'_>,
) -> Step<policy_setting::Model> {
    let policy = name("the policy's name", trail.subject)?;
    let find = || policy_setting::Entity::find_by_id(policy.as_str()).lock_exclusive();
    if let Some(row) = find().one(transaction).await? {
        return Ok(row);
    }
    if policy_setting::Entity::find().count(transaction).await? >= POLICY_SETTINGS_MAX {
        return Err(Fault::Refused(format!(
            "{POLICY_SETTINGS_MAX} policies have settings, and no more can"
        )));
    }
    let nothing = policy_setting::Model {
        policy: policy.clone(),
        mode: None,
        scope: None,
        parameters: None,
        severity: None,
        daily_cap: None,
        paused_since: None,
        paused_why: None,
        resumed_at: None,
        revision: 0,
        updated_at: micros(trail.at),
        updated_by: name("the author", trail.author)?,
    };
    insert_or_keep(transaction, vec![nothing]).await?;
    find().one(transaction).await?.ok_or_else(|| {
        Fault::Unreadable("the settings of the policy vanished while they were made".to_owned())
    })
}

fn resume(row: &mut policy_setting::Model, now: DateTime<Utc>) {
    if row.paused_since.take().is_some() {
        row.paused_why = None;
        row.resumed_at = Some(micros(now));
    }
}

fn put_overrides(row: &mut policy_setting::Model, overrides: &PolicyOverrides) -> Step<()> {
    let part = |what: &str, given: &Option<String>| {
        given
            .as_deref()
            .map(|given| crate::value::json(what, given, JSON_BYTES_MAX))
            .transpose()
    };
    row.mode = overrides
        .mode
        .as_deref()
        .map(|mode| name("the mode", mode))
        .transpose()?;
    row.scope = part("the scope", &overrides.scope)?;
    row.parameters = part("the parameters", &overrides.parameters)?;
    row.severity = overrides.severity.map(rank);
    row.daily_cap = overrides.daily_cap.map(count);
    Ok(())
}

pub(crate) fn settings_of(row: policy_setting::Model) -> Step<PolicySettings> {
    let paused = moment_if_any(row.paused_since)?.map(|since| PolicyPause {
        since,
        why: row.paused_why.unwrap_or_default(),
    });
    Ok(PolicySettings {
        policy: row.policy,
        overrides: PolicyOverrides {
            mode: row.mode,
            scope: row.scope,
            parameters: row.parameters,
            severity: row.severity.map(ranked).transpose()?,
            daily_cap: row.daily_cap.map(i64::unsigned_abs),
        },
        paused,
        resumed_at: moment_if_any(row.resumed_at)?,
        revision: row.revision,
        updated_at: moment(row.updated_at)?,
        updated_by: row.updated_by,
    })
}

/// Settings as the audit trail tells them; nothing where nothing was ever set.
fn told(row: &policy_setting::Model) -> Step<Option<Value>> {
    if row.revision == 0 {
        return Ok(None);
    }
    let parsed = |text: &Option<String>| {
        let parsed = text.as_deref().map(serde_json::from_str::<Value>);
        parsed
            .transpose()
            .map_err(|problem| Fault::Unreadable(problem.to_string()))
    };
    Ok(Some(json!({
        "mode": row.mode,
        "scope": parsed(&row.scope)?,
        "parameters": parsed(&row.parameters)?,
        "severity": row.severity.map(ranked).transpose()?.map(Severity::as_str),
        "daily_cap": row.daily_cap,
        "paused": row.paused_why,
    })))
}
