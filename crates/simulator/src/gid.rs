//! Ids as Asana writes them: decimal strings of 16 digits. An object's gid says, to the simulator alone, what it is and which
//! one, so that no table of objects is needed; an event's gid grows with time, with its low digits mixed.

use crate::clock::{BEGINNING, Millis};
use crate::dice::Key;

/// The kinds of objects that have gids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum ObjectKind {
    Workspace,
    User,
    ServiceAccount,
    Team,
    WorkspaceMembership,
    TeamMembership,
    UserTaskList,
    Project,
    Task,
    Story,
    Attachment,
    Portfolio,
    Goal,
    CustomField,
    Message,
    StatusUpdate,
    TaskTemplate,
    ProjectTemplate,
    Search,
    Division,
    EmailDomain,
    Announcement,
    Role,
    App,
    Other,
}

impl ObjectKind {
    const ALL: [Self; 25] = [
        Self::Workspace,
        Self::User,
        Self::ServiceAccount,
        Self::Team,
        Self::WorkspaceMembership,
        Self::TeamMembership,
        Self::UserTaskList,
        Self::Project,
        Self::Task,
        Self::Story,
        Self::Attachment,
        Self::Portfolio,
        Self::Goal,
        Self::CustomField,
        Self::Message,
        Self::StatusUpdate,
        Self::TaskTemplate,
        Self::ProjectTemplate,
        Self::Search,
        Self::Division,
        Self::EmailDomain,
        Self::Announcement,
        Self::Role,
        Self::App,
        Self::Other,
    ];
}

/// Most workspaces that gids have room for.
pub const WORKSPACES_MAX: u64 = 16;
/// Most events of one workspace in one millisecond that gids have room for.
pub(crate) const EVENTS_PER_MILLISECOND_MAX: u16 = 64;

const NUMBER_BITS: u32 = 36;
const WORKSPACE_BITS: u32 = 4;
const OBJECT_BITS: u32 = 46;
const OBJECT_BASE: u64 = 1_100_000_000_000_000;
const EVENT_BASE: u64 = 1_200_000_000_000_000;
const EVENT_MIXED_BITS: u32 = 20;

/// One object: its kind, its workspace and its number among its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: ObjectKind,
    pub(crate) workspace: u8,
    pub(crate) number: u64,
}

/// Turns objects and events into gids and back, by a permutation that the seed decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gids {
    key: Key,
}

impl Gids {
    pub(crate) const fn new(key: Key) -> Self {
        Self { key }
    }

    pub(crate) fn object(self, object: Object) -> u64 {
        let packed = (u64::from(object.kind as u8) << (NUMBER_BITS + WORKSPACE_BITS))
            | (u64::from(object.workspace) << NUMBER_BITS)
            | (object.number & ((1 << NUMBER_BITS) - 1));
        OBJECT_BASE + self.shuffle(packed, OBJECT_BITS)
    }

    /// The object that a gid names, if it can be one of ours at all.
    pub(crate) fn parse(self, gid: u64) -> Option<Object> {
        let shuffled = gid.checked_sub(OBJECT_BASE)?;
        if shuffled >> OBJECT_BITS != 0 {
            return None;
        }
        let packed = self.unshuffle(shuffled, OBJECT_BITS);
        let kind = usize::try_from(packed >> (NUMBER_BITS + WORKSPACE_BITS)).ok()?;
        Some(Object {
            kind: *ObjectKind::ALL.get(kind)?,
            workspace: u8::try_from((packed >> NUMBER_BITS) & 0xf).ok()?,
            number: packed & ((1 << NUMBER_BITS) - 1),
        })
    }

    /// The gid of the `rank`th event of a workspace in one millisecond.
    pub(crate) fn event(self, at: Millis, workspace: u8, rank: u16) -> u64 {
        let unique = (at.saturating_sub(BEGINNING) << 10)
            | (u64::from(workspace & 0xf) << 6)
            | u64::from(rank & 0x3f);
        let low = unique & ((1 << EVENT_MIXED_BITS) - 1);
        EVENT_BASE + (unique - low) + self.shuffle(low, EVENT_MIXED_BITS)
    }

    /// A Feistel network: a permutation of the numbers of `bits` bits.
    fn shuffle(self, value: u64, bits: u32) -> u64 {
        let half = bits / 2;
        let mask = (1 << half) - 1;
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..4 {
            (left, right) = (right, left ^ (self.round(round, right) & mask));
        }
        (left << half) | right
    }

    fn unshuffle(self, value: u64, bits: u32) -> u64 {
        let half = bits / 2;
        let mask = (1 << half) - 1;
        let (mut left, mut right) = (value >> half, value & mask);
        for round in (0..4).rev() {
            (left, right) = (right ^ (self.round(round, left) & mask), left);
        }
        (left << half) | right
    }

    fn round(self, round: u64, half: u64) -> u64 {
        self.key.with((round << 40) | half).word()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn objects_survive_the_way_through_a_gid() {
        let gids = Gids::new(Key::new(5));
        let mut seen = HashSet::new();
        for kind in ObjectKind::ALL {
            for number in [0, 1, 77, (1 << NUMBER_BITS) - 1] {
                let object = Object {
                    kind,
                    workspace: 15,
                    number,
                };
                let gid = gids.object(object);
                assert!(seen.insert(gid));
                assert_eq!(gid.to_string().len(), 16);
                assert_eq!(gids.parse(gid), Some(object));
            }
        }
        assert_eq!(gids.parse(12_345), None);
        assert_eq!(gids.parse(u64::MAX), None);
    }

    #[test]
    fn event_gids_are_unique_and_grow_roughly_with_time() {
        let gids = Gids::new(Key::new(5));
        let start = BEGINNING + 6 * 365 * 86_400_000;
        let mut seen = HashSet::new();
        for at in start..start + 2000 {
            for (workspace, rank) in [(0, 0), (0, 63), (15, 63)] {
                let gid = gids.event(at, workspace, rank);
                assert!(seen.insert(gid));
                assert_eq!(gid.to_string().len(), 16);
            }
        }
        assert!(gids.event(start, 0, 0) < gids.event(start + 2048, 0, 0));
        assert!((0..1000).any(|i| gids.event(start + i, 0, 0) > gids.event(start + i + 1, 0, 0)));
    }
}
