//! The whole program, as a user runs it, and the shape of the project.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod architecture;
mod command_line;
mod configuration;
mod damage;
mod demo;
mod detection;
mod environment;
mod full_disk;
mod harness;
mod https;
mod ingest;
mod kills;
mod late;
mod operators;
mod owner;
mod refusals;
mod samples;
mod second_process;
mod secrecy;
mod serve;
mod settings;
