use chrono::{DateTime, Utc};
use drishti_model::AuditEvent;
use serde::{Deserialize, Serialize};

use crate::EventReference;

/// Points to an event in a third of the space of an [`EventReference`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reference {
    /// Microseconds since 1970.
    at: i64,
    gid: Gid,
}

/// Asana's ids are decimal numbers; what is none is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Gid {
    Number(u64),
    Text(Box<str>),
}

impl Gid {
    fn new(text: &str) -> Self {
        let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if plain => Self::Number(number),
            _ => Self::Text(text.into()),
        }
    }
}

impl Reference {
    pub(crate) fn to(event: &AuditEvent) -> Self {
        Self {
            at: event.created_at.timestamp_micros(),
            gid: Gid::new(&event.gid),
        }
    }

    pub(crate) fn to_event(&self) -> EventReference {
        EventReference {
            gid: match &self.gid {
                Gid::Number(number) => number.to_string(),
                Gid::Text(text) => text.to_string(),
            },
            created_at: DateTime::<Utc>::from_timestamp_micros(self.at).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gid_comes_back_as_it_was() {
        for gid in [
            "1234567890123456",
            "0",
            "007",
            "",
            "+5",
            "99999999999999999999999",
            "a-b",
        ] {
            let event = AuditEvent {
                gid: gid.to_owned(),
                created_at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
                ..AuditEvent::default()
            };
            let back = Reference::to(&event).to_event();
            assert_eq!(
                (back.gid.as_str(), back.created_at),
                (gid, event.created_at)
            );
        }
        assert!(size_of::<Reference>() <= 32);
    }
}
