use drishti_ledger::{AccountFilter, LedgerError, StoredAccount, SyncSummary};
use drishti_model::{Account, AccountRole, AccountStatus};

use crate::place::{Place, at, name, new_source};

pub(crate) fn account(user_gid: &str, role: AccountRole) -> Account {
    Account {
        user_gid: user_gid.to_owned(),
        name: Some(format!("Person {user_gid}")),
        email: Some(format!("{user_gid}@example.com")),
        role,
        status: AccountStatus::Active,
        joined_at: Some(at(-1_000)),
    }
}

fn everybody() -> AccountFilter {
    AccountFilter {
        limit: u64::MAX,
        ..AccountFilter::default()
    }
}

fn by_gid(accounts: &[StoredAccount], user_gid: &str) -> StoredAccount {
    accounts
        .iter()
        .find(|stored| stored.account.user_gid == user_gid)
        .unwrap()
        .clone()
}

pub(crate) async fn are_synced(place: Place) {
    use AccountRole::{Admin, Guest, Member};
    let (ledger, source) = place.open_with_source().await;
    assert_eq!(ledger.last_account_sync(&source).await.unwrap(), None);
    let sync = ledger.begin_account_sync(&source, at(1)).await.unwrap();
    let nameless = Account {
        name: None,
        email: None,
        joined_at: None,
        status: AccountStatus::Unknown,
        ..account("3", Guest)
    };
    ledger
        .store_accounts(&sync, &[account("1", Admin), account("2", Member)])
        .await
        .unwrap();
    ledger
        .store_accounts(&sync, &[account("2", Member), nameless.clone()])
        .await
        .unwrap();
    let summary = ledger.finish_account_sync(sync, at(2)).await.unwrap();
    assert_eq!(
        summary,
        SyncSummary {
            added: 3,
            changed: 0,
            gone: 0,
            total: 3
        }
    );
    assert_eq!(
        ledger.last_account_sync(&source).await.unwrap(),
        Some(at(2))
    );
    let stored = ledger.accounts(everybody()).await.unwrap();
    let expected = StoredAccount {
        source: source.clone(),
        account: nameless.clone(),
        first_seen_at: at(1),
        last_seen_at: at(1),
        gone_at: None,
    };
    assert_eq!(by_gid(&stored, "3"), expected);
}

pub(crate) async fn that_change_or_go_are_told(place: Place) {
    use AccountRole::{Admin, Member};
    let (ledger, source) = place.open_with_source().await;
    let sync = ledger.begin_account_sync(&source, at(1)).await.unwrap();
    let people = [
        account("1", Admin),
        account("2", Member),
        account("3", Member),
    ];
    ledger.store_accounts(&sync, &people).await.unwrap();
    ledger.finish_account_sync(sync, at(2)).await.unwrap();
    let sync = ledger.begin_account_sync(&source, at(11)).await.unwrap();
    ledger
        .store_accounts(
            &sync,
            &[
                account("1", Member),
                account("4", Member),
                account("3", Member),
            ],
        )
        .await
        .unwrap();
    let summary = ledger.finish_account_sync(sync, at(12)).await.unwrap();
    assert_eq!(
        summary,
        SyncSummary {
            added: 1,
            changed: 1,
            gone: 1,
            total: 3
        }
    );
    ledger.close().await;
    let ledger = place.open().await;
    let stored = ledger.accounts(everybody()).await.unwrap();
    let gone = by_gid(&stored, "2");
    assert_eq!(
        (gone.account.status, gone.gone_at),
        (AccountStatus::Gone, Some(at(12)))
    );
    assert_eq!((gone.first_seen_at, gone.last_seen_at), (at(1), at(1)));
    let changed = by_gid(&stored, "1");
    assert_eq!(
        (
            changed.account.role,
            changed.first_seen_at,
            changed.last_seen_at
        ),
        (Member, at(1), at(11))
    );
}

pub(crate) async fn who_comes_back_is_no_longer_gone(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let people = ["1", "2"].map(|gid| account(gid, AccountRole::Member));
    let mut summaries = Vec::new();
    for (begun, seen) in [
        (1, &people[..]),
        (11, &people[..1]),
        (21, &people[..1]),
        (31, &people),
    ] {
        let sync = ledger.begin_account_sync(&source, at(begun)).await.unwrap();
        ledger.store_accounts(&sync, seen).await.unwrap();
        let summary = ledger
            .finish_account_sync(sync, at(begun + 1))
            .await
            .unwrap();
        summaries.push((summary.added, summary.changed, summary.gone, summary.total));
        if begun == 21 {
            // Seen as gone at first, not again with each sync.
            let gone = by_gid(&ledger.accounts(everybody()).await.unwrap(), "2");
            assert_eq!(gone.gone_at, Some(at(12)));
        }
    }
    assert_eq!(
        summaries,
        [(2, 0, 0, 2), (0, 0, 1, 1), (0, 0, 0, 1), (0, 1, 0, 2)]
    );
    let back = by_gid(&ledger.accounts(everybody()).await.unwrap(), "2");
    assert_eq!(
        (back.account.status, back.gone_at),
        (AccountStatus::Active, None)
    );
    assert_eq!((back.first_seen_at, back.last_seen_at), (at(1), at(31)));
}

pub(crate) async fn a_cut_sync_marks_nobody(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let people = ["1", "2", "3"].map(|gid| account(gid, AccountRole::Member));
    let sync = ledger.begin_account_sync(&source, at(1)).await.unwrap();
    ledger.store_accounts(&sync, &people).await.unwrap();
    ledger.finish_account_sync(sync, at(2)).await.unwrap();

    let cut = ledger.begin_account_sync(&source, at(11)).await.unwrap();
    ledger.store_accounts(&cut, &people[..1]).await.unwrap();
    drop(cut);
    ledger.close().await;
    let ledger = place.open().await;
    let stored = ledger.accounts(everybody()).await.unwrap();
    assert!(
        stored.iter().all(
            |stored| stored.account.status == AccountStatus::Active && stored.gone_at.is_none()
        )
    );
    assert_eq!(
        ledger.last_account_sync(&source).await.unwrap(),
        Some(at(2))
    );

    // The next one must see everybody itself; what the cut one saw does not count.
    let next = ledger.begin_account_sync(&source, at(21)).await.unwrap();
    ledger.store_accounts(&next, &people[1..]).await.unwrap();
    let summary = ledger.finish_account_sync(next, at(22)).await.unwrap();
    assert_eq!(
        summary,
        SyncSummary {
            added: 0,
            changed: 0,
            gone: 1,
            total: 2
        }
    );
    assert_eq!(
        ledger.last_account_sync(&source).await.unwrap(),
        Some(at(22))
    );
}

pub(crate) async fn an_overtaken_sync_does_nothing(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let people = ["1", "2"].map(|gid| account(gid, AccountRole::Member));
    let old = ledger.begin_account_sync(&source, at(1)).await.unwrap();
    ledger.store_accounts(&old, &people[..1]).await.unwrap();
    let new = ledger.begin_account_sync(&source, at(2)).await.unwrap();
    let overtaken = |error: LedgerError| matches!(error, LedgerError::AccountSyncOvertaken(name) if name == source);
    assert!(overtaken(
        ledger.store_accounts(&old, &people).await.unwrap_err()
    ));
    ledger.store_accounts(&new, &people).await.unwrap();
    assert!(overtaken(
        ledger.finish_account_sync(old, at(3)).await.unwrap_err()
    ));
    let summary = ledger.finish_account_sync(new, at(4)).await.unwrap();
    assert_eq!((summary.gone, summary.total), (0, 2));

    let unknown = ledger.begin_account_sync(&name("nobody"), at(5)).await;
    assert!(matches!(unknown, Err(LedgerError::NoSuchSource(_))));
}

pub(crate) async fn are_listed_in_pages(place: Place) {
    use AccountRole::{Guest, Member};
    let (ledger, asana) = place.open_with_source().await;
    let other = ledger
        .add_source(new_source("other"), at(0))
        .await
        .unwrap()
        .name;
    for source in [&asana, &other] {
        let sync = ledger.begin_account_sync(source, at(1)).await.unwrap();
        let people = [
            account("1", Member),
            account("2", Guest),
            account("3", Guest),
        ];
        ledger.store_accounts(&sync, &people).await.unwrap();
    }
    let mut pages = Vec::new();
    let mut filter = AccountFilter {
        limit: 4,
        ..AccountFilter::default()
    };
    loop {
        let page = ledger.accounts(filter.clone()).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.after = Some((last.source.clone(), last.account.user_gid.clone()));
        pages.extend(
            page.into_iter()
                .map(|stored| (stored.source, stored.account.user_gid)),
        );
    }
    let expected: Vec<_> = [&asana, &other]
        .iter()
        .flat_map(|source| ["1", "2", "3"].map(|gid| ((*source).clone(), gid.to_owned())))
        .collect();
    assert_eq!(pages, expected);

    let guests = AccountFilter {
        source: Some(other.clone()),
        role: Some(Guest),
        ..everybody()
    };
    assert_eq!(ledger.accounts(guests.clone()).await.unwrap().len(), 2);
    let gone = AccountFilter {
        status: Some(AccountStatus::Gone),
        ..guests
    };
    assert_eq!(ledger.accounts(gone).await.unwrap().len(), 0);
}

pub(crate) async fn come_in_thousands(place: Place) {
    const PEOPLE: u64 = 2_500;
    let (ledger, source) = place.open_with_source().await;
    let mut people: Vec<Account> = (0..PEOPLE)
        .map(|gid| account(&gid.to_string(), AccountRole::Member))
        .collect();
    people.push(Account {
        name: Some("with \0".to_owned()),
        ..account("7", AccountRole::Admin)
    });
    let sync = ledger.begin_account_sync(&source, at(1)).await.unwrap();
    ledger.store_accounts(&sync, &people).await.unwrap();
    let summary = ledger.finish_account_sync(sync, at(2)).await.unwrap();
    assert_eq!(
        summary,
        SyncSummary {
            added: PEOPLE,
            changed: 0,
            gone: 0,
            total: PEOPLE
        }
    );
    let stored = ledger.accounts(everybody()).await.unwrap();
    assert_eq!(
        by_gid(&stored, "7").account.name.as_deref(),
        Some("with \u{fffd}")
    );
}
