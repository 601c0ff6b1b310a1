use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use drishti_asana::{Client, RETRY_AFTER_MAX, Timer as _};
use drishti_model::Secret;
use futures::future::join_all;
use tokio::sync::Semaphore;

use crate::client::EMPTY;
use crate::server::{Reply, Server, ok};

const READS: usize = 120;

/// The server answers nobody before `expected` requests wait for it at once, and counts how many ever do.
async fn most_at_once(concurrent_reads: u32, expected: usize) -> usize {
    let waiting = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(0));
    let (waiting_there, most_there) = (Arc::clone(&waiting), Arc::clone(&most));
    let server = Server::start(move |_| {
        let (waiting, most, gate) = (
            Arc::clone(&waiting_there),
            Arc::clone(&most_there),
            Arc::clone(&gate),
        );
        async move {
            let now = waiting.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            if now == expected {
                gate.add_permits(READS);
            }
            gate.acquire().await.unwrap().forget();
            waiting.fetch_sub(1, Ordering::SeqCst);
            ok(EMPTY)
        }
    })
    .await;
    let mut options = server.options();
    options.concurrent_reads = concurrent_reads;
    let client = Client::new(options).unwrap();
    let clones = (0..READS).map(|_| client.clone());
    let reads = join_all(clones.map(|client| async move { client.workspaces().await })).await;
    assert!(reads.into_iter().all(|read| read.is_ok()));
    most.load(Ordering::SeqCst)
}

#[tokio::test]
async fn sources_with_one_token_share_what_it_may_ask() {
    let server = Server::scripted([
        Reply::Whole(429, vec![("retry-after", "30".to_owned())], Vec::new()),
        ok(EMPTY),
        ok(EMPTY),
        ok(EMPTY),
    ])
    .await;
    let timer = Arc::new(crate::timer::RecordedTimer::default());
    let options = server.options();
    let client = |options| Client::with_timer(options, Arc::clone(&timer) as _).unwrap();
    let (one, two) = (client(options.clone()), client(options.clone()));
    one.workspaces().await.unwrap();
    assert_eq!(timer.elapsed().as_secs(), 30);
    two.workspaces().await.unwrap();
    assert_eq!(timer.elapsed().as_secs(), 30, "it was over for both");

    let mut of_another = options.clone();
    of_another.token = Secret::new("another");
    drop((one, two));
    client(of_another).workspaces().await.unwrap();
}

/// A 429 on which a call gives up still holds back the next one, whoever sends it.
#[tokio::test]
async fn a_wait_that_is_too_long_for_one_call_is_kept_by_the_next() {
    let seconds = RETRY_AFTER_MAX.as_secs() + 1;
    let server = Server::scripted([
        Reply::Whole(429, vec![("retry-after", seconds.to_string())], Vec::new()),
        ok(EMPTY),
    ])
    .await;
    let timer = Arc::new(crate::timer::RecordedTimer::default());
    let options = server.options();
    let client = |options| Client::with_timer(options, Arc::clone(&timer) as _).unwrap();
    let refused = client(options.clone()).workspaces().await.unwrap_err();
    assert_eq!(refused.retry_after().unwrap().as_secs(), seconds);
    assert_eq!(timer.elapsed().as_secs(), 0);
    client(options).workspaces().await.unwrap();
    assert_eq!(timer.elapsed().as_secs(), seconds);
}

#[tokio::test]
async fn clones_share_the_reads_at_once() {
    assert_eq!(most_at_once(7, 7).await, 7);
    assert_eq!(most_at_once(0, 1).await, 1);
}

#[tokio::test]
async fn asana_is_never_read_more_than_50_times_at_once() {
    assert_eq!(most_at_once(1_000, 50).await, 50);
}

#[tokio::test]
async fn requests_per_minute_are_kept_by_all_clones_and_retries() {
    let server = Server::scripted([ok("broken"), ok("broken"), ok(EMPTY)]).await;
    let timer = Arc::new(crate::timer::RecordedTimer::default());
    let mut options = server.options();
    options.requests_per_minute = 3;
    let client = Client::with_timer(options, Arc::clone(&timer) as _).unwrap();
    for _ in 0..8 {
        client.clone().workspaces().await.unwrap();
    }
    assert_eq!(server.seen().len(), 10);
    // One at once, then one in 20 seconds.
    assert_eq!(timer.elapsed().as_secs(), 9 * 20);
}
