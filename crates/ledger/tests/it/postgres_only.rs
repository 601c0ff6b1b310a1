//! What only a PostgreSQL server can do to a ledger.

use std::net::TcpListener;

use drishti_ledger::LedgerError;
use sea_orm::sqlx::{self, Connection, PgConnection};

use crate::Case;
use crate::health::event;
use crate::place::{Place, at, new_source};

pub(crate) const CASES: &[(&str, Case)] = &[
    ("an_unreachable_server_is_told", |place| {
        Box::pin(an_unreachable_server_is_told(place))
    }),
    ("a_missing_database_is_told", |place| {
        Box::pin(a_missing_database_is_told(place))
    }),
    ("a_read_only_database_is_told", |place| {
        Box::pin(a_read_only_database_is_told(place))
    }),
    ("a_held_row_is_told", |place| {
        Box::pin(a_held_row_is_told(place))
    }),
    (
        "a_database_that_closes_and_opens_is_told_and_used_again",
        |place| {
            Box::pin(a_database_that_closes_and_opens_is_told_and_used_again(
                place,
            ))
        },
    ),
];

async fn execute(connection: &mut PgConnection, statement: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(connection)
        .await
        .unwrap();
}

async fn set_for_database(place: &Place, setting: &str) {
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    let (database,): (String,) = sqlx::query_as("select current_database()")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    execute(
        &mut connection,
        &format!("alter database \"{database}\" set {setting}"),
    )
    .await;
    connection.close().await.unwrap();
}

async fn an_unreachable_server_is_told(place: Place) {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("postgres://drishti:hunter2@127.0.0.1:{port}/prod");
    let refused = Place { url, ..place }.try_open().await.unwrap_err();
    assert!(
        matches!(refused, LedgerError::Unreachable { .. }),
        "{refused:?}"
    );
    let expected = format!(
        "opening the database: the ledger `prod` on PostgreSQL at 127.0.0.1:{port} can't be reached"
    );
    assert_eq!(refused.to_string(), expected);
    assert!(!format!("{refused:?}").contains("hunter2"));
}

async fn a_missing_database_is_told(place: Place) {
    let url = place.url.replacen(":///", ":///no_", 1);
    let refused = Place { url, ..place }.try_open().await.unwrap_err();
    assert!(
        matches!(refused, LedgerError::Unreachable { .. }),
        "{refused:?}"
    );
    assert!(refused.advice().unwrap().contains("database name"));
}

async fn a_read_only_database_is_told(place: Place) {
    place.open().await.close().await;
    set_for_database(&place, "default_transaction_read_only = on").await;
    let ledger = place.open().await;
    let refused = ledger
        .add_source(new_source("asana"), at(0))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, LedgerError::NotWritable { .. }),
        "{refused:?}"
    );
}

async fn a_held_row_is_told(place: Place) {
    set_for_database(&place, "lock_timeout = '50ms'").await;
    let (ledger, _) = place.open_with_source().await;
    let mut other = PgConnection::connect(&place.url).await.unwrap();
    execute(&mut other, "begin; select * from sources for update").await;
    let refused = ledger
        .record_health(&event("asana", at(1)))
        .await
        .unwrap_err();
    assert!(matches!(refused, LedgerError::Busy { .. }), "{refused:?}");
    execute(&mut other, "rollback").await;
    ledger.record_health(&event("asana", at(1))).await.unwrap();
}

async fn a_database_that_closes_and_opens_is_told_and_used_again(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let (others, query) = place.url.split_once('?').unwrap();
    let name = others.rsplit_once('/').unwrap().1;
    let mut other = PgConnection::connect(&format!("postgres:///postgres?{query}"))
        .await
        .unwrap();
    execute(
        &mut other,
        &format!("alter database \"{name}\" allow_connections false"),
    )
    .await;
    let end =
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
    execute(&mut other, &end).await;
    let refused = ledger
        .record_health(&event("asana", at(1)))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, LedgerError::Unreachable { .. }),
        "{refused:?}"
    );
    assert!(matches!(
        ledger.ping().await,
        Err(LedgerError::Unreachable { .. })
    ));

    execute(
        &mut other,
        &format!("alter database \"{name}\" allow_connections true"),
    )
    .await;
    ledger.record_health(&event("asana", at(1))).await.unwrap();
    assert_eq!(
        ledger.status(&source).await.unwrap().unwrap().error_total,
        1
    );
}
