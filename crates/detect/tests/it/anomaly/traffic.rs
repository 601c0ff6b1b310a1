//! Events in which anything can be missing, of an organisation small enough that they meet.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use drishti_detect::{People, PersonFacts, Terminated};
use drishti_model::{
    AccountRole, Actor, AddressCategory, AddressFacts, AuditEvent, Context, Device, DeviceKind,
    EnrichedEvent, Resource,
};
use proptest::prelude::*;

const EVENT_TYPES: [&str; 16] = [
    "user_login_succeeded",
    "user_login_succeeded",
    "user_login_failed",
    "user_login_failed",
    "user_access_denied",
    "attachment_downloaded",
    "attachment_downloaded",
    "project_csv_export_started",
    "workspace_members_export_started",
    "task_deleted",
    "task_permanently_deleted",
    "project_member_added",
    "user_invited",
    "workspace_saml_settings_changed",
    "user_password_reset",
    "gizmo_calibrated",
];

/// A time as seconds since 2026-01-05.
pub(crate) fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_571_200 + seconds, 123_456_000).unwrap()
}

/// The directory: an admin, a leaver, somebody who has left.
pub(crate) fn people() -> People {
    let mut people = People::default();
    let facts = |role| PersonFacts {
        role: Some(role),
        ..PersonFacts::default()
    };
    people.add(Some("1"), ["one@example.com"], facts(AccountRole::Admin));
    people.add(
        Some("2"),
        ["two@example.com"],
        PersonFacts {
            leaving_since: Some(time(10 * 86_400)),
            ..facts(AccountRole::Member)
        },
    );
    people.add(
        Some("3"),
        ["three@example.com"],
        PersonFacts {
            terminated: Some(Terminated {
                since: time(30 * 86_400),
                told_by: "leavers.csv".to_owned(),
            }),
            ..facts(AccountRole::Guest)
        },
    );
    people
}

fn maybe<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.9, prop::sample::select(values))
}

fn texts(values: &[&str]) -> impl Strategy<Value = Option<String>> + use<> {
    maybe(values.iter().map(ToString::to_string).collect())
}

fn actor() -> impl Strategy<Value = Actor> {
    let kinds = texts(&[
        "user",
        "user",
        "user",
        "user",
        "user",
        "anonymous",
        "asana_support",
    ]);
    (
        kinds,
        maybe((1..4_u32).collect()),
        prop::bool::weighted(0.9),
    )
        .prop_map(|(actor_type, number, has_gid)| {
            let names = ["nobody", "one", "two", "three"];
            let email = number
                .map(|number| format!("{}@example.com", names[usize::try_from(number).unwrap()]));
            Actor {
                actor_type,
                gid: number.filter(|_| has_gid).map(|number| number.to_string()),
                name: None,
                email,
            }
        })
}

fn address() -> impl Strategy<Value = Option<Arc<AddressFacts>>> {
    let country = texts(&["DE", "DE", "FR", "SG", "US", ""]);
    let degrees = maybe(vec![(52.5, 13.4), (1.3, 103.8), (40.7, -74.0)]);
    let asn = maybe(vec![64_500, 64_501, 64_502]);
    let category = prop::option::weighted(0.2, prop::sample::select(AddressCategory::ALL.to_vec()));
    let tags = prop::sample::subsequence(vec!["hosting", "malicious", "tor_exit", "vpn"], 0..2);
    let facts = (country, degrees, asn, category, tags).prop_map(
        |(country, degrees, asn, category, tags)| {
            Arc::new(AddressFacts {
                country,
                latitude: degrees.map(|(latitude, _)| latitude),
                longitude: degrees.map(|(_, longitude)| longitude),
                asn,
                organization: None,
                category,
                tags: tags.iter().map(ToString::to_string).collect(),
                ..AddressFacts::default()
            })
        },
    );
    prop::option::weighted(0.9, facts)
}

fn device() -> impl Strategy<Value = Option<Arc<Device>>> {
    let browser = texts(&["Chrome", "Firefox", "curl"]);
    let kind = maybe(DeviceKind::ALL.to_vec());
    let device = (browser, kind).prop_map(|(browser, kind)| {
        Arc::new(Device {
            browser,
            kind,
            ..Device::default()
        })
    });
    prop::option::weighted(0.9, device)
}

fn context() -> impl Strategy<Value = Context> {
    let channel = texts(&[
        "web",
        "web",
        "web",
        "mobile",
        "api",
        "asana_support",
        "email",
    ]);
    let method = texts(&[
        "cookie",
        "oauth",
        "personal_access_token",
        "service_account",
    ]);
    let address = texts(&["192.0.2.1", "192.0.2.2", "2001:db8::1", "not an address"]);
    let app = texts(&["Report Maker", "Time Keeper"]);
    let behalf = prop::option::weighted(0.05, 1..4_i64);
    (channel, method, address, app, behalf).prop_map(
        |(context_type, method, address, app, behalf)| {
            let by_api = context_type.as_deref() == Some("api");
            let method = method.filter(|_| by_api);
            Context {
                oauth_app_name: app.filter(|_| method.as_deref() == Some("oauth")),
                context_type,
                api_authentication_method: method,
                client_ip_address: address,
                user_agent: None,
                rule_name: None,
                on_behalf_of_user_id: behalf,
            }
        },
    )
}

/// Events in the order of time over some weeks, in bursts.
pub(crate) fn events() -> impl Strategy<Value = Vec<EnrichedEvent>> {
    let pause = prop_oneof![20 => 0..40_i64, 2 => 60..7_200_i64, 1 => 20_000..800_000_i64];
    let event = (
        pause,
        prop::sample::select(EVENT_TYPES.to_vec()),
        actor(),
        prop::option::weighted(0.5, actor()),
        context(),
        address(),
        device(),
    );
    prop::collection::vec(event, 0..250).prop_map(|steps| {
        let mut seconds = 0;
        let numbered = steps.into_iter().enumerate();
        numbered
            .map(
                |(number, (pause, event_type, actor, about, context, address, device))| {
                    seconds += pause;
                    let about = about.unwrap_or_default();
                    let event = AuditEvent {
                        gid: (number + 1).to_string(),
                        created_at: time(seconds),
                        event_type: event_type.to_owned(),
                        actor,
                        resource: Resource {
                            resource_type: Some("user".to_owned()),
                            gid: about.gid,
                            email: about.email,
                            ..Resource::default()
                        },
                        context,
                        ..AuditEvent::default()
                    };
                    EnrichedEvent {
                        event,
                        address,
                        device,
                    }
                },
            )
            .collect()
    })
}
