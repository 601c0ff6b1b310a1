mod lines;
mod stix;
mod table;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::EnrichError;
use super::network::{NetworkMap, NetworksBetween};
use super::places::TEXT_BYTES_MAX;
use super::tag;

/// Largest feed.
pub const FEED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most networks of a feed.
pub const FEED_ENTRIES_MAX: usize = 2_000_000;
/// Longest line of a list, and longest pattern of a STIX indicator.
pub const FEED_LINE_BYTES_MAX: usize = 64 * 1024;
/// Most refused lines that are shown; the others are counted.
pub const FEED_REFUSALS_SHOWN_MAX: usize = 20;
/// Most feeds that are searched.
pub const FEEDS_MAX: usize = 100;
/// From this age on a feed deserves a warning: Tor's exits and attackers' machines change by the day.
pub const FEED_AGE_WARNING: TimeDelta = TimeDelta::days(7);

/// What the addresses of a feed have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum FeedKind {
    /// Exits of the Tor network: tag `tor_exit`, category *risky*.
    TorExit,
    /// Open and residential proxies: tag `anonymous_proxy`, category *risky*.
    AnonymousProxy,
    /// Exits of VPN services: tag `vpn`, category *VPN*.
    Vpn,
    /// Datacentres and cloud providers: tag `hosting`, category *cloud provider*.
    Hosting,
    /// Seen attacking, spraying passwords or steering malware: tag `malicious`, category *risky*.
    Malicious,
    /// Whatever the owner means by this tag; no category.
    Own(String),
}

impl FeedKind {
    /// What an address of such a feed is tagged with.
    pub fn tag(&self) -> &str {
        match self {
            Self::TorExit => tag::TOR_EXIT,
            Self::AnonymousProxy => tag::ANONYMOUS_PROXY,
            Self::Vpn => tag::VPN,
            Self::Hosting => tag::HOSTING,
            Self::Malicious => tag::MALICIOUS,
            Self::Own(tag) => tag,
        }
    }

    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }
}

impl FromStr for FeedKind {
    type Err = String;

    /// The kind that a name means: `tor` and `tor_exits` are the known kind, `partners` is a tag of the owner's.
    fn from_str(text: &str) -> Result<Self, String> {
        let known = [
            Self::TorExit,
            Self::AnonymousProxy,
            Self::Vpn,
            Self::Hosting,
            Self::Malicious,
        ];
        let tag = tag::parse_tag(text)?;
        Ok(known
            .into_iter()
            .find(|kind| kind.tag() == tag)
            .unwrap_or(Self::Own(tag)))
    }
}

impl TryFrom<String> for FeedKind {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<FeedKind> for String {
    fn from(kind: FeedKind) -> Self {
        kind.tag().to_owned()
    }
}

/// What is known of a feed besides its addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedSource {
    /// What it is called; stands in answers, so no two feeds have the same.
    pub name: String,
    /// What its addresses have in common.
    pub kind: FeedKind,
    /// Under which licence it may be used, in words.
    #[serde(default)]
    pub licence: Option<String>,
    /// When it was fetched or made. STIX indicators that had ended by then are left out.
    #[serde(default)]
    pub as_of: Option<DateTime<Utc>>,
}

impl FeedSource {
    /// A feed whose kind is what its name says.
    pub fn named(name: &str) -> Result<Self, EnrichError> {
        let kind = name.parse().map_err(|reason| EnrichError::NoFeed {
            feed: super::shortened(name),
            reason,
        })?;
        Ok(Self {
            name: name.trim().into(),
            kind,
            licence: None,
            as_of: None,
        })
    }
}

/// How a feed is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedFormat {
    /// One address, network or range a line; `#` and `;` begin a comment, what follows a blank or comma is ignored.
    Lines,
    /// CSV; the addresses stand in the column of this name, else in one that is called as addresses usually are, else in the
    /// first.
    Csv {
        /// Its name in the first line.
        column: Option<String>,
    },
    /// A STIX 2.1 bundle, whose indicators are read.
    Stix,
}

impl FeedFormat {
    /// What a feed looks like: JSON is STIX, a table is told by the commas of its first line, anything else is lines.
    pub fn of(bytes: &[u8]) -> Self {
        let text = bytes.trim_ascii_start();
        if text.starts_with(b"{") {
            return Self::Stix;
        }
        let mut lines = text.split(|byte| *byte == b'\n');
        let first = lines.find(|line| {
            let line = line.trim_ascii();
            !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b";")
        });
        match first {
            Some(line) if line.contains(&b',') => Self::Csv { column: None },
            _ => Self::Lines,
        }
    }
}

/// Something of a feed that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Number of the line, from 1; of a STIX bundle, of the object.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Addresses that somebody else knows something about.
#[derive(Clone, Debug)]
pub struct Feed {
    source: FeedSource,
    networks: NetworkMap<()>,
    refused: u64,
    refusals: Vec<Refusal>,
    ended: u64,
}

impl Feed {
    /// Reads a feed; without `format` it is told by its content. What is no address is refused, counted, and the rest is taken;
    /// a feed in which nothing is an address is an error, so that a web page never takes the place of a list.
    pub fn parse(
        source: FeedSource,
        format: Option<FeedFormat>,
        bytes: &[u8],
    ) -> Result<Self, EnrichError> {
        let name = super::shortened(&source.name);
        let no_feed = |reason: String| EnrichError::NoFeed {
            feed: name.clone(),
            reason,
        };
        if source.name.trim().is_empty() || source.name.len() > TEXT_BYTES_MAX {
            return Err(no_feed(format!(
                "its name has none or more than {TEXT_BYTES_MAX} bytes"
            )));
        }
        if bytes.len() > FEED_BYTES_MAX {
            return Err(EnrichError::FeedTooLarge { feed: name });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut feed = Self {
            source,
            networks: NetworkMap::default(),
            refused: 0,
            refusals: Vec::new(),
            ended: 0,
        };
        let read = match format.unwrap_or_else(|| FeedFormat::of(bytes)) {
            FeedFormat::Lines => lines::read(&mut feed, bytes),
            FeedFormat::Csv { column } => table::read(&mut feed, column.as_deref(), bytes),
            FeedFormat::Stix => stix::read(&mut feed, bytes),
        };
        match read {
            Ok(()) => {}
            Err(Fault::TooManyEntries) => {
                return Err(EnrichError::TooManyEntries { feed: name });
            }
            Err(Fault::NoFeed(reason)) => return Err(no_feed(reason)),
        }
        if feed.entries() == 0 && feed.refused > 0 {
            let first = feed.refusals.first();
            let first = first.map(|refusal| format!("line {}: {}", refusal.line, refusal.reason));
            return Err(no_feed(format!(
                "nothing in it is an address ({})",
                first.unwrap_or_default()
            )));
        }
        Ok(feed)
    }

    /// What is known of it besides its addresses.
    pub fn source(&self) -> &FeedSource {
        &self.source
    }

    /// How many networks it names, equal ones once.
    pub fn entries(&self) -> usize {
        self.networks.len()
    }

    /// How many lines, or objects of a STIX bundle, were not taken because they name no address or one that can't be meant.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// The first of those, at most [`FEED_REFUSALS_SHOWN_MAX`].
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// How many STIX indicators were left out because they had ended or were revoked.
    pub fn ended(&self) -> u64 {
        self.ended
    }

    /// Whether it is older at `now` than [`FEED_AGE_WARNING`]; unknown where its age is.
    pub fn is_old(&self, now: DateTime<Utc>) -> Option<bool> {
        Some(now - self.source.as_of? > FEED_AGE_WARNING)
    }

    pub(super) fn find(&self, address: IpAddr) -> Option<IpNet> {
        self.networks.find(address).map(|(network, ())| network)
    }

    /// Takes the networks of one line.
    fn take(&mut self, line: u64, networks: NetworksBetween) -> Result<(), Fault> {
        for network in networks {
            if network.prefix_len() == 0 {
                self.refuse(line, || format!("{network} is every address there is"));
                continue;
            }
            self.networks.insert(network, ());
            if self.networks.len() > FEED_ENTRIES_MAX {
                return Err(Fault::TooManyEntries);
            }
        }
        Ok(())
    }

    fn refuse(&mut self, line: u64, reason: impl FnOnce() -> String) {
        self.refused += 1;
        if self.refusals.len() < FEED_REFUSALS_SHOWN_MAX {
            let reason = reason();
            self.refusals.push(Refusal { line, reason });
        }
    }

    fn refuse_text(&mut self, line: u64, text: &[u8]) {
        self.refuse(line, || {
            let text = String::from_utf8_lossy(text.get(..200).unwrap_or(text));
            format!("this is no address: `{}`", super::shortened(&text))
        });
    }
}

/// Why a feed as a whole can't be read.
enum Fault {
    TooManyEntries,
    NoFeed(String),
}
