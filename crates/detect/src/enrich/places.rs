mod database;
#[cfg(test)]
pub(super) mod fixture;
mod rows;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use self::database::Database;
use self::rows::Rows;
use super::EnrichError;

/// Largest file of places: twenty times `GeoLite2` City.
pub const PLACES_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// Most networks of a table of places; a `MaxMind` database is bounded by its bytes.
pub const PLACES_NETWORKS_MAX: usize = 10_000_000;
/// Most files of places that answer together.
pub const PLACES_FILES_MAX: usize = 16;
/// From this age on a file of places deserves a warning: `GeoLite2` is built twice a week, and a month later one address in a
/// hundred has moved.
pub const PLACES_AGE_WARNING: TimeDelta = TimeDelta::days(35);
/// Longest name of a country, region, city, organisation, tag, range or feed.
pub const TEXT_BYTES_MAX: usize = 256;

/// Where something is. What is not known is `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// ISO 3166-1 alpha-2 code, upper case.
    pub country: Option<String>,
    /// Name of the region or state.
    pub region: Option<String>,
    /// Name of the city.
    pub city: Option<String>,
    /// Degrees, north positive.
    pub latitude: Option<f64>,
    /// Degrees, east positive.
    pub longitude: Option<f64>,
}

impl Place {
    /// How many levels are known: country, region, city, coordinates.
    pub(super) fn exactness(&self) -> usize {
        usize::from(self.country.is_some())
            + usize::from(self.region.is_some())
            + usize::from(self.city.is_some())
            + usize::from(self.latitude.is_some() && self.longitude.is_some())
    }
}

/// What a file says about one network.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) place: Option<Place>,
    pub(super) asn: Option<u32>,
    pub(super) organization: Option<String>,
    pub(super) tags: Vec<String>,
}

/// One file that says where addresses are and who runs their networks: a `MaxMind` database or a table.
#[derive(Debug)]
pub struct PlacesFile {
    name: String,
    kind: String,
    built: Option<DateTime<Utc>>,
    ignored_columns: Vec<String>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Database(Database),
    Rows(Box<Rows>),
}

impl PlacesFile {
    /// Reads a file of any of these forms (`docs/ENRICHMENT.md`):
    ///
    /// * a `MaxMind` database: `GeoLite2` and `GeoIP2` (City, Country, ASN, ISP, Enterprise, Anonymous-IP), DB-IP, `IPinfo`;
    /// * CSV whose first line names its columns: `network` or `start_ip,end_ip`, and any of `country`, `region`, `city`,
    ///   `latitude`, `longitude`, `asn`, `organization`, `tags`.
    ///
    /// `name` stands in errors and answers. `as_of` is the age of a table; a database knows its own.
    pub fn parse(
        name: &str,
        bytes: Vec<u8>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Self, EnrichError> {
        if bytes.len() > PLACES_BYTES_MAX {
            return Err(EnrichError::PlacesTooLarge { file: name.into() });
        }
        if database::is_database(&bytes) {
            let database = Database::parse(name, bytes)?;
            return Ok(Self {
                name: name.into(),
                kind: database.kind().into(),
                built: database.built(),
                ignored_columns: Vec::new(),
                content: Content::Database(database),
            });
        }
        let (rows, ignored_columns) = Rows::parse(name, &bytes, PLACES_NETWORKS_MAX)?;
        Ok(Self {
            name: name.into(),
            kind: "CSV".into(),
            built: as_of,
            ignored_columns,
            content: Content::Rows(Box::new(rows)),
        })
    }

    /// As given to [`PlacesFile::parse`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the database calls itself, such as `GeoLite2-City`, or `CSV`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// When the database was built, or as of when the table is.
    pub fn built(&self) -> Option<DateTime<Utc>> {
        self.built
    }

    /// Columns of the table that mean nothing here: a misspelt one is among them.
    pub fn ignored_columns(&self) -> &[String] {
        &self.ignored_columns
    }

    /// How many networks a table names; a database does not tell.
    pub fn networks(&self) -> Option<usize> {
        match &self.content {
            Content::Database(_) => None,
            Content::Rows(rows) => Some(rows.networks()),
        }
    }

    /// Whether it is older at `now` than [`PLACES_AGE_WARNING`]; unknown where its age is.
    pub fn is_old(&self, now: DateTime<Utc>) -> Option<bool> {
        Some(now - self.built? > PLACES_AGE_WARNING)
    }

    pub(super) fn find(&self, address: IpAddr) -> Option<(IpNet, Cow<'_, Answer>)> {
        match &self.content {
            Content::Database(database) => {
                let (network, answer) = database.find(address)?;
                Some((network, Cow::Owned(answer)))
            }
            Content::Rows(rows) => {
                let (network, answer) = rows.find(address)?;
                Some((network, Cow::Borrowed(answer)))
            }
        }
    }
}

/// The files of places, asked together: the place is taken from the one that knows it most exactly, the network from the first
/// that knows its number, tags from all.
#[derive(Debug, Default)]
pub struct Places(Vec<PlacesFile>);

impl Places {
    /// Takes the files in the order in which they are to be preferred.
    pub fn new(files: Vec<PlacesFile>) -> Result<Self, EnrichError> {
        if files.len() > PLACES_FILES_MAX {
            return Err(EnrichError::TooManyPlaces { count: files.len() });
        }
        Ok(Self(files))
    }

    /// The files, in order.
    pub fn files(&self) -> &[PlacesFile] {
        &self.0
    }
}

/// What providers write where they don't know the country; `ZZ` and `XX` are set aside for that by ISO 3166-1.
pub(super) fn is_unknown_country(text: &str) -> bool {
    matches!(text, "-" | "ZZ" | "zz" | "XX" | "xx")
}

/// `text` as a country's code, upper case.
pub(super) fn country_code(text: &str) -> Option<String> {
    let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| text.to_ascii_uppercase())
}

/// `64500` and `AS64500`; 0 means that there is none.
pub(super) fn autonomous_system(text: &str) -> Option<u32> {
    let digits = text
        .strip_prefix("AS")
        .or_else(|| text.strip_prefix("as"))
        .unwrap_or(text);
    digits.parse().ok()
}

/// Degrees between `-limit` and `limit`.
pub(super) fn degrees(text: &str, limit: f64) -> Option<f64> {
    let degrees: f64 = text.parse().ok()?;
    (degrees.abs() <= limit).then_some(degrees)
}
