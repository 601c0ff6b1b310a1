use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::IntoCondition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::alerts::hold_alerts;
use crate::error::{Fault, LedgerError, Step};
use crate::tables::{alert, policy_day, risk_event, signal, suppression};
use crate::value::{day_of, micros};
use crate::{AlertState, Ledger};

/// Alerts that go in one transaction.
const ALERTS_AT_ONCE: u64 = 500;

/// How many days what detection found is kept, by the time of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptDays {
    /// Resolved alerts, with their history; others stay. `None`: for ever. At least as long as the lake keeps their events, because
    /// a rebuild would bring them back as new.
    pub alerts: Option<i64>,
    /// Signals.
    pub signals: i64,
    /// What adds to the risk of people.
    pub risk: i64,
    /// What policies came to each day.
    pub policy_counts: i64,
    /// Suppressions that have ended.
    pub suppressions: i64,
}

impl Default for KeptDays {
    fn default() -> Self {
        Self {
            alerts: Some(730),
            signals: 90,
            risk: 30,
            policy_counts: 400,
            suppressions: 730,
        }
    }
}

/// How much has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Resolved alerts.
    pub alerts: u64,
    /// Signals.
    pub signals: u64,
    /// Addends of risk.
    pub risk: u64,
    /// Days of policies.
    pub policy_counts: u64,
    /// Suppressions.
    pub suppressions: u64,
}

impl Ledger {
    /// Lets what detection found go that is older than `kept` says.
    pub async fn trim_detection(
        &self,
        kept: KeptDays,
        now: DateTime<Utc>,
    ) -> Result<Trimmed, LedgerError> {
        let before = |days: i64| micros(now - TimeDelta::days(days));
        let old_signals = signal::Column::At.lt(before(kept.signals));
        let old_risk = risk_event::Column::At.lt(before(kept.risk));
        let old_days = policy_day::Column::Day.lt(day_of(before(kept.policy_counts)));
        let ended = suppression::Column::EndsAt.lt(before(kept.suppressions));
        let mut trimmed = Trimmed {
            signals: self.trim::<signal::Entity>("signals", old_signals).await?,
            risk: self
                .trim::<risk_event::Entity>("risk of people", old_risk)
                .await?,
            policy_counts: self
                .trim::<policy_day::Entity>("counts of the policies", old_days)
                .await?,
            suppressions: self
                .trim::<suppression::Entity>("suppressions", ended)
                .await?,
            alerts: 0,
        };
        let Some(alerts) = kept.alerts else {
            return Ok(trimmed);
        };
        loop {
            let gone = self.trim_some_alerts(before(alerts)).await?;
            trimmed.alerts += gone;
            if gone == 0 {
                return Ok(trimmed);
            }
        }
    }

    async fn trim_some_alerts(&self, before: i64) -> Result<u64, LedgerError> {
        let write = self.write("trimming the alerts".to_owned()).await?;
        let is_old = |row: &alert::Model| {
            row.state == AlertState::Resolved.as_str() && row.last_event_at < before
        };
        let outcome: Step<u64> = async {
            let ids: Vec<String> = alert::Entity::find()
                .select_only()
                .column(alert::Column::Id)
                .filter(alert::Column::State.eq(AlertState::Resolved.as_str()))
                .filter(alert::Column::LastEventAt.lt(before))
                .order_by_asc(alert::Column::LastEventAt)
                .limit(ALERTS_AT_ONCE)
                .into_tuple()
                .all(&write.transaction)
                .await?;
            // One may have been reopened before it was held.
            let held = hold_alerts(&write.transaction, &ids).await?;
            let old = held.into_values().filter(is_old).map(|row| row.id);
            let gone = alert::Entity::delete_many()
                .filter(alert::Column::Id.is_in(old))
                .exec(&write.transaction)
                .await?;
            Ok(gone.rows_affected)
        }
        .await;
        write.finish(outcome).await
    }

    /// Deletes the rows of one table that fit `condition`.
    async fn trim<E: EntityTrait>(
        &self,
        what: &str,
        condition: impl IntoCondition,
    ) -> Result<u64, LedgerError> {
        let write = self.write(format!("trimming the {what}")).await?;
        let gone = E::delete_many()
            .filter(condition)
            .exec(&write.transaction)
            .await;
        let gone = gone.map(|gone| gone.rows_affected).map_err(Fault::from);
        write.finish(gone).await
    }
}
