//! The commands about what is looked for, what was found, and what is known.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, value_parser};
use drishti_model::SourceName;
use drishti_simulator::{PEOPLE_MAX, PEOPLE_MIN};

use super::{ListArgs, ListFormat, key_value};

/// What tells about addresses, besides what the configuration names.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TablesArgs {
    /// `MaxMind` database or CSV that says where addresses are; can be given often.
    #[arg(long, value_name = "FILE")]
    pub(crate) places: Vec<PathBuf>,
    /// List of addresses or networks, one a line; its name says what they are: `tor`, `proxy`, `vpn`, `hosting`, `malicious`, or a tag of
    /// your own; can be given often.
    #[arg(long = "feed", value_name = "NAME=FILE", value_parser = key_value)]
    pub(crate) feeds: Vec<(String, String)>,
}

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
pub(crate) enum PoliciesCommand {
    /// Show all, with their modes.
    List(ListArgs),
    /// Show one: what it looks for, and what to do.
    Show(PolicyArgs),
    /// Look for faults in files.
    Lint(PolicyFilesArgs),
    /// Run the examples in the files.
    Test(PolicyTestArgs),
    /// Try one on the events in the lake.
    Backtest(BacktestArgs),
    /// Change how one works here, without changing its file.
    Set(PolicySetArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// Name of the policy, such as `asana.saml_made_optional`.
    pub(crate) policy: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyFilesArgs {
    /// Folder or file of policies; without it the shipped ones and those of the installation.
    pub(crate) path: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyTestArgs {
    /// Folder or file of policies; without it the shipped ones and those of the installation.
    pub(crate) path: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ReportFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    #[default]
    Text,
    Json,
    Junit,
}

#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// Name of the policy.
    pub(crate) policy: String,
    /// A changed version of it, to be compared with the one in force.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// How many days back.
    #[arg(long, default_value_t = 90, value_name = "N", value_parser = value_parser!(u32).range(1..=3_660))]
    pub(crate) days: u32,
    /// Only the events of this source.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<SourceName>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct PolicySetArgs {
    /// Name of the policy.
    pub(crate) policy: String,
    /// `alert`, `record` or `off`; `file` for what the file says.
    #[arg(long, value_name = "MODE", required_unless_present = "resume")]
    pub(crate) mode: Option<PolicyMode>,
    /// End a pause that began because it matched too often.
    #[arg(long)]
    pub(crate) resume: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyMode {
    Alert,
    Record,
    Off,
    File,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// Show them, the newest first.
    List(AlertListArgs),
    /// Show one: why, its events, its history.
    Show(AlertArgs),
    /// Say what becomes of one.
    Triage(TriageArgs),
    /// Say why a policy speaks about an event, or why it does not.
    Explain(ExplainArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AlertListArgs {
    /// Only those in this state.
    #[arg(long, value_enum)]
    pub(crate) state: Option<AlertStateArg>,
    /// Only those at least as bad: `informational`, `low`, `medium`, `high`, `critical`.
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) severity: Option<drishti_model::Severity>,
    /// Only those of this policy.
    #[arg(long, value_name = "NAME")]
    pub(crate) policy: Option<String>,
    /// Only those of this source.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<SourceName>,
    /// Most alerts to print.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u64).range(1..=10_000))]
    pub(crate) limit: u64,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlertStateArg {
    New,
    InReview,
    Resolved,
}

#[derive(Debug, Args)]
pub(crate) struct AlertArgs {
    /// Its id, or the beginning of it.
    pub(crate) id: String,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct TriageArgs {
    /// Its id, or the beginning of it.
    pub(crate) id: String,
    /// The state from now on.
    #[arg(long, value_enum)]
    pub(crate) state: Option<AlertStateArg>,
    /// What it was, where it is resolved.
    #[arg(long, value_enum, required_if_eq("state", "resolved"))]
    pub(crate) classification: Option<ClassificationArg>,
    /// Why.
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who looks after it; empty for nobody.
    #[arg(long, value_name = "NAME")]
    pub(crate) assignee: Option<String>,
    /// Something to remember.
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// Who says so; the user of this machine without it.
    #[arg(
        long,
        value_name = "NAME",
        env = "USER",
        hide_env_values = true,
        default_value = "command line"
    )]
    pub(crate) author: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClassificationArg {
    TruePositive,
    Benign,
    FalsePositive,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Gid of the event.
    #[arg(long, value_name = "GID")]
    pub(crate) event: String,
    /// Name of the policy.
    #[arg(long, value_name = "NAME")]
    pub(crate) policy: String,
    /// Source of the event, where several have one of this gid.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<SourceName>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// Take what a file tells, in place of what it told before: who has left, who is leaving, who is in which group.
    Import(PeopleImportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct PeopleImportArgs {
    /// CSV with `gid` or `email`, and any of `groups` (separated by `;`), `leaving_since`, `terminated_since`.
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
pub(crate) enum GeoCommand {
    /// Fetch the places and feeds that the configuration names by an address.
    Update,
    /// Say what is known of an address, and who says so.
    Why(WhyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// IPv4 or IPv6 address.
    pub(crate) address: String,
    #[command(flatten)]
    pub(crate) tables: TablesArgs,
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
