use std::collections::BTreeMap;

use chrono::NaiveDate;
use drishti_model::SourceName;
use sea_orm::sea_query::{Alias, Expr, OnConflict};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::alerts::short;
use crate::detection::in_use;
use crate::error::{Fault, LedgerError, Step};
use crate::rows::insert_or;
use crate::tables::policy_day;
use crate::value::{count, date, day};
use crate::{Ledger, ROWS_MAX};

/// What a policy came to on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyCount {
    /// Which policy.
    pub policy: String,
    /// The day of the events, in UTC.
    pub day: NaiveDate,
    /// Matches.
    pub matches: u64,
    /// Alerts that began.
    pub alerts: u64,
    /// Matches that a suppression kept quiet.
    pub suppressed: u64,
    /// Alerts beyond the daily cap.
    pub capped: u64,
    /// Events that it could not judge, because they lack what it asks for.
    pub not_evaluable: u64,
}

impl Ledger {
    /// What policies came to day by day, of one source or all together, from `since` on: the newest day first, up to
    /// [`ROWS_MAX`] rows. Events that are not settled yet don't count.
    pub async fn policy_counts(
        &self,
        source: Option<&SourceName>,
        policy: Option<&str>,
        since: NaiveDate,
    ) -> Result<Vec<PolicyCount>, LedgerError> {
        use policy_day::Column as Of;

        let total = |column: Of| Expr::col(column).sum().cast_as(Alias::new("bigint"));
        let mut query = policy_day::Entity::find()
            .select_only()
            .columns([Of::Policy, Of::Day])
            .expr_as(total(Of::Matches), "matches")
            .expr_as(total(Of::Alerts), "alerts")
            .expr_as(total(Of::Suppressed), "suppressed")
            .expr_as(total(Of::Capped), "capped")
            .expr_as(total(Of::NotEvaluable), "not_evaluable")
            .filter(Of::Generation.in_subquery(in_use(source)))
            .filter(Of::Day.gte(day(since)))
            .group_by(Of::Day)
            .group_by(Of::Policy)
            .order_by_desc(Of::Day)
            .order_by_asc(Of::Policy)
            .limit(ROWS_MAX);
        if let Some(policy) = policy {
            query = query.filter(Of::Policy.eq(short(policy)));
        }
        let rows = query
            .into_tuple::<CountRow>()
            .all(self.database())
            .await
            .map_err(Fault::from);
        let counts = rows.and_then(|rows| rows.into_iter().map(count_of).collect());
        counts.map_err(|fault: Fault| self.failed("reading what the policies came to", fault))
    }
}

type CountRow = (String, i64, i64, i64, i64, i64, i64);

fn count_of(
    (policy, day, matches, alerts, suppressed, capped, not_evaluable): CountRow,
) -> Step<PolicyCount> {
    Ok(PolicyCount {
        policy,
        day: date(day)?,
        matches: matches.unsigned_abs(),
        alerts: alerts.unsigned_abs(),
        suppressed: suppressed.unsigned_abs(),
        capped: capped.unsigned_abs(),
        not_evaluable: not_evaluable.unsigned_abs(),
    })
}

/// Adds to what the policies came to.
pub(crate) async fn count_policies(
    transaction: &DatabaseTransaction,
    generation: i64,
    counts: &[PolicyCount],
) -> Step<()> {
    use policy_day::Column as Of;

    let mut rows: BTreeMap<(String, i64), policy_day::Model> = BTreeMap::new();
    for counted in counts {
        let (policy, day) = (short(&counted.policy), day(counted.day));
        let row = rows
            .entry((policy.clone(), day))
            .or_insert(policy_day::Model {
                generation,
                policy,
                day,
                matches: 0,
                alerts: 0,
                suppressed: 0,
                capped: 0,
                not_evaluable: 0,
            });
        row.matches += count(counted.matches);
        row.alerts += count(counted.alerts);
        row.suppressed += count(counted.suppressed);
        row.capped += count(counted.capped);
        row.not_evaluable += count(counted.not_evaluable);
    }
    let counted = [
        Of::Matches,
        Of::Alerts,
        Of::Suppressed,
        Of::Capped,
        Of::NotEvaluable,
    ];
    let add = OnConflict::columns([Of::Generation, Of::Policy, Of::Day])
        .values(counted.map(|column| (column, more(policy_day::Entity, column))))
        .to_owned();
    insert_or(transaction, rows.into_values().collect(), add).await
}

/// The column's value and that of the row that could not be inserted beside it.
pub(crate) fn more<E: EntityTrait>(entity: E, column: E::Column) -> Expr {
    Expr::col((entity, column)).add(Expr::col((Alias::new("excluded"), column)))
}
