use chrono::{DateTime, Utc};
use drishti_model::{
    DesiredState, HealthStatus, Secret, SourceName, SourceProfile, SourceScope, SourceState,
};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait,
    IntoActiveModel, SqlErr,
};
use serde_json::{Value, json};

use crate::Ledger;
use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::progress::nothing_yet;
use crate::secrets::token_of;
use crate::tables::{progress, source, source_status};
use crate::transaction::hold_source;
use crate::value::{micros, moment, source_name, word};

/// How the trail calls what is changed here.
const KIND: &str = "source";

/// A source to be added.
#[derive(Clone, Debug)]
pub struct NewSource {
    /// Its name, which never changes.
    pub name: SourceName,
    /// What is configured of it.
    pub profile: SourceProfile,
    /// Asana's token; sealed before it is stored.
    pub token: Option<Secret>,
    /// Whether it stands in `drishti.toml`.
    pub declared: bool,
}

/// What to change of a source; `None` leaves a part as it is.
#[derive(Clone, Debug, Default)]
pub struct SourceChange {
    /// Another configuration.
    pub profile: Option<SourceProfile>,
    /// Another token.
    pub token: Option<Secret>,
    /// What the owner wants of it now.
    pub desired: Option<DesiredState>,
    /// Whether it stands in `drishti.toml`.
    pub declared: Option<bool>,
}

/// A source as it is stored. Its token is asked for apart, with [`Ledger::token`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// What is configured of it.
    pub profile: SourceProfile,
    /// What the owner wants of it.
    pub desired: DesiredState,
    /// Whether it stands in `drishti.toml`.
    pub declared: bool,
    /// Whether it has a token.
    pub has_token: bool,
    /// 1 at first, and one more with each change of profile, token or desired state.
    pub revision: i64,
    /// One more with each restart that was asked for.
    pub restart_generation: i64,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl Source {
    fn from_row(row: source::Model) -> Step<Self> {
        Ok(Self {
            profile: read_profile(&row)?,
            name: source_name(row.name)?,
            desired: word(&row.desired)?,
            declared: row.declared,
            has_token: row.sealed_token.is_some(),
            revision: row.revision,
            restart_generation: row.restart_generation,
            created_at: moment(row.created_at)?,
            updated_at: moment(row.updated_at)?,
        })
    }
}

fn read_profile(row: &source::Model) -> Step<SourceProfile> {
    serde_json::from_str(&row.profile).map_err(|problem| {
        Fault::Unreadable(format!(
            "the configuration of source `{}` can't be read: {problem}",
            row.name
        ))
    })
}

fn profile_text(profile: &SourceProfile) -> Step<String> {
    serde_json::to_string(profile).map_err(|problem| Fault::Unreadable(problem.to_string()))
}

impl Ledger {
    /// Adds a source, in state [`SourceState::Pending`] and without progress; [`LedgerError::SourceExists`] where its name is taken.
    pub async fn add_source(
        &self,
        new: NewSource,
        now: DateTime<Utc>,
    ) -> Result<Source, LedgerError> {
        let write = self.write(format!("adding source `{}`", new.name)).await?;
        let outcome = self.insert(&write.transaction, new, now).await;
        write.finish(outcome).await
    }

    /// Adds several sources, or none of them.
    pub async fn add_sources(
        &self,
        new: Vec<NewSource>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Source>, LedgerError> {
        let write = self.write(format!("adding {} sources", new.len())).await?;
        let outcome = async {
            let mut added = Vec::new();
            for source in new {
                added.push(self.insert(&write.transaction, source, now).await?);
            }
            Ok(added)
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    async fn insert(
        &self,
        transaction: &DatabaseTransaction,
        new: NewSource,
        now: DateTime<Utc>,
    ) -> Step<Source> {
        let token = new.token.as_ref();
        let sealed_token = token
            .map(|token| self.key().seal(&token_of(&new.name), token))
            .transpose()?;
        let row = insert_source(transaction, new, sealed_token, micros(now)).await?;
        let after = (None, Some(told(&row)?));
        self.tell_of_source(transaction, &row.name, "added", after, now)
            .await?;
        Source::from_row(row)
    }

    /// The source of this name.
    pub async fn source(&self, name: &SourceName) -> Result<Option<Source>, LedgerError> {
        let found = async {
            let row = source::Entity::find_by_id(name.as_str())
                .one(self.database())
                .await?;
            row.map(Source::from_row).transpose()
        };
        found
            .await
            .map_err(|fault: Fault| self.failed(format!("reading source `{name}`"), fault))
    }

    /// All sources, by name.
    pub async fn sources(&self) -> Result<Vec<Source>, LedgerError> {
        let found = async {
            let rows = source::Entity::find().all(self.database()).await?;
            rows.into_iter()
                .map(Source::from_row)
                .collect::<Step<Vec<_>>>()
        };
        let mut sources = found
            .await
            .map_err(|fault| self.failed("reading the sources", fault))?;
        // PostgreSQL would sort by the rules of its locale.
        sources.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(sources)
    }

    /// Changes a source; what is already so is no change. With `expected_revision`, only where the source still has it.
    pub async fn update_source(
        &self,
        name: &SourceName,
        change: SourceChange,
        expected_revision: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Source, LedgerError> {
        let write = self.write(format!("changing source `{name}`")).await?;
        let outcome = self
            .change_source(&write.transaction, name, change, expected_revision, now)
            .await;
        write.finish(outcome).await
    }

    async fn change_source(
        &self,
        transaction: &DatabaseTransaction,
        name: &SourceName,
        change: SourceChange,
        expected_revision: Option<i64>,
        now: DateTime<Utc>,
    ) -> Step<Source> {
        let row = hold_source(transaction, name).await?;
        if let Some(expected) = expected_revision.filter(|&expected| expected != row.revision) {
            let conflict = LedgerError::RevisionConflict {
                what: format!("source `{name}`"),
                expected,
                actual: row.revision,
            };
            return Err(Fault::Ledger(conflict));
        }
        let mut changed = row.clone();
        if let Some(profile) = change
            .profile
            .filter(|profile| read_profile(&row).ok().as_ref() != Some(profile))
        {
            changed.profile = profile_text(&profile)?;
        }
        if let Some(token) = change
            .token
            .filter(|token| !self.is_token(&row, name, token))
        {
            changed.sealed_token = Some(self.key().seal(&token_of(name), &token)?);
        }
        if let Some(desired) = change.desired {
            desired.as_str().clone_into(&mut changed.desired);
        }
        changed.revision += i64::from(changed != row);
        changed.declared = change.declared.unwrap_or(row.declared);
        if changed != row {
            changed.updated_at = micros(now);
            changed
                .clone()
                .into_active_model()
                .reset_all()
                .update(transaction)
                .await?;
            self.tell_of_change(transaction, &row, &changed, now)
                .await?;
        }
        Source::from_row(changed)
    }

    async fn tell_of_change(
        &self,
        transaction: &DatabaseTransaction,
        before: &source::Model,
        after: &source::Model,
        now: DateTime<Utc>,
    ) -> Step<()> {
        let mut actions = Vec::new();
        if before.profile != after.profile || before.declared != after.declared {
            actions.push(("changed", (Some(told(before)?), Some(told(after)?))));
        }
        if before.sealed_token != after.sealed_token {
            actions.push(("token changed", (None, None)));
        }
        if before.desired != after.desired {
            let action = match word(&after.desired)? {
                DesiredState::Running => "resumed",
                DesiredState::Paused => "paused",
                DesiredState::Removed => "removed",
            };
            actions.push((action, (None, None)));
        }
        for (action, parts) in actions {
            self.tell_of_source(transaction, &after.name, action, parts, now)
                .await?;
        }
        Ok(())
    }

    /// Notes what was done to a source, where somebody did it.
    async fn tell_of_source(
        &self,
        transaction: &DatabaseTransaction,
        name: &str,
        action: &str,
        parts: (Option<Value>, Option<Value>),
        at: DateTime<Utc>,
    ) -> Step<()> {
        let Some(author) = self.author() else {
            return Ok(());
        };
        let trail = Trail {
            author,
            at,
            kind: KIND,
            subject: name,
        };
        trail.note(transaction, action, parts).await
    }

    fn is_token(&self, row: &source::Model, name: &SourceName, token: &Secret) -> bool {
        let sealed = row.sealed_token.as_deref();
        sealed.is_some_and(|sealed| {
            self.key()
                .unseal(&token_of(name), sealed)
                .is_ok_and(|known| known == *token)
        })
    }

    /// Asks for a restart: the task that sees a new generation begins anew.
    pub async fn request_restart(
        &self,
        name: &SourceName,
        now: DateTime<Utc>,
    ) -> Result<Source, LedgerError> {
        let write = self.write(format!("restarting source `{name}`")).await?;
        let outcome = async {
            let mut row = hold_source(&write.transaction, name).await?;
            row.restart_generation += 1;
            row.updated_at = micros(now);
            row.clone()
                .into_active_model()
                .reset_all()
                .update(&write.transaction)
                .await?;
            self.tell_of_source(
                &write.transaction,
                &row.name,
                "restarted",
                (None, None),
                now,
            )
            .await?;
            Source::from_row(row)
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Forgets a source and everything of it: token, health, lease, progress, quarantine, accounts, what detection remembers. Its
    /// events stay in the lake, and its alerts here.
    pub async fn delete_source(&self, name: &SourceName) -> Result<(), LedgerError> {
        let write = self.write(format!("removing source `{name}`")).await?;
        let outcome = async {
            hold_source(&write.transaction, name).await?;
            source::Entity::delete_by_id(name.as_str())
                .exec(&write.transaction)
                .await?;
            Ok(())
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// The token of a source; `None` where it has none, or does not exist.
    pub async fn token(&self, name: &SourceName) -> Result<Option<Secret>, LedgerError> {
        let row = source::Entity::find_by_id(name.as_str())
            .one(self.database())
            .await;
        let row =
            row.map_err(|error| self.failed(format!("reading the {}", token_of(name)), error))?;
        let sealed = row.and_then(|row| row.sealed_token);
        sealed
            .map(|sealed| self.key().unseal(&token_of(name), &sealed))
            .transpose()
    }
}

/// The condition that the source in `column` is in a scope; none where it is all.
pub(crate) fn within<C: ColumnTrait>(column: C, scope: &SourceScope) -> Option<Expr> {
    let names = scope.names()?.iter().map(SourceName::as_str);
    Some(column.is_in(names))
}

async fn insert_source(
    transaction: &DatabaseTransaction,
    new: NewSource,
    sealed_token: Option<Vec<u8>>,
    now: i64,
) -> Step<source::Model> {
    let row = source::Model {
        name: new.name.to_string(),
        profile: profile_text(&new.profile)?,
        desired: DesiredState::Running.as_str().to_owned(),
        declared: new.declared,
        sealed_token,
        revision: 1,
        restart_generation: 0,
        created_at: now,
        updated_at: now,
    };
    let inserted = source::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(transaction)
        .await;
    if let Err(error) = inserted {
        return Err(match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                Fault::Ledger(LedgerError::SourceExists(new.name))
            }
            _ => Fault::Database(error),
        });
    }
    let status = source_status::ActiveModel {
        source: Set(row.name.clone()),
        state: Set(SourceState::Pending.as_str().to_owned()),
        since: Set(now),
        status: Set(HealthStatus::Healthy.as_str().to_owned()),
        kind: Set(None),
        event_name: Set(SourceState::Pending.as_str().to_owned()),
        reason: Set("added; no task has taken it up yet".to_owned()),
        advice: Set(String::new()),
        error_count: Set(0),
        warning_count: Set(0),
        error_total: Set(0),
        warning_total: Set(0),
    };
    source_status::Entity::insert(status)
        .exec_without_returning(transaction)
        .await?;
    progress::Entity::insert(nothing_yet(&row.name))
        .exec_without_returning(transaction)
        .await?;
    Ok(row)
}

/// A source as the trail tells of it: without its token.
fn told(row: &source::Model) -> Step<Value> {
    let profile: Value = serde_json::from_str(&row.profile)
        .map_err(|problem| Fault::Unreadable(problem.to_string()))?;
    Ok(json!({"profile": profile, "declared": row.declared}))
}
