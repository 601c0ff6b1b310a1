//! The client against a real HTTP server on loopback that answers as scripted, and the parser against every JSON there is.

#![expect(clippy::unwrap_used, reason = "a test stops at the first fault")]

mod client;
mod directory;
mod events;
mod json;
mod limits;
mod pages;
mod proxy;
mod refusals;
mod retries;
mod secrecy;
mod server;
mod timer;
