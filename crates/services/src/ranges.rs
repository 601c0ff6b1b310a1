//! The owner's own address ranges.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use drishti_detect::enrich::{IpNet, OwnRange, OwnRanges, Place};
use drishti_ledger::{IpRange, LedgerError};
use drishti_model::AddressCategory;
use serde::Serialize;

use crate::{ServiceError, Services};

/// A range, and who last changed it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RangeView {
    /// The range.
    #[serde(flatten)]
    pub range: OwnRange,
    /// 1 at first, and one more with each change.
    pub revision: i64,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who did.
    pub updated_by: String,
}

/// What a range may do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangePart {
    /// Its tags.
    Tags,
    /// Its organisation.
    Organization,
    /// Its place.
    Place,
}

/// How a range is to be; what is empty or `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RangeChange {
    /// What is taken away before the rest is put in.
    pub without: Vec<RangePart>,
    /// All its networks.
    pub networks: Vec<IpNet>,
    /// Its category.
    pub category: Option<AddressCategory>,
    /// All its tags.
    pub tags: Vec<String>,
    /// Its organisation.
    pub organization: Option<String>,
    /// Those parts of its place that are known here.
    pub place: Place,
}

impl RangeChange {
    /// `range` with this change.
    #[must_use]
    pub fn onto(self, mut range: OwnRange) -> OwnRange {
        for part in &self.without {
            match part {
                RangePart::Tags => range.tags.clear(),
                RangePart::Organization => range.organization = None,
                RangePart::Place => range.place = None,
            }
        }
        if !self.networks.is_empty() {
            range.networks = self.networks;
        }
        if !self.tags.is_empty() {
            range.tags = self.tags;
        }
        range.category = self.category.unwrap_or(range.category);
        range.organization = self.organization.or(range.organization);
        if self.place != Place::default() {
            let before = range.place.unwrap_or_default();
            range.place = Some(Place {
                country: self.place.country.or(before.country),
                region: self.place.region.or(before.region),
                city: self.place.city.or(before.city),
                latitude: self.place.latitude.or(before.latitude),
                longitude: self.place.longitude.or(before.longitude),
            });
        }
        range
    }
}

impl Services {
    /// The owner's ranges, by name.
    pub async fn ranges(&self) -> Result<Vec<RangeView>, ServiceError> {
        let ranges = self.ledger.ranges().await?;
        ranges.into_iter().map(view).collect()
    }

    /// Adds a range, if it goes together with the others.
    pub async fn add_range(
        &self,
        range: OwnRange,
        author: &str,
    ) -> Result<RangeView, ServiceError> {
        let (name, json) = self.fitting(range).await?;
        let now = self.clock.now();
        let added = self.ledger.add_range(&name, &json, author, now).await?;
        self.forget_knowledge().await;
        view(added)
    }

    /// Changes a range, if it still goes together with the others; with `expected_revision`, only where it still has it.
    pub async fn change_range(
        &self,
        name: &str,
        change: RangeChange,
        expected_revision: Option<i64>,
        author: &str,
    ) -> Result<RangeView, ServiceError> {
        let known = self.ranges().await?;
        let known = known.into_iter().find(|known| known.range.name == name);
        let known = known.ok_or_else(|| LedgerError::NoSuchRange(name.to_owned()))?;
        // Parts that are not given are those of what was just read.
        let expected = expected_revision.or(Some(known.revision));
        let (name, json) = self.fitting(change.onto(known.range)).await?;
        let now = self.clock.now();
        let ledger = &self.ledger;
        let changed = ledger.change_range(&name, &json, expected, author, now);
        let changed = changed.await?;
        self.forget_knowledge().await;
        view(changed)
    }

    /// Lets a range be another of the same name, if it goes together with the others; with `expected_revision`, only where it still has it.
    pub async fn replace_range(
        &self,
        range: OwnRange,
        expected_revision: Option<i64>,
        author: &str,
    ) -> Result<RangeView, ServiceError> {
        let (name, json) = self.fitting(range).await?;
        let now = self.clock.now();
        let ledger = &self.ledger;
        let changed = ledger.change_range(&name, &json, expected_revision, author, now);
        let changed = changed.await?;
        self.forget_knowledge().await;
        view(changed)
    }

    /// Removes a range; with `expected_revision`, only where it still has it.
    pub async fn remove_range(
        &self,
        name: &str,
        expected_revision: Option<i64>,
        author: &str,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let removed = self
            .ledger
            .remove_range(name, expected_revision, author, now);
        removed.await?;
        self.forget_knowledge().await;
        Ok(())
    }

    /// Adds ranges, and changes those whose names are there already: all of them, or none where one can't be.
    pub async fn import_ranges(
        &self,
        ranges: Vec<OwnRange>,
        author: &str,
    ) -> Result<Vec<RangeView>, ServiceError> {
        let fitting = self.all_fitting(ranges).await?;
        let now = self.clock.now();
        let saved = self.ledger.save_ranges(&fitting, author, now).await?;
        self.forget_knowledge().await;
        saved.into_iter().map(view).collect()
    }

    async fn fitting(&self, range: OwnRange) -> Result<(String, String), ServiceError> {
        let name = range.name.clone();
        let fitting = self.all_fitting(vec![range]).await?;
        let json = fitting.into_values().next().unwrap_or_default();
        Ok((name, json))
    }

    /// Names and JSON of ranges that go together with those that are there and have other names.
    async fn all_fitting(
        &self,
        given: Vec<OwnRange>,
    ) -> Result<BTreeMap<String, String>, ServiceError> {
        let mut names = BTreeSet::new();
        for range in &given {
            if !names.insert(range.name.clone()) {
                return Err(ServiceError::Refused {
                    doing: format!("taking the range `{}`", range.name),
                    problem: "it is there more than once".to_owned(),
                    advice: "Give each name to one range only.".to_owned(),
                });
            }
        }
        let known = self.ranges().await?.into_iter().map(|known| known.range);
        let mut all: Vec<OwnRange> = known.filter(|known| !names.contains(&known.name)).collect();
        // The given ones come last, so that they are the ones that are found wrong.
        all.extend(given);
        let all = OwnRanges::new(all)?;
        let given = all.ranges().iter();
        let given = given.filter(|range| names.contains(&range.name));
        Ok(given
            // What has just been read or parsed always has a JSON form.
            .map(|range| {
                (
                    range.name.clone(),
                    serde_json::to_string(range).unwrap_or_default(),
                )
            })
            .collect())
    }
}

fn view(stored: IpRange) -> Result<RangeView, ServiceError> {
    let range = serde_json::from_str(&stored.range).map_err(|problem| LedgerError::Unreadable {
        doing: format!("reading range `{}`", stored.name),
        finding: problem.to_string(),
    })?;
    Ok(RangeView {
        range,
        revision: stored.revision,
        updated_at: stored.updated_at,
        updated_by: stored.updated_by,
    })
}
