//! `drishti doctor`

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use drishti_model::SourceState;
use drishti_services::Services;
use serde::Serialize;

use crate::cli::{Cli, DoctorArgs};
use crate::configuration::Configuration;
use crate::home::Home;
use crate::output::{Row, grouped, print_list};

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
    let home = match Home::existing(&cli.home) {
        Ok(home) => home,
        Err(error) => return vec![Finding::bad("home", words(&error), "")],
    };
    let mut findings = vec![
        Finding::good("home", home.path().display().to_string()),
        secret_file("key", &home.key_path()),
        secret_file("api token", &home.api_token_path()),
    ];
    let configuration = match Configuration::load(cli, &home) {
        Ok(configuration) => configuration,
        Err(error) => {
            let advice = "Correct the file at the place that the message names.";
            findings.push(Finding::bad("configuration", words(&error), advice));
            return findings;
        }
    };
    findings.push(Finding::good("configuration", "can be read"));
    match configuration.open(&home).await {
        Ok(services) => {
            findings.push(Finding::good("ledger", "opens, and the key fits"));
            findings.push(lake(&services).await);
            findings.extend(sources(&services, offline).await);
        }
        Err(error) => {
            let advice = error
                .downcast_ref::<drishti_services::ServiceError>()
                .map(drishti_services::ServiceError::advice)
                .unwrap_or_default();
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
        findings.push(match &overview.status {
            Some(status) if status.state == SourceState::Error => {
                Finding::bad(&check, status.reason.clone(), status.advice.clone())
            }
            Some(status) => Finding::good(&check, format!("{}: {}", status.state, status.reason)),
            None => Finding::good(&check, "not collected yet"),
        });
        if !overview.gaps.is_empty() {
            let found = format!("{} spans of time are not complete", overview.gaps.len());
            let advice = format!(
                "`drishti sources coverage {name}` shows them; they are fetched again while Asana has them."
            );
            findings.push(Finding::bad(&format!("{check}, coverage"), found, advice));
        }
        if overview.quarantined > 0 {
            let found = format!("{} events were refused", grouped(overview.quarantined));
            let advice = format!("`drishti sources quarantine list --source '{name}'` shows why.");
            findings.push(Finding::bad(&format!("{check}, quarantine"), found, advice));
        }
        if !offline && overview.source.has_token {
            findings.extend(connection(services, &check, name).await);
        }
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
