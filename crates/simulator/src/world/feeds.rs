//! What a provider of places and of lists of addresses would publish about this world.

use std::fmt::Write as _;

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use super::networks::{Network, Networks};
use super::places::CITIES;

/// One published file.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    pub(crate) body: Bytes,
    pub(crate) etag: String,
}

impl Feed {
    fn new(body: String) -> Self {
        let etag = format!("\"{:016x}\"", xxh3_64(body.as_bytes()));
        Self {
            body: body.into(),
            etag,
        }
    }
}

/// The published files.
#[derive(Debug)]
pub(crate) struct Feeds {
    pub(crate) places: Feed,
    pub(crate) tor_exits: Feed,
    pub(crate) vpn: Feed,
    pub(crate) hosting: Feed,
    pub(crate) malicious: Feed,
}

impl Feeds {
    pub(crate) fn new(networks: &Networks) -> Self {
        let lines = |lists: &[&[Network]], line: fn(&Network) -> String| {
            let networks = lists.iter().copied().flatten();
            networks.fold(String::new(), |mut text, network| {
                text.push_str(&line(network));
                text.push('\n');
                text
            })
        };
        let hosting: [&[Network]; 3] = [&networks.hosting, &networks.abroad, &networks.egress];
        Self {
            places: Feed::new(places(networks)),
            tor_exits: Feed::new(lines(&[&networks.tor], |network| {
                network.base().to_string()
            })),
            vpn: Feed::new(lines(&[&networks.vpn], Network::cidr)),
            hosting: Feed::new(lines(&hosting, Network::cidr)),
            malicious: Feed::new(lines(&[&networks.malicious()], Network::cidr)),
        }
    }
}

fn places(networks: &Networks) -> String {
    let header = "network,country,region,city,latitude,longitude,asn,organization,tags\n";
    let mut text = String::from(header);
    for network in networks.all() {
        let place = &CITIES[network.city];
        // Writing to a string can't fail.
        _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{}",
            network.cidr(),
            place.country,
            place.region,
            place.name,
            place.latitude,
            place.longitude,
            network.asn,
            network.organization,
            network.tags,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_places_has_every_column() {
        let feeds = Feeds::new(&Networks::new(&[("Acme", vec![0])]));
        let text = String::from_utf8(feeds.places.body.to_vec()).unwrap();
        assert!(text.lines().count() > 150);
        assert!(text.lines().all(|line| line.split(',').count() == 9));
        assert!(text.contains("/32,DE,Berlin,Berlin,52.52,13.41,"));
    }
}
