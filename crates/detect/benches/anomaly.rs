//! How many events one core judges and learns with every shipped anomaly policy, and how much is remembered of a person.
//!
//! `cargo bench -p drishti-detect --bench anomaly` prints a line each for 400, 10,000 and 100,000 people.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints its figures and stops at the first fault"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use drishti_detect::{AnomalyEngine, Pack, People, PersonFacts};
use drishti_model::{
    AccountRole, Actor, AddressFacts, AuditEvent, Context, Device, DeviceKind, EnrichedEvent,
};

const COUNTRIES: [(&str, f64, f64); 8] = [
    ("DE", 52.5, 13.4),
    ("IE", 53.3, -6.3),
    ("US", 40.7, -74.0),
    ("US", 37.8, -122.4),
    ("IN", 13.0, 77.6),
    ("JP", 35.7, 139.7),
    ("BR", -23.5, -46.6),
    ("GB", 51.5, -0.1),
];
/// What people do, roughly as often as in the simulator.
const EVENT_TYPES: [(&str, &str); 24] = [
    ("user_login_succeeded", "logins"),
    ("user_login_succeeded", "logins"),
    ("attachment_uploaded", "creation"),
    ("attachment_uploaded", "creation"),
    ("attachment_uploaded", "creation"),
    ("attachment_uploaded", "creation"),
    ("attachment_downloaded", "content_export"),
    ("attachment_downloaded", "content_export"),
    ("attachment_downloaded", "content_export"),
    ("task_deleted", "deletion"),
    ("task_deleted", "deletion"),
    ("task_deleted", "deletion"),
    ("comment_deleted", "deletion"),
    ("task_follower_added", "access_control"),
    ("project_member_added", "access_control"),
    ("project_member_removed", "access_control"),
    ("attachment_deleted", "deletion"),
    ("story_deleted", "deletion"),
    ("team_member_added", "access_control"),
    ("project_csv_export_started", "content_export"),
    ("user_logged_out", "logins"),
    ("user_app_authorized", "apps"),
    ("user_login_failed", "logins"),
    ("workspace_announcement_created", "admin_settings"),
];
/// Events of one person on a day.
const PER_DAY: u64 = 8;
const START_SECONDS: i64 = 1_767_571_200;

fn main() {
    measure(400, 90);
    measure(10_000, 30);
    measure(100_000, 20);
}

/// Evaluates the days of an organisation of this size. Making the events is not timed.
fn measure(size: u64, days: u64) {
    let world = World::new(size);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/anomaly");
    let (mut engine, errors) = AnomalyEngine::new(&Pack::load(&folder).policies);
    assert!(errors.is_empty(), "{errors:?}");
    let (mut spent, mut events, mut findings) = (Duration::ZERO, 0_u64, Vec::new());
    let (mut found, mut remembered) = (0, 0);
    for day in 0..days {
        // A day of a large organisation does not fit into memory at once.
        let parts = size.div_ceil(20_000);
        for part in 0..parts {
            let batch = world.part_of_day(day, part, parts);
            let before = resident_bytes();
            let start = processor_time();
            for event in &batch {
                engine.evaluate(event, &world.people, &mut findings);
            }
            spent += processor_time().saturating_sub(start);
            remembered += resident_bytes().saturating_sub(before);
            events += u64::try_from(batch.len()).expect("a count");
            found += findings.len();
            findings.clear();
        }
    }
    let start = Instant::now();
    let rows = engine.take_changes();
    let saved: usize = rows
        .iter()
        .map(|row| row.key.len() + row.value.as_ref().map_or(0, Vec::len))
        .sum();
    let saving = start.elapsed();
    let per_second = events * 1_000_000 / u64::try_from(spent.as_micros()).expect("a time").max(1);
    let people = u64::try_from(engine.sizes().people).expect("a count");
    println!(
        "{size} people, {days} days, {events} events: {per_second} events/s, {found} findings; {} bytes of memory a person, {} bytes saved a person in {saving:?}",
        remembered / people,
        u64::try_from(saved).expect("a size") / people,
    );
}

/// Time that this thread has had a processor, as Linux tells it: others may be busy on the same machine.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = text.split(' ').next().expect("a first number");
    Duration::from_nanos(nanoseconds.parse().expect("a number"))
}

/// Resident memory, as Linux tells it.
fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = text.split(' ').nth(1).expect("a second number");
    pages.parse::<u64>().expect("a number") * 4096
}

/// People, devices and networks.
struct World {
    size: u64,
    people: People,
    networks: Vec<Arc<AddressFacts>>,
    devices: Vec<Arc<Device>>,
}

impl World {
    fn new(size: u64) -> Self {
        let mut people = People::default();
        for person in 0..size {
            let role = if person.is_multiple_of(50) {
                AccountRole::Admin
            } else {
                AccountRole::Member
            };
            let facts = PersonFacts {
                role: Some(role),
                ..PersonFacts::default()
            };
            people.add(Some(&gid(person)), [email(person).as_str()], facts);
        }
        let networks = (0..400_u32).map(|number| {
            let place = usize::try_from(number).expect("small") % COUNTRIES.len();
            let (country, latitude, longitude) = COUNTRIES[place];
            Arc::new(AddressFacts {
                country: Some(country.to_owned()),
                latitude: Some(latitude),
                longitude: Some(longitude),
                asn: Some(64_500 + number),
                organization: Some(format!("Network {number}")),
                ..AddressFacts::default()
            })
        });
        let browsers = ["Chrome", "Firefox", "Safari", "Edge"];
        let systems = [
            ("macOS", DeviceKind::Pc),
            ("Windows", DeviceKind::Pc),
            ("Linux", DeviceKind::Pc),
            ("iOS", DeviceKind::Mobile),
            ("Android", DeviceKind::Mobile),
        ];
        let devices = browsers.iter().flat_map(|browser| {
            systems.iter().map(|(os, kind)| {
                Arc::new(Device {
                    browser: Some((*browser).to_owned()),
                    os: Some((*os).to_owned()),
                    kind: Some(*kind),
                    tags: Vec::new(),
                })
            })
        });
        Self {
            size,
            people,
            networks: networks.collect(),
            devices: devices.collect(),
        }
    }

    /// One of several parts of a day, in the order of time.
    fn part_of_day(&self, day: u64, part: u64, parts: u64) -> Vec<EnrichedEvent> {
        let events = self.size * PER_DAY / parts;
        (0..events)
            .map(|number| self.event(day, part * events + number, events * parts))
            .collect()
    }

    fn event(&self, day: u64, number: u64, of: u64) -> EnrichedEvent {
        let dice = mix(day * of + number);
        let person = dice % self.size;
        let own = mix(person);
        let &(event_type, category) = pick(&EVENT_TYPES, dice >> 20);
        let on_phone = (dice >> 30).is_multiple_of(8);
        let travels = mix(person ^ day << 32).is_multiple_of(40);
        let place = match (travels, on_phone) {
            (true, _) => mix(person ^ day),
            (_, true) => own >> 8,
            _ => own,
        };
        let by_program = (dice >> 40).is_multiple_of(20);
        let seconds = 86_400 * day + 86_400 * number / of;
        let seconds = START_SECONDS + i64::try_from(seconds).expect("a time");
        let device = pick(&self.devices, if on_phone { own >> 24 } else { own >> 16 });
        let event = AuditEvent {
            gid: (1_200_000_000_000_000 + day * of + number).to_string(),
            created_at: DateTime::<Utc>::from_timestamp(seconds, 0).expect("a time")
                + TimeDelta::milliseconds(7),
            event_type: event_type.to_owned(),
            event_category: Some(category.to_owned()),
            actor: Actor {
                actor_type: Some("user".to_owned()),
                gid: Some(gid(person)),
                name: Some("Somebody".to_owned()),
                email: Some(email(person)),
            },
            context: Context {
                context_type: Some(if by_program { "api" } else { "web" }.to_owned()),
                api_authentication_method: by_program.then(|| "oauth".to_owned()),
                oauth_app_name: by_program.then(|| format!("App {}", own % 20)),
                client_ip_address: Some(format!(
                    "10.{}.{}.{}",
                    place % 200,
                    own / 7 % 250,
                    own / 13 % 250
                )),
                ..Context::default()
            },
            ..AuditEvent::default()
        };
        EnrichedEvent {
            event,
            address: Some(Arc::clone(pick(&self.networks, place))),
            device: Some(Arc::clone(device)),
        }
    }
}

fn gid(person: u64) -> String {
    (1_100_000_000_000_000 + person).to_string()
}

fn email(person: u64) -> String {
    format!("person{person}@example.com")
}

fn pick<T>(list: &[T], word: u64) -> &T {
    let length = u64::try_from(list.len()).expect("a length");
    &list[usize::try_from(word % length).expect("an index")]
}

/// A word that looks random, the same for the same number (`SplitMix64`).
fn mix(number: u64) -> u64 {
    let word = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}
