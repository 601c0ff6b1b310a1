//! The fields that policies can name, in words, for those who write policies.

use super::view::FIELDS;

/// A field that a policy can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, such as `ip.country`.
    pub name: &'static str,
    /// What its values are.
    pub kind: FieldKind,
    /// What it says, in words.
    pub meaning: &'static str,
    /// All values that it can have, where they are few; empty where they are not known beforehand.
    pub values: &'static [&'static str],
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A moment.
    Time,
    /// Several texts; a condition holds where it does of any.
    List,
    /// Whatever stands there.
    Any,
}

impl FieldKind {
    /// The word for it in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Time => "time",
            Self::List => "list",
            Self::Any => "any",
        }
    }
}

/// A text of which the values are not known beforehand.
const TEXT: (FieldKind, &[&str]) = (FieldKind::Text, &[]);
const NUMBER: (FieldKind, &[&str]) = (FieldKind::Number, &[]);
const FLAG: (FieldKind, &[&str]) = (FieldKind::Flag, &["true", "false"]);

/// What is known of a field beside its name.
type Described = ((FieldKind, &'static [&'static str]), &'static str);

/// Every field with a fixed name. Besides them there are `details.…` and whatever else stands in an event.
pub fn fields() -> impl Iterator<Item = Field> {
    FIELDS.into_iter().map(|name| {
        let ((kind, values), meaning) = described(name);
        Field {
            name,
            kind,
            meaning,
            values,
        }
    })
}

fn described(name: &str) -> Described {
    match name.split_once('.').map(|(first, _)| first) {
        Some("actor") => of_actor(name),
        Some("resource") => of_resource(name),
        Some("context") => of_context(name),
        Some("ip") => of_address(name),
        Some("device") => of_device(name),
        _ => of_event(name),
    }
}

fn of_event(name: &str) -> Described {
    match name {
        "gid" => (TEXT, "Asana's id of the event"),
        "created_at" => ((FieldKind::Time, &[]), "When it happened"),
        "event_type" => (TEXT, "What happened, by Asana's name"),
        "event_category" => (TEXT, "To what sort of thing that belongs"),
        "details" => (
            (FieldKind::Any, &[]),
            "What Asana says more of it; keys follow with dots",
        ),
        "hour" => (NUMBER, "Hour of the day, 0 to 23 (UTC)"),
        "weekday" => (
            (FieldKind::Text, &WEEKDAYS),
            "Day of the week in small letters (UTC)",
        ),
        "count" => (
            NUMBER,
            "What a correlation has counted; only in titles and severities",
        ),
        _ => ((FieldKind::Any, &[]), ""),
    }
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

fn of_actor(name: &str) -> Described {
    match name {
        "actor.actor_type" => (
            (
                FieldKind::Text,
                &[
                    "user",
                    "asana",
                    "asana_support",
                    "anonymous",
                    "external_administrator",
                ],
            ),
            "What kind of somebody did it",
        ),
        "actor.gid" => (TEXT, "Asana's id of who did it"),
        "actor.name" => (TEXT, "Name of who did it"),
        "actor.email" => (TEXT, "E-mail address of who did it"),
        "actor.domain" => (TEXT, "What stands behind the @ in that address"),
        "actor.role" => (
            (FieldKind::Text, &["admin", "member", "guest", "view_only"]),
            "Their role, by the directory",
        ),
        "actor.is_admin" => (FLAG, "Whether they are an admin, by the directory"),
        "actor.is_guest" => (FLAG, "Whether they are a guest, by the directory"),
        _ => ((FieldKind::List, &[]), "Their groups, by the directory"),
    }
}

fn of_resource(name: &str) -> Described {
    match name {
        "resource.resource_type" => (TEXT, "What kind of thing it was done to"),
        "resource.resource_subtype" => (TEXT, "More of that kind"),
        "resource.gid" => (TEXT, "Asana's id of what it was done to"),
        "resource.name" => (TEXT, "Name of what it was done to"),
        "resource.email" => (TEXT, "E-mail address, where it was done to somebody"),
        _ => (TEXT, "What stands behind the @ in that address"),
    }
}

fn of_context(name: &str) -> Described {
    match name {
        "context.context_type" => (
            (
                FieldKind::Text,
                &[
                    "web",
                    "desktop",
                    "mobile",
                    "email",
                    "asana_support",
                    "asana",
                    "api",
                ],
            ),
            "By which way it was done",
        ),
        "context.api_authentication_method" => (
            (
                FieldKind::Text,
                &[
                    "cookie",
                    "oauth",
                    "personal_access_token",
                    "service_account",
                ],
            ),
            "How they proved to the API who they are",
        ),
        "context.client_ip_address" => (TEXT, "Address it came from"),
        "context.user_agent" => (TEXT, "What the browser or program calls itself"),
        "context.oauth_app_name" => (TEXT, "App that did it for somebody"),
        "context.rule_name" => (TEXT, "Rule in Asana that did it"),
        _ => (TEXT, "Id of somebody for whom it was done"),
    }
}

fn of_address(name: &str) -> Described {
    match name {
        "ip.country" => (TEXT, "Country of the address, two letters"),
        "ip.region" => (TEXT, "Region of the address"),
        "ip.city" => (TEXT, "City of the address"),
        "ip.latitude" => (NUMBER, "Degrees north"),
        "ip.longitude" => (NUMBER, "Degrees east"),
        "ip.asn" => (NUMBER, "Number of the network"),
        "ip.organization" => (TEXT, "To whom the network belongs"),
        "ip.category" => (
            (
                FieldKind::Text,
                &[
                    "administrative",
                    "cloud_provider",
                    "corporate",
                    "risky",
                    "vpn",
                    "other",
                ],
            ),
            "What sort of address it is, by your own ranges and the feeds",
        ),
        _ => (
            (
                FieldKind::List,
                &["tor_exit", "anonymous_proxy", "vpn", "hosting", "malicious"],
            ),
            "What feeds and your own ranges say of it",
        ),
    }
}

fn of_device(name: &str) -> Described {
    match name {
        "device.browser" => (TEXT, "Browser"),
        "device.os" => (TEXT, "Operating system"),
        "device.kind" => (
            (
                FieldKind::Text,
                &["pc", "mobile", "tablet", "program", "other"],
            ),
            "What kind of device it is",
        ),
        _ => (
            (
                FieldKind::List,
                &["outdated_browser", "outdated_os", "robot"],
            ),
            "What is noticeable about it",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_field_is_told_in_words_of_its_own() {
        let mut told = BTreeMap::new();
        for field in fields() {
            assert_ne!(field.meaning, "", "{}", field.name);
            if field.meaning.starts_with("What stands behind") {
                continue;
            }
            assert_eq!(told.insert(field.meaning, field.name), None, "{field:?}");
        }
    }

    /// The page lists the same fields.
    #[test]
    fn the_documentation_names_every_field() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/POLICIES.md");
        let page = std::fs::read_to_string(page).unwrap();
        for field in fields() {
            assert!(page.contains(&format!("`{}`", field.name)), "{field:?}");
            for value in field.values {
                if !matches!(field.kind, FieldKind::Flag) && field.name.starts_with("ip.") {
                    assert!(page.contains(&format!("`{value}`")), "{value}");
                }
            }
        }
    }
}
