use drishti_model::{AddressCategory, AddressFacts, Device as KnownDevice, DeviceKind};
use serde::Serialize;
use utoipa::ToSchema;

/// What was known of the client address when the event was stored, or was last enriched anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventAddress)]
pub(crate) struct Address {
    /// Two letters.
    #[schema(required)]
    country: Option<String>,
    /// Region or state.
    #[schema(required)]
    region: Option<String>,
    /// City.
    #[schema(required)]
    city: Option<String>,
    /// Degrees, north positive.
    #[schema(required)]
    latitude: Option<f64>,
    /// Degrees, east positive.
    #[schema(required)]
    longitude: Option<f64>,
    /// Number of the autonomous system.
    #[schema(required)]
    asn: Option<u32>,
    /// Who runs the network.
    #[schema(required)]
    organization: Option<String>,
    /// What kind of address it is: `administrative`, `cloud_provider`, `corporate`, `risky`, `vpn` or `other`.
    #[schema(required)]
    category: Option<&'static str>,
    /// Such as `tor_exit`, or a tag of the owner's.
    tags: Vec<String>,
}

/// What the user agent says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventDevice)]
pub(crate) struct Device {
    /// Browser, application or library.
    #[schema(required)]
    browser: Option<String>,
    /// Operating system.
    #[schema(required)]
    os: Option<String>,
    /// `pc`, `mobile`, `tablet`, `program` or `other`.
    #[schema(required)]
    kind: Option<&'static str>,
    /// `outdated_browser`, `outdated_os`, `robot`.
    tags: Vec<String>,
}

impl From<&AddressFacts> for Address {
    fn from(facts: &AddressFacts) -> Self {
        Self {
            country: facts.country.clone(),
            region: facts.region.clone(),
            city: facts.city.clone(),
            latitude: facts.latitude,
            longitude: facts.longitude,
            asn: facts.asn,
            organization: facts.organization.clone(),
            category: facts.category.map(AddressCategory::as_str),
            tags: facts.tags.clone(),
        }
    }
}

impl From<&KnownDevice> for Device {
    fn from(known: &KnownDevice) -> Self {
        Self {
            browser: known.browser.clone(),
            os: known.os.clone(),
            kind: known.kind.map(DeviceKind::as_str),
            tags: known.tags.clone(),
        }
    }
}
