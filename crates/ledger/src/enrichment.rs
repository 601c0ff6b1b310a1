use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryOrder, QuerySelect, SqlErr,
};
use serde_json::{Value, json};

use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::rows::insert_or_keep;
use crate::tables::{feed, ip_range};
use crate::value::{count, micros, moment, moment_if_any, name, text, within};
use crate::{JSON_BYTES_MAX, Ledger, REASON_CHARS_MAX};

/// Most ranges that the owner can have.
pub const RANGES_MAX: u64 = 10_000;
/// Most feeds that can be registered.
pub const FEEDS_MAX: u64 = 1_000;
/// Most characters of a feed's path or address.
pub const FEED_LOCATION_CHARS_MAX: usize = 2_000;

/// One of the owner's address ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpRange {
    /// Its name.
    pub name: String,
    /// What it is, as JSON, as it was given.
    pub range: String,
    /// 1 at first, and one more with each change.
    pub revision: i64,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who did.
    pub updated_by: String,
}

/// A list of addresses or places to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFeed {
    /// Its name.
    pub name: String,
    /// What it is, such as `feed` or `places`.
    pub kind: String,
    /// Its path or address.
    pub location: String,
    /// Under which licence it is used.
    pub licence: Option<String>,
}

/// A feed and how fresh it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// What it is.
    pub feed: NewFeed,
    /// When it was registered or last registered anew.
    pub updated_at: DateTime<Utc>,
    /// Who did.
    pub updated_by: String,
    /// The last time that it could be read; `None` before.
    pub fetched: Option<FeedFetch>,
    /// When it could not be read, and why; `None` where the last attempt went well.
    pub failed: Option<(DateTime<Utc>, String)>,
}

/// What was found where a feed was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedFetch {
    /// When.
    pub at: DateTime<Utc>,
    /// The checksum of its bytes.
    pub checksum: String,
    /// How old its contents are by their own word.
    pub as_of: Option<DateTime<Utc>>,
    /// How many entries it has.
    pub entries: u64,
}

impl Ledger {
    /// The owner's ranges, by name.
    pub async fn ranges(&self) -> Result<Vec<IpRange>, LedgerError> {
        let rows = ip_range::Entity::find()
            .order_by_asc(ip_range::Column::Name)
            .all(self.database())
            .await
            .map_err(Fault::from);
        let ranges = rows.and_then(|rows| rows.into_iter().map(range_of).collect());
        ranges.map_err(|fault: Fault| self.failed("reading the ranges", fault))
    }

    /// Adds a range; [`LedgerError::RangeExists`] where its name is taken. Told in the audit trail, as its changes are.
    pub async fn add_range(
        &self,
        name: &str,
        range: &str,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<IpRange, LedgerError> {
        let write = self.write(format!("adding range `{name}`")).await?;
        let trail = range_trail(name, author, now);
        let outcome = add_range(&write.transaction, range, &trail).await;
        write.finish(outcome).await
    }

    /// Lets a range be another; with `expected_revision`, only where it still has it.
    pub async fn change_range(
        &self,
        name: &str,
        range: &str,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<IpRange, LedgerError> {
        let write = self.write(format!("changing range `{name}`")).await?;
        let trail = range_trail(name, author, now);
        let outcome = async {
            let row = hold_range(&write.transaction, name, expected_revision).await?;
            change_range(&write.transaction, row, range, &trail).await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Adds ranges by name, and lets those whose names are taken be others: all of them, or none.
    pub async fn save_ranges(
        &self,
        ranges: &BTreeMap<String, String>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<IpRange>, LedgerError> {
        let write = self
            .write(format!("saving {} ranges", ranges.len()))
            .await?;
        let transaction = &write.transaction;
        let saved = async {
            let mut saved = Vec::with_capacity(ranges.len());
            for (name, range) in ranges {
                let trail = range_trail(name, author, now);
                let known = ip_range::Entity::find_by_id(text(name)).lock_exclusive();
                saved.push(match known.one(transaction).await? {
                    Some(row) => change_range(transaction, row, range, &trail).await?,
                    None => add_range(transaction, range, &trail).await?,
                });
            }
            Ok(saved)
        };
        let saved = saved.await;
        write.finish(saved).await
    }

    /// Removes a range; with `expected_revision`, only where it still has it.
    pub async fn remove_range(
        &self,
        name: &str,
        expected_revision: Option<i64>,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let write = self.write(format!("removing range `{name}`")).await?;
        let trail = range_trail(name, author, now);
        let outcome = async {
            let row = hold_range(&write.transaction, name, expected_revision).await?;
            let before = Some(parsed(&row.range)?);
            ip_range::Entity::delete_by_id(row.name)
                .exec(&write.transaction)
                .await?;
            trail
                .note(&write.transaction, "removed", (before, None))
                .await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// All feeds, by name.
    pub async fn feeds(&self) -> Result<Vec<Feed>, LedgerError> {
        let rows = feed::Entity::find()
            .order_by_asc(feed::Column::Name)
            .all(self.database())
            .await
            .map_err(Fault::from);
        let feeds = rows.and_then(|rows| rows.into_iter().map(feed_of).collect());
        feeds.map_err(|fault: Fault| self.failed("reading the feeds", fault))
    }

    /// Registers a feed, or lets the one of this name be another. Told in the audit trail.
    pub async fn register_feed(
        &self,
        new: &NewFeed,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<Feed, LedgerError> {
        let write = self
            .write(format!("registering feed `{}`", new.name))
            .await?;
        let outcome = register(&write.transaction, new, &feed_trail(&new.name, author, now)).await;
        write.finish(outcome).await
    }

    /// Notes what was found where a feed was read, or why it could not be read at this time.
    pub async fn record_fetch(
        &self,
        name: &str,
        outcome: Result<FeedFetch, (DateTime<Utc>, String)>,
    ) -> Result<Feed, LedgerError> {
        let write = self
            .write(format!("recording the fetch of feed `{name}`"))
            .await?;
        let recorded = async {
            let mut row = hold_feed(&write.transaction, name).await?;
            put_fetch(&mut row, outcome)?;
            row.clone()
                .into_active_model()
                .reset_all()
                .update(&write.transaction)
                .await?;
            feed_of(row)
        };
        let recorded = recorded.await;
        write.finish(recorded).await
    }

    /// Forgets a feed. Told in the audit trail.
    pub async fn remove_feed(
        &self,
        name: &str,
        author: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let write = self.write(format!("removing feed `{name}`")).await?;
        let trail = feed_trail(name, author, now);
        let outcome = async {
            let row = hold_feed(&write.transaction, name).await?;
            let before = Some(told(&row));
            feed::Entity::delete_by_id(row.name)
                .exec(&write.transaction)
                .await?;
            trail
                .note(&write.transaction, "removed", (before, None))
                .await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }
}

fn range_trail<'a>(name: &'a str, author: &'a str, at: DateTime<Utc>) -> Trail<'a> {
    Trail {
        author,
        at,
        kind: "range",
        subject: name,
    }
}

fn feed_trail<'a>(name: &'a str, author: &'a str, at: DateTime<Utc>) -> Trail<'a> {
    Trail {
        kind: "feed",
        ..range_trail(name, author, at)
    }
}

fn range_of(row: ip_range::Model) -> Step<IpRange> {
    Ok(IpRange {
        name: row.name,
        range: row.range,
        revision: row.revision,
        updated_at: moment(row.updated_at)?,
        updated_by: row.updated_by,
    })
}

fn parsed(json: &str) -> Step<Value> {
    serde_json::from_str(json).map_err(|problem| Fault::Unreadable(problem.to_string()))
}

async fn add_range(
    transaction: &DatabaseTransaction,
    range: &str,
    trail: &Trail<'_>,
) -> Step<IpRange> {
    if ip_range::Entity::find().count(transaction).await? >= RANGES_MAX {
        return Err(Fault::Refused(format!(
            "there are {RANGES_MAX} ranges, and can be no more"
        )));
    }
    let row = ip_range::Model {
        name: name("its name", trail.subject)?,
        range: crate::value::json("the range", range, JSON_BYTES_MAX)?,
        revision: 1,
        updated_at: micros(trail.at),
        updated_by: name("the author", trail.author)?,
    };
    let inserted = ip_range::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(transaction)
        .await;
    if let Err(error) = inserted {
        return Err(match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                Fault::Ledger(LedgerError::RangeExists(row.name))
            }
            _ => Fault::Database(error),
        });
    }
    let after = Some(parsed(&row.range)?);
    trail.note(transaction, "added", (None, after)).await?;
    range_of(row)
}

async fn hold_range(
    transaction: &DatabaseTransaction,
    name: &str,
    expected_revision: Option<i64>,
) -> Step<ip_range::Model> {
    let row = ip_range::Entity::find_by_id(text(name))
        .lock_exclusive()
        .one(transaction)
        .await?;
    let row = row.ok_or_else(|| Fault::Ledger(LedgerError::NoSuchRange(name.to_owned())))?;
    match expected_revision.filter(|&expected| expected != row.revision) {
        None => Ok(row),
        Some(expected) => Err(Fault::Ledger(LedgerError::RevisionConflict {
            what: format!("range `{name}`"),
            expected,
            actual: row.revision,
        })),
    }
}

async fn change_range(
    transaction: &DatabaseTransaction,
    row: ip_range::Model,
    range: &str,
    trail: &Trail<'_>,
) -> Step<IpRange> {
    let changed = ip_range::Model {
        range: crate::value::json("the range", range, JSON_BYTES_MAX)?,
        revision: row.revision + 1,
        updated_at: micros(trail.at),
        updated_by: name("the author", trail.author)?,
        ..row.clone()
    };
    if changed.range == row.range {
        return range_of(row);
    }
    let told = (Some(parsed(&row.range)?), Some(parsed(&changed.range)?));
    trail.note(transaction, "changed", told).await?;
    let all = changed.clone().into_active_model().reset_all();
    all.update(transaction).await?;
    range_of(changed)
}

fn feed_of(row: feed::Model) -> Step<Feed> {
    let fetched = match (row.fetched_at, row.checksum, row.entries) {
        (Some(at), Some(checksum), Some(entries)) => Some(FeedFetch {
            at: moment(at)?,
            checksum,
            as_of: moment_if_any(row.as_of)?,
            entries: entries.unsigned_abs(),
        }),
        _ => None,
    };
    Ok(Feed {
        feed: NewFeed {
            name: row.name,
            kind: row.kind,
            location: row.location,
            licence: row.licence,
        },
        updated_at: moment(row.updated_at)?,
        updated_by: row.updated_by,
        fetched,
        failed: moment_if_any(row.failed_at)?.zip(row.error),
    })
}

fn told(row: &feed::Model) -> Value {
    json!({ "kind": row.kind, "location": row.location, "licence": row.licence })
}

async fn hold_feed(transaction: &DatabaseTransaction, name: &str) -> Step<feed::Model> {
    feed::Entity::find_by_id(text(name))
        .lock_exclusive()
        .one(transaction)
        .await?
        .ok_or_else(|| Fault::Ledger(LedgerError::NoSuchFeed(name.to_owned())))
}

async fn register(
    transaction: &DatabaseTransaction,
    new: &NewFeed,
    trail: &Trail<'_>,
) -> Step<Feed> {
    let licence = new.licence.as_deref();
    let row = feed::Model {
        name: name("its name", &new.name)?,
        kind: name("its kind", &new.kind)?,
        location: within("its location", &new.location, FEED_LOCATION_CHARS_MAX)?,
        licence: licence
            .map(|licence| name("its licence", licence))
            .transpose()?,
        updated_at: micros(trail.at),
        updated_by: name("the author", trail.author)?,
        checksum: None,
        fetched_at: None,
        as_of: None,
        entries: None,
        failed_at: None,
        error: None,
    };
    let find = || feed::Entity::find_by_id(row.name.as_str()).lock_exclusive();
    let mut before = find().one(transaction).await?;
    if before.is_none() {
        if feed::Entity::find().count(transaction).await? >= FEEDS_MAX {
            return Err(Fault::Refused(format!(
                "there are {FEEDS_MAX} feeds, and can be no more"
            )));
        }
        insert_or_keep(transaction, vec![row.clone()]).await?;
        trail
            .note(transaction, "added", (None, Some(told(&row))))
            .await?;
        before = find().one(transaction).await?;
    }
    let before = before.unwrap_or_else(|| row.clone());
    if told(&before) == told(&row) {
        return feed_of(before);
    }
    let told = (Some(told(&before)), Some(told(&row)));
    trail.note(transaction, "changed", told).await?;
    let all = row.clone().into_active_model().reset_all();
    all.update(transaction).await?;
    feed_of(row)
}

fn put_fetch(
    row: &mut feed::Model,
    outcome: Result<FeedFetch, (DateTime<Utc>, String)>,
) -> Step<()> {
    match outcome {
        Ok(fetch) => {
            row.checksum = Some(name("the checksum", &fetch.checksum)?);
            row.fetched_at = Some(micros(fetch.at));
            row.as_of = fetch.as_of.map(micros);
            row.entries = Some(count(fetch.entries));
            (row.failed_at, row.error) = (None, None);
        }
        Err((at, error)) => {
            row.failed_at = Some(micros(at));
            row.error = Some(crate::value::cut(&error, REASON_CHARS_MAX));
        }
    }
    Ok(())
}
