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
        let name = name.chars().take(NAME_CHARACTERS_MAX).collect();
        let by_name = (Key::Name(name), ATTEMPTS_OF_NAME_MAX);
        let by_address =
            address.map(|address| (Key::Address(whole(address)), ATTEMPTS_OF_ADDRESS_MAX));
        let keys = [Some(by_name), by_address];
        let waits = keys
            .iter()
            .flatten()
            .filter_map(|(key, most)| self.wait(key, *most, now));
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for (key, _) in keys.into_iter().flatten() {
            self.times.entry(key).or_default().push_back(now);
        }
        self.stay_bounded(now);
        Ok(())
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
