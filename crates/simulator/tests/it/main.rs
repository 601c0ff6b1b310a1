//! The simulator from outside: over HTTP and through its exports.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where it fails"
)]

mod answers;
mod attacks;
mod controls;
mod faults;
mod organisation;
mod paging;
mod python;
mod stand;
