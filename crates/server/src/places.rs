//! The number of requests that are worked on at once.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use crate::bounds::{CONCURRENT_REQUESTS_MAX, CONCURRENT_REQUESTS_OF_ONE_MAX};
use crate::principal::{Client, Principal};
use crate::problem::{Code, Problem};
use crate::rate::Caller;
use crate::shares::Shares;

/// Places for requests that are worked on. Strangers have their own, so that they can't keep those away who are signed in, and no
/// caller has all of them.
#[derive(Clone)]
pub(crate) struct Places {
    known: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    shares: Shares,
}

impl Places {
    pub(crate) fn new() -> Self {
        let places = || Arc::new(Semaphore::new(CONCURRENT_REQUESTS_MAX));
        Self {
            known: places(),
            strangers: places(),
            shares: Shares::default(),
        }
    }
}

/// Refuses a request while too many others are worked on, of all or of this caller. Its body has been read: whoever is slow to send
/// it takes no place.
pub(crate) async fn one_of_few(
    State(places): State<Places>,
    request: Request,
    next: Next,
) -> Response {
    let client = Client::of(request.extensions(), request.headers());
    let principal = request.extensions().get::<Principal>();
    let caller = Caller::of(principal, client.address);
    let places_of_kind = match principal {
        Some(_) => &places.known,
        None => &places.strangers,
    };
    let most = match caller {
        Caller::Others => CONCURRENT_REQUESTS_MAX,
        Caller::Known(_) | Caller::At(_) => CONCURRENT_REQUESTS_OF_ONE_MAX,
    };
    let Some(_share) = places.shares.take(&caller, most) else {
        let detail = format!("{most} requests of yours are worked on; try again in a second");
        return Problem::new(Code::Overloaded, detail).into_response();
    };
    match places_of_kind.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => Problem::new(
            Code::Overloaded,
            "too many requests are worked on; try again in a second",
        )
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt;

    use super::*;
    use crate::principal::Peer;

    fn request_from(address: Option<&str>) -> Request {
        let mut request = Request::new(Body::empty());
        if let Some(address) = address {
            let peer = Peer(format!("{address}:9").parse().unwrap());
            request.extensions_mut().insert(peer);
        }
        request
    }

    /// Fills `most` places from this address, and tells whether a request from each of `others` is answered meanwhile.
    async fn fill(most: usize, address: Option<&str>, others: &[Option<&str>]) -> Vec<bool> {
        let begun = Arc::new(Semaphore::new(0));
        let release = CancellationToken::new();
        let (signal, released) = (Arc::clone(&begun), release.clone());
        let slow = get(move || async move {
            signal.add_permits(1);
            released.cancelled().await;
        });
        let routes = Router::new()
            .route("/", slow)
            .route("/fast", get(|| async {}))
            .layer(from_fn_with_state(Places::new(), one_of_few));
        let working: Vec<_> = (0..most)
            .map(|_| tokio::spawn(routes.clone().oneshot(request_from(address))))
            .collect();
        let all = u32::try_from(most).unwrap();
        begun.acquire_many(all).await.unwrap().forget();
        let mut answered = Vec::new();
        for other in others {
            let mut request = request_from(*other);
            *request.uri_mut() = "/fast".parse().unwrap();
            let answer = routes.clone().oneshot(request).await.unwrap();
            if answer.status() == 503 {
                assert_eq!(answer.headers()["retry-after"], "1");
            }
            answered.push(answer.status() == 200);
        }
        release.cancel();
        for request in working {
            assert_eq!(request.await.unwrap().unwrap().status(), 200);
        }
        let after = routes.oneshot(request_from(address)).await.unwrap();
        assert_eq!(after.status(), 200);
        answered
    }

    #[tokio::test]
    async fn one_request_too_many_is_refused_until_another_ends() {
        let answered = fill(CONCURRENT_REQUESTS_MAX, None, &[None, Some("192.0.2.7")]).await;
        assert_eq!(answered, [false, false]);
    }

    #[tokio::test]
    async fn one_caller_has_not_all_places() {
        let (one, other) = (Some("192.0.2.7"), Some("192.0.2.8"));
        let answered = fill(CONCURRENT_REQUESTS_OF_ONE_MAX, one, &[one, other]).await;
        assert_eq!(answered, [false, true]);
    }
}
