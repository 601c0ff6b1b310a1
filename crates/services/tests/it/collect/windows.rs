//! A window that Asana can't serve keeps nothing else from being read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::TimeDelta;
use drishti_model::{Secret, SourceState, TimeRange};
use drishti_services::{ServiceError, SourceChange};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::acme::{Stand, TOKEN, frozen_at};

/// Most bytes of a request.
const REQUEST_BYTES_MAX: usize = 16 << 10;

/// A way to a simulator on which requests with `refused` in their address are answered with a status that nobody documents.
async fn gate(simulator: String, refused: &'static str) -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let is_closed = Arc::new(AtomicBool::new(true));
    let closed = Arc::clone(&is_closed);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (simulator, closed) = (simulator.clone(), Arc::clone(&closed));
            tokio::spawn(async move { pass(client, &simulator, refused, &closed).await });
        }
    });
    (address, is_closed)
}

async fn pass(mut client: TcpStream, simulator: &str, refused: &str, closed: &AtomicBool) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") && request.len() < REQUEST_BYTES_MAX {
        if client
            .read_buf(&mut request)
            .await
            .is_ok_and(|read| read == 0)
        {
            return;
        }
    }
    let text = String::from_utf8(request).unwrap();
    if text.contains(refused) && closed.load(Ordering::Relaxed) {
        let answer = "HTTP/1.1 418 No\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        client.write_all(answer.as_bytes()).await.ok();
        return;
    }
    let text = text.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    let mut server = TcpStream::connect(simulator).await.unwrap();
    server.write_all(text.as_bytes()).await.unwrap();
    copy(&mut server, &mut client).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_refused_waits_and_the_others_are_read() {
    let stand = Stand::new(&[]).await;
    let failing = TimeRange {
        start: frozen_at() - TimeDelta::days(3),
        end: frozen_at() - TimeDelta::days(3) + TimeDelta::hours(6),
    };
    let simulator = stand.address.trim_start_matches("http://").to_owned();
    let (address, is_closed) = gate(simulator, "start_at=2026-09-28T12").await;
    let mut profile = stand
        .services
        .source(&stand.name)
        .await
        .unwrap()
        .source
        .profile;
    profile.api_url = format!("{address}/api/1.0");
    let change = SourceChange {
        profile: Some(profile),
        token: Some(Secret::new(TOKEN)),
        ..SourceChange::default()
    };
    let changed = stand.services.update_source(&stand.name, change, None);
    changed.await.unwrap();

    // A run that is to end says so at its end, when everything else is done.
    let stop = CancellationToken::new();
    let run = stand
        .services
        .collect_once(&stand.name, |_| (), stop.clone());
    let error = run.await.unwrap_err();
    assert!(
        matches!(&error, ServiceError::Asana(asana) if asana.status() == Some(418)),
        "{error}"
    );
    let overview = stand.services.source(&stand.name).await.unwrap();
    assert_eq!(overview.gaps, [failing]);
    assert_eq!(overview.windows_done + 1, overview.windows_total);
    let (stored, truth) = (stand.stored().await.len(), stand.truth().await.len());
    assert!(stored > truth / 2 && stored < truth, "{stored} of {truth}");

    // One that goes on follows what is new, and fetches the window when Asana serves it again.
    let collector = tokio::spawn(stand.services.collector().run(stop.clone()));
    stand.wait_for_state(SourceState::Collecting).await;
    stand.advance(TimeDelta::hours(2)).await;
    stand
        .wait_until("new events", async || stand.stored().await.len() > stored)
        .await;
    assert!(stand.has_event("WindowFailing").await);
    is_closed.store(false, Ordering::Relaxed);
    stand
        .wait_until("the window", async || {
            let overview = stand.services.source(&stand.name).await.unwrap();
            overview.windows_done == overview.windows_total
        })
        .await;
    stop.cancel();
    collector.await.unwrap();
    stand.collect().await;
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_has_fetched_the_past_says_so() {
    let stand = Stand::new(&[]).await;
    let stop = CancellationToken::new();
    let collector = tokio::spawn(stand.services.collector().run(stop.clone()));
    stand
        .wait_until("the word that the past is fetched", async || {
            let overview = stand.services.source(&stand.name).await.unwrap();
            overview.status.is_some_and(|status| {
                status.reason == "past events are fetched; following new events"
            })
        })
        .await;
    let overview = stand.services.source(&stand.name).await.unwrap();
    assert!(overview.windows_total > 0);
    assert_eq!(overview.windows_done, overview.windows_total);
    stop.cancel();
    collector.await.unwrap();
}
