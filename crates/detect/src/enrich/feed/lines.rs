//! Plain lists and netsets.

use super::{FEED_LINE_BYTES_MAX, Fault, Feed};
use crate::enrich::network::{NetworksBetween, parse_networks};

pub(super) fn read(feed: &mut Feed, bytes: &[u8]) -> Result<(), Fault> {
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let entry = line.split(|byte| matches!(byte, b'#' | b';')).next();
        let entry = entry.unwrap_or_default().trim_ascii();
        if entry.is_empty() {
            continue;
        }
        match std::str::from_utf8(entry).ok().and_then(networks) {
            Some(networks) if line.len() <= FEED_LINE_BYTES_MAX => feed.take(number, networks)?,
            _ => feed.refuse_text(number, entry),
        }
    }
    Ok(())
}

/// Those of the whole entry, or of what stands before the first blank or comma: many lists add counts or names.
fn networks(entry: &str) -> Option<NetworksBetween> {
    parse_networks(entry).or_else(|| {
        let (first, _) = entry.split_once([' ', '\t', ','])?;
        parse_networks(first)
    })
}
