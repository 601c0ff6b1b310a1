//! People: merged from events, accounts, facts and risk, and taken up when they change.

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{
    Account, AccountRole, AccountStatus, SourceName, SourceScope, TimeRange, canonical_time,
};
use drishti_services::people::{
    PeopleFilter, PeopleOrder, PeoplePage, PersonKind, PersonStory, PersonView,
};
use drishti_services::{AlertChange, Classification, PersonFact, Services, Triage};

use crate::place::{Place, ingest, input, name, now};
use crate::risk::EXPORT;

const FILES: &str = "files";

fn place() -> Place {
    let mut place = Place::new();
    place.policies = vec![("export.yml".into(), EXPORT.to_owned())];
    place
}

fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

/// An event of somebody with this gid, name and context.
fn line(gid: u64, kind: &str, who: u64, called: &str, at: DateTime<Utc>, context: &str) -> String {
    let at = canonical_time(at);
    format!(
        r#"{{"gid":"{gid}","created_at":"{at}","event_type":"{kind}","actor":{{"actor_type":"user","gid":"{who}","name":"{called}","email":"P{who}@example.com"}},"context":{{{context}}}}}"#
    )
}

fn event(gid: u64, who: u64, called: &str, at: DateTime<Utc>) -> String {
    line(
        gid,
        "task_deleted",
        who,
        called,
        at,
        r#""context_type":"web""#,
    )
}

fn export(gid: u64, who: u64, at: DateTime<Utc>) -> String {
    line(gid, "workspace_export_started", who, "Exporter", at, "")
}

/// Reads the directory of a source, in which these are.
async fn sync(services: &Services, source: &SourceName, people: &[(u64, &str, AccountRole)]) {
    sync_at(services, source, people, now()).await;
}

async fn sync_at(
    services: &Services,
    source: &SourceName,
    people: &[(u64, &str, AccountRole)],
    at: DateTime<Utc>,
) {
    let accounts: Vec<Account> = people
        .iter()
        .map(|(gid, called, role)| Account {
            user_gid: gid.to_string(),
            name: Some((*called).to_owned()),
            email: Some(format!("p{gid}@example.com")),
            role: *role,
            status: AccountStatus::Active,
            joined_at: None,
        })
        .collect();
    let ledger = services.ledger();
    let sync = ledger.begin_account_sync(source, at).await.unwrap();
    ledger.store_accounts(&sync, &accounts).await.unwrap();
    ledger.finish_account_sync(sync, at).await.unwrap();
}

fn all() -> PeopleFilter {
    PeopleFilter {
        limit: 100,
        ..PeopleFilter::default()
    }
}

async fn people(services: &Services, filter: PeopleFilter) -> PeoplePage {
    services.people(filter).await.unwrap()
}

async fn ids(services: &Services, filter: PeopleFilter) -> Vec<String> {
    let page = people(services, filter).await;
    assert_eq!(page.total, page.people.len() as u64);
    page.people.into_iter().map(|person| person.id).collect()
}

async fn person(services: &Services, known_as: &str) -> PersonStory {
    let story = services.person(known_as, None, &SourceScope::All).await;
    story.unwrap()
}

/// Three who did something, one of them a program; one who has an account and never did.
async fn four() -> (Place, Services) {
    let place = place();
    let services = place.open().await;
    let program = r#""context_type":"api","api_authentication_method":"service_account""#;
    let lines = [
        event(1, 7, "Ada", minutes_ago(5_000)),
        event(2, 7, "Ada B.", minutes_ago(4_000)),
        export(3, 8, minutes_ago(90)),
        line(4, "task_deleted", 9, "Robot", minutes_ago(80), program),
    ];
    ingest(&services, lines.join("\n")).await;
    let directory = [
        (7, "Ada Byron", AccountRole::Admin),
        (30, "<img onerror>", AccountRole::Guest),
    ];
    sync(&services, &name(FILES), &directory).await;
    (place, services)
}

#[tokio::test(flavor = "multi_thread")]
async fn are_merged_and_what_is_unknown_is_not_zero() {
    let (_place, services) = four().await;
    let page = people(&services, all()).await;
    let find = |id: &str| -> PersonView {
        let mut people = page.people.iter();
        people.find(|person| person.id == id).unwrap().clone()
    };
    assert_eq!((page.people.len(), page.total, page.next), (4, 4, None));
    let ada = find("7");
    assert_eq!(
        ada.name.as_deref(),
        Some("Ada Byron"),
        "as the directory calls her"
    );
    assert_eq!(ada.email.as_deref(), Some("p7@example.com"));
    assert_eq!(
        (ada.role, ada.status),
        (Some(AccountRole::Admin), Some(AccountStatus::Active))
    );
    assert_eq!((ada.events, ada.kind), (Some(2), Some(PersonKind::Person)));
    assert_eq!(ada.first_seen_at, Some(minutes_ago(5_000)));
    assert_eq!(ada.last_seen_at, Some(minutes_ago(4_000)));
    let exporter = find("8");
    assert_eq!(exporter.name.as_deref(), Some("Exporter"));
    assert_eq!(
        (exporter.risk, exporter.risk_causes, exporter.open_alerts),
        (40, 1, 1)
    );
    assert_eq!(
        (exporter.role, exporter.status),
        (None, None),
        "the directory does not say"
    );
    assert_eq!(find("9").kind, Some(PersonKind::ServiceAccount));
    let guest = find("30");
    assert_eq!(
        (guest.events, guest.kind, guest.last_seen_at),
        (Some(0), None, None)
    );
    assert_eq!(page.people[0].id, "8", "the riskiest first");

    let other = name("other");
    let unread = services
        .ingest(&other, "empty.jsonl", input(""), |_| ())
        .await;
    unread.unwrap();
    sync(&services, &other, &[(50, "Unwatched", AccountRole::Member)]).await;
    let unwatched = person(&services, "50").await;
    assert_eq!(unwatched.sources[0].habits, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn are_told_apart_by_source_where_not_all_may_be_seen() {
    let (_place, services) = four().await;
    let other = name("other");
    let more = [
        event(20, 7, "Secret Name", minutes_ago(30)),
        event(21, 61, "Zoe", minutes_ago(20)),
    ];
    let read = services.ingest(&other, "other.jsonl", input(more.join("\n")), |_| ());
    read.await.unwrap();
    let whole = person(&services, "7").await;
    assert_eq!((whole.person.events, whole.sources.len()), (Some(3), 2));
    assert_eq!(whole.person.last_seen_at, Some(minutes_ago(30)));
    let scope = SourceScope::of(Some([name(FILES)]));
    let narrow = |text: &str| PeopleFilter {
        scope: scope.clone(),
        text: Some(text.to_owned()),
        ..all()
    };
    let found = people(&services, narrow("ada")).await;
    assert_eq!(found.people[0].events, Some(2));
    assert_eq!(found.people[0].last_seen_at, Some(minutes_ago(4_000)));
    assert_eq!(found.people[0].sources, [FILES]);
    for unseen in ["secret", "zoe", "61"] {
        assert_eq!(people(&services, narrow(unseen)).await.total, 0, "{unseen}");
    }
    let by_name = PeopleFilter {
        order: PeopleOrder::Name,
        scope: scope.clone(),
        ..all()
    };
    assert_eq!(ids(&services, by_name).await, ["30", "7", "8", "9"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn are_narrowed_and_put_in_order() {
    let (_place, services) = four().await;
    let with = |change: fn(&mut PeopleFilter)| {
        let mut filter = all();
        change(&mut filter);
        filter
    };
    for (filter, expected) in [
        (with(|all| all.text = Some("ADA".to_owned())), &["7"][..]),
        (with(|all| all.text = Some("p8@".to_owned())), &["8"]),
        (with(|all| all.text = Some("<IMG".to_owned())), &["30"]),
        (with(|all| all.text = Some("%".to_owned())), &[]),
        (
            with(|all| all.kind = Some(PersonKind::ServiceAccount)),
            &["9"],
        ),
        (with(|all| all.role = Some(AccountRole::Guest)), &["30"]),
        (with(|all| all.status = Some(AccountStatus::Gone)), &[]),
        (with(|all| all.risk_min = Some(40)), &["8"]),
        (with(|all| all.risk_min = Some(41)), &[]),
        (with(|all| all.has_alerts = Some(true)), &["8"]),
        (with(|all| all.is_leaving = Some(true)), &[]),
        (with(|all| all.seen_from = Some(minutes_ago(85))), &["9"]),
        (with(|all| all.seen_to = Some(minutes_ago(90))), &["7"]),
        (with(|all| all.source = Some(name("nowhere"))), &[]),
        (
            with(|all| all.order = PeopleOrder::Risk),
            &["8", "9", "7", "30"],
        ),
        (
            with(|all| all.order = PeopleOrder::LastSeen),
            &["9", "8", "7", "30"],
        ),
        (
            with(|all| all.order = PeopleOrder::Name),
            &["30", "7", "8", "9"],
        ),
        (
            with(|all| all.order = PeopleOrder::Events),
            &["7", "9", "8", "30"],
        ),
    ] {
        let told = format!("{filter:?}");
        assert_eq!(ids(&services, filter).await, expected, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn are_paged_without_a_gap_in_every_order() {
    let (_place, services) = four().await;
    for order in PeopleOrder::ALL {
        let whole = ids(&services, PeopleFilter { order, ..all() }).await;
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let filter = PeopleFilter {
                order,
                after,
                limit: 1,
                ..all()
            };
            let page = people(&services, filter).await;
            assert_eq!(page.total, 4);
            paged.extend(page.people.into_iter().map(|person| person.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, whole, "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn are_taken_up_when_they_change() {
    let (_place, services) = four().await;
    let before = person(&services, "7").await.person;
    assert_eq!((before.events, before.leaving_since), (Some(2), None));

    // Newer events, which a preview shows at once.
    let newer = [
        event(10, 7, "Ada", minutes_ago(2)),
        event(11, 60, "New", minutes_ago(1)),
    ];
    ingest(&services, newer.join("\n")).await;
    let after = person(&services, "7").await.person;
    assert_eq!(
        (after.events, after.last_seen_at),
        (Some(3), Some(minutes_ago(2)))
    );
    assert_eq!(person(&services, "New").await.person.id, "60");

    // Older ones, after which everything is evaluated anew.
    ingest(&services, event(12, 7, "Ada", minutes_ago(9_000))).await;
    let after = person(&services, "7").await.person;
    assert_eq!(
        (after.events, after.first_seen_at),
        (Some(4), Some(minutes_ago(9_000)))
    );

    // Facts by gid, and by an e-mail address in whatever case.
    let fact = |gid: Option<&str>, email: Option<&str>, group: &str| PersonFact {
        gid: gid.map(str::to_owned),
        email: email.map(str::to_owned),
        groups: vec![group.to_owned()],
        leaving_since: email.map(|_| now()),
        told_by: "leavers.csv".to_owned(),
        ..PersonFact::default()
    };
    let facts = [
        fact(Some("7"), None, "board"),
        fact(None, Some("P7@EXAMPLE.com"), "finance"),
    ];
    let ledger = services.ledger();
    ledger
        .replace_people_facts("leavers.csv", &facts, "mara", now())
        .await
        .unwrap();
    let after = person(&services, "7").await;
    assert_eq!(after.person.groups, ["board", "finance"]);
    assert_eq!(after.person.leaving_since, Some(now()));
    assert_eq!(after.sources[0].facts.len(), 2);
    let leaving = PeopleFilter {
        is_leaving: Some(true),
        ..all()
    };
    assert_eq!(ids(&services, leaving).await, ["7"]);
    let by_group = PeopleFilter {
        text: Some("Finance".to_owned()),
        ..all()
    };
    assert_eq!(ids(&services, by_group).await, ["7"]);

    // An account that goes, and a source that goes.
    let left = [(30, "Guest", AccountRole::Guest)];
    sync_at(&services, &name(FILES), &left, now() + TimeDelta::days(1)).await;
    assert_eq!(
        person(&services, "7").await.person.status,
        Some(AccountStatus::Gone)
    );
    services.remove_source(&name(FILES), None).await.unwrap();
    let gone = services
        .person("7", None, &SourceScope::All)
        .await
        .unwrap_err();
    assert_eq!(gone.name(), "NoSuchPerson");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_told_with_everything() {
    let (_place, services) = four().await;
    for known_as in ["8", "P8@example.com", "p8@EXAMPLE.com", "exporter"] {
        assert_eq!(
            person(&services, known_as).await.person.id,
            "8",
            "{known_as}"
        );
    }
    let story = person(&services, "8").await;
    assert_eq!((story.alerts.len(), story.risk_addends.len()), (1, 1));
    let known = &story.sources[0];
    assert_eq!(
        (known.source.as_str(), known.account.as_ref()),
        (FILES, None)
    );
    assert_eq!(known.seen.as_ref().unwrap().events, 1);
    let habits = known.habits.as_ref().unwrap();
    assert!(!habits.is_learned);
    assert_eq!(
        habits.event_types[0].name.as_deref(),
        Some("workspace_export_started")
    );
    let change = AlertChange {
        triage: Some(Triage::Resolved {
            classification: Classification::Benign,
            reason: "planned".to_owned(),
        }),
        ..AlertChange::default()
    };
    services
        .triage(&story.alerts[0].id, &change, None, "mara")
        .await
        .unwrap();
    let after = person(&services, "8").await;
    assert_eq!((after.person.risk, after.person.open_alerts), (0, 0));
    assert!(!after.risk_addends[0].counts);

    for unknown in ["nobody", "", "p8", "%"] {
        let error = services
            .person(unknown, None, &SourceScope::All)
            .await
            .unwrap_err();
        assert_eq!(error.name(), "NoSuchPerson", "{unknown}");
    }
    let scope = SourceScope::of(Some([name("other")]));
    assert!(services.person("8", None, &scope).await.is_err());
    let nowhere = name("nowhere");
    assert!(
        services
            .person("8", Some(&nowhere), &SourceScope::All)
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_counted() {
    let (_place, services) = four().await;
    let range = TimeRange::new(minutes_ago(10_000), now()).unwrap();
    let places = async |who: &str, range| {
        let places = services.places_of(who, None, &SourceScope::All, range);
        places.await.unwrap()
    };
    let of_ada = places("Ada Byron", range).await;
    // Without a table of places there is one, of which nothing is known.
    assert_eq!((of_ada.len(), of_ada[0].events), (1, 2));
    assert_eq!((&of_ada[0].country, of_ada[0].latitude), (&None, None));
    assert_eq!(of_ada[0].first_at, minutes_ago(5_000));
    assert_eq!(of_ada[0].last_at, minutes_ago(4_000));
    let earlier = TimeRange::new(minutes_ago(10_000), minutes_ago(6_000)).unwrap();
    assert_eq!(places("7", earlier).await, []);
}
