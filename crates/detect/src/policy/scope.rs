use drishti_model::Actor;

use super::{Audience, Scope};
use crate::PersonFacts;

impl Scope {
    /// Whether a policy speaks about `actor`. Who is not known to be among the included ones is not.
    pub fn admits(&self, actor: &Actor, facts: Option<&PersonFacts>) -> bool {
        let everybody = self.include.is_empty();
        (everybody || self.include.names(actor, facts).is_some())
            && self.exclude.names(actor, facts).is_none()
    }

    /// Why a policy does not speak about `actor`, a sentence; `None` where it does.
    pub fn refusal(&self, actor: &Actor, facts: Option<&PersonFacts>) -> Option<String> {
        let who = actor
            .email
            .as_deref()
            .or(actor.name.as_deref())
            .or(actor.gid.as_deref())
            .unwrap_or("an unknown actor");
        if let Some(named) = self.exclude.names(actor, facts) {
            return Some(format!("the policy's scope excludes {named}, and so {who}"));
        }
        if self.admits(actor, facts) {
            return None;
        }
        let unknown = if facts.is_none() {
            ", of whom the directory knows nothing"
        } else {
            ""
        };
        Some(format!(
            "the policy's scope does not include {who}{unknown}"
        ))
    }
}

impl Audience {
    fn is_empty(&self) -> bool {
        self.people.is_empty() && self.groups.is_empty() && self.roles.is_empty()
    }

    /// By what it names `actor`.
    fn names(&self, actor: &Actor, facts: Option<&PersonFacts>) -> Option<String> {
        let person = self.people.iter().find(|named| {
            actor.gid.as_ref() == Some(*named)
                || actor
                    .email
                    .as_ref()
                    .is_some_and(|email| email.eq_ignore_ascii_case(named))
        });
        if let Some(person) = person {
            return Some(format!("`{person}`"));
        }
        let facts = facts?;
        let group = self
            .groups
            .iter()
            .find(|named| facts.groups.iter().any(|group| group == *named));
        if let Some(group) = group {
            return Some(format!("the group `{group}`"));
        }
        let role = facts.role?.as_str();
        self.roles
            .iter()
            .any(|named| named == role)
            .then(|| format!("the role `{role}`"))
    }
}

#[cfg(test)]
mod tests {
    use drishti_model::AccountRole;

    use super::*;

    fn audience(people: &[&str], groups: &[&str], roles: &[&str]) -> Audience {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Audience {
            people: owned(people),
            groups: owned(groups),
            roles: owned(roles),
        }
    }

    #[test]
    fn exclude_wins_and_unknown_is_not_included() {
        let ada = Actor {
            gid: Some("1".to_owned()),
            email: Some("Ada@example.com".to_owned()),
            ..Actor::default()
        };
        let known = PersonFacts {
            role: Some(AccountRole::Admin),
            groups: vec!["on call".to_owned()],
            ..PersonFacts::default()
        };
        let nobody = Audience::default;
        let cases = [
            (nobody(), nobody(), true, true),
            (audience(&["1"], &[], &[]), nobody(), true, true),
            (
                audience(&["ada@EXAMPLE.com"], &[], &[]),
                nobody(),
                true,
                true,
            ),
            (audience(&["2"], &[], &[]), nobody(), false, false),
            (audience(&[], &["on call"], &[]), nobody(), true, false),
            (audience(&[], &[], &["admin"]), nobody(), true, false),
            (audience(&[], &[], &["guest"]), nobody(), false, false),
            (nobody(), audience(&[], &[], &["admin"]), false, true),
            (
                audience(&["1"], &[], &[]),
                audience(&[], &["on call"], &[]),
                false,
                true,
            ),
            (nobody(), audience(&["1"], &[], &[]), false, false),
        ];
        for (include, exclude, with_facts, without) in cases {
            let scope = Scope { include, exclude };
            for (facts, admitted) in [(Some(&known), with_facts), (None, without)] {
                assert_eq!(scope.admits(&ada, facts), admitted, "{scope:?} {facts:?}");
                assert_eq!(scope.refusal(&ada, facts).is_none(), admitted);
            }
        }
    }
}
