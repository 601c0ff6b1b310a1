//! Showing sources, their tests, health, coverage and quarantine.

use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, Utc};
use drishti_model::{SourceName, TimeRange};
use drishti_services::HealthFilter;
use serde::Serialize;

use crate::cli::{Cli, ListFormat};
use crate::commands::open_existing;
use crate::output::{Row, grouped, print_list};

pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn optional_time(at: Option<DateTime<Utc>>) -> String {
    at.map(time).unwrap_or_default()
}

#[derive(Serialize)]
struct SourceRow {
    name: String,
    workspace_gid: Option<String>,
    state: Option<String>,
    reason: String,
    events_stored: u64,
    events_quarantined: u64,
    newest_event_at: Option<DateTime<Utc>>,
    last_poll_at: Option<DateTime<Utc>>,
    gaps: usize,
    windows_done: u64,
    windows_total: u64,
}

impl Row for SourceRow {
    const HEADINGS: &'static [&'static str] = &[
        "name",
        "workspace",
        "state",
        "events",
        "refused",
        "newest event",
        "last poll",
        "gaps",
        "reason",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.workspace_gid
                .clone()
                .unwrap_or_else(|| "(files)".to_owned()),
            self.state.clone().unwrap_or_default(),
            grouped(self.events_stored),
            grouped(self.events_quarantined),
            optional_time(self.newest_event_at),
            optional_time(self.last_poll_at),
            self.gaps.to_string(),
            self.reason.clone(),
        ]
    }
}

pub(crate) async fn list(cli: &Cli, format: ListFormat) -> anyhow::Result<ExitCode> {
    let overviews = open_existing(cli).await?.sources().await?;
    let rows: Vec<SourceRow> = overviews
        .into_iter()
        .map(|overview| {
            let status = overview.status.as_ref();
            SourceRow {
                name: overview.source.name.to_string(),
                workspace_gid: overview.source.profile.workspace_gid.clone(),
                state: overview.state().map(|state| state.to_string()),
                reason: status
                    .map(|status| status.reason.clone())
                    .unwrap_or_default(),
                events_stored: status.map_or(0, |status| status.events_stored.unsigned_abs()),
                events_quarantined: overview.quarantined,
                newest_event_at: status.and_then(|status| status.last_event_at),
                last_poll_at: status.and_then(|status| status.last_poll_at),
                gaps: overview.gaps.len(),
                windows_done: overview.windows_done,
                windows_total: overview.windows_total,
            }
        })
        .collect();
    print_list(&rows, format)?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct CapabilityRow {
    capability: String,
    ok: bool,
    status: Option<u16>,
    words: String,
    advice: String,
}

impl Row for CapabilityRow {
    const HEADINGS: &'static [&'static str] =
        &["capability", "works", "status", "found", "what to do"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.capability.clone(),
            if self.ok { "yes" } else { "no" }.to_owned(),
            self.status
                .map(|status| status.to_string())
                .unwrap_or_default(),
            self.words.clone(),
            self.advice.clone(),
        ]
    }
}

pub(crate) async fn test(
    cli: &Cli,
    name: &SourceName,
    format: ListFormat,
) -> anyhow::Result<ExitCode> {
    let test = open_existing(cli).await?.test_source(name).await?;
    let rows: Vec<CapabilityRow> = test
        .capabilities
        .into_iter()
        .map(|capability| CapabilityRow {
            capability: capability.name.to_owned(),
            ok: capability.ok,
            status: capability.status,
            words: capability.words,
            advice: capability.advice,
        })
        .collect();
    print_list(&rows, format)?;
    Ok(if test.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[derive(Serialize)]
struct SpanRow {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    complete: bool,
    /// Whether it only waits for the next run.
    unread: bool,
}

impl Row for SpanRow {
    const HEADINGS: &'static [&'static str] = &["from", "to", "complete"];

    fn cells(&self) -> Vec<String> {
        let complete = match (self.complete, self.unread) {
            (true, _) => "yes",
            (false, true) => "not read yet",
            (false, false) => "no",
        };
        vec![time(self.start), time(self.end), complete.to_owned()]
    }
}

pub(crate) async fn coverage(
    cli: &Cli,
    name: &SourceName,
    format: ListFormat,
) -> anyhow::Result<ExitCode> {
    let overview = open_existing(cli).await?.source(name).await?;
    let row = |range: &TimeRange, complete, unread| SpanRow {
        start: range.start,
        end: range.end,
        complete,
        unread,
    };
    let covered = overview
        .coverage
        .iter()
        .map(|range| row(range, true, false));
    let gaps = overview.gaps.iter().map(|range| row(range, false, false));
    let unread = overview.unread.iter().map(|range| row(range, false, true));
    let mut rows: Vec<SpanRow> = covered.chain(gaps).chain(unread).collect();
    rows.sort_by_key(|row| row.start);
    print_list(&rows, format)?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct HealthRow {
    #[serde(flatten)]
    event: drishti_model::HealthEvent,
}

impl Row for HealthRow {
    const HEADINGS: &'static [&'static str] = &[
        "time",
        "source",
        "state",
        "severity",
        "name",
        "reason",
        "what to do",
    ];

    fn cells(&self) -> Vec<String> {
        let event = &self.event;
        vec![
            time(event.at),
            event.source.to_string(),
            event.state.to_string(),
            event.severity.as_str().to_owned(),
            event.name.clone(),
            event.reason.clone(),
            event.advice.clone(),
        ]
    }
}

pub(crate) async fn health(
    cli: &Cli,
    source: Option<&SourceName>,
    limit: u64,
    format: ListFormat,
) -> anyhow::Result<ExitCode> {
    let filter = HealthFilter {
        source: source.cloned(),
        before_id: None,
        limit,
        ..HealthFilter::default()
    };
    let events = open_existing(cli)
        .await?
        .ledger()
        .health_events(filter)
        .await?;
    let rows: Vec<HealthRow> = events
        .into_iter()
        .map(|stored| HealthRow {
            event: stored.event,
        })
        .collect();
    print_list(&rows, format)?;
    Ok(ExitCode::SUCCESS)
}
