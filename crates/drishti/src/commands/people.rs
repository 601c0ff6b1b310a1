//! `drishti people`

mod known;

use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use drishti_model::{AccountRole, SourceName, SourceScope};
use drishti_services::PersonFact;
use drishti_services::risk::{RISK_DAYS, RiskAddendView, RiskView};
use serde::Deserialize;

use super::alerts::ID_CHARS_SHOWN;
use super::sources::time;
use crate::cli::{Cli, ListFormat, PeopleCommand, PeopleImportArgs, PeopleRiskArgs};
use crate::output::{self, Row, grouped, print_data, print_list};

/// Who changes what is changed here.
const AUTHOR: &str = "command line";

/// The columns that say something about a person.
const TELLING: [&str; 4] = ["role", "groups", "leaving_since", "terminated_since"];

/// A line of the file.
#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    gid: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    groups: String,
    #[serde(default)]
    leaving_since: String,
    #[serde(default)]
    terminated_since: String,
}

pub(crate) async fn run(cli: &Cli, command: &PeopleCommand) -> anyhow::Result<ExitCode> {
    match command {
        PeopleCommand::List(arguments) => known::list(cli, arguments).await,
        PeopleCommand::Show(arguments) => known::show(cli, arguments).await,
        PeopleCommand::Import(arguments) => import(cli, arguments).await,
        PeopleCommand::Risk(arguments) => risk(cli, arguments).await,
    }
}

async fn import(cli: &Cli, arguments: &PeopleImportArgs) -> anyhow::Result<ExitCode> {
    let file = &arguments.file;
    let name = file.file_name().unwrap_or(file.as_os_str());
    let provider = arguments
        .provider
        .clone()
        .unwrap_or_else(|| name.to_string_lossy().into_owned());
    let facts = read(file, &provider, arguments.source.as_ref())?;
    let services = super::open_existing(cli).await?;
    let now = services.clock().now();
    services
        .ledger()
        .replace_people_facts(&provider, &facts, AUTHOR, now)
        .await?;
    print_data(&format!(
        "{provider} tells of {} people",
        grouped(facts.len() as u64)
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// What a file tells of people.
pub(crate) fn read(
    file: &Path,
    provider: &str,
    source: Option<&SourceName>,
) -> anyhow::Result<Vec<PersonFact>> {
    let reading = || format!("reading `{}`", file.display());
    let input = File::open(file).with_context(reading)?;
    let mut rows = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(input);
    let headers = rows.headers().with_context(reading)?.clone();
    if !headers.iter().any(|name| name == "gid" || name == "email") {
        bail!(
            "reading `{}`: its first line names neither a column `gid` nor `email`",
            file.display()
        );
    }
    let others = headers
        .iter()
        .filter(|name| *name != "gid" && *name != "email");
    let (telling, unknown): (Vec<&str>, Vec<&str>) =
        others.partition(|name| TELLING.contains(name));
    if telling.is_empty() {
        bail!(
            "reading `{}`: it says nothing about people; name one of the columns {}",
            file.display(),
            TELLING.join(", ")
        );
    }
    if !unknown.is_empty() {
        output::say(&format!(
            "these columns of `{}` are left alone: {}",
            file.display(),
            unknown.join(", ")
        ));
    }
    let mut facts = Vec::new();
    for row in rows.deserialize() {
        let line: Line = row.with_context(reading)?;
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        let (gid, email) = (text(line.gid), text(line.email));
        if gid.is_none() && email.is_none() {
            continue;
        }
        facts.push(PersonFact {
            source: source.cloned(),
            gid,
            email,
            role: role(&line.role).with_context(reading)?,
            groups: line
                .groups
                .split(';')
                .map(|group| group.trim().to_owned())
                .filter(|group| !group.is_empty())
                .collect(),
            terminated_since: moment(&line.terminated_since).with_context(reading)?,
            leaving_since: moment(&line.leaving_since).with_context(reading)?,
            told_by: provider.to_owned(),
        });
    }
    Ok(facts)
}

fn role(text: &str) -> anyhow::Result<Option<AccountRole>> {
    if text.is_empty() {
        return Ok(None);
    }
    let role = text.to_ascii_lowercase().parse();
    role.map(Some).map_err(|problem: String| {
        anyhow::anyhow!("{problem}; there are admin, member, guest and view_only")
    })
}

/// A time, or a day, which begins at midnight UTC.
fn moment(text: &str) -> anyhow::Result<Option<DateTime<Utc>>> {
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(Some(day.and_time(NaiveTime::MIN).and_utc()));
    }
    let time = text.parse::<DateTime<Utc>>();
    time.map(Some)
        .with_context(|| format!("`{text}` is neither a day nor a time, such as 2026-03-01"))
}

impl Row for RiskView {
    const HEADINGS: &'static [&'static str] = &["person", "name", "points", "causes"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.person.clone(),
            self.name.clone().unwrap_or_default(),
            self.points.to_string(),
            grouped(self.causes),
        ]
    }
}

impl Row for RiskAddendView {
    const HEADINGS: &'static [&'static str] = &["when", "points", "counts", "why", "cause"];

    fn cells(&self) -> Vec<String> {
        let id: String = self.cause_id.chars().take(ID_CHARS_SHOWN).collect();
        vec![
            time(self.at),
            self.points.to_string(),
            if self.counts { "yes" } else { "no" }.to_owned(),
            self.why.clone(),
            format!("{} {id}", self.cause),
        ]
    }
}

async fn risk(cli: &Cli, arguments: &PeopleRiskArgs) -> anyhow::Result<ExitCode> {
    let services = super::open_existing(cli).await?;
    let source = arguments.source.as_ref();
    let Some(person) = &arguments.person else {
        let risks = services
            .risks(source, &SourceScope::All, arguments.limit)
            .await?;
        print_list(&risks, arguments.format)?;
        output::say_if_cut(risks.len(), arguments.limit);
        return Ok(ExitCode::SUCCESS);
    };
    let story = services.risk_of(person, source, &SourceScope::All).await?;
    match arguments.format {
        ListFormat::Table => {
            print_list(&story.addends, arguments.format)?;
            let RiskView {
                person,
                name,
                points,
                causes,
            } = &story.risk;
            output::say(&format!(
                "{}: {points} points in {RISK_DAYS} days, causes that count: {}",
                name.as_ref().unwrap_or(person),
                grouped(*causes)
            ));
        }
        ListFormat::Json => print_data(&serde_json::to_string_pretty(&story)?)?,
        ListFormat::Jsonl => print_data(&serde_json::to_string(&story)?)?,
    }
    Ok(ExitCode::SUCCESS)
}
