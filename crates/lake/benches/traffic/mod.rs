//! Events of an organisation, made up: the same for the same number of them.

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{Actor, AuditEvent, Context, EnrichedEvent, Resource};

/// Days over which the events are spread.
pub(crate) const DAYS: i64 = 90;

const PEOPLE: usize = 8_000;

/// Type, category, type of the resource, share in percent.
const KINDS: [(&str, &str, &str, u64); 12] = [
    ("task_created", "creation", "task", 26),
    ("task_completed", "content_modification", "task", 17),
    ("user_login_succeeded", "logins", "user", 14),
    (
        "attachment_uploaded",
        "content_modification",
        "attachment",
        9,
    ),
    ("task_deleted", "deletion", "task", 8),
    ("project_created", "creation", "project", 6),
    ("attachment_downloaded", "content_export", "attachment", 6),
    ("team_member_added", "roles", "user", 4),
    ("user_login_failed", "logins", "user", 4),
    ("portfolio_created", "creation", "portfolio", 3),
    ("user_app_authorized", "apps", "app", 2),
    ("workspace_member_added", "admin_settings", "user", 1),
];

const FIRST_NAMES: [&str; 20] = [
    "Amara", "Bruno", "Chloe", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Ivan", "Jaya", "Kofi",
    "Lena", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Sven", "Tomas",
];

const LAST_NAMES: [&str; 20] = [
    "Adler", "Bianchi", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanov",
    "Jansen", "Kaya", "Larsen", "Moreau", "Novak", "Okafor", "Patel", "Rossi", "Silva", "Tanaka",
    "Weber",
];

const WORDS: [&str; 24] = [
    "budget",
    "review",
    "launch",
    "draft",
    "invoice",
    "roadmap",
    "interview",
    "release",
    "notes",
    "campaign",
    "contract",
    "survey",
    "training",
    "migration",
    "backlog",
    "report",
    "design",
    "hiring",
    "quarter",
    "plan",
    "audit",
    "offsite",
    "pricing",
    "support",
];

const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
];

/// `SplitMix64`: enough for made-up traffic, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).unwrap()
    }

    /// A gid as long as Asana's, in no order: the worst case for finding one.
    fn gid(&mut self) -> String {
        (1_200_000_000_000_000 + self.roll() % 100_000_000_000_000).to_string()
    }
}

pub(crate) struct Person {
    pub(crate) gid: String,
    name: String,
    email: String,
}

pub(crate) fn person(index: usize) -> Person {
    let (first, last) = (FIRST_NAMES[index % 20], LAST_NAMES[index / 20 % 20]);
    let email = format!("{first}.{last}{}@example.com", index / 400).to_lowercase();
    Person {
        gid: Dice(index as u64).gid(),
        name: format!("{first} {last}"),
        email,
    }
}

/// The `place`-th address of a person: 0 an office that many share, else of their own.
pub(crate) fn address(person: usize, place: usize) -> String {
    match place {
        0 => format!("198.51.100.{}", person % 8),
        _ => format!("10.{}.{}.{place}", person / 250, person % 250),
    }
}

pub(crate) struct Traffic {
    dice: Dice,
    people: Vec<Person>,
    /// How much the people up to each do together: the n-th does an n-th of the first.
    shares: Vec<f64>,
    events: usize,
    made: usize,
}

impl Traffic {
    pub(crate) fn new(events: usize) -> Self {
        let mut share = 0.0;
        let shares = (1..=u32::try_from(PEOPLE).unwrap()).map(|rank| {
            share += 1.0 / f64::from(rank);
            share
        });
        Self {
            dice: Dice(events as u64),
            people: (0..PEOPLE).map(person).collect(),
            shares: shares.collect(),
            events,
            made: 0,
        }
    }

    pub(crate) fn start() -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        let span = u64::try_from(TimeDelta::days(DAYS).num_milliseconds()).unwrap();
        let milliseconds = span * self.made as u64 / self.events as u64;
        Self::start() + TimeDelta::milliseconds(i64::try_from(milliseconds).unwrap())
    }

    /// The next events, at most `count`.
    pub(crate) fn take(&mut self, count: usize) -> Vec<EnrichedEvent> {
        let count = count.min(self.events - self.made);
        (0..count).map(|_| self.event().into()).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
    fn someone(&mut self) -> usize {
        let all = self.shares[PEOPLE - 1];
        let drawn = self.dice.roll() as f64 / u64::MAX as f64 * all;
        self.shares
            .partition_point(|share| *share < drawn)
            .min(PEOPLE - 1)
    }

    /// Something of a kind; a user is `who`, or anyone.
    fn resource(&mut self, kind: &str, who: Option<usize>, [one, two]: [&str; 2]) -> Resource {
        if kind == "user" {
            let onto = who.unwrap_or_else(|| self.someone());
            let person = &self.people[onto];
            return Resource {
                resource_type: Some(kind.to_owned()),
                gid: Some(person.gid.clone()),
                name: Some(person.name.clone()),
                email: Some(person.email.clone()),
                ..Resource::default()
            };
        }
        Resource {
            resource_type: Some(kind.to_owned()),
            gid: Some(self.dice.gid()),
            name: Some(format!("{one} {two} {}", self.dice.below(1_000))),
            ..Resource::default()
        }
    }

    fn event(&mut self) -> AuditEvent {
        // Late by up to two seconds, so that neither order nor spacing is regular.
        let late = TimeDelta::milliseconds(i64::try_from(self.dice.below(2_000)).unwrap());
        let created_at = self.now() + late;
        self.made += 1;
        let who = self.someone();
        let percent = self.dice.roll() % 100;
        let mut seen = 0;
        let (event_type, category, kind, _) = *KINDS
            .iter()
            .find(|(.., share)| {
                seen += share;
                percent < seen
            })
            .unwrap();
        let place = [0, 0, 0, 1, 1, 2][self.dice.below(6)];
        let agent = AGENTS[(who + self.dice.below(2)) % AGENTS.len()];
        let (one, two) = (WORDS[self.dice.below(24)], WORDS[self.dice.below(24)]);
        let resource = self.resource(kind, (category == "logins").then_some(who), [one, two]);
        let details = match category {
            "logins" => Some("{\"method\":[\"SAML\"]}".to_owned()),
            "creation" | "deletion" => Some(format!(
                "{{\"project_gid\":\"{}\"}}",
                Dice(self.dice.roll() % 5_000).gid()
            )),
            "content_export" => Some(format!(
                "{{\"file\":\"{one}-{two}.pdf\",\"size\":{}}}",
                self.dice.below(1 << 22)
            )),
            _ => None,
        };
        let person = &self.people[who];
        AuditEvent {
            gid: self.dice.gid(),
            created_at,
            event_type: event_type.to_owned(),
            event_category: Some(category.to_owned()),
            actor: Actor {
                actor_type: Some("user".to_owned()),
                gid: Some(person.gid.clone()),
                name: Some(person.name.clone()),
                email: Some(person.email.clone()),
            },
            resource,
            context: Context {
                context_type: Some("web".to_owned()),
                client_ip_address: Some(address(who, place)),
                user_agent: Some(agent.to_owned()),
                ..Context::default()
            },
            details,
            extra: None,
        }
    }
}
