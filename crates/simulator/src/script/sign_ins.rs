//! Attacks that come through the front door: somebody signs in as somebody else.

use super::{Agent, Cast, Script, Way};
use crate::catalogue;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::person::{Person, Role};
use crate::route;
use crate::scene::{Resource, Who};

/// All Tor browsers claim to be the same.
const TOR_BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0";
const SPRAY_TOOL: &str = "python-requests/2.31.0";
/// With fewer victims it is no spray.
const SPRAYED_MIN: usize = 12;

impl Script<'_> {
    /// Somebody's password is used through Tor, and the account is emptied.
    pub(super) fn account_takeover(&mut self) -> Cast {
        let victim = Who::Person(self.member(|_| true)?);
        let agent = Agent::Named(TOR_BROWSER);
        let way = Way::Browser(self.tor_exit(), agent);
        for _ in 0..self.several(0..3) {
            self.refused(victim, way, "invalid_password");
            self.wait(5 * SECOND, 40 * SECOND);
        }
        self.sign_in(victim, way, "PASSWORD");
        self.wait(20 * SECOND, 3 * MINUTE);
        let (downloads, exports) = (self.several(4..14), self.several(1..3));
        self.loot(victim, way, downloads, exports);
        // Tor changes its exit every ten minutes.
        self.wait(8 * MINUTE, 15 * MINUTE);
        let way = Way::Browser(self.tor_exit(), agent);
        let downloads = self.several(3..10);
        self.loot(victim, way, downloads, 1);
        if self.dice.per_mille(400) {
            self.step(catalogue::TOKEN_CREATED, victim, way);
        }
        Some(())
    }

    /// While somebody works at home, they also work on another continent.
    pub(super) fn impossible_travel(&mut self) -> Cast {
        let victim = self.plain_member()?;
        self.go_to_work(&victim)?;
        let who = Who::Person(victim);
        let day = victim.day_around(self.at);
        // The attack begins soon after something that the victim does.
        if !self.is_live() {
            self.at = self.stage.last_deed(&victim, &day, self.at)?;
            self.wait(4 * MINUTE, 25 * MINUTE);
        }
        let city = self.far_from(route::city_of(&victim, &day));
        let way = Way::Browser(self.line_in(city), self.strange_machine(&victim));
        // A stolen session needs no sign-in.
        if self.dice.per_mille(600) {
            self.sign_in(who, way, "ONE_TIME_KEY");
            self.wait(30 * SECOND, 3 * MINUTE);
        }
        for _ in 0..self.several(3..6) {
            let (downloads, exports) = (self.several(1..5), self.several(0..2));
            self.loot(who, way, downloads, exports);
            self.wait(4 * MINUTE, 20 * MINUTE);
        }
        Some(())
    }

    /// Many passwords for one account from one address, until one fits.
    pub(super) fn brute_force(&mut self) -> Cast {
        let victim = self.member(|_| true)?;
        let who = Who::Person(victim);
        let way = Way::Browser(self.rented_abroad(), self.strange_machine(&victim));
        for _ in 0..self.several(25..70) {
            self.refused(who, way, "invalid_password");
            self.wait(2 * SECOND, 30 * SECOND);
        }
        self.sign_in(who, way, "PASSWORD");
        self.wait(30 * SECOND, 3 * MINUTE);
        let downloads = self.several(3..12);
        self.loot(who, way, downloads, 1);
        Some(())
    }

    /// A few passwords for many accounts from one address, until one fits.
    pub(super) fn password_spray(&mut self) -> Cast {
        let way = Way::Browser(self.rented_abroad(), Agent::Named(SPRAY_TOOL));
        let wanted = self.several(18..46);
        let mut victims: Vec<Person> = Vec::new();
        for _ in 0..wanted {
            let victim = self.member(|_| true)?;
            if victims.iter().all(|other| other.seat != victim.seat) {
                victims.push(victim);
            }
        }
        if victims.len() < SPRAYED_MIN {
            return None;
        }
        let rounds = self.several(1..3);
        for round in 0..rounds {
            for &victim in &victims {
                self.refused(Who::Person(victim), way, "invalid_password");
                self.wait(3 * SECOND, 50 * SECOND);
            }
            if round + 1 < rounds {
                self.wait(20 * MINUTE, 40 * MINUTE);
            }
        }
        let hit = victims[self.dice.index(victims.len())];
        let who = Who::Person(hit);
        self.sign_in(who, way, "PASSWORD");
        self.wait(MINUTE, 20 * MINUTE);
        let way = Way::Browser(self.rented_abroad(), self.strange_machine(&hit));
        let downloads = self.several(4..12);
        self.loot(who, way, downloads, 1);
        Some(())
    }

    /// Second factors are asked for until the help desk takes them away; then a new device signs in.
    pub(super) fn mfa_reset(&mut self) -> Cast {
        let victim = self.plain_member()?;
        let who = Who::Person(victim);
        let elsewhere = self.far_from(victim.city);
        let city = [victim.city, elsewhere][self.dice.index(2)];
        let way = Way::Browser(self.line_in(city), self.strange_machine(&victim));
        for _ in 0..self.several(3..8) {
            self.refused(who, way, "two_factor_failed");
            self.wait(30 * SECOND, 3 * MINUTE);
        }
        self.wait(5 * MINUTE, 30 * MINUTE);
        let account = Resource::user(&victim);
        if self.dice.per_mille(700) {
            let desk = Who::Person(self.super_admin());
            self.step(catalogue::TWO_FACTOR_OFF, desk, Way::Desk)
                .about(account);
        } else {
            self.step(catalogue::TWO_FACTOR_OFF, who, way)
                .about(account);
        }
        self.wait(MINUTE, 15 * MINUTE);
        self.step(catalogue::PASSWORD_RESET, who, way);
        self.wait(20 * SECOND, 2 * MINUTE);
        self.sign_in(who, way, "PASSWORD");
        self.wait(MINUTE, 5 * MINUTE);
        self.step(catalogue::TWO_FACTOR_ON, who, way);
        self.wait(MINUTE, 10 * MINUTE);
        let downloads = self.several(5..15);
        self.loot(who, way, downloads, 1);
        Some(())
    }

    /// An account that everybody has forgotten, even its owner, awakes.
    pub(super) fn dormant_account(&mut self) -> Cast {
        let victim = self.sleeper()?;
        let who = Who::Person(victim);
        let elsewhere = self.far_from(victim.city);
        let city = [victim.city, elsewhere][self.dice.index(2)];
        let way = Way::Browser(self.line_in(city), self.strange_machine(&victim));
        self.sign_in(who, way, "PASSWORD");
        self.wait(30 * SECOND, 4 * MINUTE);
        // Those who only look have little to export.
        let exports = u64::from(victim.role == Role::Member) * 2;
        let downloads = self.several(6..20);
        self.loot(who, way, downloads, exports);
        self.wait(HOUR, 3 * HOUR);
        let downloads = self.several(3..10);
        self.loot(who, way, downloads, exports);
        Some(())
    }
}
