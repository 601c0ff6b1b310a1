use std::sync::Arc;

use chrono::{DateTime, Utc};
use drishti_model::{Actor, AuditEvent, Context, EnrichedEvent, Resource};
use serde_json::{Map, Value};

use super::{address, object, text, time};

/// An event of Asana's form, with `ip` and `device` for what enrichment adds. What has no field of its own is kept as unknown keys.
pub(super) fn read(
    item: &Map<String, Value>,
    at: Option<DateTime<Utc>>,
    gid: &str,
) -> Result<EnrichedEvent, String> {
    let mut left = item.clone();
    let created_at = time(&left, "created_at")?.or(at);
    left.remove("created_at");
    let mut added = |key| left.remove(key).filter(|value| !value.is_null());
    let (ip, device) = (added("ip"), added("device"));
    let event = AuditEvent {
        gid: taken(&mut left, "gid")?.unwrap_or_else(|| gid.to_owned()),
        created_at: created_at.ok_or("`created_at` is missing")?,
        event_type: taken(&mut left, "event_type")?.ok_or("`event_type` is missing")?,
        event_category: taken(&mut left, "event_category")?,
        actor: part(&mut left, "actor", |map| {
            Ok(Actor {
                actor_type: taken(map, "actor_type")?,
                gid: taken(map, "gid")?,
                name: taken(map, "name")?,
                email: taken(map, "email")?,
            })
        })?,
        resource: part(&mut left, "resource", |map| {
            Ok(Resource {
                resource_type: taken(map, "resource_type")?,
                resource_subtype: taken(map, "resource_subtype")?,
                gid: taken(map, "gid")?,
                name: taken(map, "name")?,
                email: taken(map, "email")?,
            })
        })?,
        context: part(&mut left, "context", context)?,
        details: left.remove("details").map(|details| details.to_string()),
        extra: None,
    };
    let extra = (!left.is_empty()).then(|| Value::Object(left).to_string());
    Ok(EnrichedEvent {
        event: AuditEvent { extra, ..event },
        address: ip
            .map(|ip| address::address(&ip))
            .transpose()?
            .map(Arc::new),
        device: device
            .map(|device| address::device(&device))
            .transpose()?
            .map(Arc::new),
    })
}

fn context(map: &mut Map<String, Value>) -> Result<Context, String> {
    let behalf = match map.get("on_behalf_of_user_id") {
        Some(Value::Number(number)) => number.as_i64(),
        _ => None,
    };
    if behalf.is_some() {
        map.remove("on_behalf_of_user_id");
    }
    Ok(Context {
        context_type: taken(map, "context_type")?,
        api_authentication_method: taken(map, "api_authentication_method")?,
        client_ip_address: taken(map, "client_ip_address")?,
        user_agent: taken(map, "user_agent")?,
        oauth_app_name: taken(map, "oauth_app_name")?,
        rule_name: taken(map, "rule_name")?,
        on_behalf_of_user_id: behalf,
    })
}

/// Takes a text out of `map`. Null stays, because it says something.
fn taken(map: &mut Map<String, Value>, key: &str) -> Result<Option<String>, String> {
    let found = text(map, key)?;
    if found.is_some() {
        map.remove(key);
    }
    Ok(found)
}

/// Reads an object under `key`, and leaves there what `read` did not take.
fn part<T: Default>(
    left: &mut Map<String, Value>,
    key: &str,
    read: impl FnOnce(&mut Map<String, Value>) -> Result<T, String>,
) -> Result<T, String> {
    let Some(value) = left.remove(key) else {
        return Ok(T::default());
    };
    let mut map = object(&value, &format!("`{key}`"))?.clone();
    let part = read(&mut map).map_err(|error| format!("`{key}`: {error}"))?;
    if !map.is_empty() {
        left.insert(key.to_owned(), Value::Object(map));
    }
    Ok(part)
}
