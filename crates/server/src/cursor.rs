//! Cursors of pages: a place in a list as base64 of JSON, so that callers neither take it apart nor make one up.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};

pub(crate) fn encode(place: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

pub(crate) fn decode<T: DeserializeOwned>(cursor: &str) -> Result<T, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    serde_json::from_slice(&bytes).map_err(|_| refused())
}

pub(crate) fn refused() -> Problem {
    Problem::new(
        Code::InvalidCursor,
        "`cursor` was not made by this server for this list",
    )
    .with_hint(
        "Take `next_cursor` of the page before as it is, or leave `cursor` out to begin anew.",
    )
}
