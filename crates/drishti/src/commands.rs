//! One file per command.

mod collect;
mod demo;
mod doctor;
mod ingest;
mod progress;
mod query;
mod serve;
mod simulate;
mod sources;

use std::process::ExitCode;

use drishti_services::Services;

use crate::cli::{Cli, Command};
use crate::configuration::Configuration;
use crate::home::Home;
use crate::output;

/// Runs the command that the command line names.
pub(crate) async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match &cli.command {
        Command::Demo(arguments) => demo::run(&cli, arguments).await,
        Command::Serve(arguments) => serve::run(&cli, arguments).await,
        Command::Simulate(arguments) => simulate::run(arguments.as_ref().clone()).await,
        Command::Sources(command) => sources::run(&cli, command).await,
        Command::Collect(arguments) => collect::run(&cli, arguments).await,
        Command::Ingest(arguments) => ingest::run(&cli, arguments).await,
        Command::Query(arguments) => query::run(&cli, arguments).await,
        Command::Doctor(arguments) => doctor::run(&cli, arguments).await,
        Command::Openapi => {
            output::print_data(&drishti_server::openapi()).map(|()| ExitCode::SUCCESS)
        }
    }
}

/// Opens the installation of the command line, which must be there.
async fn open_existing(cli: &Cli) -> anyhow::Result<Services> {
    let home = Home::existing(&cli.home)?;
    Configuration::load(cli, &home)?.open(&home).await
}

/// Opens the installation of the command line, or begins one.
async fn open(cli: &Cli) -> anyhow::Result<Services> {
    let home = Home::ready(&cli.home)?;
    Configuration::load(cli, &home)?.open(&home).await
}
