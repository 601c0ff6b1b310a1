use std::io;

use maxminddb::MaxMindDbError;

use super::feed::{FEED_BYTES_MAX, FEED_ENTRIES_MAX, FEEDS_MAX};
use super::places::{PLACES_BYTES_MAX, PLACES_FILES_MAX, PLACES_NETWORKS_MAX};
use super::ranges::RANGES_MAX;

/// Why a table, a feed or a range can't be used. Addresses and user agents never are an error: what can't be read is unknown.
#[derive(Debug, thiserror::Error)]
pub enum EnrichError {
    /// The file can't be read.
    #[error("reading `{file}`")]
    Read {
        /// Its path.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file of places is beyond its bound.
    #[error("reading the places `{file}`: it has more than {PLACES_BYTES_MAX} bytes")]
    PlacesTooLarge {
        /// Its name.
        file: String,
    },
    /// A file of places is beyond its bound.
    #[error("reading the places `{file}`: it names more than {PLACES_NETWORKS_MAX} networks")]
    TooManyNetworks {
        /// Its name.
        file: String,
    },
    /// More files of places than anybody needs.
    #[error("putting the places together: {count} files are more than {PLACES_FILES_MAX}")]
    TooManyPlaces {
        /// How many there are.
        count: usize,
    },
    /// It looks like a `MaxMind` database and is none.
    #[error("reading the database `{file}`")]
    Database {
        /// Its name.
        file: String,
        /// What is wrong with it.
        source: MaxMindDbError,
    },
    /// It is neither a `MaxMind` database nor a table.
    #[error("reading the places `{file}`: {reason}")]
    NoPlaces {
        /// Its name.
        file: String,
        /// What it is instead.
        reason: String,
    },
    /// A line of a table of places is wrong.
    #[error("reading the places `{file}`, line {line}: {reason}")]
    Row {
        /// Its name.
        file: String,
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A feed is beyond its bound.
    #[error("reading the feed `{feed}`: it has more than {FEED_BYTES_MAX} bytes")]
    FeedTooLarge {
        /// Its name.
        feed: String,
    },
    /// A feed is beyond its bound.
    #[error("reading the feed `{feed}`: it names more than {FEED_ENTRIES_MAX} networks")]
    TooManyEntries {
        /// Its name.
        feed: String,
    },
    /// A feed as a whole can't be used.
    #[error("reading the feed `{feed}`: {reason}")]
    NoFeed {
        /// Its name.
        feed: String,
        /// What it is instead.
        reason: String,
    },
    /// Two feeds of one name: nobody could tell which one an answer came from.
    #[error("putting the feeds together: two are called `{feed}`")]
    FeedTwice {
        /// Their name.
        feed: String,
    },
    /// More feeds than are searched for each new address.
    #[error("putting the feeds together: {count} are more than {FEEDS_MAX}")]
    TooManyFeeds {
        /// How many there are.
        count: usize,
    },
    /// One of the owner's ranges is wrong.
    #[error("taking the range `{range}`: {reason}")]
    Range {
        /// Its name.
        range: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More ranges than are kept.
    #[error("taking the ranges: {count} are more than {RANGES_MAX}")]
    TooManyRanges {
        /// How many there are.
        count: usize,
    },
}
