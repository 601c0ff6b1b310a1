//! `drishti ranges`

use std::process::ExitCode;

use anyhow::Context;
use drishti_services::detect::enrich::{OwnRange, Place};
use drishti_services::ranges::{RangeChange, RangeView};

use super::open_existing;
use crate::cli::{
    Cli, ListArgs, RangeAddArgs, RangeChangeArgs, RangeDetails, RangeImportArgs, RangeRemoveArgs,
    RangesCommand,
};
use crate::output::{Row, grouped, print_data, print_list};

/// When a change is taken up.
const TAKEN_UP: &str = "a running `drishti serve` takes it up within a minute; events that are stored keep what was known of them";

pub(crate) async fn run(cli: &Cli, command: &RangesCommand) -> anyhow::Result<ExitCode> {
    match command {
        RangesCommand::List(arguments) => list(cli, arguments).await,
        RangesCommand::Add(arguments) => add(cli, arguments).await,
        RangesCommand::Change(arguments) => change(cli, arguments).await,
        RangesCommand::Remove(arguments) => remove(cli, arguments).await,
        RangesCommand::Import(arguments) => import(cli, arguments).await,
    }
}

impl Row for RangeView {
    const HEADINGS: &'static [&'static str] = &[
        "name",
        "category",
        "networks",
        "tags",
        "organization",
        "place",
        "revision",
    ];

    fn cells(&self) -> Vec<String> {
        let range = &self.range;
        let networks = range.networks.iter().map(ToString::to_string);
        vec![
            range.name.clone(),
            range.category.as_str().to_owned(),
            networks.collect::<Vec<_>>().join(", "),
            range.tags.join(", "),
            range.organization.clone().unwrap_or_default(),
            range.place.as_ref().map(told).unwrap_or_default(),
            self.revision.to_string(),
        ]
    }
}

fn told(place: &Place) -> String {
    let coordinates = place.latitude.zip(place.longitude);
    let parts = [
        place.city.clone(),
        place.region.clone(),
        place.country.clone(),
        coordinates.map(|(latitude, longitude)| format!("{latitude} {longitude}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

async fn list(cli: &Cli, arguments: &ListArgs) -> anyhow::Result<ExitCode> {
    let ranges = open_existing(cli).await?.ranges().await?;
    print_list(&ranges, arguments.format)?;
    Ok(ExitCode::SUCCESS)
}

impl RangeDetails {
    fn change(&self) -> RangeChange {
        RangeChange {
            tags: self.tags.clone(),
            organization: self.organization.clone(),
            place: Place {
                country: self.country.clone(),
                region: self.region.clone(),
                city: self.city.clone(),
                latitude: self.latitude,
                longitude: self.longitude,
            },
            ..RangeChange::default()
        }
    }
}

async fn add(cli: &Cli, arguments: &RangeAddArgs) -> anyhow::Result<ExitCode> {
    let range = arguments.details.change().onto(OwnRange {
        name: arguments.name.clone(),
        networks: arguments.networks.clone(),
        category: arguments.category,
        tags: Vec::new(),
        organization: None,
        place: None,
    });
    let services = open_existing(cli).await?;
    services.add_range(range, &arguments.author.author).await?;
    print_data(&format!("`{}` is added; {TAKEN_UP}", arguments.name))?;
    Ok(ExitCode::SUCCESS)
}

async fn change(cli: &Cli, arguments: &RangeChangeArgs) -> anyhow::Result<ExitCode> {
    let name = &arguments.name;
    let change = RangeChange {
        without: arguments
            .without
            .iter()
            .map(|part| (*part).into())
            .collect(),
        networks: arguments.networks.clone(),
        category: arguments.category,
        ..arguments.details.change()
    };
    let services = open_existing(cli).await?;
    let revision = arguments.if_revision;
    let changed = services.change_range(name, change, revision, &arguments.author.author);
    let revision = changed.await?.revision;
    print_data(&format!("`{name}` has revision {revision}; {TAKEN_UP}"))?;
    Ok(ExitCode::SUCCESS)
}

async fn remove(cli: &Cli, arguments: &RangeRemoveArgs) -> anyhow::Result<ExitCode> {
    let name = &arguments.name;
    let services = open_existing(cli).await?;
    let revision = arguments.if_revision;
    let removed = services.remove_range(name, revision, &arguments.author.author);
    removed.await?;
    print_data(&format!("`{name}` is removed; {TAKEN_UP}"))?;
    Ok(ExitCode::SUCCESS)
}

async fn import(cli: &Cli, arguments: &RangeImportArgs) -> anyhow::Result<ExitCode> {
    let reading = || format!("reading `{}`", arguments.file.display());
    let text = std::fs::read(&arguments.file).with_context(reading)?;
    let ranges: Vec<OwnRange> = serde_json::from_slice(&text).with_context(reading)?;
    let services = open_existing(cli).await?;
    let saved = services.import_ranges(ranges, &arguments.author.author);
    let saved = grouped(saved.await?.len() as u64);
    print_data(&format!("{saved} ranges are as the file says; {TAKEN_UP}"))?;
    Ok(ExitCode::SUCCESS)
}
