use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};

use chrono::{DateTime, TimeDelta, Utc};

/// Most attempts to sign in with one name within [`ATTEMPTS_SPAN`].
pub const ATTEMPTS_OF_NAME_MAX: usize = 10;
/// Most attempts to sign in from one address within [`ATTEMPTS_SPAN`].
pub const ATTEMPTS_OF_ADDRESS_MAX: usize = 50;
/// How long an attempt counts.
pub const ATTEMPTS_SPAN: TimeDelta = TimeDelta::minutes(15);

/// Most names and addresses that are remembered.
const KEYS_MAX: usize = 10_000;
/// Most characters of a name that tell it from others.
const NAME_CHARACTERS_MAX: usize = 64;
/// Time between two entries of the audit trail about failures with one name.
const TOLD_EVERY: TimeDelta = TimeDelta::minutes(1);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    /// Somebody who is signed in and shows their password again: no stranger's attempts keep them from it.
    SignedIn(String),
    Address(IpAddr),
}

/// The attempts to sign in of the last minutes.
#[derive(Default)]
pub(super) struct Attempts {
    /// When they were, the oldest first.
    times: HashMap<Key, VecDeque<DateTime<Utc>>>,
    /// When a failure was last told, by operator; that of no operator by the empty name.
    told: HashMap<String, DateTime<Utc>>,
}

impl Attempts {
    /// Counts an attempt, or says how long to wait before the next: by name, and by address where it is known.
    pub(super) fn begin(
        &mut self,
        name: &str,
        address: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<(), TimeDelta> {
        self.count(keys(name, address), now)
    }

    /// The same for an operator who is signed in.
    pub(super) fn begin_signed_in(
        &mut self,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<(), TimeDelta> {
        let key = Key::SignedIn(name.to_owned());
        self.count(vec![(key, ATTEMPTS_OF_NAME_MAX)], now)
    }

    fn count(&mut self, keys: Vec<(Key, usize)>, now: DateTime<Utc>) -> Result<(), TimeDelta> {
        let waits = keys
            .iter()
            .filter_map(|(key, most)| self.wait(key, *most, now));
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for (key, _) in keys {
            self.times.entry(key).or_default().push_back(now);
        }
        self.stay_bounded(now);
        Ok(())
    }

    /// Takes back an attempt that was begun at `now` and not looked at.
    pub(super) fn take_back(&mut self, name: &str, address: Option<IpAddr>, now: DateTime<Utc>) {
        for (key, _) in keys(name, address) {
            self.take_back_one(&key, now);
        }
    }

    /// The same for an operator who is signed in.
    pub(super) fn take_back_signed_in(&mut self, name: &str, now: DateTime<Utc>) {
        self.take_back_one(&Key::SignedIn(name.to_owned()), now);
    }

    fn take_back_one(&mut self, key: &Key, now: DateTime<Utc>) {
        if let Some(times) = self.times.get_mut(key)
            && let Some(index) = times.iter().rposition(|time| *time == now)
        {
            times.remove(index);
        }
    }

    /// How long to wait before there is room for another attempt.
    fn wait(&self, key: &Key, most: usize, now: DateTime<Utc>) -> Option<TimeDelta> {
        let times = self.times.get(key)?;
        let counting = times.iter().filter(|time| counts(**time, now));
        let oldest = *counting.clone().next()?;
        (counting.count() >= most).then(|| oldest + ATTEMPTS_SPAN - now)
    }

    /// Forgets the attempts with a name that got in. Those from its address stay: whoever has an account may try others from there.
    pub(super) fn succeed(&mut self, name: &str) {
        self.times.remove(&Key::Name(name.to_owned()));
    }

    /// The same for an operator who is signed in.
    pub(super) fn succeed_signed_in(&mut self, name: &str) {
        self.times.remove(&Key::SignedIn(name.to_owned()));
    }

    /// Whether a failure with the name of this operator, or of none, is to be told in the audit trail.
    pub(super) fn is_to_be_told(&mut self, operator: &str, now: DateTime<Utc>) -> bool {
        self.told
            .retain(|_, told| (*told..*told + TOLD_EVERY).contains(&now));
        let is_news = !self.told.contains_key(operator);
        if is_news {
            self.told.insert(operator.to_owned(), now);
        }
        is_news
    }

    fn stay_bounded(&mut self, now: DateTime<Utc>) {
        if self.times.len() <= KEYS_MAX {
            return;
        }
        self.times.retain(|_, times| {
            times.retain(|time| counts(*time, now));
            !times.is_empty()
        });
        while self.times.len() > KEYS_MAX {
            let oldest = self.times.iter().min_by_key(|(_, times)| times.back());
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            self.times.remove(&oldest);
        }
    }
}

/// What an attempt is counted by, and how often at most.
fn keys(name: &str, address: Option<IpAddr>) -> Vec<(Key, usize)> {
    let name = name.chars().take(NAME_CHARACTERS_MAX).collect();
    let by_name = (Key::Name(name), ATTEMPTS_OF_NAME_MAX);
    let by_address = address.map(|address| (Key::Address(whole(address)), ATTEMPTS_OF_ADDRESS_MAX));
    [by_name].into_iter().chain(by_address).collect()
}

/// Whether an attempt still counts. One from the future was made before the clock was put right.
fn counts(time: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    time <= now && now - time < ATTEMPTS_SPAN
}

/// An address as one customer of a network has it: all of a /64 in IPv6.
pub fn whole(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn attempts_with_a_name_slide_out_of_the_window() {
        let mut attempts = Attempts::default();
        let most = i64::try_from(ATTEMPTS_OF_NAME_MAX).unwrap();
        for second in 0..most {
            assert_eq!(attempts.begin("mara", None, at(second)), Ok(()));
        }
        let span = ATTEMPTS_SPAN.num_seconds();
        assert_eq!(
            attempts.begin("mara", None, at(most)),
            Err(TimeDelta::seconds(span - most))
        );
        assert_eq!(attempts.begin("ben", None, at(most)), Ok(()));
        assert_eq!(attempts.begin("mara", None, at(span)), Ok(()));
        assert_eq!(
            attempts.begin("mara", None, at(span)),
            Err(TimeDelta::seconds(1))
        );
        attempts.succeed("mara");
        assert_eq!(attempts.begin("mara", None, at(span)), Ok(()));
    }

    #[test]
    fn attempts_from_an_address_count_whatever_the_name() {
        let mut attempts = Attempts::default();
        let address = |text: &str| Some(text.parse().unwrap());
        for number in 0..ATTEMPTS_OF_ADDRESS_MAX {
            let from = address(&format!("2001:db8::{number:x}"));
            assert_eq!(attempts.begin(&number.to_string(), from, at(0)), Ok(()));
            attempts.succeed(&number.to_string());
        }
        assert!(
            attempts
                .begin("another", address("2001:db8::ffff"), at(1))
                .is_err()
        );
        assert_eq!(
            attempts.begin("another", address("2001:db8:0:1::1"), at(1)),
            Ok(())
        );
    }

    #[test]
    fn whoever_is_signed_in_is_counted_for_themselves() {
        let mut attempts = Attempts::default();
        for _ in 0..ATTEMPTS_OF_NAME_MAX {
            attempts.begin("mara", None, at(0)).unwrap();
            attempts.begin_signed_in("ben", at(0)).unwrap();
        }
        assert_eq!(attempts.begin_signed_in("mara", at(0)), Ok(()));
        assert!(attempts.begin_signed_in("ben", at(0)).is_err());
        attempts.take_back_signed_in("ben", at(0));
        assert_eq!(attempts.begin_signed_in("ben", at(0)), Ok(()));
        attempts.succeed_signed_in("ben");
        assert_eq!(attempts.begin_signed_in("ben", at(0)), Ok(()));
    }

    #[test]
    fn what_was_not_looked_at_does_not_count() {
        let mut attempts = Attempts::default();
        let address = Some("192.0.2.7".parse().unwrap());
        for _ in 0..2 * ATTEMPTS_OF_ADDRESS_MAX {
            attempts.begin("mara", address, at(0)).unwrap();
            attempts.take_back("mara", address, at(0));
        }
        assert_eq!(attempts.begin("mara", address, at(1)), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut attempts = Attempts::default();
        for number in 0..KEYS_MAX + 10 {
            let second = i64::try_from(number / 100).unwrap();
            attempts
                .begin(&format!("name {number}"), None, at(second))
                .unwrap();
        }
        assert_eq!(attempts.times.len(), KEYS_MAX);
        let later = at(10_000);
        attempts.begin("one more", None, later).unwrap();
        assert_eq!(attempts.times.len(), 1);
    }

    #[test]
    fn failures_are_told_once_a_minute_and_name() {
        let mut attempts = Attempts::default();
        for (operator, second, is_told) in [
            ("mara", 0, true),
            ("mara", 59, false),
            ("", 59, true),
            ("mara", 60, true),
            ("mara", 30, true),
        ] {
            assert_eq!(
                attempts.is_to_be_told(operator, at(second)),
                is_told,
                "{operator} {second}"
            );
        }
    }
}
