use serde::{Deserialize, Serialize};

use super::second::Second;

/// So many people of one network or address are told apart; more are as good as these.
pub(crate) const CROWD_MAX: usize = 16;

/// Which people were seen somewhere, and when last: enough to say «at least so many».
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Crowd(Vec<(u64, Second)>);

impl Crowd {
    /// How many people besides `but` were seen since then, at most [`CROWD_MAX`].
    pub(crate) fn others(&self, but: u64, since: Second) -> usize {
        let others = self.0.iter();
        others
            .filter(|(person, last)| *person != but && *last >= since)
            .count()
    }

    /// Whether this person was ever seen.
    pub(crate) fn has(&self, person: u64) -> bool {
        self.0.iter().any(|(known, _)| *known == person)
    }

    pub(crate) fn learn(&mut self, person: u64, at: Second) {
        if let Some(known) = self.0.iter_mut().find(|(known, _)| *known == person) {
            known.1 = known.1.max(at);
            return;
        }
        if self.0.len() < CROWD_MAX {
            self.0.push((person, at));
            return;
        }
        let oldest = self.0.iter_mut().min_by_key(|(person, at)| (*at, *person));
        if let Some(oldest) = oldest {
            *oldest = (person, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_counted_once_and_up_to_the_bound() {
        let mut crowd = Crowd::default();
        for at in 0..100 {
            crowd.learn(u64::from(at) % 3, at);
        }
        assert_eq!((crowd.others(9, 0), crowd.others(1, 0)), (3, 2));
        assert_eq!(crowd.others(9, 99), 1);
        for person in 0..1000 {
            crowd.learn(person, 200);
        }
        assert_eq!(crowd.others(u64::MAX, 0), CROWD_MAX);
    }
}
