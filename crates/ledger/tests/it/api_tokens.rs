use drishti_ledger::{LedgerError, NewApiToken};
use drishti_model::Role;

use crate::access::only;
use crate::place::{Place, at};
use crate::policies::trail;

pub(crate) async fn hold_until_their_end(place: Place) {
    let ledger = place.open().await;
    let new = |name: &str| NewApiToken {
        name: name.to_owned(),
        role: Role::Auditor,
        scope: only(&["acme"]),
        expires_at: at(100),
    };
    let first = ledger
        .add_api_token(&new("export"), "d1", "root", at(0))
        .await
        .unwrap();
    let second = ledger
        .add_api_token(&new("soar"), "d2", "root", at(1))
        .await
        .unwrap();
    let taken = ledger
        .add_api_token(&new("soar"), "d3", "root", at(1))
        .await
        .unwrap_err();
    assert!(matches!(taken, LedgerError::ApiTokenExists(name) if name == "soar"));
    assert_eq!(
        ledger.api_tokens().await.unwrap(),
        [second.clone(), first.clone()]
    );
    assert_eq!(
        (first.role, &first.scope, first.used_at),
        (Role::Auditor, &only(&["acme"]), None)
    );
    let found =
        async |digest: &str, second: i64| ledger.api_token(digest, at(second)).await.unwrap();
    assert_eq!(found("d1", 99).await, Some(first.clone()));
    assert_eq!(found("d1", 100).await, None);
    assert_eq!(found("d3", 1).await, None);
    ledger.touch_api_token(first.id, at(50)).await.unwrap();
    assert_eq!(found("d1", 51).await.unwrap().used_at, Some(at(50)));
    ledger
        .remove_api_token(first.id, "root", at(60))
        .await
        .unwrap();
    assert_eq!(found("d1", 61).await, None);
    let gone = ledger
        .remove_api_token(first.id, "root", at(60))
        .await
        .unwrap_err();
    assert!(matches!(gone, LedgerError::NoSuchApiToken(id) if id == first.id));
    let actions: Vec<_> = trail(&ledger)
        .await
        .into_iter()
        .map(|(action, subject, ..)| (action, subject))
        .collect();
    let expected = [
        ("added", "api token export"),
        ("added", "api token soar"),
        ("removed", "api token export"),
    ];
    assert_eq!(
        actions,
        expected.map(|(action, subject)| (action.to_owned(), subject.to_owned()))
    );
}
