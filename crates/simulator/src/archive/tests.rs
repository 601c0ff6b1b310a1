use super::*;
use crate::campaign::Agenda;
use crate::clock::{BEGINNING, DAY};
use crate::dice::Key;

const START: Millis = BEGINNING + 2010 * DAY;

fn archive(people: u32) -> Archive {
    archive_with_bounds(people, (PLAN_CACHE_BYTES_MAX, CHUNK_CACHE_BYTES_MAX))
}

fn archive_with_bounds(people: u32, bounds: (u64, u64)) -> Archive {
    let stage = Stage::for_tests(1, people, Agenda::default());
    Archive::with_bounds(vec![stage], START, EventFate::new(Key::new(1)), bounds)
}

fn question<'a>(filter: &'a Filter, from: Position, faults: &'a FaultPlan) -> Question<'a> {
    Question {
        workspace: 0,
        filter,
        from,
        due: &[],
        limit: 100,
        now: START + 60 * DAY,
        faults,
    }
}

#[test]
fn the_caches_never_hold_more_than_their_bounds() {
    const PLAN_BYTES: u64 = 200_000;
    const CHUNK_BYTES: u64 = 2_000_000;
    let archive = archive_with_bounds(1000, (PLAN_BYTES, CHUNK_BYTES));
    let (mut plans_most, mut chunks_most) = (0, 0);
    let (filter, faults) = (Filter::default(), FaultPlan::default());
    let mut from = archive.beginning(0, &filter);
    // Two weeks: far more than fits, of plans as well as of events.
    for _ in 0..700 {
        let page = archive.page(&question(&filter, from, &faults));
        assert_eq!(page.count, 100);
        from = page.next;
        let (plans, chunks) = archive.cached_bytes();
        assert!(plans <= PLAN_BYTES, "{plans}");
        assert!(chunks <= CHUNK_BYTES, "{chunks}");
        plans_most = plans_most.max(plans);
        chunks_most = chunks_most.max(chunks);
    }
    assert!(plans_most > PLAN_BYTES / 2, "{plans_most}");
    assert!(chunks_most > CHUNK_BYTES / 2, "{chunks_most}");
}

#[test]
fn the_bounds_of_a_served_archive_are_the_constants() {
    let archive = archive(10);
    assert_eq!(archive.plans.capacity(), PLAN_CACHE_BYTES_MAX);
    assert_eq!(archive.chunks.capacity(), CHUNK_CACHE_BYTES_MAX);
}

#[test]
fn a_page_is_the_same_whether_it_comes_from_a_cache_or_not() {
    let filter = Filter::default();
    let faults = FaultPlan::default();
    let warm = archive(400);
    let mut from = warm.beginning(0, &filter);
    for _ in 0..40 {
        let page = warm.page(&question(&filter, from, &faults));
        let again = warm.page(&question(&filter, from, &faults));
        let cold = archive(400).page(&question(&filter, from, &faults));
        assert_eq!(page.events, again.events);
        assert_eq!(page.events, cold.events);
        from = page.next;
    }
}

#[test]
fn no_more_than_so_many_events_wait_for_the_next_page() {
    let archive = archive(400);
    let filter = Filter::default();
    let faults = FaultPlan {
        repeated: 1.0,
        ..FaultPlan::default()
    };
    let page = archive.page(&question(&filter, archive.beginning(0, &filter), &faults));
    assert_eq!((page.count, page.due.len()), (100, DUE_MAX));
}
