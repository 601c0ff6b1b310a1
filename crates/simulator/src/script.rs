//! What happens in a campaign, step by step: the cast is chosen among the people of the organisation, and the steps are added
//! to what they do anyway.

mod admins;
mod cast;
mod insiders;
mod look_alikes;
mod sign_ins;
mod tokens;

use std::net::IpAddr;
use std::ops::Range;

use crate::campaign::Campaign;
use crate::catalogue;
use crate::clock::{MINUTE, Millis, SECOND};
use crate::devices::Devices;
use crate::dice::Dice;
use crate::scenario::Scenario;
use crate::scene::{Resource, Stage, Who};

/// Nobody watches live traffic for hours until the next step of an attack.
const LIVE_WAIT_MAX: Millis = 20 * SECOND;

/// By which way a step comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// The person's own machine, where they are that day.
    Desk,
    /// The person's own machine at home.
    Home,
    /// A browser somewhere.
    Browser(IpAddr, Agent),
    /// A program with a personal access token.
    Token(IpAddr, &'static str),
    /// A program with a service account's token.
    ServiceAccount(IpAddr, &'static str),
    /// A program that the actor has let in.
    App(IpAddr, &'static str, &'static str),
}

/// What calls itself a browser.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Agent {
    Machine(Devices),
    Named(&'static str),
}

/// What the details of a step say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Say {
    /// Whatever events of this type say.
    Usual,
    /// Old and new value.
    Change(&'static str, &'static str),
    /// A new value alone.
    New(&'static str),
    /// A way to sign in, and why it was refused.
    SignIn(&'static str, Option<&'static str>),
    /// Old and new level of an admin.
    Level(&'static str, &'static str),
    /// A name, a place among the apps, an address.
    App(&'static str, u64, &'static str),
    /// Who is let in.
    Member(crate::person::Person),
}

/// One event of a campaign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) at: Millis,
    pub(crate) kind: u16,
    pub(crate) who: Who,
    pub(crate) what: Option<Resource>,
    pub(crate) way: Way,
    pub(crate) say: Say,
}

impl Step {
    fn about(&mut self, what: Resource) -> &mut Self {
        self.what = Some(what);
        self
    }

    fn saying(&mut self, say: Say) -> &mut Self {
        self.say = say;
        self
    }
}

/// A campaign in the making.
pub(crate) struct Script<'a> {
    stage: &'a Stage,
    campaign: &'a Campaign,
    dice: Dice,
    /// The time of the next step.
    at: Millis,
    /// When the campaign has to be over.
    end: Millis,
    steps: Vec<Step>,
}

/// Says whether it was possible to cast it.
type Cast = Option<()>;

impl Stage {
    /// The steps of a campaign; none if nobody fits the parts.
    pub(crate) fn script(&self, campaign: &Campaign) -> Vec<Step> {
        let rhythm = campaign.scenario.rhythm(&self.organisation);
        let mut script = Script {
            stage: self,
            campaign,
            dice: campaign.key.dice(),
            at: campaign.start,
            end: campaign.start + rhythm.lasts_max,
            steps: Vec::new(),
        };
        match script.play() {
            Some(()) => script.steps,
            None => Vec::new(),
        }
    }

    /// The step of which an entry of a plan is the trace.
    pub(crate) fn step(&self, row: u32, at: Millis, sequence: u16) -> Option<(Campaign, Step)> {
        let campaign = self.campaign(row, at)?;
        let step = self.script(&campaign).get(usize::from(sequence)).copied()?;
        Some((campaign, step))
    }
}

impl Script<'_> {
    fn play(&mut self) -> Cast {
        match self.campaign.scenario {
            Scenario::AccountTakeover => self.account_takeover(),
            Scenario::TokenTheft => self.token_theft(),
            Scenario::ServiceAccountTheft => self.service_account_theft(),
            Scenario::ImpossibleTravel => self.impossible_travel(),
            Scenario::BruteForce => self.brute_force(),
            Scenario::PasswordSpray => self.password_spray(),
            Scenario::MfaReset => self.mfa_reset(),
            Scenario::InsiderExport => self.insider_export(),
            Scenario::LeaverActive => self.leaver_active(),
            Scenario::AdminPersistence => self.admin_persistence(),
            Scenario::ConsentPhishing => self.consent_phishing(),
            Scenario::MassDeletion => self.mass_deletion(),
            Scenario::GuestCreep => self.guest_creep(),
            Scenario::DormantAccount => self.dormant_account(),
            Scenario::OnCallNight => self.on_call_night(),
            Scenario::BulkCleanUp => self.bulk_clean_up(),
            Scenario::QuarterlyExport => self.quarterly_export(),
            // Habits of everyday life are not staged.
            _ => None,
        }
    }

    fn is_live(&self) -> bool {
        self.campaign.is_live
    }

    /// Lets time pass before the next step.
    fn wait(&mut self, low: Millis, high: Millis) {
        let wait = self.dice.between(low, high);
        self.at += if self.is_live() {
            wait.min(LIVE_WAIT_MAX)
        } else {
            wait
        };
    }

    fn step(&mut self, kind: u16, who: Who, way: Way) -> &mut Step {
        self.steps.push(Step {
            at: self.at,
            kind,
            who,
            what: None,
            way,
            say: Say::Usual,
        });
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    fn sign_in(&mut self, who: Who, way: Way, method: &'static str) {
        self.step(catalogue::LOGIN, who, way)
            .saying(Say::SignIn(method, None));
    }

    fn refused(&mut self, who: Who, way: Way, reason: &'static str) {
        self.step(catalogue::LOGIN_FAILED, who, way)
            .saying(Say::SignIn("PASSWORD", Some(reason)));
    }

    fn change(&mut self, kind: u16, who: Who, way: Way, old: &'static str, new: &'static str) {
        self.step(kind, who, way).saying(Say::Change(old, new));
    }

    /// A number within a range.
    fn several(&mut self, range: Range<u64>) -> u64 {
        self.dice.between(range.start, range.end)
    }

    /// Downloads so many attachments, and exports so many projects and searches in between.
    fn loot(&mut self, who: Who, way: Way, downloads: u64, exports: u64) {
        let total = downloads + exports;
        let every = total / exports.max(1);
        for number in 0..total {
            let exported = exports > 0 && number % every == every - 1;
            let kind = match (exported, number % 3) {
                (false, _) => catalogue::DOWNLOADED,
                (true, 0) => catalogue::SEARCH_EXPORTED,
                (true, _) => catalogue::PROJECT_EXPORTED,
            };
            self.step(kind, who, way);
            if exported {
                self.wait(15 * SECOND, 2 * MINUTE);
            } else {
                self.wait(SECOND, 20 * SECOND);
            }
        }
    }
}

#[cfg(test)]
mod tests;
