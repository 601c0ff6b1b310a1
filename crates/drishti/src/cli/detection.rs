//! The commands about people, and those that evaluate apart from collecting.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};
use drishti_model::SourceName;
use drishti_simulator::{PEOPLE_MAX, PEOPLE_MIN};

use super::{ListFormat, PeopleListArgs, PersonShowArgs, TablesArgs};

#[derive(Debug, Args)]
pub(crate) struct DetectArgs {
    /// JSONL, `{"data":[…]}` or an array, plain or packed with gzip or zstd; `-` reads standard input.
    pub(crate) file: PathBuf,
    /// CSV of people: `gid`, `email`, `role`, `groups`, `leaving_since`, `terminated_since`.
    #[arg(long, value_name = "FILE")]
    pub(crate) people: Option<PathBuf>,
    /// Folder of policies beside, or in place of, the shipped ones.
    #[arg(long, value_name = "DIR")]
    pub(crate) policies: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tables: TablesArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// List who does something in the sources, who has an account there, and who is at risk.
    List(PeopleListArgs),
    /// Show a person: account, risk with its causes, alerts, and what is usual for them.
    Show(PersonShowArgs),
    /// Take what a file tells, in place of what it told before: who has left, who is leaving, who is in which group.
    Import(PeopleImportArgs),
    /// Show the riskiest people of the last 7 days; with a name, what adds to the risk of this person.
    Risk(PeopleRiskArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PeopleRiskArgs {
    /// Gid, e-mail address or name.
    pub(crate) person: Option<String>,
    /// Only what comes from this source.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<SourceName>,
    /// Most people to print.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u64).range(1..=10_000))]
    pub(crate) limit: u64,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PeopleImportArgs {
    /// CSV with `gid` or `email`, and any of `role`, `groups` (separated by `;`), `leaving_since`, `terminated_since`.
    pub(crate) file: PathBuf,
    /// Who tells it; the file's name without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Option<String>,
    /// Only of the people of this source.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<SourceName>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// How many attacks on simulated organisations are found, and how many alerts are wrong.
    Detection(BenchDetectionArgs),
}

#[derive(Debug, Args)]
pub(crate) struct BenchDetectionArgs {
    /// Seeds of the organisations.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "101,102,103",
        value_name = "N,…"
    )]
    pub(crate) seeds: Vec<u64>,
    /// How many people each has.
    #[arg(long, default_value_t = 400, value_name = "N", value_parser = value_parser!(u32).range(i64::from(PEOPLE_MIN)..=i64::from(PEOPLE_MAX)))]
    pub(crate) people: u32,
    /// How many days of history each has.
    #[arg(long, default_value_t = 90, value_name = "N", value_parser = value_parser!(u32).range(20..=90))]
    pub(crate) days: u32,
    /// When the history ends; now without it.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<chrono::DateTime<chrono::Utc>>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RebuildCommand {
    /// Evaluate all events of a source anew: what is usual, and the alerts.
    Baselines(RebuildArgs),
    /// Say anew of stored events what places, feeds and ranges say of their addresses now; then evaluate all of them anew.
    Enrichment(RebuildEnrichmentArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RebuildEnrichmentArgs {
    /// Only events of the last N days; all without it.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=36_600))]
    pub(crate) days: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// Only this source; all without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<SourceName>,
}
