//! What is kept quiet for a while.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::canonical_time;
use drishti_services::suppressions::{AddSuppression, SuppressionConditions};
use drishti_services::{AlertFilter, Services};

use crate::place::{Place, ingest, now};
use crate::risk::{EXPORT, export};

fn about(policy: Option<&str>, entity: Option<&str>) -> AddSuppression {
    AddSuppression {
        policy: policy.map(str::to_owned),
        conditions: SuppressionConditions {
            entity: entity.map(str::to_owned),
        },
        reason: "migration".to_owned(),
        ends_at: now() + TimeDelta::days(2),
    }
}

async fn suppressed(services: &Services) -> usize {
    let filter = AlertFilter {
        suppressed: Some(true),
        limit: 100,
        ..AlertFilter::default()
    };
    services.alerts(&filter).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_suppressed_is_kept_and_counted_until_it_ends() {
    let mut place = Place::new();
    place.policies = vec![(PathBuf::from("export.yml"), EXPORT.to_owned())];
    let services = place.open().await;
    let at = |hours: i64| -> DateTime<Utc> { now() + TimeDelta::hours(hours) };
    let add = about(Some("test.export"), Some("7@example.com"));
    let added = services.add_suppression(add, "ada").await.unwrap();
    assert!(added.holds);
    place.clock.set(at(3));
    ingest(
        &services,
        [export(1, 7, at(1)), export(2, 8, at(1))].join("\n"),
    )
    .await;
    assert_eq!(suppressed(&services).await, 1);
    let listed = services.suppressions(false).await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].matches, listed[0].last_match_at),
        (1, 1, Some(at(1)))
    );
    let ended = services.end_suppression(added.id, "ben").await.unwrap();
    assert_eq!((ended.holds, ended.ends_at), (false, at(3)));
    assert_eq!(services.suppressions(false).await.unwrap(), []);
    assert_eq!(services.suppressions(true).await.unwrap().len(), 1);
    place.clock.set(at(6));
    ingest(&services, export(3, 7, at(5))).await;
    assert_eq!(suppressed(&services).await, 1, "{}", canonical_time(at(6)));
}

#[tokio::test]
async fn what_would_keep_too_much_quiet_is_refused() {
    let mut place = Place::new();
    place.policies = vec![(PathBuf::from("export.yml"), EXPORT.to_owned())];
    let services = place.open().await;
    let export = || about(Some("test.export"), None);
    let cases = [
        (about(None, None), "everything"),
        (about(None, Some(" ")), "is empty"),
        (about(Some("test.unknown"), None), "no policy is called"),
        (
            AddSuppression {
                reason: "  ".to_owned(),
                ..export()
            },
            "no reason",
        ),
        (
            AddSuppression {
                ends_at: now() + TimeDelta::days(367),
                ..export()
            },
            "within the next 366 days",
        ),
        (
            AddSuppression {
                ends_at: now(),
                ..export()
            },
            "within the next 366 days",
        ),
    ];
    for (add, words) in cases {
        let refused = services.add_suppression(add, "ada").await.unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
    let unknown = services.end_suppression(7, "ada").await.unwrap_err();
    assert!(unknown.advice().contains("suppressions list"), "{unknown}");
    assert_eq!(services.suppressions(true).await.unwrap(), []);
}
