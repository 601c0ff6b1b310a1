//! The services' tests, against a real lake and a real ledger in a folder of each test's own.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first fault"
)]

mod collect;
mod connection;
mod declared;
mod exactly_once;
mod ingest;
mod lease;
mod maintenance;
mod own_policies;
mod people;
mod place;
mod policies;
mod quarantine;
mod ranges;
mod risk;
mod search;
mod sources;
mod stand;
mod suppressions;
mod trials;
mod watch;
