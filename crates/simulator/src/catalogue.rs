//! Every type of audit event that the simulator knows: its category, what it happens to, and what its details look like.
//!
//! Names and categories are those of `asana-api.md` section 3; names that only another vendor's mapper has
//! (`asana-event-types-extra.md`) carry the category that their name suggests.

mod named;
mod settings;
mod unlisted;
mod work;

pub(crate) use named::*;

use crate::dice::{Dice, Key};
use crate::gid::ObjectKind;

/// The nine categories, and one that no source names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Logins,
    UserUpdates,
    AdminSettings,
    Roles,
    ContentExport,
    AccessControl,
    Apps,
    Creation,
    Deletion,
    Unheard,
}

impl Category {
    pub(crate) const fn slug(self) -> &'static str {
        match self {
            Self::Logins => "logins",
            Self::UserUpdates => "user_updates",
            Self::AdminSettings => "admin_settings",
            Self::Roles => "roles",
            Self::ContentExport => "content_export",
            Self::AccessControl => "access_control",
            Self::Apps => "apps",
            Self::Creation => "creation",
            Self::Deletion => "deletion",
            Self::Unheard => "experiments",
        }
    }
}

/// What an event happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The person who does it.
    Myself,
    /// Somebody of the organisation.
    Colleague,
    /// The organisation itself.
    Workspace,
    /// A thing of the actor's team.
    Thing(ObjectKind),
}

/// The shape of `details`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Details {
    Nothing,
    /// `old_value` and `new_value`, two different ones of these.
    Change(&'static [&'static str]),
    /// `old_value` and `new_value`.
    Step(&'static str, &'static str),
    /// `new_value` alone.
    New(&'static [&'static str]),
    /// `old_value` null.
    NullThen(&'static [&'static str]),
    /// `method`, an array, and `saml_response`.
    Method,
    /// The same and `blocked_reason`.
    Refusal,
    /// `app_type`, `app_gid`, `app_name`, `app_url`.
    App,
    /// `app_name` alone.
    TokenName,
    /// `added_resource`, an object.
    Added,
    /// `removed_resource`, an object.
    Removed,
    /// `group` and the levels of an organisation's admins.
    AdminRole,
    /// The same, downwards.
    Demotion,
    /// `group` and the levels of a division's admins.
    DivisionRole,
    /// `new_value`, an e-mail domain.
    Domain,
    /// `old_value` and `new_value`, address ranges.
    Range,
    /// Numbers, booleans, lists: what an unknown type may bring.
    Anything,
}

/// A type of event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) event_type: &'static str,
    pub(crate) category: Category,
    pub(crate) target: Target,
    pub(crate) details: Details,
    /// How often, relative to the others of its group.
    weight: u32,
}

const fn kind(
    event_type: &'static str,
    category: Category,
    target: Target,
    details: Details,
    weight: u32,
) -> Kind {
    Kind {
        event_type,
        category,
        target,
        details,
        weight,
    }
}

/// Kinds that are drawn from together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// What members do all day.
    Work,
    /// What those may do who only look.
    Looking,
    /// What the programs behind service accounts do.
    Machine,
    /// What admins change in the organisation.
    Settings,
    /// Other things that only admins do.
    Admin,
    /// Types outside Asana's own catalogue.
    Unlisted,
    /// What Asana does by itself.
    Automatic,
    /// What an identity provider does.
    Provisioning,
    /// What strangers do.
    Anonymous,
    /// What programs do while people sleep, and whoever is on call.
    Jobs,
    /// What alarms, and now and then is harmless.
    Seldom,
    /// The same among the settings that only admins change.
    SeldomSettings,
}

const GROUPS: [(Group, &[&[Kind]]); 12] = [
    (Group::Work, &[&work::WORK]),
    (Group::Looking, &[&work::LOOKING]),
    (Group::Machine, &[&work::MACHINE]),
    (Group::Settings, &[&settings::LISTED, &settings::UNLISTED]),
    (Group::Admin, &[&settings::ADMIN, &unlisted::BY_ADMINS]),
    (Group::Unlisted, &[&unlisted::UNLISTED, &unlisted::UNHEARD]),
    (Group::Automatic, &[&work::AUTOMATIC]),
    (Group::Provisioning, &[&work::PROVISIONING]),
    (Group::Anonymous, &[&work::ANONYMOUS]),
    (Group::Jobs, &[&work::JOBS]),
    (Group::Seldom, &[&work::SELDOM]),
    (Group::SeldomSettings, &[&settings::SELDOM]),
];

/// How finely weights are told apart: a kind of weight 1 in a group of this total is drawn once in as many throws.
const DRAW_SLOTS: u32 = 4096;

/// The kinds by number, and a table per group for drawing one in constant time.
#[derive(Debug)]
pub(crate) struct Catalogue {
    kinds: Vec<Kind>,
    tables: Vec<Vec<u16>>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let mut kinds = named::NAMED.to_vec();
        let mut tables = Vec::new();
        for (_, parts) in GROUPS {
            let first = kinds.len();
            kinds.extend(parts.iter().copied().flatten());
            tables.push(table(&kinds[first..], first));
        }
        Self { kinds, tables }
    }
}

impl Catalogue {
    pub(crate) fn kind(&self, number: u16) -> &Kind {
        &self.kinds[usize::from(number).min(self.kinds.len() - 1)]
    }

    pub(crate) fn draw(&self, group: Group, dice: &mut Dice) -> u16 {
        let table = &self.tables[group as usize];
        table[dice.index(table.len())]
    }
}

/// Every kind at least once, the rest by weight.
fn table(kinds: &[Kind], first: usize) -> Vec<u16> {
    let total: u32 = kinds.iter().map(|kind| kind.weight).sum();
    let numbers = (first..).filter_map(|number| u16::try_from(number).ok());
    kinds
        .iter()
        .zip(numbers)
        .flat_map(|(kind, number)| {
            let slots = (kind.weight * DRAW_SLOTS / total.max(1)).max(1);
            (0..slots).map(move |_| number)
        })
        .collect()
}

/// A name for a kind's event in the random choices that belong to it.
pub(crate) fn event_key(key: Key, row: u32, at: u64, sequence: u16) -> Key {
    key.with(u64::from(row)).with(at).with(u64::from(sequence))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn named_kinds_and_groups_are_where_they_are_looked_for() {
        let catalogue = Catalogue::default();
        let name = |number| catalogue.kind(number).event_type;
        assert_eq!(name(LOGIN), "user_login_succeeded");
        assert_eq!(name(LOGIN_FAILED), "user_login_failed");
        assert_eq!(name(DEPROVISIONED), "user_deprovisioned");
        assert_eq!(name(JOINED_TEAM), "team_member_added");
        assert_eq!(name(MEMBERS_EXPORTED), "workspace_members_export_started");
        assert_eq!(name(PASSWORD_RESET), "user_password_reset");
        assert_eq!(name(LEVEL_CHANGED), "user_workspace_admin_role_changed");
        assert_eq!(name(TASK_DELETED), "task_deleted");
        assert_eq!(name(TEAM_OPENED), "team_privacy_settings_changed");
        for (place, (group, _)) in GROUPS.iter().enumerate() {
            assert_eq!(*group as usize, place);
        }
        let mut dice = Key::new(1).dice();
        let drawn = catalogue.draw(Group::Settings, &mut dice);
        assert!(name(drawn).starts_with("workspace_"));
    }

    #[test]
    fn one_type_has_one_category() {
        let catalogue = Catalogue::default();
        let mut categories = BTreeMap::new();
        for kind in &catalogue.kinds {
            let known = categories.insert(kind.event_type, kind.category);
            assert!(known.is_none_or(|known| known == kind.category), "{kind:?}");
        }
        assert!(categories.len() > 230, "{}", categories.len());
    }
}
