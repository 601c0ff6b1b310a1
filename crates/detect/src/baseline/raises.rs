use serde::{Deserialize, Serialize};

use super::second::Second;

/// So many policies are remembered to have spoken about one person, address or app.
const RAISES_MAX: usize = 24;

/// When policies last spoke about somebody, so that one that speaks once while the same goes on can know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Raises(Vec<Raise>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Raise {
    /// The policy's name as a number.
    policy: u64,
    pub(crate) at: Second,
    /// How far it had come, in the policy's own measure.
    pub(crate) level: u32,
}

impl Raises {
    pub(crate) fn of(&self, policy: u64) -> Option<Raise> {
        self.0.iter().find(|raise| raise.policy == policy).copied()
    }

    pub(crate) fn learn(&mut self, policy: u64, at: Second, level: u32) {
        let raise = Raise { policy, at, level };
        if let Some(known) = self.0.iter_mut().find(|known| known.policy == policy) {
            *known = raise;
            return;
        }
        if self.0.len() < RAISES_MAX {
            self.0.push(raise);
            return;
        }
        let oldest = self
            .0
            .iter_mut()
            .min_by_key(|raise| (raise.at, raise.policy));
        if let Some(oldest) = oldest {
            *oldest = raise;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_raise_of_each_policy_is_known_up_to_the_bound() {
        let mut raises = Raises::default();
        raises.learn(1, 10, 3);
        raises.learn(1, 20, 4);
        assert_eq!(
            raises.of(1).map(|raise| (raise.at, raise.level)),
            Some((20, 4))
        );
        for policy in 100..200 {
            raises.learn(policy, 30, 0);
        }
        assert_eq!(raises.0.len(), RAISES_MAX);
        assert_eq!(raises.of(1), None);
    }
}
