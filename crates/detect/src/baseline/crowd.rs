use serde::{Deserialize, Serialize};

use super::second::{DAY, Second};

/// So many people of one network or address are told apart; more are as good as these.
pub(crate) const CROWD_MAX: usize = 16;

/// Which people were seen somewhere, since when and until when: enough to say «at least so many».
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Crowd(Vec<Member>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    /// The hash of the person's key.
    person: u64,
    first: Second,
    last: Second,
}

impl Crowd {
    /// How many people besides `but` come here regularly and were seen since then, at most [`CROWD_MAX`]. Who came on one day
    /// only does not count: an attacker who takes over several accounts does not make a place one of the organisation's.
    pub(crate) fn regulars(&self, but: u64, since: Second) -> usize {
        let regular = |member: &&Member| member.last / DAY > member.first / DAY;
        let others = self.0.iter().filter(|member| member.person != but);
        others
            .filter(regular)
            .filter(|member| member.last >= since)
            .count()
    }

    /// Whether this person was ever seen.
    pub(crate) fn has(&self, person: u64) -> bool {
        self.first(person).is_some()
    }

    /// When this person was seen first.
    pub(crate) fn first(&self, person: u64) -> Option<Second> {
        let known = self.0.iter().find(|member| member.person == person);
        known.map(|member| member.first)
    }

    /// Whether there may have been more people than are told apart.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= CROWD_MAX
    }

    pub(crate) fn learn(&mut self, person: u64, at: Second) {
        let known = self.0.iter_mut().find(|member| member.person == person);
        if let Some(member) = known {
            member.last = member.last.max(at);
            return;
        }
        let member = Member {
            person,
            first: at,
            last: at,
        };
        if !self.is_full() {
            self.0.push(member);
            return;
        }
        let members = self.0.iter_mut();
        let oldest = members.min_by_key(|member| (member.last, member.person));
        if let Some(oldest) = oldest {
            *oldest = member;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regulars_are_counted_once_and_up_to_the_bound() {
        let mut crowd = Crowd::default();
        for at in 0..100 {
            crowd.learn(u64::from(at) % 3, at);
        }
        assert_eq!(crowd.regulars(9, 0), 0, "all on one day");
        for person in 0..3 {
            crowd.learn(person, DAY + 5);
        }
        assert_eq!((crowd.regulars(9, 0), crowd.regulars(1, 0)), (3, 2));
        assert_eq!(crowd.regulars(9, DAY + 6), 0);
        assert_eq!((crowd.first(2), crowd.first(9)), (Some(2), None));
        assert!(crowd.has(2) && !crowd.is_full());
        for (person, at) in (0..1000).flat_map(|person| [(person, 2 * DAY), (person, 3 * DAY)]) {
            crowd.learn(person, at);
        }
        assert_eq!(crowd.regulars(u64::MAX, 0), CROWD_MAX);
    }
}
