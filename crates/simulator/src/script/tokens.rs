//! Attacks that need no sign-in: stolen tokens, tokens that nobody took away, and apps that people let in.

use super::{Cast, Say, Script, Way};
use crate::catalogue;
use crate::clock::{DAY, HOUR, MINUTE, SECOND};
use crate::names;
use crate::person::Person;
use crate::route;
use crate::scene::Who;

/// What thieves call the API with.
const THIEVES_CLIENTS: [&str; 3] = ["curl/8.5.0", "python-requests/2.31.0", "Go-http-client/1.1"];
const LEAVERS_CLIENT: &str = "python-requests/2.32.3";
/// How long after they left, tokens of leavers are still used.
const FORGOTTEN_WITHIN: u64 = 40 * DAY;
const CONSENTING_MIN: usize = 3;

impl Script<'_> {
    /// Somebody's personal access token works from a rented machine.
    pub(super) fn token_theft(&mut self) -> Cast {
        let victim = Who::Person(self.member(|_| true)?);
        let client = self.dice.pick(&THIEVES_CLIENTS);
        let way = Way::Token(self.rented_abroad(), client);
        let (downloads, exports) = (self.several(50..140), self.several(6..14));
        self.loot(victim, way, downloads, exports);
        Some(())
    }

    /// A service account's token works from a rented machine.
    pub(super) fn service_account_theft(&mut self) -> Cast {
        let accounts = u64::from(self.stage.organisation.service_accounts);
        let account = u32::try_from(self.dice.below(accounts)).ok()?;
        let who = Who::ServiceAccount(account);
        let client = self.dice.pick(&THIEVES_CLIENTS);
        let way = Way::ServiceAccount(self.rented_abroad(), client);
        self.step(catalogue::MEMBERS_EXPORTED, who, way);
        self.wait(MINUTE, 10 * MINUTE);
        let (downloads, exports) = (self.several(30..120), self.several(4..14));
        self.loot(who, way, downloads, exports);
        Some(())
    }

    /// Somebody has left, but the script on their private machine has not.
    pub(super) fn leaver_active(&mut self) -> Cast {
        let leaver = self.former_member(FORGOTTEN_WITHIN)?;
        let who = Who::Person(leaver);
        let rounds = self.several(1..4);
        for _ in 0..rounds {
            let home = route::home(self.stage, &leaver, self.at);
            let way = Way::Token(home, LEAVERS_CLIENT);
            let (downloads, exports) = (self.several(3..15), self.several(1..4));
            self.loot(who, way, downloads, exports);
            self.wait(8 * HOUR, 30 * HOUR);
        }
        Some(())
    }

    /// Several people let in an app that looks helpful, and it takes what they can see.
    pub(super) fn consent_phishing(&mut self) -> Cast {
        let place = self.dice.index(names::PHISHING_APPS.len());
        let (app, url) = names::PHISHING_APPS[place];
        let number = names::APPS.len() as u64 + self.dice.below(10_000);
        let mut victims: Vec<Person> = Vec::new();
        for _ in 0..self.several(4..10) {
            let victim = self.member(|_| true)?;
            if victims.iter().all(|other| other.seat != victim.seat) {
                victims.push(victim);
            }
        }
        if victims.len() < CONSENTING_MIN {
            return None;
        }
        self.go_to_work(&victims[0])?;
        let way = Way::App(self.rented_abroad(), self.dice.pick(&THIEVES_CLIENTS), app);
        for &victim in &victims {
            let who = Who::Person(victim);
            self.step(catalogue::APP_AUTHORIZED, who, Way::Desk)
                .saying(Say::App(app, number, url));
            let next = self.at;
            self.wait(30 * SECOND, 10 * MINUTE);
            let (downloads, exports) = (self.several(8..25), self.several(1..4));
            self.loot(who, way, downloads, exports);
            self.at = next;
            self.wait(3 * MINUTE, 40 * MINUTE);
        }
        Some(())
    }
}
