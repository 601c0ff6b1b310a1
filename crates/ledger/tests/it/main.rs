//! The ledger's tests. Each case runs on SQLite and on PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod access;
mod accounts;
mod alert_lists;
mod alert_model;
mod alerts;
mod api_tokens;
mod changes;
mod detection;
mod enrichment;
mod health;
mod leases;
mod open_alerts;
mod openid;
mod opening;
mod own_policies;
mod people_facts;
mod people_seen;
mod place;
mod policies;
mod postgres;
mod postgres_only;
mod progress;
mod quarantine;
mod rebuilds;
mod repeatable;
mod replays;
mod risk;
mod secrets;
mod signals;
mod since;
mod sources;
mod sqlite_only;
mod stand;
mod suppressions;
mod together;
mod triage;
mod trim;
mod views;

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
    sources: come_all_or_none, are_added_and_read, are_changed, are_changed_by_one_at_a_time, keep_their_token_sealed, restart, are_deleted_with_everything, begin_anew_after_deletion;
    secrets: settings_are_kept, secrets_are_kept, another_key_is_refused, the_key_survives_base64;
    health: sets_the_status, is_listed_newest_first, is_bounded;
    leases: one_holder_at_a_time, an_overtaken_lease_can_do_nothing, a_fence_is_never_used_twice,
        an_end_that_only_a_wrong_clock_sets_is_no_end;
    since: is_the_earliest_that_was_ever_answered_for, is_given_up_with_its_windows;
    replays: are_asked_for_and_done, are_refused_again;
    progress: is_kept, windows_are_planned_and_moved, a_failing_step_leaves_nothing,
        a_dropped_step_is_whole_or_nothing, is_reset, many_windows_move_in_one_step,
        coverage_is_that_of_the_model, spans_below_a_microsecond_vanish;
    quarantine: keeps_bytes_and_reasons, counts_repeats, takes_any_bytes, is_listed_in_pages, is_released, is_listed_up_to_a_bound;
    accounts: are_synced, that_change_or_go_are_told, who_comes_back_is_no_longer_gone, a_cut_sync_marks_nobody, an_overtaken_sync_does_nothing, are_listed_in_pages, come_in_thousands;
    opening: twice_at_once, a_newer_schema_is_refused, a_ledger_of_version_1_is_brought_up_to_date;
    detection: begins_once_and_is_kept, remembers_replaces_and_forgets, state_has_a_bound_for_a_row_and_none_for_rows,
        a_step_saved_again_changes_nothing, a_step_that_does_not_follow_is_refused, an_overtaken_node_saves_nothing,
        a_dropped_step_is_whole_or_nothing, goes_with_its_source_but_for_alerts;
    rebuilds: take_the_place_of_what_was_there, keep_what_the_lake_no_longer_shows, wait_until_they_are_as_far, are_thrown_away, leave_previews_to_the_next_step,
        are_finished_whole_or_not_at_all, bring_thousands_of_alerts;
    alerts: begin_and_grow, tell_why_together, keep_what_people_made_of_them, of_a_preview_are_replaced,
        of_a_preview_stay_where_people_worked_on_them, are_never_swallowed_after_resolution,
        keep_their_first_and_newest_events, take_hostile_texts;
    alert_model: is_what_alerts_are;
    alert_lists: are_narrowed, are_searched, are_counted, page_through_all_while_others_come, are_listed_up_to_a_bound,
        tell_apart_what_was_resolved_as_what;
    changes: are_seen_by_a_look, are_seen_up_to_a_bound;
    triage: is_told_in_the_history, is_done_by_one_at_a_time, is_done_to_many, has_bounds, has_an_end, goes_with_detection, is_summed_up_by_policy;
    risk: adds_up_over_seven_days, of_one_cause_counts_once, of_what_was_nothing_does_not_count, of_a_preview_is_replaced,
        lists_addends_up_to_a_bound_and_sums_all;
    signals: are_kept_and_narrowed, of_a_preview_are_replaced, of_a_policys_day_are_bounded, and_policies_are_counted_by_day;
    policies: are_set_and_told_in_the_trail, are_paused_and_resumed, have_bounds, have_a_bound_in_number,
        are_changed_by_one_at_a_time, leave_a_trail_that_can_be_read, leave_a_trail_with_bounds, leave_a_trail_that_is_read_by_its_bytes,
        leave_a_trail_that_is_listed_up_to_a_bound;
    own_policies: are_written_and_told_in_the_trail, of_files_are_noted_once, have_one_revision_with_what_is_set, have_bounds;
    suppressions: hold_until_their_end, are_told_in_the_trail, count_what_they_keep_quiet, have_bounds;
    enrichment: ranges_are_kept_as_given, ranges_are_saved_together_or_not_at_all, feeds_are_registered_and_fetched, feeds_are_moved_and_removed, both_have_bounds;
    people_facts: are_replaced_as_a_whole, come_in_thousands, have_bounds, are_never_seen_in_part;
    people_seen: add_up_and_keep_what_is_newest, of_a_preview_are_replaced, of_a_rebuild_take_the_place_of_the_others, take_hostile_texts;
    open_alerts: are_counted_by_whom_they_are_about;
    access: operators_are_added_changed_and_removed, operators_are_told_in_the_trail, the_last_admin_stays, secrets_of_operators_are_kept, sessions_last_their_time,
        sessions_end_with_what_they_rest_on, sessions_are_bounded,
        sessions_rest_on_what_was_shown, lists_are_narrowed_to_a_scope;
    api_tokens: hold_until_their_end;
    repeatable: requests_are_begun_once, requests_that_come_to_nothing_are_forgotten, requests_have_bounds, answers_are_sealed, many_at_once_are_one;
    openid: operators_are_joined_and_changed, others_are_kept_out, the_last_admin_stays;
    trim: takes_what_is_old, takes_thousands_of_alerts;
    views: are_kept_and_shared, are_changed_and_told_where_shared, are_their_owners, have_bounds, go_with_their_owner_unless_shared;
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
