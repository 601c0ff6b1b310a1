//! Answers that are made while they are sent.

use std::io;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use futures::{SinkExt, StreamExt};
use tokio::sync::oneshot;

use crate::shares::Share;

/// Keeps the place of a piece of work until its answer is sent to its end. An answer of known length is done already; of one that is
/// made while it is sent, the work and the place end after `limit` also where whoever asked for it stopped reading.
pub(crate) fn within(response: Response, place: Share, limit: Duration) -> Response {
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    response.map(|body| sent(body, place, limit))
}

fn sent(body: Body, place: Share, limit: Duration) -> Body {
    let (mut sender, chunks) = futures::channel::mpsc::channel(0);
    let (complete, is_complete) = oneshot::channel();
    tokio::spawn(async move {
        let mut made = body.into_data_stream();
        let sending = async {
            while let Some(chunk) = made.next().await {
                if sender.send(chunk).await.is_err() {
                    return;
                }
            }
            if complete.send(()).is_err() {
                tracing::debug!("whoever asked for an answer is gone");
            }
        };
        if tokio::time::timeout(limit, sending).await.is_err() {
            tracing::warn!(
                seconds = limit.as_secs(),
                "an answer was not sent in time and broken off"
            );
        }
        drop(place);
    });
    let broken_off = async {
        let ended = is_complete.await;
        ended
            .is_err()
            .then(|| Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut))))
    };
    let end = futures::stream::once(broken_off).filter_map(std::future::ready);
    Body::from_stream(chunks.chain(end))
}

#[cfg(test)]
mod tests {
    use axum::body::{Bytes, to_bytes};
    use axum::response::IntoResponse;
    use futures::stream;

    use super::*;
    use crate::rate::Caller;
    use crate::shares::Shares;

    const LONG: Duration = Duration::from_mins(1);

    fn answer(shares: &Shares, body: Body, limit: Duration) -> Body {
        let place = shares.take(&Caller::Others, 1).unwrap();
        within(body.into_response(), place, limit).into_body()
    }

    type Chunk = Result<Bytes, io::Error>;

    const CHUNK: Bytes = Bytes::from_static(b"x");

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "it is small")]
    async fn a_place_is_kept_until_all_is_sent() {
        let shares = Shares::default();
        let chunks = stream::iter((0..3).map(|_| Chunk::Ok(CHUNK)));
        let body = answer(&shares, Body::from_stream(chunks), LONG);
        assert_eq!(shares.callers(), 1);
        assert_eq!(to_bytes(body, 9).await.unwrap(), "xxx");
        tokio::task::yield_now().await;
        assert_eq!(shares.callers(), 0);
        drop(answer(&shares, Body::from("done"), LONG));
        assert_eq!(shares.callers(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_reads_ends_in_time_and_is_seen_to_be_cut() {
        let shares = Shares::default();
        let endless = Body::from_stream(stream::repeat_with(|| Chunk::Ok(CHUNK)));
        let body = answer(&shares, endless, LONG);
        tokio::time::advance(LONG / 2).await;
        tokio::task::yield_now().await;
        assert_eq!(shares.callers(), 1);
        tokio::time::advance(LONG).await;
        tokio::task::yield_now().await;
        assert_eq!(shares.callers(), 0);
        let sent: Vec<_> = body.into_data_stream().collect().await;
        assert!(sent.last().unwrap().is_err());
    }

    #[tokio::test]
    async fn whoever_goes_ends_the_work() {
        let shares = Shares::default();
        let (chunks, unread) = futures::channel::mpsc::channel::<Chunk>(1);
        let made = Body::from_stream(stream::once(async { Ok(CHUNK) }).chain(unread));
        drop(answer(&shares, made, LONG));
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        assert_eq!(shares.callers(), 0);
        assert!(chunks.is_closed());
    }
}
