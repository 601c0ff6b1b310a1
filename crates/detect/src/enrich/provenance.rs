use std::fmt;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// One thing that is said of an address, by whom, and whether it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// What it is about.
    pub fact: Fact,
    /// What is said, as text.
    pub value: String,
    /// Who says it.
    pub origin: Origin,
    /// Why it does not count, a sentence; `None` where it counts.
    pub overruled: Option<String>,
}

/// What a statement about an address is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The country's code.
    Country,
    /// The region's name.
    Region,
    /// The city's name.
    City,
    /// Latitude and longitude in degrees.
    Coordinates,
    /// The number of the autonomous system.
    Asn,
    /// Who runs the network.
    Organization,
    /// What kind of address it is.
    Category,
    /// A tag.
    Tag,
}

impl Fact {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Region => "region",
            Self::City => "city",
            Self::Coordinates => "coordinates",
            Self::Asn => "asn",
            Self::Organization => "organization",
            Self::Category => "category",
            Self::Tag => "tag",
        }
    }
}

/// Who says something about an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "origin", rename_all = "snake_case")]
pub enum Origin {
    /// One of the owner's ranges.
    Range {
        /// Its name.
        name: String,
        /// The network that the address is in.
        network: IpNet,
    },
    /// A feed.
    Feed {
        /// Its name.
        name: String,
        /// The entry that the address is in.
        network: IpNet,
        /// When it was fetched or made.
        as_of: Option<DateTime<Utc>>,
        /// Under which licence it is used.
        licence: Option<String>,
    },
    /// A file of places.
    Places {
        /// Its name.
        name: String,
        /// What it calls itself.
        kind: String,
        /// The network that the address is in.
        network: IpNet,
        /// When it was built.
        built: Option<DateTime<Utc>>,
    },
}

impl fmt::Display for Origin {
    /// Such as «feed `tor` of 2026-11-20 (192.0.2.1/32)».
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |time: &Option<DateTime<Utc>>| {
            time.map_or_else(String::new, |time| format!(" of {}", time.date_naive()))
        };
        match self {
            Self::Range { name, network } => write!(formatter, "own range `{name}` ({network})"),
            Self::Feed {
                name,
                network,
                as_of,
                ..
            } => write!(formatter, "feed `{name}`{} ({network})", day(as_of)),
            Self::Places {
                name,
                kind,
                network,
                built,
            } => write!(formatter, "{kind} `{name}`{} ({network})", day(built)),
        }
    }
}
