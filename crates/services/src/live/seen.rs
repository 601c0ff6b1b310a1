use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use drishti_ledger::{AlertStanding, HealthNote, Look, SourceStanding};
use drishti_model::SourceName;

use super::Change;

/// Most alerts that one look tells of; where more have changed, everything is to be read anew.
pub const ALERTS_A_LOOK_MAX: usize = 200;

/// Most changes that one look tells of; where there are more, everything is to be read anew.
pub const CHANGES_A_LOOK_MAX: usize = 500;

/// Most health events that one look reads.
pub(super) const HEALTH_A_LOOK_MAX: usize = 100;

/// How far each look reads back before the newest change of an alert: clocks of several nodes differ, and what was changed earlier may
/// be there later.
const OVERLAP: TimeDelta = TimeDelta::minutes(1);

/// What the looks so far have shown.
#[derive(Default)]
pub(super) struct Seen {
    has_looked: bool,
    sources: BTreeMap<SourceName, SourceStanding>,
    policies: BTreeMap<String, i64>,
    evaluations: BTreeMap<i64, i64>,
    totals: BTreeMap<SourceName, u64>,
    alerts_since: Option<DateTime<Utc>>,
    /// Of the alerts that changed since then: how they were, by id.
    alerts: BTreeMap<String, (DateTime<Utc>, i64)>,
    health: BTreeSet<i64>,
}

impl Seen {
    /// From when on changed alerts are to be read.
    pub(super) fn alerts_since(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        *self.alerts_since.get_or_insert(now - OVERLAP)
    }

    /// Whether detection has said anything since.
    pub(super) fn has_evaluated(&self, look: &Look) -> bool {
        !self.has_looked || self.evaluations != look.evaluations
    }

    /// What differs from what was seen. The first look shows only how things are.
    pub(super) fn take(
        &mut self,
        look: Look,
        totals: Option<BTreeMap<SourceName, u64>>,
        since: DateTime<Utc>,
    ) -> Vec<Change> {
        let is_too_much = look.alerts.len() > ALERTS_A_LOOK_MAX;
        let mut changes = self.alerts(look.alerts, since);
        if let Some(totals) = totals {
            self.gone(totals, &mut changes);
        }
        self.sources(look.sources, &mut changes);
        self.health(look.health, &mut changes);
        for (name, revision) in &look.policies {
            if self.policies.get(name) != Some(revision) {
                changes.push(Change::Policy { name: name.clone() });
            }
        }
        self.policies = look.policies;
        self.evaluations = look.evaluations;
        if !std::mem::replace(&mut self.has_looked, true) {
            return Vec::new();
        }
        if is_too_much || changes.len() > CHANGES_A_LOOK_MAX {
            return vec![Change::Everything];
        }
        changes
    }

    fn alerts(&mut self, standings: Vec<AlertStanding>, since: DateTime<Utc>) -> Vec<Change> {
        let newest = standings.first().map(|standing| standing.updated_at);
        if standings.len() > ALERTS_A_LOOK_MAX {
            // Those of the same moment are read anew by everybody, and not again here.
            self.alerts.clear();
            self.alerts_since = newest.map(|newest| newest + TimeDelta::microseconds(1));
            return Vec::new();
        }
        let mut changes = Vec::new();
        let mut known = BTreeMap::new();
        for standing in standings.into_iter().rev() {
            let is = (standing.updated_at, standing.revision);
            let was = self.alerts.get(&standing.id);
            if was != Some(&is) {
                changes.push(Change::Alert {
                    id: standing.id.clone(),
                    source: standing.source,
                    severity: standing.severity,
                    state: standing.state,
                    revision: standing.revision,
                    is_new: was.is_none() && standing.created_at >= since,
                    is_quiet: standing.is_quiet,
                });
            }
            known.insert(standing.id, is);
        }
        self.alerts = known;
        self.alerts_since = Some(newest.map_or(since, |newest| since.max(newest - OVERLAP)));
        changes
    }

    /// Alerts are gone where there are fewer than there were, with those that came.
    fn gone(&mut self, totals: BTreeMap<SourceName, u64>, changes: &mut Vec<Change>) {
        let mut expected = std::mem::take(&mut self.totals);
        for change in changes.iter() {
            if let Change::Alert {
                source,
                is_new: true,
                ..
            } = change
            {
                *expected.entry(source.clone()).or_default() += 1;
            }
        }
        for (source, expected) in expected {
            if totals.get(&source).copied().unwrap_or_default() < expected {
                changes.push(Change::AlertsGone { source });
            }
        }
        self.totals = totals;
    }

    fn sources(
        &mut self,
        standings: BTreeMap<SourceName, SourceStanding>,
        changes: &mut Vec<Change>,
    ) {
        for (name, is) in &standings {
            let was = self.sources.remove(name);
            if was.as_ref() == Some(is) {
                continue;
            }
            let stored = was.map_or(0, |was| was.events_stored);
            let count = (is.events_stored - stored).max(0).unsigned_abs();
            if count > 0 {
                let source = name.clone();
                changes.push(Change::Events { source, count });
            }
            changes.push(Change::Source {
                name: name.clone(),
                state: is.state,
                status: is.status,
            });
        }
        let gone = std::mem::replace(&mut self.sources, standings);
        changes.extend(gone.into_keys().map(|name| Change::SourceGone { name }));
    }

    fn health(&mut self, notes: Vec<HealthNote>, changes: &mut Vec<Change>) {
        let is_full = self.health.len() >= HEALTH_A_LOOK_MAX;
        let oldest = self.health.first().copied().filter(|_| is_full);
        let seen: BTreeSet<i64> = notes.iter().map(|note| note.id).collect();
        for note in notes.into_iter().rev() {
            // One that is older than all that were read before only moved up because others went.
            let is_older = oldest.is_some_and(|oldest| note.id < oldest);
            if !is_older && !self.health.contains(&note.id) {
                changes.push(Change::Health {
                    id: note.id,
                    source: note.source,
                    name: note.name,
                    severity: note.severity,
                });
            }
        }
        self.health = seen;
    }
}

#[cfg(test)]
mod tests {
    use drishti_ledger::AlertState;
    use drishti_model::{HealthSeverity, HealthStatus, Severity, SourceState};

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn name() -> SourceName {
        SourceName::new("acme").unwrap()
    }

    fn alert(id: &str, created: i64, updated: i64) -> AlertStanding {
        AlertStanding {
            id: id.to_owned(),
            source: name(),
            severity: Severity::High,
            state: AlertState::New,
            is_quiet: false,
            revision: 1,
            created_at: at(created),
            updated_at: at(updated),
        }
    }

    fn standing(events: i64) -> SourceStanding {
        SourceStanding {
            revision: 1,
            state: SourceState::Collecting,
            status: HealthStatus::Healthy,
            last_poll_at: Some(at(events)),
            last_event_at: None,
            events_stored: events,
            events_quarantined: 0,
        }
    }

    /// What looks with these alerts, the newest change first, tell.
    fn told(seen: &mut Seen, mut alerts: Vec<AlertStanding>) -> Vec<String> {
        alerts.sort_by_key(|alert| std::cmp::Reverse(alert.updated_at));
        let since = seen.alerts_since(at(0));
        alerts.retain(|alert| alert.updated_at >= since);
        alerts.truncate(ALERTS_A_LOOK_MAX + 1);
        let look = Look {
            alerts,
            ..Look::default()
        };
        let changes = seen.take(look, None, since).into_iter();
        let word = |change| match change {
            Change::Alert { id, is_new, .. } => format!("{id}{}", if is_new { "!" } else { "" }),
            other => format!("{other:?}"),
        };
        changes.map(word).collect()
    }

    #[test]
    fn each_change_of_an_alert_is_told_once_also_where_it_comes_late() {
        let mut seen = Seen::default();
        let a = || alert("a", -500, -10);
        assert!(told(&mut seen, vec![a()]).is_empty());
        assert_eq!(told(&mut seen, vec![a(), alert("b", 1, 1)]), ["b!"]);
        assert!(told(&mut seen, vec![a(), alert("b", 1, 1)]).is_empty());
        // One that was saved under an earlier time, and one of long ago that somebody changed.
        let late = vec![
            a(),
            alert("b", 1, 1),
            alert("c", -5, -5),
            alert("d", -900, 30),
        ];
        assert_eq!(told(&mut seen, late), ["c!", "d"]);
        let commented = AlertStanding {
            revision: 2,
            ..alert("d", -900, 30)
        };
        assert_eq!(told(&mut seen, vec![commented]), ["d"]);
    }

    #[test]
    fn too_many_alerts_are_told_as_everything_and_once() {
        let mut seen = Seen::default();
        assert!(told(&mut seen, Vec::new()).is_empty());
        let many = |more: usize| {
            (0..ALERTS_A_LOOK_MAX + more)
                .map(|number| alert(&number.to_string(), 5, 5))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&mut seen, many(1)), ["Everything"]);
        assert!(told(&mut seen, many(1)).is_empty());
        let mut with_another = many(1);
        with_another.push(alert("another", 6, 6));
        assert_eq!(told(&mut seen, with_another), ["another!"]);
        let mut seen = Seen::default();
        assert!(told(&mut seen, Vec::new()).is_empty());
        assert_eq!(told(&mut seen, many(0)).len(), ALERTS_A_LOOK_MAX);
    }

    #[test]
    fn too_many_changes_are_told_as_everything() {
        let mut seen = Seen::default();
        let look = |policies: usize| Look {
            policies: (0..policies)
                .map(|number| (number.to_string(), 1))
                .collect(),
            ..Look::default()
        };
        assert!(seen.take(look(0), None, at(0)).is_empty());
        let changes = seen.take(look(CHANGES_A_LOOK_MAX), None, at(0));
        assert_eq!(changes.len(), CHANGES_A_LOOK_MAX);
        let more = seen.take(look(2 * CHANGES_A_LOOK_MAX + 1), None, at(0));
        assert_eq!(more, [Change::Everything]);
    }

    #[test]
    fn alerts_that_went_are_told() {
        let mut seen = Seen::default();
        let total = |alerts| Some(BTreeMap::from([(name(), alerts)]));
        let look = |alerts| Look {
            alerts,
            ..Look::default()
        };
        let gone = Change::AlertsGone { source: name() };
        assert!(seen.take(look(vec![]), total(3), at(0)).is_empty());
        let changes = seen.take(look(vec![]), total(2), at(0));
        assert!(changes.contains(&gone) && changes.len() == 1);
        let one_more = seen.take(look(vec![alert("a", 1, 1)]), total(3), at(0));
        assert!(!one_more.contains(&gone) && one_more.len() == 1);
        // One came and another went.
        let changes = seen.take(look(vec![alert("b", 2, 2)]), total(3), at(0));
        assert!(changes.contains(&gone) && changes.len() == 2);
    }

    #[test]
    fn sources_and_their_events_are_told() {
        let mut seen = Seen::default();
        let look = |events: Option<i64>| Look {
            sources: events
                .map(|events| (name(), standing(events)))
                .into_iter()
                .collect(),
            ..Look::default()
        };
        let moved = Change::Source {
            name: name(),
            state: SourceState::Collecting,
            status: HealthStatus::Healthy,
        };
        let events = |count| Change::Events {
            source: name(),
            count,
        };
        assert!(seen.take(look(Some(5)), None, at(0)).is_empty());
        assert!(seen.take(look(Some(5)), None, at(0)).is_empty());
        let more = seen.take(look(Some(8)), None, at(0));
        assert_eq!(more, [events(3), moved.clone()]);
        // Begun anew after the lake was lost.
        assert_eq!(seen.take(look(Some(1)), None, at(0)), [moved]);
        let gone = seen.take(look(None), None, at(0));
        assert_eq!(gone, [Change::SourceGone { name: name() }]);
    }

    #[test]
    fn health_events_are_told_in_their_order_and_not_those_that_move_up() {
        let mut seen = Seen::default();
        let look = |ids: &[i64]| Look {
            health: ids
                .iter()
                .map(|id| HealthNote {
                    id: *id,
                    source: name(),
                    name: "Paused".to_owned(),
                    severity: HealthSeverity::Information,
                })
                .collect(),
            ..Look::default()
        };
        let ids = |changes: Vec<Change>| -> Vec<i64> {
            let id = |change| match change {
                Change::Health { id, .. } => id,
                other => panic!("{other:?}"),
            };
            changes.into_iter().map(id).collect()
        };
        assert!(seen.take(look(&[3, 1]), None, at(0)).is_empty());
        // Two was saved before three, and seen after it.
        assert_eq!(
            ids(seen.take(look(&[5, 4, 3, 2, 1]), None, at(0))),
            [2, 4, 5]
        );
        let newest: Vec<i64> = (10..).take(HEALTH_A_LOOK_MAX).collect();
        let newest: Vec<i64> = newest.into_iter().rev().collect();
        assert_eq!(
            ids(seen.take(look(&newest), None, at(0))).len(),
            HEALTH_A_LOOK_MAX
        );
        let mut moved_up: Vec<i64> = newest[1..].to_vec();
        moved_up.push(5);
        assert!(seen.take(look(&moved_up), None, at(0)).is_empty());
    }
}
