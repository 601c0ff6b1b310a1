use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::error::{Fault, LedgerError, Step};
use crate::tables::alert;
use crate::value::{micros, word};
use crate::{Classification, Ledger, ROWS_MAX};

/// What people made of the alerts of one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Alerts that nobody has resolved.
    pub open: u64,
    /// Resolved ones, by what they turned out to be.
    pub resolved: BTreeMap<Classification, u64>,
}

impl Ledger {
    /// What people made of the alerts that began at `since` or later, by policy. Alerts that were kept quiet by a suppression, or are
    /// beyond their policy's daily cap, are left out: nobody was called.
    pub async fn verdicts(
        &self,
        since: DateTime<Utc>,
    ) -> Result<BTreeMap<String, Verdicts>, LedgerError> {
        use alert::Column as Of;

        let rows = alert::Entity::find()
            .select_only()
            .column(Of::Policy)
            .column(Of::Classification)
            .column_as(Of::Id.count(), "alerts")
            .filter(Of::OpenedAt.gte(micros(since)))
            .filter(Of::SuppressedBy.is_null())
            .filter(Of::Capped.eq(false))
            .group_by(Of::Policy)
            .group_by(Of::Classification)
            .limit(ROWS_MAX)
            .into_tuple::<(String, Option<String>, i64)>()
            .all(self.database())
            .await
            .map_err(Fault::from);
        let verdicts = rows.and_then(by_policy);
        verdicts.map_err(|fault: Fault| self.failed("reading what became of the alerts", fault))
    }
}

fn by_policy(rows: Vec<(String, Option<String>, i64)>) -> Step<BTreeMap<String, Verdicts>> {
    let mut verdicts: BTreeMap<String, Verdicts> = BTreeMap::new();
    for (policy, classification, alerts) in rows {
        let of_policy = verdicts.entry(policy).or_default();
        let alerts = alerts.unsigned_abs();
        match classification {
            None => of_policy.open += alerts,
            Some(classification) => {
                *of_policy
                    .resolved
                    .entry(word(&classification)?)
                    .or_default() += alerts;
            }
        }
    }
    Ok(verdicts)
}
