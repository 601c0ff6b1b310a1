use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_detect::{
    Change, Detector, ENGINE_VERSION, GroupingSettings, People, Presences, StateRow,
};
use drishti_ledger::{
    DetectionStep, Generation, Lease, PolicySettings, Preview, StateChange, StateKind,
};
use drishti_model::{EnrichedEvent, TimeRange};

use super::evaluation::{Evaluation, Judge};
use super::grouping::grouping;
use super::people::{PeopleVersion, people, people_seen};
use super::saving::Saving;
use super::settled::settled_until;
use super::told::{Lists, Told};
use super::{Knowledge, WatchSummary};
use crate::{ServiceError, Services};

/// Events after which what is found and remembered is saved, at the next moment at which all of one time are evaluated: some
/// seconds of work.
const EVENTS_A_STEP: u64 = 1_000_000;

/// Findings after which it is saved all the same: as many as may wait in memory.
const FINDINGS_A_STEP: usize = 50_000;

/// The same of events that only pass: few, so that most are saved while others are looked for.
const FINDINGS_A_PASSING_STEP: usize = 5_000;

/// How far behind now the settled time may be for what is not settled to be evaluated as well: while the past is still being
/// fetched, that would be most of it, again and again.
const PREVIEW_SPAN_MAX: TimeDelta = TimeDelta::hours(3);

/// How far the settled time moves while nothing happens before that is saved.
const QUIET_STEP: TimeDelta = TimeDelta::minutes(10);

/// How long detectors learn anew from a lake whose oldest days are gone, before they find again what they found then.
const LEARNED_AGAIN_AFTER: TimeDelta = TimeDelta::days(30);

/// Before every event.
const BEGINNING: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Evaluates one source, under its lease.
pub(crate) struct Watcher {
    services: Services,
    knowledge: Arc<Knowledge>,
    settings: Vec<PolicySettings>,
    grouping: GroupingSettings,
    lease: Lease,
    generation: Generation,
    evaluation: Evaluation,
    people: Arc<People>,
    people_version: PeopleVersion,
    /// What was found for good since the last save, and what the preview found.
    told: Told,
    previewed: Told,
    /// Who did something in the preview.
    seen_in_preview: Presences,
    is_previewing: bool,
    saving: Saving,
    summary: WatchSummary,
}

impl Watcher {
    /// Takes up what is remembered of the source.
    pub(crate) async fn open(services: &Services, lease: Lease) -> Result<Self, ServiceError> {
        let now = services.clock.now();
        let ledger = &services.ledger;
        let generation = ledger.begin_detection(&lease, ENGINE_VERSION, now).await?;
        let mut watcher = Self::fresh(services, lease, generation).await?;
        watcher.restore().await?;
        Ok(watcher)
    }

    async fn fresh(
        services: &Services,
        lease: Lease,
        generation: Generation,
    ) -> Result<Self, ServiceError> {
        let knowledge = services.knowledge().await?;
        services.note_policy_files(&knowledge).await;
        let settings = services.ledger.all_policy_settings().await?;
        let policies = knowledge.policies_with(&settings);
        let grouping = grouping(services, &lease.source, &policies, &settings).await?;
        let (detector, errors) = Detector::new(lease.source.as_str(), &policies, grouping.clone());
        for error in errors {
            tracing::warn!(source = %lease.source, "policy left out: {error}");
        }
        let people_version = PeopleVersion::read(services, &lease.source).await?;
        let people = people(services, &lease.source).await?;
        Ok(Self {
            services: services.clone(),
            knowledge,
            settings,
            grouping,
            lease,
            generation,
            evaluation: Evaluation::new(detector, services.evaluators.clone()),
            people: Arc::new(people),
            people_version,
            told: Told::default(),
            previewed: Told::default(),
            seen_in_preview: Presences::default(),
            is_previewing: false,
            saving: Saving::default(),
            summary: WatchSummary::default(),
        })
    }

    async fn restore(&mut self) -> Result<(), ServiceError> {
        let mut rows = Vec::new();
        self.services
            .ledger
            .read_detection_state(self.generation.id, |row| {
                rows.push(StateRow {
                    key: row.key,
                    value: Some(row.value),
                });
            })
            .await?;
        let unreadable = self.evaluation.resting()?.detector.restore(rows);
        if !unreadable.is_empty() {
            tracing::warn!(source = %self.lease.source, rows = unreadable.len(), "some of what was remembered can't be read any more, and is learned again");
        }
        Ok(())
    }

    /// Whether policies, what was set about them, suppressions, tables, people, or what was resolved of policies that open anew,
    /// have changed since this was opened.
    pub(crate) async fn is_outdated(&self) -> Result<bool, ServiceError> {
        let (services, source) = (&self.services, &self.lease.source);
        let knowledge = services.knowledge().await?;
        let settings = services.ledger.all_policy_settings().await?;
        if !Arc::ptr_eq(&self.knowledge, &knowledge) || settings != self.settings {
            return Ok(true);
        }
        let policies = knowledge.policies_with(&settings);
        let grouping = grouping(services, source, &policies, &settings).await?;
        let people_version = PeopleVersion::read(services, source).await?;
        Ok(grouping != self.grouping || people_version != self.people_version)
    }

    /// Evaluates what has come since the last time.
    pub(crate) async fn step(&mut self) -> Result<WatchSummary, ServiceError> {
        self.summary = WatchSummary::default();
        let source = self.lease.source.clone();
        let services = self.services.clone();
        let now = services.clock.now();
        let Some(until) = self.settled_until(now).await? else {
            return Ok(self.summary);
        };
        let newest = services.lake.last_sequence(&source).await?;
        // The numbers of a lake that was lost begin anew; what it had was evaluated.
        self.generation.evaluated_batch = self.generation.evaluated_batch.min(newest);
        let settled = self.generation.settled_until;
        if self.generation.engine != ENGINE_VERSION {
            return self.rebuild().await;
        }
        if let Some(settled) = settled
            && newest > self.generation.evaluated_batch
        {
            let behind = self.generation.evaluated_batch;
            let oldest = services.lake.oldest_behind(&source, behind).await?;
            if oldest.is_some_and(|oldest| oldest < settled) {
                tracing::info!(%source, "events have come from before what is evaluated; everything is evaluated anew");
                return self.rebuild().await;
            }
        }
        let until = settled.map_or(until, |settled| settled.max(until));
        let is_news = newest != self.generation.evaluated_batch;
        if !is_news && settled.is_some_and(|settled| until - settled < QUIET_STEP) {
            return Ok(self.summary);
        }
        self.settle(settled.unwrap_or(BEGINNING), until, newest)
            .await?;
        if now - until <= PREVIEW_SPAN_MAX {
            self.preview(until).await?;
        }
        self.save(until, newest).await?;
        self.saved().await?;
        Ok(self.summary)
    }

    /// Up to when everything of the source is known to be in the lake; `None` where that is not yet known of anything.
    async fn settled_until(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, ServiceError> {
        let (ledger, source) = (&self.services.ledger, &self.lease.source);
        let stored = ledger.source(source).await?;
        let stored = stored.ok_or_else(|| ServiceError::NoSuchSource(source.clone()))?;
        let progress = ledger.progress(source).await?;
        let is_collected = stored.profile.workspace_gid.is_some();
        Ok(settled_until(&progress, is_collected, now))
    }

    /// Evaluates everything anew beside what is in use, which it then replaces.
    pub(crate) async fn rebuild(&mut self) -> Result<WatchSummary, ServiceError> {
        let now = self.services.clock.now();
        let lease = self.lease.clone();
        let ledger = self.services.ledger.clone();
        let in_use = self.generation.clone();
        let generation = ledger.begin_rebuild(&lease, ENGINE_VERSION, now).await?;
        let services = self.services.clone();
        let mut anew = Self::fresh(&services, lease.clone(), generation).await?;
        let until = self.settled_until(now).await?.max(in_use.settled_until);
        let newest = services.lake.last_sequence(&lease.source).await?;
        if let Some(until) = until {
            anew.settle(BEGINNING, until, newest).await?;
            anew.save(until, newest).await?;
            anew.saved().await?;
        }
        let first_day_kept = services.first_day_kept().await?;
        let seen_whole_since = first_day_kept.map(|day| day + LEARNED_AGAIN_AFTER);
        ledger.finish_rebuild(&lease, seen_whole_since, now).await?;
        anew.generation.active = true;
        if let Some(until) = until
            && now - until <= PREVIEW_SPAN_MAX
        {
            anew.preview(until).await?;
            anew.save(until, newest).await?;
            anew.saved().await?;
        }
        *self = anew;
        Ok(self.summary)
    }

    /// Evaluates the events from `from` to `until` for good.
    async fn settle(
        &mut self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        newest: i64,
    ) -> Result<(), ServiceError> {
        let Some(range) = TimeRange::new(from, until) else {
            return Ok(());
        };
        let lake = self.services.lake.clone();
        let mut reader = lake.in_order(&self.lease.source, range).await?;
        let mut since_saved = 0;
        let mut last_at = None;
        while let Some(events) = reader.next().await? {
            let first_at = events.first().map(|event| event.event.created_at);
            // A save lies between two times, never between two events of one.
            if let Some(at) = first_at
                && (since_saved >= EVENTS_A_STEP || self.told.len() >= FINDINGS_A_STEP)
                && first_at != last_at
            {
                self.save_so_far(at, newest).await?;
                since_saved = 0;
            }
            last_at = events.last().map(|event| event.event.created_at);
            since_saved += events.len() as u64;
            self.summary.events += events.len() as u64;
            self.evaluate(events).await?;
            if let Some(judged) = self.evaluation.judged() {
                reader.give_back(judged);
            }
        }
        Ok(())
    }

    /// Evaluates the events since `from`, without remembering anything of it.
    async fn preview(&mut self, from: DateTime<Utc>) -> Result<(), ServiceError> {
        self.evaluated().await?;
        let judge = self.evaluation.resting()?;
        judge.detector.begin_preview();
        let seen_for_good = std::mem::take(&mut judge.seen);
        self.is_previewing = true;
        let outcome = self.preview_events(from).await;
        self.evaluated().await?;
        self.is_previewing = false;
        let judge = self.evaluation.resting()?;
        judge.detector.end_preview();
        self.seen_in_preview = std::mem::replace(&mut judge.seen, seen_for_good);
        outcome
    }

    async fn preview_events(&mut self, from: DateTime<Utc>) -> Result<(), ServiceError> {
        // What lies ahead of our clock is an event all the same.
        let until = DateTime::<Utc>::MAX_UTC - TimeDelta::days(400);
        let Some(range) = TimeRange::new(from, until) else {
            return Ok(());
        };
        let lake = self.services.lake.clone();
        let mut reader = lake.in_order(&self.lease.source, range).await?;
        while let Some(events) = reader.next().await? {
            self.evaluate(events).await?;
        }
        Ok(())
    }

    /// Evaluates events that come in order and are not in the lake; for a source that nothing is remembered of, and whose alerts are
    /// all that is asked for.
    pub(crate) async fn evaluate_passing(
        &mut self,
        events: Vec<EnrichedEvent>,
    ) -> Result<(), ServiceError> {
        let Some(last) = events.last() else {
            return Ok(());
        };
        let last_at = last.event.created_at;
        self.summary.events += events.len() as u64;
        self.evaluate(events).await?;
        self.told.keep_alerts();
        self.generation.settled_until = Some(last_at);
        if self.told.len() < FINDINGS_A_PASSING_STEP {
            return Ok(());
        }
        self.save_with(Vec::new(), last_at, 0).await
    }

    /// Saves the alerts that came of them. What was learned from them is not saved: nothing goes on from there.
    pub(crate) async fn end_passing(&mut self) -> Result<WatchSummary, ServiceError> {
        self.evaluated().await?;
        self.told.keep_alerts();
        self.evaluation.resting()?.seen = Presences::default();
        if let Some(last_at) = self.generation.settled_until {
            self.save_with(Vec::new(), last_at, 0).await?;
        }
        self.saved().await?;
        Ok(self.summary)
    }

    /// Begins to show events to the detector, and takes what came of those before.
    async fn evaluate(&mut self, events: Vec<EnrichedEvent>) -> Result<(), ServiceError> {
        let people = Arc::clone(&self.people);
        let changes = self.evaluation.begin(events, people).await?;
        self.take(changes);
        Ok(())
    }

    /// Waits until the detector has seen everything that was shown to it.
    async fn evaluated(&mut self) -> Result<(), ServiceError> {
        let changes = self.evaluation.end().await?;
        self.take(changes);
        Ok(())
    }

    fn take(&mut self, changes: Vec<Change>) {
        let told = if self.is_previewing {
            &mut self.previewed
        } else {
            &mut self.told
        };
        for change in changes {
            told.take(self.lease.source.as_str(), change);
        }
    }

    /// Begins to save what was found and what is remembered.
    async fn save(&mut self, settled: DateTime<Utc>, batch: i64) -> Result<(), ServiceError> {
        self.evaluated().await?;
        let rows = self.evaluation.resting()?.detector.take_changes();
        let rows = rows.into_iter().map(state_change).collect();
        self.save_with(rows, settled, batch).await
    }

    /// The same in the midst of a step. What a rebuild remembers need only be saved at its end: one that was broken off is begun anew.
    async fn save_so_far(
        &mut self,
        settled: DateTime<Utc>,
        batch: i64,
    ) -> Result<(), ServiceError> {
        if self.generation.active {
            self.save(settled, batch).await
        } else {
            self.save_with(Vec::new(), settled, batch).await
        }
    }

    async fn save_with(
        &mut self,
        state: Vec<StateChange>,
        settled: DateTime<Utc>,
        batch: i64,
    ) -> Result<(), ServiceError> {
        self.evaluated().await?;
        let Judge { detector, seen } = self.evaluation.resting()?;
        for lacking in &detector.take_not_evaluable() {
            self.told.lacking(lacking);
        }
        let policies = detector.policies();
        let preview = std::mem::take(&mut self.previewed).lists(policies);
        let Lists {
            alerts,
            risk,
            signals,
            counts,
            suppressed,
            paused,
        } = std::mem::take(&mut self.told).lists(policies);
        self.summary.alerts += alerts.len() as u64;
        let step = DetectionStep {
            generation: self.generation.id,
            sequence: self.generation.sequence + 1,
            settled_until: Some(settled),
            evaluated_batch: Some(batch),
            state,
            alerts,
            risk,
            signals,
            people: people_seen(seen),
            counts,
            suppressed,
            paused,
            preview: Preview {
                alerts: preview.alerts,
                risk: preview.risk,
                signals: preview.signals,
                people: people_seen(&mut self.seen_in_preview),
            },
        };
        self.generation.sequence = step.sequence;
        self.generation.settled_until = Some(settled);
        self.generation.evaluated_batch = batch;
        let now = self.services.clock.now();
        let begun = self.saving.begin(&self.services, &self.lease, step, now);
        self.summary.opened += begun.await?;
        Ok(())
    }

    /// Waits until everything is saved.
    async fn saved(&mut self) -> Result<(), ServiceError> {
        self.summary.opened += self.saving.end().await?;
        Ok(())
    }
}

fn state_change(row: StateRow) -> StateChange {
    let kind = match row.key.split_once('/').map(|(kind, _)| kind) {
        Some("activity") => StateKind::Activity,
        Some("alert") => StateKind::Grouping,
        _ => StateKind::Anomaly,
    };
    StateChange {
        kind,
        key: row.key,
        value: row.value,
    }
}

#[cfg(test)]
mod tests;
