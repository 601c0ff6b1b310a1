//! How many events one core compares with activity policies, beside `rsigma`'s own engine and `sigma-rust`.
//!
//! `cargo bench -p drishti-detect --bench activity` prints one line each. The policies in `policies/` are measured, too, if there
//! are any; `DRISHTI_BENCH_POLICIES` names another folder.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark prints its figures, stops at the first fault and reads its setting"
)]

mod rules;
mod traffic;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use drishti_detect::{ActivityEngine, Pack, People, PolicyKind};
use drishti_model::EnrichedEvent;
use serde_json::Value;

const ROUNDS: usize = 7;

fn main() {
    println!("best and median of {ROUNDS} rounds, by the time of one processor");
    let events = traffic::events();
    let people = traffic::people();
    let trees: Vec<Value> = events
        .iter()
        .map(|event| serde_json::from_str(&event.event.to_json()).unwrap())
        .collect();
    for count in [11, 70, 1_000] {
        let files = rules::files(count);
        ours(&format!("{count} policies"), &files, &events, &people);
        rsigma(count, &files, &trees);
    }
    sigma_rust(&rules::files(11), &trees);
    loading();
    let shipped = std::env::var("DRISHTI_BENCH_POLICIES").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies"),
        PathBuf::from,
    );
    if shipped.is_dir() {
        let pack = Pack::load(&shipped);
        let files: Vec<(PathBuf, String)> = pack
            .policies
            .iter()
            .filter(|policy| matches!(policy.kind, PolicyKind::Activity(_)))
            .map(|policy| (policy.file.clone(), policy.text.to_string()))
            .collect();
        let name = format!("the {} policies in {}", files.len(), shipped.display());
        ours(&name, &files, &events, &people);
    }
}

/// How long this thread has run on a processor: other programs on the machine do not count.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanoseconds = text.split_whitespace().next().unwrap();
    Duration::from_nanos(nanoseconds.parse().unwrap())
}

fn ours(name: &str, files: &[(PathBuf, String)], events: &[EnrichedEvent], people: &People) {
    let pack = Pack::parse(files);
    assert!(pack.errors.is_empty(), "{:?}", pack.errors);
    let mut found = 0;
    measure(name, events.len(), || {
        let (mut engine, errors) = ActivityEngine::new(&pack.policies);
        assert!(errors.is_empty(), "{errors:?}");
        let mut findings = Vec::new();
        let started = processor_time();
        found = 0;
        for event in events {
            engine.evaluate(event, people, &mut findings);
            found += findings.len();
            findings.clear();
        }
        processor_time().saturating_sub(started)
    });
    println!("{:<62} {found}", "  findings");
}

/// The engine that is beneath ours, on JSON trees that are there already. It counts nothing.
fn rsigma(count: usize, files: &[(PathBuf, String)], trees: &[Value]) {
    let mut engine = rsigma_eval::Engine::new();
    for (_, text) in files {
        let collection = rsigma_parser::parse_sigma_yaml(text).unwrap();
        let errors = engine.add_rules(&collection.rules);
        assert!(errors.is_empty(), "{errors:?}");
    }
    measure(
        &format!("rsigma's engine, {count} policies"),
        trees.len(),
        || {
            let started = processor_time();
            for tree in trees {
                black_box(engine.evaluate(&rsigma_eval::JsonEvent::borrow(tree)));
            }
            processor_time().saturating_sub(started)
        },
    );
}

/// Another engine, on events in its own form that are there already.
fn sigma_rust(files: &[(PathBuf, String)], trees: &[Value]) {
    let rules: Vec<sigma_rust::Rule> = files
        .iter()
        .map(|(_, text)| sigma_rust::rule_from_yaml(text).unwrap())
        .collect();
    let events: Vec<sigma_rust::Event> = trees
        .iter()
        .map(|tree| sigma_rust::Event::try_from(tree.clone()).unwrap())
        .collect();
    measure("sigma-rust, 11 rules", events.len(), || {
        let started = processor_time();
        for event in &events {
            for rule in &rules {
                black_box(rule.is_match(event));
            }
        }
        processor_time().saturating_sub(started)
    });
}

fn loading() {
    let files = rules::files(1_000);
    measure("files read and compiled, of 1,000", files.len(), || {
        let started = processor_time();
        let pack = Pack::parse(&files);
        black_box(ActivityEngine::new(&pack.policies));
        processor_time().saturating_sub(started)
    });
}

fn measure(name: &str, count: usize, mut round: impl FnMut() -> Duration) {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| round()).collect();
    times.sort();
    let rate = |time: Duration| {
        let count = f64::from(u32::try_from(count).unwrap());
        (count / time.as_secs_f64()).round()
    };
    let (best, median) = (times[0], times[ROUNDS / 2]);
    println!(
        "{name:<62} {:>10}/s best {:>10}/s median ({median:.1?})",
        rate(best),
        rate(median)
    );
}
