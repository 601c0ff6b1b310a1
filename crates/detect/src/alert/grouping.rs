use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use drishti_model::Severity;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::{Alert, Change, Suppression};
use crate::journal::Journal;
use crate::{
    AfterResolution, Entity, EventReference, Explanation, FINDING_EVENTS_MAX, Finding, Grouping,
    Mode, Policy, PolicyId, StateRow,
};

/// Most groups of matches that are open at once; beyond it those that began longest ago are closed early.
pub const GROUPS_MAX: usize = 100_000;

/// Most events of one alert that are known again when another match rests on them, too.
pub const ALERT_EVENTS_KNOWN_MAX: usize = 1_000;

/// How the keys of saved groups and counters begin.
const GROUP_ROW: &str = "alert/group/";
const COUNT_ROW: &str = "alert/count/";

/// The spans, in hours, and the matches in them that pause a policy (`defender-behaviour.md`, section 2.1).
const PAUSE_LIMITS: [(u32, u64); 2] = [(3, 100_000), (24, 200_000)];

/// How alerts are made, apart from what the policies say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupingSettings {
    /// Most alerts of one policy that begin on one day; the rest are kept as capped.
    pub alerts_per_day_max: u32,
    /// Which findings nobody wants to hear of.
    pub suppressions: Vec<Suppression>,
    /// What is set about single policies.
    pub limits: BTreeMap<PolicyId, PolicyLimits>,
    /// Alerts of policies that open anew that people have resolved, by key, and how many matches each had then: the next match
    /// begins another alert.
    pub resolved: BTreeMap<String, u64>,
}

/// How much a policy may say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyLimits {
    /// Takes the place of [`GroupingSettings::alerts_per_day_max`].
    pub alerts_per_day_max: Option<u32>,
    /// Matches from here on are not heard: it matched too often, in whichever source.
    pub paused_since: Option<DateTime<Utc>>,
    /// When somebody last let it go on. However often it had matched until then is all right.
    pub resumed_at: Option<DateTime<Utc>>,
}

impl Default for GroupingSettings {
    fn default() -> Self {
        Self {
            alerts_per_day_max: 100,
            suppressions: Vec::new(),
            limits: BTreeMap::new(),
            resolved: BTreeMap::new(),
        }
    }
}

/// Groups findings into alerts, by the time of their events alone (`sumo-panther.md`, section 2.3): the first match opens a group,
/// matches within the window after it join, and the match that reaches the threshold makes the alert.
#[derive(Debug)]
pub struct AlertGrouper {
    source: String,
    policies: HashMap<PolicyId, (Grouping, Mode)>,
    settings: GroupingSettings,
    groups: Journal<GroupKey, Group>,
    counts: Journal<PolicyId, Counts>,
}

type GroupKey = (PolicyId, Arc<str>);

/// Matches that belong together.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Group {
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    matches: u64,
    /// The events of the matches so far, until they make an alert.
    waiting: Vec<EventReference>,
    /// Gids of its events, as numbers.
    known: BTreeSet<u64>,
    events: u64,
    alert: Option<Opened>,
    key: String,
    entity: Entity,
    severity: Severity,
    title: String,
    explanation: Explanation,
}

/// What is fixed when the alert begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Opened {
    at: DateTime<Utc>,
    suppressed_by: Option<String>,
    is_capped: bool,
}

/// How often a policy spoke lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counts {
    alerts_on: NaiveDate,
    alerts: u32,
    /// For each of [`PAUSE_LIMITS`], when the span began and the matches in it.
    spans: [(i64, u64); PAUSE_LIMITS.len()],
    /// The match that was too much.
    paused_at: Option<DateTime<Utc>>,
}

impl AlertGrouper {
    /// For the alerts of `source` by `policies`.
    pub fn new(source: &str, policies: &[Arc<Policy>], settings: GroupingSettings) -> Self {
        Self {
            source: source.to_owned(),
            policies: policies
                .iter()
                .map(|policy| (policy.id.clone(), (policy.grouping, policy.mode)))
                .collect(),
            settings,
            groups: Journal::default(),
            counts: Journal::default(),
        }
    }

    /// Adds what `finding` changes to `changes`. Findings come in the order of their times.
    pub fn take(&mut self, finding: Finding, changes: &mut Vec<Change>) {
        let Some(&(grouping, mode)) = self.policies.get(&finding.policy) else {
            return;
        };
        if !self.counted(&finding, changes) {
            return;
        }
        match mode {
            Mode::Off => {}
            Mode::Record => changes.push(self.recorded(finding)),
            Mode::Alert => self.group(grouping, finding, changes),
        }
    }

    /// Whether matches of a policy make alerts.
    pub(crate) fn alerts(&self, policy: &PolicyId) -> bool {
        let known = self.policies.get(policy);
        known.is_some_and(|(_, mode)| *mode == Mode::Alert)
    }

    /// Counts a match; false where its policy is paused.
    fn counted(&mut self, finding: &Finding, changes: &mut Vec<Change>) -> bool {
        let limits = self.limits(&finding.policy);
        if limits.paused_since.is_some_and(|since| finding.at >= since) {
            return false;
        }
        let mut counts = self
            .counts
            .get(&finding.policy)
            .cloned()
            .unwrap_or_default();
        if let Some(paused_at) = counts.paused_at {
            if limits.resumed_at.is_none_or(|resumed| resumed < paused_at) {
                return false;
            }
            (counts.paused_at, counts.spans) = (None, Default::default());
        }
        if limits.resumed_at.is_none_or(|resumed| resumed < finding.at)
            && let Some((matches, hours)) = counts.too_much(finding.at)
        {
            changes.push(Change::Paused {
                policy: finding.policy.clone(),
                at: finding.at,
                matches,
                hours,
            });
        }
        let goes_on = counts.paused_at.is_none();
        self.counts.insert(finding.policy.clone(), counts);
        goes_on
    }

    fn limits(&self, policy: &PolicyId) -> PolicyLimits {
        self.settings
            .limits
            .get(policy)
            .copied()
            .unwrap_or_default()
    }

    fn group(&mut self, grouping: Grouping, finding: Finding, changes: &mut Vec<Change>) {
        let key: GroupKey = (finding.policy.clone(), finding.dedup.as_str().into());
        let open = self
            .groups
            .get(&key)
            .filter(|group| finding.at < group.first_at + grouping.window)
            .filter(|group| !self.is_over(grouping, group) && self.is_as_quiet(group, &finding))
            .cloned();
        let mut group = if let Some(mut group) = open {
            group.join(&finding);
            group
        } else {
            self.make_room(finding.at);
            Group::new(&self.source, &finding)
        };
        let mut events = group.fresh(&finding.events);
        let begins = group.alert.is_none();
        if begins {
            group.waiting.extend(events);
            group.waiting.truncate(FINDING_EVENTS_MAX);
            if group.matches < u64::from(grouping.threshold) {
                self.groups.insert(key, group);
                changes.push(self.recorded(finding));
                return;
            }
            events = std::mem::take(&mut group.waiting);
            group.alert = Some(self.open(&finding));
        }
        if let Some(alert) = group.alert(&key) {
            let alert = Box::new(alert);
            changes.push(Change::Alert {
                alert,
                begins,
                events,
            });
        }
        self.groups.insert(key, group);
    }

    /// Whether people have resolved the alert of a group, and the policy wants another one for what comes after.
    fn is_over(&self, grouping: Grouping, group: &Group) -> bool {
        let resolved_with = self.settings.resolved.get(&group.key);
        grouping.after_resolution == AfterResolution::OpenAnew
            && group.alert.is_some()
            && resolved_with.is_some_and(|&matches| group.matches >= matches)
    }

    /// Whether the alert of a group is as quiet as `finding` is to be: nothing is swallowed by a suppression that has ended, and nothing
    /// that one keeps quiet makes an alert grow, and so open again, that was there before it.
    fn is_as_quiet(&self, group: &Group, finding: &Finding) -> bool {
        let Some(opened) = &group.alert else {
            return true;
        };
        let mut applying = self.suppressions_of(finding);
        match &opened.suppressed_by {
            Some(id) => applying.any(|suppression| suppression.id == *id),
            None => applying.next().is_none(),
        }
    }

    fn suppressions_of(&self, finding: &Finding) -> impl Iterator<Item = &Suppression> {
        let suppressions = self.settings.suppressions.iter();
        suppressions.filter(|suppression| suppression.applies_to(finding))
    }

    /// A match that makes no alert.
    fn recorded(&self, finding: Finding) -> Change {
        let suppression = self.suppressions_of(&finding).next();
        match suppression.map(|suppression| suppression.id.clone()) {
            None => Change::Signal(Box::new(finding)),
            Some(suppression) => Change::Suppressed {
                suppression,
                policy: finding.policy,
                at: finding.at,
            },
        }
    }

    fn open(&mut self, finding: &Finding) -> Opened {
        let suppression = self.suppressions_of(finding).next();
        let suppression = suppression.map(|suppression| suppression.id.clone());
        let mut is_capped = false;
        if suppression.is_none() {
            let mut counts = self
                .counts
                .get(&finding.policy)
                .cloned()
                .unwrap_or_default();
            let day = finding.at.date_naive();
            if counts.alerts_on != day {
                (counts.alerts_on, counts.alerts) = (day, 0);
            }
            counts.alerts += 1;
            let limits = self.limits(&finding.policy);
            let most = limits.alerts_per_day_max;
            is_capped = counts.alerts > most.unwrap_or(self.settings.alerts_per_day_max);
            self.counts.insert(finding.policy.clone(), counts);
        }
        Opened {
            at: finding.at,
            suppressed_by: suppression,
            is_capped,
        }
    }

    /// Forgets groups whose window is over at `now`; then, where there still is no room, those that began longest ago.
    fn make_room(&mut self, now: DateTime<Utc>) {
        if self.groups.len() < GROUPS_MAX {
            return;
        }
        let window = |policy: &PolicyId| {
            let settings = self.policies.get(policy);
            settings.map_or(TimeDelta::zero(), |(grouping, _)| grouping.window)
        };
        let mut over: Vec<GroupKey> = self
            .groups
            .iter()
            .filter(|((policy, _), group)| group.first_at + window(policy) <= now)
            .map(|(key, _)| key.clone())
            .collect();
        if over.is_empty() {
            let mut all: Vec<(DateTime<Utc>, &GroupKey)> = self
                .groups
                .iter()
                .map(|(key, group)| (group.first_at, key))
                .collect();
            all.sort_unstable();
            over = all
                .into_iter()
                .take(GROUPS_MAX / 10)
                .map(|(_, key)| key.clone())
                .collect();
        }
        for key in over {
            self.groups.remove(&key);
        }
    }

    /// From here on changes are undone by [`AlertGrouper::end_preview`].
    pub fn begin_preview(&mut self) {
        self.groups.begin();
        self.counts.begin();
    }

    /// Undoes what was changed since [`AlertGrouper::begin_preview`].
    pub fn end_preview(&mut self) {
        self.groups.end();
        self.counts.end();
    }

    /// What has to be saved since the last time.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        // A value of these types always has a JSON form, so nothing is left out.
        let groups = self.groups.take_changed().into_iter();
        let groups = groups.map(|((policy, dedup), group)| StateRow {
            key: format!("{GROUP_ROW}{policy}/{dedup}"),
            value: group.and_then(|group| serde_json::to_vec(&group).ok()),
        });
        let counts = self.counts.take_changed().into_iter();
        let counts = counts.map(|(policy, counts)| StateRow {
            key: format!("{COUNT_ROW}{policy}"),
            value: counts.and_then(|counts| serde_json::to_vec(&counts).ok()),
        });
        groups.chain(counts).collect()
    }

    /// Takes a saved row back; false where it is none of these, or can't be read.
    pub fn restore(&mut self, row: &StateRow) -> bool {
        let Some(value) = &row.value else {
            return false;
        };
        if let Some(rest) = row.key.strip_prefix(GROUP_ROW)
            && let Some((policy, dedup)) = rest.split_once('/')
            && let Ok(group) = serde_json::from_slice(value)
        {
            self.groups
                .restore((PolicyId::new(policy), dedup.into()), group);
            return true;
        }
        if let Some(policy) = row.key.strip_prefix(COUNT_ROW)
            && let Ok(counts) = serde_json::from_slice(value)
        {
            self.counts.restore(PolicyId::new(policy), counts);
            return true;
        }
        false
    }
}

impl Counts {
    /// Counts a match, and pauses where that is one too many: gives the matches and the span, in hours.
    fn too_much(&mut self, at: DateTime<Utc>) -> Option<(u64, u32)> {
        for ((hours, most), (began, matches)) in PAUSE_LIMITS.into_iter().zip(&mut self.spans) {
            let span = at.timestamp().div_euclid(i64::from(hours) * 3_600);
            if *began == span {
                *matches += 1;
            } else {
                (*began, *matches) = (span, 1);
            }
            if *matches > most {
                self.paused_at = Some(at);
                return Some((*matches, hours));
            }
        }
        None
    }
}

impl Group {
    fn new(source: &str, finding: &Finding) -> Self {
        let first_event = finding.events.first().map_or("", |event| &event.gid);
        let identity = format!(
            "{source}\n{}\n{}\n{}\n{first_event}",
            finding.policy,
            finding.dedup,
            finding.at.timestamp_micros(),
        );
        Self {
            first_at: finding.at,
            last_at: finding.at,
            matches: 1,
            waiting: Vec::new(),
            known: BTreeSet::new(),
            events: 0,
            alert: None,
            key: format!("{:032x}", xxh3_128(identity.as_bytes())),
            entity: finding.entity.clone(),
            severity: finding.severity,
            title: finding.title.clone(),
            explanation: finding.explanation.clone(),
        }
    }

    /// Those of `events` that are new to the group. Once as many are known as may be, only the newest event of a match can be: those
    /// before it are of earlier matches.
    fn fresh(&mut self, events: &[EventReference]) -> Vec<EventReference> {
        let newest = events.len().saturating_sub(1);
        let mut fresh = Vec::new();
        for (index, event) in events.iter().enumerate() {
            let number = xxh3_64(event.gid.as_bytes());
            let is_new = if self.known.len() < ALERT_EVENTS_KNOWN_MAX {
                self.known.insert(number)
            } else {
                index == newest && !self.known.contains(&number)
            };
            if is_new {
                fresh.push(event.clone());
            }
        }
        self.events += fresh.len() as u64;
        fresh
    }

    fn join(&mut self, finding: &Finding) {
        self.matches += 1;
        self.last_at = finding.at;
        if finding.severity > self.severity
            && let Some(opened) = &mut self.alert
        {
            // A cap holds back more of the same, not what has become worse.
            opened.is_capped = false;
        }
        if finding.severity >= self.severity {
            self.severity = finding.severity;
            self.title.clone_from(&finding.title);
            self.explanation = finding.explanation.clone();
        }
    }

    fn alert(&self, (policy, dedup): &GroupKey) -> Option<Alert> {
        let opened = self.alert.as_ref()?;
        Some(Alert {
            key: self.key.clone(),
            policy: policy.clone(),
            title: self.title.clone(),
            severity: self.severity,
            entity: self.entity.clone(),
            dedup: dedup.to_string(),
            opened_at: opened.at,
            first_at: self.first_at,
            last_at: self.last_at,
            matches: self.matches,
            events: self.events,
            explanation: self.explanation.clone(),
            suppressed_by: opened.suppressed_by.clone(),
            is_capped: opened.is_capped,
        })
    }
}

#[cfg(test)]
mod tests;
