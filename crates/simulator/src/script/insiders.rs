//! Attacks by those who belong to the organisation, from where they always are.

use super::{Cast, Say, Script, Way};
use crate::catalogue;
use crate::clock::{DAY, HOUR, MINUTE, SECOND};
use crate::person::{Person, Shape};
use crate::scene::{Resource, Who};

/// Leavers take things along within so much time before they go.
const LEAVING_WITHIN: u64 = 38 * DAY;
/// Days over which guests are let in on the quiet.
const CREEPING_DAYS: u64 = 15;

impl Script<'_> {
    /// Somebody who is about to leave downloads on a few days what they may want later.
    pub(super) fn insider_export(&mut self) -> Cast {
        let (leaver, leaves_at) = self.leaving_member(LEAVING_WITHIN)?;
        let who = Who::Person(leaver);
        for _ in 0..self.several(1..4) {
            if self.go_to_work(&leaver).is_none() || self.at + 4 * HOUR > leaves_at {
                break;
            }
            let (downloads, exports) = (self.several(60..160), self.several(5..14));
            self.loot(who, Way::Desk, downloads, exports);
            self.wait(12 * HOUR, 30 * HOUR);
        }
        (!self.steps.is_empty()).then_some(())
    }

    /// Somebody deletes what they can.
    pub(super) fn mass_deletion(&mut self) -> Cast {
        let person = self.member(|_| true)?;
        let who = Who::Person(person);
        self.go_to_work(&person)?;
        for _ in 0..self.several(120..320) {
            let kind = match self.dice.below(100) {
                0..3 => catalogue::PROJECT_DELETED,
                3..25 => catalogue::TASK_GONE,
                _ => catalogue::TASK_DELETED,
            };
            self.step(kind, who, Way::Desk);
            self.wait(SECOND, 6 * SECOND);
        }
        Some(())
    }

    /// Week after week a few strangers more are let in, and a few doors more are left open.
    pub(super) fn guest_creep(&mut self) -> Cast {
        if self.is_live() {
            return None;
        }
        let host = self.member(|_| true)?;
        let who = Who::Person(host);
        let first = host.local_day(self.at) + 1;
        let days: Vec<u64> = (first..first + CREEPING_DAYS)
            .filter(|&day| host.day(day).is_some_and(|day| day.shape == Shape::Work))
            .collect();
        let opening = days.len() / 2;
        for (number, &local_day) in days.iter().enumerate() {
            let day = host.day(local_day)?;
            self.at = day.start + self.dice.below(day.length / 2);
            for _ in 0..self.several(1..4) {
                self.let_in(who);
            }
            if number >= opening && self.dice.per_mille(500) {
                let opened = catalogue::PROJECT_OPENED;
                self.change(
                    opened,
                    who,
                    Way::Desk,
                    "members_only",
                    "public_to_workspace",
                );
                self.wait(MINUTE, 20 * MINUTE);
            }
            if number == opening {
                self.step(catalogue::TEAM_OPENED, who, Way::Desk)
                    .saying(Say::New("public"));
            }
        }
        (days.len() >= 4).then_some(())
    }

    /// One stranger is invited and sees a project.
    fn let_in(&mut self, who: Who) {
        let organisation = &self.stage.organisation;
        // Seats behind the last are those of strangers.
        let place = u32::try_from(self.dice.below(100_000)).unwrap_or(0);
        let stranger: Person = organisation.person(organisation.people + place, 0);
        self.step(catalogue::INVITED, who, Way::Desk)
            .about(Resource::user(&stranger));
        self.wait(20 * SECOND, 3 * MINUTE);
        self.step(catalogue::PROJECT_SHARED, who, Way::Desk)
            .saying(Say::Member(stranger));
        self.wait(MINUTE, 30 * MINUTE);
        if self.dice.per_mille(300) {
            self.step(catalogue::PROJECT_LINKED, who, Way::Desk);
            self.wait(MINUTE, 10 * MINUTE);
        }
    }
}
