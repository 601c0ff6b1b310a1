use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{SourceName, SourceScope};
use sea_orm::sea_query::{Alias, Expr, Order};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use crate::alerts::{check_id, short};
use crate::detection::in_use_within;
use crate::error::{Fault, LedgerError, Step};
use crate::rows::{insert_or_keep, insert_or_replace};
use crate::tables::{alert, risk_event};
use crate::value::{micros, moment};
use crate::{Classification, Ledger, ROWS_MAX};

/// Days over which a person's risk is summed up.
pub const RISK_DAYS: i64 = 7;
/// Most addends that are listed of one person, the newest; the sum counts all.
pub const RISK_ADDENDS_MAX: u64 = 1_000;

/// What adds to the risk of a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskCause {
    /// The alert with this id. Once it is resolved as benign or false positive it no longer counts.
    Alert(String),
    /// The signal with this id.
    Signal(String),
}

impl RiskCause {
    const ALERT: &str = "alert";
    const SIGNAL: &str = "signal";

    fn columns(&self) -> Step<(String, String)> {
        let (kind, id) = match self {
            Self::Alert(id) => (Self::ALERT, id),
            Self::Signal(id) => (Self::SIGNAL, id),
        };
        check_id("what causes a risk", id)?;
        Ok((kind.to_owned(), id.clone()))
    }

    fn of(kind: &str, id: String) -> Step<Self> {
        match kind {
            Self::ALERT => Ok(Self::Alert(id)),
            Self::SIGNAL => Ok(Self::Signal(id)),
            _ => Err(Fault::Unreadable(format!("`{kind}` causes no risk"))),
        }
    }
}

/// What one alert or signal adds to the risk of a person; one cause adds to one person once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskEvent {
    /// Who, by gid or whatever the person is known by.
    pub person: String,
    /// How the person is called.
    pub person_name: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// How much it adds.
    pub points: i64,
    /// What it is.
    pub cause: RiskCause,
    /// Why it adds so much, in words.
    pub why: String,
}

/// The risk of a person over the last [`RISK_DAYS`] days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRisk {
    /// Who.
    pub person: String,
    /// How the person is called.
    pub person_name: Option<String>,
    /// The sum of what counts.
    pub points: i64,
    /// How many causes it is the sum of.
    pub causes: u64,
}

/// One addend of a person's risk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskAddend {
    /// What adds.
    pub event: RiskEvent,
    /// Whether it counts; an alert that was resolved as benign or false positive does not.
    pub counts: bool,
    /// Whether it comes from a preview.
    pub provisional: bool,
}

impl Ledger {
    /// The risk of people at `now`, from one source or all in a scope together: the highest first, up to [`ROWS_MAX`] people.
    pub async fn risks(
        &self,
        source: Option<&SourceName>,
        scope: &SourceScope,
        limit: u64,
        now: DateTime<Utc>,
    ) -> Result<Vec<PersonRisk>, LedgerError> {
        let risks = self.sums(recent(source, scope, now), None, limit).await;
        risks.map_err(|fault| self.failed("reading the risk of people", fault))
    }

    /// The risk of a person at `now`, from one source or all in a scope together, and its addends, the newest first.
    pub async fn risk_of(
        &self,
        person: &str,
        source: Option<&SourceName>,
        scope: &SourceScope,
        now: DateTime<Utc>,
    ) -> Result<(PersonRisk, Vec<RiskAddend>), LedgerError> {
        let person = short(person);
        let risk = async {
            let recent = recent(source, scope, now);
            let sum = self.sums(recent.clone(), Some(&person), 1).await?.pop();
            let addends = self.addends(recent, &person).await?;
            let name = addends
                .iter()
                .find_map(|addend| addend.event.person_name.clone());
            let nothing = PersonRisk {
                person: person.clone(),
                person_name: name,
                points: 0,
                causes: 0,
            };
            Ok((sum.unwrap_or(nothing), addends))
        };
        risk.await.map_err(|fault: Fault| {
            self.failed(format!("reading the risk of person `{person}`"), fault)
        })
    }

    async fn sums(
        &self,
        recent: Condition,
        person: Option<&str>,
        limit: u64,
    ) -> Step<Vec<PersonRisk>> {
        use risk_event::Column as Of;

        let points = Expr::col(Of::Points).sum().cast_as(Alias::new("bigint"));
        let mut query = risk_event::Entity::find()
            .select_only()
            .column(Of::Person)
            .column_as(Of::PersonName.max(), "person_name")
            .expr_as(points.clone(), "points")
            .column_as(Of::Cause.count(), "causes")
            .filter(recent)
            .filter(
                Condition::any()
                    .add(Of::CauseKind.ne(RiskCause::ALERT))
                    .add(Of::Cause.not_in_subquery(harmless())),
            )
            .group_by(Of::Person)
            .order_by(points, Order::Desc)
            .order_by_asc(Of::Person)
            .limit(Ord::min(limit, ROWS_MAX));
        if let Some(person) = person {
            query = query.filter(Of::Person.eq(person));
        }
        let rows: Vec<(String, Option<String>, i64, i64)> =
            query.into_tuple().all(self.database()).await?;
        let risk = |(person, person_name, points, causes): (_, _, _, i64)| PersonRisk {
            person,
            person_name,
            points,
            causes: causes.unsigned_abs(),
        };
        Ok(rows.into_iter().map(risk).collect())
    }

    async fn addends(&self, recent: Condition, person: &str) -> Step<Vec<RiskAddend>> {
        use risk_event::Column as Of;

        let rows = risk_event::Entity::find()
            .filter(recent)
            .filter(Of::Person.eq(person))
            .order_by_desc(Of::At)
            .order_by_desc(Of::Cause)
            .limit(RISK_ADDENDS_MAX)
            .all(self.database())
            .await?;
        let causes = rows.iter().map(|row| row.cause.clone());
        let harmless: Vec<String> = alert::Entity::find()
            .select_only()
            .column(alert::Column::Id)
            .filter(alert::Column::Id.is_in(causes))
            .filter(alert::Column::Id.in_subquery(harmless()))
            .into_tuple()
            .all(self.database())
            .await?;
        let addend = |row: risk_event::Model| {
            let is_harmless = row.cause_kind == RiskCause::ALERT && harmless.contains(&row.cause);
            Ok(RiskAddend {
                counts: !is_harmless,
                provisional: row.provisional,
                event: RiskEvent {
                    person: row.person,
                    person_name: row.person_name,
                    at: moment(row.at)?,
                    points: row.points,
                    cause: RiskCause::of(&row.cause_kind, row.cause)?,
                    why: row.why,
                },
            })
        };
        rows.into_iter().map(addend).collect()
    }
}

/// What happened within the last days.
fn recent(source: Option<&SourceName>, scope: &SourceScope, now: DateTime<Utc>) -> Condition {
    use risk_event::Column as Of;

    Condition::all()
        .add(Of::Generation.in_subquery(in_use_within(source, scope)))
        .add(Of::At.gt(micros(now - TimeDelta::days(RISK_DAYS))))
        .add(Of::At.lte(micros(now)))
}

/// The alerts that turned out to be nothing.
fn harmless() -> sea_orm::sea_query::SelectStatement {
    let words = [Classification::Benign, Classification::FalsePositive];
    alert::Entity::find()
        .select_only()
        .column(alert::Column::Id)
        .filter(alert::Column::Classification.is_in(words.map(Classification::as_str)))
        .into_query()
}

/// Saves what adds to the risk of people for good, and lets what the preview adds take the place of the last preview's.
pub(crate) async fn save_risk(
    transaction: &DatabaseTransaction,
    generation: i64,
    settled: &[RiskEvent],
    previewed: &[RiskEvent],
) -> Step<()> {
    risk_event::Entity::delete_many()
        .filter(risk_event::Column::Generation.eq(generation))
        .filter(risk_event::Column::Provisional.eq(true))
        .exec(transaction)
        .await?;
    let settled = rows(generation, settled, false)?;
    insert_or_replace(transaction, settled).await?;
    let previewed = rows(generation, previewed, true)?;
    insert_or_keep(transaction, previewed).await
}

fn rows(generation: i64, events: &[RiskEvent], provisional: bool) -> Step<Vec<risk_event::Model>> {
    // One statement may not write a row twice, so of events with the same cause the last counts.
    let mut rows: BTreeMap<(String, (String, String)), risk_event::Model> = BTreeMap::new();
    for event in events {
        let (cause_kind, cause) = event.cause.columns()?;
        let person = short(&event.person);
        let row = risk_event::Model {
            generation,
            person: person.clone(),
            cause_kind: cause_kind.clone(),
            cause: cause.clone(),
            person_name: event.person_name.as_deref().map(short),
            at: micros(event.at),
            points: event.points,
            why: short(&event.why),
            provisional,
        };
        rows.insert((person, (cause_kind, cause)), row);
    }
    Ok(rows.into_values().collect())
}
