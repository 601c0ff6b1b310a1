use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// A version as far as it matters: `157`, `26.1`, `10.15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Release {
    /// The first number.
    pub major: u32,
    /// The second number, 0 where there is none.
    pub minor: u32,
}

impl Release {
    /// The numbers with which `text` begins; what follows them does not matter. Apple writes `_` for the point.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.splitn(3, ['.', '_']);
        let major = numbers.next().map(digits)?.parse().ok()?;
        let minor = numbers.next().map(digits).and_then(|it| it.parse().ok());
        Some(Self {
            major,
            minor: minor.unwrap_or(0),
        })
    }
}

fn digits(text: &str) -> &str {
    let end = text.find(|it: char| !it.is_ascii_digit());
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

impl FromStr for Release {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("`{text}` is no version such as 157 or 10.15"))
    }
}

impl TryFrom<String> for Release {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Release {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl From<Release> for String {
    fn from(release: Release) -> Self {
        release.to_string()
    }
}

/// The oldest versions that are not outdated, as of a day. What is not named, and what doesn't tell its version, is never outdated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supported {
    /// When this was true.
    pub as_of: NaiveDate,
    /// By the family in [`drishti_model::Device::browser`].
    pub browsers: BTreeMap<String, Release>,
    /// By the family in [`drishti_model::Device::os`].
    pub systems: BTreeMap<String, Release>,
}

/// Browsers: the version that was current a year before, or an older one that still gets security fixes, from the dates of release
/// in npm's `caniuse-lite` 1.0.30001827. Internet Explorer ended with 11.
const BROWSERS: [(&str, u32, u32); 8] = [
    ("Android web view", 142, 0),
    ("Chrome", 142, 0),
    ("Edge", 142, 0),
    ("Firefox", 140, 0),
    ("Internet Explorer", 12, 0),
    ("Opera", 124, 0),
    ("Safari", 18, 0),
    ("Samsung Internet", 29, 0),
];

/// Systems: those of which older ones have had no security fix for a year. Windows 11 calls itself 10.0, and browsers call every
/// later macOS 10.15, so that only what is older can be told.
const SYSTEMS: [(&str, u32, u32); 6] = [
    ("Android", 13, 0),
    ("Windows", 10, 0),
    ("Windows Phone", 11, 0),
    ("iOS", 17, 0),
    ("iPadOS", 17, 0),
    ("macOS", 10, 15),
];

impl Supported {
    /// The versions that are shipped, as of 2026-11-25.
    pub fn shipped() -> Self {
        let table = |entries: &[(&str, u32, u32)]| {
            entries
                .iter()
                .map(|(name, major, minor)| {
                    let (major, minor) = (*major, *minor);
                    ((*name).to_owned(), Release { major, minor })
                })
                .collect()
        };
        Self {
            as_of: NaiveDate::from_ymd_opt(2026, 11, 25).unwrap_or_default(),
            browsers: table(&BROWSERS),
            systems: table(&SYSTEMS),
        }
    }

    pub(super) fn is_outdated_browser(&self, name: &str, release: Option<Release>) -> bool {
        is_below(release, self.browsers.get(name))
    }

    pub(super) fn is_outdated_system(&self, name: &str, release: Option<Release>) -> bool {
        is_below(release, self.systems.get(name))
    }
}

fn is_below(release: Option<Release>, oldest: Option<&Release>) -> bool {
    release
        .zip(oldest)
        .is_some_and(|(release, oldest)| release < *oldest)
}

impl Default for Supported {
    fn default() -> Self {
        Self::shipped()
    }
}
