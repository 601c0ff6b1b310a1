//! What is set about policies here.

use std::process::ExitCode;

use drishti_services::detect::{Audience, Mode, Scope};
use drishti_services::policies::{PolicyChange, PolicyChangeView, PolicySettingsView, Setting};
use serde_json::{Map, Value};

use crate::cli::{Cli, PolicyHistoryArgs, PolicyMode, PolicySetArgs, ScopeArgs};
use crate::commands::open_existing;
use crate::commands::sources::time;
use crate::output::{self, Row, print_data, print_list};

pub(super) async fn set(cli: &Cli, arguments: &PolicySetArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let name = arguments.policy.as_str();
    let author = arguments.author.author.as_str();
    let change = change(arguments);
    if change != PolicyChange::default() {
        let revision = arguments.if_revision;
        let set = services.change_policy(name, change, revision, author);
        print_data(&format!(
            "{name}: {}; a running `drishti serve` takes it up within a minute",
            told(&set.await?)
        ))?;
    }
    if arguments.resume {
        services.resume_policy(name, author).await?;
        print_data(&format!("{name} goes on"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn change(arguments: &PolicySetArgs) -> PolicyChange {
    PolicyChange {
        mode: arguments.mode.map(|mode| match mode {
            PolicyMode::Alert => Setting::To(Mode::Alert),
            PolicyMode::Record => Setting::To(Mode::Record),
            PolicyMode::Off => Setting::To(Mode::Off),
            PolicyMode::File => Setting::File,
        }),
        severity: arguments.severity.clone(),
        daily_cap: arguments.daily_cap.clone(),
        scope: scope(&arguments.scope),
        parameters: arguments.parameters.iter().cloned().collect(),
        resumes: false,
    }
}

fn scope(arguments: &ScopeArgs) -> Option<Setting<Scope>> {
    if arguments.scope.is_some() {
        return Some(Setting::File);
    }
    let given = Scope {
        include: Audience {
            people: arguments.include_people.clone(),
            groups: arguments.include_groups.clone(),
            roles: arguments.include_roles.clone(),
        },
        exclude: Audience {
            people: arguments.exclude_people.clone(),
            groups: arguments.exclude_groups.clone(),
            roles: arguments.exclude_roles.clone(),
        },
    };
    (given != Scope::default()).then_some(Setting::To(given))
}

/// What is set about a policy, in words.
pub(super) fn told(set: &PolicySettingsView) -> String {
    let parts = [
        set.mode.as_ref().map(|mode| format!("mode {mode}")),
        set.severity.map(|severity| format!("severity {severity}")),
        set.daily_cap.map(|most| format!("daily cap {most}")),
        set.scope.as_ref().map(|scope| format!("scope {scope}")),
        set.parameters
            .as_ref()
            .map(|parameters| format!("parameters {parameters}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let parts = if parts.is_empty() {
        "everything as its file says".to_owned()
    } else {
        parts.join(", ")
    };
    format!("set here: {parts} (revision {})", set.revision)
}

impl Row for PolicyChangeView {
    const HEADINGS: &'static [&'static str] = &["when", "who", "policy", "what", "before", "after"];

    fn cells(&self) -> Vec<String> {
        let (before, after) = (self.before.as_ref(), self.after.as_ref());
        let (before, after) = match &self.difference {
            Some(difference) => {
                let (new, gone) = difference.counts();
                (format!("{gone} lines gone"), format!("{new} lines new"))
            }
            None => (other_than(before, after), other_than(after, before)),
        };
        vec![
            time(self.at),
            self.author.clone(),
            self.policy_id.clone(),
            self.action.clone(),
            before,
            after,
        ]
    }
}

/// What `one` says other than `other`, as JSON; what is not there is `null`.
fn other_than(one: Option<&Value>, other: Option<&Value>) -> String {
    let said = |of: Option<&Value>| of.and_then(Value::as_object).cloned().unwrap_or_default();
    let (one, other) = (said(one), said(other));
    let keys = one.keys().chain(other.keys());
    let differing: Map<String, Value> = keys
        .map(|key| (key, one.get(key).unwrap_or(&Value::Null)))
        .filter(|(key, value)| *value != other.get(*key).unwrap_or(&Value::Null))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(differing).to_string()
}

pub(super) async fn history(cli: &Cli, arguments: &PolicyHistoryArgs) -> anyhow::Result<ExitCode> {
    let services = open_existing(cli).await?;
    let policy = arguments.policy.as_deref();
    let changes = services.policy_history(policy, arguments.limit).await?;
    print_list(&changes, arguments.format)?;
    output::say_if_cut(changes.len(), arguments.limit);
    Ok(ExitCode::SUCCESS)
}
