use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a person may do in a workspace, derived from all of Asana's flags at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountRole {
    /// A paying member.
    Member,
    /// A member with a view-only licence.
    ViewOnly,
    /// Somebody from another e-mail domain.
    Guest,
    /// Can change the organisation.
    Admin,
}

impl AccountRole {
    /// The role that Asana's three flags add up to: admin before guest before view-only before member (`oss-peers.md`, section 1.2).
    pub fn from_flags(is_admin: bool, is_guest: bool, is_view_only: bool) -> Self {
        if is_admin {
            Self::Admin
        } else if is_guest {
            Self::Guest
        } else if is_view_only {
            Self::ViewOnly
        } else {
            Self::Member
        }
    }

    /// The word in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Guest => "guest",
            Self::ViewOnly => "view_only",
            Self::Member => "member",
        }
    }
}

impl FromStr for AccountRole {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Admin, Self::Guest, Self::ViewOnly, Self::Member]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("no role is called `{text}`"))
    }
}

/// Whether a person is in the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Joined, or invited: Asana does not tell the two apart (`asana-api.md`, section 7).
    Active,
    /// Asana says that the membership is not active.
    Inactive,
    /// A complete sync no longer saw the membership.
    Gone,
    /// Asana did not say.
    Unknown,
}

impl AccountStatus {
    /// The word in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for AccountStatus {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Active, Self::Inactive, Self::Gone, Self::Unknown]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("no account status is called `{text}`"))
    }
}

/// One person in one workspace, from Asana's users and workspace memberships.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Asana's id of the person.
    pub user_gid: String,
    /// Display name, where Asana gives one.
    pub name: Option<String>,
    /// E-mail address, where Asana gives one.
    pub email: Option<String>,
    /// What the person may do.
    pub role: AccountRole,
    /// Whether the person is still there.
    pub status: AccountStatus,
    /// When the membership was made.
    pub joined_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::AccountRole::{Admin, Guest, Member, ViewOnly};
    use super::*;

    #[test]
    fn every_combination_of_flags_has_one_role() {
        let roles = [
            (false, false, false, Member),
            (false, false, true, ViewOnly),
            (false, true, false, Guest),
            (false, true, true, Guest),
            (true, false, false, Admin),
            (true, false, true, Admin),
            (true, true, false, Admin),
            (true, true, true, Admin),
        ];
        for (admin, guest, view_only, role) in roles {
            assert_eq!(AccountRole::from_flags(admin, guest, view_only), role);
            assert_eq!(role.as_str().parse(), Ok(role));
        }
    }
}
