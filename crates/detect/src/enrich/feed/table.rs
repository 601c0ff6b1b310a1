//! Feeds as CSV.

use csv::{ByteRecord, ReaderBuilder};

use super::{FEED_LINE_BYTES_MAX, Fault, Feed};
use crate::enrich::network::{NetworksBetween, parse_networks};

/// What columns of addresses are called, the likeliest first.
const COLUMNS: [&str; 12] = [
    "network",
    "cidr",
    "ip",
    "ip_address",
    "ipaddress",
    "address",
    "ip_range",
    "dst_ip",
    "src_ip",
    "source_ip",
    "indicator",
    "ioc_value",
];

pub(super) fn read(feed: &mut Feed, column: Option<&str>, bytes: &[u8]) -> Result<(), Fault> {
    let mut reader = ReaderBuilder::new()
        .comment(Some(b'#'))
        .flexible(true)
        .has_headers(false)
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut place = None;
    while read_record(&mut reader, &mut record)? {
        let line = record.position().map_or(0, csv::Position::line);
        let place = if let Some(place) = place {
            place
        } else {
            let (found, is_header) = find_column(column, &record)?;
            place = Some(found);
            if is_header {
                continue;
            }
            found
        };
        let cell = record.get(place).unwrap_or_default();
        match networks(cell) {
            Some(networks) => feed.take(line, networks)?,
            None => feed.refuse_text(line, cell),
        }
    }
    Ok(())
}

fn read_record(reader: &mut csv::Reader<&[u8]>, record: &mut ByteRecord) -> Result<bool, Fault> {
    reader
        .read_byte_record(record)
        .map_err(|error| Fault::NoFeed(format!("it is no CSV ({error})")))
}

fn networks(cell: &[u8]) -> Option<NetworksBetween> {
    if cell.len() > FEED_LINE_BYTES_MAX {
        return None;
    }
    parse_networks(std::str::from_utf8(cell).ok()?.trim())
}

/// Where the addresses are, and whether the first line names columns.
fn find_column(column: Option<&str>, first: &ByteRecord) -> Result<(usize, bool), Fault> {
    let place = |name: &str| {
        first
            .iter()
            .position(|cell| cell.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    };
    if let Some(name) = column {
        let place = place(name).ok_or_else(|| {
            Fault::NoFeed(format!(
                "its first line names no column `{}`",
                crate::enrich::shortened(name)
            ))
        })?;
        return Ok((place, true));
    }
    if let Some(place) = COLUMNS.into_iter().find_map(place) {
        return Ok((place, true));
    }
    let is_header = first.get(0).is_none_or(|cell| networks(cell).is_none());
    Ok((0, is_header))
}
