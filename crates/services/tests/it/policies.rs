//! What can be set about policies.

use std::path::PathBuf;

use drishti_model::Severity;
use drishti_services::detect::{Audience, Mode, PolicyKind, Scope};
use drishti_services::policies::{PolicyChange, PolicySettingsView, Setting};
use serde_json::{Value, json};

use crate::place::Place;
use crate::risk::EXPORT;

const DELETION_NAME: &str = "test.deletion";

const DELETION: &str = r"
title: Mass deletion
id: 45c7b0e4-42bc-4d03-b53e-1568a2488080
status: stable
logsource: {product: asana, service: audit}
level: high
drishti:
  name: test.deletion
  detector: mass_deletion
  parameters: {minimum: 100, learning_days: 7}
";

fn place() -> Place {
    let mut place = Place::new();
    place.policies = vec![
        (PathBuf::from("export.yml"), EXPORT.to_owned()),
        (PathBuf::from("deletion.yml"), DELETION.to_owned()),
    ];
    place
}

fn parameters(parameters: &[(&str, Setting<Value>)]) -> PolicyChange {
    let owned = |(name, setting): &(&str, Setting<Value>)| ((*name).to_owned(), setting.clone());
    PolicyChange {
        parameters: parameters.iter().map(owned).collect(),
        ..PolicyChange::default()
    }
}

fn scope(role: &str) -> PolicyChange {
    let exclude = Audience {
        roles: vec![role.to_owned()],
        ..Audience::default()
    };
    PolicyChange {
        scope: Some(Setting::To(Scope {
            exclude,
            ..Scope::default()
        })),
        ..PolicyChange::default()
    }
}

#[tokio::test]
async fn what_is_set_is_in_force() {
    let place = place();
    let services = place.open().await;
    let change = PolicyChange {
        mode: Some(Setting::To(Mode::Record)),
        severity: Some(Setting::To(Severity::Low)),
        daily_cap: Some(Setting::To(20)),
        ..scope("admin")
    };
    let set = services.change_policy(DELETION_NAME, change, Some(0), "ada");
    let scope = json!({
        "include": {"people": [], "groups": [], "roles": []},
        "exclude": {"people": [], "groups": [], "roles": ["admin"]},
    });
    let expected = PolicySettingsView {
        mode: Some("record".to_owned()),
        severity: Some(Severity::Low),
        daily_cap: Some(20),
        scope: Some(scope),
        parameters: None,
        revision: 1,
    };
    assert_eq!(set.await.unwrap(), expected, "all of it is one change");
    let two = [("minimum", json!(50)), ("sensitivity", json!("low"))];
    let two = parameters(&two.map(|(name, value)| (name, Setting::To(value))));
    let set = services.change_policy(DELETION_NAME, two, None, "ben");
    set.await.unwrap();
    let policy = services.policy(DELETION_NAME).await.unwrap();
    assert_eq!(
        (policy.mode, policy.severity),
        (Mode::Record, Severity::Low)
    );
    assert_eq!(policy.scope.exclude.roles, ["admin"]);
    let PolicyKind::Anomaly { parameters, .. } = &policy.kind else {
        panic!("it has a detector");
    };
    let in_force = json!({"minimum": 50, "learning_days": 7, "sensitivity": "low"});
    assert_eq!(json!(parameters), in_force, "the rest is the file's");
}

#[tokio::test]
async fn what_is_set_can_be_taken_back_and_stands_in_the_history() {
    let place = place();
    let services = place.open().await;
    let two = [("minimum", json!(50)), ("sensitivity", json!("low"))];
    let change = PolicyChange {
        severity: Some(Setting::To(Severity::Low)),
        ..parameters(&two.map(|(name, value)| (name, Setting::To(value))))
    };
    let set = services.change_policy(DELETION_NAME, change, None, "ada");
    set.await.unwrap();
    let back = PolicyChange {
        mode: Some(Setting::File),
        severity: Some(Setting::File),
        daily_cap: Some(Setting::File),
        scope: Some(Setting::File),
        ..parameters(&[("minimum", Setting::File)])
    };
    let set = services.change_policy(DELETION_NAME, back, Some(1), "ben");
    let expected = PolicySettingsView {
        parameters: Some(json!({"sensitivity": "low"})),
        revision: 2,
        ..PolicySettingsView::default()
    };
    assert_eq!(set.await.unwrap(), expected);

    let history = async |policy, limit| services.policy_history(policy, limit).await.unwrap();
    let all = history(Some(DELETION_NAME), 10).await;
    let authors: Vec<&str> = all.iter().map(|change| change.author.as_str()).collect();
    assert_eq!(authors, ["ben", "ada"]);
    assert_eq!(all[1].before, None);
    assert_eq!(all[1].after.as_ref().unwrap()["severity"], "low");
    assert_eq!(history(None, 1).await, all[..1]);
    assert_eq!(history(Some("test.export"), 10).await, []);
}

#[tokio::test]
async fn what_a_policy_does_not_work_with_is_refused() {
    let place = place();
    let services = place.open().await;
    let cap = |most| PolicyChange {
        daily_cap: Some(Setting::To(most)),
        ..PolicyChange::default()
    };
    let minimum = |value| parameters(&[("minimum", Setting::To(value))]);
    let colour = parameters(&[("colour", Setting::To(json!(1)))]);
    let cases = [
        ("test.unknown", cap(1), "no policy is called"),
        ("test.export", minimum(json!(1)), "has no parameters"),
        (
            "test.deletion",
            minimum(json!("many")),
            "`minimum` is \"many\"",
        ),
        (DELETION_NAME, colour, "colour"),
        (DELETION_NAME, cap(0), "daily cap is 0, not 1 to 100000"),
        (DELETION_NAME, scope("boss"), "no role is called `boss`"),
    ];
    for (policy, change, words) in cases {
        let refused = services.change_policy(policy, change, None, "ada").await;
        let refused = refused.unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
        assert!(!refused.advice().is_empty(), "{refused}");
    }
    let overtaken = services
        .change_policy("test.export", cap(1), Some(3), "ada")
        .await;
    assert!(
        overtaken
            .unwrap_err()
            .to_string()
            .contains("revision 0, not 3")
    );
    assert_eq!(services.policy_history(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_setting_reads_as_a_value_or_the_file() {
    let read = |text: &str| text.parse::<Setting<u64>>();
    assert_eq!(read("file"), Ok(Setting::File));
    assert_eq!(read("7"), Ok(Setting::To(7)));
    assert!(read("many").unwrap_err().ends_with(", or `file`"));
}
