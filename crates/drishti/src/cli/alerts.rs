//! The commands about what was found.

use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args, Subcommand, ValueEnum, value_parser};
use drishti_model::SourceName;

use super::{AuthorArgs, ListFormat};

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
    /// Show the matches of policies that only record, the newest first.
    Recorded(RecordedArgs),
    /// Sum up what the daily caps of policies kept back, by policy and day.
    Digest(DigestArgs),
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
    /// Only those about whoever or whatever has this id: a gid, an address, the name of an app.
    #[arg(long, value_name = "ENTITY_ID")]
    pub(crate) about: Option<String>,
    /// Only those with this text in title, policy or whom they are about.
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// Only those with an event in so many days before now.
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=3_660))]
    pub(crate) since: Option<u32>,
    /// Only those that a suppression keeps quiet.
    #[arg(long)]
    pub(crate) suppressed: bool,
    /// Only those beyond their policy's daily cap.
    #[arg(long)]
    pub(crate) capped: bool,
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
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
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

#[derive(Debug, Args)]
pub(crate) struct RecordedArgs {
    /// Only those of this policy.
    #[arg(long, value_name = "NAME")]
    pub(crate) policy: Option<String>,
    /// Only those about whoever or whatever has this id.
    #[arg(long, value_name = "ID")]
    pub(crate) entity: Option<String>,
    /// Only those of this source.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<SourceName>,
    /// Only those of so many days before now.
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=3_660))]
    pub(crate) since: Option<u32>,
    /// Most matches to print.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u64).range(1..=10_000))]
    pub(crate) limit: u64,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct DigestArgs {
    /// How many days (UTC), today among them.
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = value_parser!(u32).range(1..=3_660))]
    pub(crate) days: u32,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SuppressionsCommand {
    /// List those that hold now, and what they kept quiet.
    List(SuppressionListArgs),
    /// Keep the alerts of a policy, or about somebody, quiet for a while. They are kept all the same.
    Add(SuppressionAddArgs),
    /// End one now.
    End(SuppressionEndArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SuppressionListArgs {
    /// Those that are over, too.
    #[arg(long)]
    pub(crate) all: bool,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").multiple(true).required(true))]
#[command(group = ArgGroup::new("when").required(true))]
pub(crate) struct SuppressionAddArgs {
    /// Only of this policy.
    #[arg(long, value_name = "NAME", group = "what")]
    pub(crate) policy: Option<String>,
    /// Only about whoever or whatever has this id or name: a gid, an e-mail address, an address, an app.
    #[arg(long, value_name = "ID", group = "what")]
    pub(crate) entity: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// When it ends, such as 2026-03-01T00:00:00Z; at most 366 days from now.
    #[arg(long, value_name = "TIME", group = "when")]
    pub(crate) until: Option<DateTime<Utc>>,
    /// In how many days it ends.
    #[arg(long, value_name = "N", group = "when", value_parser = value_parser!(u32).range(1..=366))]
    pub(crate) days: Option<u32>,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SuppressionEndArgs {
    /// Its number, as `drishti suppressions list` shows it.
    pub(crate) id: i64,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}
