use drishti_ledger::{
    LedgerError, NewOperator, NewSavedView, SavedView, VIEW_NAME_CHARS_MAX, VIEW_QUERY_BYTES_MAX,
    VIEWS_MAX, VIEWS_OF_OWNER_MAX, ViewAuthor, ViewPage,
};
use drishti_model::{Role, Secret, SourceScope};

use crate::place::{Place, at};
use crate::policies::trail;

fn view(name: &str) -> NewSavedView {
    NewSavedView {
        page: ViewPage::Alerts,
        name: name.to_owned(),
        query: "severity=high&state=new".to_owned(),
        is_shared: false,
    }
}

fn shared(name: &str) -> NewSavedView {
    NewSavedView {
        is_shared: true,
        ..view(name)
    }
}

fn by(name: &str) -> ViewAuthor<'_> {
    ViewAuthor {
        name,
        removes_shared: false,
    }
}

fn names(views: &[SavedView]) -> Vec<&str> {
    views.iter().map(|view| view.view.name.as_str()).collect()
}

pub(crate) async fn are_kept_and_shared(place: Place) {
    let ledger = place.open().await;
    let first = ledger
        .add_view(&view("Mine"), by("mara"), at(1))
        .await
        .unwrap();
    assert_eq!((first.owner.as_str(), first.revision), ("mara", 1));
    assert_eq!((first.created_at, first.updated_at), (at(1), at(1)));
    assert_eq!(first.view, view("Mine"));
    ledger
        .add_view(&shared("Ours"), by("mara"), at(2))
        .await
        .unwrap();
    assert_eq!(
        names(&ledger.saved_views("mara").await.unwrap()),
        ["Mine", "Ours"]
    );
    assert_eq!(names(&ledger.saved_views("ben").await.unwrap()), ["Ours"]);

    let again = ledger
        .add_view(&shared("Mine"), by("mara"), at(3))
        .await
        .unwrap_err();
    assert!(matches!(again, LedgerError::ViewExists(_)), "{again}");
    // Another page, and another owner, may have the same name.
    let events = NewSavedView {
        page: ViewPage::Events,
        ..view("Mine")
    };
    ledger.add_view(&events, by("mara"), at(3)).await.unwrap();
    ledger
        .add_view(&view("Mine"), by("ben"), at(3))
        .await
        .unwrap();
}

pub(crate) async fn are_changed_and_told_where_shared(place: Place) {
    let ledger = place.open().await;
    let first = ledger
        .add_view(&view("Mine"), by("mara"), at(1))
        .await
        .unwrap();
    ledger
        .add_view(&shared("Ours"), by("mara"), at(2))
        .await
        .unwrap();
    let changed = ledger
        .change_view(first.id, &shared("Now ours"), Some(1), by("mara"), at(4))
        .await
        .unwrap();
    assert_eq!((changed.revision, changed.updated_at), (2, at(4)));
    let stale = ledger
        .change_view(first.id, &view("Late"), Some(1), by("mara"), at(5))
        .await
        .unwrap_err();
    assert!(
        matches!(stale, LedgerError::RevisionConflict { actual: 2, .. }),
        "{stale}"
    );
    let stale = ledger
        .remove_view(first.id, Some(1), by("mara"), at(5))
        .await;
    assert!(stale.is_err());
    let taken = ledger
        .change_view(first.id, &shared("Ours"), None, by("mara"), at(5))
        .await
        .unwrap_err();
    assert!(matches!(taken, LedgerError::ViewExists(_)), "{taken}");
    ledger
        .remove_view(first.id, Some(2), by("mara"), at(6))
        .await
        .unwrap();
    let gone = ledger
        .remove_view(first.id, None, by("mara"), at(6))
        .await
        .unwrap_err();
    assert!(matches!(gone, LedgerError::NoSuchView(_)), "{gone}");

    let told = trail(&ledger).await;
    let told: Vec<_> = told
        .iter()
        .map(|(action, subject, ..)| (action.as_str(), subject.clone()))
        .collect();
    // What is only one's own is not told.
    let expected = [
        ("added", "view Ours"),
        ("changed", "view Now ours"),
        ("removed", "view Now ours"),
    ];
    let expected = expected.map(|(action, subject)| (action, subject.to_owned()));
    assert_eq!(told, expected);
}

pub(crate) async fn are_their_owners(place: Place) {
    let ledger = place.open().await;
    let own = ledger
        .add_view(&view("Own"), by("mara"), at(1))
        .await
        .unwrap();
    let ours = ledger
        .add_view(&shared("Ours"), by("mara"), at(1))
        .await
        .unwrap();
    let admin = ViewAuthor {
        name: "root",
        removes_shared: true,
    };
    for author in [by("ben"), admin] {
        for id in [own.id, ours.id] {
            let refused = ledger
                .change_view(id, &view("Theirs"), None, author, at(2))
                .await;
            assert!(matches!(refused, Err(LedgerError::NoSuchView(_))));
        }
        let refused = ledger.remove_view(own.id, None, author, at(2)).await;
        assert!(matches!(refused, Err(LedgerError::NoSuchView(_))));
    }
    let refused = ledger.remove_view(ours.id, None, by("ben"), at(2)).await;
    assert!(matches!(refused, Err(LedgerError::NoSuchView(_))));
    ledger
        .remove_view(ours.id, None, admin, at(3))
        .await
        .unwrap();
    assert_eq!(names(&ledger.saved_views("mara").await.unwrap()), ["Own"]);
}

pub(crate) async fn have_bounds(place: Place) {
    let ledger = place.open().await;
    let refused = [
        view(""),
        view("  "),
        view("two\nlines"),
        view(&"n".repeat(VIEW_NAME_CHARS_MAX + 1)),
        NewSavedView {
            query: "q".repeat(VIEW_QUERY_BYTES_MAX + 1),
            ..view("long")
        },
        NewSavedView {
            query: "text=a\nb".to_owned(),
            ..view("control")
        },
        NewSavedView {
            query: "a=b#fragment".to_owned(),
            ..view("fragment")
        },
    ];
    for new in refused {
        let refused = ledger.add_view(&new, by("mara"), at(1)).await;
        assert!(
            matches!(refused, Err(LedgerError::Refused { .. })),
            "{new:?}"
        );
    }
    let largest = NewSavedView {
        query: "q".repeat(VIEW_QUERY_BYTES_MAX),
        ..view(&"🎉".repeat(VIEW_NAME_CHARS_MAX))
    };
    ledger.add_view(&largest, by("mara"), at(1)).await.unwrap();

    let fill = async |owner: &str, count: u64| {
        place
            .execute(&format!(
                "insert into saved_views (owner, page, name, query, shared, revision, created_at, updated_at) \
                 with recursive numbers(i) as (select 1 union all select i + 1 from numbers where i < {count}) \
                 select '{owner}', 'alerts', '{owner} ' || i, '', false, 1, 0, 0 from numbers"
            ))
            .await;
    };
    fill("mara", VIEWS_OF_OWNER_MAX - 1).await;
    let many = ledger
        .add_view(&view("more"), by("mara"), at(2))
        .await
        .unwrap_err();
    assert!(many.to_string().contains("200 views"), "{many}");
    fill("others", VIEWS_MAX - VIEWS_OF_OWNER_MAX).await;
    let many = ledger
        .add_view(&view("more"), by("ben"), at(2))
        .await
        .unwrap_err();
    assert!(many.to_string().contains("10000 views"), "{many}");
}

pub(crate) async fn go_with_their_owner_unless_shared(place: Place) {
    let ledger = place.open().await;
    for (name, role) in [("root", Role::Admin), ("mara", Role::Viewer)] {
        let new = NewOperator {
            name: name.to_owned(),
            display_name: name.to_owned(),
            role,
            scope: SourceScope::All,
            password_hash: Secret::new("hash"),
        };
        ledger.add_operator(&new, "setup", at(0)).await.unwrap();
    }
    ledger
        .add_view(&view("Own"), by("mara"), at(1))
        .await
        .unwrap();
    ledger
        .add_view(&shared("Ours"), by("mara"), at(1))
        .await
        .unwrap();
    ledger
        .remove_operator("mara", None, "root", at(2))
        .await
        .unwrap();
    assert_eq!(names(&ledger.saved_views("mara").await.unwrap()), ["Ours"]);
}
