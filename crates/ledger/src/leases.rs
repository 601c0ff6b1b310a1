use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::SourceName;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait,
    QueryFilter,
};

use crate::Ledger;
use crate::error::{Fault, LedgerError, Step};
use crate::tables::lease;
use crate::transaction::hold_source;
use crate::value::{micros, moment, text};

/// Lifetimes of a lease beyond which its end is no possible one: it counts as expired.
const LIFETIMES_AHEAD_MAX: i32 = 2;

/// The right to work on a source. It ends when somebody else acquires it, which nobody can before it expires; whoever lets it
/// expire may find that it is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which source.
    pub source: SourceName,
    /// Who works on it.
    pub holder: String,
    /// Greater than that of every earlier lease, of any source; never used twice.
    pub fence: i64,
    /// From when on others may take it.
    pub expires_at: DateTime<Utc>,
}

impl Ledger {
    /// Takes the right to work on a source; `None` while somebody else has it. A lease that ends more than two lifetimes from now
    /// counts as expired: the clock of its holder was wrong. A holder that asks again gets a new fence, and its
    /// earlier lease is lost.
    pub async fn acquire_lease(
        &self,
        name: &SourceName,
        holder: &str,
        lifetime: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Option<Lease>, LedgerError> {
        let write = self
            .write(format!("acquiring the lease of source `{name}`"))
            .await?;
        let outcome = acquire(&write.transaction, name, &text(holder), lifetime, now).await;
        write.finish(outcome).await
    }

    /// Who holds, or last held, the lease of a source, and until when; `None` where it was released or never taken.
    pub async fn lease_holder(
        &self,
        name: &SourceName,
    ) -> Result<Option<(String, DateTime<Utc>)>, LedgerError> {
        let found = async {
            let row = row_of(name).one(self.database()).await?;
            row.map(|row| Ok((row.holder, moment(row.expires_at)?)))
                .transpose()
        };
        found.await.map_err(|fault: Fault| {
            self.failed(format!("reading the lease of source `{name}`"), fault)
        })
    }

    /// Puts off the end of a lease to `now` and `lifetime`, under the same fence; `None` where it is lost.
    pub async fn renew_lease(
        &self,
        lease: &Lease,
        lifetime: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Option<Lease>, LedgerError> {
        let expires_at = micros(now + lifetime);
        let write = self
            .write(format!("renewing the lease of source `{}`", lease.source))
            .await?;
        let outcome = async {
            let renewed = lease::Entity::update_many()
                .set(lease::ActiveModel {
                    expires_at: Set(expires_at),
                    ..Default::default()
                })
                .filter(lease::Column::Fence.eq(lease.fence))
                .filter(lease::Column::Source.eq(lease.source.as_str()))
                .exec(&write.transaction)
                .await?;
            let renewed_lease = Lease {
                expires_at: moment(expires_at)?,
                ..lease.clone()
            };
            Ok((renewed.rows_affected > 0).then_some(renewed_lease))
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Gives a lease back; nothing happens where it is lost.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), LedgerError> {
        let write = self
            .write(format!("releasing the lease of source `{}`", lease.source))
            .await?;
        let released = lease::Entity::delete_many()
            .filter(lease::Column::Fence.eq(lease.fence))
            .filter(lease::Column::Source.eq(lease.source.as_str()))
            .exec(&write.transaction)
            .await;
        write
            .finish(released.map(|_| ()).map_err(Fault::from))
            .await
    }
}

fn row_of(name: &SourceName) -> sea_orm::Select<lease::Entity> {
    lease::Entity::find().filter(lease::Column::Source.eq(name.as_str()))
}

async fn acquire(
    transaction: &DatabaseTransaction,
    name: &SourceName,
    holder: &str,
    lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Step<Option<Lease>> {
    hold_source(transaction, name).await?;
    if let Some(held) = row_of(name).one(transaction).await? {
        // Nobody puts an end so far away but a clock that is wrong, which would keep the source from everybody until that time.
        let is_possible = held.expires_at <= micros(now + lifetime * LIFETIMES_AHEAD_MAX);
        if held.holder != holder && held.expires_at > micros(now) && is_possible {
            return Ok(None);
        }
        lease::Entity::delete_by_id(held.fence)
            .exec(transaction)
            .await?;
    }
    // The fence is the row's automatic number, which no later row gets again.
    let expires_at = micros(now + lifetime);
    let row = lease::ActiveModel {
        fence: NotSet,
        source: Set(name.to_string()),
        holder: Set(holder.to_owned()),
        expires_at: Set(expires_at),
    };
    let fence = lease::Entity::insert(row)
        .exec(transaction)
        .await?
        .last_insert_id;
    Ok(Some(Lease {
        source: name.clone(),
        holder: holder.to_owned(),
        fence,
        expires_at: moment(expires_at)?,
    }))
}

/// Holds the source's row and fails unless `lease` is still the source's.
pub(crate) async fn hold_leased_source(
    transaction: &DatabaseTransaction,
    lease: &Lease,
) -> Step<()> {
    hold_source(transaction, &lease.source).await?;
    match row_of(&lease.source).one(transaction).await? {
        Some(row) if row.fence == lease.fence => Ok(()),
        _ => Err(Fault::Ledger(LedgerError::LeaseLost(lease.source.clone()))),
    }
}
