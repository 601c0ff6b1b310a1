//! What is said of the address and the device of each row. Rows with the same facts share them.

use std::sync::Arc;

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::error::ArrowError;
use drishti_model::{AddressFacts, Device};
use foldhash::HashMap;

use super::super::TAG_SEPARATOR;
use super::columns::{Degrees, Numbers, TextColumn};

/// The facts of the rows with one text, by its place in a dictionary, and the row from which they are.
struct Answers<T>(Vec<Option<(usize, Option<Arc<T>>)>>);

impl<T> Answers<T> {
    fn of(texts: &TextColumn) -> Self {
        let mut answers = Vec::new();
        answers.resize_with(texts.keys(), || None);
        Self(answers)
    }

    fn get(&self, key: usize) -> Option<&(usize, Option<Arc<T>>)> {
        self.0.get(key)?.as_ref()
    }

    fn put(&mut self, key: usize, row: usize, facts: Option<Arc<T>>) {
        if let Some(place) = self.0.get_mut(key) {
            *place = Some((row, facts));
        }
    }
}

/// The columns about addresses.
pub(super) struct Addresses {
    /// Country, region, city, organization, category, tags.
    texts: [TextColumn; 6],
    latitude: Degrees,
    longitude: Degrees,
    asn: Numbers,
    answers: Answers<AddressFacts>,
}

impl Addresses {
    /// `addresses` is the column with the addresses themselves.
    pub(super) fn new(batch: &RecordBatch, addresses: &TextColumn) -> Result<Self, ArrowError> {
        let text = |name| TextColumn::new(batch, name);
        Ok(Self {
            texts: [
                text("ip_country")?,
                text("ip_region")?,
                text("ip_city")?,
                text("ip_organization")?,
                text("ip_category")?,
                text("ip_tags")?,
            ],
            latitude: Degrees::new(batch, "ip_latitude")?,
            longitude: Degrees::new(batch, "ip_longitude")?,
            asn: Numbers::new(batch, "ip_asn")?,
            answers: Answers::of(addresses),
        })
    }

    pub(super) fn facts(
        &mut self,
        row: usize,
        addresses: &TextColumn,
        known: &mut HashMap<String, Arc<AddressFacts>>,
    ) -> Option<Arc<AddressFacts>> {
        let Some(key) = addresses.key(row) else {
            return self.made(row, addresses.get(row)?, known);
        };
        if let Some((other, facts)) = self.answers.get(key)
            && self.is_same(row, *other)
        {
            return facts.clone();
        }
        let facts = self.made(row, addresses.get(row)?, known);
        self.answers.put(key, row, facts.clone());
        facts
    }

    fn is_same(&self, row: usize, other: usize) -> bool {
        self.texts.iter().all(|texts| texts.is_same(row, other))
            && self.asn.get(row) == self.asn.get(other)
            && self.latitude.get(row) == self.latitude.get(other)
            && self.longitude.get(row) == self.longitude.get(other)
    }

    fn made(
        &self,
        row: usize,
        address: &str,
        known: &mut HashMap<String, Arc<AddressFacts>>,
    ) -> Option<Arc<AddressFacts>> {
        let [country, region, city, organization, category, tags] =
            self.texts.each_ref().map(|column| column.get(row));
        let (latitude, longitude) = (self.latitude.get(row), self.longitude.get(row));
        let asn = self.asn.get(row).and_then(|asn| u32::try_from(asn).ok());
        let category = category.and_then(|category| category.parse().ok());
        let is_same = |known: &AddressFacts| {
            known.country.as_deref() == country
                && known.region.as_deref() == region
                && known.city.as_deref() == city
                && known.organization.as_deref() == organization
                && known.category == category
                && known.asn == asn
                && known.coordinates() == latitude.zip(longitude)
                && is_list(&known.tags, tags)
        };
        if let Some(known) = known.get(address)
            && is_same(known)
        {
            return Some(Arc::clone(known));
        }
        let facts = AddressFacts {
            country: country.map(str::to_owned),
            region: region.map(str::to_owned),
            city: city.map(str::to_owned),
            latitude,
            longitude,
            asn,
            organization: organization.map(str::to_owned),
            category,
            tags: list(tags),
        };
        if facts == AddressFacts::default() {
            return None;
        }
        let facts = Arc::new(facts);
        known.insert(address.to_owned(), Arc::clone(&facts));
        Some(facts)
    }
}

/// The columns about devices.
pub(super) struct Devices {
    /// Browser, system, kind, tags.
    texts: [TextColumn; 4],
    answers: Answers<Device>,
}

impl Devices {
    /// `agents` is the column with the user agents.
    pub(super) fn new(batch: &RecordBatch, agents: &TextColumn) -> Result<Self, ArrowError> {
        let text = |name| TextColumn::new(batch, name);
        Ok(Self {
            texts: [
                text("device_browser")?,
                text("device_os")?,
                text("device_kind")?,
                text("device_tags")?,
            ],
            answers: Answers::of(agents),
        })
    }

    pub(super) fn device(
        &mut self,
        row: usize,
        agents: &TextColumn,
        known: &mut HashMap<String, Arc<Device>>,
    ) -> Option<Arc<Device>> {
        let Some(key) = agents.key(row) else {
            return self.made(row, agents.get(row)?, known);
        };
        if let Some((other, device)) = self.answers.get(key)
            && self.texts.iter().all(|texts| texts.is_same(row, *other))
        {
            return device.clone();
        }
        let device = self.made(row, agents.get(row)?, known);
        self.answers.put(key, row, device.clone());
        device
    }

    fn made(
        &self,
        row: usize,
        user_agent: &str,
        known: &mut HashMap<String, Arc<Device>>,
    ) -> Option<Arc<Device>> {
        let [browser, os, kind, tags] = self.texts.each_ref().map(|column| column.get(row));
        let kind = kind.and_then(|kind| kind.parse().ok());
        let is_same = |known: &Device| {
            known.browser.as_deref() == browser
                && known.os.as_deref() == os
                && known.kind == kind
                && is_list(&known.tags, tags)
        };
        if let Some(known) = known.get(user_agent)
            && is_same(known)
        {
            return Some(Arc::clone(known));
        }
        let device = Device {
            browser: browser.map(str::to_owned),
            os: os.map(str::to_owned),
            kind,
            tags: list(tags),
        };
        if device == Device::default() {
            return None;
        }
        let device = Arc::new(device);
        known.insert(user_agent.to_owned(), Arc::clone(&device));
        Some(device)
    }
}

fn list(tags: Option<&str>) -> Vec<String> {
    tags.map(|tags| tags.split(TAG_SEPARATOR).map(str::to_owned).collect())
        .unwrap_or_default()
}

fn is_list(known: &[String], tags: Option<&str>) -> bool {
    match tags {
        None => known.is_empty(),
        Some(tags) => known.iter().eq(tags.split(TAG_SEPARATOR)),
    }
}
