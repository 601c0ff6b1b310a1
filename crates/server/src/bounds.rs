//! What one caller can take of the server. Each bound has a test that hits it.

use std::time::Duration;

/// Most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Most bytes of the query part of an address.
pub const QUERY_BYTES_MAX: usize = 8 << 10;

/// Most bytes of a request's headers, the address included.
pub const HEADER_BYTES_MAX: usize = 64 << 10;

/// Longest time in which the headers of a request must be there; also how long a connection may wait for its next request.
pub const HEADER_TIME_MAX: Duration = Duration::from_secs(30);

/// Longest time from a request's headers to the end of its body.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(15);

/// Longest time in which a file that is made while it is sent must be taken.
pub const EXPORT_TIME_MAX: Duration = Duration::from_mins(15);

/// Longest time from a request's headers to its answer. Above the lake's own limit for a query, which says more.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(90);

/// Longest time in which a connection must be an encrypted one.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// How often the files with certificate and key are looked at.
pub(crate) const CERTIFICATE_LOOK_EVERY: Duration = Duration::from_secs(30);

/// Most callers whose requests are counted one by one.
pub(crate) const CALLERS_MAX: usize = 10_000;

/// Most characters of the key of a request that may be repeated.
pub const IDEMPOTENCY_KEY_CHARACTERS_MAX: usize = 255;

/// Most connections at once; further ones wait to be accepted.
pub const CONNECTIONS_MAX: usize = 512;

/// Most requests worked on at once: of those that need the token, and as many of those that don't.
pub const CONCURRENT_REQUESTS_MAX: usize = 128;

/// Most of them of one operator, token or, for strangers, address.
pub const CONCURRENT_REQUESTS_OF_ONE_MAX: usize = 64;

/// How long requests under way may take to end when the server is told to stop.
pub const SHUTDOWN_TIME_MAX: Duration = Duration::from_secs(10);

/// Most streams of changes that are open at once. They are no requests that are worked on, but each has a connection.
pub const STREAMS_MAX: usize = 128;

/// Most streams of one operator or token.
pub const STREAMS_OF_ONE_MAX: usize = 16;

/// Longest time in which a stream says nothing.
pub(crate) const STREAM_QUIET_MAX: Duration = Duration::from_secs(15);

/// Longest time in which the ledger and the lake must answer to be called ready.
pub const READY_TIME_MAX: Duration = Duration::from_secs(5);

/// Most entries of one page of any list.
pub const PAGE_MAX: usize = 500;

/// Entries of a page where the caller does not say.
pub(crate) const PAGE_DEFAULT: usize = 100;

/// Bytes of events after which a page ends, even if it has fewer entries than asked for: one event can have a megabyte.
pub const EVENTS_PAGE_BYTES_MAX: usize = 8 << 20;

/// Most rows of the answer to a query in SQL.
pub(crate) const QUERY_ROWS_MAX: usize = 10_000;

/// Most bytes of a query in SQL.
pub const SQL_BYTES_MAX: usize = 64 << 10;

/// Most rows of the answer to a query that is taken as a file.
pub(crate) const QUERY_EXPORT_ROWS_MAX: usize = 100_000;

/// Most events of one file.
pub(crate) const EXPORT_EVENTS_MAX: u64 = 1_000_000;

/// Most values that the filters of one request name by `is` and `not`.
pub const VALUE_FILTERS_MAX: usize = 50;

/// Most bars of one histogram (the lake's own limit).
pub const HISTOGRAM_BARS_MAX: i64 = 10_000;

/// Most characters of one parameter.
pub const PARAMETER_CHARACTERS_MAX: usize = 1_024;

/// Most bytes of a quarantined event that are answered; `drishti sources quarantine show` prints all.
pub const QUARANTINE_ANSWER_BYTES_MAX: usize = 8 << 20;

/// Most quarantined events named in one replay; all of a source can be replayed without naming them.
pub const REPLAY_IDS_MAX: usize = 1_000;
