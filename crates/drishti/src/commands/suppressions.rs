//! `drishti suppressions`

use std::process::ExitCode;

use anyhow::Context;
use chrono::TimeDelta;
use drishti_services::suppressions::{AddSuppression, SuppressionConditions, SuppressionView};

use super::open_existing;
use super::sources::time;
use crate::cli::{
    Cli, SuppressionAddArgs, SuppressionEndArgs, SuppressionListArgs, SuppressionsCommand,
};
use crate::output::{Row, grouped, print_data, print_list};

pub(crate) async fn run(cli: &Cli, command: &SuppressionsCommand) -> anyhow::Result<ExitCode> {
    match command {
        SuppressionsCommand::List(arguments) => list(cli, arguments).await,
        SuppressionsCommand::Add(arguments) => add(cli, arguments).await,
        SuppressionsCommand::End(arguments) => end(cli, arguments).await,
    }
}

impl Row for SuppressionView {
    const HEADINGS: &'static [&'static str] = &[
        "id", "policy", "about", "since", "until", "holds", "matches", "newest", "author", "reason",
    ];

    fn cells(&self) -> Vec<String> {
        let about = match &self.conditions {
            Some(conditions) => conditions.entity.as_deref().unwrap_or("anything"),
            None => "can't be read",
        };
        vec![
            self.id.to_string(),
            self.policy.clone().unwrap_or_else(|| "all".to_owned()),
            about.to_owned(),
            time(self.created_at),
            time(self.ends_at),
            if self.holds { "yes" } else { "no" }.to_owned(),
            grouped(self.matches),
            self.last_match_at.map(time).unwrap_or_default(),
            self.author.clone(),
            self.reason.clone(),
        ]
    }
}

async fn list(cli: &Cli, arguments: &SuppressionListArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let suppressions = services.suppressions(arguments.all).await?;
    print_list(&suppressions, arguments.format)?;
    Ok(ExitCode::SUCCESS)
}

async fn add(cli: &Cli, arguments: &SuppressionAddArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let days = arguments.days.map(i64::from).map(TimeDelta::days);
    let in_days = days.map(|days| services.clock().now() + days);
    let add = AddSuppression {
        policy: arguments.policy.clone(),
        conditions: SuppressionConditions {
            entity: arguments.entity.clone(),
        },
        reason: arguments.reason.clone(),
        ends_at: arguments
            .until
            .or(in_days)
            .context("it needs `--until` or `--days`")?,
    };
    let added = services.add_suppression(add, &arguments.author.author);
    let added = added.await?;
    print_data(&format!(
        "{} holds until {}; a running `drishti serve` takes it up within a minute",
        added.id,
        time(added.ends_at)
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn end(cli: &Cli, arguments: &SuppressionEndArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let ended = services.end_suppression(arguments.id, &arguments.author.author);
    let ended = ended.await?;
    print_data(&format!("{} ended {}", ended.id, time(ended.ends_at)))?;
    Ok(ExitCode::SUCCESS)
}
