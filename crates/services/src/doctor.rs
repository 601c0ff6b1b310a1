//! What an owner should look at: lake, ledger, detection, sources, and what to do about each.

use chrono::TimeDelta;
use drishti_model::{DesiredState, HealthStatus, SourceName, SourceState, canonical_time};
use futures::{StreamExt, stream};
use serde::Serialize;

use crate::sources::SourceOverview;
use crate::words::{chain, grouped, shell_word};
use crate::{ServiceError, Services};

/// How long a source may stay unread between two runs before that needs a look.
const UNREAD_MAX: TimeDelta = TimeDelta::days(1);

/// Sources whose connections are tested side by side.
const CONNECTIONS_AT_ONCE: usize = 16;

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do; empty where nothing needs doing.
    pub advice: String,
}

impl Finding {
    /// All is well.
    pub fn good(check: &str, found: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            ok: true,
            found: found.into(),
            advice: String::new(),
        }
    }

    /// Something needs doing.
    pub fn bad(check: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            ok: false,
            found: found.into(),
            advice: advice.into(),
        }
    }

    fn of(check: &str, error: impl Into<ServiceError>) -> Self {
        let error = error.into();
        Self::bad(check, chain(&error), error.advice())
    }
}

impl Services {
    /// Looks at everything; with `asks_asana`, also at what the tokens of the sources may do.
    pub async fn examine(&self, asks_asana: bool) -> Vec<Finding> {
        let ledger = match self.ledger.ping().await {
            Ok(()) => Finding::good("ledger", "opens, and the key fits"),
            Err(error) => Finding::of("ledger", error),
        };
        let mut findings = vec![ledger, lake(self).await];
        findings.extend(sources(self, asks_asana).await);
        findings.extend(detection(self).await);
        findings
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
        Err(error) => Finding::of("lake", error),
    }
}

/// Whether everything that is looked for can be: policies, tables, pauses.
async fn detection(services: &Services) -> Vec<Finding> {
    const CHECK: &str = "detection";
    let knowledge = match services.knowledge().await {
        Ok(knowledge) => knowledge,
        Err(error) => return vec![Finding::of(CHECK, error)],
    };
    let settings = match services.ledger.all_policy_settings().await {
        Ok(settings) => settings,
        Err(error) => return vec![Finding::of(CHECK, error)],
    };
    let mut findings: Vec<Finding> = knowledge
        .warnings(services.clock.now())
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

async fn sources(services: &Services, asks_asana: bool) -> Vec<Finding> {
    let overviews = match services.sources().await {
        Ok(overviews) => overviews,
        Err(error) => return vec![Finding::of("sources", error)],
    };
    if overviews.is_empty() {
        return vec![Finding::bad(
            "sources",
            "there are none",
            "Add one with `drishti sources add`, or run `drishti demo`.",
        )];
    }
    // Side by side, since one that does not answer takes its time.
    let asked = overviews.iter().map(|overview| {
        (asks_asana && overview.source.has_token).then(|| overview.source.name.clone())
    });
    let asked: Vec<Option<SourceName>> = asked.collect();
    let connections = stream::iter(asked)
        .map(|name| connection(services, name))
        .buffered(CONNECTIONS_AT_ONCE);
    let connections: Vec<Vec<Finding>> = connections.collect().await;
    let mut findings = Vec::new();
    for (overview, connection) in overviews.iter().zip(connections) {
        let name = &overview.source.name;
        let check = format!("source {name}");
        findings.push(standing(&check, overview));
        findings.extend(coverage(services, &check, overview));
        if overview.quarantined > 0 {
            let found = match overview.quarantined {
                1 => "1 event was refused".to_owned(),
                count => format!("{} events were refused", grouped(count)),
            };
            let advice = format!(
                "`drishti sources quarantine list --source {}` shows why.",
                shell_word(name.as_str())
            );
            findings.push(Finding::bad(&format!("{check}, quarantine"), found, advice));
        }
        findings.extend(connection);
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
        let is_long = services.clock.now() - unread.start > UNREAD_MAX;
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

/// What the token of a source may do; nothing where none is to be asked for.
async fn connection(services: &Services, name: Option<SourceName>) -> Vec<Finding> {
    let Some(name) = name else { return Vec::new() };
    let check = &format!("source {name}");
    match services.test_source(&name).await {
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
        Err(error) => vec![Finding::of(check, error)],
    }
}
