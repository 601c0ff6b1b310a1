use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_detect::{
    Alert, Change, Detector, Entity, EntityKind, EventReference, FieldCensus, GroupingSettings,
    Mode, People, Policy, PolicyKind,
};
use drishti_lake::InOrder;
use drishti_model::{EnrichedEvent, SourceName, TimeRange};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::difference::{Alerts, Raised, without_counterpart};
use super::outcome::{
    Backtest, BacktestDay, BacktestEntity, BacktestSample, SAMPLE_EVENTS_MAX, add_samples,
};
use crate::watch::people;
use crate::{ServiceError, Services};

/// When to stop reading.
#[derive(Clone, Copy)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    pub(super) fn after(time: Option<Duration>) -> Self {
        Self(time.map(|time| Instant::now() + time))
    }

    fn is_over(&self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }
}

/// A version as it is tried: what is off or only recorded shall show what it would say.
pub(super) fn alerting(version: &Policy) -> Arc<Policy> {
    Arc::new(Policy {
        mode: Mode::Alert,
        ..version.clone()
    })
}

/// Alerts of one version after which reading ends: it has said enough, and all are kept to be compared.
const ALERTS_MAX: usize = 100_000;

/// What is said about somebody or something.
#[derive(Default)]
struct Said {
    name: Option<String>,
    alerts: u64,
    matches: u64,
}

/// One version of the policy, and what it came to.
struct Tried {
    source: SourceName,
    detector: Detector,
    /// How long matches join an alert.
    window: TimeDelta,
    alerts: Alerts,
    days: BTreeMap<chrono::NaiveDate, BacktestDay>,
    entities: HashMap<(EntityKind, String), Said>,
    matches: u64,
    paused_at: Option<DateTime<Utc>>,
    not_evaluable: u64,
    /// Events of the span that it was shown.
    shown: u64,
}

impl Tried {
    fn new(source: &SourceName, version: &Policy) -> Self {
        let settings = GroupingSettings::default();
        Self {
            source: source.clone(),
            detector: Detector::for_trial(source.as_str(), &[alerting(version)], settings).0,
            window: version.grouping.window,
            alerts: Alerts::new(),
            days: BTreeMap::new(),
            entities: HashMap::new(),
            matches: 0,
            paused_at: None,
            not_evaluable: 0,
            shown: 0,
        }
    }

    /// Shows it events in order; what is older than `since` it only learns from.
    fn take(&mut self, events: &[EnrichedEvent], people: &People, since: DateTime<Utc>) {
        let learned = events.partition_point(|event| event.event.created_at < since);
        let (before, within) = events.split_at(learned);
        self.judge(before, people, false, since);
        if !before.is_empty() {
            self.detector.take_not_evaluable();
        }
        self.judge(within, people, true, since);
        self.shown += within.len() as u64;
        let lacking = self.detector.take_not_evaluable();
        self.not_evaluable += lacking.iter().map(|of_day| of_day.events).sum::<u64>();
    }

    fn judge(
        &mut self,
        events: &[EnrichedEvent],
        people: &People,
        counts: bool,
        since: DateTime<Utc>,
    ) {
        let mut changes = Vec::new();
        for event in events {
            self.detector.take(event, people, &mut changes);
            for change in changes.drain(..) {
                self.note(change, counts, since);
            }
        }
    }

    /// Notes a match; whether it counts, because it is in the span.
    fn note(&mut self, change: Change, counts: bool, since: DateTime<Utc>) {
        let (entity, at) = match &change {
            Change::Alert { alert, .. } => (&alert.entity, alert.last_at),
            Change::Signal(finding) => (&finding.entity, finding.at),
            Change::Suppressed { .. } => return,
            Change::Paused { at, .. } => {
                self.paused_at.get_or_insert(*at);
                return;
            }
        };
        if counts {
            let day = at.date_naive();
            self.said_of(&entity.clone()).matches += 1;
            self.matches += 1;
            self.days.entry(day).or_default().matches += 1;
        }
        if let Change::Alert { alert, events, .. } = change
            && alert.opened_at >= since
        {
            self.raise(&alert, &events);
        }
    }

    fn raise(&mut self, alert: &Alert, events: &[EventReference]) {
        let known = self.alerts.get_mut(&alert.key);
        let gids = events.iter().map(|event| event.gid.clone());
        if let Some(Raised {
            sample, last_at, ..
        }) = known
        {
            let free = SAMPLE_EVENTS_MAX.saturating_sub(sample.events.len());
            sample.events.extend(gids.take(free));
            sample.severity = alert.severity;
            sample.title.clone_from(&alert.title);
            *last_at = alert.last_at;
            return;
        }
        let day = alert.opened_at.date_naive();
        self.days.entry(day).or_default().alerts += 1;
        self.said_of(&alert.entity).alerts += 1;
        let entity = &alert.entity;
        let sample = BacktestSample {
            source: self.source.to_string(),
            time: alert.opened_at,
            severity: alert.severity,
            title: alert.title.clone(),
            entity: entity.name.clone().unwrap_or_else(|| entity.id.clone()),
            events: gids.take(SAMPLE_EVENTS_MAX).collect(),
        };
        let raised = Raised {
            sample,
            dedup: alert.dedup.clone(),
            first_at: alert.first_at,
            last_at: alert.last_at,
        };
        self.alerts.insert(alert.key.clone(), raised);
    }

    fn said_of(&mut self, entity: &Entity) -> &mut Said {
        let key = (entity.kind, entity.id.clone());
        let said = self.entities.entry(key).or_default();
        if said.name.is_none() {
            said.name.clone_from(&entity.name);
        }
        said
    }
}

/// One source being gone through.
pub(super) struct Run {
    source: SourceName,
    people: Arc<People>,
    /// The version that is tried, and the one that it is compared with.
    versions: Vec<Tried>,
    census: Option<FieldCensus>,
    /// What is usual is learned without the texts of an event.
    asks_for_details: bool,
    /// Whether all events were read, of whichever type, to the end.
    is_whole: bool,
}

impl Run {
    pub(super) async fn new(
        services: &Services,
        source: &SourceName,
        versions: &[&Arc<Policy>],
    ) -> Result<Self, ServiceError> {
        let census = versions.first().and_then(|tried| FieldCensus::new(tried));
        let is_activity = |version: &&Arc<Policy>| matches!(version.kind, PolicyKind::Activity(_));
        let asks_for_details = versions.iter().any(is_activity);
        let versions = versions.iter().map(|version| Tried::new(source, version));
        Ok(Self {
            source: source.clone(),
            people: Arc::new(people(services, source).await?),
            versions: versions.collect(),
            census,
            asks_for_details,
            is_whole: false,
        })
    }

    /// How many events the span has, where all of them were read.
    pub(super) fn events(&self) -> Option<u64> {
        let tried = self.versions.first().filter(|_| self.is_whole)?;
        Some(tried.shown)
    }

    /// Reads the events of these types. Where the time is over before the end, or there are too many alerts, what has been read still
    /// counts; answers up to when that is.
    pub(super) async fn over(
        &mut self,
        services: &Services,
        range: TimeRange,
        types: Option<Vec<String>>,
        since: DateTime<Utc>,
        deadline: Deadline,
    ) -> Result<Option<DateTime<Utc>>, ServiceError> {
        let is_all = types.is_none();
        let mut reader = services.lake.in_order(&self.source, range).await?;
        if let Some(types) = types {
            reader = reader.of_types(types);
        }
        if !self.asks_for_details {
            reader = reader.for_habits();
        }
        let trial = Trial {
            people: Arc::clone(&self.people),
            versions: std::mem::take(&mut self.versions),
            census: self.census.take(),
            since,
            deadline,
        };
        let read = on_a_thread(trial, reader).await?;
        (self.versions, self.census) = (read.trial.versions, read.trial.census);
        self.is_whole = is_all && matches!(read.until, Ok(None));
        read.until
    }

    pub(super) fn add_to(self, outcome: &mut Backtest) {
        let Self {
            versions, census, ..
        } = self;
        let mut versions = versions.into_iter();
        let Some(tried) = versions.next() else {
            return;
        };
        if let Some(census) = census {
            outcome.looked_at += census.events();
            for (field, events) in census.lacking() {
                outcome.lack(field, events);
            }
        }
        add_counts(outcome, &tried);
        let samples = tried.alerts.values().map(|raised| raised.sample.clone());
        add_samples(&mut outcome.samples, samples);
        let Some(difference) = &mut outcome.difference else {
            return;
        };
        let Some(in_force) = versions.next() else {
            return;
        };
        let window = tried.window.max(in_force.window);
        let in_force = in_force.alerts;
        let added = without_counterpart(&tried.alerts, &in_force, window);
        let removed = without_counterpart(&in_force, &tried.alerts, window);
        difference.alerts_in_force += in_force.len() as u64;
        difference.added_count += added.len() as u64;
        difference.removed_count += removed.len() as u64;
        add_samples(&mut difference.added, added);
        add_samples(&mut difference.removed, removed);
    }
}

/// The versions at work on one source.
struct Trial {
    people: Arc<People>,
    versions: Vec<Tried>,
    census: Option<FieldCensus>,
    since: DateTime<Utc>,
    deadline: Deadline,
}

/// What was read, and up to when if that is not all.
struct Read {
    trial: Trial,
    until: Result<Option<DateTime<Utc>>, ServiceError>,
}

/// Reads and judges on one thread from beginning to end, so that nothing is handed over but events. Dropped, it ends with the events at hand.
async fn on_a_thread(mut trial: Trial, reader: InOrder) -> Result<Read, ServiceError> {
    let dropped = CancellationToken::new();
    let _guard = dropped.clone().drop_guard();
    let runtime = Handle::current();
    let work = tokio::task::spawn_blocking(move || {
        let until = runtime.block_on(trial.judge_all(reader, &dropped));
        Read { trial, until }
    });
    let died = |_| ServiceError::TaskDied("the evaluation of events");
    work.await.map_err(died)
}

impl Trial {
    async fn judge_all(
        &mut self,
        mut reader: InOrder,
        dropped: &CancellationToken,
    ) -> Result<Option<DateTime<Utc>>, ServiceError> {
        while let Some(events) = reader.next().await? {
            let until = events.last().map(|event| event.event.created_at);
            for version in &mut self.versions {
                version.take(&events, &self.people, self.since);
            }
            if let Some(census) = &mut self.census {
                for event in &events {
                    census.take(event, &self.people);
                }
            }
            reader.give_back(events);
            let is_enough = |version: &Tried| version.alerts.len() >= ALERTS_MAX;
            let is_over = self.deadline.is_over() || dropped.is_cancelled();
            if is_over || self.versions.iter().any(is_enough) {
                return Ok(until);
            }
        }
        Ok(None)
    }
}

fn add_counts(outcome: &mut Backtest, tried: &Tried) {
    outcome.not_evaluable += tried.not_evaluable;
    outcome.matches += tried.matches;
    outcome.pause(tried.paused_at);
    outcome.alerts += tried.alerts.len() as u64;
    for (day, counted) in &tried.days {
        let of_day = outcome.days.entry(*day).or_default();
        of_day.alerts += counted.alerts;
        of_day.matches += counted.matches;
    }
    let entities = tried.entities.iter();
    outcome
        .entities
        .extend(entities.map(|((kind, id), said)| BacktestEntity {
            kind: kind.as_str(),
            id: id.clone(),
            name: said.name.clone(),
            alerts: said.alerts,
            matches: said.matches,
        }));
}
