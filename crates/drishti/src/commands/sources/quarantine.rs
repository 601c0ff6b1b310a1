//! What was refused.

use std::io::{IsTerminal, Write, stdout};
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, Utc};
use drishti_model::SourceName;
use drishti_services::QuarantineFilter;
use serde::Serialize;

use super::show::time;
use crate::cli::{Cli, ListFormat, QuarantineCommand};
use crate::commands::open_existing;
use crate::output::{self, Row, print_list};

pub(super) async fn run(cli: &Cli, command: &QuarantineCommand) -> anyhow::Result<ExitCode> {
    match command {
        QuarantineCommand::List {
            source,
            after,
            limit,
            list,
        } => self::list(cli, source.as_ref(), *after, *limit, list.format).await,
        QuarantineCommand::Show { id } => show(cli, *id).await,
        QuarantineCommand::Replay { source, ids } => replay(cli, source.as_ref(), ids).await,
    }
}

#[derive(Serialize)]
struct QuarantineRow {
    id: i64,
    source: String,
    origin: String,
    line: Option<i64>,
    gid: Option<String>,
    reason: String,
    bytes: i64,
    times_seen: i64,
    last_seen_at: DateTime<Utc>,
}

impl Row for QuarantineRow {
    const HEADINGS: &'static [&'static str] = &[
        "id",
        "source",
        "from",
        "line",
        "gid",
        "bytes",
        "seen",
        "last seen",
        "reason",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.source.clone(),
            self.origin.clone(),
            self.line.map(|line| line.to_string()).unwrap_or_default(),
            self.gid.clone().unwrap_or_default(),
            self.bytes.to_string(),
            self.times_seen.to_string(),
            time(self.last_seen_at),
            self.reason.clone(),
        ]
    }
}

pub(super) async fn list(
    cli: &Cli,
    source: Option<&SourceName>,
    after_id: Option<i64>,
    limit: u64,
    format: ListFormat,
) -> anyhow::Result<ExitCode> {
    let filter = QuarantineFilter {
        source: source.cloned(),
        after_id,
        limit,
    };
    let entries = open_existing(cli).await?.quarantine(filter).await?;
    let rows: Vec<QuarantineRow> = entries
        .into_iter()
        .map(|entry| QuarantineRow {
            id: entry.id,
            source: entry.source.to_string(),
            origin: entry.origin,
            line: entry.line,
            gid: entry.gid,
            reason: entry.reason,
            bytes: entry.raw_bytes,
            times_seen: entry.times_seen,
            last_seen_at: entry.last_seen_at,
        })
        .collect();
    print_list(&rows, format)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the bytes as they came, so that they can be looked at, mended and ingested again.
async fn show(cli: &Cli, id: i64) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let nothing = || format!("there is nothing with the id {id} in quarantine");
    let entry = services.quarantine_entry(id).await?.with_context(nothing)?;
    let raw = services.quarantine_raw(id).await?.with_context(nothing)?;
    let line = entry
        .line
        .map_or_else(String::new, |line| format!(", line {line}"));
    output::say(&format!(
        "source `{}`, {}{line}: {}",
        entry.source, entry.origin, entry.reason
    ));
    if entry.truncated {
        output::say(&format!(
            "only the first {} of {} bytes were kept",
            output::grouped(raw.len() as u64),
            output::grouped(entry.raw_bytes.unsigned_abs())
        ));
    }
    let mut out = stdout().lock();
    let written = if out.is_terminal() {
        writeln!(out, "{}", for_terminal(&raw))
    } else {
        out.write_all(&raw)
    };
    written
        .and_then(|()| out.flush())
        .context("writing to standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// Bytes from elsewhere as text that no terminal acts on.
fn for_terminal(raw: &[u8]) -> String {
    let acts = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    String::from_utf8_lossy(raw)
        .chars()
        .map(|character| {
            if acts(character) {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}

async fn replay(cli: &Cli, source: Option<&SourceName>, ids: &[i64]) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let summary = services.replay_quarantine(source, ids).await?;
    output::print_data(&format!(
        "{} tried again: {} stored, {} refused as before",
        summary.replayed + summary.still_refused.len() as u64,
        summary.stored,
        summary.still_refused.len()
    ))?;
    if summary.queued > 0 {
        output::say(&format!(
            "{} more are tried within seconds by whoever collects their source",
            output::grouped(summary.queued)
        ));
    }
    for (id, reason) in &summary.still_refused {
        output::say(&format!("{id}: {reason}"));
    }
    Ok(if summary.still_refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::for_terminal;

    #[test]
    fn nothing_acts_on_a_terminal() {
        assert_eq!(
            for_terminal(b"a\x1b[31m\n\tb\xff"),
            "a\u{fffd}[31m\n\tb\u{fffd}"
        );
    }
}
