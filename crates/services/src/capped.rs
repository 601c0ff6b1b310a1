//! What the daily caps of policies kept back.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use drishti_ledger::{Alert, AlertCursor, AlertEntity, AlertFilter, ROWS_MAX};
use serde::Serialize;

use crate::alerts::EntityView;
use crate::{ServiceError, Services};

/// Most alerts that a digest counts, the newest.
pub const DIGEST_ALERTS_MAX: usize = 100_000;

/// Most entities that a digest names of one policy and day.
pub const DIGEST_ENTITIES_MAX: usize = 5;

/// Alerts that were kept back, by policy and day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CappedDigest {
    /// The newest day first, and of each day the policy with the most alerts.
    pub days: Vec<CappedDay>,
    /// Whether it counts all of them.
    pub is_whole: bool,
}

/// What one policy had beyond its daily cap on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CappedDay {
    /// On which day the alerts began, in UTC.
    pub day: NaiveDate,
    /// Name of the policy.
    pub policy_id: String,
    /// How many alerts.
    pub alerts: u64,
    /// Whom or what most of them are about.
    pub entities: Vec<CappedEntity>,
}

/// How much of it is about one person or thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CappedEntity {
    /// Who or what.
    #[serde(flatten)]
    pub entity: EntityView,
    /// How many alerts.
    pub alerts: u64,
}

impl Services {
    /// What the daily caps kept back over so many days (UTC), today among them.
    pub async fn capped_digest(&self, days: u32) -> Result<CappedDigest, ServiceError> {
        let today = self.clock.now().date_naive();
        let before = Days::new(u64::from(days.saturating_sub(1)));
        let since = today.checked_sub_days(before).unwrap_or(today);
        let mut counted: BTreeMap<(NaiveDate, String), HashMap<AlertEntity, u64>> = BTreeMap::new();
        let mut count = 0;
        let mut filter = AlertFilter {
            capped: Some(true),
            since: Some(since.and_time(chrono::NaiveTime::MIN).and_utc()),
            limit: ROWS_MAX,
            ..AlertFilter::default()
        };
        loop {
            let page = self.ledger.alerts(&filter).await?;
            filter.after = page.last().map(AlertCursor::at);
            let is_last = (page.len() as u64) < ROWS_MAX;
            count += page.len();
            for alert in page {
                let day = alert.opened_at.date_naive();
                if day >= since {
                    let Alert { policy, entity, .. } = alert;
                    let of_day = counted.entry((day, policy)).or_default();
                    *of_day.entry(entity).or_default() += 1;
                }
            }
            if is_last || count >= DIGEST_ALERTS_MAX {
                return Ok(CappedDigest {
                    days: ordered(counted),
                    is_whole: is_last,
                });
            }
        }
    }
}

fn ordered(counted: BTreeMap<(NaiveDate, String), HashMap<AlertEntity, u64>>) -> Vec<CappedDay> {
    let days = counted.into_iter().map(|((day, policy_id), entities)| {
        let alerts = entities.values().sum();
        let entities = entities.into_iter().map(|(entity, alerts)| CappedEntity {
            entity: entity.into(),
            alerts,
        });
        let mut entities: Vec<CappedEntity> = entities.collect();
        entities.sort_by(|one, other| {
            let key = |of: &CappedEntity| (Reverse(of.alerts), of.entity.id.clone());
            key(one).cmp(&key(other))
        });
        entities.truncate(DIGEST_ENTITIES_MAX);
        CappedDay {
            day,
            policy_id,
            alerts,
            entities,
        }
    });
    let mut days: Vec<CappedDay> = days.collect();
    days.sort_by_key(|day| (Reverse(day.day), Reverse(day.alerts)));
    days
}
