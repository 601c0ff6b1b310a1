//! A batch is written once, whole, and only by the commit.

use drishti_lake::LakeError;

use crate::house::{
    House, all_events, data_files, enriched, event, events, noon, put, rows, source, stored_gids,
    try_put,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_comes_again_is_dropped() {
    let house = House::new().await;
    let batch = events(0..50);
    let first = put(&house.lake, "a", &batch).await;
    assert_eq!(
        (first.stored, first.duplicates, first.sequence),
        (50, 0, Some(1))
    );
    let again = put(&house.lake, "a", &batch).await;
    assert_eq!(
        (again.stored, again.duplicates, again.sequence),
        (0, 50, None)
    );
    let overlapping = put(&house.lake, "a", &events(40..60)).await;
    assert_eq!((overlapping.stored, overlapping.duplicates), (10, 10));
    assert_eq!(overlapping.sequence, Some(2));
    assert_eq!(rows(&house.lake).await, 60);
    assert_eq!(house.lake.last_sequence(&source("a")).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn repetitions_inside_a_batch_are_dropped() {
    let house = House::new().await;
    let mut append = house.lake.append(&source("a"), 1, noon()).await.unwrap();
    append
        .write(&enriched(&events([1, 2, 2, 1, 3])))
        .await
        .unwrap();
    append.write(&enriched(&events([3, 4, 1]))).await.unwrap();
    assert_eq!(append.stored(), 4);
    let appended = append.commit().await.unwrap();
    assert_eq!((appended.stored, appended.duplicates), (4, 4));
    assert!(
        stored_gids(&house.lake)
            .await
            .values()
            .all(|copies| *copies == 1)
    );
    assert_eq!(rows(&house.lake).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gid_belongs_to_its_source() {
    let house = House::new().await;
    put(&house.lake, "a", &events([7])).await;
    let other = put(&house.lake, "b", &events([7])).await;
    assert_eq!((other.stored, other.duplicates), (1, 0));
    assert_eq!(put(&house.lake, "b", &events([7])).await.duplicates, 1);
    assert_eq!(rows(&house.lake).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn gids_are_texts_not_numbers() {
    let gids = ["7", "007", "+7", "7 ", "", "18446744073709551616", "x"];
    let house = House::new().await;
    let batch: Vec<_> = gids.iter().map(|gid| event(gid, 0)).collect();
    assert_eq!(put(&house.lake, "a", &batch).await.stored, 7);
    assert_eq!(put(&house.lake, "a", &batch).await.duplicates, 7);
    // Another process knows them from the table alone.
    let second = house.second_handle().await;
    assert_eq!(put(&second, "a", &batch).await.duplicates, 7);
    let mut stored: Vec<_> = stored_gids(&second)
        .await
        .into_keys()
        .map(|(_, gid)| gid)
        .collect();
    let mut expected = gids.map(str::to_owned).to_vec();
    stored.sort();
    expected.sort();
    assert_eq!(stored, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_sees_what_another_process_wrote() {
    let house = House::new().await;
    let second = house.second_handle().await;
    put(&house.lake, "a", &events(0..10)).await;
    put(&second, "a", &events(10..20)).await;
    // The first process still holds the gids of that day as of its own batch.
    let appended = put(&house.lake, "a", &events(5..25)).await;
    assert_eq!((appended.stored, appended.duplicates), (5, 15));
    assert_eq!(appended.sequence, Some(3));
    assert_eq!(rows(&second).await, 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_committed_once() {
    let house = House::new().await;
    put(&house.lake, "a", &events([1])).await;
    for sequence in [1, 0] {
        let refused = try_put(&house.lake, "a", sequence, &events([2])).await;
        assert!(
            matches!(refused, Err(LakeError::Superseded { .. })),
            "{refused:?}"
        );
    }
    try_put(&house.lake, "b", 1, &events([2])).await.unwrap();
    assert_eq!(rows(&house.lake).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_visible_before_the_commit() {
    let house = House::new().await;
    let second = house.second_handle().await;
    let mut append = house.lake.append(&source("a"), 1, noon()).await.unwrap();
    append.write(&enriched(&events(0..100))).await.unwrap();
    for lake in [&house.lake, &second] {
        assert_eq!(rows(lake).await, 0);
        assert_eq!(all_events(lake).await, []);
        assert_eq!(lake.statistics().await.unwrap().rows, 0);
    }
    append.commit().await.unwrap();
    for lake in [&house.lake, &second] {
        assert_eq!(rows(lake).await, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_append_leaves_nothing() {
    let house = House::new().await;
    put(&house.lake, "a", &events(0..10)).await;
    let before = house.lake.statistics().await.unwrap();
    let mut append = house.lake.append(&source("a"), 2, noon()).await.unwrap();
    append.write(&enriched(&events(10..20))).await.unwrap();
    drop(append);
    assert_eq!(house.lake.statistics().await.unwrap(), before);
    assert_eq!(data_files(&house.path()).len(), 1);
    // Nor does the process take the dropped events for stored.
    let appended = put(&house.lake, "a", &events(10..20)).await;
    assert_eq!((appended.stored, appended.sequence), (10, Some(2)));
    assert_eq!(rows(&house.lake).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_may_reach_over_many_days() {
    let house = House::new().await;
    let days = 40;
    let batch = events((0..days).map(|day| day * 24 * 60));
    assert_eq!(put(&house.lake, "a", &batch).await.stored, 40);
    assert_eq!(put(&house.lake, "a", &batch).await.duplicates, 40);
    let statistics = house.lake.statistics().await.unwrap();
    assert_eq!((statistics.files, statistics.rows), (40, 40));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_batch_commits_nothing() {
    let house = House::new().await;
    let before = house.lake.statistics().await.unwrap().version;
    assert_eq!(
        put(&house.lake, "a", &[]).await,
        drishti_lake::Appended::default()
    );
    assert_eq!(house.lake.statistics().await.unwrap().version, before);
    assert_eq!(house.lake.last_sequence(&source("a")).await.unwrap(), 0);
}
