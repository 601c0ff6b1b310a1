//! What is known of the addresses and user agents of events: where, whose network, what kind, which device (`docs/ENRICHMENT.md`).
//!
//! Three kinds of things tell about an address. The owner's [ranges](OwnRange) say what the owner knows and beat the others;
//! [feeds](Feed) list addresses that have something in common; [files of places](PlacesFile) say where addresses are and who runs
//! their networks. An [`Enricher`] holds one state of all three. It never changes: when a file, feed or range does, a new one is
//! made, and stored events can be enriched again.
//!
//! What can't be read or isn't listed is unknown, never an error.

mod address;
mod agent;
mod error;
mod feed;
mod judge;
mod network;
mod places;
mod provenance;
mod ranges;
mod tag;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use drishti_model::{AddressFacts, AuditEvent, Device, EnrichedEvent};
use quick_cache::sync::Cache;

pub use self::address::{ADDRESS_BYTES_MAX, parse_address};
pub use self::agent::{AGENT_BYTES_MAX, Agents, Release, Supported};
pub use self::error::EnrichError;
pub use self::feed::{
    FEED_AGE_WARNING, FEED_BYTES_MAX, FEED_ENTRIES_MAX, FEED_LINE_BYTES_MAX,
    FEED_REFUSALS_SHOWN_MAX, FEEDS_MAX, Feed, FeedFormat, FeedKind, FeedSource, Refusal,
};
pub use self::network::parse_network;
pub use self::places::{
    PLACES_AGE_WARNING, PLACES_BYTES_MAX, PLACES_FILES_MAX, PLACES_NETWORKS_MAX, Place, Places,
    PlacesFile, TEXT_BYTES_MAX,
};
pub use self::provenance::{Fact, Origin, Provenance};
pub use self::ranges::{OwnRange, OwnRanges, RANGE_NETWORKS_MAX, RANGE_TAGS_MAX, RANGES_MAX};
pub use self::tag::TAG_BYTES_MAX;
pub(crate) use self::tag::parse_tag;
pub use ipnet::IpNet;

/// Addresses whose facts are kept at hand; with text and facts about 300 bytes each.
pub const ADDRESSES_CACHED_MAX: usize = 100_000;
/// User agents whose devices are kept at hand.
pub const AGENTS_CACHED_MAX: usize = 10_000;

/// Adds to events what is known of their addresses and user agents. One serves any number of threads.
#[derive(Debug)]
pub struct Enricher {
    places: Places,
    ranges: OwnRanges,
    feeds: Vec<Feed>,
    agents: Agents,
    addresses: Cache<Box<str>, Option<Arc<AddressFacts>>>,
    devices: Cache<Box<str>, Option<Arc<Device>>>,
}

impl Enricher {
    /// Puts together what is known. Refuses two feeds of one name and more than [`FEEDS_MAX`].
    pub fn new(
        places: Places,
        ranges: OwnRanges,
        feeds: Vec<Feed>,
        agents: Agents,
    ) -> Result<Self, EnrichError> {
        if feeds.len() > FEEDS_MAX {
            return Err(EnrichError::TooManyFeeds { count: feeds.len() });
        }
        let mut names = HashSet::new();
        for feed in &feeds {
            if !names.insert(feed.source().name.as_str()) {
                return Err(EnrichError::FeedTwice {
                    feed: feed.source().name.clone(),
                });
            }
        }
        Ok(Self {
            places,
            ranges,
            feeds,
            agents,
            addresses: Cache::new(ADDRESSES_CACHED_MAX),
            devices: Cache::new(AGENTS_CACHED_MAX),
        })
    }

    /// What is known of an address; `None` where nothing is, or `address` is none.
    pub fn facts(&self, address: &str) -> Option<Arc<AddressFacts>> {
        if address.len() > ADDRESS_BYTES_MAX {
            return None;
        }
        if let Some(facts) = self.addresses.get(address) {
            return facts;
        }
        let facts = self.look_up(address).map(Arc::new);
        self.addresses.insert(address.into(), facts.clone());
        facts
    }

    fn look_up(&self, address: &str) -> Option<AddressFacts> {
        let address = parse_address(address)?;
        judge::facts(judge::statements(
            address,
            &self.places,
            &self.ranges,
            &self.feeds,
        ))
    }

    /// What a user agent says of the device; `None` where it says nothing that is understood.
    pub fn device(&self, agent: &str) -> Option<Arc<Device>> {
        let agent = agent::shown(agent);
        if let Some(device) = self.devices.get(agent) {
            return device;
        }
        let device = self.agents.device(agent).map(Arc::new);
        self.devices.insert(agent.into(), device.clone());
        device
    }

    /// The event with both.
    pub fn enrich(&self, event: AuditEvent) -> EnrichedEvent {
        let address = event.context.client_ip_address.as_deref();
        let address = address.and_then(|address| self.facts(address));
        let agent = event.context.user_agent.as_deref();
        let device = agent.and_then(|agent| self.device(agent));
        EnrichedEvent {
            event,
            address,
            device,
        }
    }

    /// Where each fact about an address comes from, and what was said that does not count and why. Answers «why does this address
    /// count as VPN?».
    pub fn why(&self, address: &str) -> Vec<Provenance> {
        let Some(address) = parse_address(address) else {
            return Vec::new();
        };
        judge::statements(address, &self.places, &self.ranges, &self.feeds)
            .into_iter()
            .map(Provenance::from)
            .collect()
    }

    /// The files of places, with their age.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The owner's ranges.
    pub fn ranges(&self) -> &OwnRanges {
        &self.ranges
    }

    /// The feeds, with their age and what was refused of them.
    pub fn feeds(&self) -> &[Feed] {
        &self.feeds
    }

    /// How user agents are understood.
    pub fn agents(&self) -> &Agents {
        &self.agents
    }
}

/// Reads a whole file, at most one byte more than `bytes_max`: who parses it refuses what is longer.
pub fn read_file(path: &Path, bytes_max: usize) -> Result<Vec<u8>, EnrichError> {
    let fault = |source| EnrichError::Read {
        file: path.display().to_string(),
        source,
    };
    let file = std::fs::File::open(path).map_err(fault)?;
    let limit = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(fault)?;
    Ok(bytes)
}

/// Text from outside as errors and answers show it: one line of printable characters, not too long.
fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 80;
    let mut shortened: String = text
        .chars()
        .take(CHARACTERS_MAX)
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect();
    if text.chars().nth(CHARACTERS_MAX).is_some() {
        shortened.push('…');
    }
    shortened
}
