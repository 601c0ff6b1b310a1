//! The event store: one Delta table of Parquet files, `events`, in a local folder or an object store.
//!
//! # Invariants
//! * A `(source, gid)` stands in the table at most once. A gid's `created_at` never changes, so its repetition can only be in the
//!   same day's partition; [`Append`] holds the gids of the days it touches and drops what is known.
//! * A batch is one commit: all of it is visible or nothing. The commit carries the batch's sequence number as a Delta application
//!   transaction of its source, and a sequence is committed once.
//! * When [`Append::commit`] returns, the batch survives a power loss: every file and folder of a local lake is synced as it is
//!   written (`durable.rs`).
//! * Nothing here reads the clock; what Delta itself records of a commit (its own time stamp) decides nothing.
//!
//! All heavy dependencies (Delta, `DataFusion`, Arrow, Parquet) are behind this crate: callers see SQL text, JSON and
//! [`drishti_model::EnrichedEvent`].

mod answer;
mod append;
mod chosen;
mod deadline;
mod durable;
mod enrichment;
mod error;
mod events;
mod export;
mod facets;
mod file;
mod files;
mod gids;
mod histogram;
mod location;
mod maintenance;
mod memory;
mod ordered;
mod pages;
mod places;
mod query;
mod rearrange;
mod repair;
mod rows;
mod schema;
mod table;

pub use answer::{Answer, Format, ValueKind};
pub use append::{Append, Appended};
pub use error::LakeError;
pub use events::{EventFilter, EventPosition, StoredEvent};
pub use export::ExportFormat;
pub use facets::{FACET_VALUES_MAX, Facet, FacetField, ValueFilter};
pub use histogram::HistogramBucket;
pub use location::LakeLocation;
pub use maintenance::{Compacted, Statistics, VACUUM_AGE_MIN};
pub use ordered::InOrder;
pub use places::{PLACES_MAX, PlaceSeen};
pub use query::{QUERY_STACK_BYTES, QueryLimits, SideTable};
pub use repair::Repair;
pub use table::Lake;
