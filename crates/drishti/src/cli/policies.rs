//! The commands about what is looked for.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum, value_parser};
use drishti_model::{Severity, SourceName};
use drishti_services::policies::Setting;
use serde_json::Value;

use super::{AuthorArgs, ListArgs, ListFormat};

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
    /// Keep one here, from a file.
    Add(PolicyAddArgs),
    /// Remove one that is kept here.
    Remove(PolicyRemoveArgs),
    /// Change how one works here, without changing its file.
    Set(Box<PolicySetArgs>),
    /// Who set what, the newest first.
    History(PolicyHistoryArgs),
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
pub(crate) struct PolicyAddArgs {
    /// The file; `-` for standard input. All nodes have the policy at once, and the file is no longer needed.
    pub(crate) file: PathBuf,
    /// Let it take the place of the one of its name that is kept here.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Only if that one has this revision; `drishti policies show` tells it.
    #[arg(long, value_name = "N", requires = "replace")]
    pub(crate) if_revision: Option<i64>,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyRemoveArgs {
    /// Name of the policy.
    pub(crate) policy: String,
    /// Only if it has this revision; `drishti policies show` tells it.
    #[arg(long, value_name = "N")]
    pub(crate) if_revision: Option<i64>,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}

#[derive(Debug, Args)]
// All that may be given would fill the screen.
#[command(override_usage = "drishti policies set [OPTIONS] <POLICY>")]
#[command(group = ArgGroup::new("what").multiple(true).required(true))]
pub(crate) struct PolicySetArgs {
    /// Name of the policy.
    pub(crate) policy: String,
    /// `alert`, `record` or `off`; `file` for what the file says.
    #[arg(long, value_name = "MODE", group = "what")]
    pub(crate) mode: Option<PolicyMode>,
    /// How bad a match is: `informational`, `low`, `medium`, `high`, `critical`; `file` for what the file says.
    #[arg(long, value_name = "SEVERITY", group = "what")]
    pub(crate) severity: Option<Setting<Severity>>,
    /// How many alerts a day it makes before the rest is kept as capped; `file` for the usual number.
    #[arg(long, value_name = "N", group = "what", value_parser = daily_cap)]
    pub(crate) daily_cap: Option<Setting<u64>>,
    /// Parameter of its detector, where it has one; `NAME=` for what the file says; can be given often.
    #[arg(long = "parameter", value_name = "NAME=JSON", group = "what", value_parser = parameter)]
    pub(crate) parameters: Vec<(String, Setting<Value>)>,
    /// End a pause that began because it matched too often.
    #[arg(long, group = "what")]
    pub(crate) resume: bool,
    /// Only if what is set has this revision; `drishti policies show` tells it.
    #[arg(long, value_name = "N", conflicts_with = "resume")]
    pub(crate) if_revision: Option<i64>,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
    #[command(flatten)]
    pub(crate) scope: ScopeArgs,
}

/// About whom a policy speaks. What is given takes the place of the whole scope.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "About whom (each can be given often; together they replace the whole scope)"
)]
pub(crate) struct ScopeArgs {
    /// Only about this person, by gid or e-mail address.
    #[arg(long = "include-person", value_name = "PERSON", group = "what")]
    pub(crate) include_people: Vec<String>,
    /// Only about people in this group.
    #[arg(long = "include-group", value_name = "GROUP", group = "what")]
    pub(crate) include_groups: Vec<String>,
    /// Only about people with this role: `admin`, `member`, `guest`, `view_only`.
    #[arg(long = "include-role", value_name = "ROLE", group = "what")]
    pub(crate) include_roles: Vec<String>,
    /// Never about this person.
    #[arg(long = "exclude-person", value_name = "PERSON", group = "what")]
    pub(crate) exclude_people: Vec<String>,
    /// Never about people in this group.
    #[arg(long = "exclude-group", value_name = "GROUP", group = "what")]
    pub(crate) exclude_groups: Vec<String>,
    /// Never about people with this role.
    #[arg(long = "exclude-role", value_name = "ROLE", group = "what")]
    pub(crate) exclude_roles: Vec<String>,
    /// `file` for the scope that the file says.
    #[arg(
        long,
        value_enum,
        value_name = "file",
        hide_possible_values = true,
        group = "what",
        conflicts_with_all = [
            "include_people", "include_groups", "include_roles", "exclude_people", "exclude_groups", "exclude_roles",
        ]
    )]
    pub(crate) scope: Option<AsInFile>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AsInFile {
    File,
}

fn daily_cap(text: &str) -> Result<Setting<u64>, String> {
    let problem = |_| "expected a number, or `file`".to_owned();
    text.parse().map_err(problem)
}

/// `NAME=JSON`, or `NAME=` for what the file says.
fn parameter(text: &str) -> Result<(String, Setting<Value>), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=JSON")?;
    let setting = if value.is_empty() {
        Setting::File
    } else {
        let value = serde_json::from_str(value);
        Setting::To(value.map_err(|problem| {
            format!(
                "its value is no JSON ({problem}); a text stands in quotes, as in 'NAME=\"text\"'"
            )
        })?)
    };
    Ok((name.to_owned(), setting))
}

#[derive(Debug, Args)]
pub(crate) struct PolicyHistoryArgs {
    /// Name of the policy; all without it.
    pub(crate) policy: Option<String>,
    /// Most changes to print.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u64).range(1..=10_000))]
    pub(crate) limit: u64,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyMode {
    Alert,
    Record,
    Off,
    File,
}
