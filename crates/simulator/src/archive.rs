//! The audit log of every workspace: any stretch of it is made when it is asked for, and the last ones are kept for a while.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::clock::{Millis, SECOND};
use crate::faults::{EventFate, FaultPlan};
use crate::filter::Filter;
use crate::plan::{self, Entry};
use crate::scene::Stage;

/// Bytes of plans that are kept.
pub const PLAN_CACHE_BYTES_MAX: u64 = 64 << 20;
/// Bytes of events in words that are kept.
pub const CHUNK_CACHE_BYTES_MAX: u64 = 64 << 20;
/// Events that are put into words together.
const CHUNK_EVENTS: usize = 256;
/// Events of one page that are delivered again on the next; more are delivered again at once.
pub(crate) const DUE_MAX: usize = 8;
/// How long after it happened an event can be read.
pub(crate) const LATENCY: Millis = 5 * SECOND;

/// A place in the log of one workspace: between two events, the same for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) slot: u32,
    pub(crate) index: u32,
}

/// Events in words, one after the other.
#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Chunk {
    fn event(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }
}

type PlanKey = (u8, u32);
type ChunkKey = (u8, u32, usize);

#[derive(Clone)]
struct Bytes;

impl Weighter<PlanKey, Arc<Vec<Entry>>> for Bytes {
    fn weight(&self, _: &PlanKey, plan: &Arc<Vec<Entry>>) -> u64 {
        (plan.len() * size_of::<Entry>() + 64) as u64
    }
}

impl Weighter<ChunkKey, Arc<Chunk>> for Bytes {
    fn weight(&self, _: &ChunkKey, chunk: &Arc<Chunk>) -> u64 {
        (chunk.bytes.capacity() + chunk.ends.len() * size_of::<usize>() + 64) as u64
    }
}

/// What is asked of the log.
pub(crate) struct Question<'a> {
    pub(crate) workspace: u8,
    pub(crate) filter: &'a Filter,
    pub(crate) from: Position,
    /// Events that are to be delivered again first.
    pub(crate) due: &'a [Position],
    pub(crate) limit: usize,
    pub(crate) now: Millis,
    pub(crate) faults: &'a FaultPlan,
}

/// What the log answers.
#[derive(Debug)]
pub(crate) struct Page {
    /// The events with commas between.
    pub(crate) events: Vec<u8>,
    pub(crate) count: usize,
    pub(crate) next: Position,
    pub(crate) due: Vec<Position>,
}

impl Page {
    fn push(&mut self, event: &[u8]) {
        if self.count > 0 {
            self.events.push(b',');
        }
        self.events.extend_from_slice(event);
        self.count += 1;
    }
}

/// The logs.
pub(crate) struct Archive {
    stages: Vec<Stage>,
    /// Nothing before is in the log.
    history_start: Millis,
    slot_length: Millis,
    fate: EventFate,
    plans: Cache<PlanKey, Arc<Vec<Entry>>, Bytes>,
    chunks: Cache<ChunkKey, Arc<Chunk>, Bytes>,
}

impl Archive {
    pub(crate) fn new(stages: Vec<Stage>, history_start: Millis, fate: EventFate) -> Self {
        let bounds = (PLAN_CACHE_BYTES_MAX, CHUNK_CACHE_BYTES_MAX);
        Self::with_bounds(stages, history_start, fate, bounds)
    }

    /// An archive that keeps so many bytes of plans and of events in words.
    fn with_bounds(
        stages: Vec<Stage>,
        history_start: Millis,
        fate: EventFate,
        (plan_bytes, chunk_bytes): (u64, u64),
    ) -> Self {
        let people = stages.first().map_or(1, |stage| stage.organisation.people);
        Self {
            stages,
            history_start,
            slot_length: plan::slot_length(people),
            fate,
            plans: cache(plan_bytes),
            chunks: cache(chunk_bytes),
        }
    }

    pub(crate) fn stages(&self) -> &[Stage] {
        &self.stages
    }

    fn stage(&self, workspace: u8) -> &Stage {
        &self.stages[usize::from(workspace)]
    }

    fn slot_start(&self, slot: u32) -> Millis {
        u64::from(slot) * self.slot_length
    }

    fn slot_of(&self, at: Millis) -> u32 {
        u32::try_from(at / self.slot_length).unwrap_or(u32::MAX)
    }

    /// Bytes kept of plans and of events in words.
    pub(crate) fn cached_bytes(&self) -> (u64, u64) {
        (self.plans.weight(), self.chunks.weight())
    }

    fn plan(&self, workspace: u8, slot: u32) -> Arc<Vec<Entry>> {
        let made = self.plans.get_or_insert_with(&(workspace, slot), || {
            let stage = self.stage(workspace);
            let entries = plan::plan(stage, slot);
            Ok::<_, Infallible>(Arc::new(entries))
        });
        match made {
            Ok(plan) => plan,
            Err(never) => match never {},
        }
    }

    fn chunk(&self, workspace: u8, slot: u32, number: usize, plan: &[Entry]) -> Arc<Chunk> {
        let made = self
            .chunks
            .get_or_insert_with(&(workspace, slot, number), || {
                let stage = self.stage(workspace);
                let start = self.slot_start(slot);
                let entries = plan.chunks(CHUNK_EVENTS).nth(number).unwrap_or_default();
                let mut bytes = Vec::with_capacity(entries.len() * 640);
                let mut ends = Vec::with_capacity(entries.len());
                for entry in entries {
                    stage.scene(start, entry).write(&mut bytes);
                    ends.push(bytes.len());
                }
                bytes.shrink_to_fit();
                Ok::<_, Infallible>(Arc::new(Chunk { bytes, ends }))
            });
        match made {
            Ok(chunk) => chunk,
            Err(never) => match never {},
        }
    }

    /// Where the log begins for this filter.
    pub(crate) fn beginning(&self, workspace: u8, filter: &Filter) -> Position {
        let start = filter.start_at.unwrap_or(0).max(self.history_start);
        let slot = self.slot_of(start);
        let slot_start = self.slot_start(slot);
        let plan = self.plan(workspace, slot);
        let index = plan.partition_point(|entry| slot_start + u64::from(entry.offset) < start);
        Position {
            slot,
            index: u32::try_from(index).unwrap_or(u32::MAX),
        }
    }

    /// The next page of a log from a position on.
    pub(crate) fn page(&self, question: &Question<'_>) -> Page {
        let mut page = Page {
            events: Vec::new(),
            count: 0,
            next: question.from,
            due: Vec::new(),
        };
        for &due in question.due {
            if page.count < question.limit {
                let plan = self.plan(question.workspace, due.slot);
                self.deliver(question, &plan, due, &mut page);
            } else {
                page.due.push(due);
            }
        }
        let end = question.filter.end_at.unwrap_or(Millis::MAX);
        let end = end.min((question.now + 1).saturating_sub(LATENCY));
        let mut position = question.from;
        while page.count < question.limit && self.slot_start(position.slot) < end {
            let plan = self.plan(question.workspace, position.slot);
            self.read_slot(question, &plan, end, &mut position, &mut page);
            let over = usize::try_from(position.index).is_ok_and(|index| index >= plan.len());
            if !over {
                break;
            }
            position = Position {
                slot: position.slot + 1,
                index: 0,
            };
        }
        page.next = position;
        page
    }

    /// Reads on within one slot until the page is full or the end of now is reached.
    fn read_slot(
        &self,
        question: &Question<'_>,
        plan: &[Entry],
        end: Millis,
        position: &mut Position,
        page: &mut Page,
    ) {
        let stage = self.stage(question.workspace);
        let start = self.slot_start(position.slot);
        let first = usize::try_from(position.index).unwrap_or(usize::MAX);
        for entry in plan.get(first..).unwrap_or_default() {
            let at = start + u64::from(entry.offset);
            if at >= end || page.count >= question.limit {
                return;
            }
            let here = *position;
            position.index += 1;
            let gid = stage.event_gid(at, entry);
            let arrived = at + self.fate.delay(question.faults, gid) <= question.now;
            if !arrived
                || !stage.shows(entry.row, at)
                || !question.filter.matches(stage, start, entry)
            {
                continue;
            }
            self.deliver(question, plan, here, page);
            if let Some(repeat) = self.fate.repeated(question.faults, gid) {
                let full = page.count >= question.limit || repeat.on_next_page;
                if full && page.due.len() < DUE_MAX {
                    page.due.push(here);
                } else if page.count < question.limit {
                    self.deliver(question, plan, here, page);
                }
            }
        }
    }

    /// Writes the event at a position, damaged if that is its fate.
    fn deliver(&self, question: &Question<'_>, plan: &[Entry], at: Position, page: &mut Page) {
        let index = usize::try_from(at.index).unwrap_or(usize::MAX);
        let Some(entry) = plan.get(index) else {
            return;
        };
        let stage = self.stage(question.workspace);
        let start = self.slot_start(at.slot);
        let gid = stage.event_gid(start + u64::from(entry.offset), entry);
        if let Some(damage) = self.fate.damage(question.faults, gid) {
            let mut event = Vec::new();
            stage.scene(start, entry).write(&mut event);
            page.push(&damage.apply(&event));
        } else if question.filter.looks_inside() {
            let mut event = Vec::new();
            stage.scene(start, entry).write(&mut event);
            page.push(&event);
        } else {
            let number = index / CHUNK_EVENTS;
            let chunk = self.chunk(question.workspace, at.slot, number, plan);
            page.push(chunk.event(index % CHUNK_EVENTS));
        }
    }

    /// The slots that hold this span of the log.
    pub(crate) fn slots(&self, span: &Range<Millis>) -> Range<u32> {
        let from = span.start.max(self.history_start);
        self.slot_of(from)..self.slot_of(span.end.saturating_sub(1).max(from)) + 1
    }

    /// The gids of one slot's events that are well-formed and can be read now, one a line.
    pub(crate) fn truth(
        &self,
        workspace: u8,
        slot: u32,
        span: &Range<Millis>,
        (now, faults): (Millis, &FaultPlan),
    ) -> Vec<u8> {
        let mut lines = Vec::new();
        self.each(workspace, slot, span, |stage, start, entry| {
            if self.is_true(stage, start, entry, now, faults) {
                let gid = stage.event_gid(start + u64::from(entry.offset), entry);
                lines.extend_from_slice(gid.to_string().as_bytes());
                lines.push(b'\n');
            }
        });
        lines
    }

    /// One slot's events in words, one a line, without any fault. Appended to `lines`; answers how many.
    pub(crate) fn lines(
        &self,
        workspace: u8,
        slot: u32,
        span: &Range<Millis>,
        lines: &mut Vec<u8>,
    ) -> u64 {
        let mut count = 0;
        self.each(workspace, slot, span, |stage, start, entry| {
            stage.scene(start, entry).write(lines);
            lines.push(b'\n');
            count += 1;
        });
        count
    }

    /// The labels of one slot's events, one a line. Appended to `lines`; answers how many.
    pub(crate) fn labels(
        &self,
        workspace: u8,
        slot: u32,
        span: &Range<Millis>,
        lines: &mut Vec<u8>,
    ) -> u64 {
        let mut count = 0;
        self.each(workspace, slot, span, |stage, start, entry| {
            count += u64::from(stage.scene(start, entry).write_label(lines));
        });
        count
    }

    /// The same for those events alone that are well-formed and can be read now.
    pub(crate) fn labels_now(
        &self,
        workspace: u8,
        slot: u32,
        span: &Range<Millis>,
        (now, faults): (Millis, &FaultPlan),
    ) -> Vec<u8> {
        let mut lines = Vec::new();
        self.each(workspace, slot, span, |stage, start, entry| {
            if self.is_true(stage, start, entry, now, faults) {
                stage.scene(start, entry).write_label(&mut lines);
            }
        });
        lines
    }

    /// Whether an event is well-formed and can be read now.
    fn is_true(
        &self,
        stage: &Stage,
        start: Millis,
        entry: &Entry,
        now: Millis,
        faults: &FaultPlan,
    ) -> bool {
        let at = start + u64::from(entry.offset);
        let gid = stage.event_gid(at, entry);
        let arrived = at + self.fate.delay(faults, gid) <= now;
        arrived && self.fate.damage(faults, gid).is_none()
    }

    /// Every event of one slot within a span, past the caches: who reads everything would only empty them.
    fn each(
        &self,
        workspace: u8,
        slot: u32,
        span: &Range<Millis>,
        mut visit: impl FnMut(&Stage, Millis, &Entry),
    ) {
        let stage = self.stage(workspace);
        let start = self.slot_start(slot);
        let from = span.start.max(self.history_start);
        for entry in &plan::plan(stage, slot) {
            let at = start + u64::from(entry.offset);
            if (from..span.end).contains(&at) && stage.shows(entry.row, at) {
                visit(stage, start, entry);
            }
        }
    }
}

/// A cache that never holds more than this many bytes.
fn cache<Key, Value>(bytes: u64) -> Cache<Key, Value, Bytes>
where
    Key: Eq + std::hash::Hash,
    Value: Clone,
    Bytes: Weighter<Key, Value>,
{
    // One shard: the bound then holds for the whole, and every item that fits the bound fits the cache.
    let mut options = OptionsBuilder::new();
    options
        .shards(1)
        .estimated_items_capacity(1024)
        .weight_capacity(bytes);
    match options.build() {
        Ok(options) => Cache::with_options(
            options,
            Bytes,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        ),
        Err(_) => Cache::with_weighter(1024, bytes, Bytes),
    }
}

#[cfg(test)]
mod tests;
