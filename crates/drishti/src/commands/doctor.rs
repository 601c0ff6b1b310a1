//! `drishti doctor`

mod server;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use drishti_services::doctor::Finding;

use crate::cli::{Cli, DoctorArgs};
use crate::configuration::Configuration;
use crate::configuration::proxy::shown;
use crate::home::Home;
use crate::output::{self, Row, print_list};

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
    findings.extend(server::encryption(&configuration));
    match configuration.open(&home).await {
        Ok(services) => {
            findings.extend(services.examine(!offline).await);
            findings.extend(server::provider(&services, &configuration, offline).await);
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
