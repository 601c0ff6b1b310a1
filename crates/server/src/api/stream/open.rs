use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::Event;
use drishti_services::Services;
use drishti_services::live::{Follower, Heard};
use futures::Stream;

use super::places::StreamPlace;
use super::view::StreamChange;
use crate::bounds::STREAM_QUIET_MAX;
use crate::principal::Principal;

/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

/// A stream that somebody has open.
pub(super) struct OpenStream {
    services: Services,
    principal: Principal,
    follower: Follower,
    place: StreamPlace,
    /// What is to be sent before anything else is waited for.
    waiting: VecDeque<Event>,
}

impl OpenStream {
    pub(super) fn new(
        services: Services,
        principal: Principal,
        follower: Follower,
        place: StreamPlace,
    ) -> Self {
        let first = if follower.is_continued() {
            StreamChange::Ready
        } else {
            StreamChange::Reset
        };
        let first = event(&follower.place(), &first).retry(RETRY);
        Self {
            services,
            principal,
            follower,
            place,
            waiting: [first].into(),
        }
    }

    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures::stream::unfold(self, |mut open| async move {
            let event = open.next().await?;
            Some((Ok(event), open))
        })
    }

    /// The next event; `None` at the end of the stream, which comes when the server stops, or when the one who follows may no longer see
    /// what they could see when they began.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let heard = tokio::select! {
                biased;
                () = self.place.ended() => return None,
                heard = self.follower.hear() => Some(heard),
                () = tokio::time::sleep(STREAM_QUIET_MAX) => None,
            };
            if !self.principal.still_stands(&self.services).await {
                return None;
            }
            match heard {
                None => self.waiting.push_back(Event::default().comment("")),
                Some(Heard::Missed) => {
                    let place = self.follower.place();
                    self.waiting.push_back(event(&place, &StreamChange::Reset));
                }
                Some(Heard::Changes(changes)) => {
                    let scope = &self.principal.scope;
                    let visible = changes
                        .iter()
                        .filter(|(_, change)| change.is_visible(scope))
                        .map(|(place, change)| event(place, &StreamChange::from(&**change)));
                    self.waiting.extend(visible);
                }
            }
        }
    }
}

fn event(place: &str, change: &StreamChange<'_>) -> Event {
    // What is written here always has a JSON form, on one line.
    let data = serde_json::to_string(change).unwrap_or_default();
    Event::default().id(place).data(data)
}
