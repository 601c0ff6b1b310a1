//! `drishti sources`

mod change;
mod quarantine;
mod show;

use std::process::ExitCode;

use drishti_services::sources::Removal;

use crate::cli::{Cli, SourcesCommand};
use crate::output;

pub(crate) use show::time;

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
        SourcesCommand::Quarantine(command) => return quarantine::run(cli, command).await,
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
            let name = &source.name;
            match services.remove_source(name, None).await? {
                Removal::Done => format!("`{name}` is removed; its events stay in the lake"),
                Removal::LeftTo(holder) => format!(
                    "`{name}` is being stopped: {holder} works on it, and removes it when that ends; its events stay in the lake"
                ),
            }
        }
    };
    output::say(&done);
    Ok(ExitCode::SUCCESS)
}
