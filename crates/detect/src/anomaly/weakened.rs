//! A password or second factor is taken away, and then the account is used from elsewhere (`detections-catalogue.md`, numbers 15 and 16).

use super::address::{origin, what};
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{
    Aspects, Attribute, DAY, HOUR, Lessons, Memory, PersonBaseline, Weakened, days_between,
};

/// What was new about the device or network this long before the weakening belongs to it.
const EVE: u32 = DAY;

/// Activity from a new device or network soon after the account was weakened.
#[derive(Debug)]
pub(super) struct MfaWeakenedThenUsed {
    hours: u32,
    learning_days: u32,
    either: bool,
}

impl MfaWeakenedThenUsed {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let choices = [("both", false), ("either", true)];
        Self {
            hours: parameters.count("hours", 24, 1..=168),
            learning_days: parameters.learning_days(7),
            either: parameters.choice("new", false, &choices),
        }
    }
}

impl MfaWeakenedThenUsed {
    /// The person, if their account was weakened lately and nothing was said of it yet.
    fn weakened<'a>(
        &self,
        moment: &Moment<'a>,
    ) -> Result<(&'a PersonBaseline, &'a Weakened), Quiet> {
        let hours = self.hours;
        let unweakened = || {
            format!(
                "no password or second factor of the account was taken away in the last {hours} hours"
            )
        };
        let person = moment.person.ok_or_else(|| moment.quiet(unweakened))?;
        let weakened = person.weakened.as_deref();
        let weakened = weakened.ok_or_else(|| moment.quiet(unweakened))?;
        let span = hours * HOUR;
        moment.require(moment.at <= weakened.at.saturating_add(span), unweakened)?;
        let said = moment.raised();
        let said = said.filter(|raise| raise.at.saturating_add(span) > weakened.at);
        moment.require(said.is_none(), || "this was raised already".to_owned())?;
        Ok((person, weakened))
    }
}

impl Judge for MfaWeakenedThenUsed {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::INTERACTIVE))
    }

    fn asks(&self) -> Lessons {
        Lessons::FAMILIAR | Lessons::ADDRESSES
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.interactive()?;
        let (person, weakened) = self.weakened(moment)?;
        moment.require(!moment.has_any(Aspects::WEAKENING | Aspects::SIGN_OUT), || {
            "the event takes something away itself, or ends a session; use of the account is waited for".to_owned()
        })?;
        let eve = weakened.at.saturating_sub(EVE);
        let unfamiliar = moment.unfamiliar_since(person, eve);
        // People come back from their own networks, but on lines of their own.
        let place = unfamiliar.network || moment.is_new_address(eve);
        let device = unfamiliar.device;
        let enough = device && place || self.either && (device || place);
        moment.require(enough, || {
            let which = match (device, place) {
                (false, false) => "device and place were known before, or are not known at all",
                (true, _) => "only the device is new; they were active at this address before",
                (_, true) => "only the network or address is new",
            };
            which.to_owned()
        })?;
        moment.learned_at(person, self.learning_days, weakened.at)?;
        moment.require(!moment.is_at_own_address(), || {
            "the address is the organisation's own".to_owned()
        })?;
        let how = words::name_of(moment, Attribute::EventType, weakened.event_type);
        let ago = words::days(days_between(weakened.at, moment.at));
        let title = format!(
            "The account of {} was weakened and {ago} later used from elsewhere",
            subject.name
        );
        let mut raised = Raised::about(subject, title);
        raised.expected = format!(
            "after a reset people come back on {} in {}",
            words::usual(moment, person, Attribute::Device),
            words::usual(moment, person, Attribute::Network)
        );
        raised.seen = format!(
            "`{how}`, and {ago} later {} from {}",
            what(moment),
            origin(moment)
        );
        raised.compare(
            "hours since the account was weakened",
            days_between(weakened.at, moment.at) * 24.0,
            f64::from(self.hours),
        );
        raised.unsuppressed(match (device, unfamiliar.network) {
            (true, true) => "device and network were not used before",
            (true, false) => "the device was not used before, and they were never at this address",
            _ => "the network or address was not used before",
        });
        if !(device && unfamiliar.network) {
            raised.steps -= 1;
        }
        raised.after([&weakened.event]);
        raised.remember = Some((Memory::Subject, 0));
        Ok(raised)
    }
}
