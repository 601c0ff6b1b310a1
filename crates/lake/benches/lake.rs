//! What the lake takes and gives on one machine: `cargo bench -p drishti-lake`.
//!
//! `DRISHTI_BENCH_EVENTS` (10,000,000) sets the number of events, over 90 days; `DRISHTI_BENCH_LAKE` a folder in which the lake is
//! kept, and used again if it is there, instead of a temporary one. `bench/lake_peers.py FOLDER` asks the same of other engines.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first fault, and prints its figures"
)]

mod traffic;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use drishti_lake::{EventFilter, Lake, LakeLocation, QueryLimits};
use drishti_model::{AuditEvent, SourceName, TimeRange};

use traffic::{DAYS, Traffic};

/// Events of one commit, as a backfill makes them.
const BATCH: usize = 50_000;

/// How often a question is asked; the median counts.
const RUNS: usize = 7;

/// Small commits, as polls make them.
const POLLS: usize = 1_000;

fn say(name: &str, value: impl std::fmt::Display) {
    println!("{name:<58} {value}");
}

fn setting(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.into_string().unwrap())
}

/// A line of `/proc/self/status`, in MB.
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes / 1_024
}

async fn open(folder: &Path) -> Lake {
    let location = LakeLocation::folder(folder).unwrap();
    Lake::open(location).await.unwrap().0
}

async fn timed<T>(name: &str, mut ask: impl AsyncFnMut() -> T) -> T {
    let started = Instant::now();
    let mut answer = ask().await;
    let cold = started.elapsed();
    let mut warm: Vec<Duration> = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        answer = ask().await;
        warm.push(started.elapsed());
    }
    warm.sort();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
    let (median, cold) = (milliseconds(warm[RUNS / 2]), milliseconds(cold));
    say(
        name,
        format_args!("{median:>9.1} ms warm {cold:>9.1} ms first"),
    );
    answer
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
async fn fill(lake: &Lake, events: usize) {
    let source = SourceName::new("asana").unwrap();
    let mut traffic = Traffic::new(events);
    let mut writing = Duration::ZERO;
    let mut sequence = 0;
    loop {
        let batch = traffic.take(BATCH);
        if batch.is_empty() {
            break;
        }
        let started = Instant::now();
        sequence += 1;
        let mut append = lake.append(&source, sequence, traffic.now()).await.unwrap();
        append.write(&batch).await.unwrap();
        append.commit().await.unwrap();
        writing += started.elapsed();
    }
    let rate = events as f64 / writing.as_secs_f64();
    say(
        "append, commits of 50,000 (events/s)",
        format_args!("{rate:>9.0}"),
    );
    let before = lake.statistics().await.unwrap();
    let started = Instant::now();
    let compacted = lake.compact().await.unwrap();
    say(
        "compaction (s)",
        format_args!("{:>9.1} {compacted:?}", started.elapsed().as_secs_f64()),
    );
    let after = lake.statistics().await.unwrap();
    for (name, statistics) in [("before", before), ("after", after)] {
        let bytes = statistics.bytes as f64 / statistics.rows as f64;
        let files = statistics.files;
        say(
            &format!("bytes an event {name} compaction"),
            format_args!("{bytes:>9.1} in {files} files"),
        );
    }
    say(
        "peak memory so far (MB)",
        format_args!("{:>9}", memory("VmHWM")),
    );
}

/// The event that the hardest look-ups are for: an old one.
async fn old_event(lake: &Lake) -> AuditEvent {
    let start = Traffic::start();
    let filter = EventFilter {
        range: TimeRange::new(start, start + TimeDelta::hours(1)),
        ..EventFilter::default()
    };
    lake.events(&filter, None, 1).await.unwrap()[0]
        .event
        .clone()
}

/// About fifty events, and never the same page twice: what was read is not read again.
async fn page(lake: &Lake, filter: &EventFilter) -> usize {
    static ASKED: AtomicUsize = AtomicUsize::new(50);
    let limit = ASKED.fetch_add(1, Ordering::Relaxed);
    lake.events(filter, None, limit).await.unwrap().len()
}

async fn find(lake: &Lake, name: &str, filter: EventFilter) {
    let ask = async || page(lake, &filter).await;
    let found = timed(name, ask).await;
    say("", format_args!("          {found} found"));
}

async fn look_up(lake: &Lake) {
    let any = EventFilter::default;
    let gid = |gid: String| EventFilter {
        gid: Some(gid),
        ..any()
    };
    let ip = |ip: String| EventFilter {
        ip_address: Some(ip),
        ..any()
    };
    let text = |text: &str| EventFilter {
        text: Some(text.to_owned()),
        ..any()
    };
    let actor = |gid: String| EventFilter {
        actor: Some(gid),
        ..any()
    };
    find(lake, "newest 50", any()).await;
    find(
        lake,
        "one gid, of the oldest hour",
        gid(old_event(lake).await.gid),
    )
    .await;
    find(lake, "one gid that is not there", gid("1".to_owned())).await;
    find(
        lake,
        "one IP address, busy, newest 50",
        ip(traffic::address(0, 0)),
    )
    .await;
    find(
        lake,
        "one IP address, rare, newest 50",
        ip(traffic::address(7_000, 1)),
    )
    .await;
    find(
        lake,
        "one IP address, not there, newest 50",
        ip("192.0.2.1".to_owned()),
    )
    .await;
    find(
        lake,
        "one actor, rare, newest 50",
        actor(traffic::person(7_000).gid),
    )
    .await;
    find(lake, "free text, common, newest 50", text("roadmap")).await;
    find(lake, "free text, nowhere", text("no such words")).await;
}

async fn bars(lake: &Lake, name: &str, filter: EventFilter, hours: u64) {
    let bucket = Duration::from_hours(hours);
    let ask = async || lake.histogram(&filter, bucket).await.unwrap().len();
    let bars = timed(name, ask).await;
    say("", format_args!("          {bars} bars"));
}

async fn count(lake: &Lake) {
    let any = EventFilter::default;
    let start = Traffic::start();
    let end = start + TimeDelta::days(DAYS);
    let unaligned = EventFilter {
        range: TimeRange::new(start + TimeDelta::hours(7), end - TimeDelta::hours(5)),
        ..any()
    };
    let one_type = EventFilter {
        event_types: vec!["task_deleted".to_owned()],
        ..any()
    };
    bars(lake, "histogram by day, all", any(), 24).await;
    bars(lake, "histogram by day, from 7:00 to 19:00", unaligned, 24).await;
    bars(lake, "histogram by day, of one type", one_type, 24).await;
    bars(lake, "histogram by hour, all", any(), 1).await;
    let gid = old_event(lake).await.gid;
    for (name, text) in [
        (
            "SQL: count by type",
            "select event_type, count(*) from events group by 1 order by 2 desc",
        ),
        (
            "SQL: one gid",
            &format!("select * from events where gid = '{gid}'"),
        ),
        (
            "SQL: like over details",
            "select count(*) from events where details like '%quarter%'",
        ),
        (
            "SQL: top 20 actors",
            "select actor_gid, count(*) from events group by 1 order by 2 desc limit 20",
        ),
    ] {
        let limits = QueryLimits::default();
        let ask = async || lake.query(text, &limits, &[]).await.unwrap().rows();
        let rows = timed(name, ask).await;
        say("", format_args!("          {rows} rows"));
    }
    say("memory now (MB)", format_args!("{:>9}", memory("VmRSS")));
}

/// A thousand commits of a hundred events, and whether the last cost more than the first.
async fn poll(lake: &Lake) {
    let source = SourceName::new("polled").unwrap();
    let mut traffic = Traffic::new(POLLS * 100);
    let (mut commits, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..POLLS {
        let batch = traffic.take(100);
        let started = Instant::now();
        let sequence = lake.last_sequence(&source).await.unwrap() + 1;
        reads.push(started.elapsed());
        let started = Instant::now();
        let mut append = lake.append(&source, sequence, traffic.now()).await.unwrap();
        append.write(&batch).await.unwrap();
        append.commit().await.unwrap();
        commits.push(started.elapsed());
    }
    for (name, times) in [
        ("commit of 100 events", &commits),
        ("last sequence", &reads),
    ] {
        for (part, range) in [("first", 0..POLLS / 10), ("last", POLLS * 9 / 10..POLLS)] {
            let mut times = times[range].to_vec();
            times.sort();
            let (half, most) = (times[times.len() / 2], times[times.len() * 95 / 100]);
            say(
                &format!("{name}, {part} tenth of 1,000"),
                format_args!("{half:>12.1?} median, {most:.1?} p95"),
            );
        }
    }
    let rare = SourceName::new("asana").unwrap();
    timed(
        "last sequence of a source that no longer writes",
        async || lake.last_sequence(&rare).await.unwrap(),
    )
    .await;
    let files = lake.statistics().await.unwrap().files;
    timed(&format!("newest 50 with {files} files"), async || {
        page(lake, &EventFilter::default()).await
    })
    .await;
    let started = Instant::now();
    let compacted = lake.compact().await.unwrap();
    say(
        "compaction of these (s)",
        format_args!("{:>9.1} {compacted:?}", started.elapsed().as_secs_f64()),
    );
}

fn main() {
    let events = setting("DRISHTI_BENCH_EVENTS").map_or(10_000_000, |text| text.parse().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let kept = setting("DRISHTI_BENCH_LAKE").map(PathBuf::from);
    let folder = kept.unwrap_or_else(|| temporary.path().join("lake"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        say("events", format_args!("{events:>9} over {DAYS} days"));
        let started = Instant::now();
        let lake = open(&folder).await;
        say(
            "opening (ms)",
            format_args!("{:>9.1}", started.elapsed().as_secs_f64() * 1_000.0),
        );
        if lake.statistics().await.unwrap().rows == 0 {
            fill(&lake, events).await;
        }
        look_up(&lake).await;
        count(&lake).await;
        let apart = open(&temporary.path().join("polls")).await;
        poll(&apart).await;
    });
}
