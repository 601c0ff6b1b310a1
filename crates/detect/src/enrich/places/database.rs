//! `MaxMind` databases, whoever built them: each fact is looked for at the places where providers put it.

use std::fmt;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use maxminddb::PathElement::{self, Index, Key};
use maxminddb::{LookupResult, Reader};
use serde::de::{Deserialize, Deserializer, Visitor};

use super::{
    Answer, Place, TEXT_BYTES_MAX, autonomous_system, country_code, degrees, is_unknown_country,
};
use crate::enrich::EnrichError;
use crate::enrich::tag::{ANONYMOUS_PROXY, HOSTING, TOR_EXIT, VPN};

/// A way into a record.
type Path = &'static [PathElement<'static>];

// The first path of each list is MaxMind's and DB-IP's; the flat ones and those below `geo` and `as` are IPinfo's.
const COUNTRY: &[Path] = &[
    &[Key("country"), Key("iso_code")],
    &[Key("country_code")],
    &[Key("geo"), Key("country_code")],
    &[Key("country")],
];
const REGION: &[Path] = &[
    &[Key("subdivisions"), Index(0), Key("names"), Key("en")],
    &[Key("region")],
    &[Key("geo"), Key("region")],
];
const CITY: &[Path] = &[
    &[Key("city"), Key("names"), Key("en")],
    &[Key("city")],
    &[Key("geo"), Key("city")],
];
const LATITUDE: &[Path] = &[
    &[Key("location"), Key("latitude")],
    &[Key("lat")],
    &[Key("latitude")],
    &[Key("geo"), Key("latitude")],
];
const LONGITUDE: &[Path] = &[
    &[Key("location"), Key("longitude")],
    &[Key("lng")],
    &[Key("longitude")],
    &[Key("geo"), Key("longitude")],
];
const ASN: &[Path] = &[
    &[Key("autonomous_system_number")],
    &[Key("traits"), Key("autonomous_system_number")],
    &[Key("asn")],
    &[Key("as"), Key("asn")],
];
/// Who runs the network comes before whom it is let to: Defender's «registered ISP».
const ORGANIZATION: &[Path] = &[
    &[Key("isp")],
    &[Key("traits"), Key("isp")],
    &[Key("autonomous_system_organization")],
    &[Key("traits"), Key("autonomous_system_organization")],
    &[Key("as_name")],
    &[Key("as"), Key("name")],
    &[Key("organization")],
    &[Key("traits"), Key("organization")],
    &[Key("name")],
];
/// Values that stand for a tag: `true`, or this word.
const TAGS: &[(Path, Option<&str>, &str)] = &[
    (&[Key("is_tor_exit_node")], None, TOR_EXIT),
    (&[Key("is_public_proxy")], None, ANONYMOUS_PROXY),
    (&[Key("is_residential_proxy")], None, ANONYMOUS_PROXY),
    (&[Key("is_anonymous_vpn")], None, VPN),
    (&[Key("is_hosting_provider")], None, HOSTING),
    (&[Key("tor")], None, TOR_EXIT),
    (&[Key("proxy")], None, ANONYMOUS_PROXY),
    (&[Key("vpn")], None, VPN),
    (&[Key("hosting")], None, HOSTING),
    (&[Key("relay")], None, "relay"),
    (&[Key("connection_type")], Some("Cellular"), "mobile"),
    (
        &[Key("traits"), Key("connection_type")],
        Some("Cellular"),
        "mobile",
    ),
    (
        &[Key("traits"), Key("user_type")],
        Some("cellular"),
        "mobile",
    ),
    (&[Key("traits"), Key("user_type")], Some("hosting"), HOSTING),
];

/// What stands before the metadata, in the last 128 KiB of a database.
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
const MARKER_SPAN_BYTES: usize = 128 * 1024;

pub(super) fn is_database(bytes: &[u8]) -> bool {
    let start = bytes.len().saturating_sub(MARKER_SPAN_BYTES);
    let tail = bytes.get(start..).unwrap_or_default();
    tail.windows(MARKER.len()).any(|window| window == MARKER)
}

#[derive(Debug)]
pub(super) struct Database(Reader<Vec<u8>>);

impl Database {
    pub(super) fn parse(file: &str, bytes: Vec<u8>) -> Result<Self, EnrichError> {
        let reader = Reader::from_source(bytes).map_err(|source| EnrichError::Database {
            file: file.into(),
            source,
        })?;
        Ok(Self(reader))
    }

    pub(super) fn kind(&self) -> &str {
        &self.0.metadata().database_type
    }

    pub(super) fn built(&self) -> Option<DateTime<Utc>> {
        let seconds = i64::try_from(self.0.metadata().build_epoch).ok()?;
        DateTime::from_timestamp(seconds, 0)
    }

    /// Nothing where the database does not know the address, and where its record is damaged: then the place is unknown.
    pub(super) fn find(&self, address: IpAddr) -> Option<(IpNet, Answer)> {
        let record = self.0.lookup(address).ok()?;
        if !record.has_data() {
            return None;
        }
        let network = record.network().ok()?;
        let network = IpNet::new(network.ip(), network.prefix()).ok()?;
        Some((network, answer(&record)))
    }
}

type Record<'a> = LookupResult<'a, Vec<u8>>;

fn answer(record: &Record<'_>) -> Answer {
    let country = first(record, COUNTRY, |scalar| match scalar {
        // Taken as it is, so that coordinates of nowhere are not taken for a place.
        Scalar::Text(text) if is_unknown_country(text) => Some((*text).to_owned()),
        Scalar::Text(text) => country_code(text),
        _ => None,
    });
    let place = if country.as_deref().is_some_and(is_unknown_country) {
        Place::default()
    } else {
        Place {
            country,
            region: first(record, REGION, Scalar::to_text),
            city: first(record, CITY, Scalar::to_text),
            latitude: first(record, LATITUDE, |scalar| scalar.to_degrees(90.0)),
            longitude: first(record, LONGITUDE, |scalar| scalar.to_degrees(180.0)),
        }
    };
    let tags = TAGS.iter().filter(|(path, word, _)| {
        scalar(record, path).is_some_and(|scalar| match (word, scalar) {
            (Some(word), Scalar::Text(text)) => text == *word,
            (None, Scalar::Text(text)) => text == "true" || text == "1",
            (None, Scalar::Flag(flag)) => flag,
            _ => false,
        })
    });
    Answer {
        place: (place != Place::default()).then_some(place),
        asn: first(record, ASN, Scalar::to_asn),
        organization: first(record, ORGANIZATION, Scalar::to_text),
        tags: tags.map(|(_, _, tag)| (*tag).to_owned()).collect(),
    }
}

/// The first of `paths` that leads to something usable.
fn first<'a, T>(
    record: &Record<'a>,
    paths: &[Path],
    usable: impl Fn(&Scalar<'a>) -> Option<T>,
) -> Option<T> {
    paths.iter().find_map(|path| usable(&scalar(record, path)?))
}

fn scalar<'a>(record: &Record<'a>, path: Path) -> Option<Scalar<'a>> {
    // An error means that the path leads through something else, as in a database of another provider, or a damaged record.
    record.decode_path(path).ok().flatten()
}

/// A value that is neither a map nor an array.
enum Scalar<'a> {
    Text(&'a str),
    Whole(i64),
    Float(f64),
    Flag(bool),
}

impl Scalar<'_> {
    fn to_text(&self) -> Option<String> {
        match self {
            Self::Text(text) if !matches!(*text, "" | "-") && text.len() <= TEXT_BYTES_MAX => {
                Some((*text).to_owned())
            }
            _ => None,
        }
    }

    fn to_asn(&self) -> Option<u32> {
        let asn = match self {
            Self::Text(text) => autonomous_system(text),
            Self::Whole(number) => u32::try_from(*number).ok(),
            Self::Float(_) | Self::Flag(_) => None,
        };
        asn.filter(|asn| *asn > 0)
    }

    fn to_degrees(&self, limit: f64) -> Option<f64> {
        let degrees = match self {
            Self::Text(text) => return degrees(text, limit),
            Self::Float(degrees) => *degrees,
            Self::Whole(degrees) => i32::try_from(*degrees).ok()?.into(),
            Self::Flag(_) => return None,
        };
        (degrees.abs() <= limit).then_some(degrees)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a number or a flag")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
        i64::try_from(number).map(Scalar::Whole).map_err(E::custom)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Whole(number))
    }

    fn visit_f32<E>(self, number: f32) -> Result<Self::Value, E> {
        Ok(Scalar::Float(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(number))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Flag(flag))
    }
}
