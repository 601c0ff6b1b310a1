//! The API over real HTTP, with a real lake and a real ledger in a folder of each test's own.

mod access;
mod app;
mod asana;
mod document;
mod events;
mod limits;
mod operation;
mod sample;
mod schema;
mod sources;
