//! Fetching planned windows side by side.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use drishti_asana::Client;
use drishti_ledger::Window;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::fetch::Stream;
use super::writer::{Fetched, Step};
use crate::ServiceError;

/// How far before its newest event a window starts again after a refused offset. Late arrivals are the sweeps' business.
const OVERLAP: TimeDelta = TimeDelta::seconds(60);

/// Fetches `windows` in their order with `readers` of them at a time, until all are done or one fails.
pub(crate) async fn fetch(
    client: &Client,
    workspace_gid: &str,
    windows: Vec<Window>,
    readers: u32,
    pages: &mpsc::Sender<Fetched>,
) -> Result<(), ServiceError> {
    let queue = Arc::new(Mutex::new(VecDeque::from(windows)));
    let mut tasks: JoinSet<Result<(), ServiceError>> = JoinSet::new();
    for _ in 0..readers {
        let (queue, client, pages) = (Arc::clone(&queue), client.clone(), pages.clone());
        let workspace_gid = workspace_gid.to_owned();
        tasks.spawn(async move {
            loop {
                let next = queue
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .pop_front();
                let Some(window) = next else { return Ok(()) };
                fetch_window(&client, &workspace_gid, window, &pages).await?;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|_| ServiceError::TaskDied("a reader of the audit log"))??;
    }
    Ok(())
}

async fn fetch_window(
    client: &Client,
    workspace_gid: &str,
    mut window: Window,
    pages: &mpsc::Sender<Fetched>,
) -> Result<(), ServiceError> {
    let end_at = Some(window.range.end);
    let mut stream = Stream::new(
        client.clone(),
        workspace_gid,
        window.position.clone(),
        end_at,
        OVERLAP,
    );
    loop {
        let page = stream.next().await?;
        window.position = stream.position.clone();
        window.done = page.is_last;
        let step = Step::Window(window.clone());
        let writer_is_there = pages.send(Fetched { page, step }).await.is_ok();
        if window.done || !writer_is_there {
            return Ok(());
        }
    }
}
