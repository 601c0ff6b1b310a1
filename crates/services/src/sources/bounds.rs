//! What the settings of a source may be.

use std::ops::RangeInclusive;

use drishti_model::{CollectSettings, Secret, SourceProfile};

use super::test::client;
use crate::ServiceError;

/// Seconds between two polls.
pub const POLL_INTERVAL_SECONDS: RangeInclusive<u32> = 1..=86_400;
/// Days fetched at the first connection; Asana keeps no more.
pub const BACKFILL_DAYS: RangeInclusive<u32> = 0..=CollectSettings::RETENTION_DAYS;
/// Seconds that each sweep reads again.
pub const OVERLAP_SECONDS: RangeInclusive<u32> = 60..=86_400;
/// Reads side by side; Asana answers no more at once.
pub const CONCURRENT_READS: RangeInclusive<u32> = 1..=CollectSettings::CONCURRENT_READS_MAX;
/// Requests a minute; Asana answers no more, and 0 leaves it to Asana.
pub const REQUESTS_PER_MINUTE: RangeInclusive<u32> = 0..=CollectSettings::REQUESTS_PER_MINUTE;
/// Seconds of silence before the log drop-off alarm; 0 switches it off.
pub const DROP_OFF_SECONDS: RangeInclusive<u32> = 60..=31 * 86_400;

/// Most characters of a description (Sumo Logic's limit, `sumo-panther.md`, section 1.7).
pub const DESCRIPTION_CHARACTERS_MAX: usize = 1_024;
/// Most characters of a category (Sumo Logic's limit, `sumo-panther.md`, section 1.8).
pub const CATEGORY_CHARACTERS_MAX: usize = 1_024;
/// Most fields of a source (Sumo Logic's limit, `sumo-panther.md`, section 1.8).
pub const FIELDS_MAX: usize = 10;
/// Most characters of the key of a field (Sumo Logic's limit, `sumo-panther.md`, section 1.8).
pub const FIELD_KEY_CHARACTERS_MAX: usize = 255;
/// Most characters of the value of a field (Sumo Logic's limit, `sumo-panther.md`, section 1.8).
pub const FIELD_VALUE_CHARACTERS_MAX: usize = 200;

/// Digits of an id of Asana.
const GID_DIGITS_MAX: usize = 32;

/// Refuses a profile with a setting out of bounds.
pub(super) fn check_profile(profile: &SourceProfile) -> Result<(), ServiceError> {
    // The address is the client's to judge; any token does for that.
    client(&profile.api_url, &Secret::new("0"), None)?;
    if let Some(gid) = &profile.workspace_gid {
        check_gid(gid)?;
    }
    let texts = [
        (
            "description",
            &profile.description,
            DESCRIPTION_CHARACTERS_MAX,
        ),
        ("category", &profile.category, CATEGORY_CHARACTERS_MAX),
    ];
    for (field, text, characters_max) in texts {
        check_length(field, text, characters_max)?;
    }
    if profile.fields.len() > FIELDS_MAX {
        return Err(setting(
            "fields",
            format!(
                "{} are given, at most {FIELDS_MAX} are possible",
                profile.fields.len()
            ),
        ));
    }
    for (key, value) in &profile.fields {
        if key.is_empty() {
            return Err(setting("fields", "a key is empty".to_owned()));
        }
        check_length("fields", key, FIELD_KEY_CHARACTERS_MAX)?;
        check_length("fields", value, FIELD_VALUE_CHARACTERS_MAX)?;
    }
    check_collect(&profile.collect)
}

fn check_collect(collect: &CollectSettings) -> Result<(), ServiceError> {
    let bounds = [
        (
            "poll_interval_seconds",
            collect.poll_interval_seconds,
            POLL_INTERVAL_SECONDS,
        ),
        ("backfill_days", collect.backfill_days, BACKFILL_DAYS),
        ("overlap_seconds", collect.overlap_seconds, OVERLAP_SECONDS),
        (
            "concurrent_reads",
            collect.concurrent_reads,
            CONCURRENT_READS,
        ),
        (
            "requests_per_minute",
            collect.requests_per_minute,
            REQUESTS_PER_MINUTE,
        ),
    ];
    for (field, value, bounds) in bounds {
        check_number(field, value, &bounds)?;
    }
    if collect.drop_off_seconds != 0 {
        check_number(
            "drop_off_seconds",
            collect.drop_off_seconds,
            &DROP_OFF_SECONDS,
        )?;
    }
    Ok(())
}

pub(super) fn check_gid(gid: &str) -> Result<(), ServiceError> {
    let is_gid =
        (1..=GID_DIGITS_MAX).contains(&gid.len()) && gid.bytes().all(|byte| byte.is_ascii_digit());
    if is_gid {
        return Ok(());
    }
    Err(setting(
        "workspace_gid",
        "it is a number of 1 to 32 digits, which Asana's Admin Console calls \"Domain ID\""
            .to_owned(),
    ))
}

fn check_number(
    field: &'static str,
    value: u32,
    bounds: &RangeInclusive<u32>,
) -> Result<(), ServiceError> {
    if bounds.contains(&value) {
        return Ok(());
    }
    let (least, most) = (bounds.start(), bounds.end());
    Err(setting(
        field,
        format!("{value} is not between {least} and {most}"),
    ))
}

fn check_length(
    field: &'static str,
    text: &str,
    characters_max: usize,
) -> Result<(), ServiceError> {
    let characters = text.chars().count();
    if characters <= characters_max {
        return Ok(());
    }
    Err(setting(
        field,
        format!("a text has {characters} characters, at most {characters_max} are possible"),
    ))
}

fn setting(field: &'static str, problem: String) -> ServiceError {
    ServiceError::Setting { field, problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> SourceProfile {
        SourceProfile {
            workspace_gid: Some("1201".to_owned()),
            api_url: SourceProfile::API_URL.to_owned(),
            description: String::new(),
            category: String::new(),
            fields: [].into(),
            collect: CollectSettings::default(),
        }
    }

    fn check(change: impl FnOnce(&mut SourceProfile), refused_field: Option<&str>) {
        let mut profile = profile();
        change(&mut profile);
        let found = match check_profile(&profile) {
            Ok(()) => None,
            Err(ServiceError::Setting { field, .. }) => Some(field),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, refused_field, "{profile:?}");
    }

    #[test]
    fn every_bound_is_kept() {
        check(|_| {}, None);
        check(|it| it.workspace_gid = None, None);
        check(
            |it| it.workspace_gid = Some("x".to_owned()),
            Some("workspace_gid"),
        );
        check(|it| it.workspace_gid = Some("1".repeat(32)), None);
        check(
            |it| it.workspace_gid = Some("1".repeat(33)),
            Some("workspace_gid"),
        );
        check(|it| it.description = "é".repeat(1_024), None);
        check(|it| it.description = "é".repeat(1_025), Some("description"));
        check(|it| it.category = "c".repeat(1_024), None);
        check(|it| it.category = "c".repeat(1_025), Some("category"));
        let fields = |count: usize| {
            (0..count)
                .map(|n| (n.to_string(), "v".repeat(200)))
                .collect()
        };
        check(|it| it.fields = fields(10), None);
        check(|it| it.fields = fields(11), Some("fields"));
        let field = |key: String, value: String| [(key, value)].into();
        check(|it| it.fields = field("k".repeat(255), String::new()), None);
        check(
            |it| it.fields = field("k".repeat(256), String::new()),
            Some("fields"),
        );
        check(
            |it| it.fields = field(String::new(), String::new()),
            Some("fields"),
        );
        check(
            |it| it.fields = field("k".to_owned(), "v".repeat(201)),
            Some("fields"),
        );
    }

    #[test]
    fn every_number_has_bounds() {
        type Place = fn(&mut CollectSettings) -> &mut u32;
        let places: [(&str, Place, RangeInclusive<u32>); 6] = [
            (
                "poll_interval_seconds",
                |it| &mut it.poll_interval_seconds,
                1..=86_400,
            ),
            ("backfill_days", |it| &mut it.backfill_days, 0..=90),
            ("overlap_seconds", |it| &mut it.overlap_seconds, 60..=86_400),
            ("concurrent_reads", |it| &mut it.concurrent_reads, 1..=50),
            (
                "requests_per_minute",
                |it| &mut it.requests_per_minute,
                0..=1_500,
            ),
            (
                "drop_off_seconds",
                |it| &mut it.drop_off_seconds,
                60..=2_678_400,
            ),
        ];
        for (field, place, bounds) in places {
            let (least, most) = (*bounds.start(), *bounds.end());
            check(|it| *place(&mut it.collect) = least, None);
            check(|it| *place(&mut it.collect) = most, None);
            check(|it| *place(&mut it.collect) = most + 1, Some(field));
            if least > 1 {
                check(|it| *place(&mut it.collect) = least - 1, Some(field));
            }
        }
        check(|it| it.collect.drop_off_seconds = 0, None);
        check(
            |it| it.collect.poll_interval_seconds = 0,
            Some("poll_interval_seconds"),
        );
        check(
            |it| it.collect.concurrent_reads = 0,
            Some("concurrent_reads"),
        );
    }

    #[test]
    fn addresses_are_checked() {
        for address in [
            "",
            "asana",
            "ftp://app.asana.com",
            "http://app.asana.com/api/1.0",
        ] {
            let profile = SourceProfile {
                api_url: address.to_owned(),
                ..profile()
            };
            assert!(check_profile(&profile).is_err(), "{address}");
        }
    }
}
