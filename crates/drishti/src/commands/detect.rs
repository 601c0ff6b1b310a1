//! `drishti detect`

use std::fs::File;
use std::io::{Read, Write, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use drishti_model::{SourceName, SystemClock};
use drishti_services::watch::{KnowledgeFiles, NamedFile};
use drishti_services::{AlertFilter, Installation, LakeLocation, SealingKey, Services};
use serde::Serialize;
use serde_json::Value;

use super::{people, progress};
use crate::cli::DetectArgs;
use crate::output::{self, grouped};
use crate::shipped;

/// One alert, as a line.
#[derive(Serialize)]
struct Line {
    policy_id: String,
    severity: drishti_model::Severity,
    title: String,
    time: chrono::DateTime<chrono::Utc>,
    entity: drishti_services::alerts::EntityView,
    event_gids: Vec<String>,
    explanation: Value,
}

pub(crate) async fn run(arguments: &DetectArgs) -> anyhow::Result<ExitCode> {
    let input: Box<dyn Read + Send> = if arguments.file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        let file = &arguments.file;
        Box::new(File::open(file).with_context(|| format!("reading `{}`", file.display()))?)
    };
    // The way that events always take, in an installation that lives as long as this.
    let folder = tempfile::tempdir().context("making a folder for the time being")?;
    let services = open(folder.path(), arguments).await?;
    let source = SourceName::new("events")?;
    if let Some(file) = &arguments.people {
        let facts = people::read(file, &file.display().to_string(), None)?;
        let now = services.clock().now();
        services
            .ledger()
            .replace_people_facts("people", &facts, "command line", now)
            .await?;
    }
    let bar = progress::spinner();
    let shown = bar.clone();
    let origin = arguments.file.display().to_string();
    let summary = services
        .ingest(&source, &origin, input, move |summary| {
            shown.set_message(format!("{} events read", grouped(summary.read)));
        })
        .await;
    bar.finish_and_clear();
    let summary = summary?;
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

async fn open(folder: &Path, arguments: &DetectArgs) -> anyhow::Result<Services> {
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
    Ok(Services::open(installation, Arc::new(SystemClock)).await?)
}

/// Prints all alerts, the oldest first.
async fn print_alerts(services: &Services) -> anyhow::Result<()> {
    let mut alerts = services.all_alerts(AlertFilter::default()).await?;
    alerts.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
    for alert in alerts {
        let story = services.alert(&alert.id).await?;
        let line = Line {
            policy_id: alert.policy_id,
            severity: alert.severity,
            title: alert.title,
            time: alert.time,
            entity: alert.entity,
            event_gids: story.event_gids,
            explanation: story.explanation,
        };
        let mut out = stdout().lock();
        writeln!(out, "{}", serde_json::to_string(&line)?).context("writing to standard output")?;
    }
    Ok(())
}
