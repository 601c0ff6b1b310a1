//! `drishti alerts`

mod kept;

use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_services::alerts::{AlertStory, AlertView, EntityView};
use drishti_services::detect::{Explanation, Verdict};
use drishti_services::watch::Explained;
use drishti_services::{AlertChange, AlertFilter, AlertState, Classification, Services, Triage};

use super::open_existing;
use super::sources::time;
use crate::cli::{
    AlertArgs, AlertListArgs, AlertStateArg, AlertsCommand, ClassificationArg, Cli, ExplainArgs,
    ListFormat, TriageArgs,
};
use crate::output::{self, Row, grouped, print_data, print_list};

/// Characters of an id that lists show; enough to name it.
pub(super) const ID_CHARS_SHOWN: usize = 10;

pub(crate) async fn run(cli: &Cli, command: &AlertsCommand) -> anyhow::Result<ExitCode> {
    match command {
        AlertsCommand::List(arguments) => list(cli, arguments).await,
        AlertsCommand::Show(arguments) => show(cli, arguments).await,
        AlertsCommand::Triage(arguments) => triage(cli, arguments).await,
        AlertsCommand::Explain(arguments) => explain(cli, arguments).await,
        AlertsCommand::Recorded(arguments) => kept::recorded(cli, arguments).await,
        AlertsCommand::Digest(arguments) => kept::digest(cli, arguments).await,
    }
}

impl Row for AlertView {
    const HEADINGS: &'static [&'static str] = &[
        "id",
        "last event",
        "severity",
        "state",
        "policy",
        "about",
        "alert",
        "events",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.chars().take(ID_CHARS_SHOWN).collect(),
            time(self.last_event_at),
            self.severity.to_string(),
            self.state.to_owned(),
            self.policy_id.clone(),
            called(&self.entity).to_owned(),
            self.title.clone(),
            grouped(self.events),
        ]
    }
}

fn called(entity: &EntityView) -> &str {
    entity.name.as_ref().unwrap_or(&entity.id)
}

fn state(state: AlertStateArg) -> AlertState {
    match state {
        AlertStateArg::New => AlertState::New,
        AlertStateArg::InReview => AlertState::InReview,
        AlertStateArg::Resolved => AlertState::Resolved,
    }
}

async fn list(cli: &Cli, arguments: &AlertListArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let filter = AlertFilter {
        states: arguments.state.map(state).into_iter().collect(),
        severity_min: arguments.severity,
        policies: arguments.policy.iter().cloned().collect(),
        source: arguments.source.clone(),
        entity_id: arguments.about.clone(),
        text: arguments.text.clone(),
        since: arguments.since.map(|days| days_ago(&services, days)),
        suppressed: arguments.suppressed.then_some(true),
        capped: arguments.capped.then_some(true),
        limit: arguments.limit,
        ..AlertFilter::default()
    };
    let alerts = services.alerts(&filter).await?;
    print_list(&alerts, arguments.format)?;
    output::say_if_cut(alerts.len(), arguments.limit);
    Ok(ExitCode::SUCCESS)
}

fn days_ago(services: &Services, days: u32) -> DateTime<Utc> {
    services.clock().now() - TimeDelta::days(i64::from(days))
}

async fn show(cli: &Cli, arguments: &AlertArgs) -> anyhow::Result<ExitCode> {
    let story = open_existing(cli).await?.alert(&arguments.id).await?;
    match arguments.format {
        ListFormat::Table => print_data(&told(&story))?,
        ListFormat::Json => print_data(&serde_json::to_string_pretty(&story)?)?,
        ListFormat::Jsonl => print_data(&serde_json::to_string(&story)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// An alert for people.
fn told(story: &AlertStory) -> String {
    let alert = &story.alert;
    let mut lines = vec![
        format!("{} ({})", alert.title, alert.severity),
        format!("  {}: {}", alert.policy_id, alert.policy_title),
        format!("  about {} {}", alert.entity.kind, called(&alert.entity)),
        format!(
            "  {}, from {} to {}: {} matches on {} events",
            alert.state,
            time(alert.first_event_at),
            time(alert.last_event_at),
            grouped(alert.matches),
            grouped(alert.events)
        ),
    ];
    if let Some(classification) = alert.classification {
        let reason = alert.reason.as_deref().unwrap_or_default();
        lines.push(format!("  resolved as {classification}: {reason}"));
    }
    if let Ok(explanation) = serde_json::from_value(story.explanation.clone()) {
        lines.extend(why(&explanation));
    }
    lines.push(format!("events: {}", story.event_gids.join(" ")));
    lines.extend(story.history.iter().map(|entry| {
        let change = [&entry.before, &entry.after, &entry.comment];
        let change: Vec<&str> = change.into_iter().flatten().map(String::as_str).collect();
        format!(
            "{} {} {}: {}",
            time(entry.at),
            entry.author,
            entry.action,
            change.join(" → ")
        )
    }));
    lines.join("\n")
}

/// Why a policy spoke, a line each.
fn why(explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![
        format!("expected: {}", explanation.expected),
        format!("seen: {}", explanation.seen),
    ];
    lines.extend(explanation.comparisons.iter().map(|comparison| {
        format!(
            "  {}: {:.2} against {:.2}",
            comparison.what, comparison.seen, comparison.limit
        )
    }));
    lines.extend(
        explanation
            .not_suppressed
            .iter()
            .map(|reason| format!("not suppressed: {reason}")),
    );
    let days = |days: Option<f64>| {
        days.map_or_else(
            || "never before".to_owned(),
            |days| format!("{days:.1} days ago"),
        )
    };
    lines.extend(explanation.rarity.iter().map(|rarity| {
        format!(
            "rarity: {} {}: this person {}, anybody {}",
            rarity.attribute,
            rarity.value,
            days(rarity.person_last_seen_days),
            days(rarity.organisation_last_seen_days)
        )
    }));
    lines
}

async fn triage(cli: &Cli, arguments: &TriageArgs) -> anyhow::Result<ExitCode> {
    let classification = arguments.classification.map(|was| match was {
        ClassificationArg::TruePositive => Classification::TruePositive,
        ClassificationArg::Benign => Classification::Benign,
        ClassificationArg::FalsePositive => Classification::FalsePositive,
    });
    let triage = match (arguments.state, classification) {
        (Some(AlertStateArg::New), _) => Some(Triage::New),
        (Some(AlertStateArg::InReview), _) => Some(Triage::InReview),
        (Some(AlertStateArg::Resolved) | None, Some(classification)) => Some(Triage::Resolved {
            classification,
            reason: arguments.reason.clone(),
        }),
        (Some(AlertStateArg::Resolved) | None, None) => None,
    };
    let assignee = arguments
        .assignee
        .as_ref()
        .map(|name| Some(name.clone()).filter(|name| !name.is_empty()));
    let change = AlertChange {
        triage,
        assignee,
        comment: arguments.comment.clone(),
    };
    let services = open_existing(cli).await?;
    let alert = services
        .triage(&arguments.id, &change, None, &arguments.author.author)
        .await?;
    print_data(&format!("{} is {}", alert.id, alert.state))?;
    Ok(ExitCode::SUCCESS)
}

async fn explain(cli: &Cli, arguments: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let explained = services
        .explain(
            &arguments.event,
            &arguments.policy,
            arguments.source.as_ref(),
        )
        .await?;
    match arguments.format {
        ListFormat::Table => {
            for one in &explained {
                print_data(&reasons(one))?;
            }
        }
        ListFormat::Json => print_data(&serde_json::to_string_pretty(&explained)?)?,
        ListFormat::Jsonl => {
            for one in &explained {
                print_data(&serde_json::to_string(one)?)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn reasons(explained: &Explained) -> String {
    let head = format!(
        "{} about event {} of {}:",
        explained.policy, explained.event, explained.source
    );
    let lines = match &explained.verdict {
        Verdict::Raised(finding) => {
            let mut lines = vec![format!("raised: {} ({})", finding.title, finding.severity)];
            lines.extend(why(&finding.explanation));
            let outcome = explained.outcome.iter();
            lines.extend(outcome.map(|outcome| format!("what comes of it: {outcome}")));
            lines
        }
        Verdict::Quiet(reasons) => reasons
            .iter()
            .map(|reason| format!("not raised because {reason}"))
            .collect(),
        Verdict::NotEvaluable(reason) => vec![format!("can't tell: {reason}")],
    };
    [head]
        .into_iter()
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n  ")
}
