//! `drishti policies`

mod own;
mod set;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use drishti_services::backtest::{Backtest, BacktestSample};
use drishti_services::detect::{
    Detector, GroupingSettings, Pack, Policy, PolicyKind, RemarkLevel, lint, run_tests,
};
use drishti_services::policies::{PolicySettingsView, word};
use drishti_services::{PolicySettings, ServiceError};
use serde::Serialize;

use super::open_existing;
use super::sources::time;
use crate::cli::{
    BacktestArgs, Cli, ListArgs, ListFormat, PoliciesCommand, PolicyArgs, PolicyFilesArgs,
    PolicyTestArgs, ReportFormat,
};
use crate::configuration::Configuration;
use crate::home::Home;
use crate::output::{self, Row, grouped, print_data, print_list};
use crate::shipped;

pub(crate) async fn run(cli: &Cli, command: &PoliciesCommand) -> anyhow::Result<ExitCode> {
    match command {
        PoliciesCommand::List(arguments) => list(cli, arguments).await,
        PoliciesCommand::Show(arguments) => show(cli, arguments).await,
        PoliciesCommand::Lint(arguments) => lint_files(cli, arguments).await,
        PoliciesCommand::Test(arguments) => test_files(cli, arguments).await,
        PoliciesCommand::Backtest(arguments) => backtest(cli, arguments).await,
        PoliciesCommand::Add(arguments) => own::add(cli, arguments).await,
        PoliciesCommand::Remove(arguments) => own::remove(cli, arguments).await,
        PoliciesCommand::Set(arguments) => set::set(cli, arguments).await,
        PoliciesCommand::History(arguments) => set::history(cli, arguments).await,
    }
}

#[derive(Serialize)]
struct PolicyRow {
    name: String,
    mode: &'static str,
    severity: drishti_model::Severity,
    kind: &'static str,
    title: String,
    file: String,
    /// Why it is quiet, where it matched too often.
    paused: Option<String>,
}

impl Row for PolicyRow {
    const HEADINGS: &'static [&'static str] = &["name", "mode", "severity", "kind", "title"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            match &self.paused {
                Some(_) => format!("{}, paused", self.mode),
                None => self.mode.to_owned(),
            },
            self.severity.to_string(),
            self.kind.to_owned(),
            self.title.clone(),
        ]
    }
}

/// The policies in force, and what was set about them.
struct InForce {
    policies: Vec<Arc<Policy>>,
    settings: Vec<PolicySettings>,
}

impl InForce {
    /// Of the installation where there is one, else the shipped ones.
    async fn load(cli: &Cli) -> anyhow::Result<Self> {
        if Home::meant(cli)?.check().is_err() {
            return Ok(Self {
                policies: Pack::parse(&shipped::policies()).policies,
                settings: Vec::new(),
            });
        }
        let services = open_existing(cli).await?;
        for error in &services.knowledge().await?.pack.errors {
            output::say(&format!("left out: {error}"));
        }
        Ok(Self {
            policies: services.policies().await?,
            settings: services.ledger().all_policy_settings().await?,
        })
    }

    fn settings(&self, policy: &Policy) -> Option<&PolicySettings> {
        self.settings
            .iter()
            .find(|set| set.policy == policy.id.as_str())
    }

    /// Since when and why a policy is paused, in words.
    fn pause(&self, policy: &Policy) -> Option<String> {
        let pause = self.settings(policy)?.paused.as_ref()?;
        Some(format!(
            "paused since {}, because {}; `drishti policies set {} --resume` lets it go on",
            time(pause.since),
            pause.why,
            policy.id
        ))
    }
}

async fn list(cli: &Cli, arguments: &ListArgs) -> anyhow::Result<ExitCode> {
    let in_force = InForce::load(cli).await?;
    let rows: Vec<PolicyRow> = in_force
        .policies
        .iter()
        .map(|policy| PolicyRow {
            name: policy.id.to_string(),
            mode: word(policy.mode),
            severity: policy.severity,
            kind: match policy.kind {
                PolicyKind::Activity(_) => "activity",
                PolicyKind::Anomaly { .. } => "anomaly",
            },
            title: policy.title.clone(),
            file: policy.file.display().to_string(),
            paused: in_force.pause(policy),
        })
        .collect();
    print_list(&rows, arguments.format)?;
    if arguments.format == ListFormat::Table {
        for row in &rows {
            if let Some(paused) = &row.paused {
                output::say(&format!("{} is {paused}", row.name));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(cli: &Cli, arguments: &PolicyArgs) -> anyhow::Result<ExitCode> {
    let in_force = InForce::load(cli).await?;
    let policy = in_force
        .policies
        .iter()
        .find(|policy| policy.id.as_str() == arguments.policy)
        .ok_or_else(|| ServiceError::NoSuchPolicy(arguments.policy.clone()))?;
    let set = in_force.settings(policy).map(PolicySettingsView::from);
    match arguments.format {
        ListFormat::Table => {
            let paused = in_force.pause(policy);
            print_data(&format!(
                "# {} ({}, {})\n{}{}# {}\n{}",
                policy.id,
                word(policy.mode),
                policy.severity,
                paused.map_or_else(String::new, |paused| format!("# {paused}\n")),
                set.map_or_else(String::new, |set| format!("# {}\n", set::told(&set))),
                policy.file.display(),
                policy.text
            ))?;
        }
        ListFormat::Json | ListFormat::Jsonl => {
            print_data(&serde_json::to_string(&serde_json::json!({
                "name": policy.id,
                "mode": policy.mode,
                "severity": policy.severity,
                "title": policy.title,
                "description": policy.description,
                "tags": policy.tags,
                "references": policy.references,
                "false_positives": policy.false_positives,
                "runbook": policy.runbook,
                "file": policy.file,
                "paused": in_force.pause(policy),
                "set": set,
                "text": &*policy.text,
            }))?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
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
    lines
}
