//! Policies that are written here.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use drishti_ledger::POLICY_FILES_AUTHOR;
use drishti_services::AlertFilter;
use drishti_services::ServiceError;
use drishti_services::Services;
use drishti_services::backtest::Trial;
use drishti_services::detect::PolicyId;
use drishti_services::policies::Origin;

use crate::place::{Place, event, event_at, ingest, now};

const SIGN_IN: &str = r"
title: Sign-in
logsource: {product: asana, service: audit}
detection:
  selection: {event_type: user_login_succeeded}
  condition: selection
drishti:
  name: own.sign_in
  window: 1m
";

async fn alerts(services: &Services) -> usize {
    let filter = AlertFilter {
        policies: vec!["own.sign_in".to_owned()],
        limit: 100,
        ..AlertFilter::default()
    };
    services.alerts(&filter).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_takes_up_what_one_of_them_was_told() {
    let place = Place::new();
    let (one, other) = (place.open_as("one").await, place.open_as("other").await);
    // Both have read what there is.
    for node in [&one, &other] {
        assert!(node.policies().await.unwrap().is_empty());
    }
    one.add_policy(SIGN_IN.to_owned(), "ada").await.unwrap();
    assert_eq!(one.policies().await.unwrap().len(), 1);
    assert!(other.refresh_knowledge().await.unwrap());
    assert!(!other.refresh_knowledge().await.unwrap());
    ingest(&other, event(1)).await;
    assert_eq!(alerts(&one).await, 1);
    one.remove_policy("own.sign_in", None, "ada").await.unwrap();
    assert!(other.refresh_knowledge().await.unwrap());
    assert!(other.policies().await.unwrap().is_empty());
    assert_eq!(alerts(&one).await, 1, "its alerts stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_editors_do_to_policies_stands_in_the_trail() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::new();
    place.policy_folder = Some(folder.path().to_owned());
    let file = folder.path().join("sign_in.yml");
    let told = async |services: &Services| {
        let changes = services.policy_history(Some("own.sign_in"), 10).await;
        let changes = changes.unwrap().into_iter().rev();
        let told = changes.map(|change| {
            let counts = change.difference.unwrap().counts();
            (change.author, change.action, counts)
        });
        told.collect::<Vec<_>>()
    };
    let lines = SIGN_IN.lines().count();
    let by_file =
        |action: &str, counts| (POLICY_FILES_AUTHOR.to_owned(), action.to_owned(), counts);
    let mut expected = Vec::new();
    for (text, action, counts) in [
        (Some(SIGN_IN.to_owned()), "created", (lines, 0)),
        // Evaluated again by the same file: nothing to tell.
        (Some(SIGN_IN.to_owned()), "", (0, 0)),
        (Some(SIGN_IN.replace("1m", "2m")), "replaced", (1, 1)),
        (None, "removed", (0, lines)),
    ] {
        match text {
            Some(text) => std::fs::write(&file, text).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let services = place.open().await;
        ingest(&services, event(1)).await;
        if !action.is_empty() {
            expected.push(by_file(action, counts));
        }
        assert_eq!(told(&services).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_same_name_comes_first_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::new();
    place.policy_folder = Some(folder.path().to_owned());
    let services = place.open().await;
    services
        .add_policy(SIGN_IN.to_owned(), "ada")
        .await
        .unwrap();
    assert_eq!(services.policies().await.unwrap().len(), 1);
    let file = SIGN_IN.replace("title: Sign-in", "title: From a file");
    std::fs::write(folder.path().join("sign_in.yml"), file).unwrap();
    assert!(services.refresh_knowledge().await.unwrap());
    let policy = services.policy("own.sign_in").await.unwrap();
    assert_eq!(policy.title, "From a file");
    let known = services.knowledge().await.unwrap();
    assert_eq!(known.origin(&PolicyId::new("own.sign_in")), Origin::File);
    let told = known.pack.errors[0].to_string();
    assert!(told.contains("its name is taken by"), "{told}");
    // What is hidden by the file can still be removed.
    services
        .remove_policy("own.sign_in", None, "ada")
        .await
        .unwrap();
    assert!(services.knowledge().await.unwrap().pack.errors.is_empty());
    let removed = services.remove_policy("own.sign_in", None, "ada").await;
    let refused = removed.unwrap_err();
    assert!(
        matches!(
            &refused,
            ServiceError::NotOwnPolicy {
                origin: Origin::File,
                ..
            }
        ),
        "{refused}"
    );
}

/// A trial reads day by day, and what it has read when its time is over is the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_trial_ends_when_its_time_is_over() {
    let mut place = Place::new();
    place.policies = vec![(PathBuf::from("sign_in.yml"), SIGN_IN.to_owned())];
    let services = place.open().await;
    let days_ago = |days| event_at(days, now() - TimeDelta::days(i64::try_from(days).unwrap()));
    ingest(
        &services,
        [days_ago(3), days_ago(2), days_ago(1)].join("\n"),
    )
    .await;
    let trial = services.trial("own.sign_in", None, 7, None).await.unwrap();
    let whole = services.try_policy(trial.clone()).await.unwrap();
    assert_eq!((whole.alerts, whole.read_until), (3, None));
    let cut = Trial {
        time_max: Some(Duration::ZERO),
        ..trial
    };
    let cut = services.try_policy(cut).await.unwrap();
    let first = now() - TimeDelta::days(3);
    assert_eq!((cut.alerts, cut.read_until), (1, Some(first)));
}
