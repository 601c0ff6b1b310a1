use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Alias, Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction,
    EntityTrait, ExprTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Value, json};

use crate::audit::Trail;
use crate::detection::in_use;
use crate::error::{Fault, LedgerError, Step};
use crate::policy_days::more;
use crate::rows::insert_or;
use crate::tables::{suppression, suppression_hit};
use crate::value::{count, micros, moment, moment_if_any, name, within};
use crate::{JSON_BYTES_MAX, Ledger, REASON_CHARS_MAX, ROWS_MAX};

/// Most suppressions that hold at one time.
pub const SUPPRESSIONS_MAX: u64 = 10_000;
/// Most days that a suppression holds from when it is set.
pub const SUPPRESSION_DAYS_MAX: i64 = 366;

/// What is not to be told until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSuppression {
    /// Of which policy; `None`: of all.
    pub policy: Option<String>,
    /// What a match must be like, as JSON.
    pub conditions: String,
    /// Why.
    pub reason: String,
    /// Until when, at most [`SUPPRESSION_DAYS_MAX`] days ahead.
    pub ends_at: DateTime<Utc>,
}

/// A suppression and what it has kept quiet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Greater than that of every earlier one.
    pub id: i64,
    /// Of which policy; `None`: of all.
    pub policy: Option<String>,
    /// What a match must be like, as JSON.
    pub conditions: String,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it holds.
    pub ends_at: DateTime<Utc>,
    /// How many settled matches it has kept quiet.
    pub matches: u64,
    /// When the newest of those happened.
    pub last_at: Option<DateTime<Utc>>,
}

/// What a suppression kept quiet in one step of detection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionHits {
    /// Which suppression.
    pub suppression: i64,
    /// How many matches.
    pub matches: u64,
    /// When the newest of them happened.
    pub last_at: DateTime<Utc>,
}

impl Ledger {
    /// Keeps matches quiet until a time. It is told in the audit trail.
    pub async fn add_suppression(
        &self,
        new: &NewSuppression,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<Suppression, LedgerError> {
        let write = self.write("adding a suppression".to_owned()).await?;
        let outcome = add(&write.transaction, new, author, now).await;
        write.finish(outcome).await
    }

    /// Lets a suppression end at another time, or at once where `ends_at` is `now` or earlier. It is told in the audit trail.
    pub async fn end_suppression(
        &self,
        id: i64,
        ends_at: DateTime<Utc>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<Suppression, LedgerError> {
        let write = self.write(format!("changing suppression {id}")).await?;
        let outcome = end(&write.transaction, id, ends_at, author, now).await;
        write.finish(outcome).await
    }

    /// Suppressions, the newest first, up to [`ROWS_MAX`]; with `holding_at`, only those that hold then.
    pub async fn suppressions(
        &self,
        holding_at: Option<DateTime<Utc>>,
    ) -> Result<Vec<Suppression>, LedgerError> {
        let found = async {
            let snapshot = self.snapshot().await?;
            let mut query = suppression::Entity::find()
                .order_by_desc(suppression::Column::Id)
                .limit(ROWS_MAX);
            if let Some(at) = holding_at {
                query = query
                    .filter(suppression::Column::CreatedAt.lte(micros(at)))
                    .filter(suppression::Column::EndsAt.gt(micros(at)));
            }
            let rows = query.all(&snapshot).await?;
            let hits = hits(&snapshot).await?;
            snapshot.commit().await?;
            let stored = |row: suppression::Model| {
                let hits = hits.get(&row.id).copied();
                suppression_of(row, hits)
            };
            rows.into_iter().map(stored).collect::<Step<Vec<_>>>()
        };
        found
            .await
            .map_err(|fault: Fault| self.failed("reading the suppressions", fault))
    }
}

async fn hits(snapshot: &DatabaseTransaction) -> Step<BTreeMap<i64, (i64, i64)>> {
    use suppression_hit::Column as Of;

    let matches = Expr::col(Of::Matches).sum().cast_as(Alias::new("bigint"));
    let rows: Vec<(i64, i64, i64)> = suppression_hit::Entity::find()
        .select_only()
        .column(Of::Suppression)
        .expr_as(matches, "matches")
        .column_as(Of::LastAt.max(), "last_at")
        .filter(Of::Generation.in_subquery(in_use(None)))
        .group_by(Of::Suppression)
        .into_tuple()
        .all(snapshot)
        .await?;
    let by_id = rows
        .into_iter()
        .map(|(id, matches, at)| (id, (matches, at)));
    Ok(by_id.collect())
}

fn suppression_of(row: suppression::Model, hits: Option<(i64, i64)>) -> Step<Suppression> {
    Ok(Suppression {
        id: row.id,
        policy: row.policy,
        conditions: row.conditions,
        reason: row.reason,
        created_by: row.created_by,
        created_at: moment(row.created_at)?,
        ends_at: moment(row.ends_at)?,
        matches: hits.map_or(0, |(matches, _)| matches.unsigned_abs()),
        last_at: moment_if_any(hits.map(|(_, last_at)| last_at))?,
    })
}

async fn add(
    transaction: &DatabaseTransaction,
    new: &NewSuppression,
    author: &str,
    now: DateTime<Utc>,
) -> Step<Suppression> {
    check_end(new.ends_at, now)?;
    let holding = suppression::Entity::find()
        .filter(suppression::Column::EndsAt.gt(micros(now)))
        .count(transaction)
        .await?;
    if holding >= SUPPRESSIONS_MAX {
        return Err(Fault::Refused(format!(
            "{SUPPRESSIONS_MAX} suppressions hold, and no more can"
        )));
    }
    let policy = new.policy.as_deref();
    let row = suppression::ActiveModel {
        id: NotSet,
        policy: Set(policy
            .map(|policy| name("the policy", policy))
            .transpose()?),
        conditions: Set(crate::value::json(
            "its conditions",
            &new.conditions,
            JSON_BYTES_MAX,
        )?),
        reason: Set(within("its reason", &new.reason, REASON_CHARS_MAX)?),
        created_by: Set(name("the author", author)?),
        created_at: Set(micros(now)),
        ends_at: Set(micros(new.ends_at)),
    };
    let row = row.insert(transaction).await?;
    let after = Some(told(&row)?);
    note(transaction, row.id, "added", author, now, (None, after)).await?;
    suppression_of(row, None)
}

async fn end(
    transaction: &DatabaseTransaction,
    id: i64,
    ends_at: DateTime<Utc>,
    author: &str,
    now: DateTime<Utc>,
) -> Step<Suppression> {
    let row = suppression::Entity::find_by_id(id)
        .lock_exclusive()
        .one(transaction)
        .await?;
    let row = row.ok_or(Fault::Ledger(LedgerError::NoSuchSuppression(id)))?;
    let mut changed = row.clone();
    changed.ends_at = if ends_at > now {
        check_end(ends_at, now)?;
        micros(ends_at)
    } else {
        // What is over already ended when it did.
        Ord::min(row.ends_at, micros(now))
    };
    if changed != row {
        let told = (Some(told(&row)?), Some(told(&changed)?));
        note(transaction, id, "changed", author, now, told).await?;
        let all = changed.clone().into_active_model().reset_all();
        all.update(transaction).await?;
    }
    let hits = hits(transaction).await?.get(&id).copied();
    suppression_of(changed, hits)
}

fn check_end(ends_at: DateTime<Utc>, now: DateTime<Utc>) -> Step<()> {
    let latest = now + TimeDelta::days(SUPPRESSION_DAYS_MAX);
    if ends_at <= now || ends_at > latest {
        return Err(Fault::Refused(format!(
            "it must end within the next {SUPPRESSION_DAYS_MAX} days"
        )));
    }
    Ok(())
}

async fn note(
    transaction: &DatabaseTransaction,
    id: i64,
    action: &str,
    author: &str,
    at: DateTime<Utc>,
    told: (Option<Value>, Option<Value>),
) -> Step<()> {
    let trail = Trail {
        author,
        at,
        kind: "suppression",
        subject: &id.to_string(),
    };
    trail.note(transaction, action, told).await
}

fn told(row: &suppression::Model) -> Step<Value> {
    let conditions: Value = serde_json::from_str(&row.conditions)
        .map_err(|problem| Fault::Unreadable(problem.to_string()))?;
    Ok(json!({
        "policy": row.policy,
        "conditions": conditions,
        "reason": row.reason,
        "ends_at": moment(row.ends_at)?,
    }))
}

/// Adds to what suppressions kept quiet.
pub(crate) async fn count_suppressed(
    transaction: &DatabaseTransaction,
    generation: i64,
    hits: &[SuppressionHits],
) -> Step<()> {
    use suppression_hit::Column as Of;

    let mut rows: BTreeMap<i64, suppression_hit::Model> = BTreeMap::new();
    for hit in hits {
        let row = rows
            .entry(hit.suppression)
            .or_insert(suppression_hit::Model {
                generation,
                suppression: hit.suppression,
                matches: 0,
                last_at: i64::MIN,
            });
        row.matches += count(hit.matches);
        row.last_at = Ord::max(row.last_at, micros(hit.last_at));
    }
    // Steps come in the order of time, so the newest hit is the last one's.
    let add = OnConflict::columns([Of::Generation, Of::Suppression])
        .value(Of::Matches, more(suppression_hit::Entity, Of::Matches))
        .update_column(Of::LastAt)
        .to_owned();
    insert_or(transaction, rows.into_values().collect(), add).await
}
