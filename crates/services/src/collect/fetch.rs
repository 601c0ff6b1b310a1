//! Reading the audit log page by page.

use chrono::{DateTime, TimeDelta, Utc};
use drishti_asana::{AsanaError, AuditLogRequest, Client, PAGE_LIMIT};
use drishti_ledger::{Position, Quarantined};
use drishti_model::AuditEvent;

use crate::ServiceError;

/// Refused offsets in a row, without a new event or the end of what there is between them, before a stream gives up.
const REFUSALS_MAX: u32 = 20;

/// By how much a page is made smaller when the answer was too large.
const SHRINK: u32 = 10;

/// The name under which refused events of the audit log stand in the quarantine.
pub(crate) const ORIGIN: &str = "audit log";

/// A stream of pages: where it is, and how it goes on when Asana refuses its offset.
pub(crate) struct Stream {
    client: Client,
    workspace_gid: String,
    pub(crate) position: Position,
    end_at: Option<DateTime<Utc>>,
    /// How far before the newest event seen it starts again after a refused offset.
    overlap: TimeDelta,
    newest_seen: Option<DateTime<Utc>>,
    refusals: u32,
    /// Events asked for; fewer after an answer that was too large.
    limit: u32,
}

/// One page.
pub(crate) struct Page {
    pub(crate) events: Vec<Result<AuditEvent, Quarantined>>,
    /// Whether this is the end of what there is now.
    pub(crate) is_last: bool,
    /// Asana's clock when it answered, where it told.
    pub(crate) server_time: Option<DateTime<Utc>>,
}

impl Stream {
    pub(crate) fn new(
        client: Client,
        workspace_gid: &str,
        position: Position,
        end_at: Option<DateTime<Utc>>,
        overlap: TimeDelta,
    ) -> Self {
        Self {
            client,
            workspace_gid: workspace_gid.to_owned(),
            position,
            end_at,
            overlap,
            newest_seen: None,
            refusals: 0,
            limit: PAGE_LIMIT,
        }
    }

    /// Tells the stream how new the newest stored event is, for the case that its offset is refused at once.
    pub(crate) fn resume_near(&mut self, newest_stored: Option<DateTime<Utc>>) {
        self.newest_seen = newest_stored;
    }

    /// Reads the next page and moves on.
    pub(crate) async fn next(&mut self) -> Result<Page, ServiceError> {
        loop {
            match self.client.audit_log_page(&self.request()).await {
                Ok(page) => {
                    self.limit = PAGE_LIMIT;
                    let is_last = page.events.is_empty() || page.next_offset.is_none();
                    let newest = page
                        .events
                        .iter()
                        .flatten()
                        .map(|event| event.created_at)
                        .max();
                    if newest > self.newest_seen {
                        self.newest_seen = newest;
                        self.refusals = 0;
                    }
                    if is_last {
                        // It came through. Where nothing happens, each next try may find its offset expired.
                        self.refusals = 0;
                    }
                    if page.next_offset.is_some() {
                        self.position.offset = page.next_offset;
                    }
                    let quarantined = |rejected: drishti_asana::RejectedEvent| Quarantined {
                        origin: ORIGIN.to_owned(),
                        line: None,
                        gid: rejected.rejection.gid,
                        reason: rejected.rejection.reason,
                        raw: rejected.raw.into_bytes(),
                    };
                    return Ok(Page {
                        events: page
                            .events
                            .into_iter()
                            .map(|event| event.map_err(quarantined))
                            .collect(),
                        is_last,
                        server_time: page.server_time,
                    });
                }
                Err(AsanaError::BodyTooLarge { .. }) if self.limit > 1 => {
                    self.limit = (self.limit / SHRINK).max(1);
                }
                Err(error @ AsanaError::OffsetRefused { .. }) => self.start_again(error)?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn request(&self) -> AuditLogRequest {
        AuditLogRequest {
            start_at: Some(self.position.start_at),
            end_at: self.end_at,
            offset: self.position.offset.clone(),
            limit: self.limit,
            ..AuditLogRequest::new(&self.workspace_gid)
        }
    }

    /// Goes back to a time, as the offset is no good: an overlap before the newest event, and never before the stream's own start.
    fn start_again(&mut self, error: AsanaError) -> Result<(), ServiceError> {
        self.refusals += 1;
        if self.position.offset.is_none() || self.refusals > REFUSALS_MAX {
            return Err(error.into());
        }
        tracing::debug!(
            workspace = self.workspace_gid,
            "offset refused, going on from a time"
        );
        let near = self.newest_seen.map(|newest| newest - self.overlap);
        self.position = Position {
            start_at: near.map_or(self.position.start_at, |near| {
                near.max(self.position.start_at)
            }),
            offset: None,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use drishti_asana::{ClientOptions, TokenLimits};
    use drishti_model::Secret;
    use drishti_simulator::SimulateArgs;
    use tokio_util::sync::CancellationToken;
    use url::Url;

    use super::*;

    struct Noon;

    impl drishti_simulator::Clock for Noon {
        fn now(&self) -> DateTime<Utc> {
            "2026-11-20T12:00:00Z".parse().unwrap()
        }
    }

    /// A poller of a quiet workspace whose offsets expire between two polls.
    #[tokio::test]
    async fn refusals_that_each_are_overcome_are_no_end() {
        let now = drishti_simulator::Clock::now(&Noon);
        let args = SimulateArgs {
            listen: ([127, 0, 0, 1], 0).into(),
            people: 20,
            days: 2,
            freeze_at: Some(now),
            fault: vec!["offset_lifetime_seconds=1".to_owned()],
            ..SimulateArgs::default()
        };
        let listener = drishti_simulator::bind(&args).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let workspace_gid = drishti_simulator::workspaces(&args)[0].0.clone();
        let token = Secret::new(args.token.clone());
        let stop = CancellationToken::new();
        let _stop = stop.clone().drop_guard();
        tokio::spawn(drishti_simulator::serve(
            args,
            Arc::new(Noon),
            listener,
            stop,
        ));
        let client = Client::new(ClientOptions {
            base_url: Url::parse(&format!("{address}/api/1.0")).unwrap(),
            token,
            concurrent_reads: 1,
            requests_per_minute: 0,
            user_agent: "test".to_owned(),
            token_limits: TokenLimits::default(),
            proxy: None,
        });
        let position = Position {
            start_at: now - TimeDelta::hours(12),
            offset: None,
        };
        let overlap = TimeDelta::minutes(15);
        let mut stream = Stream::new(client.unwrap(), &workspace_gid, position, None, overlap);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut times_begun_anew = 0;
        for _ in 0..=2 * REFUSALS_MAX {
            let begun_at = stream.position.start_at;
            while !stream.next().await.unwrap().is_last {}
            times_begun_anew += u32::from(stream.position.start_at != begun_at);
            let advance = http
                .put(format!("{address}/simulator/clock"))
                .header("content-type", "application/json")
                .body(r#"{"advance_seconds": 2}"#);
            advance.send().await.unwrap().error_for_status().unwrap();
        }
        assert!(times_begun_anew > 0 && stream.newest_seen.is_some());
    }
}
