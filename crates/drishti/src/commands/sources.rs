//! `drishti sources`

mod change;
mod show;

use std::process::ExitCode;

use crate::cli::{Cli, QuarantineCommand, SourcesCommand};
use crate::output;

pub(crate) async fn run(cli: &Cli, command: &SourcesCommand) -> anyhow::Result<ExitCode> {
    let done = match command {
        SourcesCommand::List(list) => return show::list(cli, list.format).await,
        SourcesCommand::Add(arguments) => return change::add(cli, arguments).await,
        SourcesCommand::Update(arguments) => return change::update(cli, arguments).await,
        SourcesCommand::Test { source, list } => {
            return show::test(cli, &source.name, list.format).await;
        }
        SourcesCommand::Coverage { source, list } => {
            return show::coverage(cli, &source.name, list.format).await;
        }
        SourcesCommand::Health {
            source,
            limit,
            list,
        } => return show::health(cli, source.as_ref(), *limit, list.format).await,
        SourcesCommand::Quarantine(command) => return quarantine(cli, command).await,
        SourcesCommand::Restart(source) => {
            let services = super::open_existing(cli).await?;
            services.restart_source(&source.name).await?;
            format!("`{}` starts anew", source.name)
        }
        SourcesCommand::Pause(source) => {
            let services = super::open_existing(cli).await?;
            services.pause_source(&source.name).await?;
            format!("`{}` is paused", source.name)
        }
        SourcesCommand::Resume(source) => {
            let services = super::open_existing(cli).await?;
            services.resume_source(&source.name).await?;
            format!("`{}` goes on", source.name)
        }
        SourcesCommand::Remove(source) => {
            let services = super::open_existing(cli).await?;
            services.remove_source(&source.name).await?;
            format!("`{}` is removed; its events stay in the lake", source.name)
        }
    };
    output::say(&done);
    Ok(ExitCode::SUCCESS)
}

async fn quarantine(cli: &Cli, command: &QuarantineCommand) -> anyhow::Result<ExitCode> {
    match command {
        QuarantineCommand::List {
            source,
            after,
            limit,
            list,
        } => show::quarantine(cli, source.as_ref(), *after, *limit, list.format).await,
        QuarantineCommand::Replay { source, ids } => {
            let services = super::open_existing(cli).await?;
            let summary = services.replay_quarantine(source.as_ref(), ids).await?;
            output::print_data(&format!(
                "{} tried again: {} stored, {} refused as before",
                summary.replayed + summary.still_refused.len() as u64,
                summary.stored,
                summary.still_refused.len()
            ))?;
            for (id, reason) in &summary.still_refused {
                output::say(&format!("{id}: {reason}"));
            }
            Ok(if summary.still_refused.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
    }
}
