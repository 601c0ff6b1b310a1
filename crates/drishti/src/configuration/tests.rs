//! The page about the configuration says what the code reads, and nothing else.

use std::collections::BTreeSet;

use clap::CommandFactory;

use super::environment::{
    CLIENT_SECRET, KEY, LAKE, LEDGER_URL, NO_PROXY, OBJECT_STORES, PROXY, PUBLIC_URL,
    TLS_CERTIFICATE, TLS_KEY,
};
use super::*;

/// The page, section by section.
fn page() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CONFIGURATION.md");
    let text = fs::read_to_string(path).unwrap();
    let sections = text.split("\n## ").map(|section| {
        let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
        (heading.to_owned(), body.to_owned())
    });
    sections.collect()
}

/// What stands in backticks at the beginning of each row of the table under a heading.
fn documented(heading: &str) -> BTreeSet<String> {
    let page = page();
    let (_, body) = page
        .iter()
        .find(|(found, _)| found == heading)
        .unwrap_or_else(|| panic!("there is no heading `{heading}`"));
    let rows = body.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split(", ").map(|name| name.trim_matches('`')));
    names.map(str::to_owned).collect()
}

/// The keys that may stand where a key is written that nobody knows, in the words of the parser.
fn known(unknown_in: &str) -> BTreeSet<String> {
    let error = toml::from_str::<Configuration>(unknown_in)
        .unwrap_err()
        .to_string();
    let (_, expected) = error
        .split_once("unknown field `nobody_knows`, expected ")
        .unwrap_or_else(|| panic!("{error}"));
    let quoted = expected.split('`').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

#[test]
fn every_key_of_the_file_is_documented() {
    for (heading, text) in [
        ("The file", "nobody_knows = 1"),
        ("`[server]`", "[server]\nnobody_knows = 1"),
        ("`[server.limits]`", "[server.limits]\nnobody_knows = 1"),
        (
            "`[server.openid]`",
            "[server.openid]\nissuer = \"\"\nclient_id = \"\"\nnobody_knows = 1",
        ),
        ("`[lake]`", "[lake]\nnobody_knows = 1"),
        ("`[ledger]`", "[ledger]\nnobody_knows = 1"),
        ("`[detection]`", "[detection]\nnobody_knows = 1"),
        ("`[enrichment]`", "[enrichment]\nnobody_knows = 1"),
        (
            "`[[sources]]`",
            "[[sources]]\nname = \"a\"\nnobody_knows = 1",
        ),
        (
            "`[sources.collect]`",
            "[[sources]]\nname = \"a\"\ncollect.nobody_knows = 1",
        ),
    ] {
        assert_eq!(documented(heading), known(text), "{heading}");
    }
}

#[test]
fn every_variable_is_documented() {
    fn of_options(command: &clap::Command, found: &mut BTreeSet<String>) {
        let variables = command.get_arguments().filter_map(clap::Arg::get_env);
        found.extend(variables.map(|name| name.to_string_lossy().into_owned()));
        command
            .get_subcommands()
            .for_each(|command| of_options(command, found));
    }
    let mut variables = BTreeSet::new();
    of_options(&Cli::command(), &mut variables);
    assert!(variables.contains("DRISHTI_HOME"));
    variables.extend([KEY, LEDGER_URL, LAKE].map(str::to_owned));
    variables.extend([TLS_CERTIFICATE, TLS_KEY, PUBLIC_URL, CLIENT_SECRET].map(str::to_owned));
    variables.extend(PROXY.map(str::to_owned));
    variables.extend(NO_PROXY.map(str::to_owned));
    variables.extend(OBJECT_STORES.map(|beginning| format!("{beginning}…")));
    assert_eq!(documented("Environment"), variables);
}

#[test]
fn the_example_of_the_page_can_be_read() {
    let page = page();
    let examples: Vec<&str> = page
        .iter()
        .flat_map(|(_, body)| body.split("```toml\n").skip(1))
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!examples.is_empty());
    for example in examples {
        let read = toml::from_str::<Configuration>(example);
        assert!(read.is_ok(), "{example}: {read:?}");
    }
}

#[test]
fn paths_of_the_file_are_meant_from_its_folder() {
    let read = |text: &str| {
        let mut configuration: Configuration = toml::from_str(text).unwrap();
        configuration.file = Some(PathBuf::from("/etc/drishti/drishti.toml"));
        configuration
    };
    let home = Home::at(Path::new("/var/lib/drishti")).unwrap();
    for (url, expected) in [
        (
            "sqlite://ledger.sqlite",
            "sqlite:///etc/drishti/ledger.sqlite",
        ),
        ("sqlite:///srv/ledger.sqlite", "sqlite:///srv/ledger.sqlite"),
        ("sqlite://", "sqlite://"),
        (
            "postgres://drishti@db/drishti",
            "postgres://drishti@db/drishti",
        ),
    ] {
        let configuration = read(&format!("[ledger]\nurl = \"{url}\""));
        let found = configuration.ledger_url(&Environment::default(), &home);
        assert_eq!(found, expected);
    }
    let usual = Configuration::default().ledger_url(&Environment::default(), &home);
    assert_eq!(usual, "sqlite:///var/lib/drishti/ledger.sqlite");
    let of_environment = Environment {
        ledger_url: Some(Secret::new("sqlite://here.sqlite")),
        ..Environment::default()
    };
    let configuration = read("[ledger]\nurl = \"sqlite://ledger.sqlite\"");
    assert_eq!(
        configuration.ledger_url(&of_environment, &home),
        "sqlite://here.sqlite",
        "from the working directory"
    );
}
