use serde::{Deserialize, Serialize};

use super::second::{DAY, Second};

/// So many people of one network or address are told apart; more are as good as these.
pub(crate) const CROWD_MAX: usize = 16;

/// Whoever came on one day only and not within this time makes room for others.
const VISITOR_STAYS: Second = 7 * DAY;
/// Whoever came regularly and not within this time makes room for others.
const REGULAR_STAYS: Second = 30 * DAY;

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

impl Member {
    fn is_regular(&self) -> bool {
        self.last / DAY > self.first / DAY
    }

    fn has_gone(&self, at: Second) -> bool {
        let stays = if self.is_regular() {
            REGULAR_STAYS
        } else {
            VISITOR_STAYS
        };
        self.last.saturating_add(stays) < at
    }
}

impl Crowd {
    /// How many people besides `but` come here regularly and were seen since then, at most [`CROWD_MAX`]. Who came on one day
    /// only does not count: an attacker who takes over several accounts does not make a place one of the organisation's.
    pub(crate) fn regulars(&self, but: u64, since: Second) -> usize {
        let others = self.0.iter().filter(|member| member.person != but);
        others
            .filter(|member| member.is_regular())
            .filter(|member| member.last >= since)
            .count()
    }

    /// When anybody of them was seen last.
    pub(crate) fn last(&self) -> Option<Second> {
        self.0.iter().map(|member| member.last).max()
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
        // Those who are known stay until they no longer come: where hundreds come and go, nobody would be seen on two days otherwise.
        let gone = self.0.iter_mut().filter(|known| known.has_gone(at));
        let oldest = gone.min_by_key(|known| (known.last, known.person));
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
    }

    #[test]
    fn a_place_where_hundreds_come_and_go_has_regulars() {
        let mut crowd = Crowd::default();
        for day in 1..6 {
            for person in 0..1_000 {
                // Each day somebody else comes first.
                let person = (person + 100 * u64::from(day)) % 1_000;
                crowd.learn(person, day * DAY);
            }
        }
        assert_eq!(crowd.regulars(u64::MAX, 5 * DAY), CROWD_MAX);
        assert!(crowd.is_full());
    }

    #[test]
    fn who_comes_no_more_makes_room_and_visitors_do_sooner() {
        let mut crowd = Crowd::default();
        let people = 0..CROWD_MAX as u64;
        for person in people.clone() {
            crowd.learn(person, 10 * DAY);
        }
        // All but one came again.
        for person in people.skip(1) {
            crowd.learn(person, 11 * DAY);
        }
        crowd.learn(100, 17 * DAY);
        assert!(crowd.has(0) && !crowd.has(100), "nobody has gone");
        crowd.learn(100, 18 * DAY);
        assert!(!crowd.has(0) && crowd.has(100));
        crowd.learn(101, 18 * DAY);
        assert!(!crowd.has(101), "the others come regularly");
        crowd.learn(101, 42 * DAY);
        assert!(crowd.has(101) && !crowd.has(1));
    }
}
