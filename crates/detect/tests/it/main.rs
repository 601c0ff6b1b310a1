//! The engines as the product uses them.

mod anomaly;
mod pack;
