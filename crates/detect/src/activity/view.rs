//! The fields that policies can name, looked up in an event where they are: nothing is copied, and `details` and unknown keys are
//! parsed when a policy first asks for them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Timelike, Utc, Weekday};
use drishti_model::{AccountRole, AddressFacts, Device, EnrichedEvent, canonical_time};
use rsigma_eval::{Event, EventValue};
use rsigma_parser::fieldpath::unescape_brackets;
use serde_json::Value;

use crate::{People, PersonFacts};

/// Every field with a fixed name (`docs/POLICIES.md` describes them). Besides them there are `details.…` and whatever else stands
/// in the event.
pub(crate) const FIELDS: [&str; 43] = [
    "gid",
    "created_at",
    "event_type",
    "event_category",
    "actor.actor_type",
    "actor.gid",
    "actor.name",
    "actor.email",
    "actor.domain",
    "actor.role",
    "actor.is_admin",
    "actor.is_guest",
    "actor.groups",
    "resource.resource_type",
    "resource.resource_subtype",
    "resource.gid",
    "resource.name",
    "resource.email",
    "resource.domain",
    "context.context_type",
    "context.api_authentication_method",
    "context.client_ip_address",
    "context.user_agent",
    "context.oauth_app_name",
    "context.rule_name",
    "context.on_behalf_of_user_id",
    "details",
    "ip.country",
    "ip.region",
    "ip.city",
    "ip.latitude",
    "ip.longitude",
    "ip.asn",
    "ip.organization",
    "ip.category",
    "ip.tags",
    "device.browser",
    "device.os",
    "device.kind",
    "device.tags",
    "hour",
    "weekday",
    "count",
];

type TimePart = fn(&DateTime<Utc>) -> u32;

/// Parts of a time that can be asked of a field: `hour of created_at`.
const TIME_PARTS: [(&str, TimePart); 6] = [
    ("minute of ", |time| time.minute()),
    ("hour of ", |time| time.hour()),
    ("day of ", |time| time.day()),
    ("week of ", |time| time.iso_week().week()),
    ("month of ", |time| time.month()),
    ("year of ", |time| time.year().unsigned_abs()),
];

/// Before the name of a field: whether the event has it, null or not.
pub(super) const PRESENCE: &str = "presence of ";

/// An event as policies see it.
pub(super) struct EventView<'a> {
    event: &'a EnrichedEvent,
    people: &'a People,
    person: OnceCell<Option<&'a PersonFacts>>,
    gid: OnceCell<Arc<str>>,
    details: OnceCell<Value>,
    extra: OnceCell<Value>,
    count: Option<f64>,
    is_count_least: bool,
}

impl<'a> EventView<'a> {
    pub(super) fn new(event: &'a EnrichedEvent, people: &'a People) -> Self {
        Self {
            event,
            people,
            person: OnceCell::new(),
            gid: OnceCell::new(),
            details: OnceCell::new(),
            extra: OnceCell::new(),
            count: None,
            is_count_least: false,
        }
    }

    /// The same event, with what a correlation counted as the field `count`; whether it is that or more.
    pub(super) fn counting(&self, count: f64, is_least: bool) -> Self {
        Self {
            count: Some(count),
            is_count_least: is_least,
            ..Self::new(self.event, self.people)
        }
    }

    pub(super) fn is_count_least(&self) -> bool {
        self.is_count_least
    }

    pub(super) fn event(&self) -> &'a EnrichedEvent {
        self.event
    }

    /// The id of the event, to keep; all who ask share it.
    pub(super) fn gid(&self) -> Arc<str> {
        Arc::clone(
            self.gid
                .get_or_init(|| self.event.event.gid.as_str().into()),
        )
    }

    /// What the directory says of who did it.
    pub(super) fn person(&self) -> Option<&'a PersonFacts> {
        *self
            .person
            .get_or_init(|| self.people.of(&self.event.event.actor))
    }

    fn role(&self) -> Option<AccountRole> {
        self.person()?.role
    }

    fn details(&self) -> &Value {
        self.details
            .get_or_init(|| parse(self.event.event.details.as_deref()))
    }

    fn extra(&self) -> Option<&Value> {
        // Most events have none.
        let text = self.event.event.extra.as_deref()?;
        Some(self.extra.get_or_init(|| parse(Some(text))))
    }

    /// A key without a field of its own, or with a value of another type than is usual.
    fn unusual(&self, path: &str) -> Option<EventValue<'_>> {
        walk(self.extra()?, path)
    }

    fn created_at(&self) -> EventValue<'_> {
        self.unusual("created_at").unwrap_or_else(|| {
            EventValue::Str(Cow::Owned(canonical_time(self.event.event.created_at)))
        })
    }

    /// A field whose name is computed: `details.…`, `presence of …`, `hour of …`, or a key that nobody knows.
    fn computed(&self, path: &str) -> Option<EventValue<'_>> {
        if path.contains('\\') {
            return match unescape_brackets(path) {
                Cow::Owned(path) if !path.contains('\\') => self.get_field(&path),
                path => self.unusual(&path),
            };
        }
        if let Some(path) = path.strip_prefix("details.") {
            return walk(self.details(), path);
        }
        if let Some(field) = path.strip_prefix(PRESENCE) {
            return Some(EventValue::Bool(self.get_field(field).is_some()));
        }
        for (prefix, part) in TIME_PARTS {
            if let Some(field) = path.strip_prefix(prefix) {
                let value = self.get_field(field)?;
                let time = DateTime::parse_from_rfc3339(&value.as_str()?).ok()?;
                return Some(EventValue::Int(part(&time.to_utc()).into()));
            }
        }
        self.unusual(path)
    }

    fn actor(&self, path: &str) -> Option<EventValue<'_>> {
        let actor = &self.event.event.actor;
        match path {
            "actor.actor_type" => text(actor.actor_type.as_ref()),
            "actor.gid" => text(actor.gid.as_ref()),
            "actor.name" => text(actor.name.as_ref()),
            "actor.email" => text(actor.email.as_ref()),
            _ => None,
        }
    }

    /// What the directory, the address and the user agent add.
    fn added(&self, path: &str) -> Option<EventValue<'_>> {
        let event = &self.event.event;
        match path {
            "actor.domain" => domain(event.actor.email.as_deref()),
            "actor.role" => self.role().map(|role| word(role.as_str())),
            "actor.is_admin" => self
                .role()
                .map(|role| EventValue::Bool(role == AccountRole::Admin)),
            "actor.is_guest" => self
                .role()
                .map(|role| EventValue::Bool(role == AccountRole::Guest)),
            "actor.groups" => self.person().map(|person| list(&person.groups)),
            "resource.domain" => domain(event.resource.email.as_deref()),
            _ => None,
        }
    }

    fn resource(&self, path: &str) -> Option<EventValue<'_>> {
        let resource = &self.event.event.resource;
        match path {
            "resource.resource_type" => text(resource.resource_type.as_ref()),
            "resource.resource_subtype" => text(resource.resource_subtype.as_ref()),
            "resource.gid" => text(resource.gid.as_ref()),
            "resource.name" => text(resource.name.as_ref()),
            "resource.email" => text(resource.email.as_ref()),
            _ => None,
        }
    }

    fn context(&self, path: &str) -> Option<EventValue<'_>> {
        let context = &self.event.event.context;
        match path {
            "context.context_type" => text(context.context_type.as_ref()),
            "context.api_authentication_method" => text(context.api_authentication_method.as_ref()),
            "context.client_ip_address" => text(context.client_ip_address.as_ref()),
            "context.user_agent" => text(context.user_agent.as_ref()),
            "context.oauth_app_name" => text(context.oauth_app_name.as_ref()),
            "context.rule_name" => text(context.rule_name.as_ref()),
            "context.on_behalf_of_user_id" => context.on_behalf_of_user_id.map(EventValue::Int),
            _ => None,
        }
    }

    /// Every text and number that stands in the event itself, until `visit` says that it is enough.
    fn leaves(&self, visit: &mut dyn FnMut(&str) -> bool) -> bool {
        let event = &self.event.event;
        let fixed = [
            Some(&event.gid),
            Some(&event.event_type),
            event.event_category.as_ref(),
            event.actor.actor_type.as_ref(),
            event.actor.gid.as_ref(),
            event.actor.name.as_ref(),
            event.actor.email.as_ref(),
            event.resource.resource_type.as_ref(),
            event.resource.resource_subtype.as_ref(),
            event.resource.gid.as_ref(),
            event.resource.name.as_ref(),
            event.resource.email.as_ref(),
            event.context.context_type.as_ref(),
            event.context.api_authentication_method.as_ref(),
            event.context.client_ip_address.as_ref(),
            event.context.user_agent.as_ref(),
            event.context.oauth_app_name.as_ref(),
            event.context.rule_name.as_ref(),
        ];
        fixed.into_iter().flatten().any(|text| visit(text))
            || event
                .context
                .on_behalf_of_user_id
                .is_some_and(|id| visit(&id.to_string()))
            || self.created_at().as_str().is_some_and(|time| visit(&time))
            || leaves(self.details(), visit)
            || self.extra().is_some_and(|extra| leaves(extra, visit))
    }
}

impl Event for EventView<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        let event = &self.event.event;
        let usual = match path {
            "event_type" => return Some(word(&event.event_type)),
            "gid" => return Some(word(&event.gid)),
            "created_at" => return Some(self.created_at()),
            "event_category" => text(event.event_category.as_ref()),
            "details" => {
                return event
                    .details
                    .as_ref()
                    .map(|_| EventValue::from(self.details()));
            }
            "hour" => return Some(EventValue::Int(event.created_at.hour().into())),
            "weekday" => return Some(word(weekday(event.created_at.weekday()))),
            "count" => self.count.map(EventValue::Float),
            "actor.domain" | "actor.role" | "actor.is_admin" | "actor.is_guest"
            | "actor.groups" | "resource.domain" => return self.added(path),
            _ => match path.split_once('.').map(|(first, _)| first) {
                Some("actor") => self.actor(path),
                Some("resource") => self.resource(path),
                Some("context") => self.context(path),
                Some("ip") => return address(self.event.address.as_deref()?, path),
                Some("device") => return device(self.event.device.as_deref()?, path),
                _ => return self.computed(path),
            },
        };
        usual.or_else(|| self.computed(path))
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.leaves(&mut |text| pred(text))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let mut values = Vec::new();
        self.leaves(&mut |text| {
            values.push(Cow::Owned(text.to_owned()));
            false
        });
        values
    }

    fn to_json(&self) -> Value {
        parse(Some(&self.event.event.to_json()))
    }
}

/// A value as it stands in titles and explanations; long lists are cut.
pub(super) fn shown(value: &EventValue<'_>) -> String {
    match value {
        EventValue::Null => "null".to_owned(),
        EventValue::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        EventValue::Map(_) => value.to_json().to_string(),
        scalar => scalar.as_str().unwrap_or_default().into_owned(),
    }
}

fn parse(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

fn word(text: &str) -> EventValue<'_> {
    EventValue::Str(Cow::Borrowed(text))
}

fn text(value: Option<&String>) -> Option<EventValue<'_>> {
    value.map(|text| word(text))
}

fn list(values: &[String]) -> EventValue<'_> {
    EventValue::Array(values.iter().map(|text| word(text)).collect())
}

fn domain(email: Option<&str>) -> Option<EventValue<'_>> {
    let (_, domain) = email?.rsplit_once('@')?;
    Some(word(domain))
}

fn address<'a>(facts: &'a AddressFacts, path: &str) -> Option<EventValue<'a>> {
    match path {
        "ip.country" => text(facts.country.as_ref()),
        "ip.region" => text(facts.region.as_ref()),
        "ip.city" => text(facts.city.as_ref()),
        "ip.latitude" => facts.latitude.map(EventValue::Float),
        "ip.longitude" => facts.longitude.map(EventValue::Float),
        "ip.asn" => facts.asn.map(|asn| EventValue::Int(asn.into())),
        "ip.organization" => text(facts.organization.as_ref()),
        "ip.category" => facts.category.map(|category| word(category.as_str())),
        "ip.tags" => Some(list(&facts.tags)),
        _ => None,
    }
}

fn device<'a>(facts: &'a Device, path: &str) -> Option<EventValue<'a>> {
    match path {
        "device.browser" => text(facts.browser.as_ref()),
        "device.os" => text(facts.os.as_ref()),
        "device.kind" => facts.kind.map(|kind| word(kind.as_str())),
        "device.tags" => Some(list(&facts.tags)),
        _ => None,
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "monday",
        Weekday::Tue => "tuesday",
        Weekday::Wed => "wednesday",
        Weekday::Thu => "thursday",
        Weekday::Fri => "friday",
        Weekday::Sat => "saturday",
        Weekday::Sun => "sunday",
    }
}

/// The value under a path of keys with dots, where a key may itself contain dots. A list on the way stands for all its members.
fn walk<'a>(value: &'a Value, path: &str) -> Option<EventValue<'a>> {
    match value {
        Value::Object(map) => {
            if let Some(value) = map.get(path) {
                return Some(EventValue::from(value));
            }
            path.match_indices('.').find_map(|(dot, _)| {
                let (first, rest) = path.split_at(dot);
                walk(map.get(first)?, rest.trim_start_matches('.'))
            })
        }
        Value::Array(items) => {
            let mut found: Vec<EventValue<'a>> =
                items.iter().filter_map(|item| walk(item, path)).collect();
            if found.len() > 1 {
                return Some(EventValue::Array(found));
            }
            found.pop()
        }
        _ => None,
    }
}

/// Visits the texts and numbers of a value, until `visit` says that it is enough.
fn leaves(value: &Value, visit: &mut dyn FnMut(&str) -> bool) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => visit(if *value { "true" } else { "false" }),
        Value::Number(number) => visit(&number.to_string()),
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().any(|item| leaves(item, visit)),
        Value::Object(map) => map.values().any(|item| leaves(item, visit)),
    }
}

#[cfg(test)]
mod tests;
