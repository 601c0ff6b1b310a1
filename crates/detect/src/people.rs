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
    facts: Vec<PersonFacts>,
    by_gid: HashMap<String, usize>,
    by_email: HashMap<String, usize>,
}

impl People {
    /// Adds a person under a gid, e-mail addresses, or both. Addresses are compared without case.
    pub fn add<'a>(
        &mut self,
        gid: Option<&str>,
        emails: impl IntoIterator<Item = &'a str>,
        facts: PersonFacts,
    ) {
        let place = self.facts.len();
        self.facts.push(facts);
        if let Some(gid) = gid {
            self.by_gid.insert(gid.to_owned(), place);
        }
        for email in emails {
            self.by_email.insert(email.to_lowercase(), place);
        }
    }

    /// What is known of a person.
    pub fn find(&self, gid: Option<&str>, email: Option<&str>) -> Option<&PersonFacts> {
        let by_gid = gid.and_then(|gid| self.by_gid.get(gid));
        let place = by_gid.or_else(|| {
            let email = email?;
            self.by_email
                .get(email)
                .or_else(|| self.by_email.get(&email.to_lowercase()))
        })?;
        self.facts.get(*place)
    }

    /// What is known of who did something.
    pub fn of(&self, actor: &Actor) -> Option<&PersonFacts> {
        self.find(actor.gid.as_deref(), actor.email.as_deref())
    }

    /// Changes what is known of a person, adding them where they are not known yet.
    pub fn amend(
        &mut self,
        gid: Option<&str>,
        email: Option<&str>,
        change: impl FnOnce(&mut PersonFacts),
    ) {
        let by_gid = gid.and_then(|gid| self.by_gid.get(gid));
        let place = by_gid
            .or_else(|| email.and_then(|email| self.by_email.get(&email.to_lowercase())))
            .copied();
        if let Some(facts) = place.and_then(|place| self.facts.get_mut(place)) {
            change(facts);
        } else {
            let mut facts = PersonFacts::default();
            change(&mut facts);
            self.add(gid, email, facts);
        }
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
        assert_eq!(people.find(None, None), None);
    }
}
