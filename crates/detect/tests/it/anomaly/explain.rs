//! Why a policy does not speak, in words.

use std::sync::Arc;

use drishti_detect::{AnomalyEngine, People, Policy, Verdict};
use drishti_model::{AddressCategory, AddressFacts, Device, EnrichedEvent};

use super::engine::{engine, evaluate, event, policy};

const DAY: i64 = 86_400;

fn from(mut event: EnrichedEvent, country: &str, degrees: (f64, f64), asn: u32) -> EnrichedEvent {
    event.event.context.client_ip_address = Some("192.0.2.1".to_owned());
    event.address = Some(Arc::new(AddressFacts {
        country: Some(country.to_owned()),
        latitude: Some(degrees.0),
        longitude: Some(degrees.1),
        asn: Some(asn),
        ..AddressFacts::default()
    }));
    event.device = Some(Arc::new(Device {
        browser: Some("Chrome".to_owned()),
        ..Device::default()
    }));
    event
}

fn at_home(seconds: i64) -> EnrichedEvent {
    from(
        event(seconds, "user_login_succeeded"),
        "DE",
        (52.5, 13.4),
        64_500,
    )
}

fn abroad(seconds: i64) -> EnrichedEvent {
    from(
        event(seconds, "user_login_succeeded"),
        "SG",
        (1.35, 103.8),
        64_510,
    )
}

fn categorised(event: EnrichedEvent, category: AddressCategory) -> EnrichedEvent {
    let facts = AddressFacts {
        category: Some(category),
        ..AddressFacts::clone(event.address.as_deref().unwrap())
    };
    EnrichedEvent {
        address: Some(Arc::new(facts)),
        ..event
    }
}

/// After so many days of sign-ins at home, what `policy` says of an event.
fn asked(policy: &Arc<Policy>, days: i64, event: &EnrichedEvent) -> String {
    let mut engine: AnomalyEngine = engine(std::slice::from_ref(policy));
    for day in 0..days {
        evaluate(&mut engine, &at_home(day * DAY));
    }
    match engine.explain(event, &People::default(), policy) {
        Verdict::Quiet(reasons) => reasons.join("; "),
        Verdict::NotEvaluable(reason) => format!("not evaluable: {reason}"),
        Verdict::Raised(finding) => format!("raised: {}", finding.title),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn near_misses_are_answered() {
    let travel = policy("impossible_travel", "{}");
    let country = policy("infrequent_country", "{}");
    let fresh = policy("new_device_and_network", "{}");
    let hour = DAY / 24;
    let mut by_rule = abroad(12 * DAY);
    by_rule.event.context.rule_name = Some("Close old tasks".to_owned());
    let mut placeless = abroad(12 * DAY);
    placeless.address = None;
    let mut failed = abroad(12 * DAY);
    failed.event.event_type = "user_login_failed".to_owned();
    let cases = [
        (
            &travel,
            12,
            abroad(11 * DAY + hour),
            "raised: one@example.com was in DE and 1 hour later in SG",
        ),
        (
            &travel,
            12,
            abroad(11 * DAY + 20 * hour),
            "9916 km from DE in 20 hours is 496 km/h, and 900 km/h are possible",
        ),
        (
            &travel,
            12,
            at_home(11 * DAY + hour),
            "they were seen in no other country lately",
        ),
        (&travel, 4, abroad(3 * DAY + hour), "still learning: "),
        (
            &travel,
            12,
            categorised(abroad(11 * DAY + hour), AddressCategory::Vpn),
            "the address is a VPN, whose place is not the person's",
        ),
        (
            &country,
            12,
            abroad(12 * DAY),
            "raised: one@example.com was active in SG, where they are not expected",
        ),
        (
            &country,
            12,
            at_home(12 * DAY),
            "they were seen in DE 1 day ago",
        ),
        (&country, 12, by_rule, "the event is not interactive"),
        (&country, 12, failed, "the event is a failed one"),
        (
            &country,
            12,
            placeless,
            "not evaluable: the event lacks anything known of its client address",
        ),
        (
            &country,
            12,
            event(12 * DAY, "task_deleted"),
            "not evaluable: the event lacks a client address",
        ),
        (
            &country,
            0,
            abroad(0),
            "nothing is known of the organisation yet",
        ),
        (
            &country,
            12,
            categorised(abroad(12 * DAY), AddressCategory::Corporate),
            "the owner says that the address is the organisation's own",
        ),
        (
            &fresh,
            12,
            abroad(12 * DAY),
            "only the network is new; the device is known",
        ),
        (
            &fresh,
            12,
            at_home(12 * DAY),
            "device and network are known",
        ),
    ];
    for (policy, days, event, expected) in cases {
        let answer = asked(policy, days, &event);
        assert!(answer.starts_with(expected), "{}: {answer}", policy.id);
    }
}

#[test]
fn a_policy_that_is_off_or_unknown_says_so() {
    let off = Policy {
        mode: drishti_detect::Mode::Off,
        ..Policy::clone(&policy("infrequent_country", "{}"))
    };
    assert!(asked(&Arc::new(off), 12, &abroad(12 * DAY)).starts_with("the policy is off"));
    let engine = engine(&[]);
    let verdict = engine.explain(
        &at_home(0),
        &People::default(),
        &policy("mass_export", "{}"),
    );
    assert!(matches!(verdict, Verdict::Quiet(reasons) if reasons[0].contains("mass_export")));
}

#[test]
fn an_explanation_names_what_was_expected_what_was_seen_and_how_rare_it_is() {
    let travel = policy("impossible_travel", "{}");
    let mut engine = engine(&[travel]);
    for day in 0..12 {
        evaluate(&mut engine, &at_home(day * DAY));
    }
    let findings = evaluate(&mut engine, &abroad(11 * DAY + 1800));
    let why = &findings[0].explanation;
    assert_eq!(
        why.expected,
        "people travel at up to 900 km/h; they are usually in DE (12 events on 12 days)"
    );
    assert_eq!(
        why.seen,
        "9916 km from DE to 192.0.2.1 (AS64510, SG) in 30 minutes"
    );
    assert_eq!(why.comparisons[0].what, "speed in km/h");
    assert!(why.comparisons[0].seen > 19_000.0);
    assert_eq!(why.not_suppressed.len(), 5, "{:?}", why.not_suppressed);
    let gids: Vec<&str> = findings[0]
        .events
        .iter()
        .map(|event| event.gid.as_str())
        .collect();
    assert_eq!(gids, ["950400", "952200"]);
    let rarity: Vec<_> = why
        .rarity
        .iter()
        .map(|rarity| {
            (
                rarity.attribute.as_str(),
                rarity.value.as_str(),
                rarity.person_last_seen_days,
            )
        })
        .collect();
    assert_eq!(
        rarity,
        [
            ("country", "SG", None),
            ("asn", "AS64510", None),
            ("device", "Chrome", Some(0.02)),
            ("event_type", "user_login_succeeded", Some(0.02)),
        ]
    );
}
