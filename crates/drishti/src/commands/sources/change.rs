//! Adding and changing sources.

use std::path::Path;
use std::process::ExitCode;

use drishti_model::{Backfill, SourceProfile};
use drishti_services::SourceChange;
use drishti_services::sources::{AddSource, sumo_source};

use crate::cli::{AddArgs, Cli, ProfileArgs, TablesArgs, UpdateArgs};
use crate::commands::{open, open_existing};
use crate::configuration::{read_secret_file, read_small_file};
use crate::output;

pub(crate) async fn add(cli: &Cli, arguments: &AddArgs) -> anyhow::Result<ExitCode> {
    let mut add = match (&arguments.sumo, &arguments.name) {
        (Some(file), _) => sumo_source(&read_small_file(file)?)?,
        (None, Some(name)) => AddSource {
            name: name.clone(),
            workspace_gid: arguments.workspace.clone(),
            token: None,
            profile: SourceProfile {
                workspace_gid: None,
                api_url: SourceProfile::API_URL.to_owned(),
                description: String::new(),
                category: String::new(),
                fields: std::collections::BTreeMap::default(),
                collect: drishti_model::CollectSettings::default(),
            },
            declared: false,
        },
        (None, None) => anyhow::bail!("give `--name` or `--sumo`"),
    };
    apply(&arguments.profile, &mut add.profile);
    if let Some(file) = &arguments.profile.token_file {
        add.token = Some(read_token(file)?);
    }
    if add.token.is_none() {
        anyhow::bail!(
            "a source needs the token of a service account; give its file with `--token-file` (`-` reads standard input)"
        );
    }
    let services = open(cli, &TablesArgs::default()).await?;
    for source in services.add_source(add).await? {
        output::say(&format!(
            "source `{}` added; `drishti sources test` tries it, `drishti serve` collects it",
            source.name
        ));
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn update(cli: &Cli, arguments: &UpdateArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let known = services.source(&arguments.name).await?.source;
    let mut profile = known.profile;
    for key in &arguments.remove_fields {
        if profile.fields.remove(key).is_none() {
            anyhow::bail!("source `{}` has no field `{key}`", arguments.name);
        }
    }
    apply(&arguments.profile, &mut profile);
    if arguments.oldest_first {
        profile.collect.backfill_order = Backfill::Oldest;
    }
    if arguments.workspace.is_some() {
        profile.workspace_gid.clone_from(&arguments.workspace);
    }
    let token = match &arguments.profile.token_file {
        Some(file) => Some(read_token(file)?),
        None => None,
    };
    let change = SourceChange {
        profile: Some(profile),
        token,
        ..SourceChange::default()
    };
    // The change was made from this very revision: what somebody else changed meanwhile must not be undone.
    services
        .update_source(&arguments.name, change, Some(known.revision))
        .await?;
    output::say(&format!("source `{}` changed", arguments.name));
    Ok(ExitCode::SUCCESS)
}

fn read_token(file: &Path) -> anyhow::Result<drishti_model::Secret> {
    read_secret_file(file)
}

/// Puts what the command line gives into a profile.
fn apply(arguments: &ProfileArgs, profile: &mut SourceProfile) {
    let set = |text: &Option<String>, place: &mut String| {
        if let Some(text) = text {
            place.clone_from(text);
        }
    };
    set(&arguments.api_url, &mut profile.api_url);
    set(&arguments.description, &mut profile.description);
    set(&arguments.category, &mut profile.category);
    profile.fields.extend(arguments.fields.iter().cloned());
    let collect = &mut profile.collect;
    let numbers = [
        (arguments.poll_interval, &mut collect.poll_interval_seconds),
        (arguments.backfill_days, &mut collect.backfill_days),
        (
            arguments.requests_per_minute,
            &mut collect.requests_per_minute,
        ),
        (arguments.concurrent_reads, &mut collect.concurrent_reads),
        (arguments.drop_off, &mut collect.drop_off_seconds),
    ];
    for (given, place) in numbers {
        *place = given.unwrap_or(*place);
    }
    if arguments.newest_first {
        collect.backfill_order = Backfill::Newest;
    }
}
