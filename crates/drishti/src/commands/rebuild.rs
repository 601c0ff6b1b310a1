//! `drishti rebuild`

use std::process::ExitCode;

use anyhow::Context as _;
use chrono::TimeDelta;
use drishti_model::SourceName;
use drishti_services::Services;

use super::progress;
use crate::cli::{Cli, RebuildArgs, RebuildCommand, RebuildEnrichmentArgs};
use crate::output::{grouped, print_data};

pub(crate) async fn run(cli: &Cli, command: &RebuildCommand) -> anyhow::Result<ExitCode> {
    let services = super::open_existing(cli).await?;
    match command {
        RebuildCommand::Baselines(arguments) => baselines(&services, arguments).await,
        RebuildCommand::Enrichment(arguments) => enrichment(&services, arguments).await,
    }
}

async fn baselines(services: &Services, arguments: &RebuildArgs) -> anyhow::Result<ExitCode> {
    let names = match &arguments.source {
        Some(name) => vec![name.clone()],
        None => all(services).await?,
    };
    evaluate(services, names).await?;
    Ok(ExitCode::SUCCESS)
}

async fn enrichment(
    services: &Services,
    arguments: &RebuildEnrichmentArgs,
) -> anyhow::Result<ExitCode> {
    let names = all(services).await?;
    // Alerts would be of what was known before until somebody rebuilds them.
    services
        .ensure_free(&names)
        .await
        .context("nothing is enriched anew, because the events could not be evaluated anew")?;
    let now = services.clock().now();
    let since = arguments
        .days
        .map(|days| (now - TimeDelta::days(i64::from(days))).date_naive());
    let bar = progress::spinner();
    let shown = bar.clone();
    let enriched = services
        .enrich_stored(since, move |day, so_far| {
            let changed = grouped(so_far.events_changed);
            shown.set_message(format!("{day}: {changed} events say something else now"));
        })
        .await;
    bar.finish_and_clear();
    let enriched = enriched?;
    print_data(&format!(
        "{} events on {} of {} days say something else now",
        grouped(enriched.events_changed),
        grouped(enriched.days_changed),
        grouped(enriched.days)
    ))?;
    if enriched.events_changed > 0 {
        evaluate(services, names).await.context(
            "the stored events are enriched anew, but not all are evaluated anew; `drishti rebuild baselines` does",
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn all(services: &Services) -> anyhow::Result<Vec<SourceName>> {
    let sources = services.sources().await?;
    Ok(sources.into_iter().map(|known| known.source.name).collect())
}

async fn evaluate(services: &Services, names: Vec<SourceName>) -> anyhow::Result<()> {
    for name in names {
        let bar = progress::spinner();
        bar.set_message(format!("evaluating {name} anew"));
        let summary = services.rebuild(&name).await;
        bar.finish_and_clear();
        let summary = summary?;
        print_data(&format!(
            "{name}: {} events evaluated, {} alerts",
            grouped(summary.events),
            grouped(summary.alerts)
        ))?;
    }
    Ok(())
}
