use drishti_ledger::{
    Ledger, LedgerError, NewOperator, OpenIdIdentity, OpenIdSignIn, OperatorChange,
};
use drishti_model::{Role, Secret, SourceScope};

use crate::access::{SPAN, only, with_operators};
use crate::place::{Place, at};
use crate::policies::trail;

fn identity(subject: &str, name: &str) -> OpenIdIdentity {
    OpenIdIdentity {
        subject: format!("https://login.example.com {subject}"),
        name: name.to_owned(),
        display_name: format!("{name}\0 of security"),
        may: Some((Role::Analyst, only(&["acme"]))),
        may_at_first: Some((Role::Analyst, only(&["acme"]))),
    }
}

async fn sign_in(ledger: &Ledger, identity: &OpenIdIdentity, digest: &str) -> OpenIdSignIn {
    let signed_in = ledger.sign_in_with_openid(identity, digest, SPAN, at(1));
    signed_in.await.unwrap()
}

fn begun(signed_in: OpenIdSignIn) -> drishti_ledger::Operator {
    match signed_in {
        OpenIdSignIn::Begun(session) => session.operator,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn operators_are_joined_and_changed(place: Place) {
    let ledger = with_operators(&place, &[("root", Role::Admin)]).await;
    let mara = begun(sign_in(&ledger, &identity("7", "mara"), "one").await);
    assert_eq!((mara.role, &mara.scope), (Role::Analyst, &only(&["acme"])));
    assert!(!mara.has_password);
    // The subject is who they are; their name here stays.
    let mut later = identity("7", "mara.k");
    later.may = Some((Role::Viewer, SourceScope::All));
    let mara = begun(sign_in(&ledger, &later, "two").await);
    assert_eq!((mara.name.as_str(), mara.role), ("mara", Role::Viewer));
    assert_eq!(ledger.session("one", SPAN, at(2)).await.unwrap(), None);
    assert!(ledger.session("two", SPAN, at(2)).await.unwrap().is_some());
    // Where the provider says nothing of it, what an admin set stays.
    later.may = None;
    let change = OperatorChange {
        role: Some(Role::Auditor),
        ..OperatorChange::default()
    };
    ledger
        .change_operator("mara", change, None, "root", at(2))
        .await
        .unwrap();
    assert_eq!(
        begun(sign_in(&ledger, &later, "three").await).role,
        Role::Auditor
    );
    let told = trail(&ledger).await.into_iter().skip(1);
    let actions: Vec<_> = told.map(|(action, ..)| action).collect();
    let expected = [
        "added",
        "joined to the provider",
        "signed in",
        "changed",
        "signed in",
        "changed",
        "signed in",
    ];
    assert_eq!(actions, expected);
    let hash = Secret::new("a hash");
    let set = ledger
        .set_operator_password("mara", &hash, false, "root", at(3))
        .await;
    assert!(matches!(set, Err(LedgerError::Refused { .. })));
    let offered = ledger.offer_totp("mara", &hash, at(3)).await;
    assert!(matches!(offered, Err(LedgerError::Refused { .. })));
}

pub(crate) async fn others_are_kept_out(place: Place) {
    let ledger = with_operators(&place, &[("root", Role::Admin), ("ben", Role::Viewer)]).await;
    let mut mara = identity("7", "mara");
    mara.may_at_first = None;
    assert!(matches!(
        sign_in(&ledger, &mara, "x").await,
        OpenIdSignIn::Unknown
    ));
    assert!(ledger.operator("mara").await.unwrap().is_none());
    // Who has a password here is not taken over.
    let ben = identity("8", "ben");
    assert!(matches!(
        sign_in(&ledger, &ben, "x").await,
        OpenIdSignIn::NameTaken
    ));
    let expected = NewOperator {
        name: "mara".to_owned(),
        display_name: "Mara".to_owned(),
        role: Role::Viewer,
        scope: SourceScope::All,
        password_hash: Secret::new(""),
    };
    ledger.add_operator(&expected, "root", at(1)).await.unwrap();
    begun(sign_in(&ledger, &mara, "one").await);
    let another = identity("9", "mara");
    assert!(matches!(
        sign_in(&ledger, &another, "x").await,
        OpenIdSignIn::NameTaken
    ));
    let disabled = OperatorChange {
        enabled: Some(false),
        ..OperatorChange::default()
    };
    ledger
        .change_operator("mara", disabled, None, "root", at(2))
        .await
        .unwrap();
    assert!(matches!(
        sign_in(&ledger, &mara, "x").await,
        OpenIdSignIn::Disabled
    ));
    assert_eq!(ledger.session("x", SPAN, at(2)).await.unwrap(), None);
}

pub(crate) async fn the_last_admin_stays(place: Place) {
    let ledger = place.open().await;
    let mut root = identity("7", "root");
    root.may_at_first = Some((Role::Admin, SourceScope::All));
    root.may = None;
    begun(sign_in(&ledger, &root, "one").await);
    root.may = Some((Role::Viewer, SourceScope::All));
    let signed_in = ledger.sign_in_with_openid(&root, "two", SPAN, at(2)).await;
    assert!(matches!(signed_in, Err(LedgerError::LastAdmin(_))));
    assert_eq!(ledger.session("two", SPAN, at(2)).await.unwrap(), None);
}
