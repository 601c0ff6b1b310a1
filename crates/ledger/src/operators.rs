use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use drishti_model::{Role, Secret, SourceName, SourceScope};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr,
};
use serde_json::{Value, json};

use crate::Ledger;
use crate::api_tokens::revoke;
use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::tables::{operator, session};
use crate::value::{micros, moment, moment_if_any, name, text, within, word};
use crate::views;

/// Most operators of an installation.
pub const OPERATORS_MAX: u64 = 1_000;

/// How the trail calls what is changed here.
const KIND: &str = "operator";

/// Somebody who is to sign in.
#[derive(Clone, Debug)]
pub struct NewOperator {
    /// The name to sign in with, which never changes.
    pub name: String,
    /// For people.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// Which sources they may see.
    pub scope: SourceScope,
    /// The hash of the password; empty where they have none.
    pub password_hash: Secret,
}

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name to sign in with.
    pub name: String,
    /// For people.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// Which sources they may see.
    pub scope: SourceScope,
    /// Whether they may sign in at all.
    pub enabled: bool,
    /// Whether a second factor is asked for.
    pub has_totp: bool,
    /// Whether they have a password here; who has none signs in with the provider of `OpenID`.
    pub has_password: bool,
    /// 1 at first, and one more with each change by an admin.
    pub revision: i64,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// When they were last changed.
    pub updated_at: DateTime<Utc>,
    /// When they last signed in.
    pub signed_in_at: Option<DateTime<Utc>>,
}

/// What to change of an operator; `None` leaves a part as it is.
#[derive(Clone, Debug, Default)]
pub struct OperatorChange {
    /// Another name for people.
    pub display_name: Option<String>,
    /// Another role.
    pub role: Option<Role>,
    /// Other sources.
    pub scope: Option<SourceScope>,
    /// Whether they may sign in at all.
    pub enabled: Option<bool>,
}

/// How an operator is changed: by whom, when, and with which revision in mind.
pub(crate) struct Change<'a> {
    pub(crate) name: &'a str,
    pub(crate) expected_revision: Option<i64>,
    pub(crate) author: &'a str,
    pub(crate) now: DateTime<Utc>,
}

impl Ledger {
    /// Adds an operator. It is told in the audit trail.
    pub async fn add_operator(
        &self,
        new: &NewOperator,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<Operator, LedgerError> {
        let write = self
            .write(format!("adding operator `{}`", new.name))
            .await?;
        let outcome = add(&write.transaction, new, author, now).await;
        write.finish(outcome).await
    }

    /// The operator of this name.
    pub async fn operator(&self, name: &str) -> Result<Option<Operator>, LedgerError> {
        let row = self.operator_row(name).await?;
        row.map(Operator::from_row)
            .transpose()
            .map_err(|fault| self.failed(format!("reading operator `{name}`"), fault))
    }

    /// All operators, by name.
    pub async fn operators(&self) -> Result<Vec<Operator>, LedgerError> {
        let found = async {
            let rows = operator::Entity::find().all(self.database()).await?;
            rows.into_iter()
                .map(Operator::from_row)
                .collect::<Step<Vec<_>>>()
        };
        let mut operators = found
            .await
            .map_err(|fault| self.failed("reading the operators", fault))?;
        // PostgreSQL would sort by the rules of its locale.
        operators.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(operators)
    }

    pub(crate) async fn operator_row(
        &self,
        name: &str,
    ) -> Result<Option<operator::Model>, LedgerError> {
        let row = operator::Entity::find_by_id(text(name))
            .one(self.database())
            .await;
        row.map_err(|error| self.failed(format!("reading operator `{name}`"), error))
    }

    /// Changes an operator; what is already so is no change. Another role or scope, and disabling, ends their sessions and
    /// revokes the tokens of theirs that could do more. With `expected_revision`, only where the operator still has it.
    pub async fn change_operator(
        &self,
        name: &str,
        change: OperatorChange,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<Operator, LedgerError> {
        let how = Change {
            name,
            expected_revision,
            author,
            now,
        };
        let write = self.write(format!("changing operator `{name}`")).await?;
        let outcome = how.make(&write.transaction, change).await;
        write.finish(outcome).await
    }

    /// Removes an operator, their sessions and their tokens. What they did stays in the trail.
    pub async fn remove_operator(
        &self,
        name: &str,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let how = Change {
            name,
            expected_revision,
            author,
            now,
        };
        let write = self.write(format!("removing operator `{name}`")).await?;
        let outcome = how.remove(&write.transaction).await;
        write.finish(outcome).await
    }
}

impl Operator {
    pub(crate) fn from_row(row: operator::Model) -> Step<Self> {
        Ok(Self {
            role: word(&row.role)?,
            scope: scope_of(row.sources.as_deref())?,
            enabled: row.enabled,
            has_totp: row.sealed_totp.is_some(),
            has_password: !row.password_hash.is_empty(),
            revision: row.revision,
            created_at: moment(row.created_at)?,
            updated_at: moment(row.updated_at)?,
            signed_in_at: moment_if_any(row.signed_in_at)?,
            name: row.name,
            display_name: row.display_name,
        })
    }
}

impl Change<'_> {
    async fn hold(&self, transaction: &DatabaseTransaction) -> Step<operator::Model> {
        let row = hold(transaction, self.name).await?;
        match self.expected_revision {
            Some(expected) if expected != row.revision => {
                Err(Fault::Ledger(LedgerError::RevisionConflict {
                    what: format!("operator `{}`", self.name),
                    expected,
                    actual: row.revision,
                }))
            }
            _ => Ok(row),
        }
    }

    pub(crate) async fn make(
        &self,
        transaction: &DatabaseTransaction,
        change: OperatorChange,
    ) -> Step<Operator> {
        let row = self.hold(transaction).await?;
        let mut changed = row.clone();
        if let Some(display_name) = &change.display_name {
            changed.display_name = name("the display name", display_name)?;
        }
        if let Some(role) = change.role {
            role.as_str().clone_into(&mut changed.role);
        }
        if let Some(scope) = &change.scope {
            changed.sources = scope_text(scope)?;
        }
        changed.enabled = change.enabled.unwrap_or(row.enabled);
        if changed == row {
            return Operator::from_row(row);
        }
        if is_admin(&row) && !is_admin(&changed) {
            self.check_other_admin(transaction).await?;
        }
        let may = |row: &operator::Model| (row.role.clone(), row.sources.clone(), row.enabled);
        if may(&row) != may(&changed) {
            end_sessions(transaction, self.name).await?;
            let scope = scope_of(changed.sources.as_deref())?;
            let kept = (word(&changed.role)?, &scope);
            let kept = changed.enabled.then_some(kept);
            revoke(transaction, self.name, kept, self.author, self.now).await?;
        }
        changed.revision += 1;
        changed.updated_at = micros(self.now);
        store(transaction, changed.clone()).await?;
        let told = (Some(told(&row)?), Some(told(&changed)?));
        let trail = trail(self.name, self.author, self.now);
        trail.note(transaction, "changed", told).await?;
        Operator::from_row(changed)
    }

    async fn remove(&self, transaction: &DatabaseTransaction) -> Step<()> {
        let row = self.hold(transaction).await?;
        if is_admin(&row) {
            self.check_other_admin(transaction).await?;
        }
        operator::Entity::delete_by_id(row.name.as_str())
            .exec(transaction)
            .await?;
        views::leave(transaction, self.name).await?;
        revoke(transaction, self.name, None, self.author, self.now).await?;
        let trail = trail(self.name, self.author, self.now);
        let told = (Some(told(&row)?), None);
        trail.note(transaction, "removed", told).await
    }

    /// Refuses to go on where nobody else could undo it. The admins are held, so that two of them can't remove each other at once.
    async fn check_other_admin(&self, transaction: &DatabaseTransaction) -> Step<()> {
        use operator::Column as Of;

        let admins = operator::Entity::find()
            .filter(Of::Role.eq(Role::Admin.as_str()))
            .order_by_asc(Of::Name)
            .lock_exclusive()
            .all(transaction)
            .await?;
        if admins
            .iter()
            .any(|row| row.name != self.name && is_admin(row))
        {
            return Ok(());
        }
        let last = LedgerError::LastAdmin(self.name.to_owned());
        Err(Fault::Ledger(last))
    }
}

/// Whether this is somebody who may do everything: an admin of some sources may not.
fn is_admin(row: &operator::Model) -> bool {
    row.enabled && row.role == Role::Admin.as_str() && row.sources.is_none()
}

pub(crate) async fn add(
    transaction: &DatabaseTransaction,
    new: &NewOperator,
    author: &str,
    now: DateTime<Utc>,
) -> Step<Operator> {
    if operator::Entity::find().count(transaction).await? >= OPERATORS_MAX {
        return Err(Fault::Refused(format!(
            "there are {OPERATORS_MAX} operators, and no more can be"
        )));
    }
    let row = operator::Model {
        name: name("the name", &new.name)?,
        display_name: name("the display name", &new.display_name)?,
        role: new.role.as_str().to_owned(),
        sources: scope_text(&new.scope)?,
        enabled: true,
        password_hash: new.password_hash.expose().to_owned(),
        sealed_totp: None,
        sealed_totp_offered: None,
        totp_step: 0,
        revision: 1,
        created_at: micros(now),
        updated_at: micros(now),
        signed_in_at: None,
        openid_subject: None,
    };
    let inserted = operator::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(transaction)
        .await;
    if let Err(error) = inserted {
        return Err(match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                Fault::Ledger(LedgerError::OperatorExists(new.name.clone()))
            }
            _ => Fault::Database(error),
        });
    }
    let trail = trail(&new.name, author, now);
    let told = (None, Some(told(&row)?));
    trail.note(transaction, "added", told).await?;
    Operator::from_row(row)
}

/// The row of an operator, held until the transaction ends.
pub(crate) async fn hold(transaction: &DatabaseTransaction, name: &str) -> Step<operator::Model> {
    operator::Entity::find_by_id(text(name))
        .lock_exclusive()
        .one(transaction)
        .await?
        .ok_or_else(|| Fault::Ledger(LedgerError::NoSuchOperator(name.to_owned())))
}

pub(crate) async fn store(transaction: &DatabaseTransaction, row: operator::Model) -> Step<()> {
    let all = row.into_active_model().reset_all();
    all.update(transaction).await?;
    Ok(())
}

pub(crate) async fn end_sessions(transaction: &DatabaseTransaction, name: &str) -> Step<()> {
    session::Entity::delete_many()
        .filter(session::Column::Operator.eq(text(name)))
        .exec(transaction)
        .await?;
    Ok(())
}

pub(crate) fn trail<'a>(name: &'a str, author: &'a str, at: DateTime<Utc>) -> Trail<'a> {
    Trail {
        author,
        at,
        kind: KIND,
        subject: name,
    }
}

/// An operator as the trail tells of them: without what they prove to be themselves with.
fn told(row: &operator::Model) -> Step<Value> {
    Ok(json!({
        "display_name": row.display_name,
        "role": row.role,
        "sources": scope_of(row.sources.as_deref())?.names(),
        "enabled": row.enabled,
    }))
}

/// The scope that stands in a column.
pub(crate) fn scope_of(sources: Option<&str>) -> Step<SourceScope> {
    let Some(sources) = sources else {
        return Ok(SourceScope::All);
    };
    let names: BTreeSet<SourceName> = serde_json::from_str(sources)
        .map_err(|problem| Fault::Unreadable(format!("`{sources}` are no sources: {problem}")))?;
    Ok(SourceScope::Only(names))
}

/// A scope as it stands in a column.
pub(crate) fn scope_text(scope: &SourceScope) -> Step<Option<String>> {
    let Some(names) = scope.names() else {
        return Ok(None);
    };
    let names =
        serde_json::to_string(names).map_err(|problem| Fault::Unreadable(problem.to_string()))?;
    within("the list of sources", &names, crate::JSON_BYTES_MAX).map(Some)
}
