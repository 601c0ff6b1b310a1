//! Policies that are kept in the installation.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use drishti_services::detect::POLICY_FILE_BYTES_MAX;
use drishti_services::policies::DraftCheck;

use crate::cli::{Cli, PolicyAddArgs, PolicyRemoveArgs};
use crate::commands::open_existing;
use crate::output;

pub(super) async fn add(cli: &Cli, arguments: &PolicyAddArgs) -> anyhow::Result<ExitCode> {
    let text = read(&arguments.file)?;
    let services = open_existing(cli).await?;
    let author = &arguments.author.author;
    let check = DraftCheck::of(text.clone());
    let name = check.policy()?.id.to_string();
    for test in &check.tests {
        if let Some(failure) = &test.failure {
            output::say(&format!("its test `{}` fails: {failure}", test.test));
        }
    }
    let (done, set) = if arguments.replace {
        let replaced = services.replace_policy(&name, text, arguments.if_revision, author);
        ("replaced", replaced.await?.1)
    } else {
        ("added", services.add_policy(text, author).await?.1)
    };
    output::say(&format!(
        "{name} is {done} (revision {}); a running `drishti serve` takes it up within a minute",
        set.revision
    ));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn remove(cli: &Cli, arguments: &PolicyRemoveArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let (name, author) = (&arguments.policy, &arguments.author.author);
    let removed = services.remove_policy(name, arguments.if_revision, author);
    removed.await?;
    output::say(&format!("{name} is removed; its alerts stay"));
    Ok(ExitCode::SUCCESS)
}

/// A file of a policy, or standard input; one byte more than may be, so that the check sees that it is too large.
fn read(file: &Path) -> anyhow::Result<String> {
    let most = u64::try_from(POLICY_FILE_BYTES_MAX)? + 1;
    let mut text = String::new();
    let context = || format!("reading `{}`", file.display());
    if file == Path::new("-") {
        let input = std::io::stdin().lock().take(most);
        { input }.read_to_string(&mut text).with_context(context)?;
    } else {
        let input = std::fs::File::open(file).with_context(context)?;
        input
            .take(most)
            .read_to_string(&mut text)
            .with_context(context)?;
    }
    if text.trim().is_empty() {
        bail!("`{}` is empty", file.display());
    }
    Ok(text)
}
