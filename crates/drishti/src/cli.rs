//! The command line.

mod addresses;
mod alerts;
mod detection;
mod operators;
mod people;
mod policies;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use drishti_model::SourceName;
use drishti_simulator::{DAYS_MAX, PEOPLE_MAX, PEOPLE_MIN, SimulateArgs};

pub(crate) use addresses::*;
pub(crate) use alerts::*;
pub(crate) use detection::*;
pub(crate) use operators::*;
pub(crate) use people::*;
pub(crate) use policies::*;

/// The home folder where none is named.
pub(crate) const HOME: &str = "drishti-data";

/// The demo's, so that made-up events and real ones never share a folder by accident.
pub(crate) const DEMO_HOME: &str = "drishti-demo";

/// Heading of the options that every command has.
const EVERYWHERE: &str = "Options of every command";

/// Protects an organisation's Asana.
#[derive(Debug, Parser)]
#[command(
    name = "drishti",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// Folder of the installation: configuration, key, ledger and lake; `drishti-data`, and for the demo `drishti-demo`.
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "DRISHTI_HOME", hide_env_values = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Configuration file; `drishti.toml` in the home folder if there is one.
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "DRISHTI_CONFIG", hide_env_values = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What to log to standard error, such as `info` or `drishti_services=debug`.
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "DRISHTI_LOG", hide_env_values = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// The home folder: the one that is named, else the usual one of the command.
    pub(crate) fn home(&self) -> &Path {
        let usual = match self.command {
            Command::Demo(_) => DEMO_HOME,
            _ => HOME,
        };
        self.home.as_deref().unwrap_or(Path::new(usual))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try it: a simulated Asana with history and live traffic, collected as a real one would be.
    Demo(DemoArgs),
    /// Run the product: collect all sources and answer the API.
    Serve(ServeArgs),
    /// Run the stand-in Asana alone.
    Simulate(Box<SimulateArgs>),
    /// The Asana workspaces that are collected.
    #[command(subcommand)]
    Sources(SourcesCommand),
    /// Collect until caught up, then exit (for cron).
    Collect(CollectArgs),
    /// Bring audit events from a file into the lake.
    Ingest(IngestArgs),
    /// Ask the lake a question in SQL.
    Query(QueryArgs),
    /// Evaluate audit events from a file with fresh state; alerts as JSON lines.
    Detect(DetectArgs),
    /// What is looked for.
    #[command(subcommand)]
    Policies(PoliciesCommand),
    /// What was found.
    #[command(subcommand)]
    Alerts(AlertsCommand),
    /// What is kept quiet for a while.
    #[command(subcommand)]
    Suppressions(SuppressionsCommand),
    /// Who is who, what is known of them, and how risky they are.
    #[command(subcommand)]
    People(PeopleCommand),
    /// What is known of addresses.
    #[command(subcommand)]
    Geo(GeoCommand),
    /// Your own address ranges.
    #[command(subcommand)]
    Ranges(RangesCommand),
    /// Who may sign in.
    #[command(subcommand)]
    Operators(OperatorsCommand),
    /// Measure.
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Make derived state anew from the lake.
    #[command(subcommand)]
    Rebuild(RebuildCommand),
    /// Check the installation and say what to do.
    Doctor(DoctorArgs),
    /// Print the description of the API (OpenAPI 3.1).
    Openapi,
}

impl Command {
    /// Whether the command runs until it is stopped.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self, Self::Serve(_))
    }
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// How many people the simulated organisation has.
    #[arg(long, default_value_t = 400, value_name = "N", value_parser = value_parser!(u32).range(i64::from(PEOPLE_MIN)..=i64::from(PEOPLE_MAX)))]
    pub(crate) people: u32,
    /// How many days of history it has.
    #[arg(long, default_value_t = 90, value_name = "N", value_parser = value_parser!(u32).range(1..=i64::from(DAYS_MAX)))]
    pub(crate) days: u32,
    /// The same seed makes the same organisation.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Where the API listens.
    #[arg(
        long,
        env = "DRISHTI_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS"
    )]
    pub(crate) listen: Option<SocketAddr>,
    /// Exit when everything is collected, instead of going on with live traffic.
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where the API listens; loopback unless you say otherwise.
    #[arg(
        long,
        env = "DRISHTI_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS"
    )]
    pub(crate) listen: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    #[default]
    Table,
    Json,
    Jsonl,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct AuthorArgs {
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

#[derive(Debug, Args)]
pub(crate) struct NamedArgs {
    /// Instance name of the source.
    pub(crate) name: SourceName,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourcesCommand {
    /// List the sources and how they are.
    List(ListArgs),
    /// Add a source.
    Add(Box<AddArgs>),
    /// Change a source; what is not given stays.
    Update(Box<UpdateArgs>),
    /// Try token, workspace, audit log and users, each apart.
    Test {
        #[command(flatten)]
        source: NamedArgs,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Start the source's task anew, as after mending its configuration.
    Restart(NamedArgs),
    /// Stop fetching; everything is kept.
    Pause(NamedArgs),
    /// Go on fetching.
    Resume(NamedArgs),
    /// Forget the source. Its events stay in the lake.
    Remove(NamedArgs),
    /// Which spans of time are known complete, and which are missing.
    Coverage {
        #[command(flatten)]
        source: NamedArgs,
        #[command(flatten)]
        list: ListArgs,
    },
    /// What happened to the sources, newest first.
    Health {
        /// Only this source.
        #[arg(long, value_name = "NAME")]
        source: Option<SourceName>,
        /// How many.
        #[arg(long, default_value_t = 50, value_name = "N")]
        limit: u64,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Events that were refused.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List them, oldest first.
    List {
        /// Only this source.
        #[arg(long, value_name = "NAME")]
        source: Option<SourceName>,
        /// Only those after this id.
        #[arg(long, value_name = "ID")]
        after: Option<i64>,
        /// How many.
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: u64,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Try them again; those that are good now leave the quarantine.
    Replay {
        /// Only this source.
        #[arg(long, value_name = "NAME")]
        source: Option<SourceName>,
        /// Only these; all if none is given.
        ids: Vec<i64>,
    },
    /// Print the bytes of one as they came, and why it was refused.
    Show {
        /// Its id in the list.
        id: i64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ProfileArgs {
    /// Base address of the API.
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// Free text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Sumo Logic's `_sourceCategory`.
    #[arg(long, value_name = "TEXT")]
    pub(crate) category: Option<String>,
    /// Metadata of all events of the source; can be given often.
    #[arg(long = "field", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) fields: Vec<(String, String)>,
    /// File with the service account's token; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Seconds between two polls.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) poll_interval: Option<u32>,
    /// Days that the first connection fetches.
    #[arg(long, value_name = "DAYS")]
    pub(crate) backfill_days: Option<u32>,
    /// Fetch the newest events first.
    #[arg(long)]
    pub(crate) newest_first: bool,
    /// Requests a minute; 0 leaves it to the server.
    #[arg(long, value_name = "N")]
    pub(crate) requests_per_minute: Option<u32>,
    /// Reads side by side.
    #[arg(long, value_name = "N")]
    pub(crate) concurrent_reads: Option<u32>,
    /// Seconds of silence that raise the log drop-off alarm; 0 switches it off.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) drop_off: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Instance name of the source.
    #[arg(long, value_name = "NAME", required_unless_present = "sumo")]
    pub(crate) name: Option<SourceName>,
    /// Workspace or organisation; without it, every workspace that the token sees becomes a source.
    #[arg(long, value_name = "GID")]
    pub(crate) workspace: Option<String>,
    /// Take the source from a Sumo Logic JSON file instead; `-` reads standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "workspace"])]
    pub(crate) sumo: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// Instance name of the source.
    pub(crate) name: SourceName,
    /// Workspace or organisation.
    #[arg(long, value_name = "GID")]
    pub(crate) workspace: Option<String>,
    /// A field to take away; can be given often.
    #[arg(long = "remove-field", value_name = "KEY")]
    pub(crate) remove_fields: Vec<String>,
    /// Fetch the oldest events first again.
    #[arg(long, conflicts_with = "newest_first")]
    pub(crate) oldest_first: bool,
    #[command(flatten)]
    pub(crate) profile: ProfileArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CollectArgs {
    /// Instance name of the source.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: SourceName,
    #[command(flatten)]
    pub(crate) tables: TablesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct IngestArgs {
    /// JSONL, `{"data":[…]}` or an array, plain or packed with gzip or zstd; `-` reads standard input.
    pub(crate) file: PathBuf,
    /// Instance name of the source that the events belong to; made if there is none.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: SourceName,
    /// How to print the summary.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
    #[command(flatten)]
    pub(crate) tables: TablesArgs,
}

#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// One read-only statement over `events`, `sources` and `accounts`.
    pub(crate) sql: String,
    /// `table`, `json`, `jsonl`, `csv` or `parquet`.
    #[arg(long, default_value = "table", value_name = "FORMAT")]
    pub(crate) format: drishti_services::Format,
    /// Most rows to print.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) max_rows: usize,
    /// Longest time to answer.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) timeout: u64,
    /// Most working memory.
    #[arg(long, default_value_t = 512, value_name = "MB")]
    pub(crate) memory: usize,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Ask Asana nothing.
    #[arg(long)]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) list: ListArgs,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| "expected KEY=VALUE".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
