//! Offsets: all that the next page needs, sealed so that only offsets that were handed out are taken.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::archive::Position;
use crate::clock::Millis;
use crate::dice::Key;
use crate::filter::Filter;

const SEAL_BYTES: usize = 8;
/// A longer offset is none of ours and is not looked into.
pub(super) const OFFSET_BYTES_MAX: usize = 2048;

/// Where a stream of audit events has got to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StreamMark {
    #[serde(rename = "w")]
    pub(super) workspace: u8,
    #[serde(rename = "p")]
    pub(super) position: (u32, u32),
    /// Events that are delivered once more on the next page.
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) due: Vec<(u32, u32)>,
    #[serde(rename = "f")]
    pub(super) filter: Filter,
    /// Grows with every page, so that no two pages hand out the same offset.
    #[serde(rename = "n")]
    pub(super) page: u64,
    #[serde(rename = "i")]
    pub(super) issued_at: Millis,
}

/// Where a list has got to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ListMark {
    #[serde(rename = "l")]
    pub(super) list: String,
    /// The key of the last row.
    #[serde(rename = "a")]
    pub(super) after: u64,
    #[serde(rename = "i")]
    pub(super) issued_at: Millis,
}

/// Seals offsets. It keeps out mistakes, not attackers.
pub(super) struct Seal {
    seed: u64,
}

impl Seal {
    pub(super) const fn new(key: Key) -> Self {
        Self { seed: key.word() }
    }

    pub(super) fn close(&self, mark: &impl Serialize) -> String {
        let mut bytes = serde_json::to_vec(mark).unwrap_or_default();
        let check = xxh3_64_with_seed(&bytes, self.seed);
        bytes.extend_from_slice(&check.to_be_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What the offset holds, if it is one of ours.
    pub(super) fn open<Mark: DeserializeOwned>(&self, offset: &str) -> Option<Mark> {
        if offset.len() > OFFSET_BYTES_MAX {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(offset).ok()?;
        let (mark, check) = bytes.split_last_chunk::<SEAL_BYTES>()?;
        if xxh3_64_with_seed(mark, self.seed).to_be_bytes() != *check {
            return None;
        }
        serde_json::from_slice(mark).ok()
    }
}

impl From<Position> for (u32, u32) {
    fn from(position: Position) -> Self {
        (position.slot, position.index)
    }
}

impl From<(u32, u32)> for Position {
    fn from((slot, index): (u32, u32)) -> Self {
        Self { slot, index }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> ListMark {
        ListMark {
            list: "/users".to_owned(),
            after: 17,
            issued_at: 1,
        }
    }

    #[test]
    fn a_sealed_offset_opens_and_a_changed_one_does_not() {
        let seal = Seal::new(Key::new(1));
        let offset = seal.close(&mark());
        assert!(offset.starts_with("eyJ"));
        assert_eq!(seal.open(&offset), Some(mark()));
        for place in 0..offset.len() {
            let mut bytes = offset.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            if BASE64_URL_SAFE_NO_PAD.decode(&changed).is_ok() {
                assert_eq!(seal.open::<ListMark>(&changed), None, "{place}");
            }
        }
        assert_eq!(Seal::new(Key::new(2)).open::<ListMark>(&offset), None);
        assert_eq!(seal.open::<StreamMark>(&offset), None);
    }

    #[test]
    fn an_endless_offset_is_not_looked_into() {
        let seal = Seal::new(Key::new(1));
        let long = ListMark {
            list: "x".repeat(OFFSET_BYTES_MAX),
            ..mark()
        };
        assert_eq!(seal.open::<ListMark>(&seal.close(&long)), None);
    }
}
