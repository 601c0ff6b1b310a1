//! The lake from outside, on a folder and on a local S3 server.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first fault"
)]

mod append;
mod chosen;
mod crash;
mod enrichment;
mod events;
mod export;
mod faults;
mod hostile_sql;
mod house;
mod maintenance;
mod ordered;
mod places;
mod python;
mod query;
mod race;
mod round_trip;
mod s3;
mod schema;
