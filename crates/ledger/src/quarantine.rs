use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};

use chrono::{DateTime, Utc};
use drishti_model::SourceName;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use sha2::{Digest, Sha256};

use crate::error::{Fault, LedgerError, Step};
use crate::tables::{quarantine, quarantine_raw};
use crate::transaction::hold_source;
use crate::value::{micros, moment, moment_if_any, source_name, text};
use crate::{Ledger, ROWS_MAX};

/// Most bytes kept of one quarantined event; the rest is cut off.
pub const QUARANTINE_RAW_BYTES_MAX: usize = 64 << 20;

/// Rows of one bulk statement.
const ROWS_AT_ONCE: usize = 500;
/// Compressed bytes of one bulk statement, beyond which no further event joins it.
const BYTES_AT_ONCE: usize = 8 << 20;
/// Level of zstd: the fastest that still halves JSON several times over.
const COMPRESSION_LEVEL: i32 = 3;

/// An event that failed validation, to be set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it came from: the name of a file, or `audit log`.
    pub origin: String,
    /// Its line in a file, from 1.
    pub line: Option<i64>,
    /// Its gid, where it has one.
    pub gid: Option<String>,
    /// What is wrong with it.
    pub reason: String,
    /// Its bytes as they came.
    pub raw: Vec<u8>,
}

/// A quarantined event, without its bytes ([`Ledger::quarantine_raw`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineEntry {
    /// Greater than that of every earlier entry.
    pub id: i64,
    /// Which source it came by.
    pub source: SourceName,
    /// Where it was first seen: the name of a file, or `audit log`.
    pub origin: String,
    /// Its line there.
    pub line: Option<i64>,
    /// Its gid, where it has one.
    pub gid: Option<String>,
    /// What was wrong with it.
    pub reason: String,
    /// Its length as it came, in bytes.
    pub raw_bytes: i64,
    /// Whether only the first [`QUARANTINE_RAW_BYTES_MAX`] bytes are kept.
    pub truncated: bool,
    /// How often the same bytes came.
    pub times_seen: i64,
    /// When they first came.
    pub first_seen_at: DateTime<Utc>,
    /// When they last came.
    pub last_seen_at: DateTime<Utc>,
    /// Since when they wait to be tried again; `None` where nobody asked for it.
    pub replay_requested_at: Option<DateTime<Utc>>,
}

/// Which quarantined events to list.
#[derive(Clone, Debug, Default)]
pub struct QuarantineFilter {
    /// Only of this source.
    pub source: Option<SourceName>,
    /// Only newer than this one.
    pub after_id: Option<i64>,
    /// How many at most, up to [`ROWS_MAX`].
    pub limit: u64,
}

impl Ledger {
    /// Quarantined events, oldest first.
    pub async fn quarantine(
        &self,
        filter: QuarantineFilter,
    ) -> Result<Vec<QuarantineEntry>, LedgerError> {
        let mut query = quarantine::Entity::find()
            .order_by_asc(quarantine::Column::Id)
            .limit(filter.limit.min(ROWS_MAX));
        if let Some(source) = &filter.source {
            query = query.filter(quarantine::Column::Source.eq(source.as_str()));
        }
        if let Some(after) = filter.after_id {
            query = query.filter(quarantine::Column::Id.gt(after));
        }
        let rows = query.all(self.database()).await.map_err(Fault::from);
        let entries = rows.and_then(|rows| rows.into_iter().map(entry).collect());
        entries.map_err(|fault: Fault| self.failed("reading the quarantine", fault))
    }

    /// The bytes of a quarantined event, as far as they are kept; `None` where it is not, or no longer, in quarantine.
    pub async fn quarantine_raw(&self, id: i64) -> Result<Option<Vec<u8>>, LedgerError> {
        self.quarantine_beginning(id, QUARANTINE_RAW_BYTES_MAX)
            .await
    }

    /// The first of these bytes, `most` of them.
    pub async fn quarantine_beginning(
        &self,
        id: i64,
        most: usize,
    ) -> Result<Option<Vec<u8>>, LedgerError> {
        let doing = || format!("reading quarantined event {id}");
        let row = quarantine_raw::Entity::find_by_id(id)
            .one(self.database())
            .await;
        let Some(row) = row.map_err(|error| self.failed(doing(), error))? else {
            return Ok(None);
        };
        let unpacked = tokio::task::spawn_blocking(move || unpack(&row.compressed, most))
            .await
            .map_err(io::Error::other)
            .flatten();
        unpacked.map(Some).map_err(|source| LedgerError::Packing {
            doing: doing(),
            source,
        })
    }

    /// How many events of each source are in quarantine; a source without any is left out.
    pub async fn quarantine_counts(&self) -> Result<BTreeMap<SourceName, u64>, LedgerError> {
        let counts = quarantine::Entity::find()
            .select_only()
            .column(quarantine::Column::Source)
            .column_as(quarantine::Column::Id.count(), "entries")
            .group_by(quarantine::Column::Source)
            .into_tuple::<(String, i64)>()
            .all(self.database())
            .await
            .map_err(Fault::from)
            .and_then(|rows| {
                rows.into_iter()
                    .map(|(name, entries)| Ok((source_name(name)?, entries.unsigned_abs())))
                    .collect()
            });
        counts.map_err(|fault: Fault| self.failed("counting the quarantine", fault))
    }

    /// Asks whoever works on a source to try events in its quarantine again. Returns how many; ids that are not there are passed
    /// over.
    pub async fn request_replay(
        &self,
        name: &SourceName,
        ids: &[i64],
        now: DateTime<Utc>,
    ) -> Result<u64, LedgerError> {
        let write = self
            .write(format!("asking for a replay of source `{name}`"))
            .await?;
        let outcome = request_replay(&write.transaction, name, ids, micros(now)).await;
        write.finish(outcome).await
    }

    /// Events of a source that wait to be tried again, oldest first, from behind `after_id`; at most [`ROWS_MAX`].
    pub async fn replay_requests(
        &self,
        name: &SourceName,
        after_id: Option<i64>,
        limit: u64,
    ) -> Result<Vec<QuarantineEntry>, LedgerError> {
        let mut query = quarantine::Entity::find()
            .filter(quarantine::Column::Source.eq(name.as_str()))
            .filter(quarantine::Column::ReplayRequestedAt.is_not_null())
            .order_by_asc(quarantine::Column::Id)
            .limit(limit.min(ROWS_MAX));
        if let Some(after) = after_id {
            query = query.filter(quarantine::Column::Id.gt(after));
        }
        let rows = query.all(self.database()).await.map_err(Fault::from);
        let entries = rows.and_then(|rows| rows.into_iter().map(entry).collect());
        entries.map_err(|fault: Fault| {
            self.failed(format!("reading the replays of source `{name}`"), fault)
        })
    }
}

async fn request_replay(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    ids: &[i64],
    now: i64,
) -> Step<u64> {
    hold_source(transaction, source).await?;
    let mut requested = 0;
    for ids in ids.chunks(ROWS_AT_ONCE) {
        requested += quarantine::Entity::update_many()
            .col_expr(
                quarantine::Column::ReplayRequestedAt,
                Expr::value(Some(now)),
            )
            .filter(quarantine::Column::Source.eq(source.as_str()))
            .filter(quarantine::Column::Id.is_in(ids.iter().copied()))
            .exec(transaction)
            .await?
            .rows_affected;
    }
    Ok(requested)
}

/// Lets events of a source out of quarantine.
pub(crate) async fn release(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    ids: &[i64],
) -> Step<()> {
    for ids in ids.chunks(ROWS_AT_ONCE) {
        quarantine::Entity::delete_many()
            .filter(quarantine::Column::Source.eq(source.as_str()))
            .filter(quarantine::Column::Id.is_in(ids.iter().copied()))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// Notes what is wrong now with events that were tried again, with one statement for all of which it is the same.
pub(crate) async fn refuse_again(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    refused: &[(i64, String)],
) -> Step<()> {
    let mut ids_of: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (id, reason) in refused {
        ids_of.entry(reason).or_default().push(*id);
    }
    for (reason, ids) in ids_of {
        for ids in ids.chunks(ROWS_AT_ONCE) {
            quarantine::Entity::update_many()
                .col_expr(quarantine::Column::Reason, Expr::value(text(reason)))
                .col_expr(
                    quarantine::Column::ReplayRequestedAt,
                    Expr::value(None::<i64>),
                )
                .filter(quarantine::Column::Source.eq(source.as_str()))
                .filter(quarantine::Column::Id.is_in(ids.iter().copied()))
                .exec(transaction)
                .await?;
        }
    }
    Ok(())
}

fn entry(row: quarantine::Model) -> Step<QuarantineEntry> {
    Ok(QuarantineEntry {
        id: row.id,
        source: source_name(row.source)?,
        origin: row.origin,
        line: row.line,
        gid: row.gid,
        reason: row.reason,
        raw_bytes: row.raw_bytes,
        truncated: row.truncated,
        times_seen: row.times_seen,
        first_seen_at: moment(row.first_seen_at)?,
        last_seen_at: moment(row.last_seen_at)?,
        replay_requested_at: moment_if_any(row.replay_requested_at)?,
    })
}

/// An event ready to be set aside.
pub(crate) struct PackedEvent {
    digest: Vec<u8>,
    compressed: Vec<u8>,
    raw_bytes: i64,
    truncated: bool,
    times_seen: i64,
    origin: String,
    line: Option<i64>,
    gid: Option<String>,
    reason: String,
}

/// Compresses events on a thread that may block; of those with the same bytes the first stands for all.
pub(crate) async fn pack(
    events: Vec<Quarantined>,
    raw_bytes_max: usize,
) -> io::Result<Vec<PackedEvent>> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let packed = tokio::task::spawn_blocking(move || pack_blocking(events, raw_bytes_max)).await;
    packed.map_err(io::Error::other)?
}

fn pack_blocking(events: Vec<Quarantined>, raw_bytes_max: usize) -> io::Result<Vec<PackedEvent>> {
    let mut packed: Vec<PackedEvent> = Vec::with_capacity(events.len());
    let mut place_of: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for event in events {
        let digest = Sha256::digest(&event.raw).to_vec();
        if let Some(same) = place_of
            .get(&digest)
            .and_then(|&place| packed.get_mut(place))
        {
            same.times_seen += 1;
            continue;
        }
        let kept = event.raw.get(..raw_bytes_max).unwrap_or(&event.raw);
        place_of.insert(digest.clone(), packed.len());
        packed.push(PackedEvent {
            digest,
            compressed: zstd::bulk::compress(kept, COMPRESSION_LEVEL)?,
            raw_bytes: i64::try_from(event.raw.len()).unwrap_or(i64::MAX),
            truncated: kept.len() < event.raw.len(),
            times_seen: 1,
            origin: text(&event.origin),
            line: event.line,
            gid: event.gid.as_deref().map(text),
            reason: text(&event.reason),
        });
    }
    Ok(packed)
}

fn unpack(compressed: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    zstd::stream::read::Decoder::with_buffer(compressed)?
        .take(most as u64)
        .read_to_end(&mut unpacked)?;
    Ok(unpacked)
}

/// Adds events to the quarantine, or counts them where they are there already; returns how many are new.
pub(crate) async fn set_aside(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    events: Vec<PackedEvent>,
    now: i64,
) -> Step<i64> {
    let mut newly = 0;
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() {
        let chunk: Vec<PackedEvent> = events.by_ref().take(ROWS_AT_ONCE).collect();
        newly += set_aside_chunk(transaction, source, chunk, now).await?;
    }
    Ok(newly)
}

async fn set_aside_chunk(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    chunk: Vec<PackedEvent>,
    now: i64,
) -> Step<i64> {
    let known = ids_of(transaction, source, &chunk).await?;
    let (repeated, new): (Vec<PackedEvent>, Vec<PackedEvent>) = chunk
        .into_iter()
        .partition(|event| known.contains_key(&event.digest));
    count_again(transaction, &known, &repeated, now).await?;
    if new.is_empty() {
        return Ok(0);
    }
    let rows = new.iter().map(|event| row(source, event, now));
    quarantine::Entity::insert_many(rows)
        .exec_without_returning(transaction)
        .await?;
    let ids = ids_of(transaction, source, &new).await?;
    let newly = i64::try_from(new.len()).unwrap_or(i64::MAX);
    let (mut batch, mut batch_bytes) = (Vec::new(), 0);
    for event in new {
        let id = ids.get(&event.digest).copied();
        let id = id.ok_or_else(|| {
            Fault::Unreadable("a quarantined event vanished while it was stored".to_owned())
        })?;
        batch_bytes += event.compressed.len();
        batch.push(quarantine_raw::ActiveModel {
            quarantine_id: Set(id),
            compressed: Set(event.compressed),
        });
        if batch_bytes > BYTES_AT_ONCE {
            quarantine_raw::Entity::insert_many(std::mem::take(&mut batch))
                .exec_without_returning(transaction)
                .await?;
            batch_bytes = 0;
        }
    }
    quarantine_raw::Entity::insert_many(batch)
        .exec_without_returning(transaction)
        .await?;
    Ok(newly)
}

async fn ids_of(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    events: &[PackedEvent],
) -> Step<BTreeMap<Vec<u8>, i64>> {
    let rows: Vec<(Vec<u8>, i64)> = quarantine::Entity::find()
        .select_only()
        .column(quarantine::Column::Digest)
        .column(quarantine::Column::Id)
        .filter(quarantine::Column::Source.eq(source.as_str()))
        .filter(quarantine::Column::Digest.is_in(events.iter().map(|event| event.digest.clone())))
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Counts events that are in quarantine already, with one statement for all that came equally often.
async fn count_again(
    transaction: &DatabaseTransaction,
    known: &BTreeMap<Vec<u8>, i64>,
    repeated: &[PackedEvent],
    now: i64,
) -> Step<()> {
    use sea_orm::ExprTrait;

    let often: BTreeSet<i64> = repeated.iter().map(|event| event.times_seen).collect();
    for times in often {
        let ids = repeated
            .iter()
            .filter(|event| event.times_seen == times)
            .filter_map(|event| known.get(&event.digest).copied());
        quarantine::Entity::update_many()
            .col_expr(
                quarantine::Column::TimesSeen,
                Expr::col(quarantine::Column::TimesSeen).add(times),
            )
            .col_expr(quarantine::Column::LastSeenAt, Expr::value(now))
            .filter(quarantine::Column::Id.is_in(ids))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

fn row(source: &SourceName, event: &PackedEvent, now: i64) -> quarantine::ActiveModel {
    quarantine::ActiveModel {
        id: NotSet,
        source: Set(source.to_string()),
        digest: Set(event.digest.clone()),
        origin: Set(event.origin.clone()),
        line: Set(event.line),
        gid: Set(event.gid.clone()),
        reason: Set(event.reason.clone()),
        raw_bytes: Set(event.raw_bytes),
        truncated: Set(event.truncated),
        times_seen: Set(event.times_seen),
        first_seen_at: Set(now),
        last_seen_at: Set(now),
        replay_requested_at: Set(None),
    }
}
