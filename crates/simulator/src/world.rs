//! The world around the organisation: places, and the address ranges that its own IP-to-place table assigns to them. The
//! ranges look public but are never contacted.

mod feeds;
mod networks;
mod places;

pub(crate) use feeds::{Feed, Feeds};
pub(crate) use networks::{Network, Networks};
pub(crate) use places::{CITIES, City};
