//! One file per command.

mod alerts;
mod bench;
mod collect;
mod demo;
mod detect;
mod doctor;
mod geo;
mod ingest;
mod operators;
mod people;
mod policies;
mod progress;
mod query;
mod ranges;
mod rebuild;
mod serve;
mod simulate;
mod sources;
mod suppressions;

use std::process::ExitCode;

use drishti_services::Services;

use crate::cli::{BenchCommand, Cli, Command, TablesArgs};
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
        Command::Detect(arguments) => detect::run(arguments).await,
        Command::Policies(command) => policies::run(&cli, command).await,
        Command::Alerts(command) => alerts::run(&cli, command).await,
        Command::Suppressions(command) => suppressions::run(&cli, command).await,
        Command::People(command) => people::run(&cli, command).await,
        Command::Operators(command) => operators::run(&cli, command).await,
        Command::Bench(BenchCommand::Detection(arguments)) => bench::detection(arguments).await,
        Command::Geo(command) => geo::run(&cli, command).await,
        Command::Rebuild(command) => rebuild::run(&cli, command).await,
        Command::Ranges(command) => ranges::run(&cli, command).await,
        Command::Doctor(arguments) => doctor::run(&cli, arguments).await,
        Command::Openapi => {
            output::print_data(&drishti_server::openapi()).map(|()| ExitCode::SUCCESS)
        }
    }
}

/// Opens the installation of the command line, which must be there.
async fn open_existing(cli: &Cli) -> anyhow::Result<Services> {
    open_existing_with(cli, &TablesArgs::default()).await
}

/// The same, with the tables of the command line beside those of the configuration.
async fn open_existing_with(cli: &Cli, tables: &TablesArgs) -> anyhow::Result<Services> {
    let home = Home::meant(cli)?;
    let configuration = Configuration::load(cli, &home)?.with_tables(tables)?;
    configuration.check_installed(&home)?;
    configuration.open(&home).await
}

/// Opens the installation of the command line, or begins one.
async fn open(cli: &Cli, tables: &TablesArgs) -> anyhow::Result<Services> {
    let home = Home::ready(cli.home())?;
    let configuration = Configuration::load(cli, &home)?;
    configuration.with_tables(tables)?.open(&home).await
}
