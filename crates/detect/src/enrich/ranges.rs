use std::net::IpAddr;

use drishti_model::AddressCategory;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};

use super::EnrichError;
use super::network::{NetworkMap, parse_network};
use super::places::{Place, TEXT_BYTES_MAX, country_code};
use super::tag::parse_tag;

/// Most ranges of an owner.
pub const RANGES_MAX: usize = 10_000;
/// Most networks of one range.
pub const RANGE_NETWORKS_MAX: usize = 1_000;
/// Most tags of one range.
pub const RANGE_TAGS_MAX: usize = 32;

/// Addresses that the owner has something to say about (`defender-behaviour.md`, section 1.5). Kept as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRange {
    /// What the owner calls it.
    pub name: String,
    /// Networks or single addresses, IPv4 and IPv6. They may lie in those of other ranges: the longest prefix wins.
    #[serde(deserialize_with = "networks")]
    pub networks: Vec<IpNet>,
    /// Beats what feeds and files of places say.
    pub category: AddressCategory,
    /// Added to those of feeds and files of places.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Instead of the organisation that the files of places name.
    #[serde(default)]
    pub organization: Option<String>,
    /// Instead of the place that the files of places name, as a whole.
    #[serde(default)]
    pub place: Option<Place>,
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts
        .iter()
        .map(|text| {
            parse_network(text).ok_or_else(|| {
                serde::de::Error::custom(format!("`{}` is no network", super::shortened(text)))
            })
        })
        .collect()
}

impl OwnRange {
    /// The range with tags and country in their one form, or what is wrong with it.
    fn checked(mut self) -> Result<Self, String> {
        if self.name.trim().is_empty() || self.name.len() > TEXT_BYTES_MAX {
            return Err(format!(
                "its name has none or more than {TEXT_BYTES_MAX} bytes"
            ));
        }
        if self.networks.is_empty() || self.networks.len() > RANGE_NETWORKS_MAX {
            return Err(format!(
                "it has {} networks, not 1 to {RANGE_NETWORKS_MAX}",
                self.networks.len()
            ));
        }
        if self.tags.len() > RANGE_TAGS_MAX {
            return Err(format!(
                "it has {} tags, more than {RANGE_TAGS_MAX}",
                self.tags.len()
            ));
        }
        for network in &mut self.networks {
            *network = network.trunc();
        }
        for tag in &mut self.tags {
            *tag = parse_tag(tag)?;
        }
        if let Some(place) = &mut self.place {
            check_place(place)?;
        }
        let place = self.place.as_ref();
        let texts = [
            self.organization.as_deref(),
            place.and_then(|place| place.region.as_deref()),
            place.and_then(|place| place.city.as_deref()),
        ];
        let is_text = |text: &str| !text.trim().is_empty() && text.len() <= TEXT_BYTES_MAX;
        if !texts.into_iter().flatten().all(is_text) {
            return Err(format!(
                "a text has none or more than {TEXT_BYTES_MAX} bytes"
            ));
        }
        Ok(self)
    }
}

fn check_place(place: &mut Place) -> Result<(), String> {
    if let Some(country) = &mut place.country {
        *country = country_code(country)
            .ok_or_else(|| format!("`{}` is no two-letter country", super::shortened(country)))?;
    }
    let within = |degrees: Option<f64>, limit: f64| degrees.is_none_or(|it| it.abs() <= limit);
    if !within(place.latitude, 90.0) || !within(place.longitude, 180.0) {
        return Err("its coordinates are beyond 90 or 180 degrees".into());
    }
    if place.latitude.is_some() != place.longitude.is_some() {
        return Err("of its coordinates one is missing".into());
    }
    Ok(())
}

/// The ranges of an owner, found by address.
#[derive(Clone, Debug, Default)]
pub struct OwnRanges {
    ranges: Vec<OwnRange>,
    networks: NetworkMap<usize>,
}

impl OwnRanges {
    /// Checks the ranges and puts them together. A network may stand in one range only, since nobody could tell which one wins.
    pub fn new(ranges: Vec<OwnRange>) -> Result<Self, EnrichError> {
        if ranges.len() > RANGES_MAX {
            return Err(EnrichError::TooManyRanges {
                count: ranges.len(),
            });
        }
        let mut taken = Self::default();
        for range in ranges {
            let name = super::shortened(&range.name);
            let fault = |reason| EnrichError::Range {
                range: name.clone(),
                reason,
            };
            let range = range.checked().map_err(fault)?;
            let place = taken.ranges.len();
            for network in &range.networks {
                let before = taken.networks.insert(*network, place);
                if let Some(other) = before.and_then(|before| taken.ranges.get(before)) {
                    return Err(fault(format!(
                        "the network {network} is in the range `{}` too",
                        other.name
                    )));
                }
            }
            taken.ranges.push(range);
        }
        Ok(taken)
    }

    /// The ranges, in the order given.
    pub fn ranges(&self) -> &[OwnRange] {
        &self.ranges
    }

    pub(super) fn find(&self, address: IpAddr) -> Option<(IpNet, &OwnRange)> {
        let (network, place) = self.networks.find(address)?;
        Some((network, self.ranges.get(*place)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(json: &str) -> Result<OwnRange, serde_json::Error> {
        serde_json::from_str(json)
    }

    fn taken(json: &str) -> Result<OwnRange, String> {
        let range = range(json).map_err(|error| error.to_string())?;
        let ranges = OwnRanges::new(vec![range]).map_err(|error| error.to_string())?;
        Ok(ranges.ranges()[0].clone())
    }

    #[test]
    fn ranges_are_kept_as_json() {
        let range = taken(
            r#"{"name": "HQ", "networks": ["203.0.113.9/24", "2001:db8::1"], "category": "corporate", "tags": ["Head Office"],
                "organization": "Acme", "place": {"country": "de", "city": "Berlin"}}"#,
        )
        .unwrap();
        assert_eq!(
            serde_json::to_string(&range).unwrap(),
            concat!(
                r#"{"name":"HQ","networks":["203.0.113.0/24","2001:db8::1/128"],"category":"corporate","tags":["head_office"],"#,
                r#""organization":"Acme","place":{"country":"DE","region":null,"city":"Berlin","latitude":null,"longitude":null}}"#
            )
        );
        let again: OwnRange =
            serde_json::from_str(&serde_json::to_string(&range).unwrap()).unwrap();
        assert_eq!(again, range);
    }

    #[test]
    fn what_is_no_range() {
        let with = |more: &str| {
            format!(
                r#"{{"name": "HQ", "networks": ["203.0.113.0/24"], "category": "other"{more}}}"#
            )
        };
        assert!(taken(&with("")).is_ok());
        let country = with(r#", "place": {"country": "Germany"}"#);
        let degrees = with(r#", "place": {"latitude": 91, "longitude": 0}"#);
        let half = with(r#", "place": {"latitude": 9}"#);
        let unknown = with(r#", "colour": "red""#);
        for (json, expected) in [
            (
                r#"{"name": " ", "networks": ["203.0.113.0/24"], "category": "other"}"#,
                "taking the range ` `: its name has none or more than 256 bytes",
            ),
            (
                r#"{"name": "HQ", "networks": [], "category": "other"}"#,
                "taking the range `HQ`: it has 0 networks, not 1 to 1000",
            ),
            (
                country.as_str(),
                "taking the range `HQ`: `Germany` is no two-letter country",
            ),
            (
                &degrees,
                "taking the range `HQ`: its coordinates are beyond 90 or 180 degrees",
            ),
            (
                &half,
                "taking the range `HQ`: of its coordinates one is missing",
            ),
        ] {
            assert_eq!(taken(json).unwrap_err(), expected, "{json}");
        }
        assert!(
            taken(&unknown)
                .unwrap_err()
                .contains("unknown field `colour`")
        );
        let bad = r#"{"name": "HQ", "networks": ["here"], "category": "other"}"#;
        assert!(taken(bad).unwrap_err().contains("`here` is no network"));
    }

    fn numbered(name: &str, networks: std::ops::Range<u32>) -> OwnRange {
        OwnRange {
            name: name.to_owned(),
            networks: networks
                .map(|number| IpAddr::from((number << 8).to_be_bytes()).into())
                .collect(),
            category: AddressCategory::Other,
            tags: Vec::new(),
            organization: None,
            place: None,
        }
    }

    #[test]
    fn a_network_is_in_one_range_only() {
        let error = OwnRanges::new(vec![numbered("A", 0..3), numbered("B", 2..5)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "taking the range `B`: the network 0.0.2.0/32 is in the range `A` too"
        );
    }

    #[test]
    fn ranges_are_bounded() {
        let most = u32::try_from(RANGE_NETWORKS_MAX).unwrap();
        assert!(OwnRanges::new(vec![numbered("A", 0..most)]).is_ok());
        assert!(OwnRanges::new(vec![numbered("A", 0..most + 1)]).is_err());

        let with_tags = |count: usize| OwnRange {
            tags: vec!["x".to_owned(); count],
            ..numbered("A", 0..1)
        };
        assert!(OwnRanges::new(vec![with_tags(RANGE_TAGS_MAX)]).is_ok());
        assert!(OwnRanges::new(vec![with_tags(RANGE_TAGS_MAX + 1)]).is_err());

        let with_text = |length: usize| OwnRange {
            organization: Some("x".repeat(length)),
            ..numbered("A", 0..1)
        };
        assert!(OwnRanges::new(vec![with_text(TEXT_BYTES_MAX)]).is_ok());
        assert!(OwnRanges::new(vec![with_text(TEXT_BYTES_MAX + 1)]).is_err());

        let most = u32::try_from(RANGES_MAX).unwrap();
        let ranges = |count: u32| (0..count).map(|it| numbered("A", it..it + 1)).collect();
        assert!(OwnRanges::new(ranges(most)).is_ok());
        assert!(matches!(
            OwnRanges::new(ranges(most + 1)),
            Err(EnrichError::TooManyRanges { count: 10_001 })
        ));
    }
}
