//! What is said of the address and the device of each row. Rows with the same facts share them.

use std::sync::Arc;

use deltalake::arrow::array::RecordBatch;
use deltalake::arrow::datatypes::{Float64Type, Int64Type};
use deltalake::arrow::error::ArrowError;
use drishti_model::{AddressFacts, Device};
use foldhash::HashMap;

use super::super::TAG_SEPARATOR;
use super::columns::{Numbers, TextColumn};

/// Facts by the text that they are about, from batch to batch.
type Known<T> = HashMap<String, Arc<T>>;

/// The facts of the rows with one text, by its place in a dictionary, and the row from which they are.
struct Answers<T>(Vec<Option<(usize, Option<Arc<T>>)>>);

impl<T> Answers<T> {
    fn of(texts: &TextColumn) -> Self {
        let mut answers = Vec::new();
        answers.resize_with(texts.keys(), || None);
        Self(answers)
    }

    /// The facts of `row` about its text, which are made unless another row with that text says the same.
    fn of_row(
        &mut self,
        row: usize,
        texts: &TextColumn,
        is_same: impl Fn(usize) -> bool,
        make: impl FnOnce(&str) -> Option<Arc<T>>,
    ) -> Option<Arc<T>> {
        let place = texts.key(row).and_then(|key| self.0.get_mut(key));
        if let Some(Some((other, facts))) = &place
            && is_same(*other)
        {
            return facts.clone();
        }
        let facts = make(texts.get(row)?);
        if let Some(place) = place {
            *place = Some((row, facts.clone()));
        }
        facts
    }
}

/// The facts about a text that are known and still the same, else those that are made; `None` where there is nothing in them.
fn shared<T: Default + PartialEq>(
    known: &mut Known<T>,
    text: &str,
    is_same: impl Fn(&T) -> bool,
    make: impl FnOnce() -> T,
) -> Option<Arc<T>> {
    if let Some(known) = known.get(text)
        && is_same(known)
    {
        return Some(Arc::clone(known));
    }
    let facts = make();
    if facts == T::default() {
        return None;
    }
    let facts = Arc::new(facts);
    known.insert(text.to_owned(), Arc::clone(&facts));
    Some(facts)
}

/// What is said of addresses.
pub(super) struct Addresses {
    columns: AddressColumns,
    answers: Answers<AddressFacts>,
}

struct AddressColumns {
    /// Country, region, city, organization, category, tags.
    texts: [TextColumn; 6],
    latitude: Numbers<Float64Type>,
    longitude: Numbers<Float64Type>,
    asn: Numbers<Int64Type>,
}

impl Addresses {
    /// `addresses` is the column with the addresses themselves.
    pub(super) fn new(batch: &RecordBatch, addresses: &TextColumn) -> Result<Self, ArrowError> {
        let text = |name| TextColumn::new(batch, name);
        let columns = AddressColumns {
            texts: [
                text("ip_country")?,
                text("ip_region")?,
                text("ip_city")?,
                text("ip_organization")?,
                text("ip_category")?,
                text("ip_tags")?,
            ],
            latitude: Numbers::new(batch, "ip_latitude")?,
            longitude: Numbers::new(batch, "ip_longitude")?,
            asn: Numbers::new(batch, "ip_asn")?,
        };
        Ok(Self {
            columns,
            answers: Answers::of(addresses),
        })
    }

    pub(super) fn facts(
        &mut self,
        row: usize,
        addresses: &TextColumn,
        known: &mut Known<AddressFacts>,
    ) -> Option<Arc<AddressFacts>> {
        let columns = &self.columns;
        let is_same = |other| columns.is_same(row, other);
        let make = |address: &str| columns.facts(row, address, known);
        self.answers.of_row(row, addresses, is_same, make)
    }
}

impl AddressColumns {
    fn is_same(&self, row: usize, other: usize) -> bool {
        self.texts.iter().all(|texts| texts.is_same(row, other))
            && self.asn.get(row) == self.asn.get(other)
            && self.latitude.get(row) == self.latitude.get(other)
            && self.longitude.get(row) == self.longitude.get(other)
    }

    fn facts(
        &self,
        row: usize,
        address: &str,
        known: &mut Known<AddressFacts>,
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
                && (known.latitude, known.longitude) == (latitude, longitude)
                && is_list(&known.tags, tags)
        };
        shared(known, address, is_same, || AddressFacts {
            country: country.map(str::to_owned),
            region: region.map(str::to_owned),
            city: city.map(str::to_owned),
            latitude,
            longitude,
            asn,
            organization: organization.map(str::to_owned),
            category,
            tags: list(tags),
        })
    }
}

/// What is said of devices.
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
        known: &mut Known<Device>,
    ) -> Option<Arc<Device>> {
        let texts = &self.texts;
        let is_same = |other| texts.iter().all(|texts| texts.is_same(row, other));
        let make = |agent: &str| device(texts, row, agent, known);
        self.answers.of_row(row, agents, is_same, make)
    }
}

fn device(
    texts: &[TextColumn; 4],
    row: usize,
    agent: &str,
    known: &mut Known<Device>,
) -> Option<Arc<Device>> {
    let [browser, os, kind, tags] = texts.each_ref().map(|column| column.get(row));
    let kind = kind.and_then(|kind| kind.parse().ok());
    let is_same = |known: &Device| {
        known.browser.as_deref() == browser
            && known.os.as_deref() == os
            && known.kind == kind
            && is_list(&known.tags, tags)
    };
    shared(known, agent, is_same, || Device {
        browser: browser.map(str::to_owned),
        os: os.map(str::to_owned),
        kind,
        tags: list(tags),
    })
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
