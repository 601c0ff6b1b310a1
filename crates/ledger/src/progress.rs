use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use drishti_model::{Coverage, SourceName, TimeRange};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction,
    EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use crate::error::{Fault, LedgerError, Step};
use crate::leases::hold_leased_source;
use crate::quarantine::{PackedEvent, pack, refuse_again, release, set_aside};
use crate::tables::{coverage, progress, window};
use crate::value::{count, micros, moment, moment_if_any, range, text};
use crate::{Lease, Ledger, Quarantined};

/// Rows of one bulk statement: far below the number of values that a statement may have (32,766 in SQLite, 65,535 in PostgreSQL).
const ROWS_AT_ONCE: usize = 1_000;

/// Where a stream of pages goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The `start_at` that the stream was begun with.
    pub start_at: DateTime<Utc>,
    /// Asana's offset for the next page; `None` before the first one.
    pub offset: Option<String>,
}

/// A span of the backfill, fetched as a stream of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Which span.
    pub range: TimeRange,
    /// Where its fetch goes on.
    pub position: Position,
    /// Whether all of it is stored.
    pub done: bool,
}

/// How far a source is collected.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Progress {
    /// Where the polling goes on; `None` before it began.
    pub cursor: Option<Position>,
    /// The backfill's plan, by start.
    pub windows: Vec<Window>,
    /// Which spans are known complete.
    pub coverage: Coverage,
    /// The sequence of the source's last commit to the lake that this progress includes; 0 before the first.
    pub lake_sequence: i64,
    /// Time of the newest event.
    pub newest_event_at: Option<DateTime<Utc>>,
    /// When Asana was last asked.
    pub last_poll_at: Option<DateTime<Utc>>,
    /// Events stored in the lake.
    pub events_stored: i64,
    /// Since when the source answers for what happens: the beginning of everything that was ever planned or complete. A reset does
    /// not change it.
    pub collected_since: Option<DateTime<Utc>>,
    /// The owner has been told of everything before this that is not complete and can't be fetched any more.
    pub loss_told_until: Option<DateTime<Utc>>,
}

/// One step forward; what is left out stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Advance {
    /// The sequence of the commit to the lake that this step follows.
    pub lake_sequence: Option<i64>,
    /// Where the polling goes on.
    pub cursor: Option<Position>,
    /// Windows of the backfill that moved, by their range.
    pub windows: Vec<Window>,
    /// Windows that are given up, by their range.
    pub given_up: Vec<TimeRange>,
    /// Spans that are now complete; added before `uncovered` is taken away.
    pub covered: Vec<TimeRange>,
    /// Spans that are no longer known complete.
    pub uncovered: Vec<TimeRange>,
    /// Events that failed validation.
    pub quarantined: Vec<Quarantined>,
    /// Ids of events that are let out of quarantine, as they are stored now; unknown ones are passed over.
    pub released: Vec<i64>,
    /// Ids of events that were tried again and stay in quarantine, with what is wrong with them now.
    pub refused_again: Vec<(i64, String)>,
    /// Events newly stored.
    pub stored: u64,
    /// Events that were there already.
    pub duplicates: u64,
    /// Time of the newest event of this step; an older one than known changes nothing.
    pub newest_event_at: Option<DateTime<Utc>>,
    /// When Asana was asked.
    pub polled_at: Option<DateTime<Utc>>,
    /// Since when the source answers for what happens; a later time than known changes nothing.
    pub collected_since: Option<DateTime<Utc>>,
    /// Before when the owner has been told of all that is lost.
    pub loss_told_until: Option<DateTime<Utc>>,
}

impl Ledger {
    /// How far a source is collected; [`LedgerError::NoSuchSource`] where there is none.
    pub async fn progress(&self, name: &SourceName) -> Result<Progress, LedgerError> {
        let progress = self.read_progress(name).await;
        progress
            .map_err(|fault| self.failed(format!("reading the progress of source `{name}`"), fault))
    }

    async fn read_progress(&self, name: &SourceName) -> Step<Progress> {
        let snapshot = self.snapshot().await?;
        let row = progress::Entity::find_by_id(name.as_str())
            .one(&snapshot)
            .await?;
        let row = row.ok_or_else(|| Fault::Ledger(LedgerError::NoSuchSource(name.clone())))?;
        let windows = windows_of(&snapshot, name).await?;
        let coverage = coverage_of(&snapshot, name).await?;
        snapshot.commit().await?;
        Ok(Progress {
            cursor: position(row.cursor_start_at, row.cursor_offset)?,
            windows,
            coverage,
            lake_sequence: row.lake_sequence,
            newest_event_at: moment_if_any(row.newest_event_at)?,
            last_poll_at: moment_if_any(row.last_poll_at)?,
            events_stored: row.events_stored,
            collected_since: moment_if_any(row.collected_since)?,
            loss_told_until: moment_if_any(row.loss_told_until)?,
        })
    }

    /// Plans spans to be fetched, each from its beginning. A plan whose windows are all done is replaced; otherwise spans are
    /// added to it, and those that are under way go on where they are.
    pub async fn plan_backfill(
        &self,
        lease: &Lease,
        windows: &[TimeRange],
    ) -> Result<(), LedgerError> {
        let write = self
            .write(format!(
                "planning the backfill of source `{}`",
                lease.source
            ))
            .await?;
        let outcome = plan(&write.transaction, lease, windows).await;
        write.finish(outcome).await
    }

    /// Takes one step, whole or not at all; [`LedgerError::LeaseLost`] where `lease` is no longer the source's. Returns how many of
    /// the events that failed validation were not in quarantine yet.
    pub async fn advance(
        &self,
        lease: &Lease,
        advance: Advance,
        now: DateTime<Utc>,
    ) -> Result<u64, LedgerError> {
        let doing = format!("saving the progress of source `{}`", lease.source);
        let mut advance = advance;
        let packed = pack(
            std::mem::take(&mut advance.quarantined),
            self.bounds().quarantine_raw_bytes,
        )
        .await;
        let packed = packed.map_err(|source| LedgerError::Packing {
            doing: doing.clone(),
            source,
        })?;
        let write = self.write(doing).await?;
        let outcome = step(&write.transaction, lease, advance, packed, micros(now)).await;
        write.finish(outcome).await
    }

    /// Forgets cursor, plan, coverage, the place in the lake and what was told of losses, so that the source is collected anew.
    /// Quarantine and counts stay, and so does the time since when the source answers.
    pub async fn reset_progress(&self, lease: &Lease) -> Result<(), LedgerError> {
        let write = self
            .write(format!(
                "resetting the progress of source `{}`",
                lease.source
            ))
            .await?;
        let outcome = reset(&write.transaction, lease).await;
        write.finish(outcome).await
    }
}

/// The progress of a source that was just added.
pub(crate) fn nothing_yet(source: &str) -> progress::ActiveModel {
    progress::Model {
        source: source.to_owned(),
        cursor_start_at: None,
        cursor_offset: None,
        lake_sequence: 0,
        newest_event_at: None,
        last_poll_at: None,
        events_stored: 0,
        events_duplicate: 0,
        events_quarantined: 0,
        collected_since: None,
        loss_told_until: None,
    }
    .into_active_model()
}

fn position(start_at: Option<i64>, offset: Option<String>) -> Step<Option<Position>> {
    start_at
        .map(|start_at| {
            Ok(Position {
                start_at: moment(start_at)?,
                offset,
            })
        })
        .transpose()
}

async fn windows_of(connection: &impl ConnectionTrait, name: &SourceName) -> Step<Vec<Window>> {
    let rows = window::Entity::find()
        .filter(window::Column::Source.eq(name.as_str()))
        .order_by_asc(window::Column::StartAt)
        .order_by_asc(window::Column::EndAt)
        .all(connection)
        .await?;
    let read = |row: window::Model| {
        Ok(Window {
            range: range(row.start_at, row.end_at)?,
            position: Position {
                start_at: moment(row.position_start_at)?,
                offset: row.position_offset,
            },
            done: row.done,
        })
    };
    rows.into_iter().map(read).collect()
}

async fn coverage_of(connection: &impl ConnectionTrait, name: &SourceName) -> Step<Coverage> {
    let rows = coverage::Entity::find()
        .filter(coverage::Column::Source.eq(name.as_str()))
        .order_by_asc(coverage::Column::StartAt)
        .all(connection)
        .await?;
    rows.into_iter()
        .map(|row| range(row.start_at, row.end_at))
        .collect()
}

async fn plan(transaction: &DatabaseTransaction, lease: &Lease, ranges: &[TimeRange]) -> Step<()> {
    hold_leased_source(transaction, lease).await?;
    let known = windows_of(transaction, &lease.source).await?;
    if known.iter().all(|window| window.done) {
        let finished = window::Column::Source.eq(lease.source.as_str());
        window::Entity::delete_many()
            .filter(finished)
            .exec(transaction)
            .await?;
    }
    if let Some(first) = ranges.iter().map(|range| range.start).min() {
        let row = progress_of(transaction, lease).await?;
        let since = earlier(row.collected_since, Some(micros(first)));
        if since != row.collected_since {
            let answers = progress::ActiveModel {
                source: Set(row.source),
                collected_since: Set(since),
                ..Default::default()
            };
            answers.update(transaction).await?;
        }
    }
    let under_way: BTreeSet<(i64, i64)> = known
        .iter()
        .filter(|window| !window.done)
        .map(|window| key(window.range))
        .collect();
    let new = ranges
        .iter()
        .filter(|range| !under_way.contains(&key(**range)))
        .map(|range| Window {
            range: *range,
            position: Position {
                start_at: range.start,
                offset: None,
            },
            done: false,
        });
    save_windows(transaction, &lease.source, new).await
}

async fn step(
    transaction: &DatabaseTransaction,
    lease: &Lease,
    advance: Advance,
    quarantined: Vec<PackedEvent>,
    now: i64,
) -> Step<u64> {
    hold_leased_source(transaction, lease).await?;
    let mut row = progress_of(transaction, lease).await?;
    if let Some(cursor) = advance.cursor {
        row.cursor_start_at = Some(micros(cursor.start_at));
        row.cursor_offset = cursor.offset.as_deref().map(text);
    }
    row.lake_sequence = advance.lake_sequence.unwrap_or(row.lake_sequence);
    row.newest_event_at = row.newest_event_at.max(advance.newest_event_at.map(micros));
    row.last_poll_at = advance.polled_at.map(micros).or(row.last_poll_at);
    row.events_stored = row.events_stored.saturating_add(count(advance.stored));
    row.events_duplicate = row
        .events_duplicate
        .saturating_add(count(advance.duplicates));
    let begin = advance.covered.iter().map(|span| span.start).min();
    let begin = earlier(begin.map(micros), advance.collected_since.map(micros));
    row.collected_since = earlier(row.collected_since, begin);
    row.loss_told_until = advance.loss_told_until.map(micros).or(row.loss_told_until);
    // First, so that what is let out and set aside anew stays.
    release(transaction, &lease.source, &advance.released).await?;
    let newly_quarantined = set_aside(transaction, &lease.source, quarantined, now).await?;
    row.events_quarantined = row.events_quarantined.saturating_add(newly_quarantined);
    row.into_active_model()
        .reset_all()
        .update(transaction)
        .await?;
    refuse_again(transaction, &lease.source, &advance.refused_again).await?;
    save_windows(transaction, &lease.source, advance.windows.into_iter()).await?;
    give_up(transaction, &lease.source, &advance.given_up).await?;
    change_coverage(
        transaction,
        &lease.source,
        &advance.covered,
        &advance.uncovered,
    )
    .await?;
    Ok(newly_quarantined.unsigned_abs())
}

async fn progress_of(transaction: &DatabaseTransaction, lease: &Lease) -> Step<progress::Model> {
    let row = progress::Entity::find_by_id(lease.source.as_str())
        .one(transaction)
        .await?;
    row.ok_or_else(|| Fault::Unreadable("the source has no progress".to_owned()))
}

/// The earlier of two times, as far as they are known.
fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

/// A span as it is told apart in the database.
fn key(range: TimeRange) -> (i64, i64) {
    (micros(range.start), micros(range.end))
}

async fn save_windows(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    windows: impl Iterator<Item = Window>,
) -> Step<()> {
    // One statement may not write a row twice, so of windows with the same range the last counts.
    let windows: BTreeMap<(i64, i64), Window> =
        windows.map(|window| (key(window.range), window)).collect();
    for &(start_at, end_at) in windows.keys() {
        range(start_at, end_at)?;
    }
    let rows: Vec<window::ActiveModel> = windows
        .into_iter()
        .map(|((start_at, end_at), window)| window::ActiveModel {
            source: Set(source.to_string()),
            start_at: Set(start_at),
            end_at: Set(end_at),
            position_start_at: Set(micros(window.position.start_at)),
            position_offset: Set(window.position.offset.as_deref().map(text)),
            done: Set(window.done),
        })
        .collect();
    let replace = OnConflict::columns([
        window::Column::Source,
        window::Column::StartAt,
        window::Column::EndAt,
    ])
    .update_columns([
        window::Column::PositionStartAt,
        window::Column::PositionOffset,
        window::Column::Done,
    ])
    .to_owned();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        window::Entity::insert_many(rows.to_vec())
            .on_conflict(replace.clone())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

async fn give_up(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    windows: &[TimeRange],
) -> Step<()> {
    for &window in windows {
        let (start_at, end_at) = key(window);
        window::Entity::delete_by_id((source.to_string(), start_at, end_at))
            .exec(transaction)
            .await?;
    }
    Ok(())
}

async fn change_coverage(
    transaction: &DatabaseTransaction,
    source: &SourceName,
    covered: &[TimeRange],
    uncovered: &[TimeRange],
) -> Step<()> {
    if covered.is_empty() && uncovered.is_empty() {
        return Ok(());
    }
    let before = coverage_of(transaction, source).await?;
    let mut after = before.clone();
    // Spans are cut to microseconds first, where a very short one can vanish.
    for span in covered.iter().filter_map(|span| whole_micros(*span)) {
        after.add(span);
    }
    for span in uncovered.iter().filter_map(|span| whole_micros(*span)) {
        after.remove(span);
    }
    let before: BTreeSet<(i64, i64)> = before.ranges().iter().copied().map(key).collect();
    let after: BTreeSet<(i64, i64)> = after.ranges().iter().copied().map(key).collect();
    let gone: Vec<i64> = before
        .difference(&after)
        .map(|(start_at, _)| *start_at)
        .collect();
    for starts in gone.chunks(ROWS_AT_ONCE) {
        coverage::Entity::delete_many()
            .filter(coverage::Column::Source.eq(source.as_str()))
            .filter(coverage::Column::StartAt.is_in(starts.iter().copied()))
            .exec(transaction)
            .await?;
    }
    let new: Vec<coverage::ActiveModel> = after
        .difference(&before)
        .map(|&(start_at, end_at)| {
            coverage::Model {
                source: source.to_string(),
                start_at,
                end_at,
            }
            .into_active_model()
        })
        .collect();
    for rows in new.chunks(ROWS_AT_ONCE) {
        coverage::Entity::insert_many(rows.to_vec())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

fn whole_micros(span: TimeRange) -> Option<TimeRange> {
    let (start, end) = key(span);
    range(start, end).ok()
}

async fn reset(transaction: &DatabaseTransaction, lease: &Lease) -> Step<()> {
    hold_leased_source(transaction, lease).await?;
    let source = lease.source.as_str();
    let forgotten = progress::ActiveModel {
        source: Set(source.to_owned()),
        cursor_start_at: Set(None),
        cursor_offset: Set(None),
        lake_sequence: Set(0),
        loss_told_until: Set(None),
        ..Default::default()
    };
    forgotten.update(transaction).await?;
    window::Entity::delete_many()
        .filter(window::Column::Source.eq(source))
        .exec(transaction)
        .await?;
    coverage::Entity::delete_many()
        .filter(coverage::Column::Source.eq(source))
        .exec(transaction)
        .await?;
    Ok(())
}
