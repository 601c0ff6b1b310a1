//! The commands about who may sign in.

use clap::{Args, Subcommand, ValueEnum};
use drishti_model::{Role, SourceName};

use super::{AuthorArgs, ListArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorsCommand {
    /// List all.
    List(ListArgs),
    /// Add one; the password is made, and printed once.
    Add(OperatorAddArgs),
    /// Make another password, and print it once; all sessions of the operator end.
    ResetPassword(OperatorResetArgs),
    /// Let one in no more; all sessions of the operator end.
    Disable(OperatorArgs),
    /// Let one in again.
    Enable(OperatorArgs),
    /// Remove one. What they did stays in the audit trail.
    Remove(OperatorArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OperatorArgs {
    /// Name of the operator.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}

#[derive(Debug, Args)]
pub(crate) struct OperatorAddArgs {
    /// The name to sign in with: lower-case letters, digits and `._-@`.
    pub(crate) name: String,
    /// What they may do.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) role: RoleName,
    /// The name for people; the name to sign in with where it is left out.
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub(crate) display_name: String,
    /// Only this source; can be given often. All without it.
    #[arg(long = "source", value_name = "NAME")]
    pub(crate) sources: Vec<SourceName>,
    /// Without a password: they sign in with the provider of `OpenID Connect`.
    #[arg(long)]
    pub(crate) openid: bool,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}

#[derive(Debug, Args)]
pub(crate) struct OperatorResetArgs {
    #[command(flatten)]
    pub(crate) operator: OperatorArgs,
    /// Ask for no second factor any more, for one who has lost it.
    #[arg(long)]
    pub(crate) remove_second_factor: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleName {
    Viewer,
    Analyst,
    Reviewer,
    Auditor,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Viewer => Self::Viewer,
            RoleName::Analyst => Self::Analyst,
            RoleName::Reviewer => Self::Reviewer,
            RoleName::Auditor => Self::Auditor,
            RoleName::Admin => Self::Admin,
        }
    }
}
