//! Tables of places: CSV whose first line names the columns.

use std::collections::HashMap;
use std::net::IpAddr;

use csv::{ReaderBuilder, StringRecord};
use ipnet::IpNet;

use super::{
    Answer, Place, TEXT_BYTES_MAX, autonomous_system, country_code, degrees, is_unknown_country,
};
use crate::enrich::EnrichError;
use crate::enrich::address::parse_address;
use crate::enrich::network::{NetworkMap, networks_between, parse_networks};
use crate::enrich::tag::{TAG_SEPARATORS, parse_tag};

/// A column and what providers call it; where several stand in a table the first name here wins.
const NETWORK: &[&str] = &["network", "cidr"];
const START: &[&str] = &["start_ip", "range_start"];
const END: &[&str] = &["end_ip", "range_end"];
const COUNTRY: &[&str] = &["country_code", "country"];
const REGION: &[&str] = &["region"];
const CITY: &[&str] = &["city"];
const LATITUDE: &[&str] = &["latitude", "lat"];
const LONGITUDE: &[&str] = &["longitude", "lng"];
const ASN: &[&str] = &["asn", "autonomous_system_number"];
const ORGANIZATION: &[&str] = &["organization", "as_name", "autonomous_system_organization"];
const TAGS: &[&str] = &["tags"];

/// Where the columns are in a row.
struct Columns {
    network: NetworkColumns,
    /// In the order of [`Columns::FACTS`].
    facts: [Option<usize>; 8],
}

enum NetworkColumns {
    One(usize),
    StartAndEnd(usize, usize),
}

impl Columns {
    const FACTS: [&[&str]; 8] = [
        COUNTRY,
        REGION,
        CITY,
        LATITUDE,
        LONGITUDE,
        ASN,
        ORGANIZATION,
        TAGS,
    ];

    /// The columns and the names of those that mean nothing here.
    fn find(header: &StringRecord) -> Result<(Self, Vec<String>), String> {
        let place = |names: &[&str]| {
            names.iter().find_map(|name| {
                header
                    .iter()
                    .position(|column| column.trim().eq_ignore_ascii_case(name))
            })
        };
        let network = match (place(NETWORK), place(START), place(END)) {
            (Some(network), _, _) => NetworkColumns::One(network),
            (None, Some(start), Some(end)) => NetworkColumns::StartAndEnd(start, end),
            _ => {
                return Err(
                    "the first line names neither a column `network` nor `start_ip` and `end_ip`"
                        .into(),
                );
            }
        };
        let columns = Self {
            network,
            facts: Self::FACTS.map(place),
        };
        if columns.facts.iter().all(Option::is_none) {
            return Err(
                "the first line names none of the columns country, region, city, latitude, longitude, asn, organization and tags"
                    .into(),
            );
        }
        let used = |place: usize| {
            let is_network = match columns.network {
                NetworkColumns::One(network) => place == network,
                NetworkColumns::StartAndEnd(start, end) => place == start || place == end,
            };
            is_network || columns.facts.contains(&Some(place))
        };
        let ignored = header.iter().enumerate();
        let ignored = ignored
            .filter(|(place, _)| !used(*place))
            .map(|(_, name)| crate::enrich::shortened(name.trim()))
            .collect();
        Ok((columns, ignored))
    }

    /// Writes what a row says, without its network, to `key`: rows with the same key share one answer.
    fn key(&self, row: &StringRecord, key: &mut String) {
        key.clear();
        for place in self.facts {
            key.push_str(place.and_then(|place| row.get(place)).unwrap_or_default());
            key.push('\u{1f}');
        }
    }

    fn answer(&self, row: &StringRecord) -> Result<Answer, String> {
        let [
            country,
            region,
            city,
            latitude,
            longitude,
            asn,
            organization,
            tags,
        ] = self.facts.map(|place| {
            let value = place.and_then(|place| row.get(place)).unwrap_or_default();
            value.trim()
        });
        let place = if is_unknown_country(country) {
            None
        } else {
            let place = Place {
                country: optional(country, country_code, "the country is no two-letter code")?,
                region: text(region)?,
                city: text(city)?,
                latitude: optional(
                    latitude,
                    |text| degrees(text, 90.0),
                    "the latitude is not between -90 and 90",
                )?,
                longitude: optional(
                    longitude,
                    |text| degrees(text, 180.0),
                    "the longitude is not between -180 and 180",
                )?,
            };
            (place != Place::default()).then_some(place)
        };
        let tags = tags.split(TAG_SEPARATORS).filter(|tag| !tag.is_empty());
        Ok(Answer {
            place,
            asn: optional(asn, autonomous_system, "the ASN is no number")?.filter(|asn| *asn > 0),
            organization: text(organization)?,
            tags: tags.map(parse_tag).collect::<Result<_, _>>()?,
        })
    }
}

fn optional<T>(
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
    fault: &str,
) -> Result<Option<T>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match parse(text) {
        Some(value) => Ok(Some(value)),
        None => Err(format!("{fault}: `{}`", crate::enrich::shortened(text))),
    }
}

fn text(text: &str) -> Result<Option<String>, String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(format!(
            "a name is longer than {TEXT_BYTES_MAX} bytes: `{}`",
            crate::enrich::shortened(text)
        ));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// A table in memory: each network points to an answer, and equal answers are kept once.
#[derive(Debug, Default)]
pub(super) struct Rows {
    networks: NetworkMap<u32>,
    answers: Vec<Answer>,
}

impl Rows {
    /// Reads a table; also gives the names of the columns that were ignored.
    pub(super) fn parse(
        file: &str,
        bytes: &[u8],
        networks_max: usize,
    ) -> Result<(Self, Vec<String>), EnrichError> {
        let no_places = |reason: String| EnrichError::NoPlaces {
            file: file.into(),
            reason,
        };
        if let Some(form) = packed_form(bytes) {
            return Err(no_places(format!("it is packed ({form}): unpack it first")));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = ReaderBuilder::new()
            .comment(Some(b'#'))
            .flexible(true)
            .from_reader(bytes);
        let header = reader
            .headers()
            .map_err(|_| no_places("it is neither a MaxMind database nor CSV".into()))?;
        let (columns, ignored) = Columns::find(header).map_err(no_places)?;
        let mut rows = Self::default();
        let mut answers: HashMap<Box<str>, u32> = HashMap::new();
        let (mut row, mut key) = (StringRecord::new(), String::new());
        loop {
            let line = reader.position().line();
            let fault = |reason: String| EnrichError::Row {
                file: file.into(),
                line,
                reason,
            };
            match reader.read_record(&mut row) {
                Ok(false) => return Ok((rows, ignored)),
                Ok(true) => {}
                Err(error) => return Err(fault(csv_fault(&error))),
            }
            let line = row.position().map_or(line, csv::Position::line);
            let fault = |reason: String| EnrichError::Row {
                file: file.into(),
                line,
                reason,
            };
            columns.key(&row, &mut key);
            let answer = if let Some(answer) = answers.get(key.as_str()) {
                *answer
            } else {
                let answer = rows.add(columns.answer(&row).map_err(fault)?);
                answers.insert(key.as_str().into(), answer);
                answer
            };
            rows.insert(&columns.network, &row, answer).map_err(fault)?;
            if rows.networks.len() > networks_max {
                return Err(EnrichError::TooManyNetworks { file: file.into() });
            }
        }
    }

    fn add(&mut self, answer: Answer) -> u32 {
        self.answers.push(answer);
        // Never more than networks, of which there are at most `PLACES_NETWORKS_MAX`.
        u32::try_from(self.answers.len() - 1).unwrap_or(u32::MAX)
    }

    fn insert(
        &mut self,
        columns: &NetworkColumns,
        row: &StringRecord,
        answer: u32,
    ) -> Result<(), String> {
        let cell = |place: usize| row.get(place).unwrap_or_default().trim();
        let networks = match *columns {
            NetworkColumns::One(network) => parse_networks(cell(network)),
            NetworkColumns::StartAndEnd(start, end) => parse_address(cell(start))
                .zip(parse_address(cell(end)))
                .and_then(|(start, end)| networks_between(start, end)),
        };
        let Some(networks) = networks else {
            let text = match *columns {
                NetworkColumns::One(network) => cell(network).to_owned(),
                NetworkColumns::StartAndEnd(start, end) => {
                    format!("{} to {}", cell(start), cell(end))
                }
            };
            return Err(format!(
                "this is no network: `{}`",
                crate::enrich::shortened(&text)
            ));
        };
        for network in networks {
            let before = self.networks.insert(network, answer);
            if before.is_some_and(|before| before != answer) {
                return Err(format!(
                    "an earlier line says something else of the network {network}"
                ));
            }
        }
        Ok(())
    }

    pub(super) fn networks(&self) -> usize {
        self.networks.len()
    }

    pub(super) fn find(&self, address: IpAddr) -> Option<(IpNet, &Answer)> {
        let (network, answer) = self.networks.find(address)?;
        let answer = self.answers.get(usize::try_from(*answer).ok()?)?;
        Some((network, answer))
    }
}

fn csv_fault(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "it is no valid UTF-8".into(),
        _ => "it is no CSV".into(),
    }
}

/// Told by the first bytes.
fn packed_form(bytes: &[u8]) -> Option<&'static str> {
    let forms: [(&[u8], &str); 3] = [
        (b"\x1f\x8b", "gzip"),
        (b"PK\x03\x04", "zip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
    ];
    forms
        .into_iter()
        .find(|(start, _)| bytes.starts_with(start))
        .map(|(_, form)| form)
}
