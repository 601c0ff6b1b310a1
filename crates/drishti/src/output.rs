//! Standard output is data, standard error is for people.

use std::io::{Write, stderr, stdout};

use anyhow::Context;
use comfy_table::{ContentArrangement, Table, presets};
use drishti_services::{LedgerError, ServiceError};
pub(crate) use drishti_services::{grouped, shell_word};
use serde::Serialize;

use crate::cli::ListFormat;

/// A list that can be printed as a table or as JSON.
pub(crate) trait Row: Serialize {
    /// Headings of the table.
    const HEADINGS: &'static [&'static str];
    /// The row's cells.
    fn cells(&self) -> Vec<String>;
}

/// Prints a list to standard output.
pub(crate) fn print_list<R: Row>(rows: &[R], format: ListFormat) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match format {
        ListFormat::Table => {
            let mut table = Table::new();
            table
                .load_preset(presets::UTF8_BORDERS_ONLY)
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_header(R::HEADINGS);
            // Elsewhere than on a terminal a row stays on its line, however long.
            if let Some((_, columns)) = console::Term::stdout().size_checked() {
                table.set_width(columns);
            }
            for row in rows {
                table.add_row(row.cells());
            }
            writeln!(out, "{table}")
        }
        ListFormat::Json => serde_json::to_string_pretty(rows)
            .map_err(Into::into)
            .and_then(|text| writeln!(out, "{text}")),
        ListFormat::Jsonl => rows.iter().try_for_each(|row| {
            let line = serde_json::to_string(row)?;
            writeln!(out, "{line}")
        }),
    }
    .and_then(|()| out.flush())
    .context("writing to standard output")
}

/// Prints text to standard output.
pub(crate) fn print_data(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .context("writing to standard output")
}

/// Tells a person something on standard error.
pub(crate) fn say(text: &str) {
    // Nobody is left to be told when standard error is gone.
    writeln!(stderr().lock(), "{text}").unwrap_or_default();
}

/// Says that a list may be longer than what was printed of it.
pub(crate) fn say_if_cut(rows: usize, limit: u64) {
    if rows as u64 == limit {
        say("there may be more; `--limit` shows them");
    }
}

/// Prints an error with its causes and what to do.
pub(crate) fn print_error(error: &anyhow::Error) {
    let mut text = format!("error: {error}");
    let mut said = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause);
            said = cause;
        }
    }
    let advice = advice(error);
    if !advice.is_empty() {
        text.push_str("\nhint: ");
        text.push_str(&advice);
    }
    say(&text);
}

/// What to do about an error; empty where nobody knows more than its text.
pub(crate) fn advice(error: &anyhow::Error) -> String {
    let of_cause = |cause: &(dyn std::error::Error + 'static)| {
        let of_service = cause
            .downcast_ref::<ServiceError>()
            .map(ServiceError::advice);
        of_service.or_else(|| {
            let advice = cause.downcast_ref::<LedgerError>()?.advice()?;
            Some(advice.to_owned())
        })
    };
    error.chain().find_map(of_cause).unwrap_or_default()
}
