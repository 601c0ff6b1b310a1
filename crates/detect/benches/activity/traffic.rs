//! Events with the simulator's shares of types, enriched.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use drishti_detect::{People, PersonFacts};
use drishti_model::{
    AccountRole, Actor, AddressCategory, AddressFacts, AuditEvent, Context, Device, DeviceKind,
    EnrichedEvent, Resource,
};

const EVENTS: usize = 200_000;

const PEOPLE: usize = 2_000;

/// Type, category, type of the resource, share: the simulator's, rounded.
const KINDS: [(&str, &str, &str, usize); 24] = [
    ("attachment_uploaded", "creation", "attachment", 200),
    ("attachment_downloaded", "content_export", "attachment", 155),
    ("task_deleted", "deletion", "task", 140),
    ("user_login_succeeded", "logins", "user", 95),
    ("comment_deleted", "deletion", "story", 75),
    ("task_follower_added", "access_control", "task", 55),
    ("project_member_added", "access_control", "project", 50),
    ("user_logged_out", "logins", "user", 45),
    ("attachment_deleted", "deletion", "attachment", 32),
    ("story_deleted", "deletion", "story", 26),
    ("project_member_removed", "access_control", "project", 15),
    ("team_member_added", "access_control", "team", 15),
    ("task_follower_removed", "access_control", "task", 14),
    (
        "project_csv_export_started",
        "content_export",
        "project",
        12,
    ),
    ("user_login_failed", "logins", "user", 12),
    ("task_undeleted", "deletion", "task", 10),
    (
        "project_privacy_settings_changed",
        "access_control",
        "project",
        10,
    ),
    ("task_permanently_deleted", "deletion", "task", 8),
    ("project_deleted", "deletion", "project", 7),
    ("portfolio_member_added", "access_control", "portfolio", 6),
    ("user_app_authorized", "apps", "user", 5),
    (
        "search_report_export_started",
        "content_export",
        "search",
        5,
    ),
    ("user_invited", "user_updates", "user", 4),
    (
        "workspace_view_links_enabled",
        "admin_settings",
        "workspace",
        4,
    ),
];

/// `SplitMix64`: enough for made-up traffic, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap() % bound
    }
}

fn gid(person: usize) -> String {
    (1_200_000_000_000_000 + person * 7_919).to_string()
}

pub(crate) fn people() -> People {
    let mut people = People::default();
    for person in 0..PEOPLE {
        let facts = PersonFacts {
            role: Some(if person.is_multiple_of(50) {
                AccountRole::Admin
            } else {
                AccountRole::Member
            }),
            groups: vec!["everybody".to_owned()],
            ..PersonFacts::default()
        };
        people.add(Some(&gid(person)), [], facts);
    }
    people
}

/// Ten days of them.
pub(crate) fn events() -> Vec<EnrichedEvent> {
    let mut dice = Dice(7);
    let mut kinds = Vec::new();
    for kind in &KINDS {
        kinds.extend(std::iter::repeat_n(kind, kind.3));
    }
    let device = Arc::new(Device {
        browser: Some("Chrome".to_owned()),
        os: Some("macOS".to_owned()),
        kind: Some(DeviceKind::Pc),
        tags: Vec::new(),
    });
    let addresses: Vec<Arc<AddressFacts>> = (0..400).map(address).collect();
    let start = DateTime::from_timestamp(1_767_571_200, 0).unwrap();
    let step = TimeDelta::days(10) / i32::try_from(EVENTS).unwrap();
    (0..EVENTS)
        .map(|place| {
            let person = dice.below(PEOPLE);
            let kind = kinds[dice.below(kinds.len())];
            EnrichedEvent {
                event: AuditEvent {
                    created_at: start + step * i32::try_from(place).unwrap(),
                    ..event(place, person, kind, &mut dice)
                },
                address: Some(Arc::clone(&addresses[person % 400])),
                device: Some(Arc::clone(&device)),
            }
        })
        .collect()
}

fn event(
    place: usize,
    person: usize,
    kind: &(&str, &str, &str, usize),
    dice: &mut Dice,
) -> AuditEvent {
    let text = |text: &str| Some(text.to_owned());
    let details = match kind.0 {
        "user_login_succeeded" | "user_login_failed" => {
            r#"{"method":["SAML"],"saml_response":null}"#
        }
        "project_privacy_settings_changed" => r#"{"old_value":null,"new_value":"members_only"}"#,
        _ => "{}",
    };
    AuditEvent {
        gid: (1_300_000_000_000_000 + place).to_string(),
        event_type: kind.0.to_owned(),
        event_category: text(kind.1),
        actor: Actor {
            actor_type: text("user"),
            gid: Some(gid(person)),
            name: Some(format!("Person {person}")),
            email: Some(format!("person.{person}@example.com")),
        },
        resource: Resource {
            resource_type: text(kind.2),
            gid: Some((1_400_000_000_000_000 + dice.below(50_000)).to_string()),
            name: text("Quarterly plan"),
            ..Resource::default()
        },
        context: Context {
            context_type: text("web"),
            client_ip_address: Some(format!("198.51.100.{}", person % 250)),
            user_agent: text("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/142.0.0.0"),
            ..Context::default()
        },
        details: text(details),
        ..AuditEvent::default()
    }
}

fn address(place: usize) -> Arc<AddressFacts> {
    Arc::new(AddressFacts {
        country: Some("DE".to_owned()),
        city: Some("Berlin".to_owned()),
        asn: Some(64_500),
        organization: Some("Carrier".to_owned()),
        category: place.is_multiple_of(40).then_some(AddressCategory::Vpn),
        tags: if place == 13 {
            vec!["tor_exit".to_owned()]
        } else {
            Vec::new()
        },
        ..AddressFacts::default()
    })
}
