use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::SourceName;

/// What somebody may do with an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads, and works on alerts and on what is looked for.
    Analyst,
    /// Reads, and reviews access.
    Reviewer,
    /// Reads, also who did what.
    Auditor,
    /// Does everything.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Analyst,
        Self::Reviewer,
        Self::Auditor,
        Self::Admin,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Reviewer => "reviewer",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// Whether whoever has this role may do what needs `least`.
    pub fn reaches(self, least: Self) -> bool {
        self == Self::Admin || self == least || least == Self::Viewer
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or_else(|| {
                format!("`{word}` is no role; expected `viewer`, `analyst`, `reviewer`, `auditor` or `admin`")
            })
    }
}

/// Which sources somebody may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum SourceScope {
    /// All, also those that come later.
    #[default]
    All,
    /// These only.
    Only(BTreeSet<SourceName>),
}

impl SourceScope {
    /// The scope of a list of names, where no list stands for all.
    pub fn of(names: Option<impl IntoIterator<Item = SourceName>>) -> Self {
        names.map_or(Self::All, |names| Self::Only(names.into_iter().collect()))
    }

    /// The names; `None` where it is all.
    pub fn names(&self) -> Option<&BTreeSet<SourceName>> {
        match self {
            Self::All => None,
            Self::Only(names) => Some(names),
        }
    }

    /// Whether it is all sources.
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// Whether this source is in it.
    pub fn has(&self, source: &SourceName) -> bool {
        self.names().is_none_or(|names| names.contains(source))
    }

    /// Whether there may be a source that is in both.
    pub fn meets(&self, other: &Self) -> bool {
        match (self.names(), other.names()) {
            (Some(own), Some(others)) => !own.is_disjoint(others),
            (Some(names), None) | (None, Some(names)) => !names.is_empty(),
            (None, None) => true,
        }
    }

    /// Whether all of `other` is in it.
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(these), Self::Only(others)) => others.is_subset(these),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_reach_what_they_should() {
        let reached = |role: Role| -> Vec<&str> {
            let all = Role::ALL.into_iter();
            all.filter(|least| role.reaches(*least))
                .map(Role::as_str)
                .collect()
        };
        assert_eq!(reached(Role::Viewer), ["viewer"]);
        assert_eq!(reached(Role::Analyst), ["viewer", "analyst"]);
        assert_eq!(reached(Role::Reviewer), ["viewer", "reviewer"]);
        assert_eq!(reached(Role::Auditor), ["viewer", "auditor"]);
        assert_eq!(reached(Role::Admin).len(), Role::ALL.len());
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().is_err());
    }

    #[test]
    fn a_scope_has_what_it_names() {
        let of = |names: &[&str]| {
            let names = names.iter().map(|name| SourceName::new(*name).unwrap());
            SourceScope::of(Some(names))
        };
        let acme = SourceName::new("acme").unwrap();
        for (scope, has, is_in_acme, has_acme) in [
            (SourceScope::All, true, false, true),
            (of(&["acme"]), true, true, true),
            (of(&["acme", "other"]), true, false, true),
            (of(&["other"]), false, false, false),
            (of(&[]), false, true, false),
        ] {
            assert_eq!(scope.has(&acme), has, "{scope:?}");
            assert_eq!(of(&["acme"]).includes(&scope), is_in_acme, "{scope:?}");
            assert_eq!(scope.includes(&of(&["acme"])), has_acme, "{scope:?}");
            assert!(SourceScope::All.includes(&scope));
        }
    }
}
