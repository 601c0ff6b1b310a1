//! The API over real HTTP, with a real lake and a real ledger in a folder of each test's own.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first fault"
)]

mod access;
mod alerts;
mod app;
mod asana;
mod document;
mod events;
mod installation;
mod limits;
mod openid;
mod operation;
mod operators;
mod own_policies;
mod owner;
mod people;
mod policies;
mod provider;
mod python;
mod query;
mod repeatable;
mod sample;
mod schema;
mod schemathesis;
mod session;
mod set;
mod sources;
mod stream;
mod sumo;
mod tls;
mod tokens;
mod views;
