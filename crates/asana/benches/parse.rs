//! How many audit events one core reads: [`drishti_asana::parse_event`] beside a `serde_json::Value` of the same text.
//!
//! `cargo bench -p drishti-asana` prints one line each.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints its figures and stops at the first fault"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use drishti_asana::{parse_event, parse_page};

const EVENTS: usize = 10_000;
const ROUNDS: usize = 21;

fn main() {
    let events: Vec<String> = (0..EVENTS).map(event).collect();
    let bytes = events.iter().map(String::len).sum::<usize>() / EVENTS;
    println!("{EVENTS} events of {bytes} bytes, best and median of {ROUNDS} rounds");
    measure("parse_event", || {
        for event in &events {
            black_box(parse_event(event).expect("an event"));
        }
    });
    measure("serde_json::Value", || {
        for event in &events {
            black_box(serde_json::from_str::<serde_json::Value>(event).expect("json"));
        }
    });
    let pages: Vec<String> = events
        .chunks(100)
        .map(|page| format!("{{\"data\":[{}],\"next_page\":null}}", page.join(",")))
        .collect();
    measure("parse_page", || {
        for page in &pages {
            black_box(parse_page(page.as_bytes()).expect("a page"));
        }
    });
    let parsed: Vec<_> = events
        .iter()
        .map(|event| parse_event(event).expect("an event"))
        .collect();
    measure("to_json", || {
        for event in &parsed {
            black_box(event.to_json());
        }
    });
}

fn measure(name: &str, work: impl Fn()) {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    rounds.sort_unstable();
    println!(
        "{name:<20} {:>10.0} {:>10.0} events/s",
        per_second(rounds[0]),
        per_second(rounds[ROUNDS / 2])
    );
}

fn per_second(round: Duration) -> f64 {
    f64::from(u32::try_from(EVENTS).expect("a small number")) / round.as_secs_f64()
}

/// One event with every field that a user's event usually has, in Asana's order of keys.
fn event(number: usize) -> String {
    let gid = 1_208_575_735_614_490 + number;
    let person = 1_208_549_725_000_000 + number % 400;
    let (second, milli) = (number / 1_000 % 60, number % 1_000);
    format!(
        concat!(
            r#"{{"gid":"{gid}","created_at":"2024-10-18T04:42:{second:02}.{milli:03}Z","#,
            r#""event_type":"user_login_succeeded","event_category":"logins","#,
            r#""actor":{{"actor_type":"user","gid":"{person}","name":"Ines Okonkwo","email":"ines.okonkwo@example.com"}},"#,
            r#""resource":{{"resource_type":"user","gid":"{person}","name":"Ines Okonkwo","email":"ines.okonkwo@example.com"}},"#,
            r#""details":{{"method":["SAML"]}},"#,
            r#""context":{{"context_type":"web","client_ip_address":"203.0.113.{address}","#,
            r#""user_agent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "#,
            r#"Chrome/130.0.0.0 Safari/537.36"}}}}"#
        ),
        gid = gid,
        second = second,
        milli = milli,
        person = person,
        address = number % 256,
    )
}
