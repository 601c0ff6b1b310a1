//! The services' tests, against a real lake and a real ledger in a folder of each test's own.

mod ingest;
mod maintenance;
mod place;
mod quarantine;
mod search;
mod sources;
