//! `drishti detect`

use std::fs::File;
use std::io::{Read, Write, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use drishti_model::{SourceName, SystemClock};
use drishti_services::ingest::IngestSummary;
use drishti_services::watch::{KnowledgeFiles, NamedFile};
use drishti_services::{AlertFilter, Installation, LakeLocation, SealingKey, Services};
use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::Value;

use super::{people, progress};
use crate::cli::DetectArgs;
use crate::output::{self, grouped};
use crate::shipped;

/// Alerts whose events and explanations are read together.
const ALERTS_READ_AT_ONCE: usize = 500;

/// One alert, as a line.
#[derive(Serialize)]
struct Line<'a> {
    policy_id: &'a str,
    severity: drishti_model::Severity,
    title: &'a str,
    time: chrono::DateTime<chrono::Utc>,
    entity: &'a drishti_services::alerts::EntityView,
    event_gids: Vec<String>,
    explanation: Value,
}

pub(crate) async fn run(arguments: &DetectArgs) -> anyhow::Result<ExitCode> {
    // An installation that lives as long as this.
    let folder = tempfile::tempdir().context("making a folder for the time being")?;
    let straight = evaluate_straight(&folder.path().join("straight"), arguments).await?;
    let (services, summary) = match straight {
        Some(evaluated) => evaluated,
        None => evaluate_sorted(&folder.path().join("sorted"), arguments).await?,
    };
    print_alerts(&services).await?;
    for problem in &summary.problems {
        output::say(&format!("line {}: {}", problem.line, problem.reason));
    }
    if let Some(reason) = &summary.incomplete {
        output::say(&format!("not everything was read: {reason}"));
    }
    output::say(&format!(
        "{} events evaluated, {} refused",
        grouped(summary.detection.events),
        grouped(summary.quarantined)
    ));
    let is_whole = summary.quarantined == 0 && summary.incomplete.is_none();
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Evaluates the events as they come; `None` where they are not in the order of their times, or can't be read a second time to find
/// out that they aren't.
async fn evaluate_straight(
    folder: &Path,
    arguments: &DetectArgs,
) -> anyhow::Result<Option<(Services, IngestSummary)>> {
    let is_file = std::fs::metadata(&arguments.file).is_ok_and(|file| file.is_file());
    if arguments.file == Path::new("-") || !is_file {
        return Ok(None);
    }
    let services = open(folder, arguments).await?;
    let (origin, input) = input(arguments)?;
    let (source, bar) = (source()?, progress::spinner());
    let summary = services.evaluate_passing(&source, &origin, input, shown_on(&bar));
    let summary = summary.await;
    bar.finish_and_clear();
    Ok(summary?.map(|summary| (services, summary)))
}

/// Evaluates the events on the way that stored ones take, which puts them in order.
async fn evaluate_sorted(
    folder: &Path,
    arguments: &DetectArgs,
) -> anyhow::Result<(Services, IngestSummary)> {
    let services = open(folder, arguments).await?;
    let (origin, input) = input(arguments)?;
    let (source, bar) = (source()?, progress::spinner());
    let summary = services.ingest(&source, &origin, input, shown_on(&bar));
    let summary = summary.await;
    bar.finish_and_clear();
    Ok((services, summary?))
}

fn source() -> anyhow::Result<SourceName> {
    Ok(SourceName::new("events")?)
}

/// What the input is called, and the input.
fn input(arguments: &DetectArgs) -> anyhow::Result<(String, Box<dyn Read + Send>)> {
    let file = &arguments.file;
    let origin = file.display().to_string();
    if file == Path::new("-") {
        return Ok((origin, Box::new(std::io::stdin())));
    }
    let input = File::open(file).with_context(|| format!("reading `{origin}`"))?;
    Ok((origin, Box::new(input)))
}

fn shown_on(bar: &ProgressBar) -> impl Fn(&IngestSummary) + Send + use<> {
    let shown = bar.clone();
    move |summary| shown.set_message(format!("{} events read", grouped(summary.read)))
}

async fn open(folder: &Path, arguments: &DetectArgs) -> anyhow::Result<Services> {
    std::fs::create_dir(folder).context("making a folder for the time being")?;
    let tables = &arguments.tables;
    let installation = Installation {
        lake: LakeLocation::folder(&folder.join("lake"))?,
        ledger_url: format!("sqlite://{}", folder.join("ledger.sqlite").display()),
        key: SealingKey::generate()?,
        holder: format!("detect:{}", std::process::id()),
        proxy: None,
        declared_in: None,
        knowledge: KnowledgeFiles {
            shipped: shipped::policies(),
            folder: arguments.policies.clone(),
            places: tables.places.clone(),
            feeds: tables
                .feeds
                .iter()
                .map(|(name, path)| NamedFile {
                    name: name.clone(),
                    path: path.into(),
                })
                .collect(),
            ..KnowledgeFiles::default()
        },
    };
    let services = Services::open(installation, Arc::new(SystemClock)).await?;
    if let Some(file) = &arguments.people {
        let facts = people::read(file, &file.display().to_string(), None)?;
        let now = services.clock().now();
        services
            .ledger()
            .replace_people_facts("people", &facts, "command line", now)
            .await?;
    }
    Ok(services)
}

/// Prints all alerts, the oldest first.
async fn print_alerts(services: &Services) -> anyhow::Result<()> {
    let mut alerts = services.all_alerts(AlertFilter::default()).await?;
    alerts.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
    for some in alerts.chunks(ALERTS_READ_AT_ONCE) {
        let reasons = services.alert_reasons(some).await?;
        let mut lines = String::new();
        for (alert, reasons) in some.iter().zip(reasons) {
            let line = Line {
                policy_id: &alert.policy_id,
                severity: alert.severity,
                title: &alert.title,
                time: alert.time,
                entity: &alert.entity,
                event_gids: reasons.event_gids,
                explanation: reasons.explanation,
            };
            lines += &serde_json::to_string(&line)?;
            lines.push('\n');
        }
        let written = stdout().write_all(lines.as_bytes());
        written.context("writing to standard output")?;
    }
    Ok(())
}
