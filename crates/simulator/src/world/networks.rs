//! Address ranges: who runs them and where they are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::places::{CITIES, City};
use crate::dice::Key;

/// A range of addresses and what a provider of places would say about it.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    base: IpAddr,
    prefix: u8,
    pub(crate) city: usize,
    pub(crate) asn: u32,
    pub(crate) organization: String,
    /// Words with semicolons between.
    pub(crate) tags: &'static str,
}

impl Network {
    fn four(octets: [u8; 4], prefix: u8, city: usize, tags: &'static str) -> Self {
        Self {
            base: IpAddr::V4(Ipv4Addr::from(octets)),
            prefix,
            city,
            asn: 0,
            organization: String::new(),
            tags,
        }
    }

    /// Run by this organisation under one of the numbers that are set aside for private use.
    fn run_by(mut self, organization: impl Into<String>, asn: usize) -> Self {
        self.organization = organization.into();
        self.asn = 4_200_000_000 + u32::try_from(asn).unwrap_or(0);
        self
    }

    /// A host of this range, the same for the same salt.
    pub(crate) fn address(&self, salt: u64) -> IpAddr {
        match self.base {
            IpAddr::V4(base) if self.prefix < 32 => {
                let hosts = (1_u64 << (32 - self.prefix)) - 2;
                let host = u32::try_from(1 + salt % hosts).unwrap_or(1);
                IpAddr::V4(Ipv4Addr::from(u32::from(base) + host))
            }
            IpAddr::V6(base) => {
                // A subscriber has a /64 and a stable interface id in it.
                let subscriber = u128::from(salt % (1 << (64 - self.prefix))) << 64;
                let host = u128::from(Key::new(salt).word());
                IpAddr::V6(Ipv6Addr::from(u128::from(base) | subscriber | host))
            }
            single @ IpAddr::V4(_) => single,
        }
    }

    pub(crate) fn cidr(&self) -> String {
        format!("{}/{}", self.base, self.prefix)
    }

    pub(crate) fn base(&self) -> IpAddr {
        self.base
    }
}

/// Every range that the simulated traffic uses.
#[derive(Debug)]
pub(crate) struct Networks {
    pub(crate) cable: Vec<Network>,
    pub(crate) fibre: Vec<Network>,
    pub(crate) six: Vec<Network>,
    pub(crate) mobile: Vec<Network>,
    /// Per workspace, per office: the ranges between which it moves.
    pub(crate) offices: Vec<Vec<[Network; 2]>>,
    /// The company's own VPN, per workspace.
    pub(crate) gateways: Vec<Network>,
    pub(crate) vpn: Vec<Network>,
    pub(crate) hosting: Vec<Network>,
    pub(crate) tor: Vec<Network>,
    /// Datacentres in places where nobody of the organisations ever is.
    pub(crate) abroad: Vec<Network>,
    /// Where a secure web gateway, through which many people of many companies surf, meets the internet.
    pub(crate) egress: Vec<Network>,
}

/// Datacentres: organisation and place in the table of cities.
const HOSTING: [(&str, usize); 8] = [
    ("Granite Cloud", 6),
    ("Granite Cloud", 4),
    ("Granite Cloud", 15),
    ("Harbour Compute", 3),
    ("Harbour Compute", 33),
    ("Lantern Hosting", 17),
    ("Lantern Hosting", 19),
    ("Paper Crane Servers", 36),
];
const VPN: [(&str, usize); 8] = [
    ("Burrow VPN", 19),
    ("Burrow VPN", 1),
    ("Burrow VPN", 13),
    ("Heron Privacy", 23),
    ("Heron Privacy", 24),
    ("Heron Privacy", 33),
    ("Tunnelfish", 26),
    ("Tunnelfish", 8),
];
const ABROAD: [(&str, usize); 6] = [
    ("Cinder Hosting", 40),
    ("Blackthorn Servers", 41),
    ("Cinder Hosting", 42),
    ("Blackthorn Servers", 43),
    ("Saltmarsh Colocation", 44),
    ("Saltmarsh Colocation", 45),
];
const EGRESS: [(&str, usize); 3] = [
    ("Veil Secure Web", 19),
    ("Veil Secure Web", 1),
    ("Veil Secure Web", 33),
];
/// The first addresses of a datacentre abroad are known for attacks.
const MALICIOUS_PREFIX: u8 = 28;
const TOR_EXITS: u8 = 24;
const CABLE: [&str; 5] = [
    "Meadow Cable",
    "Riverbend Broadband",
    "Stonegate Telecom",
    "Clearwater Internet",
    "Foxglove Cable",
];
const FIBRE: [&str; 4] = [
    "Northlight Fibre",
    "Copperleaf Networks",
    "Tidewater Fibre",
    "Juniper Hill Net",
];
const MOBILE: [&str; 4] = [
    "Skylark Mobile",
    "Kestrel Wireless",
    "Bluebell Mobile",
    "Signal Peak Cellular",
];

impl Networks {
    /// The world's ranges, and those of the workspaces: a name and the cities of its offices for each.
    pub(crate) fn new(workspaces: &[(&str, Vec<usize>)]) -> Self {
        Self {
            cable: per_city(|city, octet| {
                let second = 2 * ((3 * octet + 4) % 128);
                Network::four([60 + octet, second, 0, 0], 15, city, "residential")
                    .run_by(CABLE[city % CABLE.len()], 1000 + city)
            }),
            fibre: per_city(|city, octet| {
                let octets = [134 + octet % 32, 40 + 100 * (octet / 32), 0, 0];
                Network::four(octets, 15, city, "residential")
                    .run_by(FIBRE[city % FIBRE.len()], 2000 + city)
            }),
            six: per_city(|city, octet| Network {
                base: IpAddr::V6(Ipv6Addr::new(
                    0x2a02,
                    0x4000 + u16::from(octet),
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                )),
                prefix: 32,
                ..Network::four([0; 4], 0, city, "residential")
                    .run_by(FIBRE[city % FIBRE.len()], 2000 + city)
            }),
            mobile: per_city(|city, octet| {
                Network::four([31 + octet % 6, 4 * octet, 0, 0], 16, city, "mobile")
                    .run_by(MOBILE[city % MOBILE.len()], 3000 + city)
            }),
            offices: workspaces.iter().zip(0..).map(offices).collect(),
            gateways: workspaces.iter().zip(0..).map(gateway).collect(),
            vpn: listed(&VPN, 5000, |octet| {
                ([185, 10 + octet, 16 * octet, 0], 22, "vpn;hosting")
            }),
            hosting: listed(&HOSTING, 6000, |octet| {
                ([44, 200 + octet, 64, 0], 18, "hosting")
            }),
            tor: (0..TOR_EXITS).map(tor_exit).collect(),
            abroad: listed(&ABROAD, 6100, |octet| {
                ([45, 140 + octet, 32, 0], 22, "hosting")
            }),
            egress: listed(&EGRESS, 6200, |octet| {
                ([199, 90 + octet, 8, 0], 24, "hosting")
            }),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Network> {
        let homes = [&self.cable, &self.fibre, &self.six, &self.mobile];
        let offices = self.offices.iter().flatten().flatten();
        let rest = [
            &self.gateways,
            &self.vpn,
            &self.hosting,
            &self.tor,
            &self.abroad,
            &self.egress,
        ];
        homes
            .into_iter()
            .flatten()
            .chain(offices)
            .chain(rest.into_iter().flatten())
    }

    /// Ranges from which attacks are known to come.
    pub(crate) fn malicious(&self) -> Vec<Network> {
        let first = |network: &Network| Network {
            prefix: MALICIOUS_PREFIX,
            ..network.clone()
        };
        self.abroad.iter().map(first).collect()
    }

    /// A range of [`Networks::abroad`] has so many addresses that are known for attacks.
    pub(crate) const MALICIOUS_HOSTS: u64 = (1 << (32 - MALICIOUS_PREFIX)) - 2;
}

fn per_city(range: impl Fn(usize, u8) -> Network) -> Vec<Network> {
    let octets = (0..CITIES.len()).zip(0_u8..);
    octets.map(|(city, octet)| range(city, octet)).collect()
}

fn offices(((name, cities), workspace): (&(&str, Vec<usize>), u8)) -> Vec<[Network; 2]> {
    let blocks = cities.iter().zip(0_u8..);
    blocks
        .map(|(&city, block)| {
            let City { name: place, .. } = &CITIES[city];
            let building = |number: u8, word: &str, asn: usize| {
                let octets = [193 + workspace % 2, 60 + workspace, 4 * block + number, 0];
                Network::four(octets, 24, city, "corporate;office")
                    .run_by(format!("{name} {place} {word}"), asn + city)
            };
            [building(0, "office", 4000), building(1, "campus", 4100)]
        })
        .collect()
}

fn gateway(((name, cities), workspace): (&(&str, Vec<usize>), u8)) -> Network {
    let city = cities.first().copied().unwrap_or(0);
    Network::four([195, 100 + workspace, 0, 0], 28, city, "corporate;vpn")
        .run_by(format!("{name} gateway"), 4500)
}

fn listed(
    runs: &[(&str, usize)],
    asn: usize,
    range: impl Fn(u8) -> ([u8; 4], u8, &'static str),
) -> Vec<Network> {
    let numbered = runs.iter().zip(0_u8..);
    numbered
        .map(|(&(organization, city), number)| {
            let (octets, prefix, tags) = range(number);
            Network::four(octets, prefix, city, tags)
                .run_by(organization, asn + usize::from(number))
        })
        .collect()
}

fn tor_exit(number: u8) -> Network {
    let city = [17, 19, 24, 26][usize::from(number % 4)];
    let octets = [188, 214, 30 + number / 6, 10 + 9 * number];
    Network::four(octets, 32, city, "tor;hosting").run_by("Onion Relay Fund", 7000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks() -> Networks {
        Networks::new(&[("Acme", vec![0, 13]), ("Borealis", vec![24])])
    }

    #[test]
    fn no_two_ranges_overlap_and_none_is_private() {
        let networks = networks();
        let mut spans: Vec<(u32, u32)> = networks
            .all()
            .filter_map(|network| match network.base {
                IpAddr::V4(base) => Some((u32::from(base), u32::from(network.prefix))),
                IpAddr::V6(_) => None,
            })
            .map(|(base, prefix)| (base, base + u32::MAX.checked_shr(prefix).unwrap_or(0)))
            .collect();
        spans.sort_unstable();
        for pair in spans.windows(2) {
            assert!(pair[0].1 < pair[1].0, "{pair:?}");
        }
        for network in networks.all() {
            if let IpAddr::V4(base) = network.base {
                assert!(!base.is_private() && !base.is_loopback() && !base.is_multicast());
                assert!(!base.is_link_local() && !base.is_documentation());
            }
        }
    }

    #[test]
    fn addresses_stay_in_their_range() {
        for network in networks().all() {
            for salt in [0, 1, 77, u64::MAX] {
                let address = network.address(salt);
                let inside = match (network.base, address) {
                    (IpAddr::V4(base), IpAddr::V4(address)) => {
                        let bits = 32 - u32::from(network.prefix);
                        u32::from(base).checked_shr(bits) == u32::from(address).checked_shr(bits)
                    }
                    (IpAddr::V6(base), IpAddr::V6(address)) => {
                        let bits = 128 - u32::from(network.prefix);
                        u128::from(base) >> bits == u128::from(address) >> bits
                    }
                    _ => false,
                };
                assert!(inside, "{address} of {}", network.cidr());
            }
        }
    }
}
