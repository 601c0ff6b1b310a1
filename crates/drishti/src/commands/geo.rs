//! `drishti geo`

use std::process::ExitCode;

use anyhow::bail;
use drishti_services::detect::enrich::{Provenance, parse_address};
use drishti_services::tables::update_table;

use super::open_existing_with;
use crate::cli::{Cli, GeoCommand, ListFormat, WhyArgs};
use crate::configuration::Configuration;
use crate::home::Home;
use crate::output::{self, grouped, print_data};

pub(crate) async fn run(cli: &Cli, command: &GeoCommand) -> anyhow::Result<ExitCode> {
    match command {
        GeoCommand::Update => update(cli).await,
        GeoCommand::Why(arguments) => why(cli, arguments).await,
    }
}

/// Fetches all tables; one that can't be fetched does not keep the others from it.
async fn update(cli: &Cli) -> anyhow::Result<ExitCode> {
    let home = Home::meant(cli)?;
    let configuration = Configuration::load(cli, &home)?;
    let tables = configuration.knowledge(&home)?.fetched();
    if tables.is_empty() {
        output::say(
            "the configuration names no places or feeds by an address; docs/ENRICHMENT.md tells how",
        );
    }
    let mut code = ExitCode::SUCCESS;
    for table in tables {
        match update_table(&table).await {
            Ok(fetched) => print_data(&format!(
                "{}: {} bytes, sha256 {}",
                fetched.from,
                grouped(fetched.bytes),
                fetched.sha256
            ))?,
            Err(error) => {
                output::print_error(&error.into());
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

async fn why(cli: &Cli, arguments: &WhyArgs) -> anyhow::Result<ExitCode> {
    if parse_address(&arguments.address).is_none() {
        bail!("`{}` is no IP address", arguments.address);
    }
    let services = open_existing_with(cli, &arguments.tables).await?;
    let known = services.knowledge().await?;
    let provenances: Vec<Provenance> = known.enricher.why(&arguments.address);
    match arguments.format {
        ListFormat::Table => {
            for provenance in &provenances {
                print_data(&told(provenance))?;
            }
            if provenances.is_empty() {
                output::say("nothing is known of it");
            }
        }
        ListFormat::Json => print_data(&serde_json::to_string_pretty(&provenances)?)?,
        ListFormat::Jsonl => {
            for provenance in &provenances {
                print_data(&serde_json::to_string(provenance)?)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn told(provenance: &Provenance) -> String {
    let Provenance {
        fact,
        value,
        origin,
        overruled,
    } = provenance;
    let line = format!("{}: {value}, by {origin}", fact.as_str());
    match overruled {
        Some(reason) => format!("{line}; does not count: {reason}"),
        None => line,
    }
}
