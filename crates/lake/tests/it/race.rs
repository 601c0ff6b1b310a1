//! Two processes on one folder: here two handles, which share nothing but the folder.

use drishti_lake::{Lake, LakeError};

use crate::house::{House, enriched, events, put, rows, source, stored_gids, try_put};

/// Appends batches of ten, each overlapping the one before by five, until `until` of them are in the lake, whoever wrote them.
async fn collect(lake: Lake, name: &'static str, until: i64) -> usize {
    let mut superseded = 0;
    loop {
        let written = lake.last_sequence(&source(name)).await.unwrap();
        if written >= until {
            return superseded;
        }
        let batch = events(written * 5..written * 5 + 10);
        match try_put(&lake, name, written + 1, &batch).await {
            Ok(_) => {}
            Err(LakeError::Superseded { .. }) => superseded += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_writers_of_one_source_store_each_event_once() {
    let house = House::new().await;
    let writers = [house.lake.clone(), house.second_handle().await]
        .map(|lake| tokio::spawn(collect(lake, "a", 25)));
    for writer in writers {
        writer.await.unwrap();
    }
    let stored = stored_gids(&house.lake).await;
    assert_eq!(stored.len(), 25 * 5 + 5);
    assert!(stored.values().all(|copies| *copies == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_different_sources_do_not_hinder_each_other() {
    let house = House::new().await;
    let second = house.second_handle().await;
    let writers = [
        (house.lake.clone(), "a"),
        (second.clone(), "b"),
        (second, "c"),
        (house.lake.clone(), "d"),
    ]
    .map(|(lake, name)| tokio::spawn(collect(lake, name, 15)));
    for writer in writers {
        assert_eq!(writer.await.unwrap(), 0);
    }
    let stored = stored_gids(&house.lake).await;
    assert_eq!(stored.len(), 4 * (15 * 5 + 5));
    assert!(stored.values().all(|copies| *copies == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slower_of_two_commits_of_one_number_is_superseded() {
    let house = House::new().await;
    let second = house.second_handle().await;
    let mut slow = house
        .lake
        .append(&source("a"), 1, crate::house::noon())
        .await
        .unwrap();
    slow.write(&enriched(&events(0..10))).await.unwrap();
    put(&second, "a", &events(0..10)).await;
    // Another source's commit in between is no reason to give up.
    put(&second, "b", &events(0..10)).await;
    let refused = slow.commit().await;
    assert!(
        matches!(refused, Err(LakeError::Superseded { .. })),
        "{refused:?}"
    );
    assert_eq!(rows(&house.lake).await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_may_make_the_lake_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let opened = futures::future::join_all((0..4).map(|_| {
        let path = folder.path().join("lake");
        tokio::spawn(async move { crate::house::open(&path).await })
    }))
    .await;
    for (index, lake) in opened.into_iter().enumerate() {
        let name = format!("s{index}");
        put(&lake.unwrap(), &name, &events(0..3)).await;
    }
    assert_eq!(
        rows(&crate::house::open(&folder.path().join("lake")).await).await,
        12
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn compaction_and_appends_lose_nothing() {
    let house = House::new().await;
    let second = house.second_handle().await;
    let writer = tokio::spawn(collect(house.lake.clone(), "a", 30));
    while !writer.is_finished() {
        second.compact().await.unwrap();
    }
    assert_eq!(writer.await.unwrap(), 0);
    let stored = stored_gids(&house.lake).await;
    assert_eq!(stored.len(), 30 * 5 + 5);
    assert!(stored.values().all(|copies| *copies == 1));
}
