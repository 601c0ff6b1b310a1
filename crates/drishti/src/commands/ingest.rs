//! `drishti ingest`

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use drishti_services::ingest::IngestSummary;

use super::progress;
use crate::cli::{Cli, IngestArgs, ListFormat};
use crate::output::{self, grouped};

pub(crate) async fn run(cli: &Cli, arguments: &IngestArgs) -> anyhow::Result<ExitCode> {
    let (origin, input) = open_input(&arguments.file)?;
    let services = super::open(cli, &arguments.tables).await?;
    let bar = progress::spinner();
    let shown = bar.clone();
    let summary = services
        .ingest(&arguments.source, &origin, input, move |summary| {
            shown.set_message(format!("{} events read", grouped(summary.read)));
        })
        .await;
    bar.finish_and_clear();
    let summary = summary?;
    match arguments.format {
        ListFormat::Table => print_for_people(&summary)?,
        ListFormat::Json | ListFormat::Jsonl => {
            output::print_data(&serde_json::to_string(&summary)?)?;
        }
    }
    let is_whole = summary.quarantined == 0 && summary.incomplete.is_none();
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn open_input(file: &Path) -> anyhow::Result<(String, Box<dyn Read + Send>)> {
    if file == Path::new("-") {
        return Ok(("-".to_owned(), Box::new(std::io::stdin())));
    }
    let name = file.file_name().unwrap_or(file.as_os_str());
    let input = File::open(file).with_context(|| format!("reading `{}`", file.display()))?;
    Ok((name.to_string_lossy().into_owned(), Box::new(input)))
}

fn print_for_people(summary: &IngestSummary) -> anyhow::Result<()> {
    output::print_data(&format!(
        "{} events read: {} stored, {} there already, {} refused",
        grouped(summary.read),
        grouped(summary.stored),
        grouped(summary.duplicates),
        grouped(summary.quarantined)
    ))?;
    for problem in &summary.problems {
        output::say(&format!("line {}: {}", problem.line, problem.reason));
    }
    if summary.quarantined > summary.problems.len() as u64 {
        output::say("the others are shown by `drishti sources quarantine list`");
    }
    if let Some(reason) = &summary.incomplete {
        output::say(&format!("not everything was kept: {reason}"));
    }
    Ok(())
}
