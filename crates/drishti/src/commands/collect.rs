//! `drishti collect`

use std::process::ExitCode;

use super::progress;
use crate::cli::{Cli, CollectArgs};
use crate::lifecycle::stop_on_signal;
use crate::output::{self, grouped};

pub(crate) async fn run(cli: &Cli, arguments: &CollectArgs) -> anyhow::Result<ExitCode> {
    let stop = stop_on_signal()?;
    let services = super::open_existing_with(cli, &arguments.tables).await?;
    let bar = progress::windows_bar();
    let shown = bar.clone();
    let collected = services
        .collect_once(
            &arguments.source,
            move |progress| progress::show(&shown, progress),
            stop,
        )
        .await;
    bar.finish_and_clear();
    let progress = collected?;
    output::print_data(&format!(
        "{}: {} events stored, {} there already, {} refused",
        arguments.source,
        grouped(progress.stored),
        grouped(progress.duplicates),
        grouped(progress.quarantined)
    ))?;
    if progress.caught_up {
        Ok(ExitCode::SUCCESS)
    } else {
        output::say("stopped before the end; the next run goes on from here");
        Ok(ExitCode::FAILURE)
    }
}
