//! `drishti doctor`

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use chrono::TimeDelta;
use drishti_model::{DesiredState, HealthStatus, SourceState, canonical_time};
use drishti_services::Services;
use drishti_services::sources::SourceOverview;
use serde::Serialize;

use crate::cli::{Cli, DoctorArgs};
use crate::configuration::Configuration;
use crate::configuration::proxy::shown;
use crate::home::Home;
use crate::output::{self, Row, grouped, print_list, shell_word};

/// How long a source may stay unread between two runs before that needs a look.
const UNREAD_MAX: TimeDelta = TimeDelta::days(1);

#[derive(Serialize)]
struct Finding {
    check: String,
    ok: bool,
    found: String,
    advice: String,
}

impl Finding {
    fn good(check: &str, found: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            ok: true,
            found: found.into(),
            advice: String::new(),
        }
    }

    fn bad(check: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            ok: false,
            found: found.into(),
            advice: advice.into(),
        }
    }
}

impl Row for Finding {
    const HEADINGS: &'static [&'static str] = &["check", "ok", "found", "what to do"];

    fn cells(&self) -> Vec<String> {
        let ok = if self.ok { "yes" } else { "no" };
        vec![
            self.check.clone(),
            ok.to_owned(),
            self.found.clone(),
            self.advice.clone(),
        ]
    }
}

pub(crate) async fn run(cli: &Cli, arguments: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let findings = examine(cli, arguments.offline).await;
    print_list(&findings, arguments.list.format)?;
    Ok(if findings.iter().all(|finding| finding.ok) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn examine(cli: &Cli, offline: bool) -> Vec<Finding> {
    let home = match Home::meant(cli) {
        Ok(home) => home,
        Err(error) => return vec![Finding::bad("home", words(&error), "")],
    };
    let configuration = match Configuration::load(cli, &home) {
        Ok(configuration) => configuration,
        Err(error) => {
            let advice = "Correct the file at the place that the message names.";
            return vec![Finding::bad("configuration", words(&error), advice)];
        }
    };
    if let Err(error) = configuration.check_installed(&home) {
        return vec![Finding::bad("home", words(&error), "")];
    }
    let mut findings = vec![
        Finding::good("home", home.path().display().to_string()),
        Finding::good(
            "configuration",
            match configuration.file() {
                Some(file) => format!("`{}` can be read", file.display()),
                None => "there is no file, so everything is as usual".to_owned(),
            },
        ),
        secret_file("key", &home.key_path()),
        secret_file("api token", &home.api_token_path()),
    ];
    findings.extend(proxy(&configuration));
    match configuration.open(&home).await {
        Ok(services) => {
            findings.push(Finding::good("ledger", "opens, and the key fits"));
            findings.push(lake(&services).await);
            findings.extend(sources(&services, offline).await);
            findings.extend(detection(&services).await);
        }
        Err(error) => {
            let advice = output::advice(&error);
            findings.push(Finding::bad("lake and ledger", words(&error), advice));
        }
    }
    findings
}

fn words(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

fn secret_file(check: &str, path: &Path) -> Finding {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => Finding::bad(
            check,
            format!("others can read `{}`", path.display()),
            format!("chmod 600 {}", path.display()),
        ),
        Ok(_) => Finding::good(check, "only its owner can read it"),
        Err(_) => Finding::good(check, "not made yet, or given by the environment"),
    }
}

/// Whether Asana is reached through a proxy; nothing where it is not.
fn proxy(configuration: &Configuration) -> Option<Finding> {
    match configuration.proxy() {
        Ok(proxy) => {
            let shown = format!("Asana is reached through {}", shown(&proxy?));
            Some(Finding::good("proxy", shown))
        }
        Err(error) => Some(Finding::bad("proxy", words(&error), "")),
    }
}

async fn lake(services: &Services) -> Finding {
    match services.lake_statistics().await {
        Ok(statistics) => Finding::good(
            "lake",
            format!(
                "{} events in {} files, {} bytes, at {}",
                grouped(statistics.rows),
                grouped(statistics.files),
                grouped(statistics.bytes),
                services.lake_address()
            ),
        ),
        Err(error) => {
            let advice = error.advice();
            Finding::bad("lake", words(&error.into()), advice)
        }
    }
}

/// Whether everything that is looked for can be: policies, tables, pauses.
async fn detection(services: &Services) -> Vec<Finding> {
    const CHECK: &str = "detection";
    let failed = |error: anyhow::Error| {
        let advice = output::advice(&error);
        vec![Finding::bad(CHECK, words(&error), advice)]
    };
    let knowledge = match services.knowledge().await {
        Ok(knowledge) => knowledge,
        Err(error) => return failed(error.into()),
    };
    let settings = match services.ledger().all_policy_settings().await {
        Ok(settings) => settings,
        Err(error) => return failed(error.into()),
    };
    let mut findings: Vec<Finding> = knowledge
        .warnings(services.clock().now())
        .into_iter()
        .map(|warning| Finding::bad(CHECK, warning.found, warning.advice))
        .collect();
    findings.extend(settings.into_iter().filter_map(|set| {
        let pause = set.paused?;
        let found = format!(
            "{} is paused since {}: {}",
            set.policy,
            canonical_time(pause.since),
            pause.why
        );
        let advice = format!(
            "Narrow it, then `drishti policies set {} --resume`.",
            shell_word(&set.policy)
        );
        Some(Finding::bad("policy", found, advice))
    }));
    if findings.is_empty() {
        let count = knowledge.pack.policies.len();
        let found = format!(
            "{} policies can be read, none is paused",
            grouped(count as u64)
        );
        findings.push(Finding::good(CHECK, found));
    }
    findings
}

async fn sources(services: &Services, offline: bool) -> Vec<Finding> {
    let overviews = match services.sources().await {
        Ok(overviews) => overviews,
        Err(error) => {
            let advice = error.advice();
            return vec![Finding::bad("sources", words(&error.into()), advice)];
        }
    };
    if overviews.is_empty() {
        return vec![Finding::bad(
            "sources",
            "there are none",
            "Add one with `drishti sources add`, or run `drishti demo`.",
        )];
    }
    let mut findings = Vec::new();
    for overview in overviews {
        let name = &overview.source.name;
        let check = format!("source {name}");
        findings.push(standing(&check, &overview));
        findings.extend(coverage(services, &check, &overview));
        if overview.quarantined > 0 {
            let found = format!("{} events were refused", grouped(overview.quarantined));
            let advice = format!(
                "`drishti sources quarantine list --source {}` shows why.",
                shell_word(name.as_str())
            );
            findings.push(Finding::bad(&format!("{check}, quarantine"), found, advice));
        }
        if !offline && overview.source.has_token {
            findings.extend(connection(services, &check, name).await);
        }
    }
    findings
}

fn standing(check: &str, overview: &SourceOverview) -> Finding {
    let Some(status) = &overview.status else {
        return Finding::good(check, "not collected yet");
    };
    match overview.state() {
        Some(SourceState::Error) => {
            Finding::bad(check, status.reason.clone(), status.advice.clone())
        }
        Some(state) if status.status == HealthStatus::Unhealthy => Finding::bad(
            check,
            format!("{state}: {}", status.reason),
            status.advice.clone(),
        ),
        Some(state) => Finding::good(check, format!("{state}: {}", status.reason)),
        None => Finding::good(check, status.reason.clone()),
    }
}

fn coverage(services: &Services, check: &str, overview: &SourceOverview) -> Vec<Finding> {
    let name = shell_word(overview.source.name.as_str());
    let check = format!("{check}, coverage");
    let mut findings = Vec::new();
    if !overview.gaps.is_empty() {
        let found = format!("{} spans of time are not complete", overview.gaps.len());
        let advice = format!(
            "`drishti sources coverage {name}` shows them; they are fetched again while Asana has them."
        );
        findings.push(Finding::bad(&check, found, advice));
    }
    if let Some(unread) = overview.unread {
        let found = format!(
            "everything since {} is not read yet",
            canonical_time(unread.start)
        );
        let is_wanted = overview.source.desired == DesiredState::Running;
        let is_long = services.clock().now() - unread.start > UNREAD_MAX;
        findings.push(if is_wanted && is_long {
            let advice = format!(
                "Let `drishti serve` run, or `drishti collect --source {name}` at least once a day. Asana keeps 90 days."
            );
            Finding::bad(&check, found, advice)
        } else {
            Finding::good(&check, found)
        });
    }
    findings
}

async fn connection(
    services: &Services,
    check: &str,
    name: &drishti_model::SourceName,
) -> Vec<Finding> {
    match services.test_source(name).await {
        Ok(test) => test
            .capabilities
            .into_iter()
            .map(|capability| Finding {
                check: format!("{check}, {}", capability.name),
                ok: capability.ok,
                found: capability.words,
                advice: capability.advice,
            })
            .collect(),
        Err(error) => {
            let advice = error.advice();
            vec![Finding::bad(check, words(&error.into()), advice)]
        }
    }
}
