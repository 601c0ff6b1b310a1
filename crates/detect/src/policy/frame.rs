//! What every policy has, whatever it looks for: read from the Sigma document that carries `drishti`.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use drishti_model::{AccountRole, Severity};
use yaml_serde::Value;

use super::duration::parse_duration;
use super::error::Problem;
use super::section::{Place, Section, to_json};
use super::yaml::Document;
use super::{Activity, Audience, Grouping, Policy, PolicyKind, PolicyTest, Scope, SeverityCase};
use crate::PolicyId;

/// Most examples in a policy.
pub(super) const TESTS_MAX: usize = 100;

/// Most severity cases in a policy.
pub(super) const SEVERITY_CASES_MAX: usize = 20;

/// Longest name of a policy, in bytes.
const NAME_BYTES_MAX: usize = 100;

const KEYS: [&str; 14] = [
    "name",
    "mode",
    "title",
    "subject",
    "group_by",
    "window",
    "threshold",
    "after_resolution",
    "severities",
    "scope",
    "runbook",
    "detector",
    "parameters",
    "tests",
];

/// Keys that say how activity is told: a detector tells it by itself.
const ACTIVITY_KEYS: [&str; 4] = ["title", "subject", "group_by", "severities"];

/// Reads the policy that is in the `documents` of a file.
pub(super) fn read_policy(
    file: &Path,
    text: &Arc<str>,
    documents: &[Document],
) -> Result<Policy, Problem> {
    let main = main_document(documents)?;
    let place = Place::document(text, main.line);
    let sigma = Section::open(&main.value, place);
    let empty = Value::Mapping(yaml_serde::Mapping::new());
    let value = sigma.value("drishti").unwrap_or(&empty);
    let drishti = Section::closed(value, sigma.place("drishti"), &KEYS)?;
    let title: String = sigma.require("title")?;
    Ok(Policy {
        id: name(&drishti, &sigma, file)?,
        description: sigma.get("description")?.unwrap_or_default(),
        severity: sigma
            .parsed("level", Severity::from_str)?
            .unwrap_or(Severity::Medium),
        severity_is_set: false,
        tags: sigma.texts("tags")?,
        references: sigma.texts("references")?,
        false_positives: sigma.texts("falsepositives")?,
        runbook: drishti.get("runbook")?.unwrap_or_default(),
        mode: drishti.get("mode")?.unwrap_or_default(),
        scope: scope(&drishti)?,
        grouping: grouping(&drishti)?,
        file: file.to_owned(),
        text: Arc::clone(text),
        kind: kind(&drishti, documents, &title)?,
        filters: Vec::new(),
        tests: tests(&drishti)?,
        title,
    })
}

/// The document that speaks for the file: the one with `drishti`, else the correlation, else the first rule.
fn main_document(documents: &[Document]) -> Result<&Document, Problem> {
    let with = |key: &'static str| {
        documents
            .iter()
            .filter(move |document| document.value.contains_key(key))
    };
    if let Some(second) = with("drishti").nth(1) {
        return Err(Problem::new(
            Some(second.line),
            "two documents of the file have `drishti`",
        )
        .advise("keep one, on the correlation if there is one"));
    }
    with("drishti")
        .next()
        .or_else(|| with("correlation").next_back())
        .or_else(|| with("detection").next())
        .or_else(|| documents.first())
        .ok_or_else(|| Problem::new(None, "the file is empty"))
}

fn name(drishti: &Section<'_>, sigma: &Section<'_>, file: &Path) -> Result<PolicyId, Problem> {
    let given = drishti.parsed("name", |text| {
        let fits = !text.is_empty()
            && text.len() <= NAME_BYTES_MAX
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c));
        if fits {
            Ok(PolicyId::new(text))
        } else {
            Err(format!(
                "`{text}` is no name: use lower-case letters, digits, `.`, `_` and `-`, at most {NAME_BYTES_MAX}"
            ))
        }
    })?;
    if let Some(name) = given {
        return Ok(name);
    }
    // A rule that knows nothing of us keeps its own name.
    let stem = || file.file_stem()?.to_str().map(str::to_owned);
    let text = |key| Some(sigma.value(key)?.as_str()?.to_owned());
    let own = text("name")
        .or_else(|| text("id"))
        .or_else(stem)
        .unwrap_or_default();
    let name: String = own
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(NAME_BYTES_MAX - "sigma.".len())
        .collect();
    Ok(PolicyId::new(&format!("sigma.{name}")))
}

fn grouping(drishti: &Section<'_>) -> Result<Grouping, Problem> {
    let usual = Grouping::default();
    let threshold = drishti.get("threshold")?.unwrap_or(usual.threshold);
    if threshold == 0 {
        return Err(drishti
            .place("threshold")
            .problem("`threshold` must be at least 1"));
    }
    Ok(Grouping {
        window: drishti
            .parsed("window", parse_duration)?
            .unwrap_or(usual.window),
        threshold,
        after_resolution: drishti.get("after_resolution")?.unwrap_or_default(),
    })
}

fn scope(drishti: &Section<'_>) -> Result<Scope, Problem> {
    let Some(section) = drishti.section("scope", &["include", "exclude"])? else {
        return Ok(Scope::default());
    };
    let audience = |key| {
        let Some(audience) = section.section(key, &["people", "groups", "roles"])? else {
            return Ok(Audience::default());
        };
        let roles = audience.texts("roles")?;
        if let Some(problem) = roles
            .iter()
            .find_map(|role| AccountRole::from_str(role).err())
        {
            return Err(audience
                .place("roles")
                .problem(problem)
                .advise("use admin, member, guest or view_only"));
        }
        Ok(Audience {
            people: audience.texts("people")?,
            groups: audience.texts("groups")?,
            roles,
        })
    };
    Ok(Scope {
        include: audience("include")?,
        exclude: audience("exclude")?,
    })
}

fn kind(drishti: &Section<'_>, documents: &[Document], title: &str) -> Result<PolicyKind, Problem> {
    let looks = |document: &Document| {
        document.value.contains_key("detection") || document.value.contains_key("correlation")
    };
    let in_sigma = documents.iter().any(looks);
    if let Some(detector) = drishti.get::<String>("detector")? {
        if in_sigma {
            return Err(drishti
                .place("detector")
                .problem("a policy has either a `detection` or a `detector`"));
        }
        if let Some(key) = ACTIVITY_KEYS
            .iter()
            .find(|key| drishti.value(key).is_some())
        {
            return Err(drishti.place(key).problem(format!(
                "`{key}` is for policies with a `detection`; a detector says this itself"
            )));
        }
        let parameters = drishti
            .value("parameters")
            .map(to_json)
            .unwrap_or(serde_json::json!({}));
        let serde_json::Value::Object(parameters) = parameters else {
            return Err(drishti
                .place("parameters")
                .problem("`parameters` must be a list of `key: value`"));
        };
        return Ok(PolicyKind::Anomaly {
            detector,
            parameters,
        });
    }
    if !in_sigma {
        let problem = drishti
            .place("name")
            .problem("nothing is looked for: there is neither a `detection` nor a `detector`");
        return Err(problem.advise("write a Sigma detection, or name a detector under `drishti`"));
    }
    if drishti.value("parameters").is_some() {
        return Err(drishti
            .place("parameters")
            .problem("`parameters` are for policies with a `detector`"));
    }
    Ok(PolicyKind::Activity(Box::new(Activity {
        alert_title: drishti.get("title")?.unwrap_or_else(|| title.to_owned()),
        subject: drishti.get("subject")?.unwrap_or_default(),
        group_by: drishti.texts("group_by")?,
        severities: severities(drishti)?,
    })))
}

fn severities(drishti: &Section<'_>) -> Result<Vec<SeverityCase>, Problem> {
    let items = drishti.items("severities")?;
    if items.len() > SEVERITY_CASES_MAX {
        return Err(drishti
            .place("severities")
            .problem(format!("more than {SEVERITY_CASES_MAX} severities")));
    }
    let mut cases = Vec::with_capacity(items.len());
    for (value, place) in items {
        let case = Section::closed(value, place, &["when", "level"])?;
        let severity = case
            .parsed("level", |level| match level {
                "none" => Ok(None),
                level => Severity::from_str(level).map(Some),
            })?
            .ok_or_else(|| case.place("level").problem("`level` is missing"))?;
        cases.push(SeverityCase {
            when: case.value("when").map(to_json),
            severity,
        });
    }
    Ok(cases)
}

fn tests(drishti: &Section<'_>) -> Result<Vec<PolicyTest>, Problem> {
    let items = drishti.items("tests")?;
    if items.len() > TESTS_MAX {
        return Err(drishti
            .place("tests")
            .problem(format!("more than {TESTS_MAX} tests")));
    }
    let mut tests = Vec::with_capacity(items.len());
    for (value, place) in items {
        let known = ["name", "fires", "severity", "people", "events"];
        let test = Section::closed(value, place, &known)?;
        let objects = |key| {
            let items = test.items(key)?;
            Ok(items.into_iter().map(|(value, _)| to_json(value)).collect())
        };
        let events: Vec<serde_json::Value> = objects("events")?;
        if events.is_empty() {
            return Err(test.place("events").problem("a test needs `events`"));
        }
        tests.push(PolicyTest {
            name: test.require("name")?,
            fires: test.require("fires")?,
            severity: test.parsed("severity", Severity::from_str)?,
            people: objects("people")?,
            events,
        });
    }
    Ok(tests)
}
