//! `drishti operators`

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use drishti_model::{Secret, SourceScope};
use drishti_services::access::{AddOperator, random_password};
use drishti_services::{Operator, OperatorChange};
use serde::Serialize;

use super::open_existing;
use super::sources::time;
use crate::cli::{
    Cli, ListArgs, OperatorAddArgs, OperatorArgs, OperatorResetArgs, OperatorsCommand,
};
use crate::output::{Row, print_data, print_list};

pub(crate) async fn run(cli: &Cli, command: &OperatorsCommand) -> anyhow::Result<ExitCode> {
    match command {
        OperatorsCommand::List(arguments) => list(cli, arguments).await?,
        OperatorsCommand::Add(arguments) => add(cli, arguments).await?,
        OperatorsCommand::ResetPassword(arguments) => reset_password(cli, arguments).await?,
        OperatorsCommand::Disable(arguments) => set_enabled(cli, arguments, false).await?,
        OperatorsCommand::Enable(arguments) => set_enabled(cli, arguments, true).await?,
        OperatorsCommand::Remove(arguments) => remove(cli, arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct OperatorRow {
    name: String,
    display_name: String,
    role: &'static str,
    sources: Option<Vec<String>>,
    is_enabled: bool,
    has_totp: bool,
    signed_in_at: Option<DateTime<Utc>>,
}

impl From<Operator> for OperatorRow {
    fn from(operator: Operator) -> Self {
        let sources = operator.scope.names();
        Self {
            sources: sources.map(|names| names.iter().map(ToString::to_string).collect()),
            name: operator.name,
            display_name: operator.display_name,
            role: operator.role.as_str(),
            is_enabled: operator.enabled,
            has_totp: operator.has_totp,
            signed_in_at: operator.signed_in_at,
        }
    }
}

impl Row for OperatorRow {
    const HEADINGS: &'static [&'static str] = &[
        "name",
        "display name",
        "role",
        "sources",
        "enabled",
        "second factor",
        "last sign-in",
    ];

    fn cells(&self) -> Vec<String> {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let sources = self.sources.as_ref();
        vec![
            self.name.clone(),
            self.display_name.clone(),
            self.role.to_owned(),
            sources.map_or_else(|| "all".to_owned(), |names| names.join(", ")),
            yes(self.is_enabled),
            yes(self.has_totp),
            self.signed_in_at.map(time).unwrap_or_default(),
        ]
    }
}

async fn list(cli: &Cli, arguments: &ListArgs) -> anyhow::Result<()> {
    let operators = open_existing(cli).await?.operators().await?;
    let rows: Vec<OperatorRow> = operators.into_iter().map(OperatorRow::from).collect();
    print_list(&rows, arguments.format)
}

async fn add(cli: &Cli, arguments: &OperatorAddArgs) -> anyhow::Result<()> {
    let services = open_existing(cli).await?;
    let password = if arguments.openid {
        None
    } else {
        Some(random_password()?)
    };
    let sources = arguments.sources.clone();
    let add = AddOperator {
        name: arguments.name.clone(),
        display_name: arguments.display_name.clone(),
        role: arguments.role.into(),
        scope: SourceScope::of(Some(sources).filter(|sources| !sources.is_empty())),
        password: password.clone(),
    };
    services.add_operator(add, &arguments.author.author).await?;
    match password {
        Some(password) => print_password(&arguments.name, &password),
        None => print_data(&format!(
            "`{}` signs in with the provider of OpenID Connect",
            arguments.name
        )),
    }
}

async fn reset_password(cli: &Cli, arguments: &OperatorResetArgs) -> anyhow::Result<()> {
    let OperatorArgs { name, author } = &arguments.operator;
    let services = open_existing(cli).await?;
    let password = random_password()?;
    services
        .reset_password(
            name,
            &password,
            arguments.remove_second_factor,
            &author.author,
        )
        .await?;
    print_password(name, &password)
}

fn print_password(name: &str, password: &Secret) -> anyhow::Result<()> {
    print_data(&format!(
        "`{name}` signs in with the password {}; it is not shown again",
        password.expose()
    ))
}

async fn set_enabled(cli: &Cli, arguments: &OperatorArgs, enabled: bool) -> anyhow::Result<()> {
    let OperatorArgs { name, author } = arguments;
    let change = OperatorChange {
        enabled: Some(enabled),
        ..OperatorChange::default()
    };
    open_existing(cli)
        .await?
        .change_operator(name, change, None, &author.author)
        .await?;
    let words = if enabled {
        "may sign in"
    } else {
        "may no longer sign in"
    };
    print_data(&format!("`{name}` {words}"))
}

async fn remove(cli: &Cli, arguments: &OperatorArgs) -> anyhow::Result<()> {
    let OperatorArgs { name, author } = arguments;
    open_existing(cli)
        .await?
        .remove_operator(name, None, &author.author)
        .await?;
    print_data(&format!("`{name}` is removed"))
}
