//! Sources of a configuration file: the file is the only place where they change.

use drishti_model::{DesiredState, Secret, SourceProfile};
use drishti_services::sources::{AddSource, Removal};
use drishti_services::{ServiceError, Services, SourceChange};

use crate::place::{Place, name};
use crate::stand::{add, profile};

fn declared(source: &str, workspace: &str) -> AddSource {
    AddSource {
        name: name(source),
        declared: true,
        ..add(SourceProfile::API_URL, Some(workspace))
    }
}

fn other_category() -> SourceChange {
    SourceChange {
        profile: Some(SourceProfile {
            category: "other".to_owned(),
            ..profile(SourceProfile::API_URL)
        }),
        ..SourceChange::default()
    }
}

async fn is_declared(services: &Services, source: &str) -> bool {
    let overview = services.source(&name(source)).await.unwrap();
    overview.source.declared
}

#[tokio::test]
async fn what_the_file_says_is_not_changed_elsewhere() {
    let place = Place::new();
    let services = place.open().await;
    let acme = declared("acme", "1201");
    services.declare_source(acme.clone()).await.unwrap();
    let token = SourceChange {
        token: Some(Secret::new("another")),
        ..SourceChange::default()
    };
    for refused in [
        services
            .update_source(&name("acme"), other_category(), None)
            .await
            .map(drop),
        services
            .update_source(&name("acme"), token, None)
            .await
            .map(drop),
        services.remove_source(&name("acme"), None).await.map(drop),
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, ServiceError::Declared { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "source `acme` is kept as `/etc/drishti.toml` says"
        );
        assert!(
            error.advice().contains("Change it there"),
            "{}",
            error.advice()
        );
    }
    let before = services.source(&name("acme")).await.unwrap().source;
    assert_eq!(
        (before.revision, before.desired),
        (1, DesiredState::Running)
    );

    // What the file does not say is the owner's as ever, and the next reading of the file leaves it.
    services.restart_source(&name("acme")).await.unwrap();
    services.pause_source(&name("acme")).await.unwrap();
    services.declare_source(acme).await.unwrap();
    let paused = services.source(&name("acme")).await.unwrap().source;
    assert_eq!(paused.desired, DesiredState::Paused);
}

#[tokio::test]
async fn a_source_that_left_the_file_is_like_any_other() {
    let place = Place::new();
    let services = place.open().await;
    let (first, second) = (declared("first", "1201"), declared("second", "1202"));
    for source in [&first, &second] {
        services.declare_source(source.clone()).await.unwrap();
    }
    services
        .add_source(AddSource {
            name: name("own"),
            ..add(SourceProfile::API_URL, Some("1203"))
        })
        .await
        .unwrap();
    let released = services.release_undeclared(&[first]).await.unwrap();
    assert_eq!(released, [name("second")]);
    assert!(is_declared(&services, "first").await && !is_declared(&services, "second").await);
    services
        .update_source(&name("second"), other_category(), None)
        .await
        .unwrap();
    assert_eq!(
        services.release_undeclared(&[]).await.unwrap(),
        [name("first")]
    );
    assert_eq!(services.release_undeclared(&[]).await.unwrap(), []);
    let removed = services.remove_source(&name("second"), None).await.unwrap();
    assert_eq!(removed, Removal::Done);
}

#[tokio::test]
async fn one_of_several_workspaces_is_declared_by_the_beginning_of_its_name() {
    let place = Place::new();
    let services = place.open().await;
    services
        .declare_source(declared("all-1201", "1201"))
        .await
        .unwrap();
    let all = AddSource {
        name: name("all"),
        workspace_gid: None,
        ..declared("all", "1201")
    };
    assert_eq!(services.release_undeclared(&[all]).await.unwrap(), []);
    assert!(is_declared(&services, "all-1201").await);
}

#[tokio::test]
async fn a_source_that_is_being_removed_comes_back_with_the_file() {
    let place = Place::new();
    let services = place.open().await;
    let source = AddSource {
        declared: false,
        ..declared("acme", "1201")
    };
    services.add_source(source.clone()).await.unwrap();
    let minute = chrono::TimeDelta::minutes(1);
    let ledger = services.ledger();
    let lease = ledger
        .acquire_lease(&name("acme"), "other", minute, crate::place::now())
        .await;
    assert!(lease.unwrap().is_some());
    let removed = services.remove_source(&name("acme"), None).await.unwrap();
    assert_eq!(removed, Removal::LeftTo("other".to_owned()));
    services
        .declare_source(declared("acme", "1201"))
        .await
        .unwrap();
    let back = services.source(&name("acme")).await.unwrap().source;
    assert_eq!((back.desired, back.declared), (DesiredState::Running, true));
}
