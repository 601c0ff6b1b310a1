use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Longest text that is looked at as an address; with brackets, zone and port an address is shorter.
pub const ADDRESS_BYTES_MAX: usize = 100;

/// The address that `text` names: IPv4 or IPv6, in brackets or not, with a zone (`%eth0`) or a port, which are dropped. A port
/// after IPv6 needs brackets. IPv4 in IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
///
/// Anything else is `None`: an address that can't be read is unknown.
pub fn parse_address(text: &str) -> Option<IpAddr> {
    // As nearly all are.
    if let Ok(plain) = text.parse::<Ipv4Addr>() {
        return Some(plain.into());
    }
    let text = text.trim();
    if text.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    let address: IpAddr = if let Some(bracketed) = text.strip_prefix('[') {
        let (inside, after) = bracketed.split_once(']')?;
        if !after.is_empty() && !after.strip_prefix(':').is_some_and(is_port) {
            return None;
        }
        without_zone(inside).parse::<Ipv6Addr>().ok()?.into()
    } else {
        match text.split_once(':') {
            Some((host, port)) if is_port(port) => host.parse::<Ipv4Addr>().ok()?.into(),
            Some(_) => without_zone(text).parse::<Ipv6Addr>().ok()?.into(),
            None => text.parse::<Ipv4Addr>().ok()?.into(),
        }
    };
    Some(address.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn without_zone(text: &str) -> &str {
    match text.split_once('%') {
        Some((address, zone)) if !zone.is_empty() => address,
        _ => text,
    }
}

/// A block of addresses that belong to nobody on the internet, so that no provider can know where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Special {
    pub(super) kind: SpecialKind,
    pub(super) block: IpNet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpecialKind {
    Private,
    Shared,
    Loopback,
    LinkLocal,
    Documentation,
    Multicast,
    Reserved,
}

impl fmt::Display for SpecialKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Private => "private",
            Self::Shared => "shared",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Documentation => "documentation",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        })
    }
}

const fn four(octets: [u8; 4], prefix: u8, kind: SpecialKind) -> Special {
    let [a, b, c, d] = octets;
    Special {
        kind,
        block: IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix),
    }
}

const fn six(first: u16, second: u16, third: u16, prefix: u8, kind: SpecialKind) -> Special {
    let address = Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0);
    Special {
        kind,
        block: IpNet::new_assert(IpAddr::V6(address), prefix),
    }
}

const fn six_host(address: Ipv6Addr, kind: SpecialKind) -> Special {
    Special {
        kind,
        block: IpNet::new_assert(IpAddr::V6(address), 128),
    }
}

/// IANA's special-purpose address registries (RFC 6890 and its successors), without the blocks that carry other addresses through
/// the internet (6to4, Teredo, NAT64).
const SPECIAL: [Special; 25] = {
    use SpecialKind::{Documentation, LinkLocal, Loopback, Multicast, Private, Reserved, Shared};
    [
        four([10, 0, 0, 0], 8, Private),
        four([172, 16, 0, 0], 12, Private),
        four([192, 168, 0, 0], 16, Private),
        four([100, 64, 0, 0], 10, Shared),
        four([127, 0, 0, 0], 8, Loopback),
        four([169, 254, 0, 0], 16, LinkLocal),
        four([192, 0, 2, 0], 24, Documentation),
        four([198, 51, 100, 0], 24, Documentation),
        four([203, 0, 113, 0], 24, Documentation),
        four([224, 0, 0, 0], 4, Multicast),
        four([0, 0, 0, 0], 8, Reserved),
        four([192, 0, 0, 0], 24, Reserved),
        four([198, 18, 0, 0], 15, Reserved),
        four([240, 0, 0, 0], 4, Reserved),
        six_host(Ipv6Addr::LOCALHOST, Loopback),
        six_host(Ipv6Addr::UNSPECIFIED, Reserved),
        six(0x64, 0xff9b, 1, 48, Private),
        six(0x100, 0, 0, 64, Reserved),
        six(0x2001, 0xdb8, 0, 32, Documentation),
        six(0x3fff, 0, 0, 20, Documentation),
        six(0xfc00, 0, 0, 7, Private),
        six(0xfe80, 0, 0, 10, LinkLocal),
        six(0xfec0, 0, 0, 10, Private),
        six(0xff00, 0, 0, 8, Multicast),
        six(0x5f00, 0, 0, 16, Reserved),
    ]
};

impl Special {
    /// The block that `address` is in, where it is in one.
    pub(super) fn of(address: IpAddr) -> Option<Self> {
        SPECIAL
            .into_iter()
            .find(|special| special.block.contains(&address))
    }

    /// Whether a table that answers for `network` means addresses of this block, rather than the whole internet.
    pub(super) fn is_named_by_table(self, network: IpNet) -> bool {
        self.block.contains(&network)
    }

    /// Whether a feed that lists `network` means addresses of this block. Lists of bad addresses hold whole private blocks, since
    /// a border router drops them: that says nothing about an address inside a network. Documentation addresses stand in
    /// examples only, where a feed means them.
    pub(super) fn is_named_by_feed(self, network: IpNet) -> bool {
        self.kind == SpecialKind::Documentation
            || (self.block.contains(&network) && self.block != network)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_names_an_address_and_what_does_not() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            (" 192.0.2.1\n", Some("192.0.2.1")),
            ("192.0.2.1:443", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("[fe80::1%25eth0]:80", Some("fe80::1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("::ffff:c000:201", Some("192.0.2.1")),
            ("::", Some("::")),
            ("::1", Some("::1")),
            ("::1:443", Some("::1:443")),
            ("", None),
            ("-", None),
            ("unknown", None),
            ("localhost", None),
            ("192.0.2", None),
            ("192.0.2.256", None),
            ("192.0.2.01", None),
            ("192.0.2.1:", None),
            ("192.0.2.1:70000", None),
            ("192.0.2.1:-1", None),
            ("192.0.2.1%eth0", None),
            ("192.0.2.1, 198.51.100.1", None),
            ("192.0.2.0/24", None),
            ("[192.0.2.1]", None),
            ("[2001:db8::1", None),
            ("[2001:db8::1]443", None),
            ("2001:db8::1%", None),
            ("2001:db8:::1", None),
        ] {
            let expected = expected.map(|expected| expected.parse::<IpAddr>().unwrap());
            assert_eq!(parse_address(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_text_beyond_the_bound_is_no_address() {
        let zone = |length: usize| format!("fe80::1%{}", "z".repeat(length - "fe80::1%".len()));
        assert!(parse_address(&zone(ADDRESS_BYTES_MAX)).is_some());
        assert_eq!(parse_address(&zone(ADDRESS_BYTES_MAX + 1)), None);
    }

    #[test]
    fn special_blocks_are_known() {
        for (address, kind) in [
            ("10.1.2.3", Some(SpecialKind::Private)),
            ("172.31.255.255", Some(SpecialKind::Private)),
            ("172.32.0.0", None),
            ("192.168.0.1", Some(SpecialKind::Private)),
            ("100.64.0.1", Some(SpecialKind::Shared)),
            ("100.128.0.1", None),
            ("127.0.0.1", Some(SpecialKind::Loopback)),
            ("169.254.1.1", Some(SpecialKind::LinkLocal)),
            ("203.0.113.9", Some(SpecialKind::Documentation)),
            ("239.1.1.1", Some(SpecialKind::Multicast)),
            ("255.255.255.255", Some(SpecialKind::Reserved)),
            ("0.0.0.0", Some(SpecialKind::Reserved)),
            ("198.19.0.1", Some(SpecialKind::Reserved)),
            ("8.8.8.8", None),
            ("::1", Some(SpecialKind::Loopback)),
            ("::", Some(SpecialKind::Reserved)),
            ("fd12::1", Some(SpecialKind::Private)),
            ("fe80::1", Some(SpecialKind::LinkLocal)),
            ("2001:db8::1", Some(SpecialKind::Documentation)),
            ("ff02::1", Some(SpecialKind::Multicast)),
            ("2002:c000:201::1", None),
            ("2001::1", None),
            ("2a02::1", None),
        ] {
            let found = Special::of(address.parse().unwrap()).map(|special| special.kind);
            assert_eq!(found, kind, "{address}");
        }
    }

    proptest! {
        #[test]
        fn every_address_is_read_back(bits: u128, four: u32, port: u16) {
            let six = Ipv6Addr::from(bits);
            let four = Ipv4Addr::from(four);
            prop_assert_eq!(parse_address(&six.to_string()), Some(IpAddr::V6(six).to_canonical()));
            prop_assert_eq!(parse_address(&format!("[{six}]:{port}")), Some(IpAddr::V6(six).to_canonical()));
            prop_assert_eq!(parse_address(&format!("{four}:{port}")), Some(IpAddr::V4(four)));
        }

        #[test]
        fn no_text_is_too_odd(text in ".{0,120}") {
            parse_address(&text);
        }
    }
}
