use drishti_model::Secret;
use drishti_services::sources::{Capability, ConnectionTest};

use crate::place::{Place, name};
use crate::stand::{TOKEN, add, asana};

fn states(test: &ConnectionTest) -> Vec<(&str, bool, Option<u16>)> {
    let capability = |it: &Capability| (it.name, it.ok, it.status);
    test.capabilities.iter().map(capability).collect()
}

#[tokio::test]
async fn a_good_connection_has_all_capabilities() {
    let place = Place::new();
    let services = place.open().await;
    let asana = asana(|_| ()).await;
    services
        .add_source(add(&asana.api_url, None))
        .await
        .unwrap();
    let test = services.test_source(&name("asana")).await.unwrap();
    assert!(test.ok);
    let ok = |name| (name, true, Some(200));
    assert_eq!(
        states(&test),
        [ok("token"), ok("workspace"), ok("audit_log"), ok("users")]
    );
    assert_eq!(test.capabilities[1].words, asana.workspaces[0].1);
    assert!(
        test.capabilities[2]
            .words
            .starts_with("readable, from 2026-05-2"),
        "{:?}",
        test.capabilities[2]
    );
    assert!(
        test.capabilities[3]
            .words
            .contains("people on the first page")
    );
    assert!(!serde_json::to_string(&test).unwrap().contains(TOKEN));

    let without_workspace = services
        .test_connection(&asana.api_url, &Secret::new(TOKEN), None)
        .await;
    assert!(without_workspace.ok);
}

#[tokio::test]
async fn each_capability_is_refused_apart() {
    let place = Place::new();
    let services = place.open().await;
    for (entitlement, status) in [
        ("unauthorized", 401),
        ("payment_required", 402),
        ("forbidden", 403),
    ] {
        let asana = asana(|args| args.fault = vec![format!("entitlement={entitlement}")]).await;
        let gid = asana.workspaces[0].0.clone();
        let test = services
            .test_connection(&asana.api_url, &Secret::new(TOKEN), Some(&gid))
            .await;
        assert!(!test.ok);
        assert_eq!(
            states(&test),
            [
                ("token", true, Some(200)),
                ("workspace", true, Some(200)),
                ("audit_log", false, Some(status)),
                ("users", true, Some(200))
            ]
        );
        let refused = &test.capabilities[2];
        assert!(!refused.words.is_empty());
        assert!(
            refused.advice.contains("service account"),
            "{}",
            refused.advice
        );
    }
}

#[tokio::test]
async fn what_depends_on_a_refused_capability_is_not_tried() {
    let place = Place::new();
    let services = place.open().await;
    let asana = asana(|_| ()).await;
    let wrong_token = Secret::new("another-token");
    let test = services
        .test_connection(&asana.api_url, &wrong_token, None)
        .await;
    let not_tried = |name| (name, false, None);
    assert_eq!(
        states(&test),
        [
            ("token", false, Some(401)),
            not_tried("workspace"),
            not_tried("audit_log"),
            not_tried("users")
        ]
    );
    assert_eq!(
        test.capabilities[1].words,
        "not tried: the token does not work"
    );
    assert!(!test.capabilities[0].advice.is_empty());
    assert!(
        !serde_json::to_string(&test)
            .unwrap()
            .contains("another-token")
    );

    let test = services
        .test_connection(&asana.api_url, &Secret::new(TOKEN), Some("999"))
        .await;
    let token = ("token", true, Some(200));
    assert_eq!(states(&test)[0], token);
    assert!(!states(&test)[1].1 && states(&test)[1].2.is_some());
    assert_eq!(
        states(&test)[2..],
        [not_tried("audit_log"), not_tried("users")]
    );

    let test = services
        .test_connection("http://192.0.2.1/", &Secret::new(TOKEN), None)
        .await;
    assert_eq!(states(&test)[0], not_tried("token"));
    assert!(
        test.capabilities[0].words.contains("in the clear"),
        "{:?}",
        test.capabilities[0]
    );
}

#[tokio::test]
async fn an_address_where_nobody_answers_is_named_quickly() {
    let place = Place::new();
    let services = place.open().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/api/1.0", listener.local_addr().unwrap());
    drop(listener);
    let test = services
        .test_connection(&address, &Secret::new(TOKEN), None)
        .await;
    assert_eq!(states(&test)[0], ("token", false, None));
    assert!(
        test.capabilities[0].words.contains("connection failed"),
        "{:?}",
        test.capabilities[0]
    );
}
