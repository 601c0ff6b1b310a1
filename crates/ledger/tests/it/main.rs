//! The ledger's tests. Each case runs on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accounts;
mod health;
mod leases;
mod opening;
mod place;
mod postgres;
mod postgres_only;
mod progress;
mod quarantine;
mod secrets;
mod sources;
mod sqlite_only;
mod together;

use std::pin::Pin;
use std::sync::Arc;

use place::Place;

type Case = fn(Place) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes of each case a test on SQLite, and of all cases one test on PostgreSQL, so that the server is started once even where
/// every test has a process of its own.
macro_rules! on_both_databases {
    ($($module:ident: $($case:ident),+;)+) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$module::$case(crate::Place::in_a_file()).await;
                })+
            })+
        }

        const CASES: &[(&str, Case)] = &[
            $($((
                concat!(stringify!($module), "_", stringify!($case)),
                |place| Box::pin($module::$case(place)),
            ),)+)+
        ];
    };
}

on_both_databases! {
    sources: are_added_and_read, are_changed, are_changed_by_one_at_a_time, keep_their_token_sealed, restart, are_deleted_with_everything, begin_anew_after_deletion;
    secrets: settings_are_kept, secrets_are_kept, another_key_is_refused, the_key_survives_base64;
    health: sets_the_status, is_listed_newest_first, is_bounded;
    leases: one_holder_at_a_time, an_overtaken_lease_can_do_nothing, a_fence_is_never_used_twice;
    progress: is_kept, windows_are_planned_and_moved, a_failing_step_leaves_nothing,
        a_dropped_step_is_whole_or_nothing, is_reset, many_windows_move_in_one_step,
        coverage_is_that_of_the_model, spans_below_a_microsecond_vanish;
    quarantine: keeps_bytes_and_reasons, counts_repeats, takes_any_bytes, is_listed_in_pages, is_released, is_listed_up_to_a_bound;
    accounts: are_synced, that_change_or_go_are_told, who_comes_back_is_no_longer_gone, a_cut_sync_marks_nobody, an_overtaken_sync_does_nothing, are_listed_in_pages, come_in_thousands;
    opening: twice_at_once, a_newer_schema_is_refused;
    together: several_handles_write;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let server = Arc::new(postgres::Server::start());
    let mut running = Vec::new();
    for (name, case) in CASES.iter().chain(postgres_only::CASES) {
        let server = Arc::clone(&server);
        running.push((
            name,
            tokio::spawn(async move { case(Place::at(server.create_database(name).await)).await }),
        ));
    }
    let mut failed = Vec::new();
    for (name, case) in running {
        if case.await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "failed on PostgreSQL: {failed:?}");
}
