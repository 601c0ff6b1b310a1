//! How many events one core enriches, and what a new address, a new user agent and loading cost.
//!
//! `cargo bench -p drishti-detect --bench enrich` prints one line each.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints its figures and stops at the first fault"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use drishti_detect::enrich::{
    ADDRESSES_CACHED_MAX, Agents, Enricher, Feed, FeedSource, OwnRanges, Places, PlacesFile,
    Supported,
};
use drishti_model::{AuditEvent, Context};

/// Few enough to stay in the processor's cache and to be done within one slice of its time.
const EVENTS: u32 = 10_000;
const NEW: u32 = 150_000;
const ROUNDS: usize = 21;
const NETWORKS: u32 = 500_000;
const ENTRIES: u32 = 200_000;

fn main() {
    let csv = places();
    let list = feed();
    println!("best and median of {ROUNDS} rounds, one thread");
    measure(
        "places: rows",
        NETWORKS,
        || csv.clone(),
        |csv| {
            black_box(table(csv));
        },
    );
    measure(
        "feed: lines",
        ENTRIES,
        || (),
        |()| {
            black_box(entries(&list));
        },
    );
    let enricher = enricher(csv, &list);
    let repeating: Vec<AuditEvent> = (0..EVENTS).map(|number| event(number % 5_000)).collect();
    measure(
        "events, repeating",
        EVENTS,
        || (repeating.clone(), Vec::with_capacity(repeating.len())),
        |(events, mut enriched)| {
            enriched.extend(events.into_iter().map(|event| enricher.enrich(event)));
            black_box(enriched)
        },
    );
    let one_off: Vec<String> = (0..NEW).map(address).collect();
    assert!(
        one_off.len() > ADDRESSES_CACHED_MAX,
        "so that no address is at hand when it comes again"
    );
    measure(
        "addresses, all new",
        NEW,
        || (),
        |()| {
            for address in &one_off {
                black_box(enricher.facts(address));
            }
        },
    );
    let agents = Agents::new(Supported::shipped());
    let names: Vec<String> = (0..NEW).map(agent).collect();
    measure(
        "agents, all new",
        NEW,
        || (),
        |()| {
            for agent in &names {
                black_box(agents.device(agent));
            }
        },
    );
}

/// What `work` gives back is dropped after the clock has stopped.
fn measure<T, U>(name: &str, count: u32, prepare: impl Fn() -> T, work: impl Fn(T) -> U) {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let prepared = prepare();
            let start = Instant::now();
            let done = work(prepared);
            let elapsed = start.elapsed();
            drop(done);
            elapsed
        })
        .collect();
    rounds.sort_unstable();
    let per_second = |round: Duration| f64::from(count) / round.as_secs_f64();
    println!(
        "{name:<20} {:>12.0} {:>12.0} /s",
        per_second(rounds[0]),
        per_second(rounds[ROUNDS / 2])
    );
}

fn enricher(csv: Vec<u8>, list: &str) -> Enricher {
    Enricher::new(
        Places::new(vec![table(csv)]).expect("one file"),
        OwnRanges::default(),
        vec![entries(list)],
        Agents::new(Supported::shipped()),
    )
    .expect("one feed")
}

fn table(csv: Vec<u8>) -> PlacesFile {
    PlacesFile::parse("places.csv", csv, None).expect("a table")
}

fn entries(list: &str) -> Feed {
    let source = FeedSource::named("hosting").expect("a name");
    Feed::parse(source, None, list.as_bytes()).expect("a list")
}

/// `/24` after `/24` from 11.0.0.0 on, in a thousand places.
fn places() -> Vec<u8> {
    let header = "network,country,region,city,latitude,longitude,asn,organization,tags\n";
    let mut csv = String::from(header);
    for number in 0..NETWORKS {
        let (network, place) = (Ipv4Addr::from(0x0b00_0000 + (number << 8)), number % 1_000);
        writeln!(
            csv,
            "{network}/24,DE,Region {place},City {place},52.5,13.{place},{},Network {place},residential",
            64_500 + place
        )
        .expect("a string takes all");
    }
    csv.into_bytes()
}

fn feed() -> String {
    (0..ENTRIES).fold(String::new(), |mut list, number| {
        writeln!(list, "{}", Ipv4Addr::from(0x0b00_0000 + number * 41))
            .expect("a string takes all");
        list
    })
}

/// Spread over the networks.
fn address(number: u32) -> String {
    Ipv4Addr::from(0x0b00_0000 + number.wrapping_mul(2_654_435_761) % (NETWORKS << 8)).to_string()
}

fn agent(number: u32) -> String {
    let system = [
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
    ];
    format!(
        "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.{number} Safari/537.36",
        system[usize::from(number.is_multiple_of(2))],
        120 + number % 40
    )
}

fn event(number: u32) -> AuditEvent {
    AuditEvent {
        gid: number.to_string(),
        event_type: "user_login_succeeded".to_owned(),
        context: Context {
            client_ip_address: Some(address(number)),
            user_agent: Some(agent(number % 400)),
            ..Context::default()
        },
        ..AuditEvent::default()
    }
}
