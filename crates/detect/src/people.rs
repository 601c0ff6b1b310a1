use chrono::{DateTime, Utc};
use drishti_model::{AccountRole, Actor};
use foldhash::HashMap;

/// What the directory says of one person. What it doesn't say is `None`: unknown is neither *active* nor *no admin*.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersonFacts {
    /// What the person may do in the workspace.
    pub role: Option<AccountRole>,
    /// Names of the groups that the person is in.
    pub groups: Vec<String>,
    /// Since when the person should no longer do anything.
    pub terminated: Option<Terminated>,
    /// Since when it is known that the person is going to leave.
    pub leaving_since: Option<DateTime<Utc>>,
}

/// Somebody's account should have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminated {
    /// From when on.
    pub since: DateTime<Utc>,
    /// Who says so, such as `leavers.csv` or `Entra ID`.
    pub told_by: String,
}

/// The people of one source, found by gid or by any of their e-mail addresses.
#[derive(Clone, Debug, Default)]
pub struct People {
    known: Vec<Known>,
    by_gid: HashMap<String, usize>,
    by_email: HashMap<String, usize>,
}

#[derive(Clone, Debug)]
struct Known {
    facts: PersonFacts,
    has_gid: bool,
}

impl People {
    /// Adds a person under a gid, e-mail addresses, or both. Addresses are compared without case.
    pub fn add<'a>(
        &mut self,
        gid: Option<&str>,
        emails: impl IntoIterator<Item = &'a str>,
        facts: PersonFacts,
    ) {
        let place = self.known.len();
        let has_gid = gid.is_some();
        self.known.push(Known { facts, has_gid });
        if let Some(gid) = gid {
            self.by_gid.insert(gid.to_owned(), place);
        }
        for email in emails {
            self.by_email.insert(email.to_lowercase(), place);
        }
    }

    /// What is known of a person.
    pub fn find(&self, gid: Option<&str>, email: Option<&str>) -> Option<&PersonFacts> {
        if self.known.is_empty() {
            return None;
        }
        let by_gid = gid.and_then(|gid| self.by_gid.get(gid));
        let place = by_gid.or_else(|| {
            let email = email?;
            self.by_email
                .get(email)
                .or_else(|| self.by_email.get(&email.to_lowercase()))
        })?;
        self.known.get(*place).map(|known| &known.facts)
    }

    /// What is known of who did something.
    pub fn of(&self, actor: &Actor) -> Option<&PersonFacts> {
        self.find(actor.gid.as_deref(), actor.email.as_deref())
    }

    /// Changes what is known of a person, adding them where they are not known yet. A gid that is not known is not the account that has
    /// the address now: somebody left, and came back under a new one.
    pub fn amend(
        &mut self,
        gid: Option<&str>,
        email: Option<&str>,
        change: impl FnOnce(&mut PersonFacts),
    ) {
        let by_gid = gid.and_then(|gid| self.by_gid.get(gid));
        let by_email = email.and_then(|email| self.by_email.get(&email.to_lowercase()));
        let is_same = |place: &&usize| {
            let known = self.known.get(**place);
            gid.is_none() || known.is_some_and(|known| !known.has_gid)
        };
        let place = by_gid.or_else(|| by_email.filter(is_same)).copied();
        if let Some(known) = place.and_then(|place| self.known.get_mut(place)) {
            return change(&mut known.facts);
        }
        let mut facts = PersonFacts::default();
        change(&mut facts);
        let free = email.filter(|_| by_email.is_none());
        self.add(gid, free, facts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_by_gid_then_by_any_address() {
        let mut people = People::default();
        let admin = PersonFacts {
            role: Some(AccountRole::Admin),
            ..PersonFacts::default()
        };
        people.add(
            Some("1"),
            ["Ada@Example.com", "ada@old.example"],
            admin.clone(),
        );
        people.amend(None, Some("ADA@example.com"), |facts| {
            facts.groups.push("on call".to_owned());
        });
        people.amend(Some("2"), None, |facts| {
            facts.role = Some(AccountRole::Guest);
        });
        for (gid, email) in [
            (Some("1"), None),
            (None, Some("ada@EXAMPLE.com")),
            (Some("9"), Some("ada@old.example")),
        ] {
            let found = people.find(gid, email).unwrap();
            assert_eq!(
                (found.role, found.groups.as_slice()),
                (Some(AccountRole::Admin), &["on call".to_owned()][..])
            );
        }
        assert_eq!(
            people.find(Some("2"), None).unwrap().role,
            Some(AccountRole::Guest)
        );
        assert_eq!(people.find(None, Some("x@example.com")), None);
        // Of an account that is gone; its owner came back as another.
        let ended = |facts: &mut PersonFacts| {
            facts.terminated = Some(Terminated {
                since: DateTime::UNIX_EPOCH,
                told_by: "hr.csv".to_owned(),
            });
        };
        people.amend(Some("7"), Some("ada@example.com"), ended);
        for (gid, has_ended) in [(Some("1"), false), (None, false), (Some("7"), true)] {
            let found = people.find(gid, Some("ada@example.com")).unwrap();
            assert_eq!(found.terminated.is_some(), has_ended, "{gid:?}");
        }
        assert_eq!(people.find(None, None), None);
    }
}
