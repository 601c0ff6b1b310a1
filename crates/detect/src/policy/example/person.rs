use std::str::FromStr;

use drishti_model::AccountRole;
use serde_json::Value;

use super::{object, refuse_unknown, text, texts, time};
use crate::{People, PersonFacts, Terminated};

/// Adds what a test says of somebody.
pub(super) fn add(people: &mut People, value: &Value) -> Result<(), String> {
    let map = object(value, "a person")?;
    let known = [
        "gid",
        "email",
        "role",
        "groups",
        "terminated_since",
        "leaving_since",
    ];
    refuse_unknown(map, "people", &known)?;
    let (gid, email) = (text(map, "gid")?, text(map, "email")?);
    if gid.is_none() && email.is_none() {
        return Err("`gid` or `email` is missing".to_owned());
    }
    let facts = PersonFacts {
        role: text(map, "role")?
            .map(|role| AccountRole::from_str(&role))
            .transpose()?,
        groups: texts(map, "groups")?,
        terminated: time(map, "terminated_since")?.map(|since| Terminated {
            since,
            told_by: "the test".to_owned(),
        }),
        leaving_since: time(map, "leaving_since")?,
    };
    people.add(gid.as_deref(), email.as_deref(), facts);
    Ok(())
}
