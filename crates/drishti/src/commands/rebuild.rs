//! `drishti rebuild`

use std::process::ExitCode;

use super::progress;
use crate::cli::{Cli, RebuildArgs};
use crate::output::{grouped, print_data};

pub(crate) async fn run(cli: &Cli, arguments: &RebuildArgs) -> anyhow::Result<ExitCode> {
    let services = super::open_existing(cli).await?;
    let names = if let Some(name) = &arguments.source {
        vec![name.clone()]
    } else {
        let sources = services.sources().await?;
        sources.into_iter().map(|known| known.source.name).collect()
    };
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
    Ok(ExitCode::SUCCESS)
}
