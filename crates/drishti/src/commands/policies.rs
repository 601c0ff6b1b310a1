//! `drishti policies`

mod own;
mod set;
mod shown;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use drishti_services::backtest::{Backtest, BacktestSample};
use drishti_services::detect::{
    Detector, GroupingSettings, Pack, Policy, RemarkLevel, lint, run_tests,
};

use super::open_existing;
use super::sources::time;
use crate::cli::{
    BacktestArgs, Cli, ListFormat, PoliciesCommand, PolicyFilesArgs, PolicyTestArgs, ReportFormat,
};
use crate::configuration::Configuration;
use crate::home::Home;
use crate::output::{self, grouped, print_data};
use crate::shipped;

pub(crate) async fn run(cli: &Cli, command: &PoliciesCommand) -> anyhow::Result<ExitCode> {
    match command {
        PoliciesCommand::List(arguments) => shown::list(cli, arguments).await,
        PoliciesCommand::Show(arguments) => shown::show(cli, arguments).await,
        PoliciesCommand::Lint(arguments) => lint_files(cli, arguments).await,
        PoliciesCommand::Test(arguments) => test_files(cli, arguments).await,
        PoliciesCommand::Backtest(arguments) => backtest(cli, arguments).await,
        PoliciesCommand::Add(arguments) => own::add(cli, arguments).await,
        PoliciesCommand::Remove(arguments) => own::remove(cli, arguments).await,
        PoliciesCommand::Set(arguments) => set::set(cli, arguments).await,
        PoliciesCommand::History(arguments) => set::history(cli, arguments).await,
    }
}

/// The policies at `path`, or all that this installation would load.
async fn pack(cli: &Cli, path: Option<&Path>) -> anyhow::Result<Pack> {
    if let Some(path) = path {
        return if path.is_dir() {
            Ok(Pack::load(path))
        } else {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("reading `{}`", path.display()))?;
            Ok(Pack::parse(&[(path.to_owned(), text)]))
        };
    }
    let home = Home::meant(cli)?;
    if home.check().is_ok() {
        let services = open_existing(cli).await?;
        return Ok(services.knowledge().await?.pack.clone());
    }
    let mut pack = Pack::parse(&shipped::policies());
    let files = Configuration::load(cli, &home)?.knowledge(&home)?;
    if let Some(folder) = files.folder.filter(|folder| folder.is_dir()) {
        let own = Pack::load(&folder);
        pack.policies
            .retain(|shipped| own.policies.iter().all(|policy| policy.id != shipped.id));
        pack.policies.extend(own.policies);
        pack.errors.extend(own.errors);
        pack.filters = own.filters;
        pack.attach_filters();
    }
    Ok(pack)
}

async fn lint_files(cli: &Cli, arguments: &PolicyFilesArgs) -> anyhow::Result<ExitCode> {
    let pack = pack(cli, arguments.path.as_deref()).await?;
    let remarks = lint(&pack);
    match arguments.format {
        ListFormat::Table => {
            for remark in &remarks {
                print_data(&remark.to_string())?;
            }
            output::say(&format!(
                "{} policies, {} remarks",
                pack.policies.len(),
                remarks.len()
            ));
        }
        ListFormat::Json => print_data(&serde_json::to_string_pretty(&remarks)?)?,
        ListFormat::Jsonl => {
            for remark in &remarks {
                print_data(&serde_json::to_string(remark)?)?;
            }
        }
    }
    let has_errors = remarks
        .iter()
        .any(|remark| remark.level == RemarkLevel::Error);
    Ok(code(!has_errors))
}

async fn test_files(cli: &Cli, arguments: &PolicyTestArgs) -> anyhow::Result<ExitCode> {
    let pack = pack(cli, arguments.path.as_deref()).await?;
    let report = run_tests(&pack, |policy| {
        let policies = [Arc::clone(policy)];
        let (detector, errors) = Detector::new("test", &policies, GroupingSettings::default());
        match errors.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(detector),
        }
    });
    match arguments.format {
        ReportFormat::Text => print_data(&report.to_string())?,
        ReportFormat::Json => print_data(&serde_json::to_string_pretty(&report)?)?,
        ReportFormat::Junit => print_data(&report.junit())?,
    }
    Ok(code(report.passed()))
}

fn code(is_good: bool) -> ExitCode {
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn backtest(cli: &Cli, arguments: &BacktestArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let changed = arguments.file.as_deref().map(read_changed).transpose()?;
    let outcome = services
        .backtest(
            &arguments.policy,
            changed,
            arguments.days,
            arguments.source.as_ref(),
        )
        .await?;
    match arguments.format {
        ListFormat::Table => print_data(&told(&outcome))?,
        ListFormat::Json => print_data(&serde_json::to_string_pretty(&outcome)?)?,
        ListFormat::Jsonl => print_data(&serde_json::to_string(&outcome)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read_changed(file: &Path) -> anyhow::Result<Arc<Policy>> {
    let text = std::fs::read_to_string(file);
    let text = text.with_context(|| format!("reading `{}`", file.display()))?;
    let pack = Pack::parse(&[(file.to_owned(), text)]);
    if let Some(error) = pack.errors.into_iter().next() {
        return Err(error.into());
    }
    match pack.policies.into_iter().next() {
        Some(policy) => Ok(policy),
        None => bail!("`{}` holds no policy", file.display()),
    }
}

fn told(outcome: &Backtest) -> String {
    let sample = |sample: &BacktestSample| {
        format!(
            "  {} {} {} ({})",
            time(sample.time),
            sample.severity,
            sample.title,
            sample.entity
        )
    };
    let mut lines = vec![format!(
        "{}: {} alerts from {} events",
        outcome.policy,
        grouped(outcome.alerts),
        grouped(outcome.events)
    )];
    if outcome.not_evaluable > 0 {
        lines.push(format!(
            "{} of the events lack what it counts, compares or groups by, and could not be judged",
            grouped(outcome.not_evaluable)
        ));
    }
    lines.extend(lacking(outcome));
    lines.extend(
        outcome
            .days
            .iter()
            .filter(|(_, of_day)| of_day.alerts > 0)
            .map(|(day, of_day)| format!("  {day}  {}", grouped(of_day.alerts))),
    );
    if !outcome.samples.is_empty() {
        lines.push("the first of them:".to_owned());
        lines.extend(outcome.samples.iter().map(sample));
    }
    if let Some(difference) = &outcome.difference {
        lines.push(format!(
            "the version in force raises {}: the change adds {} and removes {}",
            grouped(difference.alerts_in_force),
            grouped(difference.added_count),
            grouped(difference.removed_count)
        ));
        let added = difference
            .added
            .iter()
            .map(|one| format!("+{}", sample(one)));
        let removed = difference
            .removed
            .iter()
            .map(|one| format!("-{}", sample(one)));
        lines.extend(added.chain(removed));
    }
    lines.join("\n")
}

/// What the events lack, and what else keeps the policy from being judged.
fn lacking(outcome: &Backtest) -> Vec<String> {
    let mut lines: Vec<String> = outcome
        .lacking
        .iter()
        .map(|lacking| {
            format!(
                "  {} of {} events that it looks at lack `{}`",
                grouped(lacking.events),
                grouped(outcome.looked_at),
                lacking.field
            )
        })
        .collect();
    lines.extend(outcome.paused_at.map(|at| {
        format!(
            "it matches too often and would be paused at {}; later matches are not counted",
            time(at)
        )
    }));
    lines.extend(outcome.read_until.map(|at| {
        format!(
            "it alerts so often that only the events until {} were read",
            time(at)
        )
    }));
    lines
}
