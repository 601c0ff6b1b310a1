//! What was found without an alert that calls anybody.

use std::process::ExitCode;

use drishti_services::SignalFilter;
use drishti_services::capped::{CappedDay, DIGEST_ALERTS_MAX};
use drishti_services::recorded::RecordedView;

use super::{called, days_ago};
use crate::cli::{Cli, DigestArgs, ListFormat, RecordedArgs};
use crate::commands::open_existing;
use crate::commands::sources::time;
use crate::output::{self, Row, grouped, print_list};

impl Row for RecordedView {
    const HEADINGS: &'static [&'static str] =
        &["when", "severity", "policy", "about", "match", "events"];

    fn cells(&self) -> Vec<String> {
        vec![
            time(self.time),
            self.severity.to_string(),
            self.policy_id.clone(),
            called(&self.entity).to_owned(),
            self.title.clone(),
            grouped(self.event_gids.len() as u64),
        ]
    }
}

pub(super) async fn recorded(cli: &Cli, arguments: &RecordedArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let filter = SignalFilter {
        source: arguments.source.clone(),
        policy: arguments.policy.clone(),
        entity_id: arguments.entity.clone(),
        since: arguments.since.map(|days| days_ago(&services, days)),
        limit: arguments.limit,
        ..SignalFilter::default()
    };
    let recorded = services.recorded(&filter).await?;
    print_list(&recorded, arguments.format)?;
    output::say_if_cut(recorded.len(), arguments.limit);
    Ok(ExitCode::SUCCESS)
}

impl Row for CappedDay {
    const HEADINGS: &'static [&'static str] = &["day", "policy", "kept back", "most of them about"];

    fn cells(&self) -> Vec<String> {
        let about = self.entities.iter();
        let about = about.map(|of| format!("{} ({})", called(&of.entity), grouped(of.alerts)));
        vec![
            self.day.to_string(),
            self.policy_id.clone(),
            grouped(self.alerts),
            about.collect::<Vec<_>>().join(", "),
        ]
    }
}

pub(super) async fn digest(cli: &Cli, arguments: &DigestArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let digest = services.capped_digest(arguments.days).await?;
    if digest.days.is_empty() && matches!(arguments.format, ListFormat::Table) {
        output::say(&format!(
            "nothing was kept back in the last {} days: no policy reached its daily cap",
            arguments.days
        ));
        return Ok(ExitCode::SUCCESS);
    }
    print_list(&digest.days, arguments.format)?;
    if !digest.is_whole {
        output::say(&format!(
            "only the newest {} alerts are counted; fewer `--days` show all of theirs",
            grouped(DIGEST_ALERTS_MAX as u64)
        ));
    }
    Ok(ExitCode::SUCCESS)
}
