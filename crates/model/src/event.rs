use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One event of Asana's audit log (`asana-api.md`, section 2.3), without loss: what has no field of its own stands in `extra`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditEvent {
    /// Asana's id of the event; with the source it is what makes an event the same event.
    pub gid: String,
    /// When it happened, to the microsecond.
    pub created_at: DateTime<Utc>,
    /// An open list: unknown types are kept.
    pub event_type: String,
    /// One of nine so far.
    pub event_category: Option<String>,
    /// Who did it.
    pub actor: Actor,
    /// What it was done to.
    pub resource: Resource,
    /// From where and how.
    pub context: Context,
    /// The value of `details` as JSON text, of any shape.
    pub details: Option<String>,
    /// A JSON object with every key that has no field above, and every value whose type is not the expected one, at the place
    /// where it stood.
    pub extra: Option<String>,
}

/// Who did it. `gid`, `name` and `email` are there only for users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// `user`, `asana`, `asana_support`, `anonymous` or `external_administrator`; service accounts have no type of their own.
    pub actor_type: Option<String>,
    /// Asana's id.
    pub gid: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

/// What it was done to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// Such as `user`, `task` or `email_domain`.
    pub resource_type: Option<String>,
    /// Such as `milestone`.
    pub resource_subtype: Option<String>,
    /// Asana's id.
    pub gid: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address, for users.
    pub email: Option<String>,
}

/// From where and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Such as `web`, `mobile` or `api`.
    pub context_type: Option<String>,
    /// Only where `context_type` is `api`.
    pub api_authentication_method: Option<String>,
    /// IPv4 or IPv6 address as Asana wrote it; unknown where absent.
    pub client_ip_address: Option<String>,
    /// User agent as Asana wrote it.
    pub user_agent: Option<String>,
    /// Only where the method is `oauth`.
    pub oauth_app_name: Option<String>,
    /// The automation rule that did it.
    pub rule_name: Option<String>,
    /// The user who asked Asana's support for the change; the one id that is a number.
    pub on_behalf_of_user_id: Option<i64>,
}

/// A time as Asana writes it: UTC, milliseconds, `Z`.
pub fn canonical_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

impl AuditEvent {
    /// The event as Asana gave it, key for key, in Asana's order of keys: JSON text, with every number as it was written.
    pub fn to_json(&self) -> String {
        let mut extra: BTreeMap<String, &RawValue> = self
            .extra
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let mut event = Object::default();
        event.text("gid", Some(&self.gid));
        match extra.remove("created_at") {
            Some(as_written) => event.raw("created_at", as_written.get()),
            None => event.text("created_at", Some(&canonical_time(self.created_at))),
        }
        event.text("event_type", Some(&self.event_type));
        event.text("event_category", self.event_category.as_deref());
        event.raw(
            "actor",
            &self.actor.to_object().finish(extra.remove("actor")),
        );
        event.object(
            "resource",
            self.resource.to_object(),
            extra.remove("resource"),
        );
        if let Some(details) = &self.details {
            event.raw("details", details);
        }
        event.object("context", self.context.to_object(), extra.remove("context"));
        for (key, value) in extra {
            event.raw(&key, value.get());
        }
        event.finish(None)
    }
}

impl Actor {
    fn to_object(&self) -> Object {
        let mut actor = Object::default();
        actor.text("actor_type", self.actor_type.as_deref());
        actor.text("gid", self.gid.as_deref());
        actor.text("name", self.name.as_deref());
        actor.text("email", self.email.as_deref());
        actor
    }
}

impl Resource {
    fn to_object(&self) -> Object {
        let mut resource = Object::default();
        resource.text("resource_type", self.resource_type.as_deref());
        resource.text("resource_subtype", self.resource_subtype.as_deref());
        resource.text("gid", self.gid.as_deref());
        resource.text("name", self.name.as_deref());
        resource.text("email", self.email.as_deref());
        resource
    }
}

impl Context {
    fn to_object(&self) -> Object {
        let mut context = Object::default();
        context.text("context_type", self.context_type.as_deref());
        context.text(
            "api_authentication_method",
            self.api_authentication_method.as_deref(),
        );
        context.text("client_ip_address", self.client_ip_address.as_deref());
        context.text("user_agent", self.user_agent.as_deref());
        context.text("oauth_app_name", self.oauth_app_name.as_deref());
        context.text("rule_name", self.rule_name.as_deref());
        if let Some(user) = self.on_behalf_of_user_id {
            context.raw("on_behalf_of_user_id", &user.to_string());
        }
        context
    }
}

/// A JSON object being written, whose values are already JSON text.
#[derive(Default)]
struct Object(String);

impl Object {
    fn raw(&mut self, key: &str, value: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.quote(key);
        self.0.push(':');
        self.0.push_str(value);
    }

    fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.raw(key, "");
            self.quote(value);
        }
    }

    /// Writes `text` as a JSON string.
    fn quote(&mut self, text: &str) {
        // A string always has a JSON form, so there is no error to handle.
        self.0
            .push_str(&serde_json::to_string(text).unwrap_or_default());
    }

    /// Puts `object` and what `extra` holds of it under `key`, unless there is nothing of either.
    fn object(&mut self, key: &str, object: Object, extra: Option<&RawValue>) {
        if !object.0.is_empty() || extra.is_some() {
            self.raw(key, &object.finish(extra));
        }
    }

    /// The object with the keys of `extra`; where `extra` is no object it takes the whole place.
    fn finish(mut self, extra: Option<&RawValue>) -> String {
        if let Some(extra) = extra {
            match BTreeMap::<String, &RawValue>::deserialize(extra) {
                Ok(more) => more
                    .iter()
                    .for_each(|(key, value)| self.raw(key, value.get())),
                Err(_) => return extra.get().to_owned(),
            }
        }
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}
