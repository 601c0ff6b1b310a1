//! Which staged campaigns touch a span of time. Like everything else they are a function of the seed, the organisation and the
//! time, so that a slot finds those that concern it without planning any other.

use std::ops::Range;

use crate::clock::{DAY, HOUR, Millis};
use crate::dice::Key;
use crate::organisation::Topic;
use crate::scenario::{Attacks, Rhythm, SILENCE, Scenario};
use crate::scene::Stage;

/// Time at the beginning of the history without any attack, so that there is something to learn from.
pub(crate) const LEARNING: Millis = 14 * DAY;
/// No attack on live traffic is longer.
pub(crate) const LIVE_LASTS_MAX: Millis = 3 * HOUR;

/// The first Monday after 1970 began, on a Thursday: weeks are counted from its Monday.
const MONDAY: Millis = 3 * DAY;

/// One seat in so many sleeps now and then, if accounts are to be awoken.
const SLEEPER_EVERY: u32 = 4;
/// So long after their account was awoken, nothing is heard of its owners.
const AFTERMATH: Millis = 5 * DAY;

/// From this row on, an entry is a step of a campaign.
const CAMPAIGN: u32 = 1 << 31;
const LIVE: u32 = 1 << 30;
const NUMBER_BITS: u32 = 24;
/// Attacks on live traffic are numbered without end; a row keeps the last digits.
const LIVE_NUMBER_BITS: u32 = 20;

/// What is staged, and from when on it is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Agenda {
    pub(crate) attacks: Attacks,
    /// Time between two attacks on live traffic, if there are any.
    pub(crate) live_every: Option<Millis>,
    /// Attacks of the history that begin before are left out.
    pub(crate) attacks_from: Millis,
    /// Attacks on live traffic that begin before are left out.
    pub(crate) live_from: Millis,
}

/// One staged sequence of events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Campaign {
    pub(crate) scenario: Scenario,
    /// Which of its kind: a period and a number in it, or 0 and a number without end.
    pub(crate) period: u64,
    pub(crate) number: u64,
    pub(crate) is_live: bool,
    pub(crate) start: Millis,
    pub(crate) key: Key,
    row: u32,
}

impl Campaign {
    /// The row of its entries in a plan.
    pub(crate) fn row(&self) -> u32 {
        self.row
    }
}

/// Whether those on a seat may be cast as the owners of a dormant account, and for nothing else.
pub(crate) fn plays_sleeper(seat: u32) -> bool {
    seat % SLEEPER_EVERY == SLEEPER_EVERY - 1
}

fn low_bits(number: u64, bits: u32) -> u32 {
    u32::try_from(number & ((1 << bits) - 1)).unwrap_or(0)
}

/// The period in which this moment lies.
fn period_of(rhythm: &Rhythm, at: Millis) -> u64 {
    (at + MONDAY) / rhythm.period
}

impl Stage {
    /// The campaigns that can have events in this span. Those that are not shown are planned too: the places of the others
    /// in the log must not depend on when the simulator was started.
    pub(crate) fn campaigns(&self, span: &Range<Millis>) -> Vec<Campaign> {
        let mut campaigns = Vec::new();
        let look_alikes = Scenario::staged_look_alikes();
        for scenario in self.agenda.attacks.chosen().chain(look_alikes) {
            let rhythm = scenario.rhythm(&self.organisation);
            let first = period_of(&rhythm, span.start);
            for period in first..=period_of(&rhythm, span.end - 1) {
                let all = (0..rhythm.count).map(|number| self.scheduled(scenario, period, number));
                campaigns.extend(all.filter(|campaign| {
                    campaign.start < span.end && campaign.start + rhythm.lasts_max > span.start
                }));
            }
        }
        if let Some(every) = self.agenda.live_every {
            let first = span.start.saturating_sub(LIVE_LASTS_MAX) / every;
            let last = (span.end - 1) / every;
            campaigns.extend((first..=last).filter_map(|number| self.live(number, every)));
        }
        campaigns
    }

    fn scheduled(&self, scenario: Scenario, period: u64, number: u32) -> Campaign {
        let rhythm = scenario.rhythm(&self.organisation);
        let key = self.organisation.key(Topic::Campaign);
        let key = key.with(scenario as u64).with(period);
        let key = key.with(u64::from(number));
        let begins = (period * rhythm.period).saturating_sub(MONDAY);
        Campaign {
            scenario,
            period,
            number: u64::from(number),
            is_live: false,
            start: begins + key.dice().below(rhythm.period - rhythm.lasts_max),
            key: key.with(1),
            row: CAMPAIGN | (u32::from(scenario as u8) << NUMBER_BITS) | number,
        }
    }

    /// The `number`th attack on live traffic: the chosen kinds in turn, but those that can't be cast at that time.
    fn live(&self, number: u64, every: Millis) -> Option<Campaign> {
        let key = self.organisation.key(Topic::Campaign).with(u64::MAX);
        let key = key.with(number);
        let campaign = |scenario| Campaign {
            scenario,
            period: 0,
            number,
            is_live: true,
            start: self.live_start(number, every),
            key: key.with(1),
            row: CAMPAIGN | LIVE | low_bits(number, LIVE_NUMBER_BITS),
        };
        let chosen = self.agenda.attacks.chosen();
        let chosen: Vec<Scenario> = chosen.filter(|attack| attack.is_quick()).collect();
        let turn = usize::try_from(number % chosen.len().max(1) as u64).unwrap_or(0);
        let in_turn = chosen[turn..].iter().chain(&chosen[..turn]);
        in_turn
            .map(|&scenario| campaign(scenario))
            .find(|campaign| !self.script(campaign).is_empty())
    }

    fn live_start(&self, number: u64, every: Millis) -> Millis {
        let key = self.organisation.key(Topic::Campaign).with(u64::MAX);
        number * every + key.with(number).dice().below(every / 8)
    }

    /// The campaign of which an entry with this row is a step.
    pub(crate) fn campaign(&self, row: u32, at: Millis) -> Option<Campaign> {
        if row & CAMPAIGN == 0 {
            return None;
        }
        if row & LIVE != 0 {
            let every = self.agenda.live_every?;
            return self.live(live_number(row, at, every), every);
        }
        let scenario = Scenario::numbered((row & !CAMPAIGN) >> NUMBER_BITS)?;
        let number = row & ((1 << NUMBER_BITS) - 1);
        let rhythm = scenario.rhythm(&self.organisation);
        Some(self.scheduled(scenario, period_of(&rhythm, at), number))
    }

    /// Whether an event is in the log: all but those of attacks that come too early.
    pub(crate) fn shows(&self, row: u32, at: Millis) -> bool {
        if row & CAMPAIGN == 0 {
            return true;
        }
        if row & LIVE != 0 {
            let Some(every) = self.agenda.live_every else {
                return false;
            };
            let number = live_number(row, at, every);
            return self.live_start(number, every) >= self.agenda.live_from;
        }
        let campaign = self.campaign(row, at);
        campaign.is_some_and(|campaign| {
            let earliest = self.agenda.attacks_from + campaign.scenario.prologue();
            !campaign.scenario.is_attack() || campaign.start >= earliest
        })
    }

    /// The seat whose account one of the campaigns awakes: seats with one last number play no other part, and take turns, so
    /// that it is known of every seat when it must be silent.
    pub(crate) fn sleeping_seat(&self, campaign: &Campaign) -> Option<u32> {
        let sleepers = self.organisation.people / SLEEPER_EVERY;
        let rhythm = campaign.scenario.rhythm(&self.organisation);
        let turn = campaign.period * u64::from(rhythm.count) + campaign.number;
        let place = u32::try_from(turn.checked_rem(sleepers.into())?).ok()?;
        Some(place * SLEEPER_EVERY + SLEEPER_EVERY - 1)
    }

    /// Until when this seat's account has to be silent, because it is going to be awoken or has just been.
    pub(crate) fn silent(&self, seat: u32, at: Millis) -> bool {
        let scenario = Scenario::DormantAccount;
        if !plays_sleeper(seat) || !self.agenda.attacks.contains(scenario) {
            return false;
        }
        let rhythm = scenario.rhythm(&self.organisation);
        let (count, sleepers) = (rhythm.count, self.organisation.people / SLEEPER_EVERY);
        let place = u64::from(seat / SLEEPER_EVERY);
        let first = period_of(&rhythm, at.saturating_sub(AFTERMATH)) * u64::from(count);
        let last = (period_of(&rhythm, at + SILENCE) + 1) * u64::from(count);
        // The first turn of this seat from the first turn of all on.
        let Some(turn) = first.checked_rem(sleepers.into()) else {
            return false;
        };
        let turn = first + (u64::from(sleepers) + place - turn) % u64::from(sleepers);
        if turn >= last || count == 0 {
            return false;
        }
        let number = u32::try_from(turn % u64::from(count)).unwrap_or(0);
        let start = self
            .scheduled(scenario, turn / u64::from(count), number)
            .start;
        (start.saturating_sub(SILENCE)..start + AFTERMATH).contains(&at)
    }
}

/// The number of an attack on live traffic that is under way at this time, by its last digits.
fn live_number(row: u32, at: Millis, every: Millis) -> u64 {
    let latest = at / every;
    let back = low_bits(latest, LIVE_NUMBER_BITS).wrapping_sub(row);
    latest.saturating_sub(u64::from(low_bits(back.into(), LIVE_NUMBER_BITS)))
}
