//! The commands that show people.

use clap::{Args, ValueEnum, value_parser};
use drishti_model::{AccountRole, AccountStatus, SourceName};
use drishti_services::people::{PeopleOrder, PersonKind};

use super::ListFormat;

#[derive(Debug, Args)]
pub(crate) struct PeopleListArgs {
    /// Only what this source knows.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<SourceName>,
    /// Only with this text in name, e-mail address, gid or a group.
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// `person` or `service_account`.
    #[arg(long)]
    pub(crate) kind: Option<PersonKind>,
    /// `admin`, `guest`, `view_only` or `member`, as the directory says.
    #[arg(long)]
    pub(crate) role: Option<AccountRole>,
    /// `active`, `inactive`, `gone` or `unknown`, as the directory says.
    #[arg(long)]
    pub(crate) status: Option<AccountStatus>,
    /// Only with so many points of risk or more.
    #[arg(long, value_name = "N")]
    pub(crate) risk_min: Option<i64>,
    /// Only who have alerts that wait for somebody.
    #[arg(long)]
    pub(crate) with_alerts: bool,
    /// Only who are going to leave, or should have left.
    #[arg(long)]
    pub(crate) leaving: bool,
    /// Only who did something in the last N days.
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=36_600))]
    pub(crate) seen: Option<u32>,
    /// Only who did something, but nothing in the last N days.
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=36_600))]
    pub(crate) idle: Option<u32>,
    /// Who comes first: `risk`, `last_seen`, `name` or `events`.
    #[arg(long, default_value = "risk")]
    pub(crate) order: PeopleOrder,
    /// Most people to print.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = value_parser!(u64).range(1..=200_000))]
    pub(crate) limit: u64,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: PeopleFormat,
}

/// How a list of people is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PeopleFormat {
    #[default]
    Table,
    Json,
    Jsonl,
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct PersonShowArgs {
    /// Gid, e-mail address or name.
    pub(crate) person: String,
    /// Only what this source knows.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<SourceName>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}
