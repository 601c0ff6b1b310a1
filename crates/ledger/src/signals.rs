use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use drishti_model::{Severity, SourceName};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, ExprTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use crate::alerts::{check_id, short};
use crate::detection::in_use;
use crate::error::{Fault, LedgerError, Step};
use crate::rows::insert_or_keep;
use crate::tables::signal;
use crate::value::{day_of, micros, moment, rank, ranked, text};
use crate::{AlertEntity, Ledger, ROWS_MAX};

/// Most signals kept of one policy on one day of a source; the first ones stay. What is beyond still counts as a match.
pub const SIGNALS_A_DAY_MAX: usize = 1_000;
/// Most events that a signal names.
pub const SIGNAL_EVENTS_MAX: usize = 20;

/// A match of a policy that only records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The same for the same match in every evaluation.
    pub id: String,
    /// Which policy.
    pub policy: String,
    /// How bad it is.
    pub severity: Severity,
    /// It in one line.
    pub title: String,
    /// Whom or what it is about.
    pub entity: AlertEntity,
    /// When the event happened that completed it.
    pub at: DateTime<Utc>,
    /// The gids of its events; the first [`SIGNAL_EVENTS_MAX`] are kept.
    pub gids: Vec<String>,
    /// What was seen, in words.
    pub seen: String,
}

/// A signal, where it comes from, and whether it comes from a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSignal {
    /// The signal.
    pub signal: Signal,
    /// Of which generation.
    pub generation: i64,
    /// Whether the final evaluation may not have it.
    pub provisional: bool,
}

/// Which signals to list.
#[derive(Clone, Debug, Default)]
pub struct SignalFilter {
    /// Only of this source.
    pub source: Option<SourceName>,
    /// Only of this policy.
    pub policy: Option<String>,
    /// Only about whoever or whatever has this id.
    pub entity_id: Option<String>,
    /// Only at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only those that follow the one with this time and id.
    pub after: Option<(DateTime<Utc>, String)>,
    /// How many at most, up to [`ROWS_MAX`].
    pub limit: u64,
}

impl Ledger {
    /// Signals, the newest first.
    pub async fn signals(&self, filter: &SignalFilter) -> Result<Vec<StoredSignal>, LedgerError> {
        use signal::Column as Of;

        let after = filter.after.as_ref().map(|(at, id)| {
            let columns = [Expr::col(Of::At), Expr::col(Of::Id)];
            let values = [Expr::value(micros(*at)), Expr::value(text(id))];
            Expr::tuple(columns).lt(Expr::tuple(values))
        });
        let conditions = [
            Some(Of::Generation.in_subquery(in_use(filter.source.as_ref()))),
            filter
                .policy
                .as_deref()
                .map(|policy| Of::Policy.eq(short(policy))),
            filter
                .entity_id
                .as_deref()
                .map(|id| Of::EntityId.eq(short(id))),
            filter.since.map(|since| Of::At.gte(micros(since))),
            filter.until.map(|until| Of::At.lt(micros(until))),
            after,
        ];
        let mut all = Condition::all();
        for condition in conditions.into_iter().flatten() {
            all = all.add(condition);
        }
        let rows = signal::Entity::find()
            .filter(all)
            .order_by_desc(Of::At)
            .order_by_desc(Of::Id)
            .limit(Ord::min(filter.limit, ROWS_MAX))
            .all(self.database())
            .await
            .map_err(Fault::from);
        let signals = rows.and_then(|rows| rows.into_iter().map(signal_of).collect());
        signals.map_err(|fault: Fault| self.failed("reading the signals", fault))
    }
}

fn signal_of(row: signal::Model) -> Step<StoredSignal> {
    let gids = serde_json::from_str(&row.gids).map_err(|problem| {
        Fault::Unreadable(format!("the events of a signal can't be read: {problem}"))
    })?;
    Ok(StoredSignal {
        generation: row.generation,
        provisional: row.provisional,
        signal: Signal {
            id: row.id,
            policy: row.policy,
            severity: ranked(row.severity)?,
            title: row.title,
            entity: AlertEntity {
                kind: row.entity_kind,
                id: row.entity_id,
                name: row.entity_name,
            },
            at: moment(row.at)?,
            gids,
            seen: row.seen,
        },
    })
}

/// Keeps signals for good, and lets those of the preview take the place of the last preview's.
pub(crate) async fn save_signals(
    transaction: &DatabaseTransaction,
    generation: i64,
    settled: &[Signal],
    previewed: &[Signal],
) -> Step<()> {
    signal::Entity::delete_many()
        .filter(signal::Column::Generation.eq(generation))
        .filter(signal::Column::Provisional.eq(true))
        .exec(transaction)
        .await?;
    let settled = with_room(transaction, generation, settled, false).await?;
    insert_or_keep(transaction, settled).await?;
    let previewed = with_room(transaction, generation, previewed, true).await?;
    insert_or_keep(transaction, previewed).await
}

/// The rows of those signals for which their policy's day has room, which are its first ones.
async fn with_room(
    transaction: &DatabaseTransaction,
    generation: i64,
    signals: &[Signal],
    provisional: bool,
) -> Step<Vec<signal::Model>> {
    let mut kept_of_day: BTreeMap<(String, i64), usize> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    let mut rows = Vec::new();
    for signal in signals {
        let row = row_of(generation, signal, provisional)?;
        if !ids.insert(row.id.clone()) {
            continue;
        }
        let kept = match kept_of_day.entry((row.policy.clone(), row.day)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let kept = count_of_day(transaction, generation, &row.policy, row.day).await?;
                unknown.insert(kept)
            }
        };
        if *kept < SIGNALS_A_DAY_MAX {
            *kept += 1;
            rows.push(row);
        }
    }
    Ok(rows)
}

async fn count_of_day(
    transaction: &DatabaseTransaction,
    generation: i64,
    policy: &str,
    day: i64,
) -> Step<usize> {
    let kept = signal::Entity::find()
        .filter(signal::Column::Generation.eq(generation))
        .filter(signal::Column::Policy.eq(policy))
        .filter(signal::Column::Day.eq(day))
        .count(transaction)
        .await?;
    Ok(usize::try_from(kept).unwrap_or(usize::MAX))
}

fn row_of(generation: i64, signal: &Signal, provisional: bool) -> Step<signal::Model> {
    check_id("a signal", &signal.id)?;
    let gids = signal.gids.iter().take(SIGNAL_EVENTS_MAX);
    let gids: Vec<String> = gids.map(|gid| short(gid)).collect();
    let gids =
        serde_json::to_string(&gids).map_err(|problem| Fault::Unreadable(problem.to_string()))?;
    let at = micros(signal.at);
    Ok(signal::Model {
        generation,
        id: signal.id.clone(),
        policy: short(&signal.policy),
        severity: rank(signal.severity),
        title: short(&signal.title),
        entity_kind: short(&signal.entity.kind),
        entity_id: short(&signal.entity.id),
        entity_name: signal.entity.name.as_deref().map(short),
        at,
        day: day_of(at),
        gids,
        seen: short(&signal.seen),
        provisional,
    })
}
