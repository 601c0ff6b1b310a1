use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::Secret;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};

use crate::audit::Trail;
use crate::error::{Fault, LedgerError, Step};
use crate::operators::{hold, store};
use crate::tables::{operator, session};
use crate::value::{micros, moment, text};
use crate::{Ledger, Operator};

/// Most sessions of one operator; a further one ends the oldest.
pub const SESSIONS_MAX: u64 = 20;

/// How the trail calls what is noted here.
const KIND: &str = "session";

/// How long a session may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSpan {
    /// Without a request.
    pub idle: TimeDelta,
    /// At all.
    pub longest: TimeDelta,
}

/// An operator who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub operator: Operator,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When the newest request was noted.
    pub seen_at: DateTime<Utc>,
}

impl Ledger {
    /// Begins a session, by the digest of its secret, and forgets those that are over. It is told in the audit trail. `None` where the
    /// operator may no longer sign in with what they showed: was disabled meanwhile, or given another password than the one with
    /// this hash.
    pub async fn begin_session(
        &self,
        digest: &str,
        (operator, password_hash): (&str, &Secret),
        span: SessionSpan,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, LedgerError> {
        let doing = format!("beginning a session of operator `{operator}`");
        let write = self.write(doing).await?;
        let outcome = async {
            let row = hold(&write.transaction, operator).await?;
            if !row.enabled || row.password_hash != password_hash.expose() {
                return Ok(None);
            }
            let begun = begin(&write.transaction, digest, row, span, now).await;
            begun.map(Some)
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// The session with this digest, unless it is over or its operator may not sign in.
    pub async fn session(
        &self,
        digest: &str,
        span: SessionSpan,
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, LedgerError> {
        let found = async {
            let row = session::Entity::find_by_id(text(digest))
                .filter(is_over(span, now).not())
                .one(self.database())
                .await?;
            let Some(row) = row else { return Ok(None) };
            let operator = operator::Entity::find_by_id(row.operator.as_str())
                .filter(operator::Column::Enabled.eq(true))
                .one(self.database())
                .await?;
            operator
                .map(|operator| session_of(&row, operator))
                .transpose()
        };
        found
            .await
            .map_err(|fault: Fault| self.failed("reading a session", fault))
    }

    /// Notes that a session is used.
    pub async fn touch_session(&self, digest: &str, now: DateTime<Utc>) -> Result<(), LedgerError> {
        let write = self.write("noting the use of a session".to_owned()).await?;
        let outcome = session::Entity::update_many()
            .col_expr(session::Column::SeenAt, Expr::value(micros(now)))
            .filter(session::Column::Digest.eq(text(digest)))
            .exec(&write.transaction)
            .await;
        write.finish(outcome.map(|_| ()).map_err(Fault::from)).await
    }

    /// Ends a session. It is told in the audit trail.
    pub async fn end_session(
        &self,
        digest: &str,
        operator: &str,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let doing = format!("ending a session of operator `{operator}`");
        let write = self.write(doing).await?;
        let outcome = async {
            let ended = session::Entity::delete_by_id(text(digest))
                .exec(&write.transaction)
                .await?;
            if ended.rows_affected == 0 {
                return Ok(());
            }
            note(&write.transaction, "signed out", operator, now).await
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }
}

/// Begins a session of an operator who is held.
pub(crate) async fn begin(
    transaction: &DatabaseTransaction,
    digest: &str,
    mut operator: operator::Model,
    span: SessionSpan,
    now: DateTime<Utc>,
) -> Step<Session> {
    operator.signed_in_at = Some(micros(now));
    store(transaction, operator.clone()).await?;
    session::Entity::delete_many()
        .filter(is_over(span, now))
        .exec(transaction)
        .await?;
    let surplus: Vec<String> = session::Entity::find()
        .select_only()
        .column(session::Column::Digest)
        .filter(session::Column::Operator.eq(operator.name.as_str()))
        .order_by_desc(session::Column::SeenAt)
        .offset(SESSIONS_MAX - 1)
        .limit(SESSIONS_MAX)
        .into_tuple()
        .all(transaction)
        .await?;
    session::Entity::delete_many()
        .filter(session::Column::Digest.is_in(surplus))
        .exec(transaction)
        .await?;
    let row = session::Model {
        digest: text(digest),
        operator: operator.name.clone(),
        created_at: micros(now),
        seen_at: micros(now),
    };
    session::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(transaction)
        .await?;
    note(transaction, "signed in", &operator.name, now).await?;
    session_of(&row, operator)
}

fn session_of(row: &session::Model, operator: operator::Model) -> Step<Session> {
    Ok(Session {
        operator: Operator::from_row(operator)?,
        created_at: moment(row.created_at)?,
        seen_at: moment(row.seen_at)?,
    })
}

fn is_over(span: SessionSpan, now: DateTime<Utc>) -> Condition {
    Condition::any()
        .add(session::Column::SeenAt.lte(micros(now - span.idle)))
        .add(session::Column::CreatedAt.lte(micros(now - span.longest)))
}

async fn note(
    transaction: &DatabaseTransaction,
    action: &str,
    operator: &str,
    at: DateTime<Utc>,
) -> Step<()> {
    let trail = Trail {
        author: operator,
        at,
        kind: KIND,
        subject: operator,
    };
    trail.note(transaction, action, (None, None)).await
}
