use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv4Subnets, Ipv6Net, Ipv6Subnets};
use prefix_trie::joint::JointPrefixMap;

use super::address::parse_address;

/// Values by network; the longest prefix wins.
#[derive(Clone, Debug)]
pub(super) struct NetworkMap<T>(JointPrefixMap<IpNet, T>);

impl<T> Default for NetworkMap<T> {
    fn default() -> Self {
        Self(JointPrefixMap::default())
    }
}

impl<T> NetworkMap<T> {
    /// Puts `value` at `network` and gives back what was there.
    pub(super) fn insert(&mut self, network: IpNet, value: T) -> Option<T> {
        self.0.insert(network, value)
    }

    /// What stands at the longest prefix of `address`.
    pub(super) fn find(&self, address: IpAddr) -> Option<(IpNet, &T)> {
        self.0.get_lpm(&IpNet::from(address))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// The network that `text` names: `192.0.2.0/24`, or one address. Bits behind the prefix are cleared; IPv4 in IPv6 is IPv4.
pub fn parse_network(text: &str) -> Option<IpNet> {
    match text.split_once('/') {
        None => parse_address(text).map(IpNet::from),
        Some((address, prefix)) => {
            if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let address: IpAddr = address.trim_end().parse().ok()?;
            let network = IpNet::new(address, prefix.parse().ok()?).ok()?;
            Some(unmapped(network.trunc()))
        }
    }
}

/// The networks that together are the addresses from `start` to `end`, both included; none where `end` comes first or is of the
/// other kind.
pub(super) fn networks_between(start: IpAddr, end: IpAddr) -> Option<NetworksBetween> {
    match (start, end) {
        (IpAddr::V4(start), IpAddr::V4(end)) if start <= end => {
            Some(NetworksBetween::Four(Ipv4Subnets::new(start, end, 0)))
        }
        (IpAddr::V6(start), IpAddr::V6(end)) if start <= end => {
            Some(NetworksBetween::Six(Ipv6Subnets::new(start, end, 0)))
        }
        _ => None,
    }
}

/// The networks that `text` names: one, or those of a range `192.0.2.3-192.0.2.9`.
pub(super) fn parse_networks(text: &str) -> Option<NetworksBetween> {
    if let Some(network) = parse_network(text) {
        return Some(NetworksBetween::One(Some(network)));
    }
    let (start, end) = text.split_once('-')?;
    networks_between(parse_address(start)?, parse_address(end)?)
}

/// Networks one after another; see [`networks_between`].
pub(super) enum NetworksBetween {
    One(Option<IpNet>),
    Four(Ipv4Subnets),
    Six(Ipv6Subnets),
}

impl Iterator for NetworksBetween {
    type Item = IpNet;

    fn next(&mut self) -> Option<IpNet> {
        match self {
            Self::One(network) => network.take(),
            Self::Four(networks) => networks.next().map(IpNet::V4),
            Self::Six(networks) => networks.next().map(IpNet::V6),
        }
    }
}

/// `::ffff:0:0/96` and what is in it are IPv4.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(six) = network else {
        return network;
    };
    let mapped = Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96);
    if !mapped.contains(&six) {
        return network;
    }
    let address = six.addr().to_ipv4_mapped().unwrap_or(Ipv4Addr::UNSPECIFIED);
    Ipv4Net::new(address, six.prefix_len() - mapped.prefix_len()).map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Option<Vec<String>> {
        Some(
            parse_networks(text)?
                .map(|network| network.to_string())
                .collect(),
        )
    }

    #[test]
    fn what_names_networks_and_what_does_not() {
        for (text, expected) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("192.0.2.77", "192.0.2.77/32"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            (
                "192.0.2.3-192.0.2.9",
                "192.0.2.3/32 192.0.2.4/30 192.0.2.8/31",
            ),
            ("192.0.2.0 - 192.0.2.255", "192.0.2.0/24"),
            ("0.0.0.0-255.255.255.255", "0.0.0.0/0"),
            ("2001:db8::-2001:db8::ffff", "2001:db8::/112"),
            ("192.0.2.9-192.0.2.9", "192.0.2.9/32"),
        ] {
            let found = names(text).map(|networks| networks.join(" "));
            assert_eq!(found.as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "192.0.2.0/33",
            "192.0.2.0/-1",
            "192.0.2.0/+8",
            "192.0.2.0/",
            "2001:db8::/129",
            "192.0.2.9-192.0.2.3",
            "192.0.2.9-2001:db8::1",
            "192.0.2.9-",
            "example.com",
            "<html>",
        ] {
            assert_eq!(names(text), None, "{text}");
        }
    }

    /// Few and short prefixes, so that they overlap.
    fn network() -> impl Strategy<Value = IpNet> {
        let four = (0_u8..3, 0_u8..4, 0_u8..4, 0_u8..=32).prop_map(|(a, b, c, prefix)| {
            IpNet::new(IpAddr::from([a, b << 6, c << 6, 7]), prefix).unwrap()
        });
        let six = (0_u16..3, 0_u16..4, 0_u8..=128).prop_map(|(a, b, prefix)| {
            IpNet::new(IpAddr::from([a, b << 14, 0, 0, 0, 0, 0, 7]), prefix).unwrap()
        });
        prop_oneof![four, six].prop_map(|network| network.trunc())
    }

    proptest! {
        #[test]
        fn the_longest_prefix_is_found_as_a_scan_finds_it(
            networks in prop::collection::vec(network(), 0..60),
            addresses in prop::collection::vec(network().prop_map(|network| network.addr()), 1..40),
        ) {
            let mut map = NetworkMap::default();
            for (place, network) in networks.iter().enumerate() {
                map.insert(*network, place);
            }
            for address in addresses {
                // Of equal networks the last one inserted stays.
                let scanned = networks
                    .iter()
                    .enumerate()
                    .filter(|(_, network)| network.contains(&address))
                    .max_by_key(|(place, network)| (network.prefix_len(), *place))
                    .map(|(place, network)| (*network, place));
                let found = map.find(address).map(|(network, place)| (network, *place));
                prop_assert_eq!(found, scanned);
            }
        }

        #[test]
        fn a_range_is_covered_by_its_networks(start: u32, length in 0_u32..100_000) {
            let end = start.saturating_add(length);
            let networks = networks_between(Ipv4Addr::from(start).into(), Ipv4Addr::from(end).into()).unwrap();
            let mut next = u64::from(start);
            for network in networks {
                let IpNet::V4(network) = network else { panic!("{network}") };
                prop_assert_eq!(u64::from(u32::from(network.network())), next);
                next = u64::from(u32::from(network.broadcast())) + 1;
            }
            prop_assert_eq!(next, u64::from(end) + 1);
        }

        #[test]
        fn no_text_is_too_odd(text in ".{0,60}") {
            parse_networks(&text);
        }
    }
}
