use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition,
    DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, SqlErr,
};
use serde_json::{Value, json};

use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::tables::saved_view;
use crate::value::{micros, moment, name, text, within, word};
use crate::{Ledger, ROWS_MAX};

/// Most views that one owner can keep.
pub const VIEWS_OF_OWNER_MAX: u64 = 200;
/// Most views of all owners, which is what one listing returns.
pub const VIEWS_MAX: u64 = ROWS_MAX;
/// Most characters of a view's name.
pub const VIEW_NAME_CHARS_MAX: usize = 100;
/// Most bytes of a view's query.
pub const VIEW_QUERY_BYTES_MAX: usize = 7_000;

/// A page of the web app whose state stands in its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewPage {
    /// The list of alerts.
    Alerts,
    /// The search of events.
    Events,
    /// The list of people.
    People,
    /// The list of policies.
    Policies,
    /// Queries in SQL.
    Query,
}

impl ViewPage {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Alerts,
        Self::Events,
        Self::People,
        Self::Policies,
        Self::Query,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Events => "events",
            Self::People => "people",
            Self::Policies => "policies",
            Self::Query => "query",
        }
    }
}

impl FromStr for ViewPage {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|page| page.as_str() == word).ok_or_else(|| {
            let words = Self::ALL.map(Self::as_str).join(", ");
            format!("`{word}` is none of {words}")
        })
    }
}

impl fmt::Display for ViewPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A view that somebody wants to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSavedView {
    /// Of which page.
    pub page: ViewPage,
    /// What its owner calls it; no other of theirs on the page has this name.
    pub name: String,
    /// The state of the page, as it stands in its address behind the question mark.
    pub query: String,
    /// Whether all others see it, too.
    pub is_shared: bool,
}

/// A view of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Greater than that of every earlier one.
    pub id: i64,
    /// Whose it is.
    pub owner: String,
    /// What it shows.
    pub view: NewSavedView,
    /// 1 at first, and one more with each change.
    pub revision: i64,
    /// When it was first kept.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Who changes a view.
#[derive(Clone, Copy, Debug)]
pub struct ViewAuthor<'a> {
    /// Whose views can be changed and removed.
    pub name: &'a str,
    /// Whether shared views of others can be removed, too.
    pub removes_shared: bool,
}

impl Ledger {
    /// The views of `owner` and those that others share, by name.
    pub async fn saved_views(&self, owner: &str) -> Result<Vec<SavedView>, LedgerError> {
        use saved_view::Column as Of;

        let rows = saved_view::Entity::find()
            .filter(
                Condition::any()
                    .add(Of::Owner.eq(text(owner)))
                    .add(Of::Shared.eq(true)),
            )
            .order_by_asc(Of::Name)
            .order_by_asc(Of::Id)
            .limit(VIEWS_MAX)
            .all(self.database())
            .await;
        let views = rows
            .map_err(Fault::from)
            .and_then(|rows| rows.into_iter().map(view_of).collect());
        views.map_err(|fault: Fault| self.failed("reading the saved views", fault))
    }

    /// Keeps a view. Of those that are shared the audit trail tells.
    pub async fn add_view(
        &self,
        new: &NewSavedView,
        author: ViewAuthor<'_>,
        now: DateTime<Utc>,
    ) -> Result<SavedView, LedgerError> {
        let write = self.write(format!("saving view `{}`", new.name)).await?;
        let outcome = add(&write.transaction, new, author.name, now).await;
        write.finish(outcome).await
    }

    /// Lets a view of the author's be another; with `expected_revision`, only where it still has it.
    pub async fn change_view(
        &self,
        id: i64,
        new: &NewSavedView,
        expected_revision: Option<i64>,
        author: ViewAuthor<'_>,
        now: DateTime<Utc>,
    ) -> Result<SavedView, LedgerError> {
        let write = self.write(format!("changing saved view {id}")).await?;
        let outcome = async {
            let own = ViewAuthor {
                removes_shared: false,
                ..author
            };
            let row = hold(&write.transaction, id, expected_revision, own).await?;
            change(&write.transaction, row, new, author.name, now).await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Removes a view of the author's, or one that is shared where they may; with `expected_revision`, only where it still has it.
    pub async fn remove_view(
        &self,
        id: i64,
        expected_revision: Option<i64>,
        author: ViewAuthor<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let write = self.write(format!("removing saved view {id}")).await?;
        let outcome = async {
            let transaction = &write.transaction;
            let row = hold(transaction, id, expected_revision, author).await?;
            saved_view::Entity::delete_by_id(id)
                .exec(transaction)
                .await?;
            note(transaction, "removed", (Some(&row), None), author.name, now).await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }
}

async fn add(
    transaction: &DatabaseTransaction,
    new: &NewSavedView,
    owner: &str,
    now: DateTime<Utc>,
) -> Step<SavedView> {
    let own = saved_view::Entity::find().filter(saved_view::Column::Owner.eq(text(owner)));
    if own.count(transaction).await? >= VIEWS_OF_OWNER_MAX {
        return Err(Fault::Refused(format!(
            "{owner} has {VIEWS_OF_OWNER_MAX} views, and can have no more"
        )));
    }
    if saved_view::Entity::find().count(transaction).await? >= VIEWS_MAX {
        return Err(Fault::Refused(format!(
            "there are {VIEWS_MAX} views, and can be no more"
        )));
    }
    let row = saved_view::ActiveModel {
        id: NotSet,
        owner: Set(name("the owner", owner)?),
        page: Set(new.page.as_str().to_owned()),
        name: Set(checked_name(&new.name)?),
        query: Set(checked_query(&new.query)?),
        shared: Set(new.is_shared),
        revision: Set(1),
        created_at: Set(micros(now)),
        updated_at: Set(micros(now)),
    };
    let inserted = row.insert(transaction).await;
    let row = inserted.map_err(|error| taken(error, &new.name))?;
    note(transaction, "added", (None, Some(&row)), owner, now).await?;
    view_of(row)
}

async fn hold(
    transaction: &DatabaseTransaction,
    id: i64,
    expected_revision: Option<i64>,
    author: ViewAuthor<'_>,
) -> Step<saved_view::Model> {
    let row = saved_view::Entity::find_by_id(id)
        .lock_exclusive()
        .one(transaction)
        .await?;
    let row = row
        .filter(|row| row.owner == text(author.name) || author.removes_shared && row.shared)
        .ok_or(Fault::Ledger(LedgerError::NoSuchView(id)))?;
    match expected_revision.filter(|&expected| expected != row.revision) {
        None => Ok(row),
        Some(expected) => Err(Fault::Ledger(LedgerError::RevisionConflict {
            what: format!("saved view {id}"),
            expected,
            actual: row.revision,
        })),
    }
}

async fn change(
    transaction: &DatabaseTransaction,
    row: saved_view::Model,
    new: &NewSavedView,
    author: &str,
    now: DateTime<Utc>,
) -> Step<SavedView> {
    let changed = saved_view::Model {
        page: new.page.as_str().to_owned(),
        name: checked_name(&new.name)?,
        query: checked_query(&new.query)?,
        shared: new.is_shared,
        revision: row.revision + 1,
        updated_at: micros(now),
        ..row.clone()
    };
    let all = changed.clone().into_active_model().reset_all();
    let updated = all.update(transaction).await;
    updated.map_err(|error| taken(error, &new.name))?;
    let both = (Some(&row), Some(&changed));
    note(transaction, "changed", both, author, now).await?;
    view_of(changed)
}

/// Removes the views of an operator who goes; those that are shared stay.
pub(crate) async fn leave(transaction: &DatabaseTransaction, owner: &str) -> Step<()> {
    saved_view::Entity::delete_many()
        .filter(saved_view::Column::Owner.eq(text(owner)))
        .filter(saved_view::Column::Shared.eq(false))
        .exec(transaction)
        .await?;
    Ok(())
}

fn taken(error: sea_orm::DbErr, name: &str) -> Fault {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            Fault::Ledger(LedgerError::ViewExists(name.to_owned()))
        }
        _ => Fault::Database(error),
    }
}

fn checked_name(given: &str) -> Step<String> {
    let given = given.trim();
    if given.is_empty() || given.chars().any(char::is_control) {
        return Err(Fault::Refused(
            "its name is empty or has control characters".to_owned(),
        ));
    }
    within("its name", given, VIEW_NAME_CHARS_MAX)
}

fn checked_query(given: &str) -> Step<String> {
    if given.len() > VIEW_QUERY_BYTES_MAX {
        return Err(Fault::Refused(format!(
            "its query has {} bytes, more than {VIEW_QUERY_BYTES_MAX}",
            given.len()
        )));
    }
    if given
        .chars()
        .any(|character| character.is_control() || character == '#')
    {
        return Err(Fault::Refused(
            "its query has characters that no address has".to_owned(),
        ));
    }
    Ok(given.to_owned())
}

fn view_of(row: saved_view::Model) -> Step<SavedView> {
    Ok(SavedView {
        id: row.id,
        owner: row.owner,
        view: NewSavedView {
            page: word(&row.page)?,
            name: row.name,
            query: row.query,
            is_shared: row.shared,
        },
        revision: row.revision,
        created_at: moment(row.created_at)?,
        updated_at: moment(row.updated_at)?,
    })
}

/// Notes what others can see. What somebody keeps for themselves is nobody else's business.
async fn note(
    transaction: &DatabaseTransaction,
    action: &str,
    (before, after): (Option<&saved_view::Model>, Option<&saved_view::Model>),
    author: &str,
    at: DateTime<Utc>,
) -> Step<()> {
    let told = |row: Option<&saved_view::Model>| row.filter(|row| row.shared).map(told);
    let (before, after) = (told(before), told(after));
    let subject = match (&before, &after) {
        (None, None) => return Ok(()),
        (Some(told), _) | (None, Some(told)) => {
            told["name"].as_str().unwrap_or_default().to_owned()
        }
    };
    let trail = Trail {
        author,
        at,
        kind: "view",
        subject: &subject,
    };
    trail.note(transaction, action, (before, after)).await
}

fn told(row: &saved_view::Model) -> Value {
    json!({ "name": row.name, "owner": row.owner, "page": row.page, "query": row.query })
}
