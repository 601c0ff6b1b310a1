//! What two versions of a policy say of the same.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::outcome::BacktestSample;

/// Alerts by their key, which is the same for the same events.
pub(super) type Alerts = BTreeMap<String, Raised>;

/// An alert of one version.
pub(super) struct Raised {
    pub(super) sample: BacktestSample,
    /// What its matches have in common.
    pub(super) dedup: String,
    pub(super) first_at: DateTime<Utc>,
    pub(super) last_at: DateTime<Utc>,
}

/// Those of `these` without a counterpart among `others`: an alert of the same dedup text whose matches lie within `window` of its own. Their
/// keys may differ, because a version that is stricter or laxer begins earlier or later to speak about the same.
pub(super) fn without_counterpart(
    these: &Alerts,
    others: &Alerts,
    window: TimeDelta,
) -> Vec<BacktestSample> {
    let mut by_dedup: HashMap<&str, Vec<&Raised>> = HashMap::new();
    for other in others.values() {
        by_dedup.entry(&other.dedup).or_default().push(other);
    }
    for of_dedup in by_dedup.values_mut() {
        // Alerts of one version and dedup text follow each other, so these are in the order of their ends, too.
        of_dedup.sort_by_key(|raised| raised.first_at);
    }
    let has_counterpart = |key: &str, raised: &Raised| {
        others.contains_key(key)
            || by_dedup.get(raised.dedup.as_str()).is_some_and(|others| {
                let ended =
                    others.partition_point(|other| other.last_at + window < raised.first_at);
                let next = others.get(ended);
                next.is_some_and(|other| other.first_at <= raised.last_at + window)
            })
    };
    let only = these
        .iter()
        .filter(|(key, raised)| !has_counterpart(key, raised));
    only.map(|(_, raised)| raised.sample.clone()).collect()
}

#[cfg(test)]
mod tests {
    use drishti_model::Severity;

    use super::*;

    /// Dedup text, and first and last minute.
    fn alerts(of: &[(&str, i64, i64)]) -> Alerts {
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let raised = |&(dedup, first, last): &(&str, i64, i64)| Raised {
            sample: BacktestSample {
                source: "files".to_owned(),
                time: at(first),
                severity: Severity::Low,
                title: format!("{dedup} {first}"),
                entity: dedup.to_owned(),
                events: Vec::new(),
            },
            dedup: dedup.to_owned(),
            first_at: at(first),
            last_at: at(last),
        };
        let keyed = of.iter().map(|alert| (format!("{alert:?}"), raised(alert)));
        keyed.collect()
    }

    #[test]
    fn what_begins_earlier_or_later_is_the_same() {
        let lax = alerts(&[
            ("ada", 0, 30),
            ("ada", 200, 210),
            ("ben", 0, 5),
            ("eve", 70, 70),
        ]);
        let strict = alerts(&[("ada", 20, 30), ("ada", 400, 410), ("eve", 40, 40)]);
        let window = TimeDelta::minutes(60);
        let titles = |these: &Alerts, others: &Alerts| -> Vec<String> {
            let only = without_counterpart(these, others, window);
            only.into_iter().map(|sample| sample.title).collect()
        };
        assert_eq!(titles(&lax, &strict), ["ada 200", "ben 0"]);
        assert_eq!(titles(&strict, &lax), ["ada 400"]);
        assert!(titles(&lax, &lax).is_empty());
        assert_eq!(titles(&lax, &Alerts::new()).len(), lax.len());
    }
}
