use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::Secret;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QuerySelect, TryInsertResult,
};
use serde::{Deserialize, Serialize};

use crate::Ledger;
use crate::error::{Fault, LedgerError, Step};
use crate::secrets::SealingKey;
use crate::tables::repeatable_request;
use crate::value::{micros, moment, text};

/// How long the answer to a request is kept for its repetition.
pub const REPEATABLE_SPAN: TimeDelta = TimeDelta::hours(24);
/// Most requests of one principal that are kept; further ones are refused until the oldest are forgotten.
pub const REPEATABLE_REQUESTS_MAX: u64 = 2_000;
/// Most bytes of an answer that is kept. Of a longer one only that it was given is.
pub const REPEATABLE_ANSWER_BYTES_MAX: usize = 256 << 10;

/// A request that may be repeated.
#[derive(Clone, Copy, Debug)]
pub struct RepeatableRequest<'a> {
    /// Digest of who makes it and of its key.
    pub id: &'a str,
    /// Who makes it.
    pub principal: &'a str,
    /// Digest of all that makes it this request: address and body.
    pub fingerprint: &'a str,
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers that belong to it.
    pub headers: Vec<(String, String)>,
    /// The body; `None` where it is not kept: it held a secret, or was too long.
    pub body: Option<String>,
}

/// How a request stands that may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repetition {
    /// It is made for the first time, and is to be answered now.
    First,
    /// It was answered before.
    Answered(KeptAnswer),
    /// It was begun at this time and has no answer yet: it is under way, or was broken off.
    Begun(DateTime<Utc>),
    /// The key was used with another request.
    Other,
    /// Too many are kept for this principal.
    TooMany,
}

/// What is sealed of a request: a digest of a body with a weak password in it would let it be guessed.
#[derive(Serialize, Deserialize)]
struct Kept {
    fingerprint: String,
    answer: Option<KeptAnswer>,
}

impl Ledger {
    /// Begins a request, unless one with its key was begun within [`REPEATABLE_SPAN`].
    pub async fn begin_repeatable(
        &self,
        request: RepeatableRequest<'_>,
        now: DateTime<Utc>,
    ) -> Result<Repetition, LedgerError> {
        let kept = Kept {
            fingerprint: request.fingerprint.to_owned(),
            answer: None,
        };
        let sealed = self.sealed_request(request.id, &kept)?;
        let write = self
            .write("beginning a request that may be repeated".to_owned())
            .await?;
        let outcome = begin(&write.transaction, self.key(), request, sealed, now).await;
        write.finish(outcome).await
    }

    /// Keeps the answer to a request that was begun.
    pub async fn answer_repeatable(
        &self,
        request: RepeatableRequest<'_>,
        answer: KeptAnswer,
    ) -> Result<(), LedgerError> {
        let kept = Kept {
            fingerprint: request.fingerprint.to_owned(),
            answer: Some(answer),
        };
        let sealed = self.sealed_request(request.id, &kept)?;
        let write = self.write("keeping an answer".to_owned()).await?;
        let outcome = async {
            let row = repeatable_request::Entity::find_by_id(text(request.id))
                .lock_exclusive()
                .one(&write.transaction)
                .await?;
            let Some(mut row) = row else { return Ok(()) };
            row.sealed = sealed;
            let all = row.into_active_model().reset_all();
            all.update(&write.transaction).await?;
            Ok(())
        };
        let outcome = outcome.await;
        write.finish(outcome).await
    }

    /// Forgets a request that came to nothing, so that its key can be used again.
    pub async fn forget_repeatable(&self, id: &str) -> Result<(), LedgerError> {
        let write = self.write("forgetting a request".to_owned()).await?;
        let gone = repeatable_request::Entity::delete_by_id(text(id))
            .exec(&write.transaction)
            .await;
        write.finish(gone.map(|_| ()).map_err(Fault::from)).await
    }

    fn sealed_request(&self, id: &str, kept: &Kept) -> Result<Vec<u8>, LedgerError> {
        let text = serde_json::to_string(kept).map_err(|problem| {
            let fault = Fault::Unreadable(problem.to_string());
            self.failed("keeping an answer", fault)
        })?;
        self.key().seal(&named(id), &Secret::new(text))
    }
}

fn named(id: &str) -> String {
    format!("request `{id}`")
}

async fn begin(
    transaction: &DatabaseTransaction,
    key: &SealingKey,
    request: RepeatableRequest<'_>,
    sealed: Vec<u8>,
    now: DateTime<Utc>,
) -> Step<Repetition> {
    use repeatable_request::Column as Of;

    repeatable_request::Entity::delete_many()
        .filter(Of::BegunAt.lte(micros(now - REPEATABLE_SPAN)))
        .exec(transaction)
        .await?;
    let row = repeatable_request::Model {
        id: text(request.id),
        principal: text(request.principal),
        begun_at: micros(now),
        sealed,
    };
    let of_principal = repeatable_request::Entity::find()
        .filter(Of::Principal.eq(row.principal.as_str()))
        .count(transaction)
        .await?;
    // Whoever comes second waits here for the first to be begun, and inserts nothing.
    let inserted = repeatable_request::Entity::insert(row.into_active_model())
        .on_conflict_do_nothing_on([Of::Id])
        .exec_without_returning(transaction)
        .await?;
    if matches!(inserted, TryInsertResult::Inserted(count) if count > 0) {
        if of_principal >= REPEATABLE_REQUESTS_MAX {
            repeatable_request::Entity::delete_by_id(text(request.id))
                .exec(transaction)
                .await?;
            return Ok(Repetition::TooMany);
        }
        return Ok(Repetition::First);
    }
    let known = repeatable_request::Entity::find_by_id(text(request.id))
        .one(transaction)
        .await?;
    // It came to nothing in this very moment; its key is free for the next.
    let Some(known) = known else {
        return Ok(Repetition::Begun(now));
    };
    let kept = key.unseal(&named(request.id), &known.sealed)?;
    let kept: Kept = serde_json::from_str(kept.expose())
        .map_err(|problem| Fault::Unreadable(problem.to_string()))?;
    if kept.fingerprint != request.fingerprint {
        return Ok(Repetition::Other);
    }
    match kept.answer {
        Some(answer) => Ok(Repetition::Answered(answer)),
        None => Ok(Repetition::Begun(moment(known.begun_at)?)),
    }
}
