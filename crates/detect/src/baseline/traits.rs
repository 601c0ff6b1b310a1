use std::net::{IpAddr, Ipv6Addr};

use drishti_model::{AddressFacts, Device};
use serde::{Deserialize, Serialize};

use crate::enrich::parse_address;

/// An attribute whose values are remembered, for each person and for the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Attribute {
    Country,
    Network,
    Device,
    DeviceKind,
    EventType,
    App,
}

impl Attribute {
    pub(crate) const ALL: [Self; 6] = [
        Self::Country,
        Self::Network,
        Self::Device,
        Self::DeviceKind,
        Self::EventType,
        Self::App,
    ];

    /// The word in alerts and in the keys of saved rows.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Network => "asn",
            Self::Device => "device",
            Self::DeviceKind => "device_kind",
            Self::EventType => "event_type",
            Self::App => "app",
        }
    }
}

/// The attributes of one event as numbers, `None` where unknown. Numbers of texts are hashes: they stay the same from run to run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traits {
    pub(crate) country: Option<u64>,
    /// The autonomous system, or who runs it where its number is not known.
    pub(crate) network: Option<u64>,
    pub(crate) device: Option<u64>,
    pub(crate) device_kind: Option<u64>,
    pub(crate) event_type: u64,
    pub(crate) app: Option<u64>,
}

impl Traits {
    pub(crate) fn get(&self, attribute: Attribute) -> Option<u64> {
        match attribute {
            Attribute::Country => self.country,
            Attribute::Network => self.network,
            Attribute::Device => self.device,
            Attribute::DeviceKind => self.device_kind,
            Attribute::EventType => Some(self.event_type),
            Attribute::App => self.app,
        }
    }
}

/// FNV-1a over texts that can't run into each other. Whoever can choose a text that collides can as well choose the text itself.
pub(crate) fn hash_text(parts: &[&str]) -> u64 {
    let bytes = parts
        .iter()
        .flat_map(|part| part.bytes().chain(std::iter::once(0xff)));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Up to eight bytes as they are, so that [`country_code`] finds them again.
pub(crate) fn country_value(code: &str) -> u64 {
    code.bytes()
        .take(8)
        .fold(0, |value, byte| value << 8 | u64::from(byte))
}

/// The text that [`country_value`] took.
pub(crate) fn country_code(value: u64) -> String {
    let bytes = value.to_be_bytes();
    let text: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    String::from_utf8_lossy(&text).into_owned()
}

/// Numbers of autonomous systems have 32 bits; hashes of names have a bit above them.
const NAMED_NETWORK: u64 = 1 << 63;

pub(crate) fn network_value(facts: &AddressFacts) -> Option<u64> {
    facts.asn.map(u64::from).or_else(|| {
        let name = facts.organization.as_deref()?;
        Some(hash_text(&[name]) | NAMED_NETWORK)
    })
}

pub(crate) fn device_value(device: &Device) -> Option<u64> {
    let (browser, os, kind) = (device.browser.as_deref(), device.os.as_deref(), device.kind);
    if browser.is_none() && os.is_none() && kind.is_none() {
        return None;
    }
    Some(hash_text(&[
        browser.unwrap_or_default(),
        os.unwrap_or_default(),
        kind.map_or("", |kind| kind.as_str()),
    ]))
}

/// How a device is called in explanations.
pub(crate) fn device_name(device: &Device) -> String {
    match (&device.browser, &device.os, device.kind) {
        (Some(browser), Some(os), _) => format!("{browser} on {os}"),
        (Some(one), None, _) | (None, Some(one), _) => one.clone(),
        (None, None, Some(kind)) => kind.as_str().to_owned(),
        (None, None, None) => "an unknown device".to_owned(),
    }
}

/// How a network is called in explanations.
pub(crate) fn network_name(facts: &AddressFacts) -> String {
    match (&facts.organization, facts.asn) {
        (Some(name), Some(asn)) => format!("{name} (AS{asn})"),
        (Some(name), None) => name.clone(),
        (None, Some(asn)) => format!("AS{asn}"),
        (None, None) => "an unknown network".to_owned(),
    }
}

/// The subscriber behind an address: the address itself, or its /64 in IPv6. `None` where the text is no address.
pub(crate) fn subscriber(address: &str) -> Option<u128> {
    let address = match parse_address(address)? {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => mapped.to_ipv6_mapped(),
            None => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64),
        },
    };
    Some(address.to_bits())
}

#[cfg(test)]
mod tests {
    use drishti_model::DeviceKind;

    use super::*;

    #[test]
    fn countries_come_back_as_they_were() {
        for code in ["DE", "US", "X", "", "EUROPE"] {
            assert_eq!(country_code(country_value(code)), code);
        }
    }

    #[test]
    fn what_is_unknown_has_no_number() {
        assert_eq!(network_value(&AddressFacts::default()), None);
        assert_eq!(device_value(&Device::default()), None);
        for attribute in Attribute::ALL {
            let known = attribute == Attribute::EventType;
            let traits = Traits::default();
            assert_eq!(traits.get(attribute).is_some(), known, "{attribute:?}");
            assert!(!attribute.as_str().is_empty());
        }
        let kind_only = Device {
            kind: Some(DeviceKind::Mobile),
            ..Device::default()
        };
        assert!(device_value(&kind_only).is_some());
        assert_eq!(device_name(&kind_only), "mobile");
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        assert_ne!(hash_text(&["ab", "c"]), hash_text(&["a", "bc"]));
        // A hash is kept for years: it may not change with the compiler or the platform.
        assert_eq!(hash_text(&["task_deleted"]), 0x8378_6c93_ff66_d693);
    }

    #[test]
    fn a_subscriber_is_one_address_or_one_64() {
        assert_eq!(subscriber("192.0.2.1"), subscriber("::ffff:192.0.2.1"));
        assert_ne!(subscriber("192.0.2.1"), subscriber("192.0.2.2"));
        assert_eq!(subscriber("2001:db8::1"), subscriber("2001:db8::ffff:2"));
        assert_ne!(subscriber("2001:db8::1"), subscriber("2001:db8:0:1::1"));
        assert_eq!(subscriber("192.0.2.1:443"), subscriber("192.0.2.1"));
        assert_eq!(subscriber("not an address"), None);
    }
}
