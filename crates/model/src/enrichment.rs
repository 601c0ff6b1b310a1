use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::AuditEvent;

/// An event with what tables, feeds and the user agent say about it at the time it is stored. Clones of the added facts are cheap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnrichedEvent {
    /// As Asana gave it.
    pub event: AuditEvent,
    /// Of its client address; `None` where the event has none, or nothing at all is known of it.
    pub address: Option<Arc<AddressFacts>>,
    /// Of its user agent; `None` where the event has none, or nothing at all is known of it.
    pub device: Option<Arc<Device>>,
}

impl From<AuditEvent> for EnrichedEvent {
    /// The event, of which nothing more is known.
    fn from(event: AuditEvent) -> Self {
        Self {
            event,
            address: None,
            device: None,
        }
    }
}

/// What is known of an address. What is not known is `None`, never a default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AddressFacts {
    /// ISO 3166-1 alpha-2 code, upper case.
    pub country: Option<String>,
    /// Name of the region or state.
    pub region: Option<String>,
    /// Name of the city.
    pub city: Option<String>,
    /// Degrees, north positive.
    pub latitude: Option<f64>,
    /// Degrees, east positive.
    pub longitude: Option<f64>,
    /// Number of the autonomous system.
    pub asn: Option<u32>,
    /// Who runs the network.
    pub organization: Option<String>,
    /// What kind of address it is.
    pub category: Option<AddressCategory>,
    /// Such as `tor_exit` or a tag of the owner's; sorted, each once.
    pub tags: Vec<String>,
}

impl AddressFacts {
    /// Latitude and longitude in degrees, where both are known.
    pub fn coordinates(&self) -> Option<(f64, f64)> {
        self.latitude.zip(self.longitude)
    }

    /// Whether the address carries `tag`.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|known| known == tag)
    }
}

/// Defender's categories of addresses (`defender-behaviour.md`, section 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressCategory {
    /// From where administrators work.
    Administrative,
    /// A cloud or hosting provider: says nothing about where a person is.
    CloudProvider,
    /// The organisation's own network.
    Corporate,
    /// Known for trouble: anonymisers, attackers.
    Risky,
    /// A VPN: its place is not the person's.
    Vpn,
    /// Set by the owner to none of these.
    Other,
}

impl AddressCategory {
    /// All categories.
    pub const ALL: [Self; 6] = [
        Self::Administrative,
        Self::CloudProvider,
        Self::Corporate,
        Self::Risky,
        Self::Vpn,
        Self::Other,
    ];

    /// The word in policies, the lake, the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Administrative => "administrative",
            Self::CloudProvider => "cloud_provider",
            Self::Corporate => "corporate",
            Self::Risky => "risky",
            Self::Vpn => "vpn",
            Self::Other => "other",
        }
    }
}

impl FromStr for AddressCategory {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|category| category.as_str() == text)
            .ok_or_else(|| {
                format!(
                    "no category of addresses is called `{text}`: use administrative, cloud_provider, corporate, risky, vpn or other"
                )
            })
    }
}

/// What a user agent says about the device. What it doesn't say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Device {
    /// Family of the browser, application or library, such as `Chrome`, `Asana desktop` or `curl`.
    pub browser: Option<String>,
    /// Family of the operating system, such as `macOS`.
    pub os: Option<String>,
    /// What kind of device it is.
    pub kind: Option<DeviceKind>,
    /// `outdated_browser`, `outdated_os`, `robot`; sorted, each once.
    pub tags: Vec<String>,
}

/// Defender's device types (`defender-behaviour.md`, section 2.2) and programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A desktop or laptop.
    Pc,
    /// A phone.
    Mobile,
    /// A tablet.
    Tablet,
    /// A library or tool, with nobody in front of it.
    Program,
    /// Something else that named itself.
    Other,
}

impl DeviceKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Pc,
        Self::Mobile,
        Self::Tablet,
        Self::Program,
        Self::Other,
    ];

    /// The word in policies, the lake and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pc => "pc",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
            Self::Program => "program",
            Self::Other => "other",
        }
    }
}

impl FromStr for DeviceKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("no kind of device is called `{text}`"))
    }
}
