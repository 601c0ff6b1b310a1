//! `drishti people list` and `drishti people show`

use std::io::stdout;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{AccountRole, AccountStatus, SourceScope};
use drishti_services::detect::{ActionHabit, Habits, Usual};
use drishti_services::people::{PeopleFilter, PersonInSource, PersonKind, PersonStory, PersonView};

use crate::cli::{Cli, ListFormat, PeopleFormat, PeopleListArgs, PersonShowArgs};
use crate::commands::sources::time;
use crate::output::{self, Row, grouped, print_data, print_list};

/// Values of one attribute that are told of a person.
const VALUES_TOLD_MAX: usize = 3;

/// What a spreadsheet would take for the begin of a formula.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

impl Row for PersonView {
    const HEADINGS: &'static [&'static str] = &[
        "person",
        "name",
        "e-mail",
        "kind",
        "role",
        "last seen",
        "events",
        "risk",
        "alerts",
    ];

    fn cells(&self) -> Vec<String> {
        let unknown = || "?".to_owned();
        vec![
            self.id.clone(),
            self.name.clone().unwrap_or_else(unknown),
            self.email.clone().unwrap_or_else(unknown),
            self.kind
                .map_or_else(unknown, |kind| kind.as_str().to_owned()),
            self.role
                .map_or_else(unknown, |role| role.as_str().to_owned()),
            self.last_seen_at.map_or_else(|| "never".to_owned(), time),
            self.events.map_or_else(unknown, grouped),
            self.risk.to_string(),
            grouped(self.open_alerts),
        ]
    }
}

pub(super) async fn list(cli: &Cli, arguments: &PeopleListArgs) -> anyhow::Result<ExitCode> {
    let services = crate::commands::open_existing(cli).await?;
    let now = services.clock().now();
    let ago = |days: u32| now - TimeDelta::days(i64::from(days));
    let filter = PeopleFilter {
        source: arguments.source.clone(),
        scope: SourceScope::All,
        text: arguments.text.clone(),
        kind: arguments.kind,
        role: arguments.role,
        status: arguments.status,
        risk_min: arguments.risk_min,
        has_alerts: arguments.with_alerts.then_some(true),
        is_leaving: arguments.leaving.then_some(true),
        seen_from: arguments.seen.map(ago),
        seen_to: arguments.idle.map(ago),
        order: arguments.order,
        after: None,
        limit: usize::try_from(arguments.limit).unwrap_or(usize::MAX),
    };
    let page = services.people(filter).await?;
    match arguments.format {
        PeopleFormat::Table => print_list(&page.people, ListFormat::Table)?,
        PeopleFormat::Json => print_list(&page.people, ListFormat::Json)?,
        PeopleFormat::Jsonl => print_list(&page.people, ListFormat::Jsonl)?,
        PeopleFormat::Csv => print_csv(&page.people)?,
    }
    if page.next.is_some() {
        output::say(&format!(
            "the first {} of {} people; `--limit` shows more",
            grouped(page.people.len() as u64),
            grouped(page.total)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn print_csv(people: &[PersonView]) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_writer(stdout().lock());
    let mut write = || -> csv::Result<()> {
        out.write_record([
            "id",
            "name",
            "email",
            "kind",
            "role",
            "status",
            "sources",
            "first_seen_at",
            "last_seen_at",
            "events",
            "risk",
            "open_alerts",
            "groups",
            "leaving_since",
            "terminated_since",
        ])?;
        people
            .iter()
            .try_for_each(|person| out.write_record(fields(person)))?;
        Ok(out.flush()?)
    };
    write().context("writing to standard output")
}

/// What is unknown is empty.
fn fields(person: &PersonView) -> Vec<String> {
    let text = |text: &Option<String>| harmless(text.as_deref().unwrap_or_default());
    let at = |at: Option<DateTime<Utc>>| at.map(time).unwrap_or_default();
    vec![
        harmless(&person.id),
        text(&person.name),
        text(&person.email),
        person.kind.map_or("", PersonKind::as_str).to_owned(),
        person.role.map_or("", AccountRole::as_str).to_owned(),
        person.status.map_or("", AccountStatus::as_str).to_owned(),
        person.sources.join(";"),
        at(person.first_seen_at),
        at(person.last_seen_at),
        person
            .events
            .map(|events| events.to_string())
            .unwrap_or_default(),
        person.risk.to_string(),
        person.open_alerts.to_string(),
        harmless(&person.groups.join(";")),
        at(person.leaving_since),
        at(person.terminated_since),
    ]
}

/// A text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA_STARTS) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

pub(super) async fn show(cli: &Cli, arguments: &PersonShowArgs) -> anyhow::Result<ExitCode> {
    let services = crate::commands::open_existing(cli).await?;
    let (person, source) = (&arguments.person, arguments.source.as_ref());
    let story = services.person(person, source, &SourceScope::All).await?;
    match arguments.format {
        ListFormat::Table => print_data(&told(&story))?,
        ListFormat::Json => print_data(&serde_json::to_string_pretty(&story)?)?,
        ListFormat::Jsonl => print_data(&serde_json::to_string(&story)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A person for people.
fn told(story: &PersonStory) -> String {
    let person = &story.person;
    let called = person.name.as_ref().or(person.email.as_ref());
    let mut lines = vec![format!(
        "{} ({}{})",
        called.unwrap_or(&person.id),
        person.id,
        person
            .email
            .as_ref()
            .map(|email| format!(", {email}"))
            .unwrap_or_default(),
    )];
    lines.push(format!(
        "  risk: {} points in 7 days; alerts that wait: {}",
        person.risk,
        grouped(person.open_alerts)
    ));
    for source in &story.sources {
        lines.push(format!("in {}:", source.source));
        lines.extend(
            in_source(source)
                .into_iter()
                .map(|line| format!("  {line}")),
        );
    }
    if !story.risk_addends.is_empty() {
        lines.push("risk:".to_owned());
        lines.extend(story.risk_addends.iter().map(|addend| {
            let counts = if addend.counts {
                ""
            } else {
                " (does not count)"
            };
            format!(
                "  {} {:>4} {}{counts}",
                time(addend.at),
                addend.points,
                addend.why
            )
        }));
    }
    if !story.alerts.is_empty() {
        lines.push("alerts:".to_owned());
        lines.extend(story.alerts.iter().map(|alert| {
            let id: String = alert.id.chars().take(super::ID_CHARS_SHOWN).collect();
            format!(
                "  {} {id} {}, {}: {}",
                time(alert.time),
                alert.severity,
                alert.state,
                alert.title
            )
        }));
    }
    lines.join("\n")
}

fn in_source(known: &PersonInSource) -> Vec<String> {
    let mut lines = vec![match &known.account {
        None => "account: the directory knows none".to_owned(),
        Some(account) => format!(
            "account: {}, {}{}",
            account.role.as_str(),
            account.status.as_str(),
            account
                .joined_at
                .map(|at| format!(", joined {}", time(at)))
                .unwrap_or_default()
        ),
    }];
    for facts in &known.facts {
        let since = |words: &str, at: Option<DateTime<Utc>>| {
            at.map(|at| format!("{words} since {}", time(at)))
        };
        let groups = facts.groups.join(", ");
        let said = [
            (!groups.is_empty()).then(|| format!("in {groups}")),
            since("leaving", facts.leaving_since),
            since("terminated", facts.terminated_since),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        lines.push(format!("{} says: {}", facts.told_by, said.join("; ")));
    }
    lines.push(match &known.seen {
        None => "events: none".to_owned(),
        Some(seen) => format!(
            "events: {}, from {} to {}",
            grouped(seen.events),
            time(seen.first_at),
            time(seen.last_at)
        ),
    });
    match &known.habits {
        None => lines.push("usual: unknown, nothing was learned yet".to_owned()),
        Some(habits) => lines.extend(usual(habits)),
    }
    lines
}

/// What is usual for somebody, a line each.
fn usual(habits: &Habits) -> Vec<String> {
    let mut lines = Vec::new();
    if !habits.is_learned {
        lines.push(format!(
            "still learning: {} active days",
            habits.active_days
        ));
    }
    let hours = habits.hours.as_ref();
    let hours = hours.map(|hours| format!("{:02}–{:02} (UTC)", hours.from_hour, hours.to_hour));
    lines.extend(hours.map(|hours| format!("usual hours: {hours}")));
    for (what, values) in [
        ("countries", &habits.countries),
        ("networks", &habits.networks),
        ("devices", &habits.devices),
        ("apps", &habits.apps),
    ] {
        if !values.is_empty() {
            lines.push(format!("usual {what}: {}", listed(values)));
        }
    }
    lines.extend(habits.actions.iter().map(action));
    lines
}

fn listed(values: &[Usual]) -> String {
    let more = values.len().saturating_sub(VALUES_TOLD_MAX);
    let told = values.iter().take(VALUES_TOLD_MAX).map(|value| {
        let name = value.name.as_deref().unwrap_or("unknown");
        format!(
            "{name} ({} events on {} days)",
            grouped(value.events.into()),
            value.days
        )
    });
    let mut told: Vec<String> = told.collect();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told.join(", ")
}

fn action(habit: &ActionHabit) -> String {
    let peers = habit.peers.as_ref();
    let peers = peers
        .map(|peers| format!("; colleagues {}", peers.day_mean))
        .unwrap_or_default();
    format!(
        "{} a day: {}, at most {}{peers}",
        habit.action, habit.day_mean, habit.day_most
    )
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_are_made_harmless() {
        for (text, told) in [
            ("=1+1", "'=1+1"),
            ("@sum", "'@sum"),
            ("-2", "'-2"),
            ("\tx", "'\tx"),
            ("Ada = B", "Ada = B"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), told);
        }
    }
}
