use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use drishti_model::{Severity, SourceName, SourceScope};
use sea_orm::sea_query::{Expr, LikeExpr};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};

use super::{Alert, AlertState, alert_of};
use crate::error::{Fault, LedgerError, Step};
use crate::sources::within;
use crate::tables::{alert, alert_event};
use crate::value::{DAY_MICROS, date, micros, rank, ranked, text, word};
use crate::{Ledger, ROWS_MAX};

/// Which alerts to list; what is left out does not narrow it.
#[derive(Clone, Debug, Default)]
pub struct AlertFilter {
    /// Only in one of these states; empty: in any.
    pub states: Vec<AlertState>,
    /// Only at least so bad.
    pub severity_min: Option<Severity>,
    /// Only of one of these severities; empty: of any.
    pub severities: Vec<Severity>,
    /// Only of one of these policies; empty: of any.
    pub policies: Vec<String>,
    /// Only of this source.
    pub source: Option<SourceName>,
    /// Only of sources in this scope.
    pub scope: SourceScope,
    /// Only about whoever or whatever has this id.
    pub entity_id: Option<String>,
    /// Only those that one of these looks after; empty: whoever does.
    pub assignees: Vec<Assignee>,
    /// Only those that rest on the event with this gid, as far as their events are kept.
    pub event_gid: Option<String>,
    /// Only with an event at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only with an event before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only with this text in title, policy or entity, in any case.
    pub text: Option<String>,
    /// Only those that are, or are not, kept quiet by a suppression.
    pub suppressed: Option<bool>,
    /// Only those that are, or are not, beyond their policy's daily cap.
    pub capped: Option<bool>,
    /// Only those that say, or don't say, what a preview found.
    pub provisional: Option<bool>,
    /// Only those that detection no longer finds, or still finds.
    pub withdrawn: Option<bool>,
    /// Which come first.
    pub order: AlertOrder,
    /// Only those that follow this place in the order.
    pub after: Option<AlertCursor>,
    /// How many at most, up to [`ROWS_MAX`].
    pub limit: u64,
}

/// Who looks after an alert.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assignee {
    /// Nobody yet.
    Nobody,
    /// This person.
    Somebody(String),
}

/// Which alerts come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlertOrder {
    /// Those with the newest last event.
    #[default]
    Newest,
    /// The worst; among those the newest.
    Worst,
}

/// A place in a list of alerts. New alerts don't move it: those that sort before it are found by reading the list again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertCursor {
    /// The severity there.
    pub severity: Severity,
    /// The last event there.
    pub last_event_at: DateTime<Utc>,
    /// The alert there.
    pub id: String,
}

impl AlertCursor {
    /// The place of `alert`.
    pub fn at(alert: &Alert) -> Self {
        Self {
            severity: alert.severity,
            last_event_at: alert.last_event_at,
            id: alert.id.clone(),
        }
    }
}

/// How many alerts there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertCounts {
    /// In each state.
    pub states: BTreeMap<AlertState, u64>,
    /// Of each severity.
    pub severities: BTreeMap<Severity, u64>,
    /// Of each policy.
    pub policies: BTreeMap<String, u64>,
    /// How those policies are called in one line, as one of their alerts has it.
    pub policy_titles: BTreeMap<String, String>,
    /// That each person looks after, or nobody.
    pub assignees: BTreeMap<Assignee, u64>,
    /// Opened on each day, in UTC, by severity; what there is none of is left out.
    pub days: BTreeMap<NaiveDate, BTreeMap<Severity, u64>>,
}

impl Ledger {
    /// Alerts in the order of the filter.
    pub async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>, LedgerError> {
        let mut query = narrowed(filter).limit(Ord::min(filter.limit, ROWS_MAX));
        if filter.order == AlertOrder::Worst {
            query = query.order_by_desc(alert::Column::Severity);
        }
        query = query
            .order_by_desc(alert::Column::LastEventAt)
            .order_by_desc(alert::Column::Id);
        if let Some(cursor) = &filter.after {
            query = query.filter(after(cursor, filter.order));
        }
        let rows = query.all(self.database()).await.map_err(Fault::from);
        let alerts = rows.and_then(|rows| rows.into_iter().map(alert_of).collect());
        alerts.map_err(|fault: Fault| self.failed("reading the alerts", fault))
    }

    /// Ids of alerts that begin with some text, at most `limit`.
    pub async fn alert_ids(&self, beginning: &str, limit: u64) -> Result<Vec<String>, LedgerError> {
        let ids = alert::Entity::find()
            .select_only()
            .column(alert::Column::Id)
            .filter(alert::Column::Id.starts_with(text(beginning)))
            .order_by_asc(alert::Column::Id)
            .limit(limit)
            .into_tuple()
            .all(self.database())
            .await;
        ids.map_err(|fault| self.failed("looking for an alert", fault))
    }

    /// The resolved alerts of some policies in one source: how many matches each had when it was resolved, by id.
    pub async fn resolved_matches(
        &self,
        source: &SourceName,
        policies: &[&str],
    ) -> Result<BTreeMap<String, u64>, LedgerError> {
        let rows: Result<Vec<(String, i64)>, _> = alert::Entity::find()
            .select_only()
            .column(alert::Column::Id)
            .column(alert::Column::ResolvedMatchCount)
            .filter(alert::Column::Source.eq(source.as_str()))
            .filter(alert::Column::Policy.is_in(policies.iter().map(|policy| text(policy))))
            .filter(alert::Column::ResolvedMatchCount.is_not_null())
            .into_tuple()
            .all(self.database())
            .await;
        rows.map_err(Fault::from)
            .and_then(|rows| keyed(rows, Ok))
            .map_err(|fault| self.failed("reading which alerts are resolved", fault))
    }

    /// How many alerts fit the filter, counted in each way; its order, place and limit don't matter.
    pub async fn alert_counts(&self, filter: &AlertFilter) -> Result<AlertCounts, LedgerError> {
        let counted = async {
            let snapshot = self.snapshot().await?;
            let counts = counts(&snapshot, filter).await?;
            snapshot.commit().await?;
            Ok(counts)
        };
        counted
            .await
            .map_err(|fault: Fault| self.failed("counting the alerts", fault))
    }
}

async fn counts(snapshot: &DatabaseTransaction, filter: &AlertFilter) -> Step<AlertCounts> {
    let states = grouped::<String>(snapshot, filter, Expr::col(alert::Column::State)).await?;
    let severities = grouped::<i16>(snapshot, filter, Expr::col(alert::Column::Severity)).await?;
    let assignees = grouped::<Option<String>>(snapshot, filter, Expr::col(alert::Column::Assignee));
    let assignees = assignees.await?;
    let (policies, policy_titles) = by_policy(snapshot, filter).await?;
    Ok(AlertCounts {
        states: keyed(states, |state| word(&state))?,
        severities: keyed(severities, ranked)?,
        policies,
        policy_titles,
        assignees: keyed(assignees, |name| {
            Ok(name.map_or(Assignee::Nobody, Assignee::Somebody))
        })?,
        days: by_day(snapshot, filter).await?,
    })
}

type ByPolicy = (BTreeMap<String, u64>, BTreeMap<String, String>);

async fn by_policy(snapshot: &DatabaseTransaction, filter: &AlertFilter) -> Step<ByPolicy> {
    let rows: Vec<(String, String, i64)> = narrowed(filter)
        .select_only()
        .column(alert::Column::Policy)
        .column_as(alert::Column::PolicyTitle.max(), "title")
        .column_as(alert::Column::Id.count(), "alerts")
        .group_by(alert::Column::Policy)
        .limit(ROWS_MAX)
        .into_tuple()
        .all(snapshot)
        .await?;
    let mut counted = ByPolicy::default();
    for (policy, title, alerts) in rows {
        counted.1.insert(policy.clone(), title);
        counted.0.insert(policy, alerts.unsigned_abs());
    }
    Ok(counted)
}

async fn by_day(
    snapshot: &DatabaseTransaction,
    filter: &AlertFilter,
) -> Step<BTreeMap<NaiveDate, BTreeMap<Severity, u64>>> {
    // Written out, because a value that is bound apart makes two different expressions for PostgreSQL.
    let day = Expr::cust(format!("opened_at / {DAY_MICROS}"));
    let rows: Vec<(i64, i16, i64)> = narrowed(filter)
        .select_only()
        .expr_as(day.clone(), "day")
        .column(alert::Column::Severity)
        .column_as(alert::Column::Id.count(), "alerts")
        .group_by(day)
        .group_by(alert::Column::Severity)
        .limit(ROWS_MAX)
        .into_tuple()
        .all(snapshot)
        .await?;
    let mut days: BTreeMap<NaiveDate, BTreeMap<Severity, u64>> = BTreeMap::new();
    for (day, severity, alerts) in rows {
        let of_day = days.entry(date(day)?).or_default();
        of_day.insert(ranked(severity)?, alerts.unsigned_abs());
    }
    Ok(days)
}

async fn grouped<K: sea_orm::TryGetable>(
    snapshot: &DatabaseTransaction,
    filter: &AlertFilter,
    by: Expr,
) -> Step<Vec<(K, i64)>> {
    Ok(narrowed(filter)
        .select_only()
        .expr_as(by.clone(), "by")
        .column_as(alert::Column::Id.count(), "alerts")
        .group_by(by)
        .limit(ROWS_MAX)
        .into_tuple()
        .all(snapshot)
        .await?)
}

fn keyed<K, T: Ord>(rows: Vec<(K, i64)>, key: impl Fn(K) -> Step<T>) -> Step<BTreeMap<T, u64>> {
    rows.into_iter()
        .map(|(by, alerts)| Ok((key(by)?, alerts.unsigned_abs())))
        .collect()
}

fn narrowed(filter: &AlertFilter) -> Select<alert::Entity> {
    use alert::Column as Of;

    let states = filter.states.iter().map(|state| state.as_str());
    let severities = filter.severities.iter().map(|severity| rank(*severity));
    let policies = filter.policies.iter().map(|policy| text(policy));
    let has = |column: Of, value: bool| {
        if value {
            column.is_not_null()
        } else {
            column.is_null()
        }
    };
    let conditions = [
        (!filter.states.is_empty()).then(|| Of::State.is_in(states)),
        (!filter.severities.is_empty()).then(|| Of::Severity.is_in(severities)),
        filter
            .severity_min
            .map(|least| Of::Severity.gte(rank(least))),
        (!filter.policies.is_empty()).then(|| Of::Policy.is_in(policies)),
        filter
            .source
            .as_ref()
            .map(|source| Of::Source.eq(source.as_str())),
        within(Of::Source, &filter.scope),
        filter
            .entity_id
            .as_deref()
            .map(|id| Of::EntityId.eq(text(id))),
        filter.event_gid.as_deref().map(resting_on),
        filter.since.map(|since| Of::LastEventAt.gte(micros(since))),
        filter.until.map(|until| Of::FirstEventAt.lt(micros(until))),
        filter
            .text
            .as_deref()
            .map(|text| Of::Search.like(holding(text))),
        filter.suppressed.map(|is| has(Of::SuppressedBy, is)),
        filter.capped.map(|is| Of::Capped.eq(is)),
        filter.provisional.map(|is| Of::Provisional.eq(is)),
        filter.withdrawn.map(|is| has(Of::WithdrawnAt, is)),
    ];
    let mut all = Condition::all();
    for condition in conditions.into_iter().flatten() {
        all = all.add(condition);
    }
    if !filter.assignees.is_empty() {
        all = all.add(looked_after_by(&filter.assignees));
    }
    alert::Entity::find().filter(all)
}

fn looked_after_by(assignees: &[Assignee]) -> Condition {
    let somebody = assignees.iter().filter_map(|assignee| match assignee {
        Assignee::Nobody => None,
        Assignee::Somebody(name) => Some(text(name)),
    });
    let any = Condition::any().add(alert::Column::Assignee.is_in(somebody));
    if assignees.contains(&Assignee::Nobody) {
        any.add(alert::Column::Assignee.is_null())
    } else {
        any
    }
}

fn resting_on(gid: &str) -> Expr {
    let alerts = alert_event::Entity::find()
        .select_only()
        .column(alert_event::Column::AlertId)
        .filter(alert_event::Column::Gid.eq(text(gid)));
    alert::Column::Id.in_subquery(alerts.into_query())
}

/// A pattern for texts in small letters that hold `needle`, whatever it is made of.
fn holding(needle: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for letter in text(needle).to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}

/// Whatever follows a place.
fn after(cursor: &AlertCursor, order: AlertOrder) -> Expr {
    use alert::Column as Of;

    let place = [
        (Of::Severity, Expr::value(rank(cursor.severity))),
        (Of::LastEventAt, Expr::value(micros(cursor.last_event_at))),
        (Of::Id, Expr::value(text(&cursor.id))),
    ];
    let compared = match order {
        AlertOrder::Newest => &place[1..],
        AlertOrder::Worst => &place[..],
    };
    let columns = compared.iter().map(|(column, _)| Expr::col(*column));
    let values = compared.iter().map(|(_, value)| value.clone());
    Expr::tuple(columns).lt(Expr::tuple(values))
}
