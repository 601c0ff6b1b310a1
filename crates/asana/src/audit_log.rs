use chrono::{DateTime, Duration, DurationRound as _, Utc};
use drishti_model::{AuditEvent, canonical_time};

use crate::client::{Call, Client, PAGE_LIMIT, checked};
use crate::error::{AsanaError, Endpoint};
use crate::page::{ParsedPage, RejectedEvent, parse_page};

/// What to read of the audit log. The same span of time must be sent with each offset that it led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLogRequest {
    /// The workspace or organisation.
    pub workspace_gid: String,
    /// The first moment.
    pub start_at: Option<DateTime<Utc>>,
    /// The first moment after it.
    pub end_at: Option<DateTime<Utc>>,
    /// Where to go on, from an earlier page of the same request.
    pub offset: Option<String>,
    /// Most events on the page, 1 to [`PAGE_LIMIT`]; others are brought into that span.
    pub limit: u32,
}

impl AuditLogRequest {
    /// The first page of everything that Asana has, as large as can be.
    pub fn new(workspace_gid: impl Into<String>) -> Self {
        Self {
            workspace_gid: workspace_gid.into(),
            start_at: None,
            end_at: None,
            offset: None,
            limit: PAGE_LIMIT,
        }
    }
}

/// One page of the audit log. The end of what there is now is a page without events, not one without an offset
/// (`asana-api.md`, section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLogPage {
    /// The events, oldest first, readable or not.
    pub events: Vec<Result<AuditEvent, RejectedEvent>>,
    /// Where to go on, now or later; new with each answer. `None` where nothing ever matched.
    pub next_offset: Option<String>,
    /// When Asana answered, by its own clock, to the second.
    pub server_time: Option<DateTime<Utc>>,
}

impl Client {
    /// Reads one page of the audit log: `GET /workspaces/{gid}/audit_log_events` (`asana-api.md`, section 2).
    pub async fn audit_log_page(
        &self,
        request: &AuditLogRequest,
    ) -> Result<AuditLogPage, AsanaError> {
        let endpoint = Endpoint::AuditLog;
        let workspace = checked(endpoint, &request.workspace_gid)?;
        let path = ["workspaces", workspace, "audit_log_events"];
        let mut call = Call::new(endpoint, &path)
            .with("limit", request.limit.clamp(1, PAGE_LIMIT).to_string());
        if let Some(start) = request.start_at {
            call = call.with("start_at", canonical_time(start));
        }
        if let Some(end) = request.end_at {
            call = call.with("end_at", canonical_time(whole_millisecond_after(end)));
        }
        if let Some(offset) = &request.offset {
            call = call.with("offset", offset);
        }
        self.get(&call, |answer| {
            let ParsedPage {
                events,
                next_offset,
            } = parse_page(&answer.body)?;
            Ok(AuditLogPage {
                events,
                next_offset,
                server_time: answer.server_time,
            })
        })
        .await
    }
}

/// `end`, or the next whole millisecond: Asana is asked in milliseconds, and the last events must not fall out.
fn whole_millisecond_after(end: DateTime<Utc>) -> DateTime<Utc> {
    end.duration_round_up(Duration::milliseconds(1))
        .unwrap_or(end)
}
