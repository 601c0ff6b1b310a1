//! What is known of an address, and who says so. Facts and their provenance come from the same statements, so they can't differ.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use drishti_model::{AddressCategory, AddressFacts};
use ipnet::IpNet;

use super::address::{Special, SpecialKind};
use super::feed::Feed;
use super::places::{Answer, Place, Places, PlacesFile};
use super::provenance::{Fact, Origin, Provenance};
use super::ranges::{OwnRange, OwnRanges};
use super::tag::{ANONYMOUS_PROXY, HOSTING, MALICIOUS, TOR_EXIT, VPN};

pub(super) struct Statement<'a> {
    claim: Claim,
    witness: Witness<'a>,
    overruled: Option<Overruled<'a>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Claim {
    Country(String),
    Region(String),
    City(String),
    Coordinates(f64, f64),
    Asn(u32),
    Organization(String),
    Category(AddressCategory),
    Tag(String),
}

#[derive(Clone, Copy)]
enum Witness<'a> {
    Range(&'a OwnRange, IpNet),
    Feed(&'a Feed, IpNet),
    Places(&'a PlacesFile, IpNet),
}

#[derive(Clone, Copy)]
enum Overruled<'a> {
    /// The owner says something else.
    ByRange(&'a OwnRange),
    /// Another file is asked first, or knows it more exactly.
    ByFile(&'a PlacesFile),
    /// Another category weighs more.
    ByCategory(AddressCategory),
    /// It is about the whole internet, not about this address.
    Special(SpecialKind),
}

impl fmt::Display for Overruled<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByRange(range) => write!(
                formatter,
                "the own range `{}` ({}) says otherwise",
                range.name,
                range.category.as_str()
            ),
            Self::ByFile(file) => write!(formatter, "taken from `{}`", file.name()),
            Self::ByCategory(category) => {
                write!(formatter, "`{}` weighs more", category.as_str())
            }
            Self::Special(kind) => write!(
                formatter,
                "of {kind} addresses only entries about this very network count"
            ),
        }
    }
}

/// What the ranges, files and feeds say of `address`.
pub(super) fn statements<'a>(
    address: IpAddr,
    places: &'a Places,
    ranges: &'a OwnRanges,
    feeds: &'a [Feed],
) -> Vec<Statement<'a>> {
    let special = Special::of(address);
    let mut statements = Statements {
        range: ranges.find(address),
        statements: Vec::new(),
    };
    statements.of_range();
    statements.of_files(address, special, places);
    for feed in feeds {
        if let Some(network) = feed.find(address) {
            let unnamed = special.filter(|special| {
                !feed.source().kind.is_own() && !special.is_named_by_feed(network)
            });
            let overruled = unnamed.map(|special| Overruled::Special(special.kind));
            statements.tag(
                feed.source().kind.tag(),
                Witness::Feed(feed, network),
                overruled,
            );
        }
    }
    statements.weigh_categories();
    statements.statements
}

struct Statements<'a> {
    range: Option<(IpNet, &'a OwnRange)>,
    statements: Vec<Statement<'a>>,
}

impl<'a> Statements<'a> {
    fn add(&mut self, claim: Claim, witness: Witness<'a>, overruled: Option<Overruled<'a>>) {
        self.statements.push(Statement {
            claim,
            witness,
            overruled,
        });
    }

    fn of_range(&mut self) {
        let Some((network, range)) = self.range else {
            return;
        };
        let witness = Witness::Range(range, network);
        self.add(Claim::Category(range.category), witness, None);
        for tag in &range.tags {
            self.add(Claim::Tag(tag.clone()), witness, None);
        }
        if let Some(place) = &range.place {
            self.place(place, witness, None);
        }
        if let Some(organization) = &range.organization {
            self.add(Claim::Organization(organization.clone()), witness, None);
        }
    }

    fn of_files(&mut self, address: IpAddr, special: Option<Special>, places: &'a Places) {
        let found: Vec<Found<'a>> = places
            .files()
            .iter()
            .filter_map(|file| Found::of(file, address, special))
            .collect();
        let place_file = most_exact(&found);
        let network_file = found
            .iter()
            .find(|found| found.unnamed.is_none() && found.answer.asn.is_some())
            .or_else(|| {
                found
                    .iter()
                    .find(|found| found.unnamed.is_none() && found.answer.organization.is_some())
            })
            .map(|found| found.file);
        let range = self.range.map(|(_, range)| range);
        let own_place = range.filter(|range| range.place.is_some());
        let own_organization = range.filter(|range| range.organization.is_some());
        for Found {
            file,
            network,
            answer,
            unnamed,
        } in &found
        {
            let witness = Witness::Places(file, *network);
            let beaten = |by: Option<&'a PlacesFile>| {
                by.filter(|by| !std::ptr::eq(*by, *file))
                    .map(Overruled::ByFile)
            };
            if let Some(place) = &answer.place {
                let overruled = unnamed
                    .or(own_place.map(Overruled::ByRange))
                    .or(beaten(place_file));
                self.place(place, witness, overruled);
            }
            let overruled = unnamed.or(beaten(network_file));
            if let Some(asn) = answer.asn {
                self.add(Claim::Asn(asn), witness, overruled);
            }
            if let Some(organization) = &answer.organization {
                let overruled = overruled.or(own_organization.map(Overruled::ByRange));
                let claim = Claim::Organization(organization.clone());
                self.add(claim, witness, overruled);
            }
            for tag in &answer.tags {
                self.tag(tag, witness, *unnamed);
            }
        }
    }

    fn place(&mut self, place: &Place, witness: Witness<'a>, overruled: Option<Overruled<'a>>) {
        let texts = [
            (&place.country, Claim::Country as fn(String) -> Claim),
            (&place.region, Claim::Region),
            (&place.city, Claim::City),
        ];
        for (text, claim) in texts {
            if let Some(text) = text {
                self.add(claim(text.clone()), witness, overruled);
            }
        }
        if let Some((latitude, longitude)) = place.latitude.zip(place.longitude) {
            let claim = Claim::Coordinates(latitude, longitude);
            self.add(claim, witness, overruled);
        }
    }

    /// A tag that somebody else than the owner gives. In the owner's own networks, and in a VPN that the owner names, none of them makes an
    /// address risky: a company that shares an address with an attacker is still the company.
    fn tag(&mut self, tag: &str, witness: Witness<'a>, overruled: Option<Overruled<'a>>) {
        let trusted = self.range.map(|(_, range)| range).filter(|range| {
            matches!(
                range.category,
                AddressCategory::Corporate | AddressCategory::Administrative | AddressCategory::Vpn
            )
        });
        let beaten = trusted
            .filter(|_| category_of(tag) == Some(AddressCategory::Risky))
            .map(Overruled::ByRange);
        self.add(Claim::Tag(tag.to_owned()), witness, overruled.or(beaten));
    }

    /// Adds the categories that tags of feeds and files stand for. The owner's counts, else the first of risky, VPN, cloud.
    fn weigh_categories(&mut self) {
        let mut categories = Vec::new();
        for statement in &self.statements {
            if let (Claim::Tag(tag), Witness::Feed(..) | Witness::Places(..)) =
                (&statement.claim, statement.witness)
                && let Some(category) = category_of(tag)
            {
                categories.push((category, statement.witness, statement.overruled));
            }
        }
        let range = self.range.map(|(_, range)| range);
        let weightiest = categories
            .iter()
            .filter(|(_, _, overruled)| overruled.is_none())
            .map(|(category, ..)| *category)
            .min_by_key(|category| weight_rank(*category));
        for (category, witness, overruled) in categories {
            let beaten = weightiest
                .filter(|weightiest| *weightiest != category)
                .map(Overruled::ByCategory);
            let overruled = overruled.or(range.map(Overruled::ByRange)).or(beaten);
            self.add(Claim::Category(category), witness, overruled);
        }
    }
}

/// What one file says.
struct Found<'a> {
    file: &'a PlacesFile,
    network: IpNet,
    answer: Cow<'a, Answer>,
    unnamed: Option<Overruled<'a>>,
}

impl<'a> Found<'a> {
    fn of(file: &'a PlacesFile, address: IpAddr, special: Option<Special>) -> Option<Self> {
        let (network, answer) = file.find(address)?;
        let unnamed = special.filter(|special| !special.is_named_by_table(network));
        Some(Self {
            file,
            network,
            answer,
            unnamed: unnamed.map(|special| Overruled::Special(special.kind)),
        })
    }
}

/// The file that knows the place most exactly; of equals the first.
fn most_exact<'a>(found: &[Found<'a>]) -> Option<&'a PlacesFile> {
    let places = found.iter().filter(|found| found.unnamed.is_none());
    let places = places.filter_map(|found| Some((found.answer.place.as_ref()?, found.file)));
    // `max_by_key` prefers the last of equals.
    let reversed: Vec<_> = places.collect();
    let best = reversed
        .into_iter()
        .rev()
        .max_by_key(|(place, _)| place.exactness());
    best.map(|(_, file)| file)
}

/// The category that a tag stands for (`defender-behaviour.md`, section 1.5).
fn category_of(tag: &str) -> Option<AddressCategory> {
    match tag {
        TOR_EXIT | ANONYMOUS_PROXY | MALICIOUS => Some(AddressCategory::Risky),
        VPN => Some(AddressCategory::Vpn),
        HOSTING => Some(AddressCategory::CloudProvider),
        _ => None,
    }
}

fn weight_rank(category: AddressCategory) -> usize {
    match category {
        AddressCategory::Risky => 0,
        AddressCategory::Vpn => 1,
        _ => 2,
    }
}

/// What counts of the statements; `None` where nothing does.
pub(super) fn facts(statements: Vec<Statement<'_>>) -> Option<AddressFacts> {
    let mut facts = AddressFacts::default();
    for statement in statements {
        if statement.overruled.is_some() {
            continue;
        }
        match statement.claim {
            Claim::Country(country) => facts.country = Some(country),
            Claim::Region(region) => facts.region = Some(region),
            Claim::City(city) => facts.city = Some(city),
            Claim::Coordinates(latitude, longitude) => {
                facts.latitude = Some(latitude);
                facts.longitude = Some(longitude);
            }
            Claim::Asn(asn) => facts.asn = Some(asn),
            Claim::Organization(organization) => facts.organization = Some(organization),
            Claim::Category(category) => facts.category = Some(category),
            Claim::Tag(tag) => facts.tags.push(tag),
        }
    }
    facts.tags.sort_unstable();
    facts.tags.dedup();
    (facts != AddressFacts::default()).then_some(facts)
}

impl From<Statement<'_>> for Provenance {
    fn from(statement: Statement<'_>) -> Self {
        let (fact, value) = match statement.claim {
            Claim::Country(country) => (Fact::Country, country),
            Claim::Region(region) => (Fact::Region, region),
            Claim::City(city) => (Fact::City, city),
            Claim::Coordinates(latitude, longitude) => {
                (Fact::Coordinates, format!("{latitude}, {longitude}"))
            }
            Claim::Asn(asn) => (Fact::Asn, asn.to_string()),
            Claim::Organization(organization) => (Fact::Organization, organization),
            Claim::Category(category) => (Fact::Category, category.as_str().to_owned()),
            Claim::Tag(tag) => (Fact::Tag, tag),
        };
        Self {
            fact,
            value,
            origin: statement.witness.into(),
            overruled: statement.overruled.map(|reason| reason.to_string()),
        }
    }
}

impl From<Witness<'_>> for Origin {
    fn from(witness: Witness<'_>) -> Self {
        match witness {
            Witness::Range(range, network) => Self::Range {
                name: range.name.clone(),
                network,
            },
            Witness::Feed(feed, network) => Self::Feed {
                name: feed.source().name.clone(),
                network,
                as_of: feed.source().as_of,
                licence: feed.source().licence.clone(),
            },
            Witness::Places(file, network) => Self::Places {
                name: file.name().to_owned(),
                kind: file.kind().to_owned(),
                network,
                built: file.built(),
            },
        }
    }
}
