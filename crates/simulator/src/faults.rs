//! What goes wrong on purpose, and when.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::SimulatorError;
use crate::archive::LATENCY;
use crate::clock::{Millis, SECOND};
use crate::dice::{Dice, Key};

/// The answers of an audit log that the caller may not read (`asana-api.md` sections 2.1 and 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entitlement {
    /// 401: not a service account's token.
    Unauthorized,
    /// 402: the plan has no audit log.
    PaymentRequired,
    /// 403: the service account has no permission for the audit log.
    Forbidden,
}

/// What goes wrong. Rates are shares from 0 (never) to 1 (always).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Rate of requests answered with 429.
    pub rate_limited: f64,
    /// What `Retry-After` says on a 429, in seconds; 0 is allowed.
    pub retry_after_seconds: u64,
    /// Rate of requests answered with 500 and a phrase.
    pub server_error: f64,
    /// Rate of requests answered with 502 and a page for people.
    pub bad_gateway: f64,
    /// Rate of requests answered with 503 and a page for people.
    pub unavailable: f64,
    /// Rate of requests that are answered late.
    pub slow: f64,
    /// How late, in milliseconds.
    pub slow_milliseconds: u64,
    /// Rate of answers that break off in the middle with their connection.
    pub cut: f64,
    /// Rate of answers that end in the middle as if that were all.
    pub broken_json: f64,
    /// Rate of requests with an offset that are told it has expired.
    pub expired_offset: f64,
    /// How long an offset lives, in seconds; for ever when absent.
    pub offset_lifetime_seconds: Option<u64>,
    /// Share of events that can be read only later.
    pub late: f64,
    /// How much later than they happened, in seconds.
    pub late_seconds: u64,
    /// Share of events that are delivered twice, on the same page or the next.
    pub repeated: f64,
    /// Share of events with wrong types or without a required key.
    pub malformed: f64,
    /// The audit log is refused.
    pub entitlement: Option<Entitlement>,
    /// Every request is refused as if the token had been revoked.
    pub token_revoked: bool,
}

impl FaultPlan {
    /// The plan of this name: `none`, or `all` for moderate rates of everything that passes.
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::default()),
            "all" => Some(Self {
                rate_limited: 0.02,
                retry_after_seconds: 0,
                server_error: 0.02,
                bad_gateway: 0.01,
                unavailable: 0.01,
                slow: 0.02,
                slow_milliseconds: 50,
                cut: 0.02,
                broken_json: 0.02,
                expired_offset: 0.01,
                late: 0.01,
                late_seconds: 120,
                repeated: 0.01,
                ..Self::default()
            }),
            _ => None,
        }
    }

    /// This plan with one fault set, as `name=value` with the names and values of its JSON.
    pub fn with(&self, setting: &str) -> Result<Self, SimulatorError> {
        let refuse = |reason: String| SimulatorError::Fault {
            fault: setting.to_owned(),
            reason,
        };
        let (name, value) = setting
            .split_once('=')
            .ok_or_else(|| refuse("it is not of the form `name=value`".to_owned()))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        let mut plan = json!(self);
        plan[name.replace('-', "_")] = value;
        let plan: Self = serde_json::from_value(plan).map_err(|error| refuse(error.to_string()))?;
        plan.validated()
    }

    /// The plan itself if every rate is one.
    pub fn validated(self) -> Result<Self, SimulatorError> {
        let rates = [
            ("rate_limited", self.rate_limited),
            ("server_error", self.server_error),
            ("bad_gateway", self.bad_gateway),
            ("unavailable", self.unavailable),
            ("slow", self.slow),
            ("cut", self.cut),
            ("broken_json", self.broken_json),
            ("expired_offset", self.expired_offset),
            ("late", self.late),
            ("repeated", self.repeated),
            ("malformed", self.malformed),
        ];
        match rates.iter().find(|(_, rate)| !(0.0..=1.0).contains(rate)) {
            None => Ok(self),
            Some((name, rate)) => Err(SimulatorError::Fault {
                fault: (*name).to_owned(),
                reason: format!("{rate} is not a rate between 0 and 1"),
            }),
        }
    }
}

/// What happens to one request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RequestFate {
    pub(crate) slow: bool,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) expired_offset: bool,
    pub(crate) damage: Option<BodyDamage>,
    /// For choices within the answer.
    pub(crate) word: u64,
}

/// An answer instead of the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    RateLimited,
    ServerError,
    BadGateway,
    Unavailable,
}

/// What happens to a good answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyDamage {
    Cut,
    Broken,
}

impl RequestFate {
    /// The fate of the `number`th request.
    pub(crate) fn of(plan: &FaultPlan, key: Key, number: u64) -> Self {
        let mut dice = key.with(number).dice();
        let first = |dice: &mut Dice, rates: &[(f64, Refusal)]| {
            let drawn: Vec<bool> = rates.iter().map(|(rate, _)| dice.chance(*rate)).collect();
            let place = drawn.iter().position(|&hit| hit)?;
            rates.get(place).map(|&(_, refusal)| refusal)
        };
        let refusal = first(
            &mut dice,
            &[
                (plan.rate_limited, Refusal::RateLimited),
                (plan.server_error, Refusal::ServerError),
                (plan.bad_gateway, Refusal::BadGateway),
                (plan.unavailable, Refusal::Unavailable),
            ],
        );
        let (cut, broken) = (dice.chance(plan.cut), dice.chance(plan.broken_json));
        Self {
            slow: dice.chance(plan.slow),
            refusal,
            expired_offset: dice.chance(plan.expired_offset),
            damage: match (cut, broken) {
                (true, _) => Some(BodyDamage::Cut),
                (false, true) => Some(BodyDamage::Broken),
                (false, false) => None,
            },
            word: dice.word(),
        }
    }
}

/// What happens to single events: decided by the event alone, so that it is the same whenever and however it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventFate {
    key: Key,
}

/// An event that is delivered twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) on_next_page: bool,
}

impl EventFate {
    pub(crate) const fn new(key: Key) -> Self {
        Self { key }
    }

    fn dice(self, about: u64, gid: u64) -> Dice {
        self.key.with(about).with(gid).dice()
    }

    /// How long after it happened an event can be read.
    pub(crate) fn delay(self, plan: &FaultPlan, gid: u64) -> Millis {
        if plan.late > 0.0 && self.dice(0, gid).chance(plan.late) {
            LATENCY.max(plan.late_seconds.saturating_mul(SECOND))
        } else {
            LATENCY
        }
    }

    pub(crate) fn repeated(self, plan: &FaultPlan, gid: u64) -> Option<Repeat> {
        let mut dice = self.dice(1, gid);
        dice.chance(plan.repeated).then(|| Repeat {
            on_next_page: dice.per_mille(500),
        })
    }

    pub(crate) fn damage(self, plan: &FaultPlan, gid: u64) -> Option<EventDamage> {
        let mut dice = self.dice(2, gid);
        dice.chance(plan.malformed)
            .then(|| EventDamage(dice.below(EventDamage::WAYS)))
    }
}

/// One of the ways in which an event can be malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventDamage(u64);

impl EventDamage {
    const WAYS: u64 = 8;

    /// The event, damaged: the keys that every event must have are missing or of a wrong type.
    pub(crate) fn apply(self, event: &[u8]) -> Vec<u8> {
        let mut value: Value = serde_json::from_slice(event).unwrap_or_default();
        if let Some(object) = value.as_object_mut() {
            match self.0 {
                0 => drop(object.remove("gid")),
                1 => drop(object.remove("created_at")),
                2 => drop(object.remove("event_type")),
                3 => drop(object.insert("event_type".to_owned(), Value::Null)),
                4 => drop(object.insert("created_at".to_owned(), json!("yesterday"))),
                5 => drop(object.insert("created_at".to_owned(), json!(17))),
                6 => drop(object.insert("actor".to_owned(), json!("somebody"))),
                _ => value = json!("not an event"),
            }
        }
        value.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_set_by_name() {
        let plan = FaultPlan::default()
            .with("rate-limited=0.5")
            .and_then(|plan| plan.with("entitlement=payment_required"))
            .and_then(|plan| plan.with("offset_lifetime_seconds=60"))
            .unwrap();
        assert!((plan.rate_limited - 0.5).abs() < f64::EPSILON);
        assert_eq!(plan.entitlement, Some(Entitlement::PaymentRequired));
        assert_eq!(plan.offset_lifetime_seconds, Some(60));
        for wrong in ["late", "late=2", "late=-1", "lat=1", "late=often"] {
            assert!(plan.with(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_preset_leaves_out_what_does_not_pass() {
        let plan = FaultPlan::preset("all").unwrap();
        assert!(plan.entitlement.is_none() && !plan.token_revoked);
        assert!(plan.malformed.abs() < f64::EPSILON);
        assert!(plan.late > 0.0 && plan.cut > 0.0 && plan.repeated > 0.0);
        assert_eq!(FaultPlan::preset("some"), None);
    }

    #[test]
    fn the_fate_of_a_request_is_its_number() {
        let plan = FaultPlan::preset("all").unwrap();
        let fates = |seed: u64| -> Vec<RequestFate> {
            let key = Key::new(seed);
            (0..2000)
                .map(|number| RequestFate::of(&plan, key, number))
                .collect()
        };
        assert_eq!(fates(1), fates(1));
        assert_ne!(fates(1), fates(2));
        for refusal in [
            Refusal::RateLimited,
            Refusal::ServerError,
            Refusal::BadGateway,
            Refusal::Unavailable,
        ] {
            assert!(fates(1).iter().any(|fate| fate.refusal == Some(refusal)));
        }
    }

    #[test]
    fn every_way_of_damage_breaks_a_required_key() {
        let event =
            br#"{"gid":"1","created_at":"2026-01-01T00:00:00.000Z","event_type":"x","actor":{}}"#;
        for way in 0..EventDamage::WAYS {
            let value: Value = serde_json::from_slice(&EventDamage(way).apply(event)).unwrap();
            let sound = value["gid"].is_string()
                && value["created_at"]
                    .as_str()
                    .is_some_and(|at| at.starts_with("20"))
                && value["event_type"].is_string()
                && value["actor"].is_object();
            assert!(!sound, "{way}");
        }
    }
}
