//! What is in force, and what it came to.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::Days;
use drishti_services::detect::{Pack, Policy, PolicyKind};
use drishti_services::policies::{PolicySettingsView, word};
use drishti_services::{PolicyCount, PolicySettings, ServiceError, Services};
use serde::Serialize;

use super::set;
use crate::cli::{Cli, ListArgs, ListFormat, PolicyArgs};
use crate::commands::open_existing;
use crate::commands::sources::time;
use crate::home::Home;
use crate::output::{self, Row, grouped, print_data, print_list};
use crate::shipped;

/// Days of counts.
const COUNT_DAYS: u64 = 30;

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
    /// `None` where there is no installation.
    services: Option<Services>,
}

impl InForce {
    /// Of the installation where there is one, else the shipped ones.
    async fn load(cli: &Cli) -> anyhow::Result<Self> {
        if Home::meant(cli)?.check().is_err() {
            return Ok(Self {
                policies: Pack::parse(&shipped::policies()).policies,
                settings: Vec::new(),
                services: None,
            });
        }
        let services = open_existing(cli).await?;
        for error in &services.knowledge().await?.pack.errors {
            output::say(&format!("left out: {error}"));
        }
        Ok(Self {
            policies: services.policies().await?,
            settings: services.ledger().all_policy_settings().await?,
            services: Some(services),
        })
    }

    fn settings(&self, policy: &Policy) -> Option<&PolicySettings> {
        self.settings
            .iter()
            .find(|set| set.policy == policy.id.as_str())
    }

    /// What a policy came to in the last days.
    async fn counts(&self, policy: &Policy) -> anyhow::Result<Option<Counts>> {
        let Some(services) = &self.services else {
            return Ok(None);
        };
        let since = services.clock().now().date_naive() - Days::new(COUNT_DAYS - 1);
        let days = services
            .ledger()
            .policy_counts(None, Some(policy.id.as_str()), since);
        Ok(Some(Counts::sum(&days.await?)))
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

/// What a policy came to in the last [`COUNT_DAYS`] days.
#[derive(Serialize)]
struct Counts {
    matches: u64,
    alerts: u64,
    suppressed: u64,
    capped: u64,
    not_evaluable: u64,
}

impl Counts {
    fn sum(days: &[PolicyCount]) -> Self {
        let total = |of: fn(&PolicyCount) -> u64| days.iter().map(of).sum();
        Self {
            matches: total(|day| day.matches),
            alerts: total(|day| day.alerts),
            suppressed: total(|day| day.suppressed),
            capped: total(|day| day.capped),
            not_evaluable: total(|day| day.not_evaluable),
        }
    }

    fn told(&self) -> String {
        format!(
            "in {COUNT_DAYS} days: matches {}, alerts {}, events that lack what it asks for {}",
            grouped(self.matches),
            grouped(self.alerts),
            grouped(self.not_evaluable)
        )
    }
}

pub(super) async fn list(cli: &Cli, arguments: &ListArgs) -> anyhow::Result<ExitCode> {
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

pub(super) async fn show(cli: &Cli, arguments: &PolicyArgs) -> anyhow::Result<ExitCode> {
    let in_force = InForce::load(cli).await?;
    let policy = in_force
        .policies
        .iter()
        .find(|policy| policy.id.as_str() == arguments.policy)
        .ok_or_else(|| ServiceError::NoSuchPolicy(arguments.policy.clone()))?;
    let set = in_force.settings(policy).map(PolicySettingsView::from);
    let counts = in_force.counts(policy).await?;
    match arguments.format {
        ListFormat::Table => {
            let paused = in_force.pause(policy);
            let files = policy.filters.iter();
            let narrowed: Vec<String> = files
                .map(|filters| format!("# narrowed by {}\n", filters.file.display()))
                .collect();
            let narrowed = narrowed.concat();
            print_data(&format!(
                "# {} ({}, {})\n{}{}{}{narrowed}# {}\n{}",
                policy.id,
                word(policy.mode),
                policy.severity,
                paused.map_or_else(String::new, |paused| format!("# {paused}\n")),
                set.map_or_else(String::new, |set| format!("# {}\n", set::told(&set))),
                counts.map_or_else(String::new, |counts| format!("# {}\n", counts.told())),
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
                "narrowed_by": policy.filters.iter().map(|filters| &filters.file).collect::<Vec<_>>(),
                "paused": in_force.pause(policy),
                "set": set,
                "last_30_days": counts,
                "text": &*policy.text,
            }))?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
