//! Asana on the wire: the typed client and the lossless parser of audit events.
//!
//! [`parse_event`] and [`parse_page`] turn JSON text into [`drishti_model::AuditEvent`]s and lose nothing. [`Client`] reads the
//! audit log and the directory over HTTP, within Asana's limits, trying again where that can help. It keeps no position and no
//! data: what to ask for, and what to do with the answers, is the caller's.

mod advice;
mod audit_log;
mod client;
mod directory;
mod error;
mod event;
mod fields;
mod limits;
mod page;
mod printable;
mod refusal;
mod retry;
mod timer;

pub use audit_log::{AuditLogPage, AuditLogRequest};
pub use client::{
    BODY_BYTES_MAX, CLOSED_MAX, CONNECT_TIMEOUT, Client, ClientOptions, PAGE_LIMIT, Proxy,
    REQUEST_TIMEOUT,
};
pub use directory::{
    DIRECTORY_PAGES_MAX, Membership, Team, TeamMembership, User, Workspace, WorkspaceDetails,
};
pub use error::{AsanaError, Endpoint};
pub use event::{
    DEPTH_MAX, EVENT_BYTES_MAX, EVENT_TYPE_CHARACTERS_MAX, GID_CHARACTERS_MAX, Rejection,
    parse_event,
};
pub use limits::{CONCURRENT_READS_MAX, RATE_BURST_MAX, TokenLimits};
pub use page::{ParsedPage, RejectedEvent, parse_page};
pub use retry::{DELAY_MAX, DELAY_MIN, RETRY_AFTER_MAX, TRIES_MAX};
pub use timer::{Timer, TokioTimer};
