use super::super::window::{Hit, Measure};
use super::*;

const MINUTE: i64 = 60_000_000;

fn memory(groups: usize, hits: usize) -> Memory {
    let span = |name: &str, minutes: i64| Span {
        rows: rows_of("policy", name, "1"),
        microseconds: minutes * MINUTE,
    };
    Memory::new(
        vec![span("short", 5), span("long", 120)],
        Bounds { groups, hits },
    )
}

fn push(memory: &mut Memory, correlation: usize, group: &str, minute: i64) {
    let at = minute * MINUTE;
    memory.change(correlation, group, at, |window| {
        window.push(Hit {
            at,
            gid: Arc::from(minute.to_string()),
            reference: 0,
            measure: Measure::Nothing,
        });
        Some(())
    });
}

fn groups(memory: &Memory) -> Vec<(usize, String, usize)> {
    let mut all = Vec::new();
    for (correlation, groups) in memory.groups.iter().enumerate() {
        all.extend(
            groups
                .iter()
                .map(|(name, group)| (correlation, name.to_string(), group.window.len())),
        );
    }
    all.sort();
    assert_eq!(all.len(), memory.tally.groups);
    assert_eq!(
        all.iter().map(|(_, _, hits)| hits).sum::<usize>(),
        memory.tally.hits
    );
    all
}

#[test]
fn a_preview_leaves_nothing_behind() {
    let mut memory = memory(100, 100);
    push(&mut memory, 1, "a", 1);
    let before = (groups(&memory), memory.tally);
    memory.take_changes();
    memory.begin_preview();
    push(&mut memory, 1, "a", 2);
    push(&mut memory, 1, "b", 3);
    // The next hour removes what is older than five minutes.
    push(&mut memory, 0, "c", 4);
    push(&mut memory, 0, "d", 100);
    assert_eq!(groups(&memory).len(), 3);
    memory.end_preview();
    assert_eq!((groups(&memory), memory.tally), before);
    assert_eq!(memory.take_changes(), []);
}

#[test]
fn rows_give_the_same_memory_again() {
    let mut first = memory(100, 100);
    push(&mut first, 1, "a b/ü", 61);
    push(&mut first, 1, &"x".repeat(1_000), 62);
    push(&mut first, 0, "a", 62);
    let rows = first.take_changes();
    assert_eq!(rows.len(), 4);
    assert!(
        rows.iter()
            .all(|row| row.key.len() < 500 && row.key.is_ascii()),
        "{rows:?}"
    );
    let mut second = memory(100, 100);
    second.restore(rows);
    assert_eq!(groups(&second), groups(&first));
    assert_eq!(second.tally, first.tally);
    assert_eq!(second.take_changes(), []);
}

#[test]
fn rows_of_a_changed_correlation_are_dropped() {
    let mut first = memory(100, 100);
    push(&mut first, 0, "a", 1);
    let rows = first.take_changes();
    let span = Span {
        rows: rows_of("policy", "short", "2"),
        microseconds: MINUTE,
    };
    let mut second = Memory::new(vec![span], Bounds::default());
    second.restore(rows.clone());
    assert_eq!(groups(&second), []);
    let gone: Vec<(String, bool)> = second
        .take_changes()
        .into_iter()
        .map(|row| (row.key, row.value.is_none()))
        .collect();
    let key = rows.into_iter().find(|row| row.key != SWEPT).unwrap().key;
    assert_eq!(gone, [(key, true)]);
}

#[test]
fn expired_groups_are_removed_each_hour() {
    let mut memory = memory(100, 100);
    push(&mut memory, 0, "a", 61);
    push(&mut memory, 1, "b", 62);
    push(&mut memory, 0, "c", 119);
    assert_eq!(groups(&memory).len(), 3);
    memory.take_changes();
    // What was never saved need not be removed from where it is saved.
    push(&mut memory, 0, "e", 109);
    push(&mut memory, 0, "d", 121);
    assert_eq!(
        groups(&memory),
        [
            (0, "c".to_owned(), 1),
            (0, "d".to_owned(), 1),
            (1, "b".to_owned(), 1)
        ]
    );
    let removed = memory
        .take_changes()
        .into_iter()
        .filter(|row| row.value.is_none());
    assert_eq!(removed.count(), 1);
}

#[test]
fn the_quietest_groups_make_room() {
    for (most_groups, most_hits) in [(20, 1_000), (1_000, 20)] {
        let mut memory = memory(most_groups, most_hits);
        for minute in 0..100 {
            push(&mut memory, 1, &format!("group {minute}"), minute);
            assert!(groups(&memory).len() <= 20);
        }
        assert!(memory.get(1, "group 99").is_some());
        assert!(memory.get(1, "group 79").is_none());
    }
}
