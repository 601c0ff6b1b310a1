use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use sha2::{Digest, Sha256};

use crate::Ledger;
use crate::error::{Fault, LedgerError, Step};
use crate::rows::{ROWS_AT_ONCE, insert_or_replace};
use crate::tables::detection_state;
use crate::value::cut;

/// Most bytes of what an engine remembers under one key.
pub const STATE_BYTES_MAX: usize = 4 << 20;

/// Bytes of one bulk statement, beyond which no further row joins it.
const BYTES_AT_ONCE: usize = 8 << 20;
/// Rows of one page while reading.
const ROWS_A_PAGE: usize = 500;

/// Characters of a key that an error tells.
const KEY_CHARS_TOLD: usize = 100;

/// Which part of detection remembers something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateKind {
    /// The baselines of anomalies.
    Anomaly,
    /// The windows of activity policies.
    Activity,
    /// The groups of matches that become alerts.
    Grouping,
}

impl StateKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Anomaly, Self::Activity, Self::Grouping];

    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anomaly => "anomaly",
            Self::Activity => "activity",
            Self::Grouping => "grouping",
        }
    }
}

/// What an engine remembers now under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// Which part of detection.
    pub kind: StateKind,
    /// Its key, of any length.
    pub key: String,
    /// What it remembers, at most [`STATE_BYTES_MAX`]; `None`: nothing any more.
    pub value: Option<Vec<u8>>,
}

/// What an engine remembered under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// Which part of detection.
    pub kind: StateKind,
    /// Its key.
    pub key: String,
    /// What it remembered.
    pub value: Vec<u8>,
}

impl Ledger {
    /// Gives everything that a generation remembers to `take`, row by row in no order of use, as it was at one moment.
    pub async fn read_detection_state(
        &self,
        generation: i64,
        take: impl FnMut(StateRow) + Send,
    ) -> Result<(), LedgerError> {
        self.read_state(generation, take).await.map_err(|fault| {
            self.failed(
                format!("reading the state of detection {generation}"),
                fault,
            )
        })
    }

    /// What a generation remembers under some keys of one kind, in no order; a key under which nothing is has no row.
    pub async fn detection_state(
        &self,
        generation: i64,
        kind: StateKind,
        keys: &[String],
    ) -> Result<Vec<StateRow>, LedgerError> {
        self.read_keys(generation, kind, keys)
            .await
            .map_err(|fault| {
                self.failed(
                    format!("reading some of the state of detection {generation}"),
                    fault,
                )
            })
    }

    async fn read_keys(
        &self,
        generation: i64,
        kind: StateKind,
        keys: &[String],
    ) -> Step<Vec<StateRow>> {
        let mut found = Vec::new();
        for keys in keys.chunks(ROWS_AT_ONCE) {
            let digests = keys.iter().map(|key| Sha256::digest(key).to_vec());
            let rows = detection_state::Entity::find()
                .filter(detection_state::Column::Generation.eq(generation))
                .filter(detection_state::Column::Kind.eq(kind.as_str()))
                .filter(detection_state::Column::Digest.is_in(digests))
                .all(self.database())
                .await?;
            for row in rows {
                let (key, value) = (key_of(row.key)?, row.value);
                found.push(StateRow { kind, key, value });
            }
        }
        Ok(found)
    }

    async fn read_state(&self, generation: i64, mut take: impl FnMut(StateRow) + Send) -> Step<()> {
        let snapshot = self.snapshot().await?;
        for kind in StateKind::ALL {
            let mut last: Option<Vec<u8>> = None;
            loop {
                let rows = page(&snapshot, generation, kind, last.take()).await?;
                let is_last = rows.len() < ROWS_A_PAGE;
                for row in rows {
                    last = Some(row.digest);
                    let key = key_of(row.key)?;
                    let value = row.value;
                    take(StateRow { kind, key, value });
                }
                if is_last {
                    break;
                }
            }
        }
        Ok(snapshot.commit().await?)
    }
}

fn key_of(key: Vec<u8>) -> Step<String> {
    String::from_utf8(key)
        .map_err(|problem| Fault::Unreadable(format!("a key of the state is no text: {problem}")))
}

async fn page(
    snapshot: &DatabaseTransaction,
    generation: i64,
    kind: StateKind,
    after: Option<Vec<u8>>,
) -> Step<Vec<detection_state::Model>> {
    let mut query = detection_state::Entity::find()
        .filter(detection_state::Column::Generation.eq(generation))
        .filter(detection_state::Column::Kind.eq(kind.as_str()))
        .order_by_asc(detection_state::Column::Digest)
        .limit(ROWS_A_PAGE as u64);
    if let Some(after) = after {
        query = query.filter(detection_state::Column::Digest.gt(after));
    }
    Ok(query.all(snapshot).await?)
}

/// Lets a generation remember what it remembers now.
pub(super) async fn change_state(
    transaction: &DatabaseTransaction,
    generation: i64,
    changes: &[StateChange],
) -> Step<()> {
    // One statement may not write a row twice, so of changes under the same key the last counts.
    let changes: BTreeMap<(StateKind, &str), Option<&[u8]>> = changes
        .iter()
        .map(|change| {
            let key = (change.kind, change.key.as_str());
            (key, change.value.as_deref())
        })
        .collect();
    let mut forgotten: BTreeMap<StateKind, Vec<Vec<u8>>> = BTreeMap::new();
    let (mut batch, mut batch_bytes) = (Vec::new(), 0);
    for ((kind, key), value) in changes {
        let digest = Sha256::digest(key).to_vec();
        let Some(value) = value else {
            forgotten.entry(kind).or_default().push(digest);
            continue;
        };
        if value.len() > STATE_BYTES_MAX {
            return Err(Fault::Refused(format!(
                "the state of kind {} under key `{}` has {} bytes, more than {STATE_BYTES_MAX}",
                kind.as_str(),
                cut(key, KEY_CHARS_TOLD),
                value.len()
            )));
        }
        batch_bytes += key.len() + value.len();
        batch.push(detection_state::Model {
            generation,
            kind: kind.as_str().to_owned(),
            digest,
            key: key.as_bytes().to_vec(),
            value: value.to_vec(),
        });
        if batch_bytes > BYTES_AT_ONCE {
            insert_or_replace(transaction, std::mem::take(&mut batch)).await?;
            batch_bytes = 0;
        }
    }
    insert_or_replace(transaction, batch).await?;
    for (kind, digests) in forgotten {
        forget(transaction, generation, kind, &digests).await?;
    }
    Ok(())
}

async fn forget(
    transaction: &DatabaseTransaction,
    generation: i64,
    kind: StateKind,
    digests: &[Vec<u8>],
) -> Step<()> {
    for digests in digests.chunks(ROWS_AT_ONCE) {
        detection_state::Entity::delete_many()
            .filter(detection_state::Column::Generation.eq(generation))
            .filter(detection_state::Column::Kind.eq(kind.as_str()))
            .filter(detection_state::Column::Digest.is_in(digests.iter().cloned()))
            .exec(transaction)
            .await?;
    }
    Ok(())
}
