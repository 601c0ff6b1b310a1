//! The engines as the product uses them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first fault")]

mod anomaly;
mod pack;
