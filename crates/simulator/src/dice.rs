//! Randomness that is a function of its arguments: the same key always throws the same dice.

/// Adds one word to a key; the finaliser of `SplitMix64`, so that near inputs give far outputs.
const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a choice is about. Two keys that differ in one word have nothing to do with each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key(u64);

impl Key {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(mix(seed ^ GOLDEN))
    }

    pub(crate) const fn with(self, word: u64) -> Self {
        Self(mix(self.0.wrapping_add(mix(word.wrapping_add(GOLDEN)))))
    }

    pub(crate) const fn dice(self) -> Dice {
        Dice(self.0)
    }

    pub(crate) const fn word(self) -> u64 {
        self.0
    }
}

/// A sequence of throws that starts at a key.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `0..end`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        scale(self.word(), end)
    }

    /// A place in a list of `length` things; 0 when it is empty.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        let end = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(end)).unwrap_or(0)
    }

    /// A number in `low..high`.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low))
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.index(list.len())]
    }

    pub(crate) fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    /// True with this probability; a rate outside 0 to 1 counts as the nearer end.
    pub(crate) fn chance(&mut self, rate: f64) -> bool {
        let throw = u32::try_from(self.word() >> 32).unwrap_or(u32::MAX);
        f64::from(throw) < rate * 4_294_967_296.0
    }
}

/// Spreads a whole word evenly over `0..end`.
fn scale(word: u64, end: u64) -> u64 {
    let high = (u128::from(word) * u128::from(end)) >> 64;
    u64::try_from(high).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_throws_the_same_and_another_key_does_not() {
        let throws = |seed: u64| {
            let mut dice = Key::new(seed).with(3).dice();
            (0..8).map(|_| dice.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(1), throws(1));
        assert_ne!(throws(1), throws(2));
    }

    #[test]
    fn rates_are_met() {
        let mut dice = Key::new(9).dice();
        let hits = (0..100_000).filter(|_| dice.chance(0.2)).count();
        assert!((19_000..21_000).contains(&hits), "{hits}");
        assert!(!(0..1000).any(|_| dice.chance(0.0)));
        assert!((0..1000).all(|_| dice.chance(1.0)));
    }

    #[test]
    fn an_empty_range_gives_its_lower_end() {
        let mut dice = Key::new(1).dice();
        assert_eq!((dice.below(0), dice.between(7, 7)), (0, 7));
    }
}
